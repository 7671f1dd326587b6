"""What people see of what was filed: their own report as the law and repair leave it, and the raw records, for auditors only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput, Refusal
from honghua.bureau import store_inquiries, store_records
from honghua.bureau.core.report import Report, show
from honghua.bureau.objecting import ObjectionRow, find_disputed, list_objections_of
from honghua.bureau.repairing import list_repairs
from honghua.bureau.store_inquiries import InquiryRow
from honghua.bureau.store_records import Filed, NoticeRow

RAW_ROLES: Final = frozenset({"auditor"})
SHOWN_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class OwnReport:
    """A page for the person themselves: the report, who asked about them and why, notices, objections; free of charge."""

    report: Report
    inquiries: tuple[InquiryRow, ...]
    notices: tuple[NoticeRow, ...]
    objections: tuple[ObjectionRow, ...]


def view_report(conn: psycopg.Connection, customer: str, *, on: dt.date) -> Report:
    """The report on a day: expired and repaired items do not show, in summary and detail alike; disputed months are marked."""
    records = [one.record for one in store_records.list_of_customer(conn, customer)]
    repaired = {(one.account_id, one.arose_on): one.off_on for one in list_repairs(conn, customer)}
    return show(customer, records, on=on, repaired=repaired, disputed=find_disputed(conn, customer))


def view_own_report(conn: psycopg.Connection, customer: str, *, on: dt.date) -> OwnReport:
    """All that somebody may see of themselves, at most `SHOWN_MAX` rows of each log."""
    return OwnReport(
        view_report(conn, customer, on=on),
        tuple(store_inquiries.list_inquiries(conn, customer, limit=SHOWN_MAX)),
        tuple(store_records.list_notices(conn, customer, limit=SHOWN_MAX)),
        tuple(list_objections_of(conn, customer, limit=SHOWN_MAX)),
    )


def read_raw(
    conn: psycopg.Connection, customer: str, *, role: str, viewer: str, why: str, now: dt.datetime
) -> list[Filed] | Refusal:
    """Every version of every record, repaired and expired ones too, and a line in the log of who looked. Refusal RAW_FOR_AUDITORS."""
    if role not in RAW_ROLES:
        return Refusal("RAW_FOR_AUDITORS", "Raw bureau records are for auditors only.")
    if not viewer.strip() or not why.strip():
        raise BadInput("who looks at raw records says who and why", code="RAW_WITHOUT_REASON")
    conn.execute(
        "INSERT INTO bureau_raw_access (customer, viewer, why, at) VALUES (%s, %s, %s, %s)",
        [customer, viewer, why, now],
    )
    return store_records.list_versions(conn, customer)
