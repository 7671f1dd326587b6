"""Bring evidence, judge it, have a person look, take it back. Sources and readers are asked outside any transaction.

A consent is written down before anybody is asked under it; an answer that comes after the consent was taken back is dropped unseen.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec
import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound, TimedOut, WorldFailed
from honghua.customers.core.materials import (
    Delivered,
    Holder,
    MaterialPurpose,
    MaterialState,
    MaterialTerms,
    find_valid_until,
    judge_delivery,
)
from honghua.customers.core.personal import Field, Part
from honghua.customers.core.uploads import DocumentKind, check_upload
from honghua.customers.materials import store
from honghua.customers.materials.port import Document, DocumentReader, MaterialRequest, MaterialSource
from honghua.customers.materials.store import Given, MaterialRow, Word
from honghua.customers.materials.terms import load_materials
from honghua.customers.persons import Access, Purpose, get_person, open_keys, reveal
from honghua.customers.proofing.proving import is_proven
from honghua.customers.provider_calls import Calling, call_provider
from honghua.customers.vault import OWN, Vault, seal
from honghua.store.database import run_unit

PLACE: Final = "customers_material/{}/{}"
SECONDS: Final = 8.0
TRIES_MAX: Final = 2
PER_DAY_MAX: Final = 10  # pieces of one customer (U): each try costs a source and may be a trial of forgeries
DAY: Final = dt.timedelta(days=1)
SYSTEM: Final = "system"
READER: Final = "evidence of the customer's own"
Deliver = Callable[[Holder], Delivered | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A customer's yes to one piece of evidence. version: of the text that they had before them; key: of the form, one piece each."""

    kind: str
    purposes: tuple[MaterialPurpose, ...]
    version: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A wish with the document that it is about."""

    wish: Wish
    content: bytes = field(repr=False)


def add_from_source(
    conn: psycopg.Connection, vault: Vault, source: MaterialSource, customer: str, wish: Wish, *, now: dt.datetime
) -> MaterialRow:
    """Have a source hand over one piece of evidence. conn must be idle; the same key again asks only where nobody has answered yet.

    BadInput for a text that is not in force, a kind that does not come this way, no purpose; Conflict IDENTITY_UNPROVEN before the
    customer is proven, MATERIALS_MANY above the day's bound. A source that is silent leaves it waiting: `ask_again` goes on.
    """
    row = run_unit(conn, lambda c: _begin(c, customer, wish, "source", source, now))
    return ask_again(conn, vault, source, row, now=now)


def ask_again(
    conn: psycopg.Connection, vault: Vault, source: MaterialSource, row: MaterialRow, *, now: dt.datetime
) -> MaterialRow:
    """Ask for a piece that waits; one that does not is returned as it is. conn must be idle."""

    def fetch(holder: Holder) -> Delivered | None:
        request = MaterialRequest(request_id=_request_id(row.key), kind=row.kind, holder=holder, seconds=SECONDS)
        return source.fetch(request)

    return _ask(conn, vault, row, _Asking(source, fetch), now)


def add_document(
    conn: psycopg.Connection, vault: Vault, reader: DocumentReader, customer: str, upload: Upload, *, now: dt.datetime
) -> MaterialRow:  # fmt: skip
    """Have a document read once; nothing of its bytes is kept. As `add_from_source`; BadInput with the code of `check_upload` for a file
    that is not taken, before anything is written down."""
    form = check_upload(upload.content)
    if not isinstance(form, DocumentKind):
        raise BadInput("this file is not taken", code=form)
    row = run_unit(conn, lambda c: _begin(c, customer, upload.wish, "upload", reader, now))
    document = Document(
        request_id=_request_id(row.key), kind=row.kind, form=form, content=upload.content, seconds=SECONDS
    )
    done = _ask(conn, vault, row, _Asking(reader, lambda _: reader.read(document)), now)
    if done.state is None:  # the bytes are gone: it cannot be asked for again
        run_unit(conn, lambda c: _say(c, done, Word(state="refused", reasons=("MATERIAL_UNREAD",)), now))
    return get_material(conn, row.material_id)


def withdraw(conn: psycopg.Connection, customer: str, material_id: int, *, now: dt.datetime) -> MaterialRow:
    """Take a consent back: what the piece says is deleted here and now, and nothing that begins later reads it. In the caller's
    transaction; the same again changes nothing. NotFound for another's."""
    get_person(conn, customer, lock=True)  # who reads it holds the person: they come before, or find nothing
    row = get_material(conn, material_id)
    if row.customer != customer:
        raise NotFound(f"no evidence {material_id}", code="MATERIAL_UNKNOWN")
    if row.ended_at is None:
        store.erase(conn, [material_id], now=now)
        store.insert_word(conn, material_id, Word(state="withdrawn", said_by=customer), now=now)
    return get_material(conn, material_id)


