"""Whole accounts brought in by columns are accounts like any other: verified, closed, bought with."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.base.dates import to_day
from honghua.base.errors import BadInput
from honghua.credit import core as c
from honghua.credit.api import open_registry, start_book
from honghua.credit.bulk import import_accounts
from honghua.credit.core.layout import EVENT
from honghua.credit.eod import close_until
from honghua.credit.tests.days import Town
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind

OPENED = dt.date(2026, 1, 3)
TODAY = dt.date(2026, 1, 28)


def make_events(lives: list[list[tuple[int, ...]]]) -> np.ndarray:
    events = np.zeros((len(lives), max(map(len, lives)), EVENT), np.int64)
    for i, life in enumerate(lives):
        for k, fact in enumerate(life):
            events[i, k, : len(fact)] = fact
    return events


def opening(limit: int = 500_000) -> tuple[int, ...]:
    return (FactKind.ACCOUNT_OPENED, to_day(OPENED), limit, 1, 10, 1)


def bought(day: int, amount: int) -> tuple[int, ...]:
    return (FactKind.PURCHASE_CAPTURED, to_day(OPENED) + day, amount)


@pytest.fixture
def town(database, conn) -> Town:
    start_book(conn, day=TODAY)
    return Town(database, conn, open_registry(conn), [])


def bring_in(town: Town, lives: list[list[tuple[int, ...]]]) -> int:
    names = [f"I{k}" for k in range(len(lives))]
    with town.conn.transaction():
        shops = ledger.open_owners(town.conn, kind=OwnerKind.MERCHANT, refs=["a", "b"], currency="CNY")
        merchants = shops[np.arange(len(lives)) % 2]
        facts = import_accounts(
            town.conn, town.registry, refs=names, events=make_events(lives), merchants=merchants, rows_max=(3, 2)
        )
    town.names += names
    return facts


def test_lives_of_different_length_come_in_as_they_are(town):
    """A life shorter than the others has no fact of kind 0 in its place: such a fact could never be folded again."""
    lives = [
        [opening(), bought(3, 10_000), bought(9, 700)],
        [opening(1)],
        [opening(), bought(0, 5), (FactKind.REPAYMENT_RECEIVED, to_day(OPENED) + 4, 9_000)],
        [opening(), (FactKind.PURCHASE_CAPTURED, to_day(OPENED) + 1, 9_000, 0, 3, 207, 1, 99)],
    ]
    assert bring_in(town, lives) == 9
    assert town.rows("SELECT count(*), count(*) FILTER (WHERE kind = 0), count(purchase_id), count(DISTINCT counterparty_id)"
                     " FROM store_fact") == [(9, 0, 4, 2)]  # fmt: skip
    broken = [
        check for check in town.broken() if check.name != "credit.purchases_decided"
    ]  # they were decided elsewhere
    assert broken == []
    assert sum(ledger.trial_balance(town.conn).values()) == 0
    assert town.rows("SELECT a.customer_ref, max(f.fact_id) = a.last_fact_id FROM credit_account a JOIN store_fact f USING (account_id)"
                     " GROUP BY a.account_id ORDER BY 1") == [(name, True) for name in town.names]  # fmt: skip


def test_they_live_on_like_others(town):
    bring_in(town, [[opening(), bought(3, 10_000)], [opening(), bought(5, 20_000)]])
    twin = town.do(c.OpenAccount(key="twin", customer="twin", limit_minor=500_000))
    assert twin[0]["outcome"] == "done"
    town.buy("t", "twin", 10_000)
    assert town.buy("i", "I0", 77)["outcome"] == "approved"
    assert town.buy("t2", "twin", 77)["outcome"] == "approved"
    reports = close_until(town.database, dt.date(2026, 2, 12))
    assert sum(report.statements for report in reports) == 3
    assert town.rows("SELECT customer_ref, total_minor FROM credit_statement JOIN credit_account USING (account_id) ORDER BY 1") == [
        ("I0", 10_077), ("I1", 20_000), ("twin", 10_077),
    ]  # fmt: skip
    assert [check for check in town.broken() if check.name != "credit.purchases_decided"] == []


@pytest.mark.parametrize(
    "life",
    [
        [opening(), bought(9, 100), bought(3, 100)],  # out of order
        [opening(), (99, to_day(OPENED), 5)],  # no such fact
        [opening(), *((FactKind.PURCHASE_CAPTURED, to_day(OPENED), 900, 0, 3, 0, 1, k) for k in range(5))],  # no room
    ],
)
def test_what_does_not_fold_does_not_come_in(town, life):
    with pytest.raises(BadInput, match="customer I1"):
        bring_in(town, [[opening()], life])
    assert town.rows("SELECT count(*) FROM store_fact") == [(0,)]
    assert town.rows("SELECT count(*) FROM ledger_owner") == [(0,)]
