"""SQL of records, files and notices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from honghua.bureau.core.codes import AccountType
from honghua.bureau.core.filing import Header
from honghua.bureau.core.records import Record

OF_RECORD: Final = (
    "account_id", "customer", "month", "reporter", "account_type", "currency", "opened_on", "ended_on", "line_minor", "used_minor",
    "balance_minor", "due_minor", "paid_minor", "last_paid_on", "status", "days_past_due", "overdue_minor", "overdue_most_minor",
    "overdue_from", "cleared_on", "carried_cleared_on", "risk_class", "trades",
)  # fmt: skip
TOLD: Final = ("account_id", "customer", "arose_on", "amount_minor", "report_from", "chinese", "english")
COPY: Final = f"COPY bureau_record ({', '.join(OF_RECORD)}, product, version, known_fact_id, why, file_id, recorded_at) FROM STDIN"
NEWEST: Final = "SELECT * FROM bureau_newest WHERE "
VERSIONS: Final = "SELECT * FROM bureau_record WHERE customer = %s ORDER BY account_id, month, reporter, version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A record with what stands beside it."""

    record: Record
    version: int
    product: str
    known_fact_id: int
    why: str
    file_id: int
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """Somebody was told of what will be filed of them, not before `report_from`."""

    notice_id: int
    account_id: int
    customer: str
    arose_on: dt.date
    amount_minor: int
    report_from: dt.datetime
    chinese: str
    english: str
    sent_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A notice to be made."""

    account_id: int
    customer: str
    arose_on: dt.date
    amount_minor: int
    report_from: dt.datetime
    chinese: str
    english: str


def insert_file(conn: psycopg.Connection, header: Header, digest: bytes, *, now: dt.datetime) -> None:
    """Keep what a file was."""
    conn.execute(
        "INSERT INTO bureau_file (file_id, reporter, month, records, digest, made_at) VALUES (%s, %s, %s, %s, %s, %s)",
        [header.file_id, header.reporter, header.month, header.records, digest, now],
    )


def insert_records(conn: psycopg.Connection, rows: Iterable[Filed]) -> None:
    """File records."""
    with conn.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            beside = (row.product, row.version, row.known_fact_id, row.why, row.file_id, row.recorded_at)
            copy.write_row((*_values(row.record), *beside))


def find_filed(conn: psycopg.Connection, account_ids: Sequence[int], month: dt.date) -> set[int]:
    """Which of these accounts have a month on file."""
    query = "SELECT DISTINCT account_id FROM bureau_record WHERE account_id = ANY(%s::bigint[]) AND month = %s"
    return {int(row[0]) for row in conn.execute(query, [list(account_ids), month])}


def list_known(conn: psycopg.Connection, account_ids: Sequence[int]) -> list[tuple[int, dt.date, int]]:
    """(account, month, last fact known to whoever reported it last) of every month on file of some accounts."""
    query = (
        "SELECT account_id, month, max(known_fact_id) FROM bureau_record WHERE account_id = ANY(%s::bigint[])"
        " GROUP BY account_id, month ORDER BY account_id, month"
    )
    return [(int(one), month, int(known)) for one, month, known in conn.execute(query, [list(account_ids)])]


def list_newest(conn: psycopg.Connection, account_ids: Sequence[int], month: dt.date) -> dict[int, list[Filed]]:
    """The newest version of a month of each reporter, by account; who has none is not there."""
    query = NEWEST + "account_id = ANY(%s::bigint[]) AND month = %s ORDER BY account_id, reporter"
    found: dict[int, list[Filed]] = {}
    for row in _read(conn, query, [list(account_ids), month]):
        found.setdefault(row.record.account_id, []).append(row)
    return found


def list_of_customer(conn: psycopg.Connection, customer: str) -> list[Filed]:
    """The newest version of every month of all accounts of a customer."""
    return _read(conn, NEWEST + "customer = %s ORDER BY account_id, month, reporter", [customer])


def list_versions(conn: psycopg.Connection, customer: str) -> list[Filed]:
    """Every version of everything filed of a customer."""
    return _read(conn, VERSIONS, [customer])


def list_of_file(conn: psycopg.Connection, file_id: int) -> list[Filed]:
    """What a file carried."""
    return _read(conn, "SELECT * FROM bureau_record WHERE file_id = %s ORDER BY account_id", [file_id])


def count_of_file(conn: psycopg.Connection, file_id: int) -> int:
    """How many records of a file are there."""
    row = conn.execute("SELECT count(*) FROM bureau_record WHERE file_id = %s", [file_id]).fetchone()
    assert row is not None
    return int(row[0])


def list_newest_after(conn: psycopg.Connection, *, after: tuple[int, dt.date], limit: int) -> list[Filed]:
    """Newest versions by (account, month) above a place: pages of everything filed. A month of an account is never cut in two."""
    query = NEWEST + "(account_id, month) > (%s, %s) ORDER BY account_id, month FETCH FIRST %s ROWS WITH TIES"
    return _read(conn, query, [*after, limit])


def list_adverse_after(conn: psycopg.Connection, *, after: int, limit: int) -> list[int]:
    """Accounts above one id of which arrears were ever filed."""
    rows = conn.execute(
        "SELECT DISTINCT account_id FROM bureau_record WHERE overdue_from IS NOT NULL AND account_id > %s"
        " ORDER BY account_id LIMIT %s",
        [after, limit],
    )
    return [int(row[0]) for row in rows]


def list_of_accounts(conn: psycopg.Connection, account_ids: Sequence[int]) -> list[Filed]:
    """The newest version of every month of some accounts."""
    return _read(
        conn, NEWEST + "account_id = ANY(%s::bigint[]) ORDER BY account_id, month, reporter", [list(account_ids)]
    )


def find_reported(conn: psycopg.Connection, account_ids: Sequence[int]) -> set[int]:
    """Which of these accounts were ever filed."""
    query = "SELECT DISTINCT account_id FROM bureau_record WHERE account_id = ANY(%s::bigint[])"
    return {int(row[0]) for row in conn.execute(query, [list(account_ids)])}


def list_files(conn: psycopg.Connection, *, limit: int) -> list[tuple[Header, bytes, dt.datetime]]:
    """Files with their digests, the newest first."""
    rows = conn.execute(
        "SELECT file_id, reporter, month, records, digest, made_at FROM bureau_file ORDER BY file_id DESC LIMIT %s",
        [limit],
    )
    return [
        (Header(file_id=number, reporter=reporter, month=month, records=count), digest, made_at)
        for number, reporter, month, count, digest, made_at in rows
    ]


def insert_notices(conn: psycopg.Connection, rows: Sequence[Telling], *, now: dt.datetime) -> list[NoticeRow]:
    """Tell people of runs of arrears, in order and in one statement; one that was told before is an error of the database."""
    if not rows:
        return []
    columns = [[getattr(row, name) for row in rows] for name in TOLD]
    found = conn.execute(
        f"INSERT INTO bureau_notice ({', '.join(TOLD)}, sent_at) SELECT t.*, %s FROM unnest(%s::bigint[], %s::text[], %s::date[],"  # noqa: S608
        " %s::bigint[], %s::timestamptz[], %s::text[], %s::text[]) AS t"
        f" RETURNING notice_id, {', '.join(TOLD)}, sent_at",
        [now, *columns],
    )
    return sorted((NoticeRow(*row) for row in found), key=lambda one: one.notice_id)


def find_notices(conn: psycopg.Connection, account_ids: Sequence[int]) -> dict[tuple[int, dt.date], dt.datetime]:
    """From when arrears may be filed, by (account, first day)."""
    rows = conn.execute(
        "SELECT account_id, arose_on, report_from FROM bureau_notice WHERE account_id = ANY(%s::bigint[])",
        [list(account_ids)],
    )
    return {(int(account), arose_on): report_from for account, arose_on, report_from in rows}


def list_notices(conn: psycopg.Connection, customer: str, *, limit: int) -> list[NoticeRow]:
    """What somebody was told, the newest first."""
    rows = conn.execute(
        "SELECT notice_id, account_id, customer, arose_on, amount_minor, report_from, chinese, english, sent_at"
        " FROM bureau_notice WHERE customer = %s ORDER BY notice_id DESC LIMIT %s",
        [customer, limit],
    )
    return [NoticeRow(*row) for row in rows]


def _values(record: Record) -> list[Any]:
    values = [getattr(record, name) for name in OF_RECORD]
    values[OF_RECORD.index("account_type")] = record.account_type.value
    values[OF_RECORD.index("trades")] = list(record.trades)
    return values


def _read(conn: psycopg.Connection, query: Any, params: Sequence[Any]) -> list[Filed]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, params).fetchall()
    return [_filed(row) for row in rows]


def _filed(row: Mapping[str, Any]) -> Filed:
    values = {name: row[name] for name in OF_RECORD}
    values |= {"account_type": AccountType(row["account_type"]), "trades": tuple(row["trades"])}
    return Filed(
        record=Record(**values), version=row["version"], product=row["product"], known_fact_id=row["known_fact_id"], why=row["why"],
        file_id=row["file_id"], recorded_at=row["recorded_at"],
    )  # fmt: skip
