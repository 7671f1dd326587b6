from __future__ import annotations

import threading
from functools import partial

import numpy as np
import psycopg
import pytest

from honghua.base.errors import BadInput, Conflict, IntegrityBroken, NotFound
from honghua.ledger.api import (
    count_owners,
    find_owners,
    list_currencies,
    list_entries,
    list_owners,
    open_owners,
    post_entries,
    read_balances,
    sum_balances,
    trial_balance,
)
from honghua.ledger.core import COMPONENTS, Component, OwnerKind
from honghua.ledger.tests.book import (
    C,
    balance,
    batch_of,
    entry,
    grant,
    int64,
    open_accounts,
    open_shop,
    post,
    purchase,
    repayment,
    small_book,
)
from honghua.store.database import connect, run_unit


def test_owners_are_opened_once_per_kind_and_ref(conn):
    refs = ["c", "a", "b", "a"]
    first = open_owners(conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=refs, currency="CNY")
    assert first.dtype == np.int64
    assert first[1] == first[3]
    assert len(set(first.tolist())) == 3
    again = open_owners(conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=["a", "new"], currency="CNY")
    assert again[0] == first[1]
    assert open_owners(conn, kind=OwnerKind.MERCHANT, refs=["a"], currency="CNY")[0] not in first
    assert find_owners(conn, kind=OwnerKind.MERCHANT, refs=["a", "b"]).keys() == {"a"}
    assert count_owners(conn) == 5
    assert read_balances(conn, first).tolist() == [[0] * COMPONENTS] * 4
    assert open_owners(conn, kind=OwnerKind.MERCHANT, refs=[], currency="CNY").shape == (0,)


def test_what_cannot_be_an_owner(conn):
    open_accounts(conn, ["a"])
    with pytest.raises(Conflict, match="keeps its balances in CNY"):
        open_accounts(conn, ["a"], currency="JPY")
    for ref, currency in (("", "CNY"), ("x" * 201, "CNY"), ("a\0", "CNY"), ("m", "yuan")):
        with pytest.raises(BadInput):
            open_owners(conn, kind=OwnerKind.MERCHANT, refs=[ref], currency=currency)


def test_two_programs_open_the_same_owners(database):
    found: list[list[int]] = []

    def work() -> None:
        with connect(database) as conn:
            found.append(run_unit(conn, lambda unit: open_accounts(unit, [f"c{n}" for n in range(300)])))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(ids == found[0] for ids in found)


def test_posting_moves_the_balances_of_account_and_merchant(conn):
    (anna, bo), shop, ids = small_book(conn)
    assert ids == sorted(set(ids))
    assert balance(conn, anna, C.PRINCIPAL_UNBILLED) == 12_345 - 2_345 + 5
    assert balance(conn, shop, C.MERCHANT_PAYABLE) == -(12_345 + 99 + 5)
    kept = read_balances(conn, int64(shop, bo, anna, bo))
    parts = sum_balances(conn, int64(shop, bo, anna), int64(0, 2, 0), size=3)
    assert parts.tolist() == [(kept[0] + kept[2]).tolist(), [0] * COMPONENTS, kept[1].tolist()]
    assert kept.shape == (4, COMPONENTS)
    assert kept[0, C.MERCHANT_PAYABLE] == -12_449
    assert kept[1].tolist() == kept[3].tolist()
    assert kept[2, C.LIMIT_AVAILABLE] == 500_000 - 10_005
    trial = trial_balance(conn)
    assert list(trial) == list(Component)
    assert sum(trial.values()) == 0
    assert trial[C.BANK_CLEARING] == 2_345


def test_an_empty_batch_does_nothing(conn):
    assert post_entries(conn, batch_of()).tolist() == []
    assert trial_balance(conn) == {}


def test_no_fact_is_null(conn):
    anna, shop = open_accounts(conn)[0], open_shop(conn)
    post(conn, grant(anna, 100) | {"fact_id": 0}, purchase(anna, shop, 1, fact_id=8))
    rows = conn.execute("SELECT fact_id FROM ledger_entry ORDER BY entry_id").fetchall()
    assert rows == [(None,), (8,)]


def test_bad_input_reaches_no_sql(conn):
    class NoConnection:
        def __getattr__(self, name: str) -> None:
            raise AssertionError("SQL before the checks")

    with pytest.raises(BadInput, match="row 1: the lines do not sum to zero"):
        post_entries(NoConnection(), batch_of(entry(1, {C.FEE: 1, C.FEE_INCOME: -2})))  # type: ignore[arg-type]


