"""What goes into the engine: facts as events, and the inputs that policies read, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.clock import DAY_US, HOUR_US
from honghua.decision.core.vocabulary import LIST_PREFIX, Input, Kind, Vocabulary
from honghua.facts.kinds import SCENE, Fact, FactKind
from honghua.features.core import ABSENT, FIXED, MISSING, EventKind, Schema

Ints = NDArray[np.int64]
KeyOf = Callable[[int], int]

# What an account tells about itself and the order: first the features of the account rules, then what only policies read.
ACCOUNT_INPUTS: Final = (
    "amount_minor", "amount_minor_max", "available_minor", "status", "days_past_due", "is_consumption",
    "limit_minor", "temporary_minor", "held_minor", "risk_class", "statements", "account_age_days",
)  # fmt: skip
SCORE_INPUTS: Final = ("fused", "crowd", "rhythm", "merchant")
LIVE_SCHEMA: Final = Schema(
    ("customer", "merchant", "device", "address", "payee", "category", "region"),
    ("available_minor", "limit_minor", "hour", "weekday", "credit"),
)
PURCHASES: Final = frozenset({  # of them, those with command id 0 or their purchase's were attempts, not captures of a hold
    FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_REFUSED, FactKind.PURCHASE_SUSPENDED,
})  # fmt: skip
STANDING_LISTS: Final = ("allow", "deny", "exclusion")  # there from the start, empty
THURSDAY: Final = 3  # 1970-01-01; Monday is 0


def engine_vocabulary(*, values: Sequence[str] = (), lists: Sequence[str] = STANDING_LISTS) -> Vocabulary:
    """The words of purchase policies: the account's inputs, the scores, the sensed values chosen for policies, flags of lists.

    lists=() are the inputs that an engine itself gives: the flags are added when a policy judges.
    """
    money, number = Kind.MONEY, Kind.NUMBER
    account = [
        Input("amount_minor", money, may_be_missing=False, low=1),
        Input("amount_minor_max", money, may_be_missing=False, low=0),
        Input("available_minor", money, may_be_missing=False, low=0),
        Input("status", number, may_be_missing=False, low=0, high=4),
        Input("days_past_due", number, may_be_missing=False, low=0),
        Input("is_consumption", number, may_be_missing=False, low=0, high=1),
        Input("limit_minor", money, may_be_missing=False, low=0),
        Input("temporary_minor", money, may_be_missing=False, low=0),
        Input("held_minor", money, may_be_missing=False, low=0),
        Input("risk_class", number, may_be_missing=False, low=0, high=5),
        Input("statements", number, may_be_missing=False, low=0),
        Input("account_age_days", number, may_be_missing=False, low=0),
    ]
    scores = [Input(name, number, low=0, high=1) for name in SCORE_INPUTS]
    flags = [Input(LIST_PREFIX + name, Kind.FLAG, may_be_missing=False) for name in lists]
    return Vocabulary((*account, *scores, *(Input(name, number) for name in values), *flags))


@dataclass(frozen=True, slots=True)
class Keys:
    """Entity keys of our own numbers: accounts, merchants, goods categories."""

    customer: KeyOf
    merchant: KeyOf
    category: KeyOf


@dataclass(frozen=True, slots=True)
class Attempt:
    """A purchase as it is sensed: entity keys by name, 0 = absent; numbers by name, absent = not known."""

    at_us: int
    amount_minor: int
    entities: Mapping[str, int]
    numbers: Mapping[str, int]


class EventMaker:
    """Rows of one schema's event matrix. offset_us: how far local time is ahead of UTC."""

    __slots__ = ("entities", "numbers", "offset_us", "schema")

    def __init__(self, schema: Schema, *, offset_us: int = 0) -> None:
        self.schema, self.offset_us = schema, offset_us
        self.entities = [(name, schema.place(name)) for name in schema.entities]
        self.numbers = [(name, schema.place(name)) for name in schema.numbers]

    def row(self, kind: EventKind, attempt: Attempt, *, origin_at_us: int = 0) -> list[int]:
        """One event."""
        row = [attempt.at_us, int(kind), attempt.amount_minor, origin_at_us or attempt.at_us]
        found = attempt.entities
        row += [found.get(name, ABSENT) for name, _ in self.entities]
        numbers = attempt.numbers
        row += [numbers.get(name, MISSING) for name, _ in self.numbers]
        return row

    def purchases(
        self, at_us: Ints, amount_minor: Ints, entities: Mapping[str, Ints], numbers: Mapping[str, Ints]
    ) -> Ints:
        """Purchases on credit as events int64[n, C], from columns int64[n]; what is not given is absent."""
        events = np.empty((len(at_us), self.schema.width), np.int64)
        events[:, 0], events[:, 1], events[:, 2], events[:, 3] = at_us, int(EventKind.PURCHASE), amount_minor, at_us
        for name, place in self.entities:
            events[:, place] = entities.get(name, ABSENT)
        local = at_us + self.offset_us
        told: dict[str, Ints | int] = {
            "credit": 1,
            "hour": local % DAY_US // HOUR_US,
            "weekday": (local // DAY_US + THURSDAY) % 7,
            **numbers,
        }
        for name, place in self.numbers:
            events[:, place] = told.get(name, MISSING)
        return events

    def attempts(self, attempts: Sequence[Attempt]) -> Ints:
        """Purchases on credit as facts tell them (no numbers of the account), as events int64[n, C]."""
        at_us = np.array([a.at_us for a in attempts], np.int64)
        amounts = np.array([a.amount_minor for a in attempts], np.int64)
        names = [name for name, _ in self.entities]
        found = {name: np.array([a.entities.get(name, ABSENT) for a in attempts], np.int64) for name in names}
        return self.purchases(at_us, amounts, found, {})

    def purchase_of(self, fact: Fact, keys: Keys, at_us: int) -> Attempt:
        """The attempt that a purchase's fact is about, as far as the fact tells: what was available is not in it."""
        args = fact.named_args()
        entities = {
            "customer": keys.customer(fact.account_id),
            "merchant": keys.merchant(fact.counterparty_id) if fact.counterparty_id else ABSENT,
            "category": keys.category(args["category"]) if args.get("category") else ABSENT,
            **{name: args.get(name, ABSENT) for name in SCENE},
        }
        return Attempt(at_us, fact.amount_minor, entities, {})

    def follow(self, fact: Fact, keys: Keys, at_us: int) -> list[int] | None:
        """The event that a fact other than a purchase is; a refused purchase gives its refusal. None = nothing to learn."""
        kind = fact.kind
        if kind is FactKind.PURCHASE_REFUSED:
            return self.row(EventKind.REFUSED, self.purchase_of(fact, keys, at_us), origin_at_us=at_us)
        if kind is FactKind.FRAUD_REPORTED or (kind is FactKind.PURCHASE_REFUNDED and len(fact.args) > FIXED_REFUND):
            args = fact.named_args()
            word = EventKind.REFUND
            if kind is FactKind.FRAUD_REPORTED:
                word = EventKind.FRAUD_REPORTED if args["label"] else EventKind.CLEARED
            return self.row(word, self.purchase_of(fact, keys, at_us), origin_at_us=args["origin_at_us"])
        customer = {"customer": keys.customer(fact.account_id)} if kind in OF_CUSTOMER else {}
        if kind is FactKind.REPAYMENT_RECEIVED:
            return self.row(EventKind.REPAYMENT, Attempt(at_us, fact.amount_minor, customer, {}))
        if kind is FactKind.TEMPORARY_LIMIT_GRANTED and fact.amount_minor > 0:  # 0: one that ended early
            return self.row(EventKind.LIMIT_RAISED, Attempt(at_us, fact.amount_minor, customer, {}))
        if kind is FactKind.LIMIT_CHANGED and fact.args and fact.args[0] > 0:
            return self.row(EventKind.LIMIT_RAISED, Attempt(at_us, fact.args[0], customer, {}))
        return None


FIXED_REFUND: Final = 4  # a refund from before it told when its purchase was has so many arguments, and teaches nothing
OF_CUSTOMER: Final = frozenset({
    FactKind.REPAYMENT_RECEIVED, FactKind.TEMPORARY_LIMIT_GRANTED, FactKind.LIMIT_CHANGED,
})  # fmt: skip
assert len(FIXED) == 4, "a row begins with time, kind, amount and the time that it is about"


__all__ = [
    "ACCOUNT_INPUTS",
    "LIVE_SCHEMA",
    "PURCHASES",
    "SCORE_INPUTS",
    "Attempt",
    "EventMaker",
    "Keys",
    "engine_vocabulary",
]
