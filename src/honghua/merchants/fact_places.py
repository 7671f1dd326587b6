"""Which facts stand behind rows of the journal, and what their arguments say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from honghua.facts.kinds import ARGS_OF, FactKind
from honghua.store.facts import FactColumns

Ints = NDArray[np.int64]


def find_places(facts: FactColumns, fact_ids: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """(int64[n] places in `facts`, bool[n] known): the fact of each id; one past the last fact stands for none."""
    order = np.argsort(facts.fact_id, kind="stable")
    place = np.searchsorted(facts.fact_id[order], fact_ids)
    at = np.append(order, len(order))[place]
    return at, (fact_ids != 0) & (np.append(facts.fact_id, 0)[at] == fact_ids)


def read_argument(facts: FactColumns, at: Ints, wanted: NDArray[np.bool_], name: str) -> Ints:
    """int64[n]: a named argument of the facts at these places, 0 where it is not wanted or not told."""
    out = np.zeros(len(at), np.int64)
    for row in np.flatnonzero(wanted).tolist():
        fact = int(at[row])
        names = ARGS_OF[FactKind(int(facts.kind[fact]))]
        start, end = int(facts.args_offsets[fact]), int(facts.args_offsets[fact + 1])
        spot = names.index(name) if name in names else end
        if start + spot < end:
            out[row] = facts.args_values[start + spot]
    return out


__all__ = ["find_places", "read_argument"]
