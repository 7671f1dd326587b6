"""The plain house against a house of dicts, and its bills by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.features.core import EventKind
from honghua.sim.core.almanac import open_calendar
from honghua.sim.core.draft import act_ids, draft
from honghua.sim.core.life.accounts import NEVER_DUE, open_accounts
from honghua.sim.core.life.house import GRACE_DAYS, House
from honghua.sim.core.outcomes import Heard

PURCHASE, REFUND, TRANSFER, REPAYMENT, RAISED = (EventKind(k) for k in (1, 2, 3, 4, 5))
LONG_AGO = -1


def open_house(limits, used=None, members=None, bill_day=15):
    k = len(limits)
    members = np.arange(k) if members is None else np.array(members)
    accounts = open_accounts(members, limit_minor=np.array(limits), used_minor=np.array(used or [0] * k))
    calendar = open_calendar(dt.date(2026, 1, 1), 250)
    return House(accounts, np.full(k, bill_day, np.int8), np.array(limits), np.full(k, LONG_AGO, np.int32), calendar)


def wants(**columns):
    rows = draft(**columns)
    columns = dict(rows.columns)
    columns["act"] = act_ids(0, 0, len(rows))
    return type(rows)(columns)


def test_within_the_limit_yes_beyond_it_no():
    house = open_house([100_000])
    rows = wants(
        at_us=np.arange(4),
        kind=PURCHASE,
        amount_minor=[60_000, 50_000, 50_000, 40_000],
        customer=0,
        credit=[1, 1, 2, 2],
    )
    settled = house.settle(0, rows)
    assert settled.outcomes.code.tolist() == [Heard.APPROVED, Heard.REFUSED_LIMIT, Heard.REFUSED_LIMIT, Heard.APPROVED]
    assert settled.outcomes.granted_minor.tolist() == [60_000, 0, 0, 40_000]
    assert settled.rows["credit"].tolist() == [1, 0, 1, 1], "the second is paid by own means, the third is a refusal"
    assert settled.rows["kind"].tolist() == [PURCHASE, PURCHASE, EventKind.REFUSED, PURCHASE]
    assert settled.available_minor.tolist() == [100_000, 40_000, 40_000, 40_000]
    assert settled.kept.all()
    assert house.accounts.available_minor.tolist() == [0]


def test_own_money_asks_nobody_and_strangers_have_no_account():
    house = open_house([50_000], members=[7])
    rows = wants(at_us=np.arange(3), kind=PURCHASE, amount_minor=10_000, customer=[7, 8, 8], credit=[0, 0, 2])
    settled = house.settle(0, rows)
    assert settled.outcomes.code.tolist() == [Heard.NOT_TRIED, Heard.NOT_TRIED, Heard.REFUSED_LIMIT]
    assert house.accounts.used_minor.tolist() == [0]
    assert settled.limit_minor.tolist() == [50_000, 0, 0]


def test_a_bill_its_minimum_and_what_comes_of_not_paying():
    house = open_house([500_000], used=[200_000])
    billed = 14 - GRACE_DAYS  # due on the 15th, day 14
    for day in range(billed + 1):
        house.turn(day)
    accounts = house.accounts
    assert (accounts.unpaid_minor[0], accounts.minimum_minor[0], accounts.due_day[0]) == (200_000, 20_000, 14)
    house.turn(16)
    assert not accounts.blocked[0]
    house.turn(17)
    assert accounts.blocked[0]
    assert accounts.available_minor.tolist() == [0]
    bought = house.settle(17, wants(at_us=[0], kind=PURCHASE, amount_minor=[1_000], customer=0, credit=2))
    assert bought.outcomes.code.tolist() == [Heard.REFUSED_LIMIT]
    paid = house.settle(17, wants(at_us=[0], kind=REPAYMENT, amount_minor=[20_000], customer=0))
    assert paid.outcomes.granted_minor.tolist() == [20_000]
    house.turn(18)
    assert not accounts.blocked[0]
    assert accounts.unpaid_minor.tolist() == [180_000]


def test_instalments_are_asked_for_month_by_month():
    house = open_house([900_000])
    house.settle(0, wants(at_us=[0], kind=PURCHASE, amount_minor=[500_001], customer=0, credit=2, instalments=6))
    asked = []
    for day in range(230):
        house.turn(day)
        if house.accounts.due_day[0] == day and house.accounts.unpaid_minor[0]:
            asked.append(int(house.accounts.unpaid_minor[0]))
            house.settle(day, wants(at_us=[0], kind=REPAYMENT, share_ppm=1_000_000, customer=0))
    assert asked == [83_334] * 5 + [83_331]
    assert house.accounts.used_minor.tolist() == [0]
    assert house.accounts.due_day[0] == NEVER_DUE


def test_shares_refunds_raises():
    house = open_house([100_000], used=[40_000])
    rows = wants(
        at_us=np.arange(4), kind=[RAISED, PURCHASE, REFUND, REPAYMENT], customer=0, credit=[0, 1, 1, 0],
        share_ppm=[500_000, 500_000, 0, 1_000_000], grid_minor=1_000, amount_minor=[0, 0, 5_000, 0],
    )  # fmt: skip
    settled = house.settle(0, rows)
    assert settled.rows["amount_minor"].tolist() == [50_000, 55_000, 5_000, 90_000]
    assert settled.limit_minor.tolist() == [150_000] * 4
    assert house.accounts.used_minor.tolist() == [0]


@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_is_the_house_of_dicts(seed):
    rng = np.random.default_rng(seed)
    k, n = 6, 300
    members = np.sort(rng.choice(50, k, replace=False))
    house = open_house(rng.integers(1, 9, k) * 50_000, members=members.tolist())
    rows = wants(
        at_us=np.arange(n), kind=rng.choice([1, 1, 1, 2, 3, 4], n), customer=rng.choice([*members.tolist(), 99], n),
        amount_minor=rng.integers(1, 90_000, n), credit=rng.integers(0, 3, n),
    )  # fmt: skip
    used = dict.fromkeys(members.tolist(), 0)
    limit = dict(zip(members.tolist(), house.accounts.limit_minor.tolist()))
    settled = house.settle(0, rows)
    for row in range(n):
        who, kind, amount, wish = (int(rows[name][row]) for name in ("customer", "kind", "amount_minor", "credit"))
        left = limit.get(who, 0) - used.get(who, 0)
        assert settled.available_minor[row] == max(left, 0)
        code, moved = Heard.APPROVED, amount
        if kind == PURCHASE and wish == 0:
            code, moved = Heard.NOT_TRIED, 0
        elif kind == PURCHASE and amount > left:
            code, moved = Heard.REFUSED_LIMIT, 0
        elif kind == PURCHASE:
            used[who] += amount
        elif kind == REFUND and wish > 0 and who in used:
            used[who] -= min(used[who], amount)
        elif kind == REPAYMENT:
            moved = min(used.get(who, 0), amount)
            code = Heard.APPROVED if moved else Heard.NOT_TRIED
            if who in used:
                used[who] -= moved
        assert (settled.outcomes.code[row], settled.outcomes.granted_minor[row]) == (code, moved), row
    assert house.accounts.used_minor.tolist() == [used[who] for who in members.tolist()]
