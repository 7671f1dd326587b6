"""The portfolio in figures: approvals, balances, lateness and how it moves, cohorts, cash-out, losses, service; as charts, tables, CSV."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Request, Response

from honghua.base.errors import BadInput, NotFound
from honghua.base.money import currency_digits
from honghua.credit import api as credit
from honghua.decision import api as decision
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.facts import sum_facts
from honghua.web.address_parts import read_day, read_number
from honghua.web.desk.drawing import bound, draw
from honghua.web.ground import Site, site_of
from honghua.web.ui.files import csv_file
from honghua.web.ui.pages import writing_of
from honghua.web.ui.writing import Writing
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/portfolio")
DAYS: Final = 90
SPAN_DAYS_MAX: Final = 740
STEPS_MAX: Final = 26  # bars of a chart
LATE_DAYS: Final = (1, 30, 60, 90)
FRAUD: Final = 1  # the label of a report that says so
SUSPECTS: Final = frozenset({"CASH_OUT", "MERCHANT_RISK", "DRAIN_AFTER_RAISE", "CROWD_RISK"})
Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody wants to see: days (both counted), filters, and from how many days past due somebody is late."""

    since: dt.date
    until: dt.date
    release: int | None
    segment: credit.Segment
    late_days: int

    @property
    def step_days(self) -> int:
        """Days of one bar."""
        days = (self.until - self.since).days + 1
        return next(step for step in (1, 7, 14, 28, 56) if days / step <= STEPS_MAX or step == 56)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All figures. steps: first day of each bar; per step, outcomes by name and reasons by code; money minor units."""

    steps: tuple[dt.date, ...]
    outcomes: dict[str, list[int]]
    reasons: list[tuple[str, str, int, int]]  # outcome, reason, decisions, asked for
    books: list[ledger.DayOfBooks]
    buckets: list[credit.BucketNow]
    migrations: list[credit.Migration]
    vintages: list[credit.Vintage]
    cash_out: list[tuple[dt.date, int, int, int, int]]  # month, asked for, suspected, bought, reported as fraud
    losses: list[tuple[dt.date, int, int]]  # month, written off, recovered
    service: credit.ReviewService
    delays: decision.Delays


@router.get("", name="desk.portfolio")
async def show(request: Request) -> Response:
    """Charts with their tables behind."""
    site = site_of(request)
    trouble, found = "", None
    today = await site.read(credit.get_business_day)
    look = default_look(today)
    try:
        look = read_look(request, site, today)
        found = await site.read(lambda conn: measure(conn, site, look))
    except BadInput as error:
        trouble = str(error)
    except psycopg.errors.QueryCanceled:
        trouble = "…"
    releases = await site.read(decision.list_releases)
    return await draw(
        request, "desk/portfolio.html", look=look, found=found, trouble=trouble, releases=releases, late_days=LATE_DAYS,
        terms=site.registry.terms, asked=dict(request.query_params), components=Component, short_money=short_money(site, request),
    )  # fmt: skip


@router.get("/{table}.csv", name="desk.portfolio_csv")
async def download(request: Request, table: str) -> Response:
    """One table as CSV; amounts in minor units."""
    site = site_of(request)
    look = read_look(request, site, await site.read(credit.get_business_day))
    found = await site.read(lambda conn: measure(conn, site, look))
    tables = tabulate(found)
    if table not in tables:
        raise NotFound(f"no table {table[:40]!r}; there are {', '.join(tables)}", code="TABLE_UNKNOWN")
    return csv_file(f"honghua-{table}-{look.since}-{look.until}.csv", tables[table])


def short_money(site: Site, request: Request) -> Callable[[float], str]:
    """How amounts stand beside a chart: whole units of the currency, thousands or 万 for short."""
    currency, is_zh = site.currency, viewer_of(request).language == "zh"
    unit, word = (10_000, "万") if is_zh else (1_000, "k")
    whole = 10 ** currency_digits(currency)

    def write(minor: float) -> str:
        value = minor / whole
        return f"{value / unit:,.4g}{word}" if abs(value) >= unit else f"{value:,.0f}"

    return write


def default_look(today: dt.date) -> Look:
    """The last quarter, everybody."""
    return Look(today - dt.timedelta(days=DAYS - 1), today, None, credit.Segment(), LATE_DAYS[1])


def read_look(request: Request, site: Site, today: dt.date) -> Look:
    """What the address asks for; BadInput for what makes no sense."""
    query, standard = request.query_params, default_look(today)
    writing: Writing = writing_of(request)

    def amount(name: str) -> int | None:
        text = query.get(name, "")
        return writing.read_amount(text, site.currency) if text else None

    until = read_day(query.get("until")) or standard.until
    since = read_day(query.get("since")) or min(standard.since, until)
    if not since <= until or (until - since).days > SPAN_DAYS_MAX:
        raise BadInput(f"at most {SPAN_DAYS_MAX} days, and the last is not before the first", code="SPAN_INVALID")
    late = read_number(query.get("late")) or standard.late_days
    segment = credit.Segment(
        terms_id=read_number(query.get("terms")), limit_least_minor=amount("least"), limit_most_minor=amount("most")
    )
    return Look(
        since, until, read_number(query.get("release")), segment, late if late in LATE_DAYS else standard.late_days
    )


def measure(conn: psycopg.Connection, site: Site, look: Look) -> Portfolio:
    """All figures of one look, of one moment, within bounds of time."""
    bound(conn)
    zone, currency = site.zone, site.currency
    steps = [look.since + dt.timedelta(days=k) for k in range(0, (look.until - look.since).days + 1, look.step_days)]
    since, until = (dt.datetime.combine(d, dt.time(), zone) for d in (look.since, look.until + dt.timedelta(days=1)))
    counts = decision.count_outcomes(conn, since=since, until=until, step=dt.timedelta(days=1), release_id=look.release)
    outcomes: dict[str, list[int]] = {}
    reasons: dict[tuple[str, str], list[int]] = {}
    for one in counts:
        name, place = one.outcome.name.lower(), (one.since - since).days // look.step_days
        outcomes.setdefault(name, [0] * len(steps))[place] += one.decisions
        sums = reasons.setdefault((name, one.reason), [0, 0])
        sums[0] += one.decisions
        sums[1] += one.asked_minor
    first = max(
        look.since - dt.timedelta(days=365), look.until - dt.timedelta(days=SPAN_DAYS_MAX)
    )  # cohorts need time to grow old
    books = ledger.list_days_of_books(conn, since=look.since, until=look.until, currency=currency)
    return Portfolio(
        tuple(steps), outcomes, rank_reasons(reasons), books,
        credit.count_buckets(conn, segment=look.segment),
        credit.list_migrations(conn, since=look.since, until=look.until, segment=look.segment),
        credit.list_vintages(conn, since=first, until=look.until, late_days=look.late_days, segment=look.segment),
        list_cash_out(conn, look, counts, zone=zone), list_losses(books), credit.measure_reviews(conn, since=since, until=until),
        decision.measure_delays(conn, since=since, until=until),
    )  # fmt: skip


def rank_reasons(reasons: dict[tuple[str, str], list[int]]) -> list[tuple[str, str, int, int]]:
    """The most frequent first."""
    rows = [(outcome, reason, many, asked) for (outcome, reason), (many, asked) in reasons.items()]
    return sorted(rows, key=lambda row: (-row[2], row))


def list_cash_out(
    conn: psycopg.Connection, look: Look, counts: list[decision.OutcomeCount], *, zone: dt.tzinfo
) -> list[tuple[dt.date, int, int, int, int]]:
    """By month: asked for, of it turned away or held up as suspected cash-out, bought, of it reported as fraud since. counts: by day."""
    sums: dict[dt.date, list[int]] = {}
    for one in counts:
        month = sums.setdefault(one.since.astimezone(zone).date().replace(day=1), [0, 0, 0, 0])
        month[0] += one.asked_minor
        month[1] += one.asked_minor if one.reason in SUSPECTS else 0
    kinds = (FactKind.PURCHASE_CAPTURED, FactKind.FRAUD_REPORTED)
    for fact in sum_facts(conn, kinds, since=look.since, until=look.until, split=(FactKind.FRAUD_REPORTED,)):
        month = sums.setdefault(fact.day.replace(day=1), [0, 0, 0, 0])
        month[2] += fact.amount_minor if fact.kind == FactKind.PURCHASE_CAPTURED else 0
        month[3] += fact.amount_minor if (fact.kind, fact.first_arg) == (FactKind.FRAUD_REPORTED, FRAUD) else 0
    return [(month, *found) for month, found in sorted(sums.items())]  # type: ignore[misc]


def list_losses(books: list[ledger.DayOfBooks]) -> list[tuple[dt.date, int, int]]:
    """By month: written off, and recovered afterwards."""
    lost: Counter[dt.date] = Counter()
    found: Counter[dt.date] = Counter()
    for day in books:
        month = day.day.replace(day=1)
        lost[month] += day.gained_minor.get(Component.CREDIT_LOSS, 0)
        found[month] -= day.gained_minor.get(Component.RECOVERY_INCOME, 0)
    return [(month, lost[month], found[month]) for month in sorted(lost)]


def tabulate(found: Portfolio) -> dict[str, Rows]:
    """Every table with its heads, for other programs."""
    outcomes = sorted(found.outcomes)
    migrations = [
        [m.month, a, b, n] for m in found.migrations for a, row in enumerate(m.moved) for b, n in enumerate(row) if n
    ]
    return {
        "outcomes": [["from", *outcomes], *([day, *(found.outcomes[name][k] for name in outcomes)] for k, day in enumerate(found.steps))],
        "reasons": [["outcome", "reason", "decisions", "asked_minor"], *map(list, found.reasons)],
        "balances": [
            ["day", *(c.name.lower() for c in Component)], *([d.day, *(d.balance_minor[c] for c in Component)] for d in found.books),
        ],
        "buckets": [
            ["from_days", "to_days", "accounts", "owed_minor"], *([b.low, b.high, b.accounts, b.owed_minor] for b in found.buckets),
        ],
        "migrations": [["month", "from_bucket", "to_bucket", "accounts"], *migrations],
        "vintages": [
            ["opened", "bill", "ever_late", "accounts"],
            *([v.month, k, late, n] for v in found.vintages for k, (late, n) in enumerate(v.late, start=1)),
        ],
        "cash-out": [["month", "asked_minor", "suspected_minor", "bought_minor", "reported_minor"], *map(list, found.cash_out)],
        "losses": [["month", "written_off_minor", "recovered_minor"], *map(list, found.losses)],
    }  # fmt: skip


__all__ = ["measure", "router", "tabulate"]
