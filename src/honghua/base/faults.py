"""Faults of a fake: which it knows, and whether one strikes – drawn from a seed and labels, so that a run repeats in any order of calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from honghua.base.errors import BadInput
from honghua.base.rng import Label, derive_rng


def require_known(faults: Mapping[str, float], known: Collection[str]) -> None:
    """BadInput for a fault that the fake does not have. faults: the chance of each, 0 … 1."""
    unknown = set(faults) - set(known)
    if unknown:
        raise BadInput(f"no such fault: {sorted(unknown)}; there are {known}")


def strikes(faults: Mapping[str, float], fault: str, *, seed: int, labels: tuple[Label, ...]) -> bool:
    """Whether a fault happens at this call; one without a chance never does, and draws nothing."""
    chance = faults.get(fault, 0.0)
    return chance > 0 and float(derive_rng(seed, *labels).random()) < chance


__all__ = ["require_known", "strikes"]
