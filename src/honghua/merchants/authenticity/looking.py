"""Looking at orders: a source is asked outside of any transaction; then its evidence, the word, the flag and the money move in one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.decision.api import Told, raise_alert
from honghua.ledger import api as ledger
from honghua.merchants import store_campaigns
from honghua.merchants.authenticity import store
from honghua.merchants.authenticity.following import load_rules, next_look
from honghua.merchants.authenticity.port import EvidenceSource, OrderAsked
from honghua.merchants.authenticity.scoring import load_scorer
from honghua.merchants.authenticity.store import EvidenceRow, OrderRow, OrderStep
from honghua.merchants.authenticity.withholding import settle_withheld
from honghua.merchants.core.authenticity import (
    FLAGGED,
    EvidenceItem,
    EvidenceKind,
    Judgement,
    OrderState,
    has_needed,
    judge_order,
)
from honghua.merchants.core.order_signs import Surroundings, derive_signs, find_company
from honghua.merchants.subsidies.claiming import claw_back_subsidy
from honghua.merchants.subsidies.store import find_item_of_purchase
from honghua.store.database import run_unit

LOOKED_AT_ONCE: Final = 500
CHARS_MAX: Final = 200  # of a reference, region or place
NUMBER_MAX: Final = 10**8  # grams or scans
CAPACITY_STANDS: Final = dt.timedelta(days=30)
RULES: Final = "the rules"
FLAG_ALERT: Final = "order_evidence"
CLOCK_MAY_LEAD: Final = dt.timedelta(hours=2)  # evidence from further ahead is of something that has not happened


@dataclass(frozen=True, slots=True)
class Books:
    """Where money is booked: business date and currency. grams: the least that goods weigh, by the number of their category there."""

    business_on: dt.date
    currency: str
    grams: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a person found out about an order: whether it was a real trade, and how they know."""

    is_real: bool
    person: str
    why: str


@dataclass(frozen=True, slots=True)
class Looked:
    """One look: orders asked about, items kept and dropped, orders by the word that is on them now, orders whose money moved."""

    orders: int
    kept: int
    dropped: int
    states: Mapping[str, int]
    moved: int


def look_at_orders(
    conn: psycopg.Connection, source: EvidenceSource, books: Books, *, now: dt.datetime, limit: int = LOOKED_AT_ONCE
) -> Looked:
    """Ask a source about orders whose look is due and move what follows, in a transaction of its own. Raises TimedOut of the source.

    An order is never flagged because a source is silent: that its time is over counts once somebody has answered after it.
    """
    waiting = store.list_waiting(conn, now=now, limit=limit)
    if not waiting:
        moved = run_unit(conn, lambda c: _settle(c, books, now))
        return Looked(0, 0, 0, {}, moved)
    refs = ledger.find_refs(conn, owner_ids=sorted({row.merchant_id for row in waiting}))
    asked = [
        OrderAsked(
            purchase_id=row.purchase_id, merchant=refs[row.merchant_id], order=row.reference, amount_minor=row.amount_minor,
            bought_at=row.bought_at,
        )
        for row in waiting
    ]  # fmt: skip
    told = source.report(asked, now=now)
    good = check_items(told, {row.purchase_id for row in waiting}, now=now)
    capacities = ask_capacities(conn, source, refs, now=now)

    def work(c: psycopg.Connection) -> Looked:
        store.insert_capacities(c, capacities, source=source.name, now=now)
        store.insert_evidence(c, good, source=source.name, now=now)
        ids = [row.purchase_id for row in waiting]
        rows = store.lock_orders(c, ids)
        store.touch_neighbours(c, ids, now=now)
        words = judge_rows(c, rows, books, now=now)
        move_words(c, rows, words, refs, now=now)
        moved = _settle(c, books, now)
        states = Counter(word.state.value for word in words.values())
        return Looked(len(rows), len(good), len(told) - len(good), states, moved)

    return run_unit(conn, work)


def _settle(conn: psycopg.Connection, books: Books, now: dt.datetime) -> int:
    return settle_withheld(conn, business_on=books.business_on, currency=books.currency, now=now)


