"""How people behave towards the platform where their plan says nothing: who can give a proof, who takes less, what comes by parcel."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import stable_hash
from honghua.sim.core.draft import Draft
from honghua.sim.core.market import CRIME_STEP, keys_of
from honghua.sim.core.typologies import ALL_TYPOLOGIES

HONEST_PASSES: Final = 0.97  # the rest has no phone at hand or gives up
HOLDER_PASSES: Final = 0.90  # a member of a ring who holds the account
# Who is not the holder: the phone and the face are somebody else's; a farm has bought the numbers of its accounts, not the faces.
STRANGER_PASSES: Final = {"account_takeover": 0.05, "device_farm": 0.35}
ACCEPTS_LESS: Final = 0.5
SENT_SHARE: Final = 0.3  # of online orders are held until receipt
SHARES: Final = 1 << 32


def passes_step_up(rows: Draft, *, seed: int) -> NDArray[np.bool_]:
    """Whether each buyer can and will give the proof; drawn by act, so that it never changes."""
    chance = np.full(len(rows), HONEST_PASSES)
    crime = rows["crime"] % CRIME_STEP == 1
    names = tuple(ALL_TYPOLOGIES)
    chance[crime] = [
        STRANGER_PASSES.get(names[number], HOLDER_PASSES) if 0 <= number < len(names) else HOLDER_PASSES
        for number in (rows["crime"][crime] // CRIME_STEP - 1).tolist()
    ]
    draw = keys_of(seed, "proof", rows["act"]) % SHARES / SHARES
    return np.asarray(draw < chance)


def accepts_less(key: str) -> bool:
    """Whether a smaller amount will do."""
    return _draw(key, "less") < ACCEPTS_LESS


def has_goods_sent(key: str) -> bool:
    """Whether an online order is paid on receipt."""
    return _draw(key, "sent") < SENT_SHARE


def _draw(key: str, what: str) -> float:
    return stable_hash(what, key) % SHARES / SHARES


__all__ = ["accepts_less", "has_goods_sent", "passes_step_up"]
