"""SQL of suspended purchases: set aside, locked by whoever goes on with them, claimed and decided by reviewers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from honghua.base.errors import BadInput
from honghua.credit.core.desk import Suspension
from honghua.credit.proving import TRIES_MAX
from honghua.store.copybin import Column, Int2, Int8, Text, copy_in

# In the order of desk.Suspension.
COLUMNS = "suspension_id, account_id, outcome, amount_minor, merchant, category, order_ref, until_us, expires_us, state, token"
CLAIM = dt.timedelta(minutes=30)  # a reviewer who went away gives the purchase back after this
REVIEW = 4  # decision.core.Outcome.REVIEW


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A purchase in the review queue, with who looks at it."""

    suspension: Suspension
    customer: str
    claimed_by: str | None


def write_suspensions(
    conn: psycopg.Connection,
    new: Sequence[Suspension],
    used: Sequence[tuple[int, int]],
    ended: Sequence[tuple[int, str]],
) -> None:
    """Set purchases aside; mark those that went on, by the command that went on with them, and those that ended."""
    if new:
        names = COLUMNS.split(", ")
        columns: list[Column] = [
            Int8([s.suspension_id for s in new]), Int8([s.account_id for s in new]), Int2([s.outcome for s in new]),
            Int8([s.amount_minor for s in new]), Text([s.merchant for s in new]), Text([s.category for s in new]),
            Text([s.order for s in new]), Int8([s.until_us for s in new]), Int8([s.expires_us for s in new]),
            Text([s.state for s in new]), Text([s.token for s in new]),
        ]  # fmt: skip
        copy_in(conn, "credit_suspension", names, columns)
    for suspension_id, command_id in used:
        conn.execute(
            "UPDATE credit_suspension SET state = 'used', used_by = %s WHERE suspension_id = %s",
            [command_id, suspension_id],
        )
    for suspension_id, state in ended:
        conn.execute(
            "UPDATE credit_suspension SET state = %s, decided_by = claimed_by WHERE suspension_id = %s",
            [state, suspension_id],
        )


def lock_suspensions(conn: psycopg.Connection, ids: Sequence[int]) -> dict[int, Suspension]:
    """Suspended purchases by id, held until the transaction ends."""
    query = (
        f"SELECT {COLUMNS}, coalesce(claimed_by, '') FROM credit_suspension WHERE suspension_id = ANY(%s::bigint[])"  # noqa: S608
        " ORDER BY 1 FOR UPDATE"
    )
    return {row[0]: Suspension(*row) for row in conn.execute(query, [list(ids)])}


def count_tries(conn: psycopg.Connection, ids: Sequence[int]) -> None:
    """A wrong proof each; the last one allowed ends the suspension."""
    for suspension_id in ids:
        conn.execute(
            "UPDATE credit_suspension SET tries = tries + 1, state = CASE WHEN tries + 1 >= %s THEN 'lapsed' ELSE state END"
            " WHERE suspension_id = %s AND state = 'waiting'",
            [TRIES_MAX, suspension_id],
        )


def list_queue(conn: psycopg.Connection, *, limit: int, now: dt.datetime) -> list[ReviewItem]:
    """Purchases that wait for a reviewer, oldest first, with whoever has claimed them."""
    query = (
        f"SELECT {', '.join('s.' + name for name in COLUMNS.split(', '))}, a.customer_ref,"  # noqa: S608
        " CASE WHEN s.claimed_until > %s THEN s.claimed_by END"
        " FROM credit_suspension s JOIN credit_account a USING (account_id)"
        " WHERE s.state = 'waiting' AND s.outcome = 4 ORDER BY s.suspension_id LIMIT %s"
    )
    return [ReviewItem(Suspension(*row[:-2]), row[-2], row[-1]) for row in conn.execute(query, [now, limit])]


