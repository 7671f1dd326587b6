"""Values of events against plain Python on the list of edges, and what planted rings do to them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.graph.core import ADDRESS, CUSTOMER, DEVICE, GROUPS, MERCHANT, EdgePlan, Graph, GraphSensor
from honghua.graph.core.kernels import crowds, senses
from honghua.graph.core.sensing import CROWD_NAMES, CYCLE_NAMES, LINK_NAMES, MONEY_NAMES, SUBJECT_NAMES, THING_NAMES
from honghua.graph.core.tests.twin import DAY, Twin, cycle, shares

AT, KIND, AMOUNT, WHO, SHOP, GADGET, HOME, TO = 0, 1, 2, 4, 5, 6, 7, 8
PLAN = EdgePlan(
    pairs=(
        (WHO, SHOP, CUSTOMER, MERCHANT),
        (WHO, GADGET, CUSTOMER, DEVICE),
        (WHO, HOME, CUSTOMER, ADDRESS),
        (WHO, TO, CUSTOMER, CUSTOMER),
    )
)
THING_TYPES = (MERCHANT, DEVICE, ADDRESS, CUSTOMER)
BEGIN = 1_700_000_000_000_000
DAY_US = 86_400_000_000
PURCHASE, REPAYMENT = 1, 4


def make_events(rng, n, *, customers, shops, days):
    """Purchases and transfers of a small town with shared devices, and some rows that make no edges."""
    events = np.zeros((n, 9), np.int64)
    events[:, AT] = BEGIN + np.sort(rng.integers(0, int(days * DAY_US), n))
    events[:, KIND] = rng.choice([1, 3, 4], n, p=[0.7, 0.25, 0.05])
    events[:, AMOUNT] = rng.integers(100, 100_000, n)
    events[:, WHO] = rng.integers(0, customers + 1, n)
    events[:, SHOP] = np.where(events[:, KIND] == 1, (shops * rng.random(n) ** 2).astype(np.int64) + 1, 0)
    events[:, GADGET] = np.where(rng.random(n) < 0.8, events[:, WHO], rng.integers(1, customers, n))
    events[:, HOME] = np.where(rng.random(n) < 0.5, events[:, WHO] // 3 + 1, 0)
    events[:, TO] = np.where(events[:, KIND] == 3, rng.integers(1, customers, n), 0)
    return events


def naive_own(twin, who, kind, thing):
    """SUBJECT_NAMES of a customer and one type of thing."""
    entries = [e for e in twin.newest(who, 30, senses.SUBJECT_CAP) if e.paid and e.other[0] == kind]
    within = [[e for e in entries if twin.clock - e.tick <= d * DAY] for d in (1, 7, 30)]
    pair = sum(e.other == thing for e in entries)
    return [
        *(len(w) for w in within), *(sum(e.amount for e in w) for w in within), *(len({e.other for e in w}) for w in within),
        (twin.clock - entries[1].tick) * 4 if len(entries) > 1 else math.nan,
        math.nan if thing is None else float(pair <= 1),
        pair / len(entries) if thing is not None and entries else math.nan,
    ]  # fmt: skip


def naive_thing(twin, who, thing, total_ever):
    """THING_NAMES of one thing."""
    entries = twin.newest(thing, 30, senses.THING_CAP, {(CUSTOMER, False)})
    within = [[e for e in entries if twin.clock - e.tick <= d * DAY] for d in (1, 7, 30)]
    others = [e for e in entries if e.other != who]
    fresh = list({e.other: e for e in reversed(others)}.values())  # newest entry of each
    fresh = sorted(fresh, key=lambda e: others.index(next(o for o in others if o.other == e.other)))[:16]
    first = {o.other: o for o in reversed(others)}
    own = entries[0].amount
    count = len(entries)
    return [
        *(len(w) for w in within), *(sum(e.amount for e in w) for w in within), *(len({e.other for e in w}) for w in within),
        (twin.clock - others[0].tick) * 4 if others else math.nan,
        sum(abs(e.amount - own) * 64 <= own for e in others[:16]) / len(others[:16]) if others else math.nan,
        sum(total_ever(e.other) <= senses.THIN_ENTRIES for e in fresh) / len(fresh) if others else math.nan,
        sum(twin.clock - first[e.other].tick <= DAY for e in fresh) / len(fresh) if others else math.nan,
        max(shares(entries).values()) / count,
        (twin.clock - entries[7].tick) * 4 if count >= 8 else math.nan,
        (twin.clock - entries[31].tick) * 4 if count >= 32 else math.nan,
        len(within[0]) * 30 / count, len({e.other for e in entries}) / count, float(count == senses.THING_CAP),
    ]  # fmt: skip


def naive_money(twin, who):
    """MONEY_NAMES of a customer."""
    entries = twin.newest(who, 30, senses.SUBJECT_CAP)
    both, last = [], []
    for paid in (False, True):
        week = [e for e in entries if e.other[0] == CUSTOMER and e.paid == paid and twin.clock - e.tick <= 7 * DAY]
        day = [e for e in week if twin.clock - e.tick <= DAY]
        both.append([len(day), sum(e.amount for e in day), sum(e.amount for e in week), len({e.other for e in week})])
        last.append(max((e.tick for e in week), default=None))
    ratios = [
        min(both[0][k], both[1][k]) / max(both[0][k], both[1][k]) if both[0][k] + both[1][k] else math.nan
        for k in (1, 2)
    ]
    delay = math.nan if last[0] is None or last[1] is None or last[1] < last[0] else (last[1] - last[0]) * 4
    return [*both[0], *both[1], *ratios, delay]


def naive_links(twin, shop):
    """LINK_NAMES of a shop: groups of its last buyers that share a device, an address or money."""
    buyers = twin.distinct(twin.newest(shop, 30, senses.THING_CAP, {(CUSTOMER, False)}), crowds.LINK_BUYERS)
    sorts = {(DEVICE, True), (ADDRESS, True), (CUSTOMER, True)}
    things = {
        b: {e.other for e in twin.newest(b, 30, crowds.LINK_THINGS, sorts, visits=2 * crowds.LINK_THINGS)}
        for b in buyers
    }
    groups: list[tuple[set[tuple[int, int]], set[tuple[int, int]]]] = []
    for buyer in buyers:
        touching = [g for g in groups if g[1] & things[buyer]]
        groups = [g for g in groups if g not in touching]
        groups.append(({buyer}.union(*(g[0] for g in touching)), things[buyer].union(*(g[1] for g in touching))))
    linked = sum(len(g[0]) for g in groups if len(g[0]) > 1)
    return [linked, linked / len(buyers) if buyers else math.nan, max((len(g[0]) for g in groups), default=0)]


def naive_crowd(twin, who, shop, sorts, days):
    """The first thirteen of CROWD_NAMES: the two of peeling have a test of their own."""
    mine = twin.newest(who, 30, senses.SUBJECT_CAP)
    week = [e for e in mine if e.other[0] == MERCHANT and e.paid and twin.clock - e.tick <= 7 * DAY]
    own = twin.distinct(week, crowds.THEIRS)
    usable = [e for e in mine if (e.other[0], e.paid) in sorts and twin.clock - e.tick <= days * DAY]
    met: dict[tuple[int, int], int] = {}
    hubs = 0
    for thing in twin.distinct(usable, crowds.MIDDLE):
        users = twin.newest(thing, days, crowds.CO_CAP, {(CUSTOMER, False)})
        if len(users) == crowds.CO_CAP <= 2 * len({e.other for e in users}):
            hubs += 1
            continue
        new = {e.other: e.tick for e in reversed(users) if e.other != who and e.other not in met}
        room = crowds.CROWD_CAP - len(met)
        met |= {other: new[other] for other in list(dict.fromkeys(e.other for e in users if e.other in new))[:room]}
        if len(new) > room:
            break  # a crowd is full only when one more would belong to it
    looked = list(met)[: crowds.EXPLORED]
    bought = {m: twin.newest(m, 7, crowds.THEIRS, {(MERCHANT, True)}, visits=3 * crowds.THEIRS) for m in looked}
    theirs = {m: {e.other for e in bought[m]} for m in looked}
    edges, all_shops = sum(len(t) for t in theirs.values()), set().union(*theirs.values()) if looked else set()
    at = sum(shop in t for t in theirs.values())
    overlap = max((len(t & set(own)) / len(t | set(own)) for t in theirs.values() if t or own), default=0)
    top = max((sum(s in t for t in theirs.values()) for s in all_shops), default=0)
    return [
        len(met), sum(twin.clock - t <= DAY for t in met.values()), sum(twin.clock - t <= 7 * DAY for t in met.values()), hubs,
        math.nan if shop is None else at,
        math.nan if shop is None else sum(e.amount for m in looked for e in bought[m] if e.other == shop),
        math.nan if shop is None or not looked else at / len(looked),
        sum(len(t & set(own)) >= 2 for t in theirs.values()), overlap, edges, len(all_shops),
        top / len(looked) if looked else math.nan, edges / (len(looked) + max(len(all_shops), 1)) if looked else math.nan,
    ]  # fmt: skip


def naive_row(twin, event):
    """All values of an event but those of peeling, which are left None."""
    who = (CUSTOMER, int(event[WHO]))
    keys = [(kind, int(event[p[1]])) for kind, p in zip(THING_TYPES, PLAN.pairs, strict=True)]
    things = [None if key[1] == 0 or key == who else key for key in keys]
    row: list[float | None] = []
    for kind, thing in zip(THING_TYPES, things, strict=True):
        row += naive_own(twin, who, kind, thing)
        row += (
            [math.nan] * len(THING_NAMES)
            if thing is None
            else naive_thing(twin, who, thing, lambda n: len(twin.entries[n]))
        )
    row += naive_money(twin, who)
    row += [None] * len(CYCLE_NAMES)
    row += [math.nan] * len(LINK_NAMES) if things[0] is None else naive_links(twin, things[0])
    row += [*naive_crowd(twin, who, things[0], {(DEVICE, True), (ADDRESS, True), (CUSTOMER, True)}, 30), None, None]
    row += [*naive_crowd(twin, who, things[0], {(MERCHANT, True)}, 7), None, None]
    return row


@pytest.mark.parametrize(
    ("n", "customers", "shops"), [(160, 30, 12), pytest.param(6_000, 400, 60, marks=pytest.mark.slow)]
)
def test_every_value_equals_plain_python(n, customers, shops):
    rng = np.random.default_rng(n)
    events = make_events(rng, n, customers=customers, shops=shops, days=45)
    sensor = GraphSensor(Graph(4 * customers, 4 * n, 30), PLAN)
    out = np.empty((n, len(sensor.names)), np.float32)
    sensor.step(events, out)
    twin = Twin(30)
    read = 0
    for event, got in zip(events, out, strict=True):
        if event[KIND] not in PLAN.kinds:
            assert np.isnan(got).all()
            continue
        twin.move(int(event[AT]))
        for left, right, kind, other in PLAN.pairs:
            twin.add((kind, int(event[left])), (other, int(event[right])), int(event[AMOUNT]))
        if event[WHO] == 0:
            assert np.isnan(got).all()
            continue
        for name, value, want in zip(sensor.names, got.tolist(), naive_row(twin, event), strict=False):
            if want is not None:
                assert value == pytest.approx(want, rel=1e-6, nan_ok=True), (name, event.tolist())
        edges = got[sensor.names.index("graph_cycle_edges")]
        if event[TO] and event[TO] != event[WHO]:
            assert edges == cycle(twin, (CUSTOMER, int(event[WHO])), (CUSTOMER, int(event[TO])), 7)
        else:
            assert np.isnan(edges)
        read += 1
    assert read > n // 2


def test_one_by_one_is_the_same_as_all_at_once_and_nothing_looks_ahead():
    rng = np.random.default_rng(2)
    events = make_events(rng, 120, customers=20, shops=8, days=20)
    whole, single = (GraphSensor(Graph(100, 500, 30), PLAN) for _ in range(2))
    out, row = np.empty((120, len(whole.names)), np.float32), np.empty((1, len(whole.names)), np.float32)
    whole.step(events, out)
    for k in range(120):
        single.step(events[k : k + 1], row)
        assert row[0].tobytes() == out[k].tobytes()
    for name, array in whole.graph.arrays().items():
        assert np.array_equal(array, single.graph.arrays()[name]), name


@pytest.mark.parametrize("group", GROUPS)
def test_groups_alone_and_left_out_have_the_values_that_all_have(group):
    rng = np.random.default_rng(6)
    events = make_events(rng, 150, customers=20, shops=8, days=20)
    events[:, TO] = np.where(events[:, TO] > 0, events[:, TO] % 5 + 1, 0)
    whole = GraphSensor(Graph(100, 500, 30), PLAN)
    wanted = np.empty((150, len(whole.names)), np.float32)
    whole.step(events, wanted)
    for groups in ((group,), tuple(g for g in GROUPS if g != group)):
        sensor = GraphSensor(Graph(100, 500, 30), replace(PLAN, groups=groups))
        out = np.empty((150, len(sensor.names)), np.float32)
        sensor.step(events, out)
        assert 0 < len(sensor.names) < len(whole.names)
        assert sensor.names == tuple(name for name in whole.names if name in set(sensor.names))
        assert np.array_equal(out, wanted[:, [whole.names.index(name) for name in sensor.names]], equal_nan=True)


def value(sensor, out, name):
    """One value of the last event."""
    return float(out[-1, sensor.names.index("graph_" + name)])


def background(rng, n=300):
    """An honest town: own devices, many shops."""
    events = make_events(rng, n, customers=60, shops=30, days=10)
    events[:, GADGET] = events[:, WHO]
    events[:, HOME] = 0
    return events


def run(events):
    """Sensor and values of a stream."""
    events = events[np.argsort(events[:, AT], kind="stable")]
    sensor = GraphSensor(Graph(600, 3_000, 30), PLAN)
    out = np.empty((len(events), len(sensor.names)), np.float32)
    sensor.step(events, out)
    return sensor, out


def ring_event(hour, who, shop, gadget, *, to=0):
    """A purchase (or with `to` a transfer) in the ring's last hours."""
    row = np.zeros((1, 9), np.int64)
    row[0, [AT, KIND, AMOUNT, WHO, SHOP, GADGET, TO]] = (
        BEGIN + 10 * DAY_US + int(hour * 3.6e9), 3 if to else 1, 50_000, who, shop, gadget, to,
    )  # fmt: skip
    return row


