"""A city against a guard: it sees no truth, its no is a no, accounts stay sound, and adapting pays for the crooks."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.features.core import EventKind
from honghua.sim.core import MARKET_SCHEMA, OpenDoor, PlainGuard, PlayPlan, play
from honghua.sim.core.gangs import CrewPlan
from honghua.sim.core.life import cast_city, settle_city
from honghua.sim.core.market import FIRST_MIDNIGHT_US, keys_of
from honghua.sim.core.plan import CityPlan
from honghua.sim.scene_file import standard_scenes

SCENES = standard_scenes()
SMALL = PlayPlan(people=700, days=24, seed=11, rings=1, hours=6)
SCORED = (EventKind.PURCHASE, EventKind.TRANSFER)


@pytest.fixture(scope="module")
def worlds():
    plain = PlayPlan(people=700, days=24, seed=11, rings=1, hours=6, adaptive=False)
    return {
        ("open", False): play(plain, SCENES, OpenDoor()), ("open", True): play(SMALL, SCENES, OpenDoor()),
        ("guarded", False): play(plain, SCENES, PlainGuard()), ("guarded", True): play(SMALL, SCENES, PlainGuard()),
    }  # fmt: skip


def column(played, name):
    return played.market.events[:, MARKET_SCHEMA.place(name)]


def crimes(played):
    return played.truth.fraud & np.isin(column(played, "kind"), SCORED)


def loot(played):
    return int(column(played, "amount_minor")[crimes(played) & ~played.refused].sum())


def test_the_same_plan_gives_the_same_bytes(worlds):
    again = play(SMALL, SCENES, PlainGuard())
    for one, other in (
        (again.market.events, worlds["guarded", True].market.events), (again.refused, worlds["guarded", True].refused),
        (again.truth.ring, worlds["guarded", True].truth.ring),
    ):  # fmt: skip
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("way", [("open", False), ("guarded", True)])
def test_what_the_guard_saw_is_sound(worlds, way):
    played = worlds[way]
    events = played.market.events
    played.market.schema.check(events)
    assert (np.diff(events[:, 0]) >= 0).all()
    assert len(events) == len(played.refused) == len(played.truth.fraud)
    kinds = set(np.unique(column(played, "kind")).tolist())
    assert kinds >= {1, 2, 3, 4, 5, 6, 8}
    assert np.isin(column(played, "kind")[played.refused], SCORED).all()
    on_credit = (column(played, "kind") == EventKind.PURCHASE) & (column(played, "credit") == 1)
    assert (column(played, "amount_minor") <= column(played, "available_minor"))[on_credit].all()


def test_a_refused_purchase_moves_no_account(worlds):
    """A naive second account: from one span to the next, what is used changes by what happened, and refused acts did not."""
    played = worlds["guarded", True]
    place = MARKET_SCHEMA.place
    span = SMALL.hours * 3_600_000_000
    rows = np.flatnonzero(np.isin(column(played, "kind"), (1, 2, 3, 4, 5)))
    last: dict[int, tuple[int, int]] = {}
    checked = 0
    for row, refused in zip(played.market.events[rows].tolist(), played.refused[rows].tolist()):
        at, kind, amount, who = row[0] - FIRST_MIDNIGHT_US, row[1], row[2], row[place("customer")]
        used = row[place("limit_minor")] - row[place("available_minor")]
        if who in last:
            before, then = last[who]
            if then // span < at // span:
                assert used == before
                checked += 1
            used = before  # within a span amounts are asked for before anything is refused
        moved = {EventKind.PURCHASE: amount, EventKind.REFUND: -amount, EventKind.REPAYMENT: -amount}
        credit = row[place("credit")] or kind == EventKind.REPAYMENT
        change = 0 if refused or not credit else moved.get(EventKind(kind), 0)
        last[who] = (max(used + change, 0), at)
    assert checked > 3_000
    assert played.refused.sum() > 100


def test_nobody_tells_of_what_did_not_happen(worlds):
    played = worlds["guarded", False]
    key = [MARKET_SCHEMA.place(name) for name in ("customer", "amount_minor", "merchant", "payee")]
    refused = {
        (row[0], *(row[p] for p in key)) for row in played.market.events[played.refused & crimes(played)].tolist()
    }
    told = played.market.events[np.isin(column(played, "kind"), (EventKind.FRAUD_REPORTED, EventKind.REFUND))]
    assert len(told) > 20 < len(refused)
    assert not refused & {(row[3], *(row[p] for p in key)) for row in told.tolist()}


def test_reports_come_late_and_in_part(worlds):
    played = worlds["open", False]
    told = column(played, "kind") == EventKind.FRAUD_REPORTED
    assert (column(played, "at_us")[told] > column(played, "origin_at_us")[told]).all()
    known = played.truth.told_at_us < 2**62
    assert 0.2 < known[crimes(played)].mean() < 0.95
    assert known[~crimes(played)].mean() < 0.01
    assert told.sum() == (known & (played.truth.told_at_us < played.market.ends_at_us)).sum()


def test_whom_gangs_do_not_touch_lives_as_ever(worlds):
    """Whether gangs adapt changes nothing for those who have to do with none: their transfers, which no house refuses here."""
    registry = settle_city(CityPlan(SCENES, SMALL.people, SMALL.days, SMALL.seed))
    touched = keys_of(SMALL.seed, "person", cast_city(registry, CrewPlan(SMALL.seed, SMALL.rings)).apart)
    rows = []
    for way in (False, True):
        one = worlds["open", way]
        chosen = (column(one, "kind") == EventKind.TRANSFER) & ~np.isin(column(one, "customer"), touched)
        assert not one.truth.ring[chosen].any()
        rows.append(one.market.events[chosen][:, [0, 2, 4, 8]])
    assert len(rows[0]) > 300
    assert np.array_equal(*rows)


def test_adapting_pays(worlds):
    """Where nobody refuses it gains nothing; against a guard gangs lose less, and a smaller part of what they try is refused."""
    free, plain, clever = (loot(worlds[way]) for way in (("open", False), ("guarded", False), ("guarded", True)))
    assert 0.8 < loot(worlds["open", True]) / free < 1.25
    assert plain < 0.5 * free
    assert clever > 1.4 * plain
    share = [worlds["guarded", way].refused[crimes(worlds["guarded", way])].mean() for way in (False, True)]
    assert share[1] < 0.8 * share[0]


def test_truth_is_in_no_column(worlds):
    assert worlds["guarded", True].market.schema == MARKET_SCHEMA
    for way, moods in ((way, worlds[way].moods) for way in worlds):
        assert all(sum(one.values()) == 1 for one in moods.values()), way


@pytest.mark.parametrize("plan", [{"people": 10}, {"days": 1}, {"hours": 5}])
def test_plans_that_make_no_sense(plan):
    with pytest.raises(ValueError, match="a play needs"):
        PlayPlan(**plan)
