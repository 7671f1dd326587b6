"""What a decision can say: outcomes, lanes, one verdict, and the verdicts of a batch as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray


class Outcome(IntEnum):
    """What a decision can say; stored numbers."""

    APPROVE = 1
    APPROVE_LESS = 2  # a lower amount than asked for
    STEP_UP = 3  # the customer proves who they are first
    REVIEW = 4  # a person looks
    REFUSE = 5
    TEMPORARY_LIMIT = 6  # more limit, for this order only
    DELAY = 7  # with a warning: time to think, against telecom fraud


LETS_BUY: Final = (Outcome.APPROVE, Outcome.APPROVE_LESS, Outcome.TEMPORARY_LIMIT)  # the customer buys, if maybe less


class Lane(IntEnum):
    """Rules run lane by lane in this order; in a lane the first rule that holds speaks."""

    HARD_DENY = 0  # final
    ALLOW_LIST = 1  # goes straight to the amount
    EXCLUSIONS = 2
    SCORE = 3
    MATRIX = 4
    AMOUNT = 5  # always runs unless refused: how much, or a limit for this order


# Between lanes the stricter outcome stands, the earlier lane where they are equal.
SEVERITY: Final = {
    Outcome.APPROVE: 0, Outcome.TEMPORARY_LIMIT: 1, Outcome.APPROVE_LESS: 1, Outcome.STEP_UP: 2, Outcome.DELAY: 3,
    Outcome.REVIEW: 4, Outcome.REFUSE: 5,
}  # fmt: skip

OUTCOMES: Final = {int(one): one for one in Outcome}  # by number: asking the enumeration costs ten times as much
WORD: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the policy says on one vector.

    `code` is the reason of the rule that decided, empty where none spoke. `amount_minor` is what may be spent: the whole amount,
    less, or 0 when refused. `extra_minor` is limit granted for this order only, `minutes` a delay, `detail` the kind of step-up,
    the queue of a review or the warning of a delay. `fired` are the rules that held, acting or not; `unknown` those that could not
    be told because an input was missing; `off` those that were switched off (data, not text).
    """

    outcome: Outcome
    code: str
    amount_minor: int
    extra_minor: int = 0
    minutes: int = 0
    detail: str = ""
    rule: int = -1  # who decided the outcome; -1: nobody spoke
    amount_rule: int = -1  # who decided the amount; -1: nobody
    fired: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()
    off: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts of a batch: row k of every column belongs to vector k; numbers of rules and verdicts are the bundle's.

    figures  int64[n, 6]      outcome, verdict number (-1 none), rule (-1 none), amount rule (-1 none), amount_minor, extra_minor
    fired    uint64[n, words] bit r % 64 of word r // 64: rule r held        unknown  uint64[n, words]  an input was missing
    off      uint8[rules]     1 = switched off for the whole batch
    """

    figures: NDArray[np.int64]
    fired: NDArray[np.uint64]
    unknown: NDArray[np.uint64]
    off: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.figures)

    @property
    def outcome(self) -> NDArray[np.int64]:
        """Numbers of Outcome."""
        return self.figures[:, 0]

    @property
    def rule(self) -> NDArray[np.int64]:
        """Who decided the outcome; -1 nobody."""
        return self.figures[:, 2]

    @property
    def amount_minor(self) -> NDArray[np.int64]:
        """What may be spent."""
        return self.figures[:, 4]

    @property
    def extra_minor(self) -> NDArray[np.int64]:
        """Limit granted for this order only."""
        return self.figures[:, 5]


def rules_in(words: Sequence[int]) -> tuple[int, ...]:
    """The rule numbers whose bits are set in words of 64 bits (negative: the highest is), ascending."""
    found = []
    for k, signed in enumerate(words):
        word = signed & WORD
        while word:
            low = word & -word
            found.append(64 * k + low.bit_length() - 1)
            word ^= low
    return tuple(found)
