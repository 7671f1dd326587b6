"""Loading and writing what binds accounts beyond their limit: caps and own shops are credit's own rows, grants are the limits room's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg

from honghua.base.clock import from_micros
from honghua.base.dates import from_day, to_day
from honghua.credit.core import commands as c
from honghua.credit.core.guards import CapRow, Carried, Guard, Guards, cap_on, pending
from honghua.credit.core.lines.purposes import holder_of
from honghua.credit.core.persons.others import OtherLines
from honghua.credit.guarding.other_lines import StoredLines, lock_raises
from honghua.credit.refold import each_fact
from honghua.credit.store import find_account_ids, get_business_day
from honghua.facts.kinds import Fact, FactKind
from honghua.limits import api as limits
from honghua.store.facts import read_facts

CAPS = (
    "SELECT account_id, cap_minor, from_on - DATE '1970-01-01', fact_id FROM credit_spending_cap"
    " WHERE account_id = ANY(%s::bigint[]) ORDER BY account_id, fact_id"
)
# Caps and, in the same round trip, the shops that belong to the accounts' holders.
BOUNDS = """
SELECT account_id, cap_minor, from_on - DATE '1970-01-01', fact_id, '' AS holder, '' AS shop FROM credit_spending_cap
WHERE account_id = ANY(%(ids)s::bigint[])
UNION ALL
SELECT 0, 0, 0, 0, customer_ref, merchant_ref FROM (
  SELECT DISTINCT ON (customer_ref, merchant_ref) customer_ref, merchant_ref, is_own FROM credit_own_shop
  WHERE customer_ref = ANY(%(holders)s::text[]) ORDER BY customer_ref, merchant_ref, row_id DESC) AS newest WHERE is_own
ORDER BY account_id, fact_id
"""
OF_ORDERS = (c.CapturePurchase, c.VoidAuthorisation, c.RefundPurchase)


@dataclass(frozen=True, slots=True)
class CapView:
    """A customer's own cap. Minor units of a calendar month; 0 = none. next_minor from next_on on, None where no change waits."""

    cap_minor: int
    spent_this_month_minor: int
    next_minor: int | None
    next_on: str | None


def load_guards(
    conn: psycopg.Connection, refs: Mapping[int, str], commands: Sequence[c.Command], *, today: int
) -> Guards:
    """The guards of these accounts (id → customer), whose rows the caller has locked. Two small reads where there are none."""
    caps, shops = _read_bounds(conn, refs)
    setting = {command.customer for command in commands if isinstance(command, c.SetSpendingCap)}
    capped = sorted({*caps, *(account_id for account_id, ref in refs.items() if ref in setting)})
    days = [to_day(command.on) for command in commands if command.on is not None and to_day(command.on) < today]
    guards = Guards({account_id: Guard() for account_id in capped}, today)
    _tell_spent(conn, guards, since=first_of_month(min(days, default=today)))
    for account_id, rows in caps.items():
        guards.by_account[account_id].caps = rows
    purchases = [command.purchase_id for command in commands if isinstance(command, OF_ORDERS)]
    customers = list(refs.values()) if limits.is_any_active(conn, on=from_day(today)) else []
    ids = {ref: account_id for account_id, ref in refs.items()}
    for customer, bound in limits.load_bound(conn, customers, purchases, on=from_day(today)).items():
        guard = guards.by_account.setdefault(ids[customer], Guard())
        guard.grants, guard.ceiling_minor = bound.grants, bound.ceiling_minor
        guard.carried = [Carried(*one) for one in bound.carried]
    for account_id, ref in refs.items() if shops else ():
        if (own := shops.get(holder_of(ref))) is not None:
            guards.by_account.setdefault(account_id, Guard()).own_shops = frozenset(own)
    guards.customers = {refs[account_id] for account_id in guards.by_account}
    guards.others = OtherLines(StoredLines(conn))
    beyond = [refs[account_id] for account_id, guard in guards.by_account.items() if guard.grants]
    guards.others.learn(lock_raises(conn, commands, beyond))
    return guards


