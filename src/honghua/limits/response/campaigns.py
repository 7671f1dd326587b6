"""Temporary limits in batches, by people: one proposes what the solver chose, another approves that very choice, then pieces go out.

Nothing is offered before its first day; until a piece has gone out the whole may be undone, afterwards the rest may be stopped. When a
customer's turn comes the reasons that speak against an offer are looked at again. Every function works in the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.base.people import fold_name
from honghua.limits.core import Moment
from honghua.limits.moving import make_offers
from honghua.limits.releases import Signed
from honghua.limits.response import store
from honghua.limits.response.severing import SALT_BYTES, mark_of
from honghua.limits.response.store import TemporaryCampaign
from honghua.limits.response.whys import CampaignTerms

if TYPE_CHECKING:  # pages show batches without loading what solves them
    from honghua.limits.response.offering import Allotment

PIECE: Final = 500  # customers of one transaction
DIGITS_LEAST: Final = 8
Checker = Callable[[psycopg.Connection, Sequence[tuple[str, int]]], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is proposed: a name, the days on which it may be offered and accepted (inclusive), terms, and what is told beside them."""

    name: str
    from_on: dt.date
    until_on: dt.date
    terms: CampaignTerms
    told: Mapping[str, Any]


def propose_temporary(
    conn: psycopg.Connection, batch: Batch, allotment: Allotment, customers: Sequence[str], signed: Signed, *, now: dt.datetime
) -> TemporaryCampaign:  # fmt: skip
    """Keep an allotment of an audience (customers in its order). Conflict where the name is taken, BadInput where nobody is chosen."""
    if len(customers) != len(allotment.why) or len(set(customers)) != len(customers):
        raise BadInput("a customer of each row of the allotment is wanted, each once", code="RESPONSE_SHAPE")
    if batch.until_on < batch.from_on or not batch.name.strip() or ":" in batch.name:
        raise BadInput(
            "a batch has a name without a colon, and its last day is not before its first", code="TEMPORARY_INVALID"
        )
    rows = sorted(zip(customers, allotment.amounts_minor.tolist(), allotment.why.tolist(), strict=True))
    if not any(amount for _, amount, _ in rows):
        raise BadInput("the allotment offers nobody anything", code="TEMPORARY_EMPTY")
    solved = allotment.allocation
    figures = {
        "margin_ppm": batch.terms.margin_ppm, "loss_budget_minor": batch.terms.loss_minor, "drawn_budget_minor": batch.terms.drawn_minor,
        "marketing_budget_minor": batch.terms.marketing_minor, "weighed": len(rows), "offered_minor": sum(amount for _, amount, _ in rows),
        "gap": solved.gap + 0.0, "violation": solved.violation + 0.0, **batch.told,
    }  # fmt: skip
    salts = [secrets.token_bytes(SALT_BYTES) for _ in rows]
    marks = [mark_of(salt, name) for salt, (name, _, _) in zip(salts, rows, strict=True)]
    bound = [(mark.hex(), amount, why) for mark, (_, amount, why) in zip(marks, rows, strict=True)]
    digest = digest_batch(batch.name, (batch.from_on, batch.until_on), figures, bound)
    number = store.insert_campaign(conn, {
        "name": batch.name, "from_on": batch.from_on, "until_on": batch.until_on, "figures": figures, "digest": digest,
        "author": signed.person, "why": signed.why, "proposed_at": now,
    })  # fmt: skip
    if not number:
        raise Conflict(f"temporary limits of the name {batch.name} were proposed before", code="TEMPORARY_NAMED")
    store.copy_choices(
        conn, number, [(*row, *pair) for row, pair in zip(rows, zip(salts, marks, strict=True), strict=True)]
    )
    return get_temporary(conn, number)


def digest_batch(
    name: str, days: tuple[dt.date, dt.date], figures: Mapping[str, Any], rows: Sequence[tuple[str, int, int]]
) -> bytes:
    """SHA-256 of everything that an approval is of. rows: (mark in hex, minor units, why) each; the order does not count."""
    head = [name, *(day.isoformat() for day in days), dict(figures)]
    told = json.dumps([head, sorted(rows)], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).digest()


