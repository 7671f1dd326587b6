"""The platform's facts as events of the city's dictionary: the same tags then speak of customers here.

Transfers, baskets and what is known of a person from the beginning are told by no fact: tags that need them hold of nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.credit.api import find_category_names, find_customer_refs
from honghua.credit.core import holder_of
from honghua.decision.api import read_events
from honghua.decision.core import LIVE_SCHEMA, PURCHASES
from honghua.facts.kinds import ARGS_OF, SCENE, FactKind
from honghua.features.core import ABSENT, MISSING, key_of_text
from honghua.lab.factory.dictionary import CLOCK, Category, Dictionary
from honghua.lab.factory.stream import clock_of
from honghua.store.facts import FactColumns

Ints = NDArray[np.int64]
TABLE_OF: Final[Mapping[FactKind, str]] = {
    FactKind.PURCHASE_AUTHORISED: "purchases", FactKind.PURCHASE_CAPTURED: "purchases", FactKind.PURCHASE_REFUSED: "refusals",
    FactKind.PURCHASE_REFUNDED: "refunds", FactKind.REPAYMENT_RECEIVED: "repayments", FactKind.FRAUD_REPORTED: "reports",
    FactKind.LIMIT_CHANGED: "raises", FactKind.TEMPORARY_LIMIT_GRANTED: "raises",
}  # fmt: skip
LIMITS: Final = (FactKind.ACCOUNT_OPENED, FactKind.LIMIT_CHANGED)


@dataclass(slots=True)
class Translator:
    """Remembers names and limits that it has met; facts must come in the order of their commits."""

    dictionary: Dictionary
    customers: dict[int, str] = field(default_factory=dict)  # by account; lines of a business are nobody's profile
    scenes: dict[int, int] = field(default_factory=dict)  # category of goods → code of its group, −1 = in none
    limits: dict[int, int] = field(default_factory=dict)
    last_us: int = 0
    gone: set[str] = field(default_factory=set)  # who has left: facts that still come are nobody's

    def forget(self, names: Iterable[str]) -> None:
        """Whose facts are nobody's from now on: those of customers who have left."""
        self.gone.update(names)
        for account in [number for number, name in self.customers.items() if name in self.gone]:
            del self.customers[account]
            self.limits.pop(account, None)

    def translate(self, conn: psycopg.Connection, facts: FactColumns) -> tuple[Ints, list[str], Ints]:
        """Of n facts: events int64[k, width], their customers, and each one's recorded_at int64[k], microseconds.

        An event's time is when it happened, or the latest time before it in the order of commits: what came late was known late.
        """
        self._learn(conn, facts)
        places, rows = [], []
        for i in range(len(facts)):
            kind = FactKind(int(facts.kind[i]))
            account = int(facts.account_id[i])
            if kind in LIMITS:
                self.limits[account] = int(facts.amount_minor[i])
            row = self._row(facts, i, kind) if account in self.customers else None
            if row is not None:
                rows.append(row)
                places.append(i)
        width = self.dictionary.schema.width
        events = np.array(rows, np.int64).reshape(len(rows), width)
        if not rows:
            return events, [], np.zeros(0, np.int64)
        self._complete(conn, facts, np.array(places), events)
        names = [self.customers[int(facts.account_id[i])] for i in places]
        return events, names, facts.recorded_at[places]

    def _row(self, facts: FactColumns, i: int, kind: FactKind) -> list[int] | None:
        """The event of one fact; None = none is told of it."""
        table = self.dictionary.table(TABLE_OF.get(kind, ""))
        amount = int(facts.amount_minor[i])
        command, purchase = int(facts.command_id[i]), int(facts.purchase_id[i])
        if table is None or (
            kind in PURCHASES and command not in (0, purchase)
        ):  # the capture of a hold is no purchase anew
            return None
        args = dict(
            zip(
                ARGS_OF[kind],
                facts.args_values[facts.args_offsets[i] : facts.args_offsets[i + 1]].tolist(),
                strict=False,
            )
        )
        if kind is FactKind.FRAUD_REPORTED and not args.get("label"):
            return None
        if table.name == "raises":
            amount = amount if kind is FactKind.TEMPORARY_LIMIT_GRANTED else args.get("raised_minor", 0)
            if amount <= 0:
                return None
        account = int(facts.account_id[i])
        known = {
            "customer": key_of_text(self.customers[account]),
            "merchant": int(facts.counterparty_id[i]) or ABSENT,
            **{name: args.get(name, ABSENT) for name in SCENE},
        }
        told = {
            "limit_minor": self.limits.get(account, MISSING), "scene": self.scenes.get(args.get("category", 0), -1),
            "instalments": args.get("periods", 0), "credit": 1,
        }  # fmt: skip
        slots = {one.slot for one in table.described}
        schema = self.dictionary.schema
        return [
            0, table.kind, amount, int(facts.happened_at[i]),
            *(known.get(name, ABSENT) if name in table.entities else ABSENT for name in schema.entities),
            *(told.get(name, MISSING) if name in slots else MISSING for name in schema.numbers),
        ]  # fmt: skip

    def _complete(self, conn: psycopg.Connection, facts: FactColumns, places: Ints, events: Ints) -> None:
        """Times, parts of the day, and what was available as it was sensed where the purchase was judged on record."""
        schema = self.dictionary.schema
        happened = facts.happened_at[places]
        events[:, 0] = np.maximum.accumulate(np.maximum(happened, self.last_us))
        events[:, 3] = happened
        self.last_us = int(events[-1, 0])
        for name, column in zip(CLOCK, clock_of(happened, self.dictionary.timezone), strict=True):
            events[:, schema.place(name)] = column
        ids, sensed = read_events(conn, np.unique(facts.purchase_id[places]), LIVE_SCHEMA.columns)
        if not len(ids):
            return
        at = np.minimum(np.searchsorted(ids, facts.purchase_id[places]), len(ids) - 1)
        is_attempt = np.isin(facts.kind[places], list(PURCHASES)) & (ids[at] == facts.purchase_id[places])
        for slot, told in (("available", "available_minor"), ("limit_minor", "limit_minor")):
            events[is_attempt, schema.place(slot)] = sensed[at[is_attempt], LIVE_SCHEMA.place(told)]

    def _learn(self, conn: psycopg.Connection, facts: FactColumns) -> None:
        accounts = {int(one) for one in np.unique(facts.account_id)} - self.customers.keys()
        for number, name in find_customer_refs(conn, sorted(accounts)).items():
            if holder_of(name) == name and name not in self.gone:
                self.customers[number] = name
        goods = {self._category(facts, i) for i in range(len(facts))} - self.scenes.keys() - {0}
        if goods:
            code = _make_coder(self.dictionary)
            self.scenes |= {number: code(name) for number, name in find_category_names(conn, sorted(goods)).items()}

    def _category(self, facts: FactColumns, i: int) -> int:
        names = ARGS_OF.get(FactKind(int(facts.kind[i])), ())
        place = int(facts.args_offsets[i]) + names.index("category") if "category" in names else -1
        return int(facts.args_values[place]) if 0 <= place < facts.args_offsets[i + 1] else 0


def _make_coder(dictionary: Dictionary) -> Callable[[str], int]:
    """The code of the group that a category of goods belongs to."""
    table = dictionary.table("purchases")
    assert table is not None, "the dictionary tells of purchases"
    scene: Category = next(one for one in table.categories if one.name == "scene")
    codes = {word: scene.code(group) for group, words in scene.groups.items() for word in words}
    return lambda name: codes.get(name, -1)


__all__ = ["Translator"]
