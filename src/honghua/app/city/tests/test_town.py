"""A town on the real platform: what is wanted is answered once, heard by everybody, and found again after a stop."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.app.city.town import SILENT_DAYS, TownPlan, open_town
from honghua.app.robots.refitting import read_known
from honghua.app.verifying import verify
from honghua.base.clock import to_micros
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.sim.api import CATEGORY_NAMES, Heard, MarketPlan, Names
from honghua.sim.driving.tests.market_actor import MarketActor, month_starts
from honghua.store.database import connect

FIRST = dt.date(2026, 2, 20)
DAYS = 16


def make_town(seed=3):
    actor = MarketActor(MarketPlan(200, DAYS, seed, rings=1), month_starts(FIRST, DAYS))
    names = Names(seed, FIRST, CATEGORY_NAMES)
    return TownPlan(names, actor.city.people.limit_minor, actor.city.shops.online, ()), actor


def live(database, days, *, known=True):
    plan, actor = make_town()
    with open_town(database, plan, actor, folder=None, told=lambda text: None) as town:
        if not known:
            town.platform.known = {}
        while town.day < days:
            town.live_day()
        return town.platform.diary.columns(), actor.granted_minor.copy()


def test_a_town_lives_and_is_found_again(database):
    diary, granted = live(database, DAYS)
    assert len(diary["act"]) > 300
    approved = np.isin(diary["heard"], (Heard.APPROVED, Heard.APPROVED_LESS, Heard.PASSED_STEP_UP))
    assert (diary["granted_minor"][approved] > 0).all()
    assert (diary["granted_minor"][~approved] == 0).all()
    assert (granted[diary["act"][approved]] == diary["granted_minor"][approved]).all()
    assert all(check.ok for check in verify(database))
    with connect(database) as conn:
        assert credit.get_business_day(conn) == FIRST + dt.timedelta(days=DAYS)
    again, heard = live(database, DAYS)
    assert (again["granted_minor"] == diary["granted_minor"]).all()
    assert (heard == granted).all()


def test_bills_are_paid_and_goods_come_back(database):
    live(database, DAYS)
    with connect(database) as conn:
        rows = conn.execute("SELECT kind, count(*) FROM store_fact GROUP BY kind").fetchall()
    kinds: dict[int, int] = dict(rows)
    assert kinds[8] > 20  # repayments, after the cut on the first of March
    assert kinds[7] > 0  # refunds
    assert kinds[4] > 0  # holds until receipt


def test_robots_know_what_was_told_and_what_stayed_silent_long_enough(database):
    plan, actor = make_town()
    with open_town(database, plan, actor, folder=None, told=lambda text: None) as town:
        while town.day < DAYS:
            town.live_day()
        bought = list(town.platform.purchases.items())
        told = [
            (number, int(actor.rows["customer"][np.flatnonzero(actor.rows["act"] == act)[0]]))
            for act, (number, _) in bought
        ]
        (first, _), (last, _) = told[0], told[-1]
        now = town.platform.names.at(DAYS * 86_400_000_000)
        reports = [
            c.ReportFraud(key=f"told {number}", customer=f"P{who:06d}", purchase_id=number)
            for number, who in (told[0], told[-1])
        ]
        credit.execute(town.conn, town.platform.registry, reports, now=now)
        known = read_known(town.conn, now_us=to_micros(now), silent_days=SILENT_DAYS, one_in=1)
    assert (np.diff(known.decision_ids) > 0).all()
    assert known.labels[np.flatnonzero(known.decision_ids == first)[0]] == 1
    assert (known.labels == 0).any()
    # Frauds of yesterday beside clear purchases of long ago would teach that what is new is a fraud.
    assert known.at_us.max() < to_micros(now) - SILENT_DAYS * 86_400_000_000
    assert last not in known.decision_ids


@pytest.mark.parametrize("silent_days", [0, 400])
def test_silence_decides_who_is_clear(database, silent_days):
    live(database, 3)
    with connect(database) as conn:
        now_us = to_micros(dt.datetime(2026, 3, 30, tzinfo=dt.UTC))
        known = read_known(conn, now_us=now_us, silent_days=silent_days, one_in=1)
    assert (len(known.labels) > 0) == (silent_days == 0)
