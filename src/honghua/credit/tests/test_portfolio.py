"""Lateness, migration and vintages beside plain Python over every account's snapshots."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from honghua.base.dates import from_day
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.core.account import restore
from honghua.credit.core.kernels.measures import days_past_due
from honghua.credit.core.layout import H_CHARGED_OFF, H_LAST_CUT
from honghua.credit.eod import close_until
from honghua.credit.tests.days import FIRST, Town, settle
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.store.database import connect
from honghua.store.facts import read_facts, sum_facts

END = dt.date(2026, 5, 20)
LATE = dt.date(2026, 9, 20)  # late enough to be written off
ALWAYS = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))


@pytest.fixture(scope="module")
def town(module_database):
    """Ten people buy on the first day; some pay each bill, some the first, some never, one is written off."""
    with connect(module_database) as conn:
        yield live(module_database, conn)


def live(database, conn) -> Town:
    town = settle(database, conn, 10)
    for k, name in enumerate(town.names):
        town.buy(f"b{k}", name, 20_000 + 1_000 * k)
    day = FIRST
    while day < END:
        day += dt.timedelta(days=14)
        close_until(database, min(day, END))
        for k, name in enumerate(town.names):
            if k < 4 or (k < 6 and day < dt.date(2026, 2, 20)):
                town.do(c.Repay(key=f"r{day}{name}", customer=name, amount_minor=3_000))
                if k % 2 == 0:
                    town.buy(f"b{day}{name}", name, 4_000)
    close_until(database, LATE)
    written = c.WriteOff(key="w", customer="C09", evidence=("judgement",), attempts=99, approved_by="Ben")
    assert town.do(written)[0]["outcome"] == "done"
    close_until(database, LATE + dt.timedelta(days=40))
    return town


def snapshots(town: Town) -> dict[int, list[tuple[dt.date, int, bool]]]:
    """By account: (cut, days past due, written off) of every bill, from the whole restored state."""
    found: dict[int, list[tuple[dt.date, int, bool]]] = {}
    for account_id, snapshot in town.rows("SELECT account_id, snapshot FROM credit_statement ORDER BY account_id, seq"):
        state = restore(account_id, "", town.registry.terms_rows, np.array(snapshot, np.int64))
        cut = from_day(int(state.head[H_LAST_CUT]))
        found.setdefault(account_id, []).append(
            (cut, int(days_past_due(state.head)), int(state.head[H_CHARGED_OFF]) > 0)
        )
    return found


def bucket(days: int, written_off: bool = False) -> int:
    if written_off:
        return 5
    return 0 if days == 0 else 1 if days <= 30 else 2 if days <= 60 else 3 if days <= 90 else 4


def test_accounts_move_between_buckets_from_bill_to_bill(town):
    naive: dict[dt.date, Counter[tuple[int, int]]] = {}
    for cuts in snapshots(town).values():
        for (on, days, off), (_, later, later_off) in pairwise(cuts):
            naive.setdefault(on.replace(day=1), Counter())[bucket(days, off), bucket(later, later_off)] += 1
    last = snapshots(town)[town.account_id("C09")][-1]
    naive.setdefault(last[0].replace(day=1), Counter())[bucket(last[1]), 5] += 1
    found = credit.list_migrations(town.conn, since=ALWAYS[0], until=ALWAYS[1])
    assert {
        m.month: Counter({(a, b): n for a, row in enumerate(m.moved) for b, n in enumerate(row) if n}) for m in found
    } == naive
    seen = set().union(*naive.values())
    assert {(0, 0), (0, 1), (1, 2)} <= seen
    assert (4, 5) in seen


def test_vintages_count_who_was_ever_late(town):
    late: dict[int, list[bool]] = {}
    for account, cuts in snapshots(town).items():
        said = False
        for _, days, off in cuts:
            said = said or days >= 30 or off
            late.setdefault(account, []).append(said)
    (found,) = credit.list_vintages(town.conn, since=ALWAYS[0], until=ALWAYS[1], late_days=30)
    longest = max(map(len, late.values()))
    naive = [[s[k] for s in late.values() if len(s) > k] for k in range(longest)]
    assert (found.opened, found.month) == (10, FIRST.replace(day=1))
    assert list(found.late) == [(sum(one), len(one)) for one in naive]
    assert credit.list_vintages(town.conn, since=dt.date(2026, 2, 1), until=ALWAYS[1], late_days=1) == []


def test_buckets_of_today_hold_everything_that_is_owed(town):
    found = credit.count_buckets(town.conn)
    rows = town.rows("SELECT account_id FROM credit_account ORDER BY 1")
    naive: Counter[int] = Counter()
    for (account_id,) in rows:
        view = credit.find_account_view(
            town.conn,
            town.registry,
            town.one("SELECT customer_ref FROM credit_account WHERE account_id = %s", account_id),
        )
        assert view is not None
        naive[bucket(view.days_past_due)] += 1
    assert {k: one.accounts for k, one in enumerate(found) if one.accounts} == naive
    book = ledger.trial_balance(town.conn)
    assert sum(one.owed_minor for one in found) == sum(book[component] for component in list(book)[:6])
    nobody = credit.count_buckets(town.conn, segment=credit.Segment(limit_least_minor=10**9))
    assert sum(one.accounts for one in nobody) == 0
    with pytest.raises(BadInput):
        credit.list_migrations(town.conn, since=ALWAYS[1], until=ALWAYS[0])


def test_a_look_that_is_too_large_is_refused_and_never_cut_short(town, monkeypatch):
    monkeypatch.setattr("honghua.credit.viewing.portfolio.ACCOUNTS_MAX", 3)
    with pytest.raises(BadInput, match="more than 3"):
        credit.count_buckets(town.conn)


def test_facts_add_up_by_day_and_kind(town):
    kinds = (FactKind.PURCHASE_CAPTURED, FactKind.REPAYMENT_RECEIVED)
    found = sum_facts(town.conn, kinds, since=FIRST, until=END, split=(FactKind.REPAYMENT_RECEIVED,))
    facts = read_facts(
        town.conn, np.array(sorted(a for (a,) in town.rows("SELECT account_id FROM credit_account")), np.int64)
    )
    naive: Counter[tuple[dt.date, int]] = Counter()
    for kind, on, amount in zip(facts.kind.tolist(), facts.value_on.tolist(), facts.amount_minor.tolist(), strict=True):
        if kind in kinds and from_day(on) <= END:
            naive[from_day(on), kind] += amount
    assert Counter({(one.day, one.kind): one.amount_minor for one in found}) == naive
    assert {one.first_arg for one in found} == {0}


def test_days_and_shards_are_told_as_they_were_closed(town):
    days = credit.list_day_views(town.conn, limit=5)
    assert [d.day for d in days] == [LATE + dt.timedelta(days=40 - k) for k in range(1, 6)]
    assert all((d.state, d.shards_done) == ("closed", d.shards) for d in days)
    assert credit.find_day(town.conn, days[0].day) == days[0]
    assert len(credit.list_shards(town.conn, days[0].day)) == days[0].shards
