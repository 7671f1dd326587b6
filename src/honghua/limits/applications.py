"""Applications: judged by the rulebook, recorded as judged, looked at by people where they must be, and again before money moves.

Every function works in the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.decision.core import REASONS
from honghua.limits import store
from honghua.limits.core import (
    INPUTS,
    STOPS,
    Applicant,
    Moment,
    Rulebook,
    Ruling,
    Scan,
    Then,
    again,
    look_again,
    risk_price,
    rule_one,
    rulebook_from_body,
)
from honghua.limits.store import ActRow, ApplicationRow, Ceiling

WAITING_MAX: Final = 500
HUMAN_PATH: Final = ("您可以要求人工复核这一结果。", "You may ask for a person to look at this.")


@dataclass(frozen=True, slots=True)
class Approval:
    """What an application came to. outcome approved, review or refused, with a person's word where one was said.

    Amounts minor units: limit ≤ ceiling; suggested ≤ limit. price_ppm a year, 0 unless approved. reasons: (code, Chinese, English).
    willing, able: chances. rulebook: digest in hex. human_path: how to ask for a person, empty where none is needed.
    """

    application_id: int
    customer: str
    outcome: str
    code: str
    queue: str
    limit_minor: int
    ceiling_minor: int
    suggested_minor: int
    price_ppm: int
    willing: float
    able: float
    reasons: tuple[tuple[str, str, str], ...]
    rulebook: str
    human_path: tuple[str, str]
    decided_by: str  # "" = automatic
    on: dt.date


@dataclass(frozen=True, slots=True)
class ScanResult:
    """A second look: outcome clear or blocked, with its code and sentences where blocked; scan_id names the record."""

    scan_id: int
    outcome: str
    code: str
    chinese: str
    english: str


def apply(conn: psycopg.Connection, book: Rulebook, applicant: Applicant, *, key: str, at: Moment) -> Approval:
    """Judge an application once under its key and record it; the same key again gives what was said.

    Caps of law are those of the business date. Conflict when the key belongs to another customer's application.
    """
    if not key:
        raise BadInput("an application needs a key", code="KEY_MISSING_HERE")
    known = store.find_application(conn, key=key)
    if known is None:
        vector, ruling = rule_one(book, applicant, at.on)
        store.keep_rulebook(conn, book.digest, book.body())
        known = _row(store.next_id(conn), applicant.customer, book, (vector, ruling), at)
        if store.insert_application(conn, key, known):
            if ruling.outcome == "approved":
                row = Ceiling(
                    customer=applicant.customer, ceiling_minor=ruling.ceiling_minor, reason="APPLICATION",
                    application_id=known.application_id, lenders=applicant.lenders,
                )  # fmt: skip
                store.insert_ceiling(conn, row, now=at.now)
        else:  # somebody else was faster
            known = store.find_application(conn, key=key)
            assert known is not None, "the key is taken, so its row is there"
    if known.customer != applicant.customer:
        raise Conflict("this key belongs to another application", code="APPLICATION_KEY_REUSED")
    return _view(known, store.find_last_act(conn, known.application_id))


def get_application(conn: psycopg.Connection, application_id: int) -> Approval:
    """One application with the newest word on it; NotFound."""
    return _view(_get(conn, application_id), store.find_last_act(conn, application_id))


def list_applications(conn: psycopg.Connection, *, limit: int = 100) -> list[Approval]:
    """Applications that wait for a person, the oldest first."""
    if not 1 <= limit <= WAITING_MAX:
        raise BadInput(f"1 … {WAITING_MAX} applications at a time")
    return [_view(row, store.find_last_act(conn, row.application_id)) for row in store.list_waiting(conn, limit=limit)]


def request_human(conn: psycopg.Connection, application_id: int, *, now: dt.datetime) -> Approval:
    """The applicant refuses a decision by machine alone (个人信息保护法 24): a person will look. Conflict where one already does or did."""
    row = _get(conn, application_id)
    last = store.find_last_act(conn, application_id, lock=True)
    if row.outcome == "approved" or last is not None:
        raise Conflict("a person has this application already, or it is approved", code="HUMAN_ASKED_ALREADY")
    store.insert_act(conn, ActRow(application_id, "asked", row.customer, "asked for a person", 0, now))
    return get_application(conn, application_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A reviewer's word: who, yes or no, and why."""

    reviewer: str
    approve: bool
    why: str


def settle_application(
    conn: psycopg.Connection, book: Rulebook, application_id: int, word: Word, *, now: dt.datetime
) -> Approval:
    """A reviewer's word on what waits for a person, with the reason. An approval gives the start limit of thin data, which grows
    from there, at the price of the risk that was found.

    Conflict when it does not wait; BadInput without a name or reason. What the law forbids is not for a reviewer to grant.
    """
    if not word.reviewer.strip() or not word.why.strip():
        raise BadInput("say who decides and why", code="REVIEWER_MISSING")
    row = _get(conn, application_id)
    last = store.find_last_act(conn, application_id, lock=True)
    if not (row.outcome == "review" and last is None) and not (last is not None and last.act == "asked"):
        raise Conflict("this application does not wait for a person", code="NOT_WAITING")
    if word.approve and row.code in BARRED_BY_LAW:
        raise Conflict(f"{row.code} cannot be overruled by a person", code="BARRED_BY_LAW")
    room = int(_vector(row)[INPUTS.index("person_room_minor")])
    limit = min(book.terms.start_minor, room) if word.approve else 0
    price = risk_price(book.terms, row.willing, row.able, row.on_day).price_ppm if word.approve else 0
    said = "approved" if word.approve else "refused"
    store.insert_act(conn, ActRow(application_id, said, word.reviewer, word.why, limit, now, price))
    if word.approve:
        ceiling = Ceiling(
            customer=row.customer, ceiling_minor=min(book.terms.thin_ceiling_minor, room), reason="BY_HAND",
            application_id=application_id, lenders=_known(row, "lenders"),
        )  # fmt: skip
        store.insert_ceiling(conn, ceiling, now=now)
    return get_application(conn, application_id)


