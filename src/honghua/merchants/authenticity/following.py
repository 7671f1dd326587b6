"""Orders come from the journal: whoever follows it for merchants opens one row an order here, and keeps what the platform bears of it."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.merchants.authenticity import store
from honghua.merchants.core.authenticity import AuthenticityRules, parse_rules
from honghua.merchants.fact_places import find_places, read_argument
from honghua.merchants.registry.deciding import load_scenes
from honghua.merchants.store_settlement import Movements
from honghua.store.facts import FactColumns

RULES_FILE: Final = "authenticity.toml"


@cache
def load_rules() -> AuthenticityRules:
    """The rules of merchants/data/authenticity.toml."""
    text = resources.files("honghua.merchants").joinpath("data", RULES_FILE).read_text(encoding="utf-8")
    return parse_rules(text, source=RULES_FILE)


def follow_orders(conn: psycopg.Connection, rows: Movements, facts: FactColumns, *, txids: tuple[int, int]) -> None:
    """Open the orders among new movements and add what these transactions made the platform bear. In the follower's transaction.

    txids: from (inside) … until (outside), as the movements were read.
    """
    bought = np.flatnonzero((rows.kind == FactKind.PURCHASE_CAPTURED) & (rows.purchase_id != 0))
    if len(bought):
        _open(conn, rows, facts, bought)
    lines = ledger.read_component_lines(conn, Component.SUBSIDY_EXPENSE, from_txid=txids[0], until_txid=txids[1])
    at, known = find_places(facts, lines.fact_id)
    purchases = np.where(known, np.append(facts.purchase_id, 0)[at], 0)
    kept = purchases != 0
    store.add_platform_fees(conn, purchases[kept], lines.amount_minor[kept])


def _open(conn: psycopg.Connection, rows: Movements, facts: FactColumns, bought: NDArray[np.int64]) -> None:
    """One row an order: what its channel needs, and by when."""
    rules = load_rules()
    at, known = find_places(facts, rows.fact_id[bought])
    regions = read_argument(facts, at, known, "region")
    channels = find_channels(conn, rows.merchant_id[bought])
    needs = [rules.need_of(channels.get(merchant, "")) for merchant in rows.merchant_id[bought].tolist()]
    bought_at = rows.happened_at[bought]
    hours = np.array([need.due_hours for need in needs], np.int64)
    store.insert_orders(
        conn,
        store.NewOrders(
            rows.purchase_id[bought], rows.merchant_id[bought], rows.account_id[bought], [rows.reference[i] for i in bought.tolist()],
            rows.category_id[bought], regions, rows.gross_minor[bought], bought_at, rows.booked_on[bought],
            bought_at + hours * store.US_PER_HOUR, bought_at + rules.first_look_hours * store.US_PER_HOUR,
            ["|".join(kind.value for kind in need.kinds) for need in needs],
        ),
    )  # fmt: skip


def find_channels(conn: psycopg.Connection, merchant_ids: NDArray[np.int64]) -> dict[int, str]:
    """merchant -> the channel of its first scene, of those that are registered."""
    found = store.find_scenes(conn, np.unique(merchant_ids).tolist())
    scenes = {merchant: load_scenes().find(code) for merchant, code in found.items()}
    return {merchant: scene.channel for merchant, scene in scenes.items() if scene is not None}


def next_look(bought_at: dt.datetime, due_at: dt.datetime, *, is_proved: bool, now: dt.datetime) -> dt.datetime | None:
    """When an order is looked at again; None once late evidence would come too late, or a proved one had its second look."""
    rules = load_rules()
    if is_proved:
        second = bought_at + dt.timedelta(days=rules.second_look_days)
        return second if now < second else None
    if now >= due_at + dt.timedelta(days=rules.late_days):
        return None
    again = now + dt.timedelta(hours=rules.again_hours)
    return max(min(again, due_at), now + dt.timedelta(hours=1)) if now < due_at else again


__all__ = ["find_channels", "follow_orders", "load_rules", "next_look"]
