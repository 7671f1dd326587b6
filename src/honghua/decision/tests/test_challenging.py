"""A challenger that stops or loses clearly more is taken out; one that is as good stays, however often one looks."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.decision import api
from honghua.decision.core.outcomes import Outcome
from honghua.decision.core.sequential import Sums, compare_arms
from honghua.decision.tests.policies import HARSH, NOW, STRICT, TERMS, judge_all, purchases, release
from honghua.facts.kinds import FactKind

BOUNDS = api.ChallengerBounds(customers_min=50)


def sums(x: np.ndarray, n: np.ndarray) -> Sums:
    return Sums(len(x), *(float(one) for one in (x.sum(), n.sum(), x @ x, x @ n, n @ n)))


def report_fraud(conn, numbers, *, label=1):
    for number in numbers:
        conn.execute(
            "INSERT INTO store_fact (fact_id, kind, account_id, value_on, effective_on, happened_at, amount_minor, purchase_id, args)"
            " VALUES (nextval('store_fact_id'), %s, %s, %s, %s, %s, 100, %s, %s)",
            [int(FactKind.FRAUD_REPORTED), number, NOW.date(), NOW.date(), NOW, number, [label, 1, 0, 0]],
        )


def look(conn, *, bounds=BOUNDS):
    view = api.view_challenger(conn, bounds=bounds)
    assert view is not None
    return view


def seat_two(conn, source):
    champion = release(conn)
    challenger = release(conn, source, name="another", role=api.Role.CHALLENGER, share_ppm=500_000)
    return champion, challenger, api.Watch(TERMS)


def test_one_that_stops_far_more_is_taken_out_and_people_are_told(conn):
    champion, challenger, watch = seat_two(conn, HARSH)
    judge_all(conn, watch, purchases(1_600))
    seen = api.stop_challenger(conn, now=NOW, bounds=BOUNDS)
    assert seen is not None
    assert (seen.champion, seen.challenger) == (champion, challenger)
    assert "it stops" in seen.why
    assert seen.stopped.low > BOUNDS.stopped_rise_max
    lineup = api.find_lineup(conn)
    assert lineup is not None
    assert (lineup.champion, lineup.challenger) == (champion, None)
    api.deliver_alerts(conn, now=NOW)
    assert any(f"release {challenger}" in alert.subject for alert in api.list_alerts(conn))
    assert api.view_challenger(conn) is None
    columns, _ = judge_all(conn, watch, purchases(50, seed=2), first_id=5_000)
    assert set(columns.bundle_id.tolist()) == {champion}


def test_one_that_loses_more_is_taken_out_when_the_reports_arrive(conn):
    _, challenger, watch = seat_two(conn, STRICT.replace("fused >= 0.9", "fused >= 0.9001"))
    columns, _ = judge_all(conn, watch, purchases(600))
    theirs = columns.decision_id[(columns.bundle_id == challenger) & (columns.outcome == Outcome.APPROVE)].tolist()
    assert not look(conn).why
    report_fraud(conn, theirs[:60])
    view = look(conn)
    assert "it loses" in view.why
    assert "it stops" not in view.why
    report_fraud(conn, theirs[:60], label=0)  # taken back
    assert not look(conn).why


def test_nothing_is_said_of_few_customers(conn):
    _, _, watch = seat_two(conn, HARSH)
    judge_all(conn, watch, purchases(60))
    view = look(conn, bounds=api.ChallengerBounds())
    assert min(view.customers) < api.ChallengerBounds().customers_min
    assert not view.why


def test_intervals_hold_at_every_look_together():
    """Two equal arms, looked at after every customer of 1,500: the share of runs whose interval ever leaves out zero is within its word."""
    rng, misses, runs = np.random.default_rng(3), 0, 200
    for _ in range(runs):
        n = rng.integers(1, 6, (2, 1500)).astype(float)
        x = rng.binomial(n.astype(int), 0.2).astype(float)
        looks = range(50, 1500, 25)
        ever = any(
            not (found.low <= 0 <= found.high)
            for found in (compare_arms(sums(x[0, :t], n[0, :t]), sums(x[1, :t], n[1, :t]), alpha=0.1) for t in looks)
        )
        misses += ever
    assert misses / runs <= 0.1


@pytest.mark.parametrize("arms", [(0, 0), (1, 5), (5, 1)])
def test_no_customers_say_nothing(arms):
    ones = [sums(np.ones(k), np.ones(k)) if k else Sums(0, 0, 0, 0, 0, 0) for k in arms]
    found = compare_arms(*ones, alpha=0.05)
    assert found.low == -np.inf
    assert found.high == np.inf
