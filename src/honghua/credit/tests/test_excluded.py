"""Where no engine judges, the list `exclusion` still binds: nobody sells to whom it names, and nobody on it sells."""

from __future__ import annotations

import datetime as dt
from typing import Any

from honghua.credit import core as c
from honghua.credit import unit
from honghua.credit.api import execute
from honghua.credit.tests.days import NOW, settle
from honghua.decision import api as decision

ACT = decision.Act("Ann", "asked for it")
BY_ENTITY = {"customer": "C01", "merchant": "Shady", "category": "lottery", "device": "D7"}


def order(key: str, customer: str = "C00", merchant: str = "M", category: str = "food", **more: Any) -> c.BuyNow:
    return c.BuyNow(
        key=key, customer=customer, amount_minor=1_000, merchant=merchant, order=key, category=category, **more
    )


def orders(tag: str) -> list[c.Command]:
    """Whoever and whatever may be listed, in one batch, plain and not, among others that nobody minds."""
    return [
        order(f"{tag}0"), order(f"{tag}1", "C01"), order(f"{tag}2", merchant="Shady"), order(f"{tag}3", category="lottery"),
        order(f"{tag}4", scene=c.Scene(device="D7")), order(f"{tag}5", scene=c.Scene(device="D8")), order(f"{tag}6", "C02"),
        order(f"{tag}7", "C01", instalments=c.Instalments(periods=3)),
        c.AuthorisePurchase(
            key=f"{tag}8", customer="C00", amount_minor=500, merchant="Shady", order=f"{tag}8", category="food"
        ),
    ]  # fmt: skip


def test_exclusions_bind_without_an_engine_until_they_end(database, conn, monkeypatch):
    town = settle(database, conn, 3)

    def codes(tag: str, *, at: dt.datetime = NOW) -> list[str]:
        return [str(one.get("code", one["outcome"])) for one in execute(conn, town.registry, orders(tag), now=at)]

    free = ["approved"] * 9
    assert codes("a") == free
    end = NOW + dt.timedelta(hours=1)
    with conn.transaction():
        for entity, label in BY_ENTITY.items():
            decision.add_entries(
                conn, decision.ListName("exclusion", entity), [decision.Listed(label, end if entity == "device" else None)], ACT
            )  # fmt: skip
        decision.add_entries(conn, decision.ListName("deny", "customer"), [decision.Listed("C02")], ACT)  # no law
    stopped = "MERCHANT_BLOCKED"
    bound = ["approved", stopped, stopped, stopped, stopped, "approved", "approved", stopped, stopped]
    assert codes("b") == bound
    monkeypatch.setattr(unit, "PLAIN_FROM", 10**9)  # one by one
    assert codes("c") == bound
    monkeypatch.undo()
    bound[4] = "approved"
    assert codes("d", at=end) == bound, "it has ended"
    late = order("late", scene=c.Scene(device="D7"), happened_at=end - dt.timedelta(minutes=1))
    assert execute(conn, town.registry, [late], now=end)[0]["code"] == stopped, "it stood there when that happened"
    with conn.transaction():
        for entity, label in BY_ENTITY.items():
            decision.remove_entries(conn, decision.ListName("exclusion", entity), [label], ACT)
    assert codes("e") == free
    assert decision.replay_decisions(conn)[1] == []
