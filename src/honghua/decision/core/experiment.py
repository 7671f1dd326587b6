"""Experiments split by customer: a keyed hash of the customer with the experiment's salt gives the arm, the same one for ever.

The holdout has a salt of its own, so the same customers are held out of every experiment of a purpose. A release's challenger is
split the same way, by the line-up's salt: a customer stays with challenger or champion however often they buy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

PPM: Final = 1_000_000
HOLDOUT: Final = 0  # the arm of those in no experiment; arms count from 1
HOLDOUT_WORD: Final = "holdout"
ARMS_MAX: Final = 100
_MIX: Final = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_HALF, _LOW = np.uint64(33), np.uint64(32)


def make_salt(*words: str) -> bytes:
    """16 bytes that belong to these words: other words, an independent split."""
    return hashlib.blake2b("\0".join(words).encode(), digest_size=16).digest()


def compute_shares(salt: bytes, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each customer stands on a line of a million: int64[n] in 0 … 999 999, uniform, independent between salts.

    Two rounds of a 64-bit finaliser (Stafford's constants as in MurmurHash3), each under half of the salt.
    """
    mixed = np.ascontiguousarray(keys, np.int64).view(np.uint64).reshape(-1)
    for half in np.frombuffer(salt, "<u8"):
        mixed = mixed ^ half
        for factor in _MIX:
            mixed = (mixed ^ (mixed >> _HALF)) * factor
        mixed = mixed ^ (mixed >> _HALF)
    return (((mixed >> _LOW) * np.uint64(PPM)) >> _LOW).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Holdout:
    """The share of customers who are in no experiment."""

    salt: bytes
    share_ppm: int

    def holds(self, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool[n]: who is held out."""
        if not self.share_ppm:
            return np.zeros(len(keys), np.bool_)
        out: NDArray[np.bool_] = compute_shares(self.salt, keys) < self.share_ppm
        return out


@dataclass(frozen=True, slots=True)
class Experiment:
    """Named arms with their shares, which add up to a million."""

    experiment_id: int
    name: str
    salt: bytes
    arms: tuple[str, ...]
    shares_ppm: tuple[int, ...]

    @property
    def levels(self) -> tuple[tuple[str, int], ...]:
        """Words and numbers as a category of a vocabulary has them."""
        return ((HOLDOUT_WORD, HOLDOUT), *((arm, i) for i, arm in enumerate(self.arms, start=1)))

    def assign(self, keys: NDArray[np.int64], held_out: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """uint8[n]: the arm of each customer, 1 …; HOLDOUT for those held out."""
        ends = np.cumsum(np.array(self.shares_ppm, np.int64))
        arms = np.searchsorted(ends, compute_shares(self.salt, keys), side="right") + 1
        return np.where(held_out, HOLDOUT, arms).astype(np.uint8)


def check_arms(arms: Sequence[str], shares_ppm: Sequence[int]) -> str | None:
    """What is wrong with the arms of an experiment, or None."""
    if not 2 <= len(arms) <= ARMS_MAX:
        return f"an experiment has 2 … {ARMS_MAX} arms"
    if len(set(arms)) != len(arms) or not all(arm.isidentifier() for arm in arms) or HOLDOUT_WORD in arms:
        return f"arms have different names of letters, digits and _, and none is called {HOLDOUT_WORD}"
    if min(shares_ppm) < 0:
        return "no share is below 0"
    if sum(shares_ppm) != PPM:
        return f"shares are in millionths and add up to {PPM:,}, not {sum(shares_ppm):,}"
    return None


__all__ = ["HOLDOUT", "HOLDOUT_WORD", "PPM", "Experiment", "Holdout", "check_arms", "compute_shares", "make_salt"]
