"""The vocabulary of values: who reads each, which way is suspicious, and what the memories give, in the order of their kernels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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


def sign_of_trail(entity: str) -> int:
    """Many odd events are suspicious in a thing or a customer; in a whole region or kind of goods they are a season."""
    return 0 if entity in ("category", "region") else 1


def values_of_entity(entity: str) -> list[Value]:
    """What the memory of one entity gives, in the order of the kernel's columns: habits, labels, trails over two days and over ten."""
    family, sign = FAMILY_OF[entity], sign_of_trail(entity)
    return [
        *(Value(f"{entity}_{name}", family, high, entity) for name, high in HABITS),
        *(Value(f"{entity}_{name}", Family.LABEL, high, entity) for name, high in LATE),
        *(Value(f"{entity}_trail_{name}_2d", family, sign, entity) for name in ODDITIES),
        *(Value(f"{entity}_trail_{name}_mean", family, sign, entity) for name in ODDITIES),
    ]


__all__ = [
    "DETECTORS", "EVENT", "FAMILY_OF", "HABITS", "LATE", "LEVELS_MAX", "LIVE_NUMBERS", "ODDITIES", "SIGNS", "SILENCE", "Family", "Value",
    "values_of_entity",
]  # fmt: skip