# What no person may overrule: age, students, one line a person, and lists that law or regulators keep.
BARRED_BY_LAW: Final = frozenset({"AGE_OUTSIDE", "STUDENT_BARRED", "PERSON_CAP", "OVER_INDEBTED"})


def second_scan(conn: psycopg.Connection, book: Rulebook, application_id: int, seen: Scan, *, at: Moment) -> ScanResult:
    """Look again between approval and payout, and record it. Blocked is final for this scan; a later one may be clear."""
    row = _get(conn, application_id)
    view = _view(row, store.find_last_act(conn, application_id))
    then = Then(
        on=row.on_day, is_approved=view.outcome == "approved", limit_minor=view.limit_minor, lenders=_known(row, "lenders"),
        debt_minor=_known(row, "debt_minor"), inquiries_6m=_known(row, "inquiries_6m"), worst_24m=_known(row, "worst_24m"),
    )  # fmt: skip
    code = look_again(book.terms, then, seen, on=at.on)
    scan_id = store.insert_scan(conn, application_id, asdict(seen), code, on=at.on, now=at.now)
    zh, en = STOPS[code] if code else ("", "")
    return ScanResult(scan_id, "blocked" if code else "clear", code, zh, en)


def replay_applications(conn: psycopg.Connection, *, sample: int | None = None) -> tuple[int, list[int]]:
    """Judge recorded applications again from their own rulebook and values: (how many, numbers of those that differ in a single bit)."""
    books: dict[bytes, Rulebook | None] = {}
    count, different = 0, []
    for row in store.iterate_applications(conn, sample=sample):
        digest = bytes(row.rulebook)
        if digest not in books:
            body = store.find_rulebook(conn, digest)
            books[digest] = None if body is None else rulebook_from_body(body)
        book = books[digest]
        count += 1
        if book is None or book.digest != digest or not _is_same(book, row):
            different.append(row.application_id)
    return count, different


def _is_same(book: Rulebook, row: ApplicationRow) -> bool:
    vector = _vector(row)
    if len(vector) != len(INPUTS):
        return False
    at = Moment(on=row.on_day, now=row.judged_at)
    return _row(row.application_id, row.customer, book, again(book, vector, row.on_day), at) == replace(
        row, rulebook=bytes(row.rulebook), vector=bytes(row.vector)
    )


def _row(
    application_id: int, customer: str, book: Rulebook, judged: tuple[NDArray[np.float64], Ruling], at: Moment
) -> ApplicationRow:
    vector, ruling = judged
    return ApplicationRow(
        application_id, customer, at.on, book.digest, vector.astype("<f8").tobytes(), ruling.outcome, ruling.code, ruling.queue,
        ruling.limit_minor, ruling.ceiling_minor, ruling.suggested_minor, ruling.willing, ruling.able,
        0 if ruling.price is None else ruling.price.price_ppm, list(ruling.fired), at.now,
    )  # fmt: skip


def _view(row: ApplicationRow, last: ActRow | None) -> Approval:
    outcome, limit, price, decided_by = row.outcome, row.limit_minor, row.price_ppm, ""
    if last is not None and last.act == "asked":
        outcome = "review"
    elif last is not None:
        outcome, limit, price, decided_by = last.act, last.limit_minor, last.price_ppm, last.person
    reason = REASONS.get(row.code)
    reasons = () if reason is None else ((row.code, reason.zh, reason.en),)
    by_hand = bool(decided_by)
    return Approval(
        row.application_id, row.customer, outcome, row.code, row.queue, limit, max(limit, row.ceiling_minor),
        min(row.suggested_minor, limit) if not by_hand else limit, price, row.willing, row.able, reasons,
        bytes(row.rulebook).hex(), HUMAN_PATH if outcome == "refused" and last is None else ("", ""), decided_by, row.on_day,
    )  # fmt: skip


def _get(conn: psycopg.Connection, application_id: int) -> ApplicationRow:
    row = store.find_application(conn, application_id=application_id)
    if row is None:
        raise NotFound(f"no application {application_id}", code="APPLICATION_UNKNOWN")
    return row


def _vector(row: ApplicationRow) -> NDArray[np.float64]:
    return np.frombuffer(bytes(row.vector), "<f8").astype(np.float64)


def _known(row: ApplicationRow, name: str) -> float | None:
    value = float(_vector(row)[INPUTS.index(name)])
    return None if np.isnan(value) else value


__all__ = [
    "Approval", "ScanResult", "Word", "apply", "get_application", "list_applications", "replay_applications", "request_human",
    "second_scan", "settle_application",
]  # fmt: skip
