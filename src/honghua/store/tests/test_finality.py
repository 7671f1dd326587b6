"""Which transactions count as over while others, and the reader itself, still run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest

from honghua.store.database import Database, connect, scratch_database
from honghua.store.finality import read_final_txid


def begin(conn: psycopg.Connection) -> int:
    """A transaction's number, so that it has one."""
    row = conn.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    assert row is not None
    return int(row[0])


def end_another(database: Database) -> int:
    """A transaction that begins now and is over at once."""
    with connect(database) as other:
        return begin(other)


def test_what_is_over_is_final(database, conn):
    ended = end_another(database)
    with conn.transaction():
        assert read_final_txid(conn) > ended


def test_a_transaction_of_this_database_holds_the_edge_until_it_is_over(database, conn):
    with connect(database) as writer, writer.transaction():
        running = begin(writer)
        ended = end_another(database)
        assert read_final_txid(conn) <= running < ended
    assert read_final_txid(conn) > ended


@pytest.mark.parametrize("isolation", list(psycopg.IsolationLevel))
def test_the_readers_own_transaction_is_not_over_although_later_ones_are(database, conn, isolation):
    """A follower that books in the transaction in which it moves its cursor must meet its own entries next time."""
    conn.isolation_level = isolation
    with conn.transaction():
        own = begin(conn)
        assert end_another(database) > own
        assert read_final_txid(conn) <= own
    assert read_final_txid(conn) > own


def test_a_transaction_of_another_database_does_not_hold_the_edge(database, store_settings, conn):
    with scratch_database(store_settings) as elsewhere, connect(elsewhere) as stranger, stranger.transaction():
        running = begin(stranger)
        ended = end_another(database)
        with conn.transaction():
            assert read_final_txid(conn) > ended > running


def test_transactions_of_another_database_that_end_while_we_look_do_not_hold_the_edge(database, store_settings, conn):
    over = Event()

    def keep_committing(elsewhere: Database) -> None:
        with connect(elsewhere) as stranger:
            while not over.is_set():
                with stranger.transaction():
                    begin(stranger)

    with scratch_database(store_settings) as elsewhere, ThreadPoolExecutor(3) as pool:
        strangers = [pool.submit(keep_committing, elsewhere) for _ in range(3)]
        try:
            for _ in range(200):
                ended = begin(conn)
                conn.commit()
                assert read_final_txid(conn) > ended
        finally:
            over.set()
    for stranger in strangers:
        stranger.result()
