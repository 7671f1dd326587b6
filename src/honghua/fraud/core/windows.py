"""The windows that are sensed of any schema, and how each is read: whose detector, which way suspicious."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from honghua.features.core import ENTITIES, Definition, Ratio, Schema, Window
from honghua.fraud.core.values import FAMILY_OF, Family, Value

# Window values whose suspicious side is known though their window is long.
SIGNED_NAMES: Final[Mapping[str, int]] = {
    "customer_merchant_count_7d": 1, "customer_merchant_sum_7d": 1, "customer_merchant_alike_7d": -1, "customer_payee_alike_7d": -1,
    "customer_merchant_refunds_30d": 1, "customer_merchant_refunded_30d": 1, "merchant_refunds_30d": 1, "merchant_customers_7d": 1,
    "customer_payee_count_7d": 1, "customer_payee_sum_7d": 1, "customer_sent_7d": 1, "customer_sent_count_7d": 1,
    "customer_payees_7d": 1, "customer_credit_sum_7d": 1, "address_category_sum_7d": 1, "address_merchant_sum_7d": 1,
}  # fmt: skip


SIGNED_WINDOWS: Final[Mapping[str, int]] = {
    "count": 1,
    "sum": 1,
    "max": 1,
    "distinct": 1,
    "entropy": 0,
    "mean": 0,
    "std": 0,
}


def describe_window(definition: Definition) -> Value:
    """Family by the first entity of the name, sign by what is aggregated; ratios to the own history are suspicious when high."""
    name = definition.name
    entity = next(e for e in ENTITIES if name.startswith(e))
    family = FAMILY_OF[entity]
    if isinstance(definition, Ratio):
        return Value(name, family, SIGNED_NAMES.get(name, 1), entity)
    if entity == "customer" and len(definition.key) == 2 and "merchant" in definition.key:
        family = Family.MERCHANT
    sign = SIGNED_WINDOWS.get(definition.aggregate, 0) if definition.window in ("1h", "1d") else 0
    sign = SIGNED_NAMES.get(name, sign)
    if family is Family.CROWD and definition.aggregate == "distinct":
        sign = 1
    return Value(name, family, sign, entity)


SPANS: Final = ("1h", "6h", "1d", "7d", "30d", "90d")
SPENT: Final = (("kind", "<=", 3), ("kind", "!=", 2))


def window_definitions(schema: Schema) -> list[Definition]:
    """The windows for any schema: activity and amounts per entity, spread over counterparts, pairs, ratios to the own month."""
    found: list[Definition] = []
    for entity in schema.entities:
        found += entity_windows(entity, [e for e in schema.entities if e != entity])
        if "credit" in schema.numbers and entity != "region":
            on_credit = (*SPENT, ("credit", "==", 1))
            found.append(Window(f"{entity}_credit_7d", (entity,), "count", window="7d", where=on_credit))
            found.append(Ratio(f"{entity}_credit_part_7d", f"{entity}_credit_7d", f"{entity}_count_7d"))
    for left, right in (
        ("customer", "merchant"),
        ("customer", "category"),
        ("customer", "payee"),
        ("merchant", "category"),
    ):
        if left in schema.entities and right in schema.entities:
            found += pair_windows(left, right)
    return [*found, *ring_windows(schema)]


def ring_windows(schema: Schema) -> list[Definition]:
    """What several do together or one does again and again: series and refunds of a pair, buyers of a thing, transfers, credit."""
    has = schema.entities.__contains__
    found: list[Definition] = []
    for left, right in (("customer", "merchant"), ("customer", "payee"), ("customer", "device")):
        if has(left) and has(right):
            found += series_windows(left, right)
    for entity, of in (
        ("merchant", "customer"),
        ("device", "customer"),
        ("address", "customer"),
        ("payee", "customer"),
    ):
        if has(entity) and has(of):
            name = f"{entity}_{of}s_7d"
            found.append(Window(name, (entity,), "distinct", value=of, window="7d", where=SPENT))
            found.append(Ratio(f"{entity}_turns_7d", f"{entity}_count_7d", name))
            found.append(Ratio(f"{entity}_rush", f"{entity}_count_7d", f"{entity}_count_30d"))
    for left, right in (
        ("address", "category"),
        ("address", "merchant"),
        ("device", "merchant"),
        ("device", "category"),
    ):
        if has(left) and has(right) and has("customer"):
            where = (*SPENT, ("kind", "==", 1))
            found.append(
                Window(
                    f"{left}_{right}_customers_7d",
                    (left, right),
                    "distinct",
                    value="customer",
                    window="7d",
                    where=where,
                )
            )
            found.append(Window(f"{left}_{right}_sum_7d", (left, right), "sum", window="7d", where=where))
    if has("merchant"):
        found.append(Window("merchant_refunds_30d", ("merchant",), "sum", window="30d", where=(("kind", "==", 2),)))
        found.append(Ratio("merchant_refunded_part_30d", "merchant_refunds_30d", "merchant_sum_30d"))
        if has("region"):
            found.append(
                Window("merchant_regions_7d", ("merchant",), "distinct", value="region", window="7d", where=SPENT)
            )
            found.append(Ratio("merchant_spread_7d", "merchant_regions_7d", "merchant_count_7d", weight=3.0))
    if has("customer") and has("payee"):
        sent = (("kind", "==", 3),)
        for span in ("1h", "1d", "7d"):
            found.append(Window(f"customer_sent_{span}", ("customer",), "sum", window=span, where=sent))
            found.append(Window(f"customer_sent_count_{span}", ("customer",), "count", window=span, where=sent))
        found.append(Window("customer_payees_7d", ("customer",), "distinct", value="payee", window="7d", where=sent))
        found.append(Window("payee_std_7d", ("payee",), "std", window="7d", where=sent))
    if has("customer") and "credit" in schema.numbers:
        on_credit = (*SPENT, ("credit", "==", 1))
        for span in ("1h", "1d", "7d"):
            found.append(Window(f"customer_credit_sum_{span}", ("customer",), "sum", window=span, where=on_credit))
            if "limit_minor" in schema.numbers:
                found.append(Ratio(f"customer_credit_of_limit_{span}", f"customer_credit_sum_{span}", "limit_minor"))
    return found


def series_windows(left: str, right: str) -> list[Definition]:
    """One customer at one shop, payee or device: series, equal sums, refunds."""
    name, key = f"{left}_{right}", (left, right)
    found: list[Definition] = [
        Window(f"{name}_count_1h", key, "count", window="1h", where=SPENT),
        Window(f"{name}_count_7d", key, "count", window="7d", where=SPENT),
        Window(f"{name}_sum_7d", key, "sum", window="7d", where=SPENT),
        Window(f"{name}_mean_7d", key, "mean", window="7d", where=SPENT),
        Window(f"{name}_std_7d", key, "std", window="7d", where=SPENT),
        Ratio(f"{name}_alike_7d", f"{name}_std_7d", f"{name}_mean_7d", support=f"{name}_count_7d", support_min=3.0),
    ]
    if right == "merchant":
        found.append(Window(f"{name}_refunds_30d", key, "count", window="30d", where=(("kind", "==", 2),)))
        found.append(Window(f"{name}_refunded_30d", key, "sum", window="30d", where=(("kind", "==", 2),)))
        found.append(Ratio(f"{name}_refunded_part_30d", f"{name}_refunded_30d", f"{name}_sum_30d"))
    if right == "device":
        found.append(Window(f"{name}_age", key, "first_seen"))
    return found


def entity_windows(entity: str, others: Sequence[str]) -> list[Definition]:
    """One entity's activity."""
    key = (entity,)
    found: list[Definition] = []
    for span in SPANS:
        found.append(Window(f"{entity}_count_{span}", key, "count", window=span, where=SPENT))
        found.append(Window(f"{entity}_sum_{span}", key, "sum", window=span, where=SPENT))
    for span in ("1d", "7d", "30d"):
        found.append(Window(f"{entity}_mean_{span}", key, "mean", window=span, where=SPENT))
    found.append(Window(f"{entity}_max_7d", key, "max", window="7d", where=SPENT))
    found.append(Window(f"{entity}_max_30d", key, "max", window="30d", where=SPENT, include_current=False))
    found.append(Window(f"{entity}_mean_past_30d", key, "mean", window="30d", where=SPENT, include_current=False))
    found.append(Window(f"{entity}_std_past_30d", key, "std", window="30d", where=SPENT, include_current=False))
    found.append(Window(f"{entity}_age", key, "first_seen"))
    found.append(Ratio(f"{entity}_amount_of_mean", "amount_minor", f"{entity}_mean_past_30d"))
    found.append(Ratio(f"{entity}_week_of_month", f"{entity}_mean_7d", f"{entity}_mean_past_30d"))
    found.append(Ratio(f"{entity}_day_of_month", f"{entity}_count_1d", f"{entity}_count_30d"))
    for other in [o for o in others if o in ("customer", "merchant", "device", "payee")]:
        for span in ("1d", "30d"):
            found.append(Window(f"{entity}_{other}s_{span}", key, "distinct", value=other, window=span, where=SPENT))
    return found


def pair_windows(left: str, right: str) -> list[Definition]:
    """Two entities together: how often, how much, how new."""
    name, key = f"{left}_{right}", (left, right)
    return [
        Window(f"{name}_count_1d", key, "count", window="1d", where=SPENT),
        Window(f"{name}_count_30d", key, "count", window="30d", where=SPENT),
        Window(f"{name}_sum_30d", key, "sum", window="30d", where=SPENT),
        Window(f"{name}_mean_past_ever", key, "mean", where=SPENT, include_current=False),
        Window(f"{name}_age", key, "first_seen"),
        Ratio(f"{name}_part_30d", f"{name}_count_30d", f"{left}_count_30d"),
        Ratio(f"{name}_amount_of_mean", "amount_minor", f"{name}_mean_past_ever"),
    ]


__all__ = ["describe_window", "window_definitions"]
