"""Ids in bulk: unique and increasing, from many callers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from honghua.base.errors import BadInput, NotFound
from honghua.store.database import connect
from honghua.store.ids import IDS_MAX, allocate


def test_sizes_around_a_block(conn):
    last = 0
    for n in (1, 63, 64, 65, 129, 0, 20_000):
        ids = allocate(conn, "store_fact_id", n)
        assert len(ids) == n
        assert ids.dtype == np.int64
        assert (np.diff(ids) > 0).all()
        if n:
            assert ids[0] > last
            last = int(ids[-1])


def test_a_plain_sequence_works_too(conn):
    conn.execute("CREATE TEMP SEQUENCE plain")
    assert allocate(conn, "plain", 3).tolist() == [1, 2, 3]


def test_callers_at_once_never_share(database):
    def take(_):
        with connect(database) as conn:
            return np.concatenate([allocate(conn, "store_fact_id", n) for n in (1, 100, 7, 64)])

    with ThreadPoolExecutor(4) as pool:
        ids = np.concatenate(list(pool.map(take, range(8))))
    assert len(np.unique(ids)) == len(ids) == 8 * 172


def test_refusals(conn):
    with pytest.raises(NotFound):
        allocate(conn, "no_such_sequence", 1)
    for n in (-1, IDS_MAX + 1):
        with pytest.raises(BadInput):
            allocate(conn, "store_fact_id", n)
