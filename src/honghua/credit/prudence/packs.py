"""Packs of evidence: documents are laid in, two persons approve the pack as it lies, and only then is the claim written off (R-059)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.credit.api import execute
from honghua.credit.core.commands import WriteOff
from honghua.credit.core.prudence.evidence import (
    Item,
    Missing,
    Needs,
    count_attempts,
    find_end,
    find_missing,
    name_pack,
    pack_digest,
)
from honghua.credit.core.refusals import refusal
from honghua.credit.prudence.keys import next_key
from honghua.credit.registry import Registry
from honghua.credit.store import find_account_ids, get_business_day
from honghua.credit.store_risk import find_customer_refs
from honghua.credit.viewing.reading import load_current
from honghua.ledger.core import CLAIM
from honghua.store.commands import find_commands
from honghua.store.database import run_unit

ITEMS_MAX: Final = 500
LISTED_MAX: Final = 1_000
APPROVERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One claim's evidence and how it stands. approvals: persons who approved exactly these documents; missing: what it lacks."""

    pack_id: int
    customer: str
    items: tuple[Item, ...]
    approvals: tuple[str, ...]
    outcome: str | None
    claim_minor: int
    days_past_due: int
    missing: tuple[Missing, ...]

    @property
    def digest(self) -> bytes:
        """SHA-256 over its documents: what a person approves."""
        return pack_digest(self.items)


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack in a list. outcome: None while it is open; items: how many documents lie in it."""

    pack_id: int
    customer: str
    begun_by: str
    begun_at: dt.datetime
    outcome: str | None
    ended_at: dt.datetime | None
    items: int


def list_packs(conn: psycopg.Connection, *, open_only: bool = False, limit: int = 100) -> list[PackRow]:
    """Newest first."""
    rows = conn.execute(
        "SELECT pack_id, customer_ref, begun_by, begun_at, outcome, ended_at,"
        " (SELECT count(*) FROM credit_write_off_item AS item WHERE item.pack_id = pack.pack_id)"
        " FROM credit_write_off_pack AS pack JOIN credit_account USING (account_id) WHERE ended_at IS NULL OR NOT %s"
        " ORDER BY pack_id DESC LIMIT %s",
        [open_only, min(max(limit, 1), LISTED_MAX)],
    )
    return [PackRow(*row) for row in rows]


def begin_pack(conn: psycopg.Connection, customer: str, *, person: str, now: dt.datetime) -> int:
    """Begin to gather evidence about a customer's claim; the open pack if there is one. A transaction of its own."""
    if not person.strip():
        raise BadInput("somebody begins a pack")

    def write(inner: psycopg.Connection) -> int:
        account_id = find_account_ids(inner, [customer]).get(customer)
        if account_id is None:
            raise NotFound(f"no account of {customer}", code="ACCOUNT_UNKNOWN")
        inner.execute(
            "INSERT INTO credit_write_off_pack (account_id, begun_by, begun_at) VALUES (%s, %s, %s)"
            " ON CONFLICT (account_id) WHERE ended_at IS NULL DO NOTHING",
            [account_id, person.strip(), now],
        )
        row = inner.execute(
            "SELECT pack_id FROM credit_write_off_pack WHERE account_id = %s AND ended_at IS NULL", [account_id]
        ).fetchone()
        assert row is not None, "it was there or has just been begun"
        return int(row[0])

    return run_unit(conn, write)


def add_item(conn: psycopg.Connection, pack_id: int, item: Item, *, person: str, now: dt.datetime) -> None:
    """Lay a document into an open pack; earlier approvals no longer count, as they were of another pack."""

    def write(inner: psycopg.Connection) -> None:
        _lock(inner, pack_id)
        row = inner.execute("SELECT count(*) FROM credit_write_off_item WHERE pack_id = %s", [pack_id]).fetchone()
        if row is not None and row[0] >= ITEMS_MAX:
            raise BadInput(f"a pack holds at most {ITEMS_MAX} documents")
        inner.execute(
            "INSERT INTO credit_write_off_item (pack_id, kind, on_day, digest, reference, person, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [pack_id, item.kind, item.on, item.digest, item.reference, person, now],
        )

    run_unit(conn, write)


def approve_pack(
    conn: psycopg.Connection, pack_id: int, *, person: str, now: dt.datetime, digest: bytes | None = None
) -> None:
    """A person approves the pack as it lies now; saying so twice says it once. digest: of the pack that the person looked at, Conflict
    when another one lies there by now."""
    if not person.strip():
        raise BadInput("somebody approves")

    def write(inner: psycopg.Connection) -> None:
        _lock(inner, pack_id)
        lies = pack_digest(_read_items(inner, pack_id))
        if digest not in (None, lies):
            raise Conflict(f"documents were added to pack {pack_id} meanwhile: look again", code="DIGEST_DIFFERS")
        inner.execute(
            "INSERT INTO credit_write_off_approval (pack_id, person, digest, at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [pack_id, person.strip(), lies, now],
        )

    run_unit(conn, write)


