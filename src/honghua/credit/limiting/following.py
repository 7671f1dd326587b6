"""Raise and cut limits on what happened (R-030): facts behind a cursor, days that closed, ceilings assessed anew.

A pass decides first and moves its cursor last; commands carry keys made of what caused them, so a pass that died is repeated without harm.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import psycopg

from honghua.base.clock import from_micros
from honghua.base.dates import from_day, to_day
from honghua.credit import store as accounts
from honghua.credit.api import execute
from honghua.credit.core import commands as c
from honghua.credit.core.lines.purposes import Purpose, holder_of, purpose_of
from honghua.credit.limiting import store
from honghua.credit.limiting.store import FEED
from honghua.credit.refold import each_fact
from honghua.credit.registry import Registry
from honghua.credit.store_risk import find_customer_refs
from honghua.credit.viewing.growth import read_records
from honghua.facts.kinds import Fact, FactKind
from honghua.limits import api as limits
from honghua.limits.api import Change
from honghua.limits.core import BUSINESS_BOOK, Moment, Move, Record, Rulebook, decide_move
from honghua.store.database import run_unit
from honghua.store.facts import read_final_page

DAYS: Final = "limits.days"
PAGE: Final = 5_000
ACCOUNTS_AT_ONCE: Final = 500
KEY_MAX: Final = 200
LIMIT_KINDS: Final = {
    FactKind.ACCOUNT_OPENED: "opened", FactKind.LIMIT_CHANGED: "fixed", FactKind.TEMPORARY_LIMIT_GRANTED: "temporary",
}  # fmt: skip
LOWERING: Final = frozenset({"FRAUD_REPORTED", "LENDERS_GREW"})
TRIGGERS: Final = frozenset({FactKind.REPAYMENT_RECEIVED, FactKind.FRAUD_REPORTED})
ConsentFinder = Callable[[psycopg.Connection, str], str]  # the text agreed to, as kind/version; "" = no consent stands


@dataclass(slots=True)
class LimitReport:
    """What a pass did. slowest_s: from the oldest fact that led to a change until the change was booked; −1 where nothing changed."""

    facts: int = 0
    noted: int = 0
    raised: int = 0
    cut: int = 0
    offered: int = 0
    slowest_s: float = -1.0


@dataclass(frozen=True, slots=True)
class Follower:
    """What a pass needs: the rulebooks in force for either product, and who says whether a customer consented to raises by machine."""

    book: Rulebook = field(default_factory=Rulebook)
    find_consent: ConsentFinder = field(default=lambda _conn, _customer: "")
    business: Rulebook = BUSINESS_BOOK

    def book_of(self, line: str) -> Rulebook:
        """The rulebook by which a line's limit moves."""
        return self.business if purpose_of(line) is Purpose.BUSINESS else self.book


@dataclass(frozen=True, slots=True)
class Cause:
    """What made us look at an account: a name for keys and records, a fraud reported, when it happened, lenders come since."""

    name: str
    is_fraud: bool = False
    at_us: int = 0
    new_lenders: int = 0


@dataclass(slots=True)
class Pass:
    """One pass at work. clock: where given, the moment at which a change is booked is taken from it, to measure how long it took."""

    conn: psycopg.Connection
    registry: Registry
    follower: Follower
    now: dt.datetime
    clock: Callable[[], dt.datetime] | None = None
    report: LimitReport = field(default_factory=LimitReport)


