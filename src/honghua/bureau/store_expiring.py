"""SQL of deleting what has expired. Every statement runs behind `declare`, without which the tables refuse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import psycopg

Months = Sequence[tuple[int, dt.date]]


def declare(conn: psycopg.Connection, on: dt.date) -> None:
    """This transaction deletes what had expired on a day."""
    conn.execute("SELECT set_config('honghua.bureau_deleting_on', %s, true)", [on.isoformat()])


def list_old_accounts(conn: psycopg.Connection, *, after: int, before: dt.date, limit: int) -> list[int]:
    """Accounts above one id of which arrears were filed for a month before a day."""
    rows = conn.execute(
        "SELECT DISTINCT account_id FROM bureau_record WHERE overdue_from IS NOT NULL AND month < %s AND account_id > %s"
        " ORDER BY account_id LIMIT %s",
        [before, after, limit],
    )
    return [int(row[0]) for row in rows]


def list_corrected(conn: psycopg.Connection, ids: Sequence[int], *, before: dt.date) -> list[tuple[int, dt.date]]:
    """(account, month) that ended before a day, of which arrears were filed that a later version took back."""
    rows = conn.execute(
        "SELECT DISTINCT r.account_id, r.month FROM bureau_record AS r WHERE r.account_id = ANY(%s::bigint[])"
        " AND r.overdue_from IS NOT NULL AND NOT EXISTS (SELECT FROM bureau_newest AS n"
        " WHERE n.account_id = r.account_id AND n.month = r.month AND n.overdue_from IS NOT NULL)"
        " AND r.month + interval '1 month' <= %s",
        [list(ids), before],
    )
    return [(int(account), month) for account, month in rows]


def delete_records(conn: psycopg.Connection, months: Months) -> int:
    """All versions of these months; their files have gaps from now on."""
    row = conn.execute(
        "WITH gone AS (DELETE FROM bureau_record WHERE (account_id, month) IN (SELECT * FROM unnest(%s::bigint[], %s::date[]))"
        " RETURNING file_id), counted AS ("
        "INSERT INTO bureau_file_gap (file_id, records) SELECT file_id, count(*) FROM gone GROUP BY file_id"
        " ON CONFLICT (file_id) DO UPDATE SET records = bureau_file_gap.records + EXCLUDED.records RETURNING file_id)"
        " SELECT count(*), (SELECT count(*) FROM counted) FROM gone",
        _columns(months),
    ).fetchone()
    assert row is not None
    return int(row[0])


def delete_notices(conn: psycopg.Connection, keys: Months) -> int:
    """What people were told before these items, by account and first day, were filed."""
    return conn.execute(
        "DELETE FROM bureau_notice WHERE (account_id, arose_on) IN (SELECT * FROM unnest(%s::bigint[], %s::date[]))",
        _columns(keys),
    ).rowcount


def delete_repairs(conn: psycopg.Connection, keys: Months) -> int:
    """Repairs of these items, and the flags of customers who have no other."""
    done = conn.execute(
        "WITH gone AS (DELETE FROM bureau_repair"
        " WHERE (account_id, arose_on) IN (SELECT * FROM unnest(%s::bigint[], %s::date[])) RETURNING customer)"
        " SELECT array_agg(customer) FROM gone",
        _columns(keys),
    ).fetchone()
    names = list(done[0]) if done is not None and done[0] is not None else []
    conn.execute(
        "DELETE FROM bureau_reinclusion AS f WHERE customer = ANY(%s)"
        " AND NOT EXISTS (SELECT FROM bureau_repair AS r WHERE r.customer = f.customer)",
        [names],
    )
    return len(names)


def delete_objections(conn: psycopg.Connection, months: Months, *, before: dt.date) -> int:
    """Objections to these months that were answered before a day, with their answers."""
    rows = conn.execute(
        "DELETE FROM bureau_objection_answer AS a USING bureau_objection AS o WHERE a.objection_id = o.objection_id"
        " AND a.answered_at::date < %s AND (o.account_id, o.month) IN (SELECT * FROM unnest(%s::bigint[], %s::date[]))"
        " RETURNING o.objection_id",
        [before, *_columns(months)],
    ).fetchall()
    conn.execute("DELETE FROM bureau_objection WHERE objection_id = ANY(%s::bigint[])", [[row[0] for row in rows]])
    return len(rows)


def insert_deletion(
    conn: psycopg.Connection, on: dt.date, gone: tuple[int, int, int, int], *, now: dt.datetime
) -> None:
    """How much one page deleted: records, notices, repairs, objections."""
    conn.execute(
        "INSERT INTO bureau_deletion (deleted_on, records, notices, repairs, objections, at) VALUES (%s, %s, %s, %s, %s, %s)",
        [on, *gone, now],
    )


def find_gaps(conn: psycopg.Connection) -> dict[int, int]:
    """file -> how many of its records are deleted; files without any are not there."""
    return {int(file): int(count) for file, count in conn.execute("SELECT file_id, records FROM bureau_file_gap")}


def _columns(months: Months) -> list[list[object]]:
    return [[account for account, _ in months], [day for _, day in months]]
