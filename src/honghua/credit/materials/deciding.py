"""Decide on a limit again because evidence came or went (R-033): the same rulebook, once with it and once without.

The evidence is read, the ceiling written and the raise offered in one transaction that holds the person: a withdrawal comes before all
of it or after all of it. What the ceiling then leads to for the account is read anew when it is carried out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import psycopg

from honghua.bureau import api as bureau
from honghua.credit import store as accounts
from honghua.credit.core.evidencing import (
    BROUGHT,
    GONE,
    REASONS_OF_EVIDENCE,
    EvidenceOutcome,
    EvidenceRuling,
    Ground,
    choose_ceiling,
)
from honghua.credit.journey.approving import describe_applicant, leave_out_evidence
from honghua.credit.limiting.following import Assessment, Follower, follow_assessment
from honghua.credit.materials import store
from honghua.credit.materials.store import EvidenceDecision
from honghua.credit.registry import Registry
from honghua.credit.viewing.growth import GrowthView, find_growth
from honghua.customers import api as customers
from honghua.customers.core import Evidenced, MaterialPurpose
from honghua.customers.materials import api as materials
from honghua.limits import api as limits
from honghua.limits.core import VALUES, Applicant, Moment, Rulebook, Ruling, rule_one
from honghua.store.database import run_unit

ANY_INQUIRY: Final = 2**62  # before this one every answer of a bureau came
CLEAN: Final = frozenset({"NOT_LATE", "NO_REPORT", "NO_TEMPORARY"})  # rules of growth without which no raise is offered
SHOWN_MAX: Final = 20
AT_ONCE: Final = 100
MISSED_FOR: Final = dt.timedelta(days=30)  # own bound (U): longer than any process stays dead


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Who is decided on, by which book, when, and under which key."""

    vault: customers.Vault
    registry: Registry
    book: Rulebook
    customer: str
    key: str
    at: Moment


@dataclass(frozen=True, slots=True)
class _Judged:
    """One look: applicants and rulings without the evidence and with it; with None: there is none."""

    evidence: Sequence[Evidenced]
    applicants: tuple[Applicant, Applicant | None]
    rulings: tuple[Ruling, Ruling | None]

    @property
    def numbers(self) -> list[int]:
        """The pieces that were in force."""
        return [one.material_id for one in self.evidence]

    @property
    def named(self) -> list[str]:
        """What the evidence changes of what is known, by name."""
        without, with_ = self.applicants
        return [] if with_ is None else [one for one in VALUES if getattr(without, one) != getattr(with_, one)]


def decide(
    conn: psycopg.Connection, vault: customers.Vault, registry: Registry, customer: str, *, key: str, now: dt.datetime
) -> EvidenceDecision | None:
    """Decide anew, in the caller's transaction; None without an open account. The same key again decides nothing twice.

    No bureau is asked: its newest answer counts, as old as it may be. A raise is offered and waits for a yes; a cut is booked by
    `carry_out`, which any other process may run.
    """
    today = accounts.get_business_day(conn)
    at = Moment(on=today, now=now)
    book = limits.get_rulebook(conn, on=today)
    return _decide(conn, _Case(vault=vault, registry=registry, book=book, customer=customer, key=key, at=at))


def name_brought(material_id: int) -> str:
    """The key of the decision that a piece leads to when it comes."""
    return f"brought:{material_id}"


def decide_missed(
    conn: psycopg.Connection, vault: customers.Vault, registry: Registry, *, now: dt.datetime, limit: int = AT_ONCE
) -> int:
    """Decide on pieces in force that nobody has decided on: whoever took them died before. How many; conn must be idle.

    Each in a transaction of its own, under the key that they would have had: with somebody who decides at the same moment it is decided
    once. Looks `MISSED_FOR` back; whose owner has no account yet has nothing to decide.
    """
    done, after = 0, 0
    while page := run_unit(conn, partial(materials.list_accepted, since=now - MISSED_FOR, after=after, limit=limit)):
        owners = {name_brought(row.material_id): row.customer for row in page}
        made = run_unit(conn, partial(store.find_made, keys=list(owners)))
        for key, customer in owners.items():
            if key not in made:
                work = partial(decide, vault=vault, registry=registry, customer=customer, key=key, now=now)
                done += run_unit(conn, work) is not None
        after = page[-1].material_id
    return done


def carry_out(conn: psycopg.Connection, registry: Registry, *, now: dt.datetime, limit: int = AT_ONCE) -> int:
    """Book what decisions lead to for accounts, the oldest first; how many decisions. conn must be idle; safe to run again at any
    moment: commands carry the decision's key."""
    waiting = run_unit(conn, lambda c: store.list_waiting(c, limit=limit))
    if not waiting:
        return 0
    today = run_unit(conn, accounts.get_business_day)
    follower = Follower(book=run_unit(conn, lambda c: limits.get_rulebook(c, on=today)))
    for number, row in waiting:
        found = Assessment(ceiling_minor=row.ceiling_to_minor, reason=_reason(row.materials), key=row.key)
        follow_assessment(conn, registry, follower, row.customer, found, now=now)
        run_unit(conn, lambda c, number=number: store.note_carried(c, number, now=now))  # type: ignore[misc]
    return len(waiting)


