"""The monthly run: file the month that has closed, correct months that later facts have reached, repair what a policy repairs.

It is looked at every hour and does only what is left to do, page by page, each page one transaction: killed at any moment, it goes on.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Final

import psycopg

from honghua.app.filing.positions import read_newest_positions
from honghua.base.errors import NotFound
from honghua.bureau import api as bureau
from honghua.bureau.core import RepairPolicy, month_after
from honghua.credit import api as credit
from honghua.credit.core import holder_of
from honghua.credit.jobs import find_opened, forget_late, list_late, list_month_accounts, list_overtaken, note_late
from honghua.customers import api as customers
from honghua.customers.core import ConsentKind
from honghua.funding import api as funding
from honghua.store.database import run_unit

PAGE: Final = 500
PAGES_MAX: Final = 100_000
Send = Callable[[psycopg.Connection, bureau.NoticeRow, dt.datetime], object]
Deed = Callable[[psycopg.Connection, "FilingRun", "Means", list[int]], list[bureau.NoticeRow]]
MONTHS_BACK: Final = 3  # the newest month and those before it of which something may be missing


@dataclass(frozen=True, slots=True)
class Means:
    """What a run goes by: products, its moment, and what carries a notice to the person (None: it stands on their page only)."""

    settings: bureau.Products
    now: dt.datetime
    send: Send | None


@dataclass(slots=True)
class FilingRun:
    """One run. counts: what became of the newest month's positions, by word; caught_up: filed of the months before; corrected: filed
    again; shared_anew: filed again since their lenders are others; repaired: items; rescored: customers."""

    month: dt.date
    registry: credit.Registry
    counts: Counter[str] = field(default_factory=Counter)
    caught_up: int = 0
    corrected: int = 0
    shared_anew: int = 0
    repaired: int = 0
    rescored: int = 0

    def tell(self) -> str:
        """In words."""
        said = ", ".join(f"{count} {word}" for word, count in sorted(self.counts.items()) if count) or "nothing to file"
        more = f"{self.caught_up} caught up, {self.corrected} corrected, {self.shared_anew} shared anew, {self.repaired} items repaired"
        return f"{self.month:%Y-%m}: {said}; {more}"


def file_all(
    conn: psycopg.Connection,
    *,
    now: dt.datetime,
    zone: dt.tzinfo,
    products: bureau.Products | None = None,
    policies: tuple[RepairPolicy, ...] | None = None,
    send: Send | None = None,
) -> FilingRun | None:
    """Everything that is left to do; None before the book has begun. The connection is idle: each page commits.

    send: carries a notice to the person, in the transaction that writes it down; without one it stands on their page only.
    What is to be shared among lenders is shared first (`share_all`), since each lender reports its own part.
    """
    try:
        today = run_unit(conn, credit.get_business_day)
    except NotFound:
        return None
    month = month_after(today.replace(day=1), -1)
    registry = run_unit(conn, credit.open_registry)
    run = FilingRun(month, registry)
    means = Means(products or bureau.load_products(), now, send)
    after = 0
    for _ in range(PAGES_MAX):
        ids = run_unit(conn, partial(list_month_accounts, after_id=after, limit=PAGE))
        if not ids:
            break
        run = run_unit(conn, partial(_take_page, _file_page, run=run, means=means, ids=ids))
        after = ids[-1]
    run = _correct(conn, run, means, closed_before=today.replace(day=1))
    run = _share_anew(conn, run, means, closed_before=today.replace(day=1))
    return _repair(conn, run, policies or bureau.load_policies(), now=now, on=now.astimezone(zone).date())


def share_all(conn: psycopg.Connection, routings: Sequence[funding.Routing], *, now: dt.datetime) -> None:
    """Share all that was bought as the routings say, and bring shared loans up to the books; the connection is idle, each page commits."""
    for _ in range(PAGES_MAX):
        if run_unit(conn, partial(funding.follow_books, routings=routings, now=now)).is_last:
            break


def _correct(conn: psycopg.Connection, run: FilingRun, means: Means, *, closed_before: dt.date) -> FilingRun:
    """Closed months that facts of since have reached; what is held back for a notice is looked at again."""
    for _ in range(PAGES_MAX):
        if not run_unit(conn, partial(note_late, closed_before=closed_before)):
            break
    after = 0
    for _ in range(PAGES_MAX):
        ids = run_unit(conn, partial(list_late, after_id=after, limit=PAGE))
        if not ids:
            break
        run = run_unit(conn, partial(_take_page, _correct_page, run=run, means=means, ids=ids))
        after = ids[-1]
    return run


def _share_anew(conn: psycopg.Connection, run: FilingRun, means: Means, *, closed_before: dt.date) -> FilingRun:
    """Closed months whose lenders turned out to be others than was filed: shared late, told late, or sold as of a closed day."""
    after = 0
    for _ in range(PAGES_MAX):
        ids = run_unit(conn, partial(funding.list_marked, before=closed_before, after_id=after, limit=PAGE))
        if not ids:
            break
        deed = partial(_share_page, closed_before=closed_before)
        run = run_unit(conn, partial(_take_page, deed, run=run, means=means, ids=ids))
        after = ids[-1]
    return run


def _take_page(deed: Deed, conn: psycopg.Connection, *, run: FilingRun, means: Means, ids: list[int]) -> FilingRun:
    """A page on a copy of the run's figures, since a unit of work may be tried again."""
    mine = replace(run, counts=Counter(run.counts))
    for notice in deed(conn, mine, means, ids):
        if means.send is not None:
            means.send(conn, notice, means.now)
    return mine


