"""Each invariant sees what was planted behind the database's back, and names it."""

from __future__ import annotations

import pytest

from honghua.base.checks import BROKEN_IDS_MAX
from honghua.ledger.api import seal
from honghua.ledger.core import Component
from honghua.ledger.invariants import check_ledger
from honghua.ledger.tests.book import C, entry, grant, open_accounts, post, small_book
from honghua.store.database import connect, run_unit


def broken(forger) -> dict[str, tuple[str, ...]]:
    return {check.name: check.broken for check in check_ledger(forger) if not check.ok}


@pytest.fixture(scope="module")
def sealed(module_database):
    """A small book of two sealed blocks and one entry after them, its guards taken down by the tables' owner."""
    with connect(module_database) as conn:
        (anna, bo), shop, ids = small_book(conn)
        run_unit(conn, lambda unit: seal(unit, max_entries=4))
        run_unit(conn, seal)
        ids += post(conn, grant(bo, 11))
    with connect(module_database, owner=True) as conn:
        for table in ("ledger_entry", "ledger_seal", "ledger_owner"):
            conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        for name in ("entry_sums_to_zero", "entry_lines_pair", "entry_amounts_sound"):
            conn.execute(f"ALTER TABLE ledger_entry DROP CONSTRAINT ledger_{name}".encode())
        for name in ("balance_debt", "balance_limit", "balance_charge_off"):
            conn.execute(f"ALTER TABLE ledger_balance DROP CONSTRAINT ledger_{name}".encode())
        yield conn, {"anna": anna, "bo": bo, "shop": shop, "ids": ids}


@pytest.fixture
def book(sealed):
    """Ids in the book of `sealed`."""
    return sealed[1]


@pytest.fixture
def forger(sealed):
    """A connection that may do anything; what it does is gone after the test."""
    with sealed[0].transaction(force_rollback=True):
        yield sealed[0]


def test_a_sound_book(forger, book):
    checks = check_ledger(forger)
    assert [check.name for check in checks if not check.ok] == []
    counts = {check.name: check.checked for check in checks}
    assert counts["ledger.entries_sum_to_zero"] == 7
    assert counts["ledger.hash_chain"] == 2
    assert counts["ledger.owners_have_balances"] == 3
    assert all(counts.values())


def test_an_empty_book_is_sound(conn):
    assert broken(conn) == {}


def test_a_changed_amount(forger, book):
    entry_id = book["ids"][2]
    forger.execute("UPDATE ledger_entry SET amounts_minor[1] = 99999 WHERE entry_id = %s", [entry_id])
    found = broken(forger)
    assert found["ledger.entries_sum_to_zero"] == (f"entry {entry_id}",)
    assert found["ledger.balances_are_sums"] == (f"owner {book['anna']} principal_unbilled",)
    assert found["ledger.trial_balance_zero"] == ("CNY in entries",)
    assert found["ledger.hash_chain"] == ("block 1",)


def test_a_change_that_balances_and_hides_in_the_balances_too(forger, book):
    """Nothing but the chain can know: the forger kept every sum right."""
    forger.execute(
        "UPDATE ledger_entry SET amounts_minor[1] = amounts_minor[1] + 5, amounts_minor[2] = amounts_minor[2] - 5"
        " WHERE entry_id = %s",
        [book["ids"][4]],
    )
    forger.execute(
        "UPDATE ledger_balance SET bank_clearing = bank_clearing + 5, principal_unbilled = principal_unbilled - 5"
        " WHERE owner_id = %s",
        [book["anna"]],
    )
    assert broken(forger) == {"ledger.hash_chain": ("block 2",)}


def test_a_changed_date(forger, book):
    forger.execute("UPDATE ledger_entry SET value_on = value_on - 1 WHERE entry_id = %s", [book["ids"][0]])
    assert broken(forger) == {"ledger.hash_chain": ("block 1",)}


def test_a_deleted_entry(forger, book):
    forger.execute("DELETE FROM ledger_entry WHERE entry_id = %s", [book["ids"][3]])
    found = broken(forger)
    assert found["ledger.hash_chain"] == ("block 1",)
    assert found["ledger.sealed_complete"] == ("6 entries sealed, 5 found",)
    bo, shop = book["bo"], book["shop"]
    assert set(found["ledger.balances_are_sums"]) == {
        f"owner {bo} principal_unbilled", f"owner {bo} limit_available", f"owner {bo} limit_used",
        f"owner {shop} merchant_payable",
    }  # fmt: skip


def test_an_entry_slipped_into_a_sealed_range(forger, book):
    forger.execute(
        "INSERT INTO ledger_entry SELECT owner_id, 999999, kind, value_on, booked_on, fact_id, currency, accounts,"
        " amounts_minor, recorded_at, txid FROM ledger_entry WHERE entry_id = %s",
        [book["ids"][5]],
    )
    found = broken(forger)
    assert found["ledger.hash_chain"] == ("block 2",)
    assert found["ledger.sealed_complete"] == ("6 entries sealed, 7 found",)
    assert f"owner {book['anna']} limit_used" in found["ledger.balances_are_sums"]


