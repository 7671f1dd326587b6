"""Files on their way to the bureau, and what is deleted of adverse items five years after their end: proved by looking into every store."""

from __future__ import annotations

import datetime as dt
from functools import partial

import psycopg
import pytest
from psycopg.types.json import Jsonb

from honghua.app.clockwork import books
from honghua.app.clockwork.filing import make_carrier, make_expirer
from honghua.app.doors.outside.folders import FolderDesk
from honghua.base.errors import WorldFailed
from honghua.bureau import api as bureau
from honghua.bureau.core import AccountType
from honghua.bureau.core.filing import Header, compose_file, compute_digest, read_file
from honghua.bureau.core.records import Record
from honghua.bureau.invariants import _check_files
from honghua.bureau.store_records import Filed, Telling, insert_file, insert_notices, insert_records
from honghua.decision import api as decision
from honghua.store.database import connect, run_unit

NOW = dt.datetime(2026, 3, 5, 4, tzinfo=dt.UTC)
ODD = 40_317_731  # an amount that stands nowhere else


def record(account, month, **more):
    usual = {
        "account_id": account, "customer": f"p{account}", "month": month, "reporter": "R1", "account_type": AccountType.REVOLVING,
        "currency": "CNY", "opened_on": dt.date(2019, 1, 1), "ended_on": None, "line_minor": 10**8, "used_minor": 0, "balance_minor": 0,
        "due_minor": 0, "paid_minor": 0, "last_paid_on": None, "status": "N", "days_past_due": 0, "overdue_minor": 0,
        "overdue_most_minor": 0, "overdue_from": None, "cleared_on": None, "carried_cleared_on": None, "risk_class": 1, "trades": (),
    }  # fmt: skip
    return Record(**{**usual, **more})


def late(account, month, arose, *, cleared=None, minor=ODD):
    return record(
        account, month, status="1", days_past_due=9, overdue_minor=0 if cleared else minor, overdue_most_minor=minor, overdue_from=arose,
        cleared_on=cleared,
    )  # fmt: skip


class Shelf:
    """Files of past years, put there directly: a book of six years would take an hour to live."""

    def __init__(self, conn):
        self.conn, self.number = conn, 0

    def file(self, month, rows, *, version=1):
        self.number += 16
        header = Header(file_id=self.number, reporter="R1", month=month, records=len(rows))
        body = compose_file(header, [(version, one) for one in rows])

        def put(c):
            insert_file(c, header, compute_digest(body), now=NOW)
            filed = [
                Filed(record=one, version=version, product="x", known_fact_id=1, why="monthly", file_id=self.number, recorded_at=NOW)
                for one in rows
            ]  # fmt: skip
            insert_records(c, filed)

        run_unit(self.conn, put)
        return body

    def tell(self, account, arose, minor):
        told = Telling(
            account_id=account, customer=f"p{account}", arose_on=arose, amount_minor=minor, report_from=NOW, chinese="x", english="x"
        )  # fmt: skip
        run_unit(self.conn, lambda c: insert_notices(c, [told], now=NOW))


def test_what_is_adverse_is_gone_from_every_store_five_years_after_its_end_and_nothing_else_is(conn, database):
    shelf = Shelf(conn)
    months = [dt.date(2021, n, 1) for n in (1, 2, 3, 4)]
    arose, ended = dt.date(2021, 1, 11), dt.date(2021, 3, 5)
    for month in months:
        over = {
            months[0]: late(1, month, arose),
            months[1]: late(1, month, arose),
            months[2]: late(1, month, arose, cleared=ended),
        }
        rows = [over.get(month, record(1, month)), record(2, month), late(3, month, arose, minor=ODD + 1)]
        if month == months[3]:
            rows[0] = record(1, month, carried_cleared_on=None)
        shelf.file(month, rows)
    shelf.file(months[1], [late(4, months[1], dt.date(2021, 2, 3))])
    shelf.file(months[1], [record(4, months[1])], version=2)  # it was never true
    for account, minor in ((1, ODD), (3, ODD + 1)):
        shelf.tell(account, arose, minor)
    with conn.transaction():
        conn.execute("INSERT INTO bureau_policy VALUES ('p', %s, %s)", [Jsonb({}), NOW])
        conn.execute(
            "INSERT INTO bureau_repair VALUES (1, %s, 'p1', 'p', %s, %s, %s, %s)",
            [arose, ODD, ended, dt.date(2026, 1, 1), NOW],
        )
        conn.execute(
            "INSERT INTO bureau_reinclusion VALUES ('p1', 'p', 1, 'repaired', %s)", [NOW - dt.timedelta(days=60)]
        )
    expire = make_expirer(dt.timezone(dt.timedelta(hours=8)))
    assert expire(conn, NOW).startswith("2 records, 0 notices")  # the last day: only what was never true goes
    assert len(scan(database, str(ODD))) >= 5
    assert bureau.find_expired(conn, on=dt.date(2026, 3, 6), limit=9) == [(1, month) for month in months[:3]]
    told = expire(conn, NOW + dt.timedelta(days=1))
    assert told.startswith("3 records, 1 notices, 1 repairs, 0 objections deleted")
    assert scan(database, str(ODD)) == []  # whoever was prompt since, and whoever still owes, is untouched
    assert {table for table, _ in scan(database, str(ODD + 1))} == {"bureau_record", "bureau_notice"}
    assert bureau.find_expired(conn, on=dt.date(2026, 3, 6), limit=9) == []
    left = conn.execute("SELECT account_id, count(*) FROM bureau_record GROUP BY 1 ORDER BY 1").fetchall()
    assert left == [(1, 1), (2, 4), (3, 4)]
    assert bureau.list_reinclusions(conn) == []
    assert expire(conn, NOW + dt.timedelta(days=1)).startswith("0 records")
    assert _check_files(conn).ok
    with connect(database, owner=True) as owner, owner.transaction():
        owner.execute("UPDATE bureau_file_gap SET records = records + 1 WHERE file_id = 16")
    assert _check_files(conn).broken == ("file 16",)


