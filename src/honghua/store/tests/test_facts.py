"""The event log: appended in columns, read in the order of the fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.store.database import connect
from honghua.store.facts import (
    FactBatch,
    allocate_fact_ids,
    append_facts,
    read_facts,
    read_facts_of_purchases,
    read_final_facts,
)

ROW = st.tuples(
    st.integers(1, 4),  # account
    st.integers(0, 6),  # effective day, relative
    st.integers(-(10**15), 10**15),
    st.sampled_from([0, 5, 6]),  # purchase
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
    st.sampled_from([None, "", "回单"]),
)
DAY = 20_000


def make_batch(conn, rows, *, shift=0):
    n = len(rows)
    accounts, days, amounts, purchases, args, references = zip(*rows) if rows else [()] * 6
    counts = [len(values) for values in args]
    return FactBatch(
        fact_id=allocate_fact_ids(conn, n),
        kind=np.full(n, 7),
        account_id=np.array(accounts, dtype=np.int64) + shift,
        value_on=np.array(days, dtype=np.int64) + DAY - 1,
        effective_on=np.array(days, dtype=np.int64) + DAY,
        happened_at=np.arange(n) + 10**15,
        amount_minor=np.array(amounts, dtype=np.int64),
        purchase_id=np.where(np.array(purchases, dtype=np.int64) > 0, np.array(purchases, dtype=np.int64) + shift, 0),
        args_values=np.array([x for values in args for x in values], dtype=np.int64),
        args_offsets=np.cumsum([0, *counts]),
        reference=list(references),
        detail=[None if amount % 2 else '{"n": 1}' for amount in amounts],
    )


@pytest.fixture(scope="module")
def line(module_database):
    with connect(module_database) as conn:
        yield conn


@settings(max_examples=30)
@given(rows=st.lists(ROW, max_size=12), after=st.integers(-1, 7))
def test_what_is_appended_is_read_in_order(line, rows, after):
    shift = int(allocate_fact_ids(line, 1)[0])  # new accounts and purchases for each example
    batch = make_batch(line, rows, shift=shift)
    append_facts(line, batch)
    accounts = np.arange(1, 5) + shift
    got = read_facts(line, accounts, after=DAY + after)
    expected = sorted(
        (row[0] + shift, row[1] + DAY, int(fact_id), row[2], row[3] and row[3] + shift, row[4], row[5])
        for row, fact_id in zip(rows, batch.fact_id)
        if row[1] > after
    )
    assert list_rows(got) == expected
    everything = read_facts(line, accounts)
    assert len(everything) == len(rows)
    offsets = everything.find_account_offsets(accounts)
    assert offsets.tolist() == [sum(row[0] < k for row in rows) for k in range(1, 6)]
    floors = np.array([DAY + 3, 0, DAY + 100, -(10**9)])
    assert list_rows(read_facts(line, accounts, after=floors)) == [
        row for row in list_rows(everything) if row[1] > floors[row[0] - shift - 1]
    ]
    of_purchase = read_facts_of_purchases(line, np.array([5 + shift]))
    assert list_rows(of_purchase) == [row for row in list_rows(everything) if row[4] == 5 + shift]


def list_rows(facts):
    offsets = facts.args_offsets
    return [
        (
            int(facts.account_id[k]), int(facts.effective_on[k]), int(facts.fact_id[k]), int(facts.amount_minor[k]),
            int(facts.purchase_id[k]), facts.args_values[offsets[k] : offsets[k + 1]].tolist(), facts.reference[k],
        )
        for k in range(len(facts))
    ]  # fmt: skip


def test_columns_that_were_left_out(conn):
    one = np.array([1], dtype=np.int64)
    append_facts(
        conn,
        FactBatch(
            fact_id=one, kind=one, account_id=one, value_on=one, effective_on=one, happened_at=one, amount_minor=one
        ),
    )
    got = read_facts(conn, one)
    assert (got.version[0], got.counterparty_id[0], got.command_id[0], got.reference[0], got.detail[0]) == (
        1,
        0,
        0,
        None,
        None,
    )
    assert got.args_offsets.tolist() == [0, 0]
    assert got.happened_at[0] == 1
    assert conn.execute("SELECT counterparty_id IS NULL, args FROM store_fact").fetchone() == (True, [])
    (now,) = conn.execute("SELECT (extract(epoch FROM now()) * 1000000)::bigint").fetchone()
    assert 0 <= now - got.recorded_at[0] < 60_000_000


def test_the_same_fact_twice(conn):
    batch = make_batch(conn, [(1, 0, 1, 0, [], None)])
    append_facts(conn, batch)
    with pytest.raises(psycopg.errors.UniqueViolation):
        append_facts(conn, batch)
    assert len(read_facts(conn, np.array([1]))) == 1


def test_bad_batches(conn):
    one = np.array([1], dtype=np.int64)
    names = ("fact_id", "kind", "account_id", "value_on", "effective_on", "happened_at", "amount_minor")
    whole: dict[str, Any] = dict.fromkeys(names, one)
    for change in (
        {"kind": one * 40_000},
        {"amount_minor": np.array([1, 2])},
        {"args_values": one},
        {"value_on": one * 10**9},
    ):
        with pytest.raises(BadInput):
            append_facts(conn, FactBatch(**{**whole, **change}))
    with pytest.raises(BadInput):
        read_facts(conn, np.array([1, 1]))


def test_a_cursor_misses_nothing_of_slow_writers(database):
    """A reader sees a transaction only when every older one has ended: a slow writer holds the cursor back, not the
    news."""
    with connect(database) as slow, connect(database) as quick, connect(database) as reader:
        with slow.transaction():
            append_facts(slow, make_batch(slow, [(1, 0, 1, 0, [], None)]))
            append_facts(quick, make_batch(quick, [(2, 0, 1, 0, [], None)]))
            assert len(read_final_facts(reader, from_txid=0)) == 0
        final = read_final_facts(reader, from_txid=0)
        assert final.account_id.tolist() == [1, 2]
        assert len(read_final_facts(reader, from_txid=int(final.txid[-1]) + 1)) == 0