def test_unknown_owner_and_other_currency(conn):
    anna = open_accounts(conn)[0]
    for bad, currency in ((entry(anna + 10_000, {C.FEE: 1, C.FEE_INCOME: -1}), "CNY"), (grant(anna, 5), "JPY")):
        with pytest.raises(NotFound, match="open_owners first"), conn.transaction():
            post_entries(conn, batch_of(bad, currency=currency))
    assert conn.execute("SELECT count(*) FROM ledger_entry").fetchone() == (0,)
    with pytest.raises(NotFound):
        read_balances(conn, int64(anna, anna + 1))
    with pytest.raises(NotFound):
        sum_balances(conn, int64(anna, anna + 1), int64(0, 0), size=1)
    with pytest.raises(NotFound):
        list_entries(conn, anna + 1)


def test_a_balance_on_the_wrong_side_rolls_everything_back(conn):
    (anna, _), shop, _ = small_book(conn)
    before = read_balances(conn, int64(anna, shop)).tolist()
    with pytest.raises(IntegrityBroken, match="ledger_balance_debt") as refused, conn.transaction():
        post_entries(conn, batch_of(purchase(anna, shop, 1), repayment(anna, 99_999)))
    assert refused.value.code == "BALANCE_REFUSED"
    assert read_balances(conn, int64(anna, shop)).tolist() == before
    assert conn.execute("SELECT count(*) FROM ledger_entry").fetchone() == (6,)


def test_batches_that_cross_wait_and_do_not_deadlock(database):
    """Each batch touches all owners, listed in another order: with locks in the order of lines some would deadlock."""
    with connect(database) as conn:
        customers, shop = open_accounts(conn, [f"c{n}" for n in range(40)]), open_shop(conn)
        post(conn, *(grant(one, 10_000_000) for one in customers))
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        order = np.random.default_rng(seed)
        try:
            with connect(database) as conn:
                for _ in range(25):
                    batch = batch_of(*(purchase(int(one), shop, 3) for one in order.permutation(customers)))
                    run_unit(conn, partial(post_entries, batch=batch), tries=1)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    with connect(database) as conn:
        assert balance(conn, shop, C.MERCHANT_PAYABLE) == -3 * 40 * 25 * 4
        assert {balance(conn, one, C.LIMIT_USED) for one in customers} == {300}


def test_entries_as_a_person_reads_them(conn):
    (anna, bo), shop, ids = small_book(conn)
    entries = list_entries(conn, anna)
    assert [one.entry_id for one in entries] == [ids[5], ids[4], ids[2], ids[0]]
    newest = entries[0]
    assert [(line.component, line.amount_minor, line.balance_minor) for line in newest.lines] == [
        (C.PRINCIPAL_UNBILLED, 5, 10_005), (C.MERCHANT_PAYABLE, -5, None),
        (C.LIMIT_AVAILABLE, -5, 489_995), (C.LIMIT_USED, 5, 10_005),
    ]  # fmt: skip
    assert entries[-1].lines[0].balance_minor == -500_000
    assert [one.entry_id for one in list_entries(conn, anna, limit=1)] == [ids[5]]
    paged = list_entries(conn, anna, limit=2, before=ids[4])
    assert paged == entries[2:]
    of_shop = list_entries(conn, shop, before=ids[5])
    assert [one.entry_id for one in of_shop] == [ids[3], ids[2]]
    assert [line.balance_minor for line in of_shop[0].lines if line.owner_id == shop] == [-12_444]
    assert list_entries(conn, bo)[0].owner_id == bo


def test_owners_as_a_person_reads_them(conn):
    (anna, bo), shop, _ = small_book(conn)
    assert [(one.owner_id, one.ref, one.kind.name) for one in list_owners(conn)] == [
        (anna, "anna", "CREDIT_ACCOUNT"), (bo, "bo", "CREDIT_ACCOUNT"), (shop, "shop", "MERCHANT"),
    ]  # fmt: skip
    assert [one.balances_minor[C.MERCHANT_PAYABLE] for one in list_owners(conn, ref="shop")] == [-12_449]
    assert list_owners(conn, ref="nobody") == []
    assert len(list_owners(conn, limit=2)) == 2


def test_a_book_of_two_currencies(conn):
    small_book(conn)
    yen = open_accounts(conn, ["ueno"], currency="JPY")[0]
    with conn.transaction():
        post_entries(conn, batch_of(grant(yen, 7), currency="JPY"))
    assert list_currencies(conn) == ["CNY", "JPY"]
    assert trial_balance(conn, currency="JPY")[C.LIMIT_AVAILABLE] == 7
    assert trial_balance(conn, currency="USD") == {}
    with pytest.raises(BadInput, match="say which currency"):
        trial_balance(conn)


def test_ids_stay_above_all_before_even_between_connections(database):
    with connect(database) as one, connect(database) as two:
        anna = open_accounts(one)[0]
        first, second = post(one, grant(anna, 1)), post(two, grant(anna, 1))
        assert second > first
        assert isinstance(one, psycopg.Connection)
