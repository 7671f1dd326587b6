"""Blind indexes move to a further key together, those too of what is kept nowhere; nobody is lost or met twice meanwhile."""

from __future__ import annotations

import datetime as dt
import threading
from functools import partial

import pytest

from honghua.base.errors import Conflict, IntegrityBroken
from honghua.customers.api import (
    Origin,
    Vault,
    find_by_national_id,
    find_by_phone,
    list_shared,
    note_links,
    register,
    reindex,
    write_fields,
)
from honghua.customers.core import Field
from honghua.store.database import connect, run_unit

NOW = dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC)
KEYS = {1: b"a" * 32}
OLD = Vault(KEYS, b"i" * 32)
BOTH = Vault(KEYS, b"j" * 32, (b"i" * 32,))
THREE = Vault(KEYS, b"k" * 32, (b"i" * 32, b"j" * 32))
PHONES = ("13800001234", "13800001235", "13800001236")
ID = "11010519491231002X"


@pytest.fixture
def town(database):
    """Three customers on one device, of whom the first has proven an identity."""
    with connect(database) as conn:
        customers = [run_unit(conn, partial(register, vault=OLD, phone=phone, now=NOW)) for phone in PHONES]
        said = Origin("x", "proven")
        run_unit(conn, lambda c: write_fields(c, OLD, customers[0], {Field.NATIONAL_ID: ID}, said, now=NOW))
        for customer in customers[:2]:
            run_unit(conn, partial(note_links, vault=OLD, customer=customer, device="d-1", now=NOW))
        yield conn, customers


def read_digests(conn):
    rows = conn.execute("SELECT digest FROM customers_index UNION ALL SELECT digest FROM customers_link").fetchall()
    return [bytes(digest) for (digest,) in rows]


def test_indexes_move_to_a_further_key_and_nobody_is_lost(town):
    conn, customers = town
    before = read_digests(conn)
    assert len(before) == 6, "three phones, one identity, a device twice"
    assert find_by_phone(conn, BOTH, PHONES[0]) == customers[0], "found before the move, by who knows both keys"
    assert run_unit(conn, lambda c: reindex(c, BOTH)) == 6
    assert run_unit(conn, lambda c: reindex(c, BOTH)) == 0
    assert not set(before) & set(read_digests(conn)), "every index is new"
    assert [find_by_phone(conn, BOTH, phone) for phone in PHONES] == customers
    assert find_by_national_id(conn, BOTH, ID) == customers[0]
    run_unit(conn, lambda c: note_links(c, BOTH, customers[2], device="d-1", now=NOW))
    (sharers,) = conn.execute("SELECT count(*) FROM customers_link WHERE kind = 'device' GROUP BY digest").fetchall()
    assert sharers == (3,), "whose device was seen before the move shares it with who came after"
    assert list_shared(conn, customers[2]) == list_shared(conn, customers[0])
    with pytest.raises(Conflict):
        run_unit(
            conn, lambda c: write_fields(c, BOTH, customers[1], {Field.PHONE: PHONES[0]}, Origin("x", "x"), now=NOW)
        )


def test_a_process_without_the_new_key_writes_nothing_and_a_wrong_key_is_noticed(town):
    conn, _ = town
    run_unit(conn, lambda c: reindex(c, BOTH))
    left = Vault(KEYS, b"j" * 32)
    swapped = Vault(KEYS, b"i" * 32, (b"j" * 32,))
    before = read_digests(conn)
    for vault in (OLD, left, swapped):
        with pytest.raises(IntegrityBroken, match="index key 2"):
            run_unit(conn, partial(register, vault=vault, phone=PHONES[0], now=NOW))
    assert sorted(read_digests(conn)) == sorted(before)
    assert run_unit(conn, lambda c: reindex(c, THREE)) == len(before)


def test_who_writes_while_all_are_moved_writes_the_new_index(database, town):
    conn, _ = town
    done = []

    def write() -> None:
        with connect(database) as other:
            done.append(run_unit(other, lambda c: register(c, BOTH, "13900000009", now=NOW)))

    writer = threading.Thread(target=write)
    with conn.transaction():
        assert reindex(conn, BOTH) == 6
        writer.start()
        waiting = 0
        for _ in range(1_000):  # until the writer waits for us
            (waiting,) = conn.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
            ).fetchone()
            if waiting:
                break
        assert waiting, "a writer of indexes waits until all are moved"
    writer.join()
    assert find_by_phone(conn, BOTH, "13900000009") == done[0]
    newest = BOTH.index(Field.PHONE, "+8613900000009")
    assert newest in read_digests(conn)