def test_a_device_farm_is_seen_at_its_last_edge():
    """Eight customers on two devices buy at three shops: the crowd meets at the shop and moves in lockstep; honest buyers' do not."""
    honest = background(np.random.default_rng(3))
    farm = [ring_event(0.1 * k, 900 + k % 8, 700 + k % 3, 800 + k % 2) for k in range(48)]
    sensor, out = run(np.concatenate([honest, *farm]))
    assert value(sensor, out, "tied_at_shop") >= 3
    assert value(sensor, out, "tied_lockstep") >= 3
    assert value(sensor, out, "linked_buyers_share") == 1
    assert value(sensor, out, "tied_peel_density") > 0.85
    assert value(sensor, out, "merchant_same_amount_share") == 1
    column = out[: len(honest), sensor.names.index("graph_tied_peel_density")]
    assert np.nanmax(column) < 0.75


def test_a_circle_of_transfers_is_closed_by_its_last_edge():
    honest = background(np.random.default_rng(4))
    circle = [
        ring_event(k, who, 0, who, to=to)
        for k, (who, to) in enumerate([(901, 902), (902, 903), (903, 904), (904, 901)])
    ]
    sensor, out = run(np.concatenate([honest, *circle]))
    assert value(sensor, out, "cycle_edges") == 4
    assert value(sensor, out, "cycle_age_s") == 3 * 3600
    assert value(sensor, out, "cycle_amount") == pytest.approx(50_000, rel=1 / 256)
    assert out[-2, sensor.names.index("graph_cycle_edges")] == 0


