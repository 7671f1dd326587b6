"""Pages behind a place in the log: the same facts as all at once, whatever the size of a page and the gaps between transactions."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest

from honghua.base.errors import BadInput
from honghua.store.database import connect
from honghua.store.facts import (
    PAGE_FACTS_MAX,
    PAGE_TXIDS_FIRST,
    FactBatch,
    allocate_fact_ids,
    append_facts,
    read_final_facts,
    read_final_page,
)


def append(conn: psycopg.Connection, count: int) -> None:
    ones = np.ones(count, np.int64)
    append_facts(
        conn,
        FactBatch(
            fact_id=allocate_fact_ids(conn, count), kind=ones * 7, account_id=ones, value_on=ones, effective_on=ones,
            happened_at=ones, amount_minor=ones,
        ),
    )  # fmt: skip


def read_in_pages(conn: psycopg.Connection, limit: int) -> list[tuple[int, int]]:
    places = [(0, 0)]
    while len(page := read_final_page(conn, after=places[-1], limit=limit)):
        assert len(page) <= limit
        places += zip(page.txid.tolist(), page.fact_id.tolist(), strict=True)
    return places[1:]


def test_pages_hold_what_is_there_once_and_in_order(conn):
    for count in (3, 1, 5):
        with conn.transaction():
            append(conn, count)
        for _ in range(PAGE_TXIDS_FIRST + 5):  # transactions that leave no fact
            conn.execute("SELECT pg_current_xact_id()")
    whole = read_final_facts(conn, from_txid=0)
    expected = list(zip(whole.txid.tolist(), whole.fact_id.tolist(), strict=True))
    for limit in (1, 2, 4, 100):
        assert read_in_pages(conn, limit) == expected
    assert len(expected) == 9
    for limit in (4, 9, 100):
        assert len(read_final_page(conn, after=(0, 0), limit=limit)) == min(limit, 9), "a short page is the last one"
    for wrong in (0, PAGE_FACTS_MAX + 1):
        with pytest.raises(BadInput):
            read_final_page(conn, after=(0, 0), limit=wrong)


def test_a_page_ends_before_a_transaction_that_still_runs(database):
    with connect(database) as slow, connect(database) as quick, connect(database) as reader:
        with slow.transaction():
            append(slow, 1)
            append(quick, 2)
            assert read_in_pages(reader, 10) == []
        assert len(read_in_pages(reader, 10)) == 3
