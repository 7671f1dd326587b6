"""Runs of arrears and month ends of random lives, against a twin that looks at every single day."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.dates import NO_DAY, from_day, to_day
from honghua.credit.core.account import restore
from honghua.credit.core.layout import E_A0, E_A1, E_A2, E_AMOUNT, E_KIND, E_ON, EVENT, S_DUE
from honghua.credit.core.terms import ProductTerms, terms_matrix
from honghua.credit.viewing.monthly import NOTHING, Life, overdue_minor
from honghua.facts.kinds import FactKind

OPENED = to_day(dt.date(2026, 1, 5))
DAYS = 240
TERMS = terms_matrix({1: ProductTerms()})


def event(kind: FactKind, day: int, amount: int) -> list[int]:
    row = [0] * EVENT
    row[E_KIND], row[E_ON], row[E_AMOUNT] = int(kind), day, amount
    if kind is FactKind.ACCOUNT_OPENED:
        row[E_A0], row[E_A1], row[E_A2] = 1, 10, 1
    return row


STEPS = st.lists(
    st.tuples(
        st.integers(1, DAYS - 1), st.sampled_from([FactKind.PURCHASE_CAPTURED, FactKind.REPAYMENT_RECEIVED]),
        st.sampled_from([500, 9_000, 10_000, 30_000, 100_000, 250_000]),
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=40, deadline=None, derandomize=True)
@given(steps=STEPS)
def test_runs_of_arrears_are_what_every_day_says(steps: list[tuple[int, FactKind, int]]) -> None:
    rows = [event(FactKind.ACCOUNT_OPENED, OPENED, 10_000_000)]
    rows += [event(kind, OPENED + after, amount) for after, kind, amount in sorted(steps, key=lambda step: step[0])]
    events = np.array(rows, np.int64)
    life = Life(restore(1, "c", TERMS, NOTHING), events, NOTHING, 0)
    until = OPENED + DAYS
    _, statements = life.after(until)
    found = life.arrears(statements, until)
    runs: list[list[int]] = []
    for day in range(OPENED, until + 1):
        dawn, dusk = (overdue_minor(look(day)[0], day) for look in (life.at, life.after)) if day > OPENED else (0, 0)
        going = bool(runs) and runs[-1][1] == NO_DAY
        if dawn and not going:
            runs.append([day, NO_DAY, 0])
        if runs and runs[-1][1] == NO_DAY:
            runs[-1][2] = max(runs[-1][2], dawn, dusk)
            runs[-1][1] = NO_DAY if dusk else day
    assert [[run.start, run.cleared] for run in found] == [run[:2] for run in runs]
    account, _ = life.after(until)
    for month in (dt.date(2026, k, 1) for k in range(2, 9)):
        first, end = to_day(month), to_day((month + dt.timedelta(days=31)).replace(day=1))
        overlaps = any(run.start < end and (run.cleared == NO_DAY or run.cleared >= first) for run in found)
        assert life.was_late(account, statements, first, end) == overlaps
    for run, (_, _, most) in zip(found, runs, strict=True):
        assert run.most <= most, "more than was ever overdue"
    assert {from_day(day) for day in statements[:, S_DUE].tolist()} <= {dt.date(2026, m, 10) for m in range(1, 13)}


def test_paying_the_oldest_bill_does_not_end_a_run_that_goes_on() -> None:
    """Nothing paid in February and March; the first bill is paid on 20 March, the rest on 20 April, a new one is late from 11 June."""
    on = {name: to_day(dt.date(2026, *name)) for name in ((1, 6), (2, 6), (3, 20), (4, 20), (5, 6))}
    rows = [event(FactKind.ACCOUNT_OPENED, OPENED, 10_000_000)]
    rows += [event(FactKind.PURCHASE_CAPTURED, on[day], 100_000) for day in ((1, 6), (2, 6))]
    rows += [
        event(FactKind.REPAYMENT_RECEIVED, on[3, 20], 50_000),
        event(FactKind.REPAYMENT_RECEIVED, on[4, 20], 170_000),
    ]
    rows.append(event(FactKind.PURCHASE_CAPTURED, on[5, 6], 800_000))
    events = np.array(rows, np.int64)
    life = Life(restore(1, "c", TERMS, NOTHING), events, NOTHING, 0)
    until = to_day(dt.date(2026, 7, 31))
    first, second = life.arrears(life.after(until)[1], until)
    assert (from_day(first.start), from_day(first.cleared)) == (dt.date(2026, 2, 11), dt.date(2026, 4, 20))
    assert (from_day(second.start), second.cleared) == (dt.date(2026, 6, 11), NO_DAY)