def follow_limits(
    conn: psycopg.Connection, registry: Registry, follower: Follower, *, now: dt.datetime,
    clock: Callable[[], dt.datetime] | None = None,
) -> LimitReport:  # fmt: skip
    """One pass: note changes and tell customers, then move what facts and a closed day lead to. Each step is a transaction of its own."""
    work = Pass(conn, registry, follower, now, clock)
    page, after = _read_page(conn)
    causes = {fact.account_id: _cause_of(fact_id, fact) for fact_id, fact in page if _is_trigger(fact)}
    work.report.facts = len(page)
    changed = [(fact_id, fact) for fact_id, fact in page if fact.kind in LIMIT_KINDS]
    if changed:
        work.report.noted += run_unit(conn, lambda c: limits.note_changes(c, _changes_of(c, changed), now=now))
    _move_all(work, causes)
    if page:
        run_unit(conn, lambda c: store.write_place(c, FEED, after))
    _follow_days(work)
    return work.report


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A ceiling as it is assessed anew: minor units, a word of limits.core.REASONS, lenders known elsewhere now, and how many more
    than at the assessment before. key: what led to it; the same key again moves nothing a second time."""

    ceiling_minor: int
    reason: str
    lenders: float | None = None
    new_lenders: int = 0
    key: str = ""


def reassess(
    conn: psycopg.Connection,
    registry: Registry,
    follower: Follower,
    customer: str,
    found: Assessment,
    *,
    now: dt.datetime,
) -> LimitReport:
    """A new ceiling of a customer (bureau alarm, new evidence of income), and at once what it leads to for the account."""
    run_unit(
        conn,
        lambda c: limits.assess(c, customer, found.ceiling_minor, reason=found.reason, lenders=found.lenders, now=now),
    )
    return follow_assessment(conn, registry, follower, customer, found, now=now)


def follow_assessment(
    conn: psycopg.Connection,
    registry: Registry,
    follower: Follower,
    customer: str,
    found: Assessment,
    *,
    now: dt.datetime,
) -> LimitReport:
    """What a ceiling that was assessed already leads to for the account, as it stands now; the same key again moves nothing twice."""
    work = Pass(conn, registry, follower, now)
    ids = accounts.find_account_ids(conn, [customer])
    if ids:
        name = f"assessed:{found.reason}:{found.ceiling_minor}:{found.key or now.isoformat()}"
        _move_all(work, {ids[customer]: Cause(name, new_lenders=found.new_lenders)})
    return work.report


def _read_page(conn: psycopg.Connection) -> tuple[list[tuple[int, Fact]], tuple[int, int]]:
    after = store.read_place(conn, FEED)
    columns = read_final_page(conn, after=after, limit=PAGE)
    if len(columns):
        after = (int(columns.txid[-1]), int(columns.fact_id[-1]))
    return [
        (fact_id, replace(fact, happened_at_us=at))
        for (fact_id, fact), at in zip(each_fact(columns), columns.happened_at.tolist(), strict=True)
    ], after


def _is_trigger(fact: Fact) -> bool:
    return fact.kind in TRIGGERS and (fact.kind is not FactKind.FRAUD_REPORTED or fact.args[0] == 1)


def _cause_of(fact_id: int, fact: Fact) -> Cause:
    return Cause(f"fact:{fact_id}", fact.kind is FactKind.FRAUD_REPORTED, fact.happened_at_us)


def _changes_of(conn: psycopg.Connection, facts: Sequence[tuple[int, Fact]]) -> list[Change]:
    """Changes as their facts tell them, for the record."""
    refs = find_customer_refs(conn, sorted({fact.account_id for _, fact in facts}))
    changes = []
    for fact_id, fact in facts:
        said = fact.detail or {}
        is_fixed = fact.kind is FactKind.LIMIT_CHANGED and bool(fact.args)
        changes.append(Change(
            fact_id=fact_id, customer=refs[fact.account_id], kind=LIMIT_KINDS[fact.kind],
            from_minor=fact.amount_minor - fact.args[0] if is_fixed else 0, to_minor=fact.amount_minor,
            reason=str(said.get("reason", "")), rule=str(said.get("rule", "")), rulebook=str(said.get("rulebook", "")),
            model=str(said.get("model", "")), consent=str(said.get("consent", "")), notice=f"limit:{fact_id}",
            on_day=from_day(fact.value_on), happened_at=from_micros(fact.happened_at_us),
        ))  # fmt: skip
    return changes


def _follow_days(work: Pass) -> None:
    """Once a business date: accounts that a day alone changed. The place is (day number, last account of it)."""
    today = accounts.find_business_day(work.conn)
    if today is None:
        return
    books = (work.follower.book.terms, work.follower.business.terms)
    day, last = store.read_place(work.conn, DAYS)
    last = last if day == to_day(today) else 0
    while True:
        ids = store.list_late_or_idle(work.conn, books, after=last, on=today, limit=ACCOUNTS_AT_ONCE)
        if not ids:
            return
        _move_all(work, {account_id: Cause(f"day:{today}") for account_id in ids})
        last = ids[-1]
        place = (to_day(today), last)
        run_unit(work.conn, lambda c, place=place: store.write_place(c, DAYS, place))  # type: ignore[misc]


def _move_all(work: Pass, causes: Mapping[int, Cause]) -> None:
    """Decide and carry out what accounts' records lead to."""
    conn, ids = work.conn, sorted(causes)
    for start in range(0, len(ids), ACCOUNTS_AT_ONCE):
        some = ids[start : start + ACCOUNTS_AT_ONCE]
        with conn.transaction():
            fraud = frozenset(one for one in some if causes[one].is_fraud)
            records = read_records(conn, work.registry, some, fraud=fraud)
        commands: list[c.Command] = []
        for ref, (account_id, record) in records.items():
            seen = replace(record, new_lenders=causes[account_id].new_lenders)
            move = decide_move(work.follower.book_of(ref).terms, seen)
            if move.to_minor != move.from_minor:
                commands += _commands(work, ref, causes[account_id], move, has_temporary=record.has_temporary)
        answers = execute(conn, work.registry, commands, now=work.now) if commands else []
        booked = [
            command
            for command, answer in zip(commands, answers, strict=True)
            if isinstance(command, c.ChangeLimit) and answer["outcome"] == "done" and not answer.get("repeated")
        ]
        done_at = work.clock() if work.clock is not None else None
        for command in booked:
            account_id, record = records[command.customer]
            _count(work.report, command, record, causes[account_id], done_at)
        _lower_ceilings(work, booked)