def get_pack(conn: psycopg.Connection, registry: Registry, pack_id: int) -> Pack:
    """The pack with what it still lacks; NotFound for an unknown one."""
    row = conn.execute(
        "SELECT p.account_id, p.outcome, a.terms_id, CASE WHEN a.overdue_since_on > DATE '1970-01-01'"
        " THEN %s::date - a.overdue_since_on ELSE 0 END"
        " FROM credit_write_off_pack AS p JOIN credit_account AS a USING (account_id) WHERE p.pack_id = %s",
        [get_business_day(conn), pack_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"no pack {pack_id}", code="PACK_UNKNOWN")
    account_id, outcome, terms_id, days = row
    items = _read_items(conn, pack_id)
    approved = conn.execute(
        "SELECT person FROM credit_write_off_approval WHERE pack_id = %s AND digest = %s ORDER BY at, person",
        [pack_id, pack_digest(items)],
    )
    approvals = tuple(person for (person,) in approved)
    # as it is to be written off today: what the days since the last entry have earned belongs to it
    (account,) = load_current(conn, registry, np.array([account_id], np.int64))
    claim = int(account.balance[CLAIM].sum())
    registry.learn_terms(conn, up_to=terms_id)
    needs = Needs(bands=registry.terms[terms_id].write_off_bands)
    missing = find_missing(needs, items, claim_minor=claim, days_past_due=days, approvals=approvals)
    return Pack(
        pack_id=pack_id, customer=find_customer_refs(conn, [account_id])[account_id], items=items, approvals=approvals,
        outcome=outcome, claim_minor=claim, days_past_due=days, missing=missing if outcome is None else (),
    )  # fmt: skip


def write_off_pack(conn: psycopg.Connection, registry: Registry, pack_id: int, *, now: dt.datetime) -> dict[str, Any]:
    """Write the claim off on a complete pack. Refused while something is missing.

    Its digest is fixed first (no more documents), the claim is booked under the key write-off/ID/try, then the pack ends. After a crash
    between, the same call goes on. Whoever books elsewhere calls `make_write_off`, books, and calls `keep_write_off`.
    """
    made = make_write_off(conn, registry, pack_id)
    if not isinstance(made, WriteOff):
        return made
    answer = execute(conn, registry, [made], now=now)[0]
    keep_write_off(conn, pack_id, answer, now=now)
    return answer


def make_write_off(conn: psycopg.Connection, registry: Registry, pack_id: int) -> WriteOff | dict[str, Any]:
    """The command that writes a complete pack off, with the pack closed for more documents; else a refusal EVIDENCE_INCOMPLETE.

    Conflict for a pack that has ended. A transaction of its own.
    """
    pack = get_pack(conn, registry, pack_id)
    if pack.outcome is not None:
        raise Conflict(f"pack {pack_id} has ended: {pack.outcome}", code="PACK_ENDED")
    key = next_key(conn, f"write-off/{pack_id}")
    if pack.missing and not find_commands(conn, [key]):
        run_unit(conn, lambda inner: _close_for(inner, pack_id, None))  # who closed it before us lacks something now
        said = [{"code": one.code, "sentence": one.sentence} for one in pack.missing]
        return refusal("EVIDENCE_INCOMPLETE", missing=said)
    run_unit(conn, lambda inner: _close_for(inner, pack_id, pack.digest))
    return WriteOff(
        key=key, customer=pack.customer, evidence=(name_pack(pack_id, pack.digest),), attempts=count_attempts(pack.items),
        approved_by=" + ".join(pack.approvals[:APPROVERS]), ended_by=find_end(pack.items),
    )  # fmt: skip


def keep_write_off(conn: psycopg.Connection, pack_id: int, answer: Mapping[str, Any], *, now: dt.datetime) -> None:
    """End the pack as the books answered: done, or open for documents again. A transaction of its own."""
    if answer["outcome"] == "done":
        run_unit(conn, lambda inner: _end(inner, pack_id, "written_off", now))
    else:
        run_unit(conn, lambda inner: _close_for(inner, pack_id, None))


def abandon_pack(conn: psycopg.Connection, pack_id: int, *, now: dt.datetime) -> None:
    """The claim is not to be written off after all; its documents stay."""

    def write(inner: psycopg.Connection) -> None:
        _lock(inner, pack_id)
        _end(inner, pack_id, "abandoned", now)

    run_unit(conn, write)


def _lock(conn: psycopg.Connection, pack_id: int) -> None:
    """Fix an open pack; NotFound or Conflict."""
    row = conn.execute(
        "SELECT ended_at IS NOT NULL OR digest IS NOT NULL FROM credit_write_off_pack WHERE pack_id = %s FOR UPDATE",
        [pack_id],
    ).fetchone()
    if row is None:
        raise NotFound(f"no pack {pack_id}", code="PACK_UNKNOWN")
    if row[0]:
        raise Conflict(f"pack {pack_id} has ended or is being written off", code="PACK_ENDED")


def _close_for(conn: psycopg.Connection, pack_id: int, digest: bytes | None) -> None:
    conn.execute(
        "UPDATE credit_write_off_pack SET digest = %s WHERE pack_id = %s AND ended_at IS NULL", [digest, pack_id]
    )


def _end(conn: psycopg.Connection, pack_id: int, outcome: str, now: dt.datetime) -> None:
    """The digest stays what it was fixed to; an abandoned pack has none."""
    conn.execute(
        "UPDATE credit_write_off_pack SET ended_at = %s, outcome = %s WHERE pack_id = %s AND ended_at IS NULL",
        [now, outcome, pack_id],
    )


def _read_items(conn: psycopg.Connection, pack_id: int) -> tuple[Item, ...]:
    rows = conn.execute(
        "SELECT kind, on_day, digest, reference FROM credit_write_off_item WHERE pack_id = %s ORDER BY item_id",
        [pack_id],
    )
    return tuple(Item(kind, day, bytes(digest), reference) for kind, day, digest, reference in rows)


__all__ = [
    "Pack", "PackRow", "abandon_pack", "add_item", "approve_pack", "begin_pack", "get_pack", "keep_write_off", "list_packs",
    "make_write_off", "write_off_pack",
]  # fmt: skip