def settle_material(
    conn: psycopg.Connection, material_id: int, *, accept: bool, by: str, why: str, now: dt.datetime
) -> MaterialRow:
    """A person's word on a piece with a sign of forgery. In the caller's transaction. BadInput without a name or a reason or by its own
    customer; Conflict where it waits for nobody. What is refused is deleted."""
    first = get_material(conn, material_id)
    get_person(conn, first.customer, lock=True)
    row = get_material(conn, material_id)
    if not by.strip() or by in (SYSTEM, row.customer) or not why.strip():
        raise BadInput("a person's word has a name and a reason", code="REVIEWER_MISSING")
    if row.state != MaterialState.REVIEW or row.ended_at is not None:
        raise Conflict("this evidence waits for nobody", code="MATERIAL_SETTLED")
    if not accept:
        store.erase(conn, [material_id], now=now)
    word = Word(state="in_force" if accept else "refused", reasons=tuple(row.reasons), said_by=by, why=why)
    store.insert_word(conn, material_id, word, now=now)
    return get_material(conn, material_id)


def expire(conn: psycopg.Connection, material_id: int, *, on: dt.date, now: dt.datetime) -> str:
    """Delete what a piece says once its last day is over; whose it was, "" where its time has not come. In the caller's transaction."""
    first = get_material(conn, material_id)
    get_person(conn, first.customer, lock=True)
    row = get_material(conn, material_id)
    if row.sealed is None or row.valid_until is None or row.valid_until >= on:
        return ""
    store.erase(conn, [material_id], now=now)
    store.insert_word(conn, material_id, Word(state="expired"), now=now)
    return row.customer


def get_material(conn: psycopg.Connection, material_id: int) -> MaterialRow:
    """One piece; NotFound."""
    row = store.find_material(conn, material_id=material_id)
    if row is None:
        raise NotFound(f"no evidence {material_id}", code="MATERIAL_UNKNOWN")
    return row


def find_terms(kind: str) -> MaterialTerms:
    """The terms of a kind; NotFound."""
    terms = load_materials().get(kind)
    if terms is None:
        raise NotFound(f"no kind of evidence {kind!r}", code="MATERIAL_KIND_UNKNOWN")
    return terms


