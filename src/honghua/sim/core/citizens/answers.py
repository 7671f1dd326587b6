"""What people make of answers: money leaves their wallets, patience and trust move."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from honghua.sim.core.citizens.records import Citizens, Column, Flags
from honghua.sim.core.citizens.standing import Standing
from honghua.sim.core.draft import Ints
from honghua.sim.core.outcomes import Heard as Word

# How much of the trust is left after each answer: a refusal without a reason that one sees hurts most, a proof asked for a little.
LEFT: Final = {
    Word.REFUSED_LIMIT: 0.94, Word.REFUSED_RISK: 0.80, Word.DELAYED: 0.92, Word.PASSED_STEP_UP: 0.98, Word.APPROVED_LESS: 0.98,
}  # fmt: skip
LEAST_TRUST: Final = 0.2
WITH_CARD: Final = 1.5


class Heard(NamedTuple):
    """Answers to purchases, r rows: the row of the person in the block, what was wished, what was lent, `outcomes.Heard`, and whether
    own money paid (the whole wish)."""

    row: Ints
    wished_minor: Ints
    granted_minor: Ints
    code: Column
    own_money: Flags


def hear(citizens: Citizens, standing: Standing, heard: Heard) -> None:
    """Move wallets and trust by what was heard: who has a card elsewhere takes a refusal harder. Own money pays whatever is in it."""
    own = np.flatnonzero(heard.own_money)
    spent = np.bincount(heard.row[own], heard.wished_minor[own].astype(np.float64), len(standing))
    standing.wallet_minor -= spent.astype(np.int64)
    left = np.ones(max(Word) + 1)
    for word, share in LEFT.items():
        left[word] = share
    hurt = np.flatnonzero(left[heard.code] < 1.0)
    others = np.where(citizens.has_card[standing.who[heard.row[hurt]]], WITH_CARD, 1.0)
    np.multiply.at(standing.trust, heard.row[hurt], left[heard.code[hurt]] ** others)
    np.maximum(standing.trust, LEAST_TRUST, out=standing.trust)


__all__ = ["Heard", "hear"]
