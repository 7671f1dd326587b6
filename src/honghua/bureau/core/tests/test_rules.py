"""Codes, clocks, repair policies and the file, against naive twins and on both sides of each limit; golden cases stand in tests/cases."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.bureau.core import (
    AccountType,
    MonthEnd,
    MonthFigures,
    OverdueItem,
    Trade,
    compute_status,
    end_of_month,
    judge,
    judge_all,
    lay_strip,
    list_months,
    month_after,
    parse_policy,
    start_clock,
)
from honghua.bureau.core.filing import Header, compose_file, compute_digest, read_file
from honghua.bureau.core.objections import RULES, ObjectionKind, due_on
from honghua.bureau.core.records import Position, ProductSetting, Record, make_record
from honghua.bureau.core.repair import write_policy
from honghua.bureau.core.report import find_items, show, sum_up
from honghua.bureau.policies import get_setting, load_policies, load_products

DAYS = st.dates(dt.date(2015, 1, 1), dt.date(2035, 12, 31))
(PBOC,) = load_policies()


@given(day=DAYS, count=st.integers(-60, 60))
def test_months(day: dt.date, count: int) -> None:
    later = month_after(day, count)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count
    assert later.day == 1
    assert end_of_month(day).day == calendar.monthrange(day.year, day.month)[1]
    assert list_months(day, 3) == [month_after(day, -2), month_after(day, -1), day.replace(day=1)]


@given(days=st.integers(0, 5_000))
def test_a_status_is_the_thirties_begun(days: int) -> None:
    status = compute_status(AccountType.REVOLVING, MonthFigures(days_past_due=days, due_minor=1))
    assert status == (str(min(7, (days + 29) // 30)) if days else "N")


def test_what_has_no_code_is_refused() -> None:
    with pytest.raises(BadInput, match="no monthly strip"):
        compute_status(AccountType.COLLECTION, MonthFigures())
    with pytest.raises(BadInput, match="no status"):
        compute_status(AccountType.CREDIT_CARD, MonthFigures(end=MonthEnd.GUARANTOR_PAID))
    with pytest.raises(BadInput):
        compute_status(AccountType.REVOLVING, MonthFigures(days_past_due=-1))


@given(last=DAYS, there=st.sets(st.integers(0, 30)))
def test_a_strip_has_its_length_and_its_months(last: dt.date, there: set[int]) -> None:
    statuses = {month_after(last.replace(day=1), -back): "N" for back in there}
    strip = lay_strip(AccountType.REVOLVING, statuses, last=last)
    assert len(strip) == 24
    for back, sign in enumerate(reversed(strip)):
        month = month_after(last.replace(day=1), -back)
        assert sign == ("N" if month in statuses else "/" if not statuses or month < min(statuses) else "#")


@given(occurred=DAYS, lasted=st.integers(0, 4_000))
@example(occurred=dt.date(2024, 2, 29), lasted=0)
def test_the_clock_is_five_calendar_years_from_the_end(occurred: dt.date, lasted: int) -> None:
    ended = occurred + dt.timedelta(days=lasted)
    clock = start_clock(occurred_on=occurred, ended_on=ended)
    try:
        last = ended.replace(year=ended.year + 5)
    except ValueError:
        last = dt.date(ended.year + 5, 2, 28)
    assert clock.last_on == last
    assert clock.is_shown(last)
    assert not clock.is_shown(last + dt.timedelta(days=1))
    assert start_clock(occurred_on=occurred, ended_on=None).is_shown(dt.date.max)


def test_conduct_does_not_end_before_it_begins() -> None:
    with pytest.raises(BadInput):
        start_clock(occurred_on=dt.date(2024, 1, 2), ended_on=dt.date(2024, 1, 1))


@settings(max_examples=200)
@given(
    arose=st.dates(dt.date(2019, 6, 1), dt.date(2026, 6, 30)), amount=st.integers(1, 2_000_000), lasted=st.integers(0, 800),
    left=st.sampled_from([0, 0, 0, 1]), paid=st.booleans(),
)  # fmt: skip
def test_repair_by_its_three_clauses(arose: dt.date, amount: int, lasted: int, left: int, paid: bool) -> None:
    """Against the notice written down a second time."""
    repaid = arose + dt.timedelta(days=lasted) if paid else None
    verdict = judge(PBOC, OverdueItem(arose_on=arose, amount_minor=amount, repaid_on=repaid, left_minor=left))
    holds = {
        "window": dt.date(2020, 1, 1) <= arose <= dt.date(2025, 12, 31),
        "amount": amount <= 1_000_000,
        "condition": repaid is not None and left == 0 and repaid <= dt.date(2026, 3, 31),
    }
    assert verdict.failed == tuple(name for name, well in holds.items() if not well)
    assert verdict.is_repaired == all(holds.values())
    if verdict.is_repaired:
        assert repaid is not None
        early = repaid <= dt.date(2025, 11, 30)
        assert verdict.off_on == (dt.date(2026, 1, 1) if early else end_of_month(month_after(repaid, 1)))


def test_the_truth_table_of_all_clauses() -> None:
    for window, amount, condition in itertools.product((True, False), repeat=3):
        item = OverdueItem(
            arose_on=dt.date(2022, 1, 1) if window else dt.date(2019, 1, 1), amount_minor=1 if amount else 1_000_001,
            repaid_on=dt.date(2025, 1, 1) if condition else None,
        )  # fmt: skip
        assert judge(PBOC, item).is_repaired == (window and amount and condition)


def test_a_policy_by_configuration_only() -> None:
    """R-258: other windows, caps by region; and what is not one is refused."""
    values = {
        "name": "gradient", "arose_first": "2026-01-01", "arose_last": "2026-12-31", "amount_most": "5000.00", "repaid_by": "2027-06-30",
        "amount_most_by_region": {"440000": "8000.00"}, "regions": ["440000", "520000"],
        "display": [{"repaid_until": "2026-12-31", "off_on": "2027-01-01"}, {"repaid_until": "2027-06-30", "months_after": 3}],
    }  # fmt: skip
    policy = parse_policy(values)
    assert parse_policy(write_policy(policy)) == policy
    assert parse_policy(json.loads(json.dumps(write_policy(PBOC)))) == PBOC
    item = OverdueItem(
        arose_on=dt.date(2026, 5, 5), amount_minor=800_000, repaid_on=dt.date(2027, 1, 31), region="440000"
    )
    assert judge(policy, item).off_on == dt.date(2027, 4, 30)
    assert judge(policy, replace(item, region="520000")).failed == ("amount",)
    assert judge(policy, replace(item, region="310000", amount_minor=1)).failed == ("region",)
    assert judge(PBOC, replace(item, amount_minor=1)).failed == ("window", "condition")
    found = judge_all((PBOC, policy), item)
    assert found is not None
    assert found[0].name == "gradient"
    assert judge_all((PBOC,), item) is None
    for spoilt in (
        {**values, "amount_most": "0.00"}, {**values, "arose_last": "2025-01-01"}, {**values, "display": []}, {**values, "odd": 1},
        {**values, "display": [{"repaid_until": "2027-06-30"}]}, {**values, "repaid_by": "soon"}, {"name": "empty"},
    ):  # fmt: skip
        with pytest.raises(BadInput, match="repair policy"):
            parse_policy(spoilt)


def test_objections_have_the_laws_days_and_cost_nothing() -> None:
    assert due_on(ObjectionKind.RECORD, dt.date(2026, 3, 6)) == dt.date(2026, 3, 26)
    assert due_on(ObjectionKind.REPAIR, dt.date(2026, 1, 31)) == dt.date(2026, 3, 2)
    assert {rule.fee_minor for rule in RULES.values()} == {0}


MONTH = dt.date(2026, 2, 1)
POSITION = Position(
    account_id=7, customer="c7", product="huabei", currency="CNY", month=MONTH, opened_on=dt.date(2026, 1, 5), line_minor=1_000_000,
    used_minor=100_000, owed_minor=100_500, due_minor=100_000, paid_minor=0, last_paid_on=None, days_past_due=18,
    overdue_from=dt.date(2026, 2, 11),
    cleared_on=None, carried_cleared_on=None, overdue_minor=10_000, overdue_most_minor=10_000,
    risk_class=2, charged_off_minor=0, state="open", ended_on=None,
    trades=(Trade.HARDSHIP_PLAN, Trade.PREPAID), known_fact_id=99,
)  # fmt: skip


def record_of(position: Position) -> Record:
    found = make_record(position, get_setting(load_products(), position.product))
    assert found is not None
    return found


def test_a_position_in_codes() -> None:
    record = record_of(POSITION)
    assert (record.status, record.days_past_due, record.trades) == ("1", 18, (4, 14))
    assert record.is_adverse
    cleared = record_of(replace(POSITION, cleared_on=dt.date(2026, 2, 20), days_past_due=0, overdue_minor=0))
    assert (cleared.status, cleared.days_past_due, cleared.is_adverse) == ("M", 0, True)
    prompt = record_of(replace(POSITION, overdue_from=None, days_past_due=0, overdue_minor=0, overdue_most_minor=0))
    assert (prompt.status, prompt.is_adverse) == ("N", False)
    lost = record_of(replace(POSITION, state="written_off", charged_off_minor=5, ended_on=dt.date(2026, 2, 3)))
    assert (lost.status, lost.overdue_minor, lost.balance_minor, lost.days_past_due) == ("B", 5, 5, 0)
    closed = replace(POSITION, state="closed", owed_minor=0, overdue_from=None, ended_on=dt.date(2026, 2, 3))
    assert record_of(closed).status == "C"
    setting = get_setting(load_products(), "huabei")
    assert make_record(replace(closed, ended_on=dt.date(2026, 1, 30)), setting) is None
    assert record_of(replace(POSITION, risk_class=0)).risk_class == 9
    assert (
        make_record(replace(POSITION, product="pay-later-unreported"), load_products()["pay-later-unreported"]) is None
    )
    with pytest.raises(BadInput, match="settings of huabei"):
        make_record(replace(POSITION, product="other"), setting)


def test_settings_of_a_product_nobody_named() -> None:
    assert get_setting(load_products(), "new").reports
    silent = ProductSetting(
        product="x", reports=False, queries=False, charges_fees=False, account_type=AccountType.REVOLVING, reporter=""
    )
    with pytest.raises(BadInput, match="nobody said"):
        get_setting({"x": silent}, "y")


@settings(max_examples=30)
@given(
    accounts=st.lists(st.integers(1, 10**12), unique=True, max_size=5),
    version=st.integers(1, 9),
    amount=st.integers(0, 10**12),
)
def test_a_file_is_read_back_and_made_again(accounts: list[int], version: int, amount: int) -> None:
    record = replace(record_of(POSITION), overdue_minor=amount)
    rows = sorted(((version, replace(record, account_id=one)) for one in accounts), key=lambda row: row[1].account_id)
    header = Header(file_id=3, reporter=record.reporter, month=MONTH, records=len(rows))
    body = compose_file(header, rows)
    assert read_file(body) == (header, rows, [])
    assert compute_digest(compose_file(header, rows[::-1])) == compute_digest(body)


def test_a_file_that_is_wrong_says_where() -> None:
    record = record_of(POSITION)
    header = Header(file_id=3, reporter="lender", month=MONTH, records=2)
    other = replace(record, account_id=8, reporter="lender")
    lines = compose_file(header, [(1, record), (1, other)]).decode().splitlines()
    spoilt = json.loads(lines[2])
    for name, value in (
        ("status", "X"), ("risk_class", 6), ("account_type", "Z9"), ("trades", [7]), ("overdue", "1.234"), ("version", 0),
        ("opened_on", "2026-03-01"), ("opened_on", None), ("days_past_due", 0), ("customer", ""), ("goods", "shoes"),
    ):  # fmt: skip
        body = "\n".join([*lines[:2], json.dumps({**spoilt, name: value})]).encode()
        _, rows, problems = read_file(body)
        assert len(rows) == 1, name
        assert [one.row for one in problems] == [3], name
    _, _, problems = read_file("\n".join([*lines[:2], lines[1]]).encode())
    assert [one.code for one in problems] == ["RECORD_TWICE"]
    _, _, problems = read_file("\n".join(lines[:2]).encode())
    assert [one.code for one in problems] == ["COUNT_WRONG"]
    for rubbish in (b"", b"\xff", b"{}", b"[]"):
        with pytest.raises(BadInput, match="not a file of"):
            read_file(rubbish)


def story(*, cleared: dt.date | None) -> list[Record]:
    """Late in February and March 2026, cleared in April or not."""
    february = record_of(POSITION)
    march = replace(
        february,
        month=dt.date(2026, 3, 1),
        status="2",
        days_past_due=49,
        overdue_minor=90_000,
        overdue_most_minor=95_000,
    )
    april = replace(march, month=dt.date(2026, 4, 1), status="3")
    if cleared is not None:
        april = replace(
            april, status="M", days_past_due=0, overdue_minor=0, overdue_most_minor=96_000, cleared_on=cleared
        )
    return [february, march, april]


def test_items_are_runs_of_arrears() -> None:
    (item,) = find_items(story(cleared=dt.date(2026, 4, 9)))
    assert (item.arose_on, item.ended_on, item.amount_minor, item.left_minor) == (
        dt.date(2026, 2, 11), dt.date(2026, 4, 9), 96_000, 0,
    )  # fmt: skip
    assert len(item.months) == 3
    (item,) = find_items(story(cleared=None))
    assert (item.ended_on, item.left_minor) == (None, 90_000)


def test_a_run_that_ended_before_another_began_in_one_month() -> None:
    """Cleared on 2 March, late again from 11 March: the first item has its end, and its clock."""
    february = record_of(POSITION)
    march = replace(
        february, month=dt.date(2026, 3, 1), overdue_from=dt.date(2026, 3, 11), carried_cleared_on=dt.date(2026, 3, 2)
    )
    april = replace(march, month=dt.date(2026, 4, 1), overdue_from=None, cleared_on=None, overdue_minor=0, status="N",
                    carried_cleared_on=dt.date(2026, 4, 1))  # fmt: skip
    first, second = find_items([april, february, march])
    assert (first.ended_on, first.left_minor, second.ended_on) == (dt.date(2026, 3, 2), 0, dt.date(2026, 4, 1))


def test_what_shows_before_and_after() -> None:
    """Repair and the five years alike clean summary and detail; an unpaid item never goes."""
    paid = story(cleared=dt.date(2026, 4, 9))
    key = (7, dt.date(2026, 2, 11))
    off = dt.date(2026, 5, 31)
    before = show("c7", paid, on=dt.date(2026, 5, 30), repaired={key: off})
    after = show("c7", paid, on=off, repaired={key: off})
    assert before.accounts[0].strip[-3:] == "12M"
    assert after.accounts[0].strip[-3:] == "NNN"
    assert (before.summary.worst_status, before.summary.overdue_months) == (2, 2)
    assert (after.summary.worst_status, after.summary.overdue_months, after.summary.overdue_accounts) == (0, 0, 0)
    assert [overdue for _, _, overdue in after.accounts[0].history] == [0, 0, 0]
    for report in (before, after):
        assert report.summary == sum_up(report.accounts)
    assert show("c7", paid, on=dt.date(2031, 4, 9), repaired={}).summary.worst_status == 2
    assert show("c7", paid, on=dt.date(2031, 4, 10), repaired={}).summary.worst_status == 0
    unpaid = story(cleared=None)
    assert show("c7", unpaid, on=dt.date(2099, 1, 1), repaired={key: off}).summary.worst_status == 3, (
        "not paid after all"
    )