def check_items(told: Sequence[EvidenceItem], asked: set[int], *, now: dt.datetime) -> list[EvidenceItem]:
    """What of a report can be weighed: about orders that were asked about, named, bounded, and of things that have happened."""
    return [
        item
        for item in told
        if item.purchase_id in asked and item.reference.strip() and item.at <= now + CLOCK_MAY_LEAD
        and min(item.grams, item.scans) >= 0 and max(item.grams, item.scans) <= NUMBER_MAX
        and all(len(text) <= CHARS_MAX and text.isprintable() for text in (item.reference, item.region, item.place))
    ]  # fmt: skip


def ask_capacities(
    conn: psycopg.Connection, source: EvidenceSource, refs: Mapping[int, str], *, now: dt.datetime
) -> list[tuple[int, int]]:
    """(merchant, orders a day) of shops of which nobody has said it for a while and the source knows it."""
    known = store.find_capacities(conn, list(refs), since=now - CAPACITY_STANDS)
    asked = [(merchant, source.find_capacity(ref)) for merchant, ref in refs.items() if merchant not in known]
    return [(merchant, most) for merchant, most in asked if most is not None]


def judge_rows(
    conn: psycopg.Connection, rows: Sequence[OrderRow], books: Books, *, now: dt.datetime
) -> dict[int, Judgement]:
    """The word of rules and scorer on each order that no person has decided, from all evidence that is kept."""
    open_rows = [row for row in rows if row.decided_by is None]
    ids = [row.purchase_id for row in open_rows]
    items: dict[int, list[EvidenceItem]] = {purchase: [] for purchase in ids}
    for one in store.list_evidence(conn, ids):
        items[one.item.purchase_id].append(one.item)
    around = read_surroundings(conn, open_rows, books, now=now)
    signs = [
        derive_signs(items[row.purchase_id], around[row.purchase_id], bought_at=row.bought_at, region_id=row.region_id)
        for row in open_rows
    ]
    rules, words = load_rules(), {}
    for row, mine, scored in zip(open_rows, signs, load_scorer().score(signs), strict=True):
        kinds = {EvidenceKind(kind) for kind in row.needs.split("|")}
        words[row.purchase_id] = judge_order(
            mine,
            has_evidence=has_needed(items[row.purchase_id], kinds),
            is_due=now >= row.due_at,
            rules=rules,
            scored=scored,
        )
    return words


def read_surroundings(
    conn: psycopg.Connection, rows: Sequence[OrderRow], books: Books, *, now: dt.datetime
) -> dict[int, Surroundings]:
    """What is known around each order."""
    ids = [row.purchase_id for row in rows]
    shops = sorted({row.merchant_id for row in rows})
    waybills, places = store.count_waybill_orders(conn, ids), store.count_place_orders(conn, ids)
    loads = store.count_shop_days(conn, {(row.merchant_id, row.booked_on) for row in rows})
    capacities = store.find_capacities(conn, shops, since=now - CAPACITY_STANDS)
    sums = store.sum_shops(conn, shops, until=max((row.booked_on for row in rows), default=now.date()))
    refunded = store.sum_refunded(conn, ids)
    company = count_company(conn, rows)
    return {
        row.purchase_id: Surroundings(
            grams_least=books.grams.get(row.category_id, 0), waybill_orders=waybills.get(row.purchase_id, 0),
            place_orders=places.get(row.purchase_id, 0), shop_orders=loads[row.merchant_id, row.booked_on][0],
            shop_orders_before=loads[row.merchant_id, row.booked_on][1],
            capacity=capacities.get(row.merchant_id), sold_minor=sums.get(row.merchant_id, (0, 0))[0],
            shop_refunded_minor=sums.get(row.merchant_id, (0, 0))[1], refunded_minor=refunded.get(row.purchase_id, 0),
            company=company[row.purchase_id],
        )
        for row in rows
    }  # fmt: skip


def count_company(conn: psycopg.Connection, rows: Sequence[OrderRow]) -> dict[int, int | None]:
    """purchase -> `OrderSigns.company`."""
    others = store.list_other_shops(conn, [row.purchase_id for row in rows])
    wanted = {(row.merchant_id, row.booked_on) for row in rows}
    wanted |= {(shop, row.booked_on) for row in rows for shop in others.get(row.purchase_id, ())}
    buyers = store.list_buyers(conn, wanted)
    return {
        row.purchase_id: find_company(
            buyers[row.merchant_id, row.booked_on],
            [buyers[shop, row.booked_on] for shop in others.get(row.purchase_id, ())],
            customer=row.account_id,
        )
        for row in rows
    }