def _read_bounds(
    conn: psycopg.Connection, refs: Mapping[int, str]
) -> tuple[dict[int, list[CapRow]], dict[str, set[str]]]:
    """(caps by account, own shops by holder) of these accounts."""
    caps: dict[int, list[CapRow]] = {}
    shops: dict[str, set[str]] = {}
    asked = {"ids": np.fromiter(refs, np.int64, len(refs)), "holders": [holder_of(ref) for ref in refs.values()]}
    for account_id, cap_minor, from_on, fact_id, holder, shop in conn.execute(BOUNDS, asked):
        if shop:
            shops.setdefault(holder, set()).add(shop)
        else:
            caps.setdefault(account_id, []).append(CapRow(cap_minor, from_on, fact_id))
    return caps, shops


def is_any_guarded(
    conn: psycopg.Connection, refs: Mapping[int, str], commands: Sequence[c.Command], *, on: dt.date
) -> bool:
    """Whether a cap, a grant or a shop of their own binds any of these accounts (id → customer), or one of these commands sets a cap."""
    if any(isinstance(command, c.SetSpendingCap) for command in commands):
        return True
    query = (
        "SELECT EXISTS (SELECT FROM credit_spending_cap WHERE account_id = ANY(%s::bigint[]))"
        " OR EXISTS (SELECT FROM credit_own_shop WHERE customer_ref = ANY(%s::text[]))"
    )
    holders = [holder_of(ref) for ref in refs.values()]
    row = conn.execute(query, [np.fromiter(refs, np.int64, len(refs)), holders]).fetchone()
    if row and row[0]:
        return True
    return limits.is_any_active(conn, on=on) and limits.is_any_bound(conn, list(refs.values()), on=on)


def _tell_spent(conn: psycopg.Connection, guards: Guards, *, since: int) -> None:
    """Let guards hear the facts of their accounts since a day; caps come from their own rows."""
    if not guards.by_account:
        return
    ids = np.array(sorted(guards.by_account), np.int64)
    for fact_id, fact in sorted(each_fact(read_facts(conn, ids, after=since - 1)), key=lambda one: one[0]):
        if fact.kind is not FactKind.SPENDING_CAP_SET:
            guards.by_account[fact.account_id].hear(fact_id, fact)


def write_guards(
    conn: psycopg.Connection, guards: Guards, facts: Sequence[tuple[int, Fact, int]], *, now_us: int
) -> None:
    """Write the caps that a unit's facts set, and what they took from grants and gave back, in the unit's transaction."""
    booked = {fact_id for fact_id, _, _ in facts}
    caps = [
        (fact.account_id, fact_id, fact.amount_minor, from_day(fact.args[0]))
        for fact_id, fact in _of(facts, FactKind.SPENDING_CAP_SET)
    ]
    if caps:
        with conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO credit_spending_cap (account_id, fact_id, cap_minor, from_on) VALUES (%s, %s, %s, %s)",
                caps,
            )
    used = [
        limits.Use(fact.args[0], fact.purchase_id, fact.amount_minor, fact_id)
        for fact_id, fact in _of(facts, FactKind.BOUND_LIMIT_USED)
    ]
    back = [
        limits.Use(one.grant_id, one.purchase_id, one.given_back_minor, fact_id)
        for fact_id, one in guards.given_back if fact_id in booked
    ]  # fmt: skip
    if used or back:
        limits.move_grants(conn, used, back, on=guards.on, now=from_micros(now_us))


def find_spending_cap(conn: psycopg.Connection, customer: str) -> CapView | None:
    """A customer's cap on the business date, with what was spent of its month; None where there never was one."""
    today = to_day(get_business_day(conn))
    account_id = find_account_ids(conn, [customer]).get(customer)
    if account_id is None:
        return None
    caps = [CapRow(cap, day, fact_id) for _, cap, day, fact_id in conn.execute(CAPS, [[account_id]])]
    if not caps:
        return None
    guards = Guards({account_id: Guard()}, today)
    _tell_spent(conn, guards, since=first_of_month(today))
    waits = pending(caps, today)
    return CapView(
        cap_on(caps, today), guards.by_account[account_id].spent_in(today), None if waits is None else waits.cap_minor,
        None if waits is None else from_day(waits.from_on).isoformat(),
    )  # fmt: skip


def first_of_month(day: int) -> int:
    """Day number of the first of a day's month."""
    return to_day(from_day(day).replace(day=1))


def _of(facts: Collection[tuple[int, Fact, int]], kind: FactKind) -> list[tuple[int, Fact]]:
    return [(fact_id, fact) for fact_id, fact, _ in facts if fact.kind is kind]


__all__ = ["CapView", "find_spending_cap", "is_any_guarded", "load_guards", "write_guards"]
