"""A played city: the same bytes however the work is shared, sound rows, and people who answer to what they hear."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from honghua.base.rng import stable_hash
from honghua.features.core import EventKind
from honghua.sim.core.draft import Draft, act_ids, actor_of
from honghua.sim.core.gangs import CrewPlan
from honghua.sim.core.kernels import hash_keys, hash_uniforms
from honghua.sim.core.life import (
    DAY_COLUMNS,
    GANGS_FROM,
    REPORTS,
    Life,
    blocks_of,
    cast_city,
    market_of,
    merge_day,
    open_cells,
    play_city,
    play_day,
    settle_city,
)
from honghua.sim.core.life.playing import NOBODY
from honghua.sim.core.market import keys_of
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.truth import CRIME_STEP, NEVER_TOLD
from honghua.sim.scene_file import standard_scenes

DAYS = 12
PLAN = CityPlan(standard_scenes(), 900, DAYS, 5, dt.date(2026, 3, 2))
CREW = CrewPlan(5, 1)


@pytest.fixture(scope="module")
def registry():
    return settle_city(PLAN)


@pytest.fixture(scope="module")
def days(registry):
    return list(play_city(registry, CREW))


@pytest.fixture(scope="module")
def world(days):
    return dict(zip(DAY_COLUMNS, np.concatenate(days, axis=1)))


def test_the_same_plan_gives_the_same_bytes_and_another_seed_does_not(registry, days):
    again = list(play_city(settle_city(PLAN), CREW))
    assert all(one.tobytes() == other.tobytes() for one, other in zip(days, again, strict=True))
    other = next(iter(play_city(settle_city(replace(PLAN, seed=6)), CREW)))
    assert other.tobytes() != days[0].tobytes()


def test_cells_by_themselves_make_the_same_days(registry, days):
    """Each block in a world of its own, as if in another process, played to the end before the next one begins."""
    parts = []
    for block in blocks_of(registry, cast_city(registry, CREW)):
        alone = settle_city(PLAN)
        cells = open_cells(alone, cast_city(alone, CREW), [block])
        parts.append([play_day(alone, cells, day) for day in range(DAYS)])
    assert len(parts) == 2, "a block, and the one apart"
    for day in range(DAYS):
        assert merge_day([part[day] for part in parts]).tobytes() == days[day].tobytes()


def test_rows_are_sound(world, registry):
    assert (np.diff(world["at_us"]) >= 0).all()
    assert len(np.unique(world["act"])) == len(world["act"])
    assert (world["amount_minor"] > 0).all()
    assert (world["origin_at_us"] <= world["at_us"]).all()
    assert (world["customer"] > 0).all()
    kind = world["kind"]
    bought = np.isin(kind, (EventKind.PURCHASE, EventKind.REFUSED, EventKind.REFUND))
    for name in ("merchant", "device", "address", "category", "region"):
        assert (world[name][bought] > 0).all(), name
    assert (world["scene"][bought] >= 0).all()
    assert (world["payee"][kind == EventKind.TRANSFER] > 0).all()
    lent = (kind == EventKind.PURCHASE) & (world["credit"] == 1)
    assert lent.sum() > 300
    assert (world["amount_minor"] <= world["available_minor"])[lent].all()
    assert (world["available_minor"] <= np.maximum(world["limit_minor"], 0)).all()
    refused = kind == EventKind.REFUSED
    assert (world["credit"][refused] == 1).all()


def test_days_begin_at_local_midnight(days, registry):
    for day, events in enumerate(days):
        at = events[0] - registry.first_midnight_us
        assert (at // 86_400_000_000 == day).all()


def test_what_is_available_follows_from_the_events_before(world):
    """A naive second account of every customer."""
    last: dict[int, tuple[int, int]] = {}
    checked = 0
    names = ("kind", "amount_minor", "customer", "available_minor", "limit_minor", "credit")
    for kind, amount, who, available, limit, credit in zip(*(world[name].tolist() for name in names)):
        if kind in (EventKind.FRAUD_REPORTED, EventKind.CLEARED):
            continue
        raised = amount if kind == EventKind.LIMIT_RAISED else 0
        if who in last and last[who][1] > 0:
            assert (available, limit) == (last[who][0] + raised, last[who][1] + raised), kind
            checked += 1
        moved = {EventKind.PURCHASE: -amount * credit, EventKind.REFUND: amount * credit, EventKind.REPAYMENT: amount}
        last[who] = (min(available + moved.get(EventKind(kind), 0), limit), limit)
    assert checked > 2_000


def test_a_city_can_be_read_as_a_market(registry, days, world):
    market, truth = market_of(registry, days)
    market.schema.check(market.events)
    assert len(truth.fraud) == len(market.events) == len(world["act"])
    assert (truth.fraud == (world["crime"] % CRIME_STEP == 1)).all()
    hour = market.events[:, market.schema.place("hour")]
    assert (hour == (world["at_us"] // 3_600_000_000 + 8) % 24).all()
    assert market.events[0, market.schema.place("weekday")] == PLAN.first_day.weekday()
    reports = world["kind"] == EventKind.FRAUD_REPORTED
    told = truth.told_at_us < NEVER_TOLD
    assert told.any()
    assert set(truth.told_at_us[told].tolist()) <= set(world["at_us"][reports].tolist())
    assert (truth.told_at_us > world["at_us"]).all()


def test_gangs_act_in_the_block_apart_and_are_reported_later(world, registry):
    crimes = world["crime"] % CRIME_STEP == 1
    assert crimes.sum() > 20
    assert set(actor_of(world["act"][crimes]).tolist()) == {GANGS_FROM}
    told = (world["kind"] == EventKind.FRAUD_REPORTED) & (actor_of(world["act"]) == REPORTS)
    assert told.any()
    assert (world["at_us"] > world["origin_at_us"])[told].all()
    assert not crimes[told].any()
    crime_keys = set(zip(world["customer"][crimes].tolist(), world["at_us"][crimes].tolist()))
    about = set(zip(world["customer"][told].tolist(), world["origin_at_us"][told].tolist()))
    assert about <= crime_keys
    apart = cast_city(registry, CREW).apart
    ordinary = Life(registry, 0, apart=apart).members
    assert not np.isin(ordinary, apart).any()
    assert len(ordinary) + len(apart) == PLAN.people


def answers(rows, code):
    """Everything on credit gets this answer, everything else passes."""
    asked = (rows["kind"] == EventKind.PURCHASE) & (rows["credit"] > 0)
    codes = np.where(asked, code, Heard.APPROVED).astype(np.int8)
    granted = np.where(np.isin(codes, (Heard.APPROVED, Heard.PASSED_STEP_UP)), rows["amount_minor"], 0)
    return Outcomes(codes, granted)


def test_refused_people_buy_less_on_credit_and_some_try_again(registry):
    asked: dict[Heard, list[tuple[int, int]]] = {}
    for code in (Heard.APPROVED, Heard.REFUSED_RISK):
        life = Life(registry, 0, apart=NOBODY, raises=False)
        asked[code] = []
        for day in range(DAYS):
            rows = life.wants(day)
            tries = (rows["kind"] == EventKind.PURCHASE) & (rows["credit"] > 0)
            again = tries & (rows["about"] >= 0)
            asked[code].append((int((tries & ~again).sum()), int(again.sum())))
            life.hear(day, rows, answers(rows, code))
    granted, refused = (np.array(asked[code]) for code in (Heard.APPROVED, Heard.REFUSED_RISK))
    assert granted[0, 0] == refused[0, 0], "nobody knows yet"
    assert refused[-4:, 0].sum() < 0.8 * granted[-4:, 0].sum()
    assert granted[:, 1].sum() == 0
    assert refused[:, 1].sum() > 20


def test_a_second_try_is_for_less_and_there_is_no_third(registry):
    life = Life(registry, 0, apart=NOBODY, raises=False)
    wished: dict[int, int] = {}
    for day in range(6):
        rows = life.wants(day)
        for row in np.flatnonzero((rows["kind"] == EventKind.PURCHASE) & (rows["about"] >= 0)).tolist():
            about = int(rows["about"][row])
            assert rows["amount_minor"][row] < max(wished.pop(about), 101)
        first = rows["about"] < 0
        wished |= dict(zip(rows["act"][first].tolist(), rows["amount_minor"][first].tolist()))
        life.hear(day, rows, answers(rows, Heard.REFUSED_LIMIT))


def test_what_is_not_answered_did_not_happen(registry):
    """A life that hears of nothing sends nothing back and is told of nothing."""
    life = Life(registry, 0, apart=NOBODY, raises=False)
    nothing = Draft({name: values[:0] for name, values in life.wants(0).columns.items()})
    life.hear(0, nothing, Outcomes(np.zeros(0, np.int8), np.zeros(0, np.int64)))
    rows = life.wants(1)
    assert not np.isin(rows["kind"], (EventKind.REFUND, EventKind.CLEARED)).any()


def test_money_that_comes_back_is_in_the_wallet_again(registry):
    """Two lives that hear the same but for one refund of own money and one repayment that was too much."""
    one, other = (Life(registry, 0, apart=NOBODY, raises=False) for _ in range(2))
    sent_back = 0
    for day in range(6):
        rows = one.wants(day)
        other.wants(day)
        back = (rows["kind"] == EventKind.REFUND) & (rows["credit"] == 0)
        paid = rows["kind"] == EventKind.REPAYMENT
        all_of_it = answers(rows, Heard.APPROVED)
        half = np.where(paid, rows["amount_minor"] // 2, all_of_it.granted_minor)
        less = Outcomes(all_of_it.code, np.where(back, 0, half))
        before = one.standing.wallet_minor.sum() - other.standing.wallet_minor.sum()
        one.hear(day, rows, all_of_it)
        other.hear(day, rows, less)
        moved = one.standing.wallet_minor.sum() - other.standing.wallet_minor.sum() - before
        assert moved == rows["amount_minor"][back].sum() - (rows["amount_minor"] - half)[paid].sum()
        sent_back += int(back.sum())
        if sent_back:  # from now on the two live apart
            break
    assert sent_back


def test_acts_are_named_once_and_for_ever():
    acts = np.concatenate([act_ids(actor, day, 3) for actor in (0, 7, GANGS_FROM) for day in (0, 9, 16_000)])
    assert len(np.unique(acts)) == len(acts)
    assert (np.diff(acts) > 0).all()
    assert actor_of(acts[-1:]).tolist() == [GANGS_FROM]


def test_keys_are_those_of_markets_and_tastes_stay():
    ids = np.concatenate([[-1], np.arange(5_000)])
    out, left, right = np.empty(len(ids), np.int64), np.empty(5_000), np.empty(5_000)
    with np.errstate(over="ignore"):
        hash_keys(np.uint64(stable_hash(3, "keys", "shop") % 2**63), ids, out)
        hash_uniforms(np.uint64(17), ids[1:], ids[1:] // 7, left)
        hash_uniforms(np.uint64(18), ids[1:], ids[1:] // 7, right)
    assert np.array_equal(out, keys_of(3, "shop", ids))
    assert ((left >= 0) & (left < 1)).all()
    assert abs(left.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.05
    assert abs(np.corrcoef(left[1:], left[:-1])[0, 1]) < 0.05
