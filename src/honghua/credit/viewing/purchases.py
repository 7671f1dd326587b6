"""A customer's purchases: what became of each, and those that wait for a proof, for time or for a person."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import psycopg
from psycopg.rows import class_row

from honghua.base.clock import from_micros, to_micros
from honghua.credit import store as credit_store
from honghua.credit.core.deciding import DENIED, LAPSED
from honghua.credit.core.desk import view_purchase
from honghua.credit.core.lines.purposes import Purpose, holder_of, line_of
from honghua.credit.core.words import FACT_WORDS, Words
from honghua.credit.proving import TRIES_MAX
from honghua.credit.viewing import store
from honghua.credit.viewing.reading import one_moment
from honghua.credit.viewing.statements import find_merchants, zip_facts
from honghua.decision.core import Outcome
from honghua.facts.kinds import Fact, FactKind
from honghua.store.facts import FactColumns, read_facts

PURCHASES_MAX: Final = 200
Told = tuple[int, Fact, int]  # fact id, fact, recorded at (microseconds)
WAITING: Final = """
SELECT a.customer_ref AS line, s.suspension_id, s.outcome, s.amount_minor, s.merchant, s.category, s.order_ref, s.until_us, s.expires_us,
  s.state, s.tries
FROM credit_suspension s JOIN credit_account a USING (account_id)
WHERE a.customer_ref = ANY(%(lines)s::text[]) AND (%(one)s::bigint IS NULL OR s.suspension_id = %(one)s)
  AND (%(one)s::bigint IS NOT NULL OR (s.state IN ('waiting', 'passed') AND s.expires_us >= %(now_us)s))
ORDER BY s.suspension_id DESC LIMIT 100
"""


class PurchaseState(StrEnum):
    """What became of a purchase."""

    HELD = "held"
    BOUGHT = "bought"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    RELEASED = "released"
    REFUSED = "refused"
    WAITING = "waiting"
    DENIED = "denied"
    LAPSED = "lapsed"
    CONTINUED = "continued"  # a suspended one that went on as a purchase of its own
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class PurchaseSummary:
    """One purchase or attempt. Amounts minor units; `amount_minor` is what was asked or booked. plan_id 0 = no instalments."""

    purchase_id: int
    merchant: str
    category: str
    order: str
    happened_at: dt.datetime
    state: PurchaseState
    amount_minor: int
    held_minor: int
    refunded_minor: int
    fee_minor: int
    periods: int
    plan_id: int
    is_reported: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a purchase. amount_minor None: it moved no money."""

    at: dt.datetime
    kind: Words
    amount_minor: int | None
    undone: bool


@dataclass(frozen=True, slots=True)
class PurchaseDetail:
    """A purchase with its whole story, oldest first."""

    summary: PurchaseSummary
    happenings: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class WaitingPurchase:
    """A suspended purchase of a line. kind: step_up, review or delayed. until: may not go on before; None = at once."""

    line: str
    suspension_id: int
    kind: str
    state: str
    amount_minor: int
    merchant: str
    category: str
    order: str
    until: dt.datetime | None
    expires_at: dt.datetime
    tries_left: int


@dataclass(frozen=True, slots=True)
class _Row:
    line: str
    suspension_id: int
    outcome: int
    amount_minor: int
    merchant: str
    category: str
    order_ref: str
    until_us: int
    expires_us: int
    state: str
    tries: int


def list_purchases(
    conn: psycopg.Connection, customer: str, *, limit: int = 20, before: int | None = None
) -> list[PurchaseSummary]:
    """A customer's purchases and attempts, newest first, with ids below `before`; empty for an unknown customer."""
    by_purchase, undone, names, goods = _load(conn, customer)
    wanted = sorted((p for p in by_purchase if before is None or p < before), reverse=True)
    found: list[PurchaseSummary] = []
    for purchase_id in wanted:
        summary = _sum_up(by_purchase[purchase_id], undone, names, goods)
        if summary.state is not PurchaseState.CONTINUED:
            found.append(summary)
        if len(found) == min(limit, PURCHASES_MAX):
            break
    return found


def find_purchase_detail(conn: psycopg.Connection, customer: str, purchase_id: int) -> PurchaseDetail | None:
    """One purchase of this customer with its story, or None."""
    by_purchase, undone, names, goods = _load(conn, customer)
    told = by_purchase.get(purchase_id)
    if told is None:
        return None
    happenings = tuple(
        Happening(
            from_micros(fact.happened_at_us or recorded_us),
            FACT_WORDS[fact.kind],
            fact.amount_minor if fact.kind is not FactKind.FRAUD_REPORTED else None,
            fact_id in undone,
        )
        for fact_id, fact, recorded_us in told
    )
    return PurchaseDetail(_sum_up(told, undone, names, goods), happenings)


