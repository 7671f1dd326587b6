"""Whatever a month was like and whoever lent, the lenders' parts are the account to the cent, and each makes a record that can be filed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.bureau.core import AccountType
from honghua.bureau.core.codes import OVERDUE
from honghua.bureau.core.filing import AMOUNTS, Header, compose_file, read_file
from honghua.bureau.core.parts import SHARED, LenderPart, divide_position
from honghua.bureau.core.records import Position, ProductSetting, make_record, make_void

MONTH = dt.date(2026, 3, 1)
SETTING = ProductSetting(
    product="p", reports=True, queries=True, charges_fees=True, account_type=AccountType.REVOLVING, reporter="us"
)
MINOR = st.integers(0, 3_000_000)
DAYS = st.integers(1, 31).map(lambda day: dt.date(2026, 3, day))
PARTS = st.builds(
    LenderPart, reporter=st.just(""), lent_on=st.dates(dt.date(2025, 6, 1), dt.date(2026, 3, 31)), out_minor=MINOR,
    got_minor=st.integers(-50_000, 900_000), lost_minor=MINOR, moved_on=st.none() | DAYS,
)  # fmt: skip


@st.composite
def positions(draw: st.DrawFn) -> Position:
    state = draw(st.sampled_from(["open", "open", "open", "closed", "written_off"]))
    overdue_from = draw(st.none() | st.dates(dt.date(2025, 11, 1), dt.date(2026, 3, 31)))
    owed = MINOR if state == "written_off" else st.integers(-10_000, 3_000_000)
    is_cleared = overdue_from is not None and overdue_from.replace(day=1) <= MONTH and draw(st.booleans())
    still = overdue_from is not None and not is_cleared and state == "open"
    return Position(
        account_id=1, customer="kim", product="p", currency="CNY", month=MONTH, opened_on=dt.date(2025, 5, 1), line_minor=draw(MINOR),
        used_minor=draw(MINOR), owed_minor=draw(owed), due_minor=draw(MINOR), paid_minor=draw(MINOR),
        last_paid_on=draw(st.none() | DAYS), days_past_due=draw(st.integers(1, 120)) if still else 0, overdue_from=overdue_from,
        cleared_on=max(dt.date(2026, 3, 31), overdue_from) if is_cleared and overdue_from else None, carried_cleared_on=None,
        overdue_minor=draw(st.integers(1, 900_000)) if still else 0, overdue_most_minor=draw(MINOR) if overdue_from else 0,
        risk_class=2, charged_off_minor=draw(st.integers(1, 3_000_000)) if state == "written_off" else 0, state=state,
        ended_on=None if state == "open" else dt.date(2026, 3, 30), trades=(), known_fact_id=9,
    )  # fmt: skip


@settings(max_examples=150, derandomize=True, deadline=None)
@given(positions(), st.lists(PARTS, max_size=4))
def test_parts_are_the_account(whole: Position, drawn: list[LenderPart]) -> None:
    parts = [replace(part, reporter=f"r{k}") for k, part in enumerate(drawn)]
    found = divide_position(whole, parts)
    assert [one.reporter for one in found] == ["", *(part.reporter for part in parts if part.is_told)]
    for name in SHARED:
        assert sum(getattr(one, name) for one in found) == getattr(whole, name), name
        assert all(getattr(one, name) >= 0 for one in found[1:]), name
    records = [record for one in found if (record := make_record(one, SETTING)) is not None]
    all_of_it = make_record(whole, SETTING)
    assert all_of_it is not None
    for name in AMOUNTS:
        assert sum(getattr(one, name) for one in records) == getattr(all_of_it, name), name
    for one in records:
        assert (one.status in OVERDUE) == (one.days_past_due > 0)
        assert one.cleared_on is None or (one.overdue_from is not None and one.overdue_from <= one.cleared_on)
        header = Header(file_id=1, reporter=one.reporter, month=MONTH, records=1)
        assert read_file(compose_file(header, [(1, one)]))[1:] == ([(1, one)], [])


def test_a_partner_reports_what_it_has_out_and_ends_when_it_has_all_back() -> None:
    whole = Position(
        account_id=1, customer="kim", product="p", currency="CNY", month=MONTH, opened_on=dt.date(2025, 5, 1), line_minor=100_000,
        used_minor=60_000, owed_minor=60_007, due_minor=20_000, paid_minor=9_000, last_paid_on=dt.date(2026, 3, 20), days_past_due=9,
        overdue_from=dt.date(2026, 3, 22), cleared_on=None, carried_cleared_on=None, overdue_minor=3_000, overdue_most_minor=3_000,
        risk_class=2, charged_off_minor=0, state="open", ended_on=None, trades=(), known_fact_id=9,
    )  # fmt: skip
    one = LenderPart(
        reporter="r1",
        lent_on=dt.date(2026, 1, 9),
        out_minor=20_000,
        got_minor=1_000,
        lost_minor=0,
        moved_on=dt.date(2026, 3, 20),
    )
    ours, theirs = divide_position(whole, [one])
    assert (theirs.opened_on, theirs.line_minor, theirs.used_minor) == (dt.date(2026, 1, 9), 20_000, 20_000)
    assert (theirs.owed_minor, theirs.overdue_minor, theirs.paid_minor, theirs.days_past_due) == (
        20_002,
        1_000,
        1_000,
        9,
    )
    assert (ours.line_minor, ours.used_minor, ours.paid_minor, ours.reporter) == (80_000, 40_000, 8_000, "")
    done = replace(one, out_minor=0)
    _, ended = divide_position(whole, [done])
    record = make_record(ended, SETTING)
    assert record is not None
    assert (record.status, record.ended_on, record.balance_minor, record.is_adverse) == (
        "C",
        dt.date(2026, 3, 20),
        0,
        False,
    )
    assert not any(getattr(make_void(record), name) for name in AMOUNTS)
    assert divide_position(whole, [replace(done, moved_on=None)]) == [whole], "a month later there is nothing to tell"
