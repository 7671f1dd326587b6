"""The edges of a schema's events, and how the graph's values are read: whose detector, which way suspicious."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from honghua.features.core import Schema
from honghua.fraud.core.values import Family, Value
from honghua.graph.core import ADDRESS, CUSTOMER, DEVICE, MERCHANT, EdgePlan

# A payee is somebody who may pay on: a node of the customers' kind, so that money can be followed and closes cycles.
NODE_TYPES: Final = {"merchant": MERCHANT, "device": DEVICE, "address": ADDRESS, "payee": CUSTOMER}

# Endings of names that say something suspicious when high (or low); what is not here only the fusion reads.
HIGH: Final = (
    "same_amount_share", "thin_users_share", "fresh_users_share", "_burst", "cycle_edges", "linked_buyers",
    "linked_buyers_share", "linked_group", "community_device", "community_address", "at_shop", "at_shop_share",
    "lockstep", "overlap", "density", "peel_density", "peel_members", "passed_on_1d", "passed_on_7d", "in_count_1d",
    "in_distinct_7d", "top_shop_share",
)  # fmt: skip
LOW: Final = ("cycle_age_s", "pass_delay_s")
HIGH_OF_THINGS: Final = ("users_1d", "users_7d", "users_30d", "size_1d", "size_7d", "tied_size")
TIES: Final = ("device", "address")


def edge_plan(schema: Schema, groups: tuple[str, ...]) -> EdgePlan | None:
    """Edges from the customer to what an event touches, and the groups of values read of them; None where nobody or nothing is tied."""
    if "customer" not in schema.entities:
        return None
    customer = schema.place("customer")
    pairs = [
        (customer, schema.place(name), CUSTOMER, kind) for name, kind in NODE_TYPES.items() if name in schema.entities
    ]
    return EdgePlan(pairs=tuple(pairs), groups=groups) if pairs else None


def graph_values(names: Iterable[str]) -> list[Value]:
    """Family and sign of each of the graph's values."""
    return [describe(name) for name in names]


def describe(name: str) -> Value:
    """One value; its entity is the thing in its name."""
    body = name.removeprefix("graph_")
    entity = next((e for e in (*NODE_TYPES, "customer") if e in body), "")
    if body.startswith("own_"):
        return Value(name, Family.PLAIN, 0, "customer")
    if body.startswith("merchant_"):
        high = body.endswith(("same_amount_share", "thin_users_share", "fresh_users_share", "_burst", "top_user_share"))
        low = body.endswith(("last8_spread_s", "last32_spread_s"))
        return Value(name, Family.MERCHANT, 1 if high else -1 if low else 0, "merchant")
    if body.startswith(TIES) and body.endswith(HIGH_OF_THINGS):
        return Value(name, Family.CROWD, 1, entity)
    if body.startswith("tied_") and body.endswith(HIGH_OF_THINGS):
        return Value(name, Family.CROWD, 1, entity)
    sign = 1 if body.endswith(HIGH) else -1 if body.endswith(LOW) else 0
    return Value(name, Family.CROWD, sign, entity)


__all__ = ["edge_plan", "graph_values"]