def _commands(work: Pass, ref: str, cause: Cause, move: Move, *, has_temporary: bool) -> list[c.Command]:
    """What carries a move out: a raise needs consent, else it is offered; a cut ends a running temporary limit first."""
    conn, now = work.conn, work.now
    key = f"limits:{cause.name}:{ref}"[:KEY_MAX]
    book = work.follower.book_of(ref)
    rulebook, consent = book.digest.hex(), ""
    if move.is_raise:
        with conn.transaction():
            consent = work.follower.find_consent(conn, holder_of(ref))
        if not consent:
            at = Moment(on=accounts.get_business_day(conn), now=now)
            made = run_unit(
                conn, lambda k: limits.offer_raise(k, ref, move.to_minor, key=key, rulebook=rulebook, at=at)
            )
            work.report.offered += made
            return []
    model = f"{book.willingness.version}+{book.ability.version}"
    told = c.LimitCause(reason=move.reason, rule=cause.name, rulebook=rulebook, model=model, consent=consent)
    commands: list[c.Command] = [c.ChangeLimit(key=key, customer=ref, limit_minor=move.to_minor, cause=told)]
    if has_temporary:
        commands.insert(0, c.EndTemporaryLimit(key=f"{key[: KEY_MAX - 4]}:end", customer=ref, cause=told))
    return commands


def _count(
    report: LimitReport, command: c.ChangeLimit, record: Record, cause: Cause, done_at: dt.datetime | None
) -> None:
    if command.limit_minor > record.limit_minor:
        report.raised += 1
    else:
        report.cut += 1
    if done_at is not None and cause.at_us:
        report.slowest_s = max(report.slowest_s, (done_at - from_micros(cause.at_us)).total_seconds())


def _lower_ceilings(work: Pass, booked: Sequence[c.ChangeLimit]) -> None:
    """What risk took away does not grow back by itself: after a cut for fraud or for new lenders the ceiling stands at the cut limit."""
    lowered = [(one, one.cause.reason) for one in booked if one.cause is not None and one.cause.reason in LOWERING]

    def lower(conn: psycopg.Connection) -> None:
        known = limits.find_ceilings(conn, [one.customer for one, _ in lowered])
        for one, reason in lowered:
            lenders = known.get(one.customer, (0, None))[1]
            limits.assess(conn, one.customer, one.limit_minor, reason=reason, lenders=lenders, now=work.now)

    if lowered:
        run_unit(work.conn, lower)


__all__ = ["Assessment", "Follower", "LimitReport", "follow_assessment", "follow_limits", "reassess"]