def answer_temporary(
    conn: psycopg.Connection, campaign_id: int, signed: Signed, *, approved: bool, digest: str, now: dt.datetime
) -> TemporaryCampaign:
    """Another person's word on a proposal of this digest (hex, 8 digits or more). Conflict for one's own yes, or after an answer."""
    row = _get_locked(conn, campaign_id)
    if row.state != "proposed":
        raise Conflict(f"temporary limits {row.name} are {row.state}", code="TEMPORARY_ANSWERED")
    if approved and fold_name(row.author) == fold_name(signed.person):
        raise Conflict(f"{signed.person} proposed them: somebody else must approve them", code="SAME_PERSON")
    if len(digest) < DIGITS_LEAST or not row.digest.hex().startswith(digest.lower()):
        raise Conflict(f"temporary limits {row.name} have the digest {row.digest.hex()[:16]}…", code="DIGEST_DIFFERS")
    return _act(conn, row, "approved" if approved else "refused", signed, now)


def end_temporary(conn: psycopg.Connection, campaign_id: int, signed: Signed, *, now: dt.datetime) -> TemporaryCampaign:
    """Undo a batch of which nothing has gone out, or stop the rest of one; offers that were made stay their customers' to answer."""
    row = _get_locked(conn, campaign_id)
    if row.state not in ("proposed", "approved", "running"):
        raise Conflict(f"temporary limits {row.name} are {row.state}", code="TEMPORARY_OVER")
    return _act(conn, row, "stopped" if row.settled else "undone", signed, now)


def offer_piece(
    conn: psycopg.Connection, campaign_id: int, check: Checker, *, rulebook: str, at: Moment, most: int = PIECE
) -> tuple[int, int]:
    """The next piece of an approved batch: (offered, left out). check: customer → "", or the code of what speaks against it today.

    Safe to do again: what has gone out is marked in the same transaction.
    """
    row = _get_locked(conn, campaign_id)
    if row.state not in ("approved", "running") or not row.from_on <= at.on <= row.until_on:
        return 0, 0
    wanted = store.take_choices(conn, campaign_id, limit=most)
    codes = dict(check(conn, wanted))
    if codes.keys() != {name for name, _ in wanted}:
        raise BadInput("a word about each customer is wanted", code="TEMPORARY_INVALID")
    offers = [(name, amount) for name, amount in wanted if not codes[name]]
    made = make_offers(conn, row.name, offers, rulebook=rulebook, until_on=row.until_on, now=at.now)
    store.settle_choices(conn, campaign_id, codes, now=at.now)
    return made, len(wanted) - made


def get_temporary(conn: psycopg.Connection, campaign_id: int) -> TemporaryCampaign:
    """One; NotFound."""
    row = store.find_campaign(conn, campaign_id)
    if row is None:
        raise NotFound(f"no temporary limits {campaign_id}", code="TEMPORARY_UNKNOWN")
    return row


def list_temporary(conn: psycopg.Connection, *, limit: int) -> list[TemporaryCampaign]:
    """The newest first."""
    return store.list_campaigns(conn, limit=limit)


def list_begun(conn: psycopg.Connection, *, on: dt.date) -> list[int]:
    """Approved batches that have somebody to offer to on a day."""
    return store.list_begun(conn, on=on)


def count_reasons(conn: psycopg.Connection, campaign_id: int) -> tuple[dict[int, int], dict[str, int]]:
    """Customers by the reason of the choice, and those left when their turn came by code."""
    return store.count_whys(conn, campaign_id), store.count_codes(conn, campaign_id)


def _get_locked(conn: psycopg.Connection, campaign_id: int) -> TemporaryCampaign:
    store.lock_campaign(conn, campaign_id)
    return get_temporary(conn, campaign_id)


def _act(
    conn: psycopg.Connection, row: TemporaryCampaign, act: str, signed: Signed, now: dt.datetime
) -> TemporaryCampaign:
    store.insert_act(conn, row.campaign_id, act, (signed.person, signed.why), digest=row.digest, now=now)
    return get_temporary(conn, row.campaign_id)


__all__ = [
    "Batch", "Checker", "TemporaryCampaign", "answer_temporary", "count_reasons", "end_temporary", "get_temporary", "list_begun",
    "list_temporary", "offer_piece", "propose_temporary",
]  # fmt: skip
