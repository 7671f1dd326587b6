"""SQL of files on their way."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.bureau.core.filing import Header


def list_undelivered(conn: psycopg.Connection, *, limit: int) -> list[tuple[Header, bytes]]:
    """Files with their digests that nobody has handed over, the oldest first."""
    rows = conn.execute(
        "SELECT f.file_id, f.reporter, f.month, f.records, f.digest FROM bureau_file AS f"
        " WHERE NOT EXISTS (SELECT FROM bureau_delivery AS d WHERE d.file_id = f.file_id)"
        " AND NOT EXISTS (SELECT FROM bureau_file_gap AS g WHERE g.file_id = f.file_id) ORDER BY f.file_id LIMIT %s",
        [limit],
    )
    return [
        (Header(file_id=number, reporter=reporter, month=month, records=count), bytes(digest))
        for number, reporter, month, count, digest in rows
    ]


def insert_delivery(conn: psycopg.Connection, *, file_id: int, desk: str, now: dt.datetime) -> None:
    """A file is there."""
    conn.execute(
        "INSERT INTO bureau_delivery (file_id, desk, delivered_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [file_id, desk, now],
    )


def list_silent(conn: psycopg.Connection, *, limit: int) -> list[Header]:
    """Files that were handed over and not answered, those that wait longest first."""
    rows = conn.execute(
        "SELECT f.file_id, f.reporter, f.month, f.records FROM bureau_delivery AS d JOIN bureau_file AS f USING (file_id)"
        " WHERE d.receipt IS NULL ORDER BY d.file_id LIMIT %s",
        [limit],
    )
    return [
        Header(file_id=number, reporter=reporter, month=month, records=count) for number, reporter, month, count in rows
    ]


def set_receipt(conn: psycopg.Connection, file_id: int, said: str, *, now: dt.datetime) -> None:
    """What the bureau said of a file, once."""
    conn.execute(
        "UPDATE bureau_delivery SET receipt = %s, receipt_at = %s WHERE file_id = %s AND receipt IS NULL",
        [said, now, file_id],
    )