def move_words(
    conn: psycopg.Connection,
    rows: Sequence[OrderRow],
    words: Mapping[int, Judgement],
    refs: Mapping[int, str],
    *,
    now: dt.datetime,
) -> None:
    """Keep each word; a change of it is a step, and newly flagged orders of a shop are told of once a business day."""
    raised: dict[tuple[int, dt.date], list[Judgement]] = {}
    for row in rows:
        word = words.get(row.purchase_id)
        if word is None:
            continue
        look = next_look(row.bought_at, row.due_at, is_proved=word.state is OrderState.PROVED, now=now)
        store.save_word(
            conn, row.purchase_id, (word.state, word.score, word.reasons), look_at=look, decided_by=None, now=now
        )
        if word.state.value != row.state:
            store.insert_step(
                conn, row.purchase_id,
                OrderStep(row.state, word.state.value, list(word.reasons), word.score, RULES, "", now),
            )  # fmt: skip
            if word.state in FLAGGED:
                raised.setdefault((row.merchant_id, row.booked_on), []).append(word)
    for (merchant, day), some in raised.items():
        counted = Counter(code for word in some for code in word.reasons[:1])
        said = ", ".join(f"{code} {n}" for code, n in counted.most_common())
        sentence = f"orders of {day} whose purpose is in doubt: {said}; campaign and state money of theirs is withheld"
        raise_alert(conn, Told(FLAG_ALERT, f"{refs[merchant]}:{day}", refs[merchant], sentence, now), now=now)


def decide_order(
    conn: psycopg.Connection, purchase_id: int, finding: Finding, books: Books, *, now: dt.datetime
) -> OrderRow:
    """A person's word: it stands before the rules. In the caller's transaction.

    Found false, the state's subsidy is taken back and the campaign has its money again: that is for good (Conflict ORDER_DECIDED).
    NotFound; BadInput without a reason.
    """
    if not finding.why.strip():
        raise BadInput("say why", code="REASON_MISSING")
    rows = store.lock_orders(conn, [purchase_id])
    if not rows:
        raise NotFound(f"no order {purchase_id}", code="PURCHASE_UNKNOWN")
    row = rows[0]
    if row.state == OrderState.FALSE:
        raise Conflict("this order was found to be false", code="ORDER_DECIDED")
    state = OrderState.PROVED if finding.is_real else OrderState.FALSE
    reasons = [
        "PERSON_CLEARED" if finding.is_real else "PERSON_FALSE",
        *(r for r in row.reasons if not r.startswith("PERSON_")),
    ]
    store.save_word(conn, purchase_id, (state, row.score, reasons), look_at=None, decided_by=finding.person, now=now)
    store.insert_step(
        conn, purchase_id, OrderStep(row.state, state.value, reasons, row.score, finding.person, finding.why, now)
    )
    if not finding.is_real:
        _take_back(conn, row, why=finding.why, books=books, now=now)
    _settle(conn, books, now)
    return get_order(conn, purchase_id)


def _take_back(conn: psycopg.Connection, row: OrderRow, *, why: str, books: Books, now: dt.datetime) -> None:
    """No trade: the state's money comes back, and the campaign's budget has its own again."""
    item = find_item_of_purchase(conn, row.purchase_id)
    if item is not None:
        key = f"false:{row.purchase_id}"
        claw_back_subsidy(conn, item.item, key=key, why=why, books=(books.business_on, books.currency), now=now)
    if row.platform_minor > 0:
        store_campaigns.return_spent(conn, np.array([row.purchase_id]), np.array([row.platform_minor]))


def get_order(conn: psycopg.Connection, purchase_id: int) -> OrderRow:
    """An order with the word on it; NotFound where the journal was not followed so far, or it is no purchase."""
    row = store.find_order(conn, purchase_id)
    if row is None:
        raise NotFound(f"no order {purchase_id}", code="PURCHASE_UNKNOWN")
    return row


def list_evidence(conn: psycopg.Connection, purchase_id: int) -> list[EvidenceRow]:
    """All that was said of an order, in the order in which it came."""
    return store.list_evidence(conn, [purchase_id])


__all__ = ["Books", "Finding", "Looked", "decide_order", "get_order", "list_evidence", "look_at_orders"]
