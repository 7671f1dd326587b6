"""Feed, counts, neighbourhood and groups beside plain Python over the same purchases."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest

from honghua.base.clock import DAY_US, from_micros
from honghua.base.errors import BadInput
from honghua.decision import api
from honghua.decision.core import Outcome
from honghua.decision.core.outcomes import LETS_BUY
from honghua.decision.lists import find_key
from honghua.decision.tests.policies import BASE, NOW, NOW_US, judge_all, release
from honghua.decision.viewing import neighbourhood, rings

EVENTS = ("at_us", "kind", "amount_minor", "origin_at_us", "customer", "merchant", "device", "address", "payee")
TERMS = api.EngineTerms(BASE, ("s1", "s2"), EVENTS)
THINGS = ("device", "address", "payee", "merchant")
N = 600


def make(n=N, *, seed=3, people=300, things=150):
    """Purchases an hour apart; one in five has no device, shops are few, shop 7 is called 书店."""
    rng = np.random.default_rng(seed)
    base = np.stack([rng.integers(1, 100_000, n), np.full(n, 90_000), rng.random(n)], axis=1).astype(np.float64)
    base[rng.random(n) < 0.1, 2] = np.nan
    events = np.zeros((n, len(EVENTS)), np.int64)
    events[:, 0] = events[:, 3] = NOW_US + np.arange(n) * DAY_US // 24
    events[:, 1], events[:, 2] = 1, base[:, 0].astype(np.int64)
    events[:, 4] = rng.integers(1, people, n)
    events[:, 5] = rng.integers(1, 12, n)
    events[events[:, 5] == 7, 5] = find_key("merchant", "书店")
    for place in (6, 7, 8):
        events[:, place] = rng.integers(1, things * place, n)
    events[rng.random(n) < 0.2, 6] = 0
    return base, events, np.stack([base[:, 2], np.zeros(n)], axis=1).astype(np.float32)


@pytest.fixture
def told(conn):
    """The purchases as plain rows, the newest first, after they were judged and recorded."""
    release(conn)
    made = make()
    columns, _ = judge_all(conn, api.Watch(TERMS), made, first_id=1_000)
    rows = []
    for k in range(N):
        row = dict(zip(EVENTS, made[1][k].tolist()))
        row |= {
            "id": 1_000 + k,
            "account": row["customer"] * 10,
            "outcome": int(columns.outcome[k]),
            "reason": columns.reason[k] or "",
        }
        row |= {"granted": int(columns.amount_minor[k]), "fused": made[0][k, 2], "release": int(columns.bundle_id[k])}
        rows.append(row)
    return rows[::-1]


FILTERS: list[tuple[dict[str, Any], Any]] = [
    ({}, lambda r: True),
    ({"outcomes": (Outcome.REFUSE, Outcome.STEP_UP)}, lambda r: r["outcome"] in (3, 5)),
    ({"reason": "RISK_REFUSED"}, lambda r: r["reason"] == "RISK_REFUSED"),
    ({"least_minor": 30_000, "most_minor": 60_000}, lambda r: 30_000 <= r["amount_minor"] <= 60_000),
    ({"merchant": "书店"}, lambda r: r["merchant"] == find_key("merchant", "书店")),
    ({"account_id": 70}, lambda r: r["account"] == 70),
    ({"before": 1_100}, lambda r: r["id"] < 1_100),
    ({"ids": (1_003, 1_500, 9_999)}, lambda r: r["id"] in (1_003, 1_500)),
    ({"after": 1_580, "outcomes": (Outcome.APPROVE,)}, lambda r: r["id"] > 1_580 and r["outcome"] == 1),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "passes"), FILTERS, ids=[str(list(wanted)) for wanted, _ in FILTERS])
def test_the_feed_shows_what_passes_the_filter(conn, told, wanted, passes):
    page = api.list_judged(conn, api.FeedFilter(**wanted), limit=40)
    naive = [row for row in told if passes(row)][:40]
    assert [row.decision_id for row in page.rows] == [row["id"] for row in naive]
    for row, plain in zip(page.rows, naive, strict=True):
        assert (row.account_id, row.outcome, row.reason) == (plain["account"], plain["outcome"], plain["reason"])
        assert (row.asked_minor, row.granted_minor) == (plain["amount_minor"], plain["granted"])
        assert row.fused == (None if np.isnan(plain["fused"]) else plain["fused"])
        assert dict(row.things) == {name: plain[name] for name in THINGS if plain[name]}
    assert page.scanned_to is None


def test_a_feed_says_where_it_stopped_looking(conn, told, monkeypatch):
    monkeypatch.setattr("honghua.decision.viewing.feed.SCAN_MAX", 100)
    page = api.list_judged(conn, api.FeedFilter(outcomes=(Outcome.DELAY,)))
    assert (page.rows, page.scanned_to) == ((), told[99]["id"])
    with pytest.raises(BadInput):
        api.list_judged(conn, api.FeedFilter(), limit=0)


def test_counts_by_day(conn, told):
    since, until = NOW, NOW + dt.timedelta(days=20)
    found = api.count_outcomes(conn, since=since, until=until, step=dt.timedelta(days=1))
    naive: Counter[tuple[int, int, str]] = Counter()
    asked: Counter[tuple[int, int, str]] = Counter()
    for row in told:
        day = (row["at_us"] - NOW_US) // DAY_US
        if day < 20:
            naive[day, row["outcome"], row["reason"]] += 1
            asked[day, row["outcome"], row["reason"]] += row["amount_minor"]
    assert {((c.since - since).days, int(c.outcome), c.reason): c.decisions for c in found} == naive
    assert {((c.since - since).days, int(c.outcome), c.reason): c.asked_minor for c in found} == asked
    assert api.count_outcomes(conn, since=since, until=until, step=dt.timedelta(days=1), release_id=99) == []
    with pytest.raises(BadInput):
        api.count_outcomes(conn, since=since, until=until, step=dt.timedelta(seconds=1))


def test_a_decisions_neighbourhood_is_who_shares_what(conn, told):
    centre = next(row for row in told if row["device"])
    found = api.find_neighbourhood(conn, centre["id"], days=20)
    assert found is not None
    since = centre["at_us"] - 20 * DAY_US
    old = [row for row in told if row["id"] <= centre["id"] and row["at_us"] >= since]
    own = {(name, centre[name]) for name in THINGS if centre[name]}
    shown = set(found.accounts)
    for contact in found.contacts:
        row = next(r for r in old if r["id"] == contact.decision_id)
        assert (row["account"], row[contact.entity], row["outcome"]) == (
            contact.account_id,
            contact.key,
            contact.outcome,
        )
    assert centre["account"] in shown
    for thing in own:
        users = {row["account"] for row in old if row[thing[0]] == thing[1]}
        assert len(users & shown) + found.left_out.get(thing, 0) == len(users)
    used: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for row in old:
        if row["account"] in shown:
            for name in THINGS:
                used[name, row[name]].add(row["account"])
    shared = {thing for thing, accounts in used.items() if thing[1] and (len(accounts) > 1 or thing in own)}
    drawn = {(contact.entity, contact.key) for contact in found.contacts}
    assert own <= drawn <= shared
    assert len(drawn) == min(len(shared), neighbourhood.THINGS_MAX)
    assert not found.is_cut
    assert api.find_neighbourhood(conn, 5) is None


def test_around_a_device_and_an_account(conn, told):
    row = next(r for r in told if r["device"])
    around = api.find_around(conn, "device", row["device"], since=from_micros(NOW_US))
    users = {r["account"] for r in told if r["device"] == row["device"]}
    assert users <= set(around.accounts)
    mine = api.find_around(conn, "account", 0, since=from_micros(NOW_US), account_id=row["account"])
    assert row["account"] in mine.accounts
    with pytest.raises(BadInput):
        api.find_around(conn, "region", 1, since=NOW)


def test_a_look_is_cut_where_its_own_time_holds_more_than_is_looked_at(conn, told, monkeypatch):
    monkeypatch.setattr(neighbourhood, "RECORDS_MAX", 100)
    device = next(row["device"] for row in told if row["device"])
    for records, is_cut in ((99, False), (100, True)):
        since = from_micros(told[records - 1]["at_us"])
        assert api.find_around(conn, "device", device, since=since).is_cut is is_cut


def test_groups_are_what_hangs_together(conn, told):
    found = api.find_rings(conn, since=NOW)
    naive = group_naively(told)
    assert found.records == N
    assert {ring.accounts for ring in found.rings} == naive
    assert len(naive) > 1
    for ring in found.rings:
        mine = [row for row in told if row["account"] in ring.accounts]
        away = sum(row["outcome"] not in LETS_BUY for row in mine)
        assert (ring.purchases, ring.turned_away) == (len(mine), away)
        assert ring.amount_minor == sum(row["amount_minor"] for row in mine) == sum(amount for _, amount in ring.by_day)
        scores = [row["fused"] for row in mine[: rings.SCORED_MAX] if not np.isnan(row["fused"])]
        assert ring.score == pytest.approx(np.mean(scores))
        assert ring.suspicion == pytest.approx(1 - (1 - np.mean(scores)) * (1 - away / len(mine)))
    assert [ring.suspicion for ring in found.rings] == sorted((r.suspicion for r in found.rings), reverse=True)
    one = found.rings[-1]
    assert api.find_rings(conn, since=NOW, around=frozenset(one.accounts[:1])).rings == (one,)


def group_naively(rows, most=rings.USERS_MAX, only=None):
    """Groups by growing sets until nothing joins."""
    used: defaultdict[tuple[str, int], Counter[int]] = defaultdict(Counter)
    for row in rows:
        for name in THINGS:
            if row[name]:
                used[name, row[name]][row["account"]] += 1
    sets = []
    for (name, _), accounts in used.items():
        users = {a for a, n in accounts.items() if name != "merchant" or n >= rings.SHOP_PURCHASES_MIN}
        bound = min(most, rings.SHOP_USERS_MAX) if name == "merchant" else most
        if 2 <= len(users) <= bound:
            users = users if only is None else users & only
            sets.append(set(users))
    groups: list[set[int]] = []
    for users in sets:
        touching = [g for g in groups if g & users]
        groups = [g for g in groups if not g & users] + [users.union(*touching)]
    found = set()
    for group in groups:
        if len(group) > rings.MEMBERS_MAX and most > 2:
            found |= group_naively(rows, most - 1, group)
        elif len(group) > 1:
            found.add(tuple(sorted(group)))
    return found
