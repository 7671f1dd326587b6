"""Protected traits of the rows' customers, out of a file that no variable reads: for comparing how groups fare, never for fitting."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq

from honghua.lab.workers.drawing import Drawn
from honghua.lab.workers.segmenter import Events
from honghua.models.examining.api import Groups


def read_groups(events: Events, drawn: Drawn, *, part: int) -> tuple[Groups, ...]:
    """Traits of the customers of a part's rows, in their order; none where the question names no such file."""
    told = events.question.protected
    if told is None or not events.place.is_dir() or not (events.place / told.file).exists():
        return ()
    table = pq.read_table(events.place / told.file, columns=[told.id, *told.columns])
    keys = events.stream().keys_of("customer", table.column(told.id).to_pylist())
    order = np.argsort(keys)
    wanted = drawn.customer[drawn.part == part]
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    known = keys[order][place] == wanted
    groups = []
    for name in told.columns:
        words = np.array([str(one) for one in table.column(name).to_pylist()])
        found = Groups.of(name, words[order][place])
        groups.append(Groups(name, np.where(known, found.codes, -1), found.words))
    return tuple(groups)


__all__ = ["read_groups"]