def list_decisions(conn: psycopg.Connection, customer: str) -> list[EvidenceDecision]:
    """What evidence led to for somebody, the newest first. In the caller's transaction."""
    return store.list_decisions(conn, customer, limit=SHOWN_MAX)


def _decide(conn: psycopg.Connection, case: _Case) -> EvidenceDecision | None:
    customers.hold(conn, case.customer)
    known = store.find_decision(conn, case.key)
    view = find_growth(conn, case.registry, case.book.terms, case.customer)
    if known is not None or view is None:
        return known
    judged, ground = _judge(conn, case), _find_ground(conn, case, view)
    ruling = choose_ceiling(ground, *judged.rulings)
    _write(conn, case, judged, ruling)
    offered = _find_raise(case, judged, ruling, view)
    if offered:
        rulebook, key = case.book.digest.hex(), f"evidence:{case.key}"
        limits.offer_for_evidence(conn, case.customer, offered, key=key, rulebook=rulebook, at=case.at)
    row = EvidenceDecision(
        customer=case.customer, key=case.key, outcome=ruling.outcome.value, code=ruling.code, materials=judged.numbers,
        named=judged.named, base_minor=ground.base_minor, ceiling_from_minor=ground.ceiling_minor, ceiling_to_minor=ruling.ceiling_minor,
        limit_minor=view.record.limit_minor, offered_minor=offered, rulebook=case.book.digest, on_day=case.at.on, decided_at=case.at.now,
    )  # fmt: skip
    store.insert_decision(conn, row)
    return row


def _judge(conn: psycopg.Connection, case: _Case) -> _Judged:
    vault, customer, at = case.vault, case.customer, case.at
    report = bureau.find_before(conn, customer, ANY_INQUIRY)
    evidence = materials.find_evidence(conn, vault, customer, MaterialPurpose.LIMIT, on=at.now.date(), hold=True)
    described = describe_applicant(conn, vault, customer, report, asked_minor=0, now=at.now)
    without = leave_out_evidence(conn, vault, described, report)
    with_ = described if evidence else None
    rulings = (rule_one(case.book, without, at.on)[1], None if with_ is None else rule_one(case.book, with_, at.on)[1])
    return _Judged(evidence, (without, with_), rulings)


def _find_ground(conn: psycopg.Connection, case: _Case, view: GrowthView) -> Ground:
    """The ceiling before any evidence; where nobody ever assessed one, the one that held when the first evidence came."""
    customer, now_minor = case.customer, view.record.ceiling_minor
    apart = limits.find_ceiling_apart(conn, customer, REASONS_OF_EVIDENCE)
    first = store.find_first_base(conn, customer)
    wants_person = customers.wants_person(conn, customer)
    if apart is None:
        base = now_minor if first is None else first
        return Ground(base_minor=base, reason="", ceiling_minor=now_minor, wants_person=wants_person)
    base, reason, set_at = apart
    is_mixed = any(
        row.ended_at is not None and row.given_at < set_at < row.ended_at and MaterialPurpose.LIMIT in row.purposes
        for row, _ in materials.list_said(conn, case.vault, customer)
    )
    return Ground(base_minor=base, reason=reason, ceiling_minor=now_minor, is_mixed=is_mixed, wants_person=wants_person)


def _write(conn: psycopg.Connection, case: _Case, judged: _Judged, ruling: EvidenceRuling) -> None:
    """Write the ceiling, ask for a person where one must look, end offers that rested on what was known before."""
    customer, at = case.customer, case.at
    if ruling.outcome in (EvidenceOutcome.RAISED, EvidenceOutcome.LOWERED):
        lenders = limits.find_ceilings(conn, [customer]).get(customer, (0, None))[1]
        reason = _reason(judged.numbers)
        limits.assess(conn, customer, ruling.ceiling_minor, reason=reason, lenders=lenders, now=at.now)
    if ruling.outcome is EvidenceOutcome.REVIEW:
        customers.make_request(conn, customer, customers.RightKind.HUMAN_DECISION, now=at.now)
    for offer in limits.list_offers(conn, customer, on=at.on):
        if offer.reason == BROUGHT:
            limits.settle_offer(conn, offer.offer_id, is_accepted=False, now=at.now)


def _find_raise(case: _Case, judged: _Judged, ruling: EvidenceRuling, view: GrowthView) -> int:
    """The fixed limit to offer, minor units; 0: none. Nobody who is late, reported or on a temporary limit is offered any."""
    without, with_ = judged.rulings
    if (
        with_ is None
        or with_.limit_minor <= without.limit_minor
        or ruling.code != BROUGHT
        or not {one.code for one in view.growth.rules if one.is_met} >= CLEAN
    ):
        return 0
    step = case.book.terms.limit_step_minor
    to_minor = min(with_.limit_minor, ruling.ceiling_minor) // step * step
    return to_minor if to_minor > view.record.limit_minor else 0


def _reason(numbers: Sequence[int]) -> str:
    return BROUGHT if numbers else GONE


__all__ = ["carry_out", "decide", "decide_missed", "list_decisions", "name_brought"]
