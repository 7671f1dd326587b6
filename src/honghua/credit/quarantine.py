"""Accounts that a person must look at: list them, and bring one back by folding its facts anew."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import to_day
from honghua.base.errors import BadInput, IntegrityBroken, NotFound
from honghua.credit import store
from honghua.credit.booking import Booking, Cause
from honghua.credit.core.account import Account, Lines, refold, terms_max
from honghua.credit.core.kernels.audit import is_sound
from honghua.credit.core.layout import E_ON, H_AS_OF, H_TERMS
from honghua.credit.refold import event_matrix, known_minimums, standing
from honghua.credit.registry import Registry
from honghua.credit.store import AccountRows
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.database import run_unit
from honghua.store.facts import read_facts

Ints = NDArray[np.int64]


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
    """Fold the account's facts anew, let the days missed since pass, and take it out of quarantine.

    Returns True when the stored state had to be corrected. What the journal lacks or has too much against the new state
    is posted as one adjustment. Raises NotFound for an unknown customer, BadInput for an account that is not in quarantine,
    IntegrityBroken when its facts or journal are themselves broken: then nothing changes.
    """
    return run_unit(conn, lambda c: _release(c, registry, customer, now))


def _release(conn: psycopg.Connection, registry: Registry, customer: str, now: dt.datetime) -> bool:
    # The book first, as every unit of work does: end of day must not move the date while we hold the account.
    today = to_day(store.get_business_day(conn, share=True))
    found = store.find_account_ids(conn, [customer])
    if customer not in found:
        raise NotFound(f"no credit account for customer {customer}", code="ACCOUNT_UNKNOWN")
    rows = store.load_accounts(conn, np.array([found[customer]], np.int64), lock=True)
    if not rows.quarantined[0]:
        raise BadInput(f"the account of {customer} is not in quarantine", code="NOT_QUARANTINED")
    account_id = int(rows.ids[0])
    facts = read_facts(conn, rows.ids)
    events = standing(*event_matrix(facts))
    terms_rows = registry.learn_terms(conn, up_to=terms_max(events))
    if len(events) == 0 or not all(is_sound(event, len(terms_rows)) for event in events):
        text = f"the facts of {customer} can't be folded: a person must correct them"
        raise IntegrityBroken(text, code="FACTS_BROKEN")
    booked = read_booked(conn, account_id, customer)
    minimums = known_minimums(conn, account_id, {})
    blank = Account(account_id, customer, terms_rows)
    changed = is_changed(rows, blank, events, minimums, today)
    # Nothing stored says for sure how far the account had come, but every cut up to here has its statement.
    reached = max([int(facts.effective_on.max()), *(cut_on for _, cut_on, _ in store.list_cuts(conn, account_id))])
    again, _ = refold(blank, events, minimums, reached)
    again.last_fact_id = int(facts.fact_id.max())
    booking = Booking(today=today, happened_at=int(now.timestamp() * 1_000_000))
    booking.touched[account_id] = again
    while again.needs_days(today):
        _, statement = again.pass_days(again.next_stop(today))
        if statement is not None:
            booking.statements.append((account_id, statement, again.snapshot(), again.last_fact_id))
    codes = np.flatnonzero(again.balance - booked)
    currency = registry.terms[int(again.head[H_TERMS])].currency
    lines = Lines(codes, (again.balance - booked)[codes])
    booking.post(again, currency, lines, Cause(FactKind.ADJUSTED, today))
    booking.write(conn, registry.bundle_ids)
    store.end_quarantine(conn, account_id)
    return changed


def is_changed(rows: AccountRows, blank: Account, events: Ints, minimums: Ints, today: int) -> bool:
    """Whether the one stored state differs from the fold of its facts up to the day that it says it has reached."""
    head = rows.heads[0]
    as_of = int(head[H_AS_OF])
    if not int(events[:, E_ON].max()) <= as_of <= today:
        return True
    again, _ = refold(blank, events, minimums, as_of)
    return not (
        np.array_equal(again.head, head)
        and np.array_equal(again.flat_dues(), rows.dues)
        and np.array_equal(again.flat_plans(), rows.plans)
    )


def read_booked(conn: psycopg.Connection, account_id: int, customer: str) -> Ints:
    """What the journal says of the account, int64[24] by component; IntegrityBroken when its balances say something else."""
    ids = np.array([account_id], np.int64)
    booked = np.array([int(ledger.read_causes(conn, ids, component)[3].sum()) for component in Component], np.int64)
    kept = ledger.read_balances(conn, ids)[0]
    kept[Component.MERCHANT_PAYABLE] = booked[Component.MERCHANT_PAYABLE]  # stands on the merchants' accounts
    if not np.array_equal(kept, booked):
        text = f"the balances of {customer} are not the sum of its journal lines: correct them first"
        raise IntegrityBroken(text, code="BALANCES_BROKEN")
    return booked
