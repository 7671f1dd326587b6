"""Repair in a batch: every item that a policy covers is found without anybody asking, and only what is displayed changes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from honghua.base.errors import BadInput, Conflict
from honghua.bureau import store_records
from honghua.bureau.core.repair import RepairPolicy, RepairVerdict, judge, judge_all, write_policy
from honghua.bureau.core.report import Item, find_items
from honghua.store.wishes import wish

RESCORE_WISH: Final = "bureau_rescore"
ACCOUNTS_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairReport:
    """One run: items looked at, newly repaired, why the others are not (by clause), customers to score again."""

    items: int
    repaired: int
    failed: dict[str, int]
    rescored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairRow:
    """An item that is out of the display from a day on."""

    account_id: int
    arose_on: dt.date
    customer: str
    policy: str
    amount_minor: int
    repaid_on: dt.date
    off_on: dt.date
    judged_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Reinclusion:
    """Somebody whose items were repaired and who may be offered credit again, small at first (R-260)."""

    customer: str
    policy: str
    items: int
    reason: str
    flagged_at: dt.datetime


def repair_page(
    conn: psycopg.Connection,
    policies: Sequence[RepairPolicy],
    *,
    after: int,
    now: dt.datetime,
    on: dt.date,
    regions: Mapping[str, str] | None = None,
) -> tuple[RepairReport, int]:
    """Judge the items of the next accounts in the caller's transaction; the report and where to go on, 0 = done.

    Nothing is written but repairs, flags and wishes of this room: no record, no journal. on: the date in China. An item repaired before
    stays so. regions: by customer, for policies that differ by it. Run it daily: it also finds who repays before the deadline.
    """
    for policy in policies:
        _keep_policy(conn, policy, now)
    ids = store_records.list_adverse_after(conn, after=after, limit=ACCOUNTS_AT_ONCE)
    items = find_items([one.record for one in store_records.list_of_accounts(conn, ids)])
    done = _find_done(conn, ids)
    failed: Counter[str] = Counter()
    repaired = 0
    for item in items:
        if item.key in done:
            continue
        overdue = item.as_overdue(region=(regions or {}).get(item.customer, ""))
        found = judge_all(policies, overdue)
        if found is None:
            failed.update(clause for policy in policies for clause in judge(policy, overdue).failed)
            continue
        repaired += _insert(conn, item, *found, now=now)
    rescored = _flag(conn, on=on, now=now)
    report = RepairReport(items=len(items), repaired=repaired, failed=dict(failed), rescored=rescored)
    return report, ids[-1] if len(ids) == ACCOUNTS_AT_ONCE else 0


def list_repairs(conn: psycopg.Connection, customer: str) -> list[RepairRow]:
    """What was repaired for somebody, by account and day."""
    with conn.cursor(row_factory=class_row(RepairRow)) as cursor:
        return cursor.execute(
            "SELECT account_id, arose_on, customer, policy, amount_minor, repaid_on, off_on, judged_at FROM bureau_repair"
            " WHERE customer = %s ORDER BY account_id, arose_on",
            [customer],
        ).fetchall()


def find_reinclusion(conn: psycopg.Connection, customer: str) -> Reinclusion | None:
    """The flag of somebody whose arrears were repaired, who begins small again; None for everybody else."""
    row = conn.execute(
        "SELECT customer, policy, items, reason, flagged_at FROM bureau_reinclusion WHERE customer = %s", [customer]
    ).fetchone()
    return None if row is None else Reinclusion(*row)


def list_reinclusions(conn: psycopg.Connection, *, after: str = "", limit: int = 100) -> list[Reinclusion]:
    """People to be offered credit again, by reference."""
    if not 1 <= limit <= ACCOUNTS_AT_ONCE:
        raise BadInput(f"1 … {ACCOUNTS_AT_ONCE} at a time")
    rows = conn.execute(
        "SELECT customer, policy, items, reason, flagged_at FROM bureau_reinclusion WHERE customer > %s ORDER BY customer LIMIT %s",
        [after, limit],
    )
    return [Reinclusion(*row) for row in rows]


def _insert(
    conn: psycopg.Connection, item: Item, policy: RepairPolicy, verdict: RepairVerdict, *, now: dt.datetime
) -> int:
    done = conn.execute(
        "INSERT INTO bureau_repair (account_id, arose_on, customer, policy, amount_minor, repaid_on, off_on, judged_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            item.account_id, item.arose_on, item.customer, policy.name, item.amount_minor, item.ended_on, verdict.off_on, now,
        ],
    )  # fmt: skip
    return done.rowcount


def _flag(conn: psycopg.Connection, *, on: dt.date, now: dt.datetime) -> int:
    """People whose first item went out of the display by a day: one wish to score them again, one flag; once ever."""
    rows = conn.execute(
        "INSERT INTO bureau_reinclusion (customer, policy, items, reason, flagged_at)"
        " SELECT customer, min(policy), count(*), 'adverse items repaired and out of the display', %(now)s FROM bureau_repair AS r"
        " WHERE off_on <= %(on)s AND NOT EXISTS (SELECT FROM bureau_reinclusion AS f WHERE f.customer = r.customer)"
        " GROUP BY customer ON CONFLICT DO NOTHING RETURNING customer, items, policy",
        {"on": on, "now": now},
    ).fetchall()
    for customer, items, policy in rows:
        body = {"customer": customer, "items": items, "policy": policy, "reason": "bureau repair"}
        wish(conn, kind=RESCORE_WISH, key=f"bureau_rescore:{customer}", body=body, due_at=now)
    return len(rows)


def _find_done(conn: psycopg.Connection, ids: Sequence[int]) -> set[tuple[int, dt.date]]:
    query = "SELECT account_id, arose_on FROM bureau_repair WHERE account_id = ANY(%s::bigint[])"
    return {(int(account), arose_on) for account, arose_on in conn.execute(query, [list(ids)])}


def _keep_policy(conn: psycopg.Connection, policy: RepairPolicy, now: dt.datetime) -> None:
    """Keep a policy as it is first used; Conflict when its name was used with other words."""
    body = write_policy(policy)
    conn.execute(
        "INSERT INTO bureau_policy (name, body, recorded_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [policy.name, Jsonb(body), now],
    )
    row = conn.execute("SELECT body FROM bureau_policy WHERE name = %s", [policy.name]).fetchone()
    if row is None or row[0] != body:
        raise Conflict(
            f"repair policy {policy.name} was used with other words: give it another name", code="POLICY_REUSED"
        )
