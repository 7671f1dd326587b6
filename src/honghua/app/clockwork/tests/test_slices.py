"""The permanent slice by the clock: lots for who may take part, kept before limits move, outcomes when the period is over, evidence."""

from __future__ import annotations

import datetime as dt
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from honghua.app.clockwork.learning.slices import OFF, draw_piece, make_drawer
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit import jobs as credit_jobs
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.lab.profiles.api import key_of_person
from honghua.limits import api as limits
from honghua.limits.response import api as response
from honghua.store.database import run_unit

FIRST = dt.date(2026, 1, 30)
NOW = dt.datetime(2026, 1, 30, 4, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
LOTS = response.Slice(name="by the clock", share_ppm=1_000_000, factors_ppm=(800_000, 1_000_000, 1_250_000))
TERMS = response.SliceTerms(LOTS, months=1, default_days=90)
SHIPPED = Path(str(files("honghua.limits") / "response" / "data" / "slice.toml"))
BASE = 400_000
MOVABLE = [f"c{k}" for k in range(8)]
OTHERS = ["silent", "poor", "spent"]  # without consent, without room, with more used than the smallest factor leaves


def live(conn) -> credit.Registry:
    credit.start_book(conn, day=FIRST)
    registry = credit.open_registry(conn)
    names = [*MOVABLE, *OTHERS]
    credit.execute(
        conn, registry, [c.OpenAccount(key=f"o {one}", customer=one, limit_minor=BASE) for one in names], now=NOW
    )
    buying = c.BuyNow(key="b", customer="spent", amount_minor=390_000, merchant="M", order="b", category="milk-powder")
    assert credit.execute(conn, registry, [buying], now=NOW)[0]["outcome"] == "approved"

    def agree(k) -> None:
        customers.publish_texts(k, now=NOW)
        version = next(text.version for text in customers.list_texts(k) if text.kind is ConsentKind.AUTOMATED_DECISION)
        yes = customers.Said(kind=ConsentKind.AUTOMATED_DECISION, version=version, is_given=True, read_ms=60_000)
        for place, name in enumerate(names):
            customers.register(k, VAULT, f"138{place:08d}", now=NOW, customer=name)
            if name != "silent":
                customers.say(k, name, [yes], channel="web", now=NOW)
            limits.assess(k, name, BASE if name == "poor" else 2 * BASE, reason="APPLICATION", lenders=None, now=NOW)

    run_unit(conn, agree)
    return registry


def read_limits(conn, registry) -> dict[str, int]:
    with conn.transaction():
        found = {one: credit.find_account_view(conn, registry, one) for one in (*MOVABLE, *OTHERS)}
    return {name: view.limit.fixed_minor for name, view in found.items() if view is not None}


def test_a_period_of_lots_from_draw_to_evidence(conn, database):
    registry = live(conn)
    assert make_drawer(None)(conn, NOW) == OFF
    period = TERMS.period_of(FIRST)
    keep = make_drawer(TERMS)
    arms = response.draw_arms(LOTS, np.array([key_of_person(one) for one in MOVABLE]), period=period)
    moving = int((arms != 1).sum())
    assert keep(conn, NOW) == f"0 outcomes noted, {moving} limits moved by lot"
    wanted = {one: BASE * LOTS.factors_ppm[arm] // 1_000_000 for one, arm in zip(MOVABLE, arms.tolist(), strict=True)}
    assert read_limits(conn, registry) == {**wanted, **dict.fromkeys(OTHERS, BASE)}
    run_unit(
        conn, lambda k: response.write_pass(k, LOTS.name, period, 0)
    )  # as if the process had died before it passed
    assert draw_piece(conn, registry, TERMS, period, now=NOW) == 0
    assert read_limits(conn, registry) == {**wanted, **dict.fromkeys(OTHERS, BASE)}

    buying = [
        c.BuyNow(key=f"u {one}", customer=one, amount_minor=30_000, merchant="M", order=one, category="milk-powder")
        for one in MOVABLE
    ]
    assert all(one["outcome"] == "approved" for one in credit.execute(conn, registry, buying, now=NOW))
    credit_jobs.close_until(database, dt.date(2026, 2, 1))
    later = NOW + dt.timedelta(days=2)
    again = response.draw_arms(LOTS, np.array([key_of_person(one) for one in MOVABLE]), period=period + 1)
    assert keep(conn, later).startswith("8 outcomes noted, ")
    wanted = {one: BASE * LOTS.factors_ppm[arm] // 1_000_000 for one, arm in zip(MOVABLE, again.tolist(), strict=True)}
    assert {one: read_limits(conn, registry)[one] for one in MOVABLE} == wanted, (
        "from what the policy gave, not from the last lot"
    )
    told = run_unit(conn, lambda k: response.read_evidence(k, LOTS, names=response.X_NAMES))
    assert (sorted(told.arm), set(told.rows.used_minor.tolist())) == (sorted(arms), {30_000})
    assert set(told.rows.limit_minor.tolist()) == {BASE}
    assert keep(conn, later) == "0 outcomes noted, 0 limits moved by lot"


def test_a_file_that_tells_no_slice_is_refused(tmp_path):
    shipped = response.read_slice_terms(SHIPPED)
    assert (shipped.lots.name, shipped.months, shipped.default_days) == ("permanent", 6, 90)
    assert shipped.period_of(dt.date(2026, 6, 30)) + 1 == shipped.period_of(dt.date(2026, 7, 1))
    (tmp_path / "x.toml").write_text('name = "x"', "utf-8")
    with pytest.raises(BadInput, match="tells no slice"):
        response.read_slice_terms(tmp_path / "x.toml")
