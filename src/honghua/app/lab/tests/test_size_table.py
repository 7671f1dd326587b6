"""The generated table of `honghua bench lab-size`: the same for the same seed however long it is, with its leak and its signals in it."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq

from honghua.app.bench.lab.size import BLOCK, LEAK, TARGET, draw_block, write_table
from honghua.base.rng import derive_rng


def test_the_table_is_written_block_by_block_and_repeats(tmp_path):
    write_table(tmp_path / "a.parquet", rows=1_200, columns=50, seed=3)
    table = pq.read_table(tmp_path / "a.parquet")
    assert (table.num_rows, table.num_columns) == (1_200, 51)
    again = draw_block(1_200, 50, 0.45 * 0.93 ** np.arange(40), derive_rng(3, "size", 0))
    assert table.equals(again.cast(table.schema))
    bad = table[TARGET].to_numpy() == 1
    assert 0.02 < bad.mean() < 0.3
    assert ((table[LEAK].to_numpy() == 0.0) == bad).all(), "the leak knows the outcome"
    first = table["s00"].to_numpy()
    assert first[bad].mean() > first[~bad].mean()
    assert BLOCK > 1_200