def claim(
    conn: psycopg.Connection, *, reviewer: str, now: dt.datetime, until: dt.datetime, suspension_id: int | None
) -> Suspension | None:
    """Give a reviewer one waiting purchase that nobody else has (the oldest, or the one named), until a moment; or None."""
    named = " AND suspension_id = %(id)s" if suspension_id is not None else ""
    query = (
        "UPDATE credit_suspension SET claimed_by = %(who)s, claimed_until = %(until)s WHERE suspension_id = ("  # noqa: S608
        " SELECT suspension_id FROM credit_suspension WHERE state = 'waiting' AND outcome = 4"
        + named
        + " AND (claimed_until IS NULL OR claimed_until <= %(now)s OR claimed_by = %(who)s)"
        f" ORDER BY suspension_id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING {COLUMNS}"
    )
    values: dict[str, Any] = {"who": reviewer, "until": until, "now": now, "id": suspension_id}
    row = conn.execute(query, values).fetchone()
    return Suspension(*row) if row else None


def claim_one(
    conn: psycopg.Connection, *, reviewer: str, now: dt.datetime, suspension_id: int | None = None
) -> Suspension | None:
    """Take the oldest purchase that nobody looks at, or the one named, for as long as a claim holds; None: there is none to be had."""
    if not reviewer:
        raise BadInput("a reviewer has a name")
    return claim(conn, reviewer=reviewer, now=now, until=now + CLAIM, suspension_id=suspension_id)


def list_lapsed(conn: psycopg.Connection, *, now_us: int, limit: int) -> list[tuple[int, str]]:
    """(suspension, customer) of suspensions whose time is over and that are still open."""
    return conn.execute(
        "SELECT s.suspension_id, a.customer_ref FROM credit_suspension s JOIN credit_account a USING (account_id)"
        " WHERE s.state IN ('waiting', 'passed') AND s.expires_us < %s ORDER BY s.suspension_id LIMIT %s",
        [now_us, limit],
    ).fetchall()


def list_reviews(conn: psycopg.Connection, *, since_us: int, until_us: int, limit: int) -> list[tuple[int, str]]:
    """(suspension, state) of the newest reviews that would end in a span: each has as long as all others."""
    return conn.execute(
        "SELECT suspension_id, state FROM credit_suspension WHERE outcome = %s AND expires_us >= %s AND expires_us < %s"
        " ORDER BY suspension_id DESC LIMIT %s",
        [REVIEW, since_us, until_us, limit],
    ).fetchall()


def list_of_account(conn: psycopg.Connection, account_id: int, *, limit: int) -> list[tuple[Suspension, str, str]]:
    """(purchase, who has claimed it, who decided) of an account's suspended purchases, the newest first."""
    query = (
        f"SELECT {COLUMNS}, coalesce(claimed_by, ''), coalesce(decided_by, '') FROM credit_suspension WHERE account_id = %s"  # noqa: S608
        " ORDER BY suspension_id DESC LIMIT %s"
    )
    return [(Suspension(*row[:-2]), row[-2], row[-1]) for row in conn.execute(query, [account_id, limit])]


def find_one(conn: psycopg.Connection, suspension_id: int, *, now: dt.datetime) -> tuple[ReviewItem, str] | None:
    """One suspended purchase with its customer, whoever has it now, and who decided; None where there is none."""
    query = (
        f"SELECT {', '.join('s.' + name for name in COLUMNS.split(', '))}, a.customer_ref,"  # noqa: S608
        " CASE WHEN s.claimed_until > %s THEN s.claimed_by END, coalesce(s.decided_by, '')"
        " FROM credit_suspension s JOIN credit_account a USING (account_id) WHERE s.suspension_id = %s"
    )
    row = conn.execute(query, [now, suspension_id]).fetchone()
    return None if row is None else (ReviewItem(Suspension(*row[:-3]), row[-3], row[-2]), row[-1])


def find_customer(conn: psycopg.Connection, suspension_id: int) -> str | None:
    """Whose purchase it is."""
    row = conn.execute(
        "SELECT a.customer_ref FROM credit_suspension s JOIN credit_account a USING (account_id) WHERE suspension_id = %s",
        [suspension_id],
    ).fetchone()
    return row[0] if row else None
