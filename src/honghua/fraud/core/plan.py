"""What is sensed of an event, by its schema: windows, edges, memories; which detector reads each value, and which way is suspicious."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Final

from honghua.features.core import ENTITIES, Definition, FeatureSet, Ratio, Schema, Window


class Family(StrEnum):
    """Who reads a value. PLAIN and LABEL values only the fusion reads."""

    CROWD = "crowd"
    RHYTHM = "rhythm"
    MERCHANT = "merchant"
    LABEL = "label"
    PLAIN = "plain"


DETECTORS: Final = (Family.CROWD, Family.RHYTHM, Family.MERCHANT)
FAMILY_OF: Final[Mapping[str, Family]] = {
    "customer": Family.RHYTHM, "region": Family.RHYTHM, "merchant": Family.MERCHANT, "category": Family.MERCHANT,
    "device": Family.CROWD, "address": Family.CROWD, "payee": Family.CROWD,
}  # fmt: skip
LIVE_NUMBERS: Final = ("available_minor", "limit_minor", "hour", "weekday", "credit")  # read by the memories, by name
LEVELS_MAX: Final = 63


@dataclass(frozen=True, slots=True)
class Value:
    """One column of what is sensed. sign: +1 high is suspicious, −1 low is, 0 neither; days: its window, 0 = none."""

    name: str
    family: Family
    sign: int = 0
    entity: str = ""


# In the order of kernels/layout.py R_*: (name, sign).
HABITS: Final = (
    ("amount_z", 1), ("amount_ratio", 1), ("over_max", 1), ("gap", 0), ("gap_z", -1), ("hourly", 1), ("burst", 1), ("surge", 1),
    ("hour_odd", 1), ("equal", 1), ("round_share", 1), ("newcomers", 1), ("odd_buyers", 1), ("refunds", 1), ("credit_share", 1),
    ("seen", 0), ("spread", 0),
)  # fmt: skip
LATE: Final = (
    ("fraud_fast", 1), ("fraud_slow", 1), ("fraud_rate", 1), ("labels", 0), ("fraud_streak", 1), ("fraud_age", 0),
    ("clear_age", 0), ("streak_age", 0), ("fraud_amount", 0), ("near_fraud", 1),
)  # fmt: skip
# In the order of kernels/layout.py O_*: what may be odd about an event; each entity keeps trails of it.
ODDITIES: Final = (
    "drain", "big", "fresh", "new_device", "new_address", "new_payee", "new_merchant", "under_round", "round", "series", "hour",
    "refund", "odd", "busy", "company",
)  # fmt: skip
# In the order of kernels/layout.py S_*: values of windows and graph from which oddities are told; what a schema lacks is unknown.
SIGNS: Final = (
    "graph_own_device_is_new", "graph_own_address_is_new", "graph_own_payee_is_new", "graph_own_merchant_is_new", "customer_age",
    "customer_merchant_count_1h", "customer_merchant_refunds_30d",
)  # fmt: skip
EVENT: Final = (
    ("amount_log", Family.PLAIN, 0), ("amount_round", Family.RHYTHM, 1), ("hour_of_day", Family.PLAIN, 0),
    ("day_of_week", Family.PLAIN, 0), ("since_raise_days", Family.RHYTHM, -1), ("drawn_of_raise", Family.RHYTHM, 1),
    ("of_available", Family.RHYTHM, 1), ("of_limit", Family.RHYTHM, 1), ("on_credit", Family.PLAIN, 0),
    ("is_transfer", Family.PLAIN, 0), ("base_rate", Family.LABEL, 0), ("label_silence_days", Family.LABEL, 0),
    ("under_round", Family.RHYTHM, -1), ("drained_raise", Family.RHYTHM, 1),
)  # fmt: skip
SILENCE: Final = "label_silence_days"


@dataclass(frozen=True)
class RiskPlan:
    """Everything that fixes what a RiskSensor reads. Immutable; `digest` names it.

    scales: a number of the schema that is read as it is → its factor. levels: a column whose commonest keys are told apart → those keys,
    at most LEVELS_MAX, in order of code 1, 2 …; any other key is code 0. unit_minor: minor units of one major one.
    """

    schema: Schema
    scales: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unit_minor: int = 100
    windows: bool = True
    graph: bool = True

    @cached_property
    def feature_set(self) -> FeatureSet:
        """The windows of the feature store."""
        return FeatureSet(self.schema, window_definitions(self.schema))

    @cached_property
    def memory_values(self) -> tuple[Value, ...]:
        """What the memories give, in the order of the kernel's columns."""
        values = [Value(name, family, sign) for name, family, sign in EVENT]
        for entity in self.schema.entities:
            family = FAMILY_OF[entity]
            values += [Value(f"{entity}_{name}", family, sign, entity) for name, sign in HABITS]
            values += [Value(f"{entity}_{name}", Family.LABEL, sign, entity) for name, sign in LATE]
            values += [Value(f"{entity}_trail_{name}_2d", family, sign_of_trail(entity), entity) for name in ODDITIES]
            values += [Value(f"{entity}_trail_{name}_mean", family, sign_of_trail(entity), entity) for name in ODDITIES]
        return tuple(values)

    @cached_property
    def plain_values(self) -> tuple[Value, ...]:
        """Numbers and levels of the event itself."""
        numbers = [Value(f"number_{name}", Family.PLAIN) for name in self.scales]
        return (*numbers, *(Value(f"level_{name}", Family.PLAIN) for name in self.levels))

    @cached_property
    def window_values(self) -> tuple[Value, ...]:
        """The windows with family and sign."""
        if not self.windows:
            return ()
        return tuple(describe_window(d) for d in self.feature_set.definitions)

    @cached_property
    def digest(self) -> bytes:
        """sha256 of all that is fixed here."""
        said = [
            self.schema.columns,
            sorted(self.scales.items()),
            sorted(self.levels.items()),
            self.unit_minor,
            self.graph,
        ]
        windows = self.feature_set.digest if self.windows else b""
        return sha256(repr(said).encode() + windows + repr(self.memory_values).encode()).digest()


# Window values whose suspicious side is known though their window is long.
SIGNED_NAMES: Final[Mapping[str, int]] = {
    "customer_merchant_count_7d": 1, "customer_merchant_sum_7d": 1, "customer_merchant_alike_7d": -1, "customer_payee_alike_7d": -1,
    "customer_merchant_refunds_30d": 1, "customer_merchant_refunded_30d": 1, "merchant_refunds_30d": 1, "merchant_customers_7d": 1,
    "customer_payee_count_7d": 1, "customer_payee_sum_7d": 1, "customer_sent_7d": 1, "customer_sent_count_7d": 1,
    "customer_payees_7d": 1, "customer_credit_sum_7d": 1, "address_category_sum_7d": 1, "address_merchant_sum_7d": 1,
}  # fmt: skip


def sign_of_trail(entity: str) -> int:
    """Many odd events are suspicious in a thing or a customer; in a whole region or kind of goods they are a season."""
    return 0 if entity in ("category", "region") else 1


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


__all__ = [
    "DETECTORS",
    "FAMILY_OF",
    "LEVELS_MAX",
    "LIVE_NUMBERS",
    "SILENCE",
    "Family",
    "RiskPlan",
    "Value",
    "window_definitions",
]
