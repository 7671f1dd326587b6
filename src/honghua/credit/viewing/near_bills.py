"""What reminders read: accounts whose due day is near, their open bills, and whether an automatic debit is arranged for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
from psycopg.rows import class_row

from honghua.credit.core.lines.purposes import holder_of

# Accounts first, by a day that they carry: the bills of few are unfolded out of their arrays.
NEAR_ACCOUNTS = """
SELECT a.account_id FROM credit_account a CROSS JOIN credit_book b
WHERE a.account_id > %(after)s AND a.status IN (1, 2) AND NOT a.quarantined
  AND a.next_due_on BETWEEN b.business_on AND b.business_on + %(days)s
ORDER BY a.account_id LIMIT %(limit)s
"""
OPEN_BILLS = """
SELECT d.account_id, d.seq, d.customer_ref AS customer, d.due_on, b.business_on AS today,
  d.revolving_minor + d.instalment_minor + d.fee_minor + d.interest_minor + d.penalty_minor AS unpaid_minor,
  EXISTS (SELECT FROM credit_source s WHERE s.account_id = d.account_id AND s.kind <> 'credit_card') AS is_debited
FROM credit_due d CROSS JOIN credit_book b
WHERE d.account_id = ANY(%(ids)s::bigint[])
  AND d.revolving_minor + d.instalment_minor + d.fee_minor + d.interest_minor + d.penalty_minor > 0
ORDER BY d.account_id, d.seq
"""


@dataclass(frozen=True, slots=True)
class DueBill:
    """An open bill. customer: the person, whichever line it is of; today: the business date; is_debited: a debit is arranged.

    unpaid_minor > 0: what is still to be paid of it.
    """

    account_id: int
    seq: int
    customer: str
    due_on: dt.date
    today: dt.date
    unpaid_minor: int
    is_debited: bool

    @property
    def days_left(self) -> int:
        """Whole days up to the due day; below 0 after it."""
        return (self.due_on - self.today).days


def list_near_accounts(conn: psycopg.Connection, *, days_max: int, after_id: int, limit: int) -> list[int]:
    """Ids above one id, rising, of accounts that have something to pay within so many days of the business date."""
    rows = conn.execute(NEAR_ACCOUNTS, {"after": after_id, "days": days_max, "limit": limit})
    return [int(account_id) for (account_id,) in rows]


def list_open_bills(conn: psycopg.Connection, account_ids: Sequence[int]) -> list[DueBill]:
    """What these accounts have billed and unpaid, whenever it is due, by account and number."""
    with conn.cursor(row_factory=class_row(DueBill)) as cursor:
        found = cursor.execute(OPEN_BILLS, {"ids": list(account_ids)}).fetchall()
    return [replace(one, customer=holder_of(one.customer)) for one in found]


__all__ = ["DueBill", "list_near_accounts", "list_open_bills"]
