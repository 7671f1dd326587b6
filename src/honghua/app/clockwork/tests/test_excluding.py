"""From a concentration that is broken to a purchase that is refused: prudence fills the list, the shipped policies read it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from honghua.app.clockwork.prudence import apply_rules
from honghua.credit import core as c
from honghua.credit.api import execute
from honghua.credit.engine import RiskSetup, attach
from honghua.credit.prudence import api as prudence
from honghua.credit.tests.days import NOW, settle
from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.decision.core import POLICIES, engine_vocabulary
from honghua.features.core import Schema
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan

SCHEMA = Schema(("customer", "merchant", "device"), ("available_minor", "limit_minor", "hour", "weekday", "credit"))
SIZE = SensorSize(entities=500, nodes=500, edges=2_000, keys=200)
RULE = prudence.Rule(
    name="merchant_share", source="test", grade="U", since=dt.date(2020, 1, 1), largest_of="merchant", whole="drawn_minor",
    most_ppm=500_000, action="stop_key",
)  # fmt: skip


def put_in_force(conn: psycopg.Connection, name: str) -> None:
    with conn.transaction():
        row = decision.propose(
            conn, decision.Proposal(name, POLICIES[name], engine_vocabulary()), decision.Act("Ann", "test")
        )
        decision.review(conn, row.release_id, decision.Act("Ben", "test"), approved=True)
        decision.activate(conn, row.release_id, decision.Act("Ben", "test"), role=decision.Role.CHAMPION)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_a_shop_that_is_too_much_of_new_business_sells_no_more_until_it_is_less(database, conn, name):
    town = settle(database, conn, 3)
    put_in_force(conn, name)
    setup = RiskSetup(RiskPlan(SCHEMA), EngineSettings(SIZE, 0), 8 * 3_600_000_000, None)
    attach(conn, town.registry, setup)

    def buy(key: str, merchant: str, minute: int) -> dict[str, Any]:
        order = c.BuyNow(key=key, customer="C00", amount_minor=10_000, merchant=merchant, order=key, category="food")
        return execute(conn, town.registry, [order], now=NOW + dt.timedelta(minutes=minute))[0]

    assert [buy(f"a{k}", shop, k)["outcome"] for k, shop in enumerate(("M", "M", "N"))] == ["approved"] * 3
    found = apply_rules(conn, town.registry.terms, [RULE], now=NOW + dt.timedelta(minutes=5))
    assert [(one.rule, one.key) for one in found.moves.raised] == [("merchant_share", "M")]
    refused = buy("b", "M", 6)
    assert (refused["outcome"], refused["code"]) == ("refused", "MERCHANT_BLOCKED")
    assert buy("c", "N", 7)["outcome"] == "approved"
    lifted = apply_rules(
        conn, town.registry.terms, [replace(RULE, most_ppm=600_000)], now=NOW + dt.timedelta(minutes=8)
    )
    assert [one.key for one in lifted.moves.lifted] == ["M"]
    assert buy("d", "M", 9)["outcome"] == "approved"
    assert decision.replay_decisions(conn) == (6, [])
