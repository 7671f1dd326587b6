"""Profiles that follow the facts: the tags' variables live in online stores, and a profile is read when it is asked for.

A fact fed is in the next profile: nothing waits for a night but the quantiles. Cost: some microseconds an event and plan, and a read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from honghua.features.api import FeatureStore
from honghua.lab.factory.api import Dictionary, Rows, probe_events, to_plans
from honghua.lab.tags.api import FittedTags

Ints = NDArray[np.int64]
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Profile:
    """What holds of a customer: tags, the values behind each (variable → number, None = not known), and as of when."""

    customer: int
    as_of_us: int
    tags: tuple[str, ...]
    evidence: dict[str, dict[str, float | None]]


class Profiles:
    """The live profiles of all customers that a stream of events told of. One writer at a time."""

    def __init__(
        self, dictionary: Dictionary, fitted: FittedTags, *, capacity: int = 1_000_000, folder: Path | None = None
    ) -> None:
        """folder: where `save` wrote them, instead of empty ones; its files have to stay. IntegrityBroken where they are of other tags."""
        self.dictionary, self.fitted = dictionary, fitted
        plans = to_plans(dictionary, fitted.book.variables)
        self._stores = [
            FeatureStore(plan, capacities={"+".join(key): capacity for key in plan.plan.keys})
            if folder is None
            else FeatureStore.load(folder / str(place), plan)
            for place, plan in enumerate(plans)
        ]

    def feed(self, events: Ints) -> None:
        """Events int64[n, width] of the dictionary's schema, in the order in which they became known."""
        for store in self._stores:
            store.values(events)

    def save(self, folder: Path) -> None:
        """Write the windows; the quantiles of the tags are not in it."""
        for place, store in enumerate(self._stores):
            store.save(folder / str(place))

    def forget(self, customers: Ints) -> None:
        """Drop everything that was fed of these customers, int64[n]."""
        for store in self._stores:
            store.forget("customer", customers)

    def values(self, customers: Ints, at_us: int) -> dict[str, Values]:
        """Variable → float32[n] of customers at a moment that no fed event lies behind."""
        asked = probe_events(self.dictionary, Rows({"customer": customers}, np.full(len(customers), at_us, np.int64)))
        found: dict[str, Values] = {}
        for store in self._stores:
            read = store.values(asked)
            found |= {name: read[:, place] for place, name in enumerate(store.names)}
        return {name: found[name] for name in self.fitted.book.variables}

    def profile(self, customer: int, at_us: int) -> Profile:
        """What holds of one customer."""
        return self.profiles(np.array([customer], np.int64), at_us)[0]

    def profiles(self, customers: Ints, at_us: int) -> list[Profile]:
        """What holds of each of these customers."""
        values = self.values(customers, at_us)
        flags = self.fitted.judge(values)
        tags = self.fitted.book.tags
        return [
            Profile(
                int(key), at_us, tuple(tags[k].name for k in held),
                {tags[k].name: {name: _number(values[name][row]) for name in tags[k].evidence} for k in held},
            )
            for row, (key, held) in enumerate(zip(customers, (np.flatnonzero(flag).tolist() for flag in flags), strict=True))
        ]  # fmt: skip


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


__all__ = ["Profile", "Profiles"]
