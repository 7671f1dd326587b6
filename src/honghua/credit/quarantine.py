"""Accounts that a person must look at: list them, and bring one back by folding its facts anew."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import psycopg

from honghua.base.dates import to_day
from honghua.base.errors import BadInput, NotFound
from honghua.credit import store
from honghua.credit.booking import Booking
from honghua.credit.core.account import Account, Lines, refold
from honghua.credit.core.layout import H_AS_OF, H_TERMS
from honghua.credit.refold import event_matrix, known_minimums, standing
from honghua.credit.registry import Registry
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.database import run_unit
from honghua.store.facts import read_facts


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """One account in quarantine: since which day, and why."""

    account_id: int
    customer: str
    since_on: dt.date
    error: str


def list_quarantined(conn: psycopg.Connection) -> list[QuarantineView]:
    """Accounts in quarantine, oldest first."""
    return [QuarantineView(*row) for row in store.list_quarantined(conn)]


def release(conn: psycopg.Connection, registry: Registry, customer: str, *, now: dt.datetime) -> bool:
    """Fold the account's facts anew and take it out of quarantine; True when its stored state had to be corrected.

    What the journal lacks or has too much against the new state is posted as one adjustment. Days missed since pass with the next
    command or end of day. Raises NotFound for an unknown customer, BadInput for an account that is not in quarantine.
    """
    return run_unit(conn, lambda c: _release(c, registry, customer, now))


def _release(conn: psycopg.Connection, registry: Registry, customer: str, now: dt.datetime) -> bool:
    found = store.find_account_ids(conn, [customer])
    if customer not in found:
        raise NotFound(f"no credit account for customer {customer}", code="ACCOUNT_UNKNOWN")
    rows = store.load_accounts(conn, np.array([found[customer]], np.int64), lock=True)
    if not rows.quarantined[0]:
        raise BadInput(f"the account of {customer} is not in quarantine", code="NOT_QUARANTINED")
    account_id, head = int(rows.ids[0]), rows.heads[0]
    events = standing(*event_matrix(read_facts(conn, rows.ids)))
    empty = Account(account_id, customer, registry.terms_rows)
    again, _ = refold(empty, events, known_minimums(conn, account_id, {}), int(head[H_AS_OF]))
    changed = not (
        np.array_equal(again.head, head) and np.array_equal(again.flat_dues(), rows.dues) and np.array_equal(again.flat_plans(), rows.plans)
    )
    again.last_fact_id = int(rows.last_fact_ids[0])
    today = to_day(store.get_business_day(conn, share=True))
    booking = Booking(today=today, happened_at=int(now.timestamp() * 1_000_000))
    booking.touched[account_id] = again
    booked = ledger.read_balances(conn, rows.ids)[0]
    delta = again.balance - booked
    delta[Component.MERCHANT_PAYABLE] = -(delta.sum() - delta[Component.MERCHANT_PAYABLE])
    codes = np.flatnonzero(delta)
    currency = registry.terms[int(again.head[H_TERMS])].currency
    booking.post(again, currency, Lines(codes, delta[codes]), kind=FactKind.ADJUSTED, value_on=today)
    booking.write(conn, registry.bundle_ids)
    store.end_quarantine(conn, account_id)
    return changed