def scan(database, needle):
    """(table, row) of every table that shows a text."""
    with connect(database, owner=True) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return [
            (table, row) for (table,) in tables for (row,) in owner.execute(f'SELECT t::text FROM "{table}" t') if needle in row
        ]  # fmt: skip


def test_the_database_itself_keeps_what_is_younger(conn):
    shelf = Shelf(conn)
    shelf.file(dt.date(2021, 4, 1), [late(1, dt.date(2021, 4, 1), dt.date(2021, 4, 3), cleared=dt.date(2021, 4, 9))])

    def attempt(query, *, declared):
        with conn.transaction():
            conn.execute("SELECT set_config('honghua.bureau_deleting_on', %s, true)", [declared])
            conn.execute(query)

    for query, declared in (
        ("DELETE FROM bureau_record", ""),
        ("DELETE FROM bureau_record", "2026-03-06"),
        ("UPDATE bureau_record SET status = 'N'", "2090-01-01"),
    ):
        with pytest.raises(psycopg.Error, match=r"append-only|permission denied"):
            attempt(query, declared=declared)
    report, _ = run_unit(conn, partial(bureau.delete_expired, on=dt.date(2026, 4, 9), now=NOW))
    assert report.records == 0


class Stubborn(FolderDesk):
    """A desk that cannot be reached the first times."""

    def deliver(self, reporter, name, body):
        if reporter not in KNOCKED:
            KNOCKED.add(reporter)
            super().deliver(reporter, name, body)  # it arrived, and nobody heard that it did
            raise WorldFailed("no answer")
        super().deliver(reporter, name, body)


KNOCKED: set[str] = set()


def test_files_are_handed_over_until_they_are_there_and_receipts_are_heard(conn, tmp_path):
    shelf = Shelf(conn)
    month = dt.date(2026, 2, 1)
    bodies = [shelf.file(month, [record(1, month)]), shelf.file(dt.date(2026, 1, 1), [record(1, dt.date(2026, 1, 1))])]
    KNOCKED.clear()
    carry = make_carrier(Stubborn(tmp_path))
    assert make_carrier(None)(conn, NOW) == "no desk of the bureau is attached: files wait"
    assert carry(conn, NOW).startswith("1 files handed over, 1 not")
    assert carry(conn, NOW).startswith("1 files handed over, 0 not; 0 accepted, 0 rejected, 2 not answered")
    out, back = tmp_path / "out" / "R1", tmp_path / "in" / "R1"
    assert sorted(one.name for one in out.iterdir()) == ["2026-01-32.txt", "2026-02-16.txt"]
    assert [(out / name).read_bytes() for name in ("2026-02-16.txt", "2026-01-32.txt")] == bodies
    assert read_file(bodies[0])
    back.mkdir(parents=True)
    (back / "2026-02-16.txt.receipt").write_text("accepted 1 record\n")
    (back / "2026-01-32.txt.receipt").write_text("rejected: line 2\n")
    assert "0 files handed over, 0 not; 1 accepted, 1 rejected, 0 not answered" in carry(conn, NOW)
    books.deliver(conn, NOW)
    assert [one.subject for one in decision.list_alerts(conn)] == ["R1"]
    assert "0 accepted, 0 rejected, 0 not answered" in carry(conn, NOW)