def _file_page(conn: psycopg.Connection, run: FilingRun, means: Means, ids: list[int]) -> list[bureau.NoticeRow]:
    """What is missing of the month and of those just before it (held back for a notice, or nobody looked), by the account."""
    marks = funding.lock_marks(conn, ids)  # whoever shares one of these accounts now waits, and marks it again
    names = {one: holder_of(line) for one, line in credit.find_customer_refs(conn, ids).items()}
    reported = bureau.find_reported(conn, ids)
    consented = find_consented(conn, {names[one] for one in ids if one not in reported})
    allowed = [one for one in ids if one in reported or names[one] in consented]
    told: list[bureau.NoticeRow] = []
    run.counts["unconsented"] += len(ids) - len(allowed)
    for month in (month_after(run.month, -back) for back in reversed(range(MONTHS_BACK))):
        there = bureau.find_filed(conn, allowed, month)
        missing = find_opened(conn, [one for one in allowed if one not in there], before=month_after(month, 1))
        positions = read_newest_positions(conn, run.registry, month, sorted(missing))
        report = bureau.report_positions(conn, positions, means.settings, consented=consented, now=means.now)
        told += report.told
        if month == run.month:
            found = {word: count for word, count in asdict(report).items() if isinstance(count, int)}
            run.counts.update({**found, "unchanged": len(there)})
            funding.forget_marks(conn, [one for one in missing if one in marks and marks[one] >= month])
        else:
            run.caught_up += report.filed
    return told


def _correct_page(conn: psycopg.Connection, run: FilingRun, means: Means, ids: list[int]) -> list[bureau.NoticeRow]:
    """Months of these accounts that later facts have reached, filed again; accounts without any are noted no longer."""
    looked = bureau.list_known(conn, ids)
    months: dict[dt.date, list[int]] = defaultdict(list)
    for account_id, month in list_overtaken(conn, looked):
        months[month].append(account_id)
    forget_late(conn, sorted(set(ids).difference(*months.values())))
    told: list[bureau.NoticeRow] = []
    for month, account_ids in sorted(months.items()):
        positions = read_newest_positions(conn, run.registry, month, account_ids)
        report = bureau.report_positions(conn, positions, means.settings, consented=(), now=means.now)
        run.corrected += report.corrected
        told += report.told
    return told


def _share_page(
    conn: psycopg.Connection, run: FilingRun, means: Means, ids: list[int], *, closed_before: dt.date
) -> list[bureau.NoticeRow]:
    """Months on file of these accounts, from their marks on, filed again where a lender's part differs from what was filed.

    An account keeps its mark while a notice holds something of it back.
    """
    marks = {one: day for one, day in funding.lock_marks(conn, ids).items() if day < closed_before}
    months: dict[dt.date, list[int]] = defaultdict(list)
    for account_id, month, _ in bureau.list_known(conn, sorted(marks)):
        if month_after(month, 1) > marks[account_id]:
            months[month].append(account_id)
    told: list[bureau.NoticeRow] = []
    waiting: set[int] = set()
    for month, account_ids in sorted(months.items()):
        positions = read_newest_positions(conn, run.registry, month, account_ids)
        report = bureau.report_positions(
            conn, positions, means.settings, consented=(), now=means.now, corrected=bureau.SHARED_ANEW
        )
        run.shared_anew += report.corrected
        told += report.told
        waiting |= set(account_ids) if report.noticed or report.waiting else set()
    funding.forget_marks(conn, sorted(marks.keys() - waiting))
    return told


def _repair(
    conn: psycopg.Connection, run: FilingRun, policies: tuple[RepairPolicy, ...], *, now: dt.datetime, on: dt.date
) -> FilingRun:
    after = 0
    for _ in range(PAGES_MAX):
        report, after = run_unit(conn, partial(bureau.repair_page, policies=policies, after=after, now=now, on=on))
        run = replace(run, repaired=run.repaired + report.repaired, rescored=run.rescored + report.rescored)
        if not after:
            break
    return run


def find_consented(conn: psycopg.Connection, names: Iterable[str]) -> set[str]:
    """Customers whose last word on the bureau is yes; of somebody who is no person here nothing is known, so nothing is filed."""
    return customers.list_consented(conn, list(names), ConsentKind.CREDIT_BUREAU)
