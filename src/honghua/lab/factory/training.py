"""Variables as tables: for fitting, with a target, a time and ids; and as events, for the online store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from honghua.lab.factory.computing import THREADS, compute
from honghua.lab.factory.rows import Rows
from honghua.lab.factory.stream import Stream
from honghua.lab.tables.api import Table, build_table

Ints = NDArray[np.int64]


def training_table(
    stream: Stream, names: Sequence[str], rows: Rows, target: NDArray[np.uint8], *, target_name: str = "target",
    threads: int = THREADS,
) -> Table:  # fmt: skip
    """The variables at the rows, by what was known then: a column a name, time = as_of, ids = raw ids of the first key."""
    values = compute(stream, names, rows, threads=threads)
    entity, keys = next(iter(rows.keys.items()))
    columns = {name: values[:, place] for place, name in enumerate(names)}
    ids = stream.name_of(entity, keys)
    return build_table(columns, target=target, time=rows.as_of_us, ids=ids, target_name=target_name)


def online_events(stream: Stream, *, start: int = 0, stop: int | None = None) -> Ints:
    """int64[n, width]: some of the stream's events as `FeatureStore` takes them."""
    return stream.matrix(start=start, stop=stop)


__all__ = ["online_events", "training_table"]
