"""From the journal to merchants' money: what each entry did to a merchant, what a business day comes to, and paying it out.

The follower reads what the journal did to the component `payable to merchants` and the facts behind it, transaction by transaction, so a
statement agrees with the books to the cent by construction. What a day comes to is ordered from a bank (`payouts/`); a payout that the
bank's statement shows as rejected is booked back and carried to the merchant's next day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.base.dates import to_day
from honghua.base.errors import BadInput, Conflict, NotFound, WorldFailed
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, account_key, entry_batch
from honghua.merchants import store_campaigns
from honghua.merchants import store_settlement as store
from honghua.merchants.authenticity.following import follow_orders
from honghua.merchants.campaigns import settle_reservations
from honghua.merchants.fact_places import find_places, read_argument
from honghua.merchants.payouts.orders import Payable, place_orders
from honghua.merchants.store_settlement import LIST_MAX, Ints, Movement, Movements, Settlement
from honghua.store.facts import FactColumns, read_final_facts
from honghua.store.finality import read_final_txid

LAST_ID: Final = np.iinfo(np.int64).max
NOT_GOODS: Final = (FactKind.MERCHANT_PAID, FactKind.PAYOUT_RETURNED, FactKind.MERCHANT_CHARGED)
OF_FEES: Final = (FactKind.CAMPAIGN_WITHHELD, FactKind.CAMPAIGN_RELEASED)  # they move a fee, no goods
MOVED_BY_GOODS: Final = (FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_REFUNDED)


@dataclass(frozen=True, slots=True)
class DaySum:
    """One business day of a merchant; refunds ≤ 0; fees are what the merchant bore; net is what became payable."""

    day: dt.date
    orders: int
    sales_minor: int
    refunds_minor: int
    fees_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class SettlementStatement:
    """A settlement with all movements that it covers, oldest first."""

    settlement: Settlement
    from_day: dt.date | None
    movements: tuple[Movement, ...]


def follow_journal(conn: psycopg.Connection) -> int:
    """Take in what the journal did to merchants since the last call; how many movements. In the caller's transaction."""
    start = store.lock_cursor(conn)
    until = read_final_txid(conn)
    if until <= start:
        return 0
    lines = ledger.read_component_lines(conn, Component.MERCHANT_PAYABLE, from_txid=start, until_txid=until)
    if len(lines):
        facts = read_final_facts(conn, from_txid=start)
        rows = make_movements(lines, facts)
        store.insert_movements(conn, rows)
        store.insert_due(conn, rows, kind=FactKind.PURCHASE_CAPTURED)
        follow_orders(conn, rows, facts, txids=(start, until))
        back = (rows.fee_minor < 0) & (rows.purchase_id != 0)
        store_campaigns.return_spent(conn, rows.purchase_id[back], -rows.fee_minor[back])
    store.move_cursor(conn, until)
    return len(lines)


def is_followed(conn: psycopg.Connection, *, until: dt.date = dt.date.max) -> bool:
    """Whether the follower has seen all that was booked to merchants until a business day."""
    cursor = store.read_cursor(conn)
    return not ledger.has_component_lines(conn, Component.MERCHANT_PAYABLE, from_txid=cursor, booked_until=until)


def make_movements(lines: ledger.ComponentLines, facts: FactColumns) -> Movements:
    """Lines with the facts behind them. A line whose fact is not among them (time alone caused it, a payout) stands for itself."""
    at, known = find_places(facts, lines.fact_id)

    def of_fact(column: Ints) -> Ints:
        out: Ints = np.where(known, np.append(column, 0)[at], 0)
        return out

    kind = np.where(known, of_fact(facts.kind), lines.kind)
    net = -lines.amount_minor
    by_goods = np.isin(kind, MOVED_BY_GOODS) & known
    price = of_fact(facts.amount_minor) * np.where(kind == FactKind.PURCHASE_REFUNDED, -1, 1)
    gross = np.where(by_goods, price, net)  # a reversal moves what it moves
    gross = np.where(np.isin(kind, OF_FEES), 0, gross)
    happened = np.where(known, of_fact(facts.happened_at), lines.recorded_at)
    periods = read_argument(facts, at, known & (kind == FactKind.PURCHASE_CAPTURED), "periods")
    texts = [facts.reference[i] or "" if k else "" for i, k in zip(at.tolist(), known.tolist(), strict=True)]
    return Movements(
        lines.owner_id, lines.entry_id, lines.entry_owner_id, lines.fact_id, kind, lines.booked_on, happened,
        of_fact(facts.purchase_id), texts, gross, net, gross - net, periods,
        read_argument(facts, at, by_goods, "category"),
    )  # fmt: skip


