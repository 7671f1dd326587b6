from __future__ import annotations

import threading

import pytest

from honghua.base.errors import IntegrityBroken
from honghua.ledger.api import post_entries, read_seal_state, seal
from honghua.ledger.core.chain import FIRST_PREVIOUS
from honghua.ledger.invariants import check_hash_chain, check_sealed_complete
from honghua.ledger.tests.book import batch_of, grant, open_accounts, post, small_book
from honghua.store.database import connect, run_unit, scratch_database


def seal_all(conn, *, max_entries=1_000_000):
    """Seal until nothing is left; the blocks' sizes."""
    sizes = []
    while (done := run_unit(conn, lambda unit: seal(unit, max_entries=max_entries))).entries:
        sizes.append(done.entries)
    return sizes


def chain_holds(conn) -> bool:
    return check_hash_chain(conn).ok and check_sealed_complete(conn).ok


def test_nothing_to_seal(conn):
    done = run_unit(conn, seal)
    assert (done.block_no, done.entries, done.digest) == (0, 0, FIRST_PREVIOUS)
    assert read_seal_state(conn).blocks == 0
    assert chain_holds(conn)


def test_blocks_follow_each_other(conn):
    (anna, _), _, _ = small_book(conn)
    first = run_unit(conn, seal)
    assert (first.block_no, first.entries, first.lines) == (1, 6, 20)
    assert run_unit(conn, seal).entries == 0
    post(conn, grant(anna, 1))
    second = run_unit(conn, seal)
    assert (second.block_no, second.entries, second.lines) == (2, 1, 2)
    state = read_seal_state(conn)
    assert (state.blocks, state.entries_sealed, state.entries_open, state.digest) == (2, 7, 0, second.digest)
    previous = conn.execute("SELECT previous FROM ledger_seal WHERE block_no = 2").fetchone()
    assert previous == (first.digest,)
    assert chain_holds(conn)


def test_a_block_has_about_max_entries_and_never_splits_a_transaction(conn):
    anna = open_accounts(conn)[0]
    for size in (1, 2, 5, 1, 1, 3):
        post(conn, *[grant(anna, 1)] * size)
    assert seal_all(conn, max_entries=3) == [3, 5, 2, 3]
    assert chain_holds(conn)


def test_a_running_transaction_is_waited_for_and_not_skipped(database):
    """An older transaction that is still open keeps the younger ones out of the block until it is done."""
    with connect(database) as slow, connect(database) as fast, connect(database) as sealer:
        anna = open_accounts(fast)[0]
        post(fast, grant(anna, 1))
        bo = open_accounts(fast, ["bo"])[0]
        with slow.transaction():
            late = post_entries(slow, batch_of(grant(bo, 7)))
            post(fast, grant(anna, 2), grant(anna, 3))
            first = run_unit(sealer, seal)
            assert first.entries == 1
            assert run_unit(sealer, seal).entries == 0
            assert read_seal_state(sealer).entries_open == 2
            assert chain_holds(sealer)
        assert run_unit(sealer, seal).entries == 3
        assert chain_holds(sealer)
        row = sealer.execute(
            "SELECT count(*) FROM ledger_entry, ledger_seal WHERE entry_id = %s AND block_no = 2 AND txid >= from_txid"
            " AND txid < until_txid",
            [int(late[0])],
        ).fetchone()
        assert row == (1,)
        assert read_seal_state(sealer).entries_open == 0


def test_who_writes_in_another_database_is_not_waited_for(database, store_settings):
    """Not even by a role that may not look into the other's session; who writes in ours is waited for."""
    with (
        scratch_database(store_settings) as elsewhere,
        connect(elsewhere, owner=True) as stranger,
        connect(database) as conn,
        connect(database, owner=True) as owner,
        stranger.transaction(),
    ):
        stranger.execute("SELECT pg_current_xact_id()")
        anna = open_accounts(conn)[0]
        post(conn, grant(anna, 1))
        assert run_unit(conn, seal).entries == 1
        with owner.transaction():
            owner.execute("SELECT pg_current_xact_id()")
            post(conn, grant(anna, 1))
            assert run_unit(conn, seal).entries == 0
        assert run_unit(conn, seal).entries == 1
        assert chain_holds(conn)


def test_a_transaction_that_rolls_back_leaves_no_trace(database):
    with connect(database) as slow, connect(database) as fast:
        anna, bo = open_accounts(fast, ["anna", "bo"])
        with slow.transaction(force_rollback=True):
            post_entries(slow, batch_of(grant(bo, 7)))
            post(fast, grant(anna, 2))
            assert run_unit(fast, seal).entries == 0
        assert run_unit(fast, seal).entries == 1
        assert chain_holds(fast)


def test_sealing_beside_writers(database):
    """Writers commit out of order while two sealers work: in the end each entry is in exactly one intact block."""
    with connect(database) as conn:
        customers = open_accounts(conn, [f"c{n}" for n in range(8)])
    writers_done = threading.Event()
    errors: list[BaseException] = []

    def write(owner_id: int) -> None:
        try:
            with connect(database) as conn:
                for size in range(1, 21):
                    post(conn, *[grant(owner_id, 1)] * size)
        except BaseException as error:
            errors.append(error)

    def seal_along() -> None:
        try:
            with connect(database) as conn:
                while not writers_done.is_set():
                    run_unit(conn, lambda unit: seal(unit, max_entries=37))
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(one,)) for one in customers]
    sealers = [threading.Thread(target=seal_along) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join()
    writers_done.set()
    for thread in sealers:
        thread.join()
    assert not errors
    with connect(database) as conn:
        seal_all(conn)
        state = read_seal_state(conn)
        assert (state.entries_sealed, state.entries_open) == (8 * 210, 0)
        assert chain_holds(conn)


def test_a_journal_restored_into_a_younger_server_is_noticed(conn, owner_conn):
    small_book(conn)
    owner_conn.execute(
        "INSERT INTO ledger_seal SELECT 1, 0, 1000000000, 1, 2, decode(repeat('00', 32), 'hex'), sha256('x'), now()"
    )
    with pytest.raises(IntegrityBroken, match="restored"):
        run_unit(conn, seal)
