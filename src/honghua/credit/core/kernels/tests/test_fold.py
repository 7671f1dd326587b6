"""The fold itself: days taken in any steps, states to go on from, raw facts of any kind, compiled or not."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.dates import from_day
from honghua.credit.core.account import NOTHING_ISSUED, Account, refold, restore
from honghua.credit.core.kernels.days import advance
from honghua.credit.core.kernels.tests.drawing import TERMS_ROWS, digest_of, draw_event, draw_events, empty
from honghua.credit.core.layout import (
    D_BASE,
    D_FEE,
    D_MINIMUM,
    D_PENALTY,
    D_REVOLVING,
    H_AS_OF,
    H_CHARGED_OFF,
    H_DUES,
    H_FEE_CARRIED,
    H_HELD,
    H_INTEREST_ACCRUED,
    H_LIMIT,
    H_NEXT_ACTION,
    H_OVERPAID,
    H_PENALTY_ACCRUED,
    H_PLANS,
    H_TEMPORARY,
    H_UNBILLED,
    OK,
    P_BILLED,
    P_DEFERRED,
    P_FEE_LEFT,
    P_LEFT,
    P_PERIODS,
    STATEMENT,
)
from honghua.facts.kinds import FactKind
from honghua.ledger.core.chart import Component

C = Component

SEEDS = st.integers(0, 2**32 - 1)
NOT_NEGATIVE = (
    H_UNBILLED,
    H_HELD,
    H_TEMPORARY,
    H_LIMIT,
    H_OVERPAID,
    H_CHARGED_OFF,
    H_FEE_CARRIED,
    H_INTEREST_ACCRUED,
    H_PENALTY_ACCRUED,
)
FOLDED = [*(kind for kind in FactKind if kind <= FactKind.STATUS_SET), FactKind.CHARGES_WAIVED]


def make(seed: int, n: int = 25, amount_max: int = 500_000) -> Account:
    events = draw_events(seed, n, amount_max)
    return refold(empty(), events, NOTHING_ISSUED, int(events[-1, 1]))[0]


def pass_to(account: Account, days: list[int]) -> tuple[list[int], list[list[int]]]:
    """The state after these stops, and the statements cut on the way."""
    copy = restore(1, "test", TERMS_ROWS, account.snapshot())
    cut = []
    for day in days:
        statements = np.zeros((40, STATEMENT), np.int64)
        copy.dues = np.vstack([copy.dues, np.zeros((40, copy.dues.shape[1]), np.int64)])
        status, count = advance(copy.head, copy.dues, copy.plans, copy.terms, NOTHING_ISSUED, day, statements, 0)
        assert status == OK
        cut += statements[:count].tolist()
    return copy.snapshot().tolist(), cut


def check_sound(account: Account) -> None:
    """What holds in every state, however it came about."""
    head, balance = account.head, account.balance
    assert int(balance.sum()) == 0
    assert int(balance[C.LIMIT_GRANTED : C.LIMIT_OVER + 1].sum()) == 0
    assert all(head[k] >= 0 for k in NOT_NEGATIVE)
    assert (
        min(
            balance[:6].min(),
            balance[C.LIMIT_AVAILABLE],
            balance[C.LIMIT_USED],
            -balance[C.LIMIT_OVER],
            -balance[C.DEFERRED_SUBSIDY],
        )
        >= 0
    )
    assert head[H_NEXT_ACTION] > head[H_AS_OF]
    for due in account.dues[: head[H_DUES]]:
        unpaid = int(due[D_REVOLVING : D_PENALTY + 1].sum())
        assert due[D_REVOLVING : D_PENALTY + 1].min() >= 0
        assert unpaid > 0
        assert 0 <= due[D_MINIMUM] <= unpaid
        assert 0 <= due[D_BASE] <= due[D_REVOLVING]
        assert due[D_FEE] >= 0
    for plan in account.plans[: head[H_PLANS]]:
        assert min(plan[P_LEFT], plan[P_FEE_LEFT], plan[P_DEFERRED]) >= 0
        assert plan[P_BILLED] < plan[P_PERIODS]
    assert not account.dues[head[H_DUES] :].any()
    assert not account.plans[head[H_PLANS] :].any()


@settings(max_examples=200)
@given(seed=SEEDS, stops=st.lists(st.integers(1, 400), max_size=6))
def test_one_long_step_equals_many_short_ones(seed, stops):
    account = make(seed)
    start = int(account.head[H_AS_OF])
    end = start + 400
    whole = pass_to(account, [end])
    assert pass_to(account, [*sorted({start + stop for stop in stops}), end]) == whole
    assert pass_to(account, list(range(start + 1, end + 1))) == whole


@settings(max_examples=200)
@given(seed=SEEDS, place=st.integers(1, 25), wait=st.integers(0, 60))
def test_any_state_is_a_place_to_go_on_from(seed, place, wait):
    events = draw_events(seed, 25)
    to = int(events[-1, 1]) + 100
    whole, statements = refold(empty(), events, NOTHING_ISSUED, to)
    pause = min(int(events[place, 1]), int(events[place - 1, 1]) + wait)
    half, first = refold(empty(), events[:place], NOTHING_ISSUED, pause)
    again, second = refold(restore(1, "test", TERMS_ROWS, half.snapshot()), events[place:], NOTHING_ISSUED, to)
    assert again.snapshot().tolist() == whole.snapshot().tolist()
    assert np.vstack([first, second]).tolist() == statements.tolist()


@settings(max_examples=200)
@given(seed=SEEDS, kind=st.sampled_from(FOLDED), amount_max=st.sampled_from([1, 500, 500_000, 10**15]))
@example(seed=0, kind=FactKind.WRITTEN_OFF, amount_max=10**15)
@example(seed=1, kind=FactKind.HARDSHIP_AGREED, amount_max=10**15)
def test_every_kind_of_fact_is_total(seed, kind, amount_max):
    """No exception, status OK, and a sound state: whatever the account was, and with a bill and a year after it."""
    account = make(seed, 15, amount_max)
    check_sound(account)
    if kind is FactKind.ACCOUNT_OPENED:
        account = empty()
    day = int(account.head[H_AS_OF]) or 19_700
    event = draw_event(np.random.default_rng(seed), kind, day, 16, amount_max)
    lines = account.apply(event, terms_id=int(event[5]) if kind is FactKind.ACCOUNT_OPENED else None)
    assert int(lines.amounts.sum()) == 0
    check_sound(account)
    for later in (35, 400):
        account, _ = refold(account, event[:0].reshape(0, len(event)), NOTHING_ISSUED, day + later)
        check_sound(account)
    assert np.abs(account.head).max() < 2**62, "headroom"


def test_an_unknown_kind_is_named():
    account = make(3)
    event = draw_event(np.random.default_rng(1), FactKind.STATUS_SET, int(account.head[H_AS_OF]), 1, 100)
    event[0] = 77
    with pytest.raises(AssertionError, match="status 3"):
        account.apply(event)


def test_events_in_disorder_are_refused():
    events = draw_events(5, 6)
    events[-1, 1] = events[0, 1] - 1
    with pytest.raises(AssertionError, match="status 2"):
        refold(empty(), events, NOTHING_ISSUED, int(events[0, 1]) + 1)


@settings(max_examples=30)
@given(seed=SEEDS)
def test_one_cut_a_calendar_month(seed):
    """However often the pair of days changes: no month without a cut, none with two."""
    events = draw_events(seed, 30, write_off=0.0)
    account, cuts = empty(), []
    to = int(events[-1, 1]) + 90
    account, _ = refold(account, events[:1], NOTHING_ISSUED, int(events[0, 1]))
    place = 1
    for day in range(int(events[0, 1]) + 1, to):
        account, statements = refold(account, events[:0], NOTHING_ISSUED, day)
        cuts += [from_day(int(statement[1])) for statement in statements]
        today = []
        while place < len(events) and events[place, 1] == day:
            today.append(events[place])
            place += 1
        if today:
            account, _ = refold(account, np.array(today), NOTHING_ISSUED, day)
    months = [cut.year * 12 + cut.month for cut in cuts]
    assert months == sorted(set(months))


def test_compiled_and_plain_python_agree():
    """The same seeded histories, amounts up to 10**15, with warnings as errors: a product beyond int64 would be one."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-m", "honghua.credit.core.kernels.tests.drawing", "0", "12"]
    plain = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.strip() == digest_of(range(12))


@pytest.mark.slow
def test_compiled_and_plain_python_agree_on_many():
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-m", "honghua.credit.core.kernels.tests.drawing", "100", "500"]
    plain = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.strip() == digest_of(range(100, 500))