def settle_day(conn: psycopg.Connection, day: dt.date, *, business_on: dt.date, currency: str, now: dt.datetime) -> int:
    """Settle every merchant up to a closed business day and ask for the payouts; how many merchants. In the caller's transaction.

    A second call for the same day settles nobody again. Conflict while the day is still open; WorldFailed (JOURNAL_BEHIND, try again)
    while a transaction under way keeps the follower from what was booked on the day: what it has not seen it must not settle.
    """
    if day >= business_on:
        raise Conflict(f"{day} is not closed yet: the business date is {business_on}", code="DAY_OPEN")
    store.lock_settling(conn, share=False)  # what is paid at once is booked before, or refused
    settle_reservations(conn, now=now)  # before a refund of them is followed
    follow_journal(conn)
    if not is_followed(conn, until=day):
        raise WorldFailed(f"not all of {day} can be followed yet", code="JOURNAL_BEHIND")
    made = store.make_settlements(conn, day=day, now=now)
    _charge(conn, [(merchant, -charged) for merchant, _, _, charged in made if charged], business_on, currency)
    paid = [(merchant, on, minor) for merchant, on, minor, _ in made if minor > 0]
    if paid:
        refs = ledger.find_refs(conn, owner_ids=[merchant for merchant, _, _ in paid])
        payables = [
            Payable(key=payout_key(m, on), merchant_id=m, merchant=refs[m], amount_minor=minor, day=on)
            for m, on, minor in paid
        ]
        orders = place_orders(conn, payables, business_on=business_on, currency=currency, now=now)
        store.note_entries(conn, [(m, on, o.entry_id) for (m, on, _), o in zip(paid, orders, strict=True)])
    return len(made)


def _charge(conn: psycopg.Connection, rows: list[tuple[int, int]], business_on: dt.date, currency: str) -> None:
    """Book the service fees that settlements took: less is payable, it is income."""
    day = to_day(business_on)
    entries = [
        {
            "owner_id": merchant, "kind": int(FactKind.MERCHANT_CHARGED), "value_on": day, "booked_on": day,
            "lines": [
                (account_key(merchant, Component.MERCHANT_PAYABLE), minor), (account_key(merchant, Component.FEE_INCOME), -minor),
            ],
        }
        for merchant, minor in rows
    ]  # fmt: skip
    if entries:
        ledger.post_entries(conn, entry_batch(entries, currency=currency))


def payout_key(merchant_id: int, day: dt.date) -> str:
    """The key under which a merchant's day is paid once."""
    return f"payout:{merchant_id}:{day.isoformat()}"


def list_movements(
    conn: psycopg.Connection,
    merchant_id: int,
    *,
    days: tuple[dt.date, dt.date],
    before: int | None = None,
    limit: int = 50,
) -> list[Movement]:
    """What happened to a merchant on some business days (both inside), the newest first; `before` (an entry id) pages on."""
    if not 1 <= limit <= LIST_MAX:
        raise BadInput(f"1 … {LIST_MAX} movements at a time")
    return store.list_movements(conn, merchant_id, before=LAST_ID if before is None else before, days=days, limit=limit)


def list_of_purchase(conn: psycopg.Connection, merchant_id: int, purchase_id: int) -> list[Movement]:
    """All movements of one purchase at this merchant, in order; empty where it is another's."""
    return store.list_of_purchase(conn, merchant_id, purchase_id)


def sum_days(conn: psycopg.Connection, merchant_id: int, *, days: tuple[dt.date, dt.date]) -> list[DaySum]:
    """Business days with a movement, in order."""
    return [DaySum(*row) for row in store.sum_days(conn, merchant_id, days=days)]


def list_settlements(
    conn: psycopg.Connection, merchant_id: int, *, before: dt.date | None = None, limit: int = 31
) -> list[Settlement]:
    """A merchant's settlements, the newest first."""
    if not 1 <= limit <= LIST_MAX:
        raise BadInput(f"1 … {LIST_MAX} settlements at a time")
    return store.list_settlements(conn, merchant_id, before=before or dt.date.max, limit=limit)


def get_statement(conn: psycopg.Connection, merchant_id: int, day: dt.date) -> SettlementStatement:
    """A settlement with what it is made of; NotFound when that day was not settled."""
    found = store.find_settlement(conn, merchant_id, day)
    if found is None:
        raise NotFound(f"no settlement on {day}", code="SETTLEMENT_UNKNOWN")
    last = store.find_day_before(conn, merchant_id, day)
    start = last + dt.timedelta(days=1) if last is not None else dt.date.min
    rows: list[Movement] = []
    before = LAST_ID
    while True:
        page = store.list_movements(conn, merchant_id, before=before, days=(start, day), limit=LIST_MAX)
        rows += page
        if len(page) < LIST_MAX:
            break
        before = page[-1].entry_id
    goods = [row for row in reversed(rows) if row.kind not in NOT_GOODS]
    return SettlementStatement(found, last, tuple(goods))