def test_a_mule_gathers_and_passes_on():
    fan = [ring_event(0.05 * k, 900 + k, 0, 900 + k, to=950) for k in range(10)]
    sensor, out = run(np.concatenate([background(np.random.default_rng(5)), *fan, ring_event(1, 950, 0, 950, to=951)]))
    assert value(sensor, out, "money_in_distinct_7d") == 10
    assert value(sensor, out, "money_in_count_1d") == 10
    assert value(sensor, out, "money_pass_delay_s") == pytest.approx(0.55 * 3600, abs=4)


def test_peeling_finds_the_planted_block():
    """Five members who all go to four shops, and three who go elsewhere alone or in pairs."""
    block = np.array([0b11111] * 4 + [0b1100000, 0b10000001] + [0] * (crowds.SHOPS - 6), np.int64)
    out = np.zeros(2, np.float32)
    crowds.peel_block(block, 6, 8, np.zeros((2, crowds.SHOPS), np.int64), np.zeros(16, np.int64), out)
    assert out[1] == 5
    assert out[0] == pytest.approx(20 / 2 / 9)  # 20 edges of weight 1 / (1 + 2 / 2) over 5 members and 4 shops


def test_plans_that_make_no_sense_are_refused():
    for groups in ((), ("owns",), ("community",)):
        with pytest.raises(BadInput):
            EdgePlan(pairs=((4, 5, 0, 1),), groups=groups)
    for pairs in ((), ((4, 5, 0, 8),), ((4, 5, 0, 1), (4, 6, 0, 1)), ((-1, 5, 0, 1),)):
        with pytest.raises(BadInput):
            EdgePlan(pairs=pairs)
    sensor = GraphSensor(Graph(10, 10, 30), EdgePlan(pairs=((4, 5, 0, 1),)))
    assert len(set(sensor.names)) == len(sensor.names) == len(SUBJECT_NAMES) + len(THING_NAMES) + len(CROWD_NAMES)
    assert not any("money" in name for name in sensor.names)
    assert len(GraphSensor(Graph(10, 10, 30), PLAN).names) == 4 * 31 + len(MONEY_NAMES) + 3 + 3 + 30 + 4
    with pytest.raises(BadInput):
        sensor.step(np.zeros((1, 5), np.int64), np.zeros((1, len(sensor.names)), np.float32))
    with pytest.raises(BadInput):
        sensor.step(np.zeros((1, 9), np.int64), np.zeros((1, 3), np.float32))