def _begin(
    conn: psycopg.Connection, customer: str, wish: Wish, way: str, port: MaterialSource | DocumentReader, now: dt.datetime
) -> MaterialRow:  # fmt: skip
    terms, person = find_terms(wish.kind), get_person(conn, customer, lock=True)
    known = store.find_material(conn, key=wish.key)
    if known is not None:
        if known.customer != customer:
            raise Conflict("this key belongs to another piece of evidence", code="KEY_TAKEN")
        return known
    if person.state != "active":
        raise Conflict(f"{customer} has left: nothing is written any more", code="PERSON_GONE")
    if wish.version != terms.version:
        raise BadInput(f"version {terms.version} of this text is in force, show it first", code="CONSENT_STALE")
    if way not in terms.ways or not wish.purposes or not wish.key:
        raise BadInput("say which evidence comes how, and for what", code="MATERIAL_WISH_WRONG")
    if not is_proven(conn, customer):
        raise Conflict("nobody's evidence is taken before they are proven", code="IDENTITY_UNPROVEN")
    if store.count_given(conn, person.person_id, since=now - DAY) >= PER_DAY_MAX:
        raise Conflict(f"at most {PER_DAY_MAX} pieces a day", code="MATERIALS_MANY")
    given = Given(
        kind=terms.kind, way=way, purposes=tuple(sorted(set(wish.purposes))), text_version=terms.version,
        text_digest=terms.agreement_digest, provider=port.name, is_fake=port.is_fake, key=wish.key,
    )  # fmt: skip
    store.insert_material(conn, person.person_id, given, now=now)
    row = store.find_material(conn, key=wish.key)
    assert row is not None, "inserted, under the person's lock"
    return row


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who is asked, and how."""

    port: MaterialSource | DocumentReader
    deliver: Deliver


def _ask(conn: psycopg.Connection, vault: Vault, row: MaterialRow, asking: _Asking, now: dt.datetime) -> MaterialRow:
    """Ask, a bounded number of times and each time on record, and write down what came of it; silence leaves the piece as it is."""
    if row.state is not None or row.ended_at is not None:
        return row
    holder = run_unit(conn, lambda c: _find_holder(c, vault, row.customer, now))
    calling = Calling(
        customer=row.customer, provider=asking.port.name, is_fake=asking.port.is_fake, kind=row.way, purpose="+".join(row.purposes),
        basis=f"consent {row.kind}/{row.text_version}", material_id=row.material_id,
    )  # fmt: skip
    for _ in range(TRIES_MAX):
        try:
            delivered = call_provider(conn, calling, lambda: asking.deliver(holder), now=now)
        except TimedOut:
            continue
        except WorldFailed:
            break
        return run_unit(conn, lambda c, said=delivered: _take(c, vault, row, holder, said, now))  # type: ignore[misc]
    return row


def _find_holder(conn: psycopg.Connection, vault: Vault, customer: str, now: dt.datetime) -> Holder:
    wanted = (Field.NAME, Field.NATIONAL_ID)
    found = reveal(conn, vault, customer, wanted, Access(READER, Purpose.IDENTITY_CHECK), now=now)
    if len(found) < len(wanted):
        raise Conflict("whose evidence it must be is not known", code="IDENTITY_UNPROVEN")
    return Holder(name=found[Field.NAME], national_id=found[Field.NATIONAL_ID])


def _take(
    conn: psycopg.Connection, vault: Vault, row: MaterialRow, holder: Holder, said: Delivered | None, now: dt.datetime
) -> MaterialRow:
    person = get_person(conn, row.customer, lock=True)
    current = get_material(conn, row.material_id)
    if current.state is not None or current.ended_at is not None:
        return current  # taken back meanwhile, or somebody was faster
    if said is None:
        return _say(conn, current, Word(state="refused", reasons=("MATERIAL_NOTHING_FOUND",)), now)
    if said.request_id != _request_id(row.key):
        return _say(conn, current, Word(state="refused", reasons=("MATERIAL_OTHER_ANSWER",)), now)
    terms = find_terms(row.kind)
    state, reasons, values = judge_delivery(terms, said, holder, on=now.date())
    if state is not MaterialState.REFUSED:
        key = open_keys(conn, vault, person, lock=True)[Part.IDENTITY]
        place = PLACE.format(person.person_id, row.material_id)
        sealed = seal(key, OWN, msgspec.json.encode(values), place)
        until = find_valid_until(terms, said.issued_on)
        store.keep(conn, row.material_id, sealed, issued_on=said.issued_on, valid_until=until)
    return _say(conn, current, Word(state=state.value, reasons=reasons), now)


def _say(conn: psycopg.Connection, row: MaterialRow, word: Word, now: dt.datetime) -> MaterialRow:
    store.insert_word(conn, row.material_id, word, now=now)
    return get_material(conn, row.material_id)


def _request_id(key: str) -> str:
    return hashlib.sha256(f"material\0{key}".encode()).hexdigest()[:32]


__all__ = [
    "PER_DAY_MAX", "PLACE", "Upload", "Wish", "add_document", "add_from_source", "ask_again", "expire", "find_terms", "get_material",
    "settle_material", "withdraw",
]  # fmt: skip