def test_swapped_balances(forger, book):
    anna, bo = book["anna"], book["bo"]
    forger.execute(
        "UPDATE ledger_balance AS one SET principal_unbilled = other.principal_unbilled FROM ledger_balance AS other"
        " WHERE one.owner_id IN (%(anna)s, %(bo)s) AND other.owner_id = %(anna)s + %(bo)s - one.owner_id",
        {"anna": anna, "bo": bo},
    )
    found = broken(forger)
    assert found.keys() == {"ledger.balances_are_sums"}
    assert set(found["ledger.balances_are_sums"]) == {f"owner {one} principal_unbilled" for one in (anna, bo)}


def test_a_balance_out_of_nothing(forger, book):
    forger.execute("UPDATE ledger_balance SET fee = 3 WHERE owner_id = %s", [book["bo"]])
    assert broken(forger) == {
        "ledger.balances_are_sums": (f"owner {book['bo']} fee",),
        "ledger.trial_balance_zero": ("CNY in balances",),
    }


def test_books_that_are_wrong_against_each_other(forger, book):
    """Off by +1 in the entries and by -1 in the balances: each book is looked at by itself."""
    forger.execute(
        "UPDATE ledger_entry SET amounts_minor[1] = amounts_minor[1] + 1 WHERE entry_id = %s", [book["ids"][6]]
    )
    forger.execute("UPDATE ledger_balance SET fee = -1 WHERE owner_id = %s", [book["bo"]])
    assert set(broken(forger)["ledger.trial_balance_zero"]) == {"CNY in entries", "CNY in balances"}


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("entries = entries + 1", 1), ("lines = lines + 1", 2), ("digest = sha256('x')", 1),
        ("previous = sha256('x')", 2), ("until_txid = until_txid + 1", 2), ("from_txid = from_txid + 1", 2),
        ("sealed_at = sealed_at + interval '1 microsecond'", 2), ("block_no = 7", 2),
    ],
)  # fmt: skip
def test_an_altered_seal(forger, book, change, row):
    forger.execute(f"UPDATE ledger_seal SET {change} WHERE block_no = {row}".encode())
    expected = 7 if change == "block_no = 7" else row
    assert f"block {expected}" in broken(forger)["ledger.hash_chain"]


def test_a_deleted_seal(forger, book):
    forger.execute("DELETE FROM ledger_seal WHERE block_no = 1")
    found = broken(forger)
    assert found["ledger.hash_chain"] == ("block 2",)
    assert found["ledger.sealed_complete"]


@pytest.mark.parametrize(
    ("change", "name", "check"),
    [
        ("limit_available = limit_available - 1", "anna", "memo_identity"),
        ("charge_off_memo = 1", "bo", "memo_identity"),
        ("limit_held = -3, limit_available = limit_available + 3", "bo", "balances_on_their_side"),
        ("overpayment = 3, interest = -3", "anna", "balances_on_their_side"),
    ],
)
def test_balances_that_make_no_sense(forger, book, change, name, check):
    forger.execute(f"UPDATE ledger_balance SET {change} WHERE owner_id = {book[name]}".encode())
    assert broken(forger)[f"ledger.{check}"] == (f"owner {book[name]}",)


def test_entries_in_another_currency(forger, book):
    forger.execute("UPDATE ledger_entry SET currency = 'USD' WHERE entry_id = %s", [book["ids"][6]])
    assert broken(forger)["ledger.one_currency"] == (f"owner {book['bo']} USD",)


def test_an_owner_who_does_not_exist(forger, book):
    forger.execute("UPDATE ledger_entry SET accounts[1] = 999 * 256 + 9 WHERE entry_id = %s", [book["ids"][6]])
    found = broken(forger)
    assert found["ledger.one_currency"] == ("owner 999 CNY",)
    assert "owner 999 bank_clearing" in found["ledger.balances_are_sums"]


def test_an_owner_without_a_balance(forger, book):
    forger.execute("DELETE FROM ledger_balance WHERE owner_id = %s", [book["shop"]])
    assert broken(forger)["ledger.owners_have_balances"] == (f"owner {book['shop']}",)


def test_one_id_twice(forger, book):
    forger.execute("UPDATE ledger_entry SET entry_id = %s WHERE entry_id = %s", [book["ids"][2], book["ids"][3]])
    assert broken(forger)["ledger.entry_ids_unique"] == (f"entry {book['ids'][2]}",)


@pytest.mark.parametrize(
    "amounts", ["'{5,-5,0}'", "'{5}'", "'{5,-5,NULL}'", "'{}'"]
)  # fmt: skip
def test_lines_that_are_none(forger, book, amounts):
    entry_id = book["ids"][6]
    forger.execute(f"UPDATE ledger_entry SET amounts_minor = {amounts} WHERE entry_id = {entry_id}".encode())
    assert broken(forger)["ledger.entries_sum_to_zero"] == (f"entry {entry_id}",)


def test_a_flood_of_offenders_is_cut(forger, book):
    owners = open_accounts(forger, [f"c{n}" for n in range(BROKEN_IDS_MAX + 20)])
    post(forger, *(entry(one, {C.FEE: 1, C.FEE_INCOME: -1}) for one in owners))
    forger.execute("UPDATE ledger_balance SET fee = 2")
    assert len(broken(forger)["ledger.balances_are_sums"]) == BROKEN_IDS_MAX
    assert Component.FEE.name.lower() in broken(forger)["ledger.balances_are_sums"][0]