def list_waiting(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> list[WaitingPurchase]:
    """The suspended purchases of a customer's lines that may still go on, newest first."""
    return _read_waiting(conn, {"lines": _lines_of(customer), "one": None, "now_us": to_micros(now)})


def find_waiting(conn: psycopg.Connection, customer: str, suspension_id: int) -> WaitingPurchase | None:
    """One suspended purchase of any line of this customer in whatever state, or None."""
    found = _read_waiting(conn, {"lines": _lines_of(customer), "one": suspension_id, "now_us": 0})
    return found[0] if found else None


def _lines_of(customer: str) -> list[str]:
    return [line_of(holder_of(customer), purpose) for purpose in Purpose]


def _read_waiting(conn: psycopg.Connection, values: Mapping[str, object]) -> list[WaitingPurchase]:
    with conn.cursor(row_factory=class_row(_Row)) as cursor:
        rows = cursor.execute(WAITING, values).fetchall()
    kinds = {int(Outcome.STEP_UP): "step_up", int(Outcome.REVIEW): "review", int(Outcome.DELAY): "delayed"}
    return [
        WaitingPurchase(
            row.line, row.suspension_id, kinds[row.outcome], row.state, row.amount_minor, row.merchant, row.category, row.order_ref,
            from_micros(row.until_us) if row.until_us else None, from_micros(row.expires_us), max(0, TRIES_MAX - row.tries),
        )
        for row in rows
    ]  # fmt: skip


def _load(
    conn: psycopg.Connection, customer: str
) -> tuple[dict[int, list[Told]], set[int], dict[int, str], dict[int, str]]:
    """Facts by purchase, ids of facts undone, merchants' names, goods' names."""
    with one_moment(conn):
        found = credit_store.find_account_ids(conn, [customer])
        if not found:
            return {}, set(), {}, {}
        facts = read_facts(conn, np.array([found[customer]], np.int64))
        names = find_merchants(conn, facts)
        by_purchase = _group(facts)
        goods = store.find_names(conn, sorted({_category(told) for told in by_purchase.values()} - {0}))
    return by_purchase, {int(x) for x in facts.reverses_fact_id if x}, names, goods


def _group(facts: FactColumns) -> dict[int, list[Told]]:
    by_purchase: dict[int, list[Told]] = defaultdict(list)
    for fact_id, fact, recorded_us in zip_facts(facts):
        if fact.purchase_id:
            by_purchase[fact.purchase_id].append((fact_id, fact, recorded_us))
    return dict(by_purchase)


def _category(told: Sequence[Told]) -> int:
    return next((args["category"] for _, fact, _ in told if "category" in (args := fact.named_args())), 0)


def _sum_up(
    told: Sequence[Told], undone: Set[int], names: Mapping[int, str], goods: Mapping[int, str]
) -> PurchaseSummary:
    _, first, recorded_us = told[0]
    view = view_purchase([(fact_id, fact) for fact_id, fact, _ in told], undone)
    labels = [fact.args[0] for _, fact, _ in told if fact.kind is FactKind.FRAUD_REPORTED]
    held, captured, refunded = (
        (view.held_minor, view.captured_minor, view.refunded_minor) if view is not None else (0, 0, 0)
    )
    return PurchaseSummary(
        purchase_id=first.purchase_id,
        merchant=names.get(first.counterparty_id, ""),
        category=goods.get(_category(told), ""),
        order=first.reference or "",
        happened_at=from_micros(first.happened_at_us or recorded_us),
        state=_state(told, held=held, captured=captured, refunded=refunded, stands=view is not None),
        amount_minor=captured or held or first.amount_minor,
        held_minor=held,
        refunded_minor=refunded,
        fee_minor=view.fee_minor if view is not None else 0,
        periods=view.periods if view is not None else 0,
        plan_id=view.plan_id if view is not None else 0,
        is_reported=bool(labels) and labels[-1] == 1,
    )


def _state(told: Sequence[Told], *, held: int, captured: int, refunded: int, stands: bool) -> PurchaseState:
    """The state by what came last."""
    if captured:
        if not refunded:
            return PurchaseState.BOUGHT
        return PurchaseState.REFUNDED if refunded >= captured else PurchaseState.PARTLY_REFUNDED
    if held:
        return PurchaseState.HELD
    kinds = [fact.kind for _, fact, _ in told]
    if FactKind.PURCHASE_REFUSED in kinds:
        return PurchaseState.REFUSED
    if kinds[0] is FactKind.PURCHASE_SUSPENDED:
        ends = [fact.args[1] for _, fact, _ in told if fact.kind is FactKind.SUSPENSION_SETTLED]
        if not ends:
            return PurchaseState.WAITING
        return {DENIED: PurchaseState.DENIED, LAPSED: PurchaseState.LAPSED}.get(ends[-1], PurchaseState.CONTINUED)
    return PurchaseState.RELEASED if stands else PurchaseState.REVERSED


__all__ = [
    "Happening",
    "PurchaseDetail",
    "PurchaseState",
    "PurchaseSummary",
    "WaitingPurchase",
    "find_purchase_detail",
    "find_waiting",
    "list_purchases",
    "list_waiting",
]
