"""File a month: records of positions, corrections as new versions, and nothing adverse of which the person was not told before."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import psycopg

from honghua.base.errors import BadInput
from honghua.base.money import format_minor
from honghua.bureau import store_records as store
from honghua.bureau.core.filing import Header, compose_file, compute_digest
from honghua.bureau.core.records import Position, Record, make_record, make_void
from honghua.bureau.policies import Products, get_setting
from honghua.bureau.store_records import Filed, NoticeRow, Telling
from honghua.store.ids import allocate

POSITIONS_MAX: Final = 10_000
MONTHLY: Final = "monthly"
CORRECTED: Final = "correction: later facts"
SHARED_ANEW: Final = "correction: parts of lenders"
Row = tuple[Position, Record, int]  # with its version


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRule:
    """How long before an adverse item is filed the person is told. The law says beforehand, not how long."""

    days: int
    source: str
    grade: str


NOTICE: Final = NoticeRule(
    days=3, source="rules.md §9 adverse item (art. 15: told beforehand); the days are ours", grade="U"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """What became of the accounts of a month: each is counted once, however many lenders report a part of it.

    files: by reporter, in the documented format. told: notices made now; whoever calls sends them, in the same transaction.
    """

    filed: int = 0
    corrected: int = 0
    unchanged: int = 0
    unreported: int = 0  # the product tells nobody, or the account had ended
    unconsented: int = 0
    noticed: int = 0  # told today, filed later
    waiting: int = 0  # told before, the days are not over
    files: tuple[bytes, ...] = ()
    told: tuple[NoticeRow, ...] = ()


def report_positions(
    conn: psycopg.Connection,
    positions: Sequence[Position],
    products: Products,
    *,
    consented: Collection[str],
    now: dt.datetime,
    corrected: str = CORRECTED,
) -> MonthReport:
    """File positions of one month in the caller's transaction. The same positions again change nothing.

    Of an account of several lenders all parts are given at once; each goes to its own reporter's file, all of them or none.
    consented: customers whose prior written consent to reporting stands (art. 29); an account that was ever filed goes on being filed
    to its end, since a debt is not undone by a withdrawal. corrected: why records on file are filed again.
    BadInput for positions of different months, or too many.
    """
    if not positions:
        return MonthReport()
    if len({one.month for one in positions}) != 1 or len(positions) > POSITIONS_MAX:
        raise BadInput(f"positions of one month, at most {POSITIONS_MAX}", code="POSITIONS_INVALID")
    ids = sorted({one.account_id for one in positions})
    newest = store.list_newest(conn, ids, positions[0].month)
    reported = store.find_reported(conn, ids)
    notices = store.find_notices(conn, ids)
    count: Counter[str] = Counter()
    tell: list[Telling] = []
    wanted: list[Row] = []
    for mine in _by_account(positions):
        before = newest.get(mine[0].account_id, [])
        rows, is_silent = _compare(mine, products, before)
        adverse = [record for _, record, _ in rows if record.is_adverse]
        if is_silent:
            count["unreported"] += 1
        elif not rows:
            count["unchanged"] += 1
        elif mine[0].customer not in consented and mine[0].account_id not in reported:
            count["unconsented"] += 1
        elif any(notices.get(_run_of(record), now) > now for record in adverse):
            count["waiting"] += 1
        elif new := [record for record in adverse if _run_of(record) not in notices]:
            count["noticed"] += 1
            tell += _tell_all(new, NOTICE, now)
        else:
            count["corrected" if before else "filed"] += 1
            wanted += rows
    told = store.insert_notices(conn, tell, now=now)
    return MonthReport(**count, files=tuple(_file(conn, wanted, corrected, now)), told=tuple(told))


def _by_account(positions: Sequence[Position]) -> list[list[Position]]:
    """What one person is told of and what is filed together: all lenders' parts of an account."""
    found: dict[int, list[Position]] = {}
    for one in positions:
        found.setdefault(one.account_id, []).append(one)
    return list(found.values())


def _compare(mine: Sequence[Position], products: Products, before: Sequence[Filed]) -> tuple[list[Row], bool]:
    """Records of an account that are not on file so, with their versions; and whether there is nothing to file of it at all.

    A lender that was reported and has no part is corrected to nothing, so that the parts on file always sum to the account.
    """
    made = [(one, make_record(one, get_setting(products, one.product))) for one in mine]
    records = [(one, record) for one, record in made if record is not None]
    if not records:
        return [], True
    known = {one.record.reporter: one for one in before}
    gone = known.keys() - {record.reporter for _, record in records}
    records += [(mine[0], make_void(known[reporter].record)) for reporter in sorted(gone)]
    rows = []
    for one, record in records:
        old = known.get(record.reporter)
        if old is None or old.record != record:
            rows.append((one, record, 1 if old is None else old.version + 1))
    return rows, False


def _tell_all(adverse: Sequence[Record], rule: NoticeRule, now: dt.datetime) -> list[Telling]:
    """One notice a run of arrears, of all that will be reported of it."""
    runs: dict[tuple[int, dt.date], list[Record]] = {}
    for record in adverse:
        runs.setdefault(_run_of(record), []).append(record)
    return [
        _tell(replace(parts[0], overdue_most_minor=sum(one.overdue_most_minor for one in parts)), rule, now)
        for parts in runs.values()
    ]


def _run_of(record: Record) -> tuple[int, dt.date]:
    """The run of arrears that a record is about: one notice covers all of its months."""
    return record.account_id, record.overdue_from or record.month


def _tell(record: Record, rule: NoticeRule, now: dt.datetime) -> Telling:
    """What the person is told of new arrears."""
    arose_on = _run_of(record)[1]
    report_from = now + dt.timedelta(days=rule.days)
    amount = format_minor(record.overdue_most_minor, record.currency)
    chinese = (
        f"报送前告知:您的账户自{arose_on}起逾期,金额{amount}元。我们将不早于{report_from:%Y-%m-%d}向金融信用信息基础数据库报送该不良信息。"
        "如有异议,可免费提出,我们在二十日内书面答复。"
    )
    english = (
        f"Before we report: your account has been overdue since {arose_on}, {amount} {record.currency}. We shall report this item to the"
        f" credit bureau not before {report_from:%Y-%m-%d}. You may object, free of charge; we answer in writing within 20 days."
    )
    return Telling(
        account_id=record.account_id, customer=record.customer, arose_on=arose_on, amount_minor=record.overdue_most_minor,
        report_from=report_from, chinese=chinese, english=english,
    )  # fmt: skip


def _file(conn: psycopg.Connection, wanted: Sequence[Row], corrected: str, now: dt.datetime) -> list[bytes]:
    by_reporter: dict[str, list[Row]] = defaultdict(list)
    for row in wanted:
        by_reporter[row[1].reporter].append(row)
    bodies = []
    for reporter, rows in sorted(by_reporter.items()):
        number = int(allocate(conn, "bureau_file_id", 1)[0])
        header = Header(file_id=number, reporter=reporter, month=rows[0][1].month, records=len(rows))
        body = compose_file(header, [(version, record) for _, record, version in rows])
        store.insert_file(conn, header, compute_digest(body), now=now)
        filed = [
            Filed(
                record=record, version=version, product=position.product, known_fact_id=position.known_fact_id,
                why=MONTHLY if version == 1 else corrected, file_id=number, recorded_at=now,
            )
            for position, record, version in rows
        ]  # fmt: skip
        store.insert_records(conn, filed)
        bodies.append(body)
    return bodies


def make_file_again(conn: psycopg.Connection, header: Header) -> bytes:
    """A file as it was, from the records that it carried."""
    rows = [(one.version, one.record) for one in store.list_of_file(conn, header.file_id)]
    return compose_file(replace(header, records=len(rows)), rows)
