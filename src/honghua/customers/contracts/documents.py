"""Contracts: shown, read, signed, and verified whenever somebody wants to see them.

Drawing and signing load half a second of libraries, which only those wait for who draw or sign.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import psycopg

from honghua.base.errors import BadInput, Conflict, IntegrityBroken, NotFound
from honghua.customers import store
from honghua.customers.contracts import store_documents
from honghua.customers.contracts.store_documents import DocumentRow, SignatureRow
from honghua.customers.core.contract_text import ContractText
from honghua.customers.core.personal import Part
from honghua.customers.persons import Access, Purpose, get_person, key_place
from honghua.customers.store import AccessRow
from honghua.customers.vault import OWN, Vault, open_sealed, reseal, seal

READ_SECONDS: Final = 10  # rules.md §2: forced reading time U, 10 s proposed
PLACE: Final = "customers_document/{}/{}"
ROOM: Final = "honghua.customers.contracts."


@dataclass(frozen=True, slots=True)
class Checked:
    """A contract after a look at it. problems: codes, () = as shown and signed. is_own_made: no authority vouches for it."""

    key: str
    is_signed: bool
    problems: tuple[str, ...]
    plain_sha256: str
    signed_sha256: str
    signed_at: dt.datetime | None
    read_ms: int
    is_own_made: bool = True


def show_contract(
    conn: psycopg.Connection,
    vault: Vault,
    text: ContractText,
    *,
    key: str,
    now: dt.datetime,
    read_seconds: int = READ_SECONDS,
) -> DocumentRow:
    """Draw a contract and keep it, sealed, as it stands before the customer's eyes from now on. In the caller's transaction.

    The same key again gives the same document, Conflict where its text differs. BadInput for a text that lacks what the law wants in it.
    """
    gaps = text.find_gaps()
    if gaps:
        raise BadInput(f"the contract lacks {', '.join(gaps)}", code="COST_TABLE_INCOMPLETE")
    known = store_documents.find_document(conn, key)
    if known is None:
        person = get_person(conn, text.customer, lock=True)
        pdf: bytes = _load("pdf").draw_contract(text)
        sealed = seal(_key(conn, vault, person.person_id), OWN, pdf, PLACE.format("plain", person.person_id))
        row = DocumentRow(
            0, person.person_id, text.customer, key, text.title, text.digest(), now, read_seconds, hashlib.sha256(pdf).digest(), sealed
        )  # fmt: skip
        store_documents.insert_document(conn, row)
        known = get_document(conn, key)
    if known.shown_digest != text.digest():
        raise Conflict("another contract was shown under this key", code="CONTRACT_OTHER")
    return known


def sign_contract(
    conn: psycopg.Connection, vault: Vault, key: str, *, shown_digest: bytes, read_ms: int, now: dt.datetime
) -> SignatureRow:
    """The customer's yes: read for long enough by page and by our clock, to exactly what was shown. In the caller's transaction.

    The same again gives the first signature, also where both come at once. BadInput CONTRACT_UNREAD or CONTRACT_OTHER, NotFound for no
    such document.
    """
    document = get_document(conn, key)
    store_documents.hold_document(conn, document.document_id)  # of two at once the second finds the first one's
    signed = store_documents.find_signature(conn, document.document_id)
    if signed is not None:
        return signed
    problem = find_unsigned(document, shown_digest=shown_digest, read_ms=read_ms, now=now)
    if problem is not None:
        raise BadInput(f"this contract cannot be signed yet, or is another: {problem}", code=problem)
    signing = _load("signing")
    certificate = ensure_certificate(conn, vault, now=now)
    person_key = _key(conn, vault, document.person_id)
    plain = open_sealed(person_key, document.sealed_plain, PLACE.format("plain", document.person_id))
    pdf: bytes = signing.sign_pdf(plain, vault.index_key, certificate, reason="read and agreed by the borrower")
    sealed = seal(person_key, OWN, pdf, PLACE.format("signed", document.person_id))
    row = SignatureRow(
        document.document_id, read_ms, now, hashlib.sha256(pdf).digest(), signing.fingerprint(certificate), sealed
    )
    if not store_documents.insert_signature(conn, row):
        raise IntegrityBroken(f"contract {key} was signed by somebody who did not wait")
    return row


def find_unsigned(document: DocumentRow, *, shown_digest: bytes, read_ms: int, now: dt.datetime) -> str | None:
    """Why a contract may not be signed now, as a code; None where it may."""
    if shown_digest != document.shown_digest:
        return "CONTRACT_OTHER"
    shown_ms = (now - document.shown_at) // dt.timedelta(milliseconds=1)
    return "CONTRACT_UNREAD" if min(read_ms, shown_ms) < document.read_seconds * 1_000 else None


def check_contract(conn: psycopg.Connection, vault: Vault, key: str, *, now: dt.datetime) -> Checked:
    """Whether the stored bytes are those that were shown and signed, and the signature is ours and whole."""
    return _check(conn, vault, get_document(conn, key), now)[0]


def download_contract(conn: psycopg.Connection, vault: Vault, key: str, access: Access, *, now: dt.datetime) -> bytes:
    """The signed PDF, else the one that was shown; written down like any reading. IntegrityBroken where it does not verify."""
    document = get_document(conn, key)
    person = get_person(conn, document.customer)
    if person.state != "active" and access.purpose is not Purpose.LEGAL_DUTY:
        raise Conflict(f"{person.customer} has left: only what the law asks for may be read", code="PERSON_RESTRICTED")
    checked, pdf = _check(conn, vault, document, now)
    if checked.problems:
        raise IntegrityBroken(f"contract {key} does not verify: {', '.join(checked.problems)}")
    store.insert_access(conn, person.person_id, AccessRow(["contract"], access.viewer, access.purpose, now))
    return pdf


def list_contracts(conn: psycopg.Connection, customer: str) -> list[str]:
    """Keys of somebody's contracts, the oldest first; NotFound for nobody."""
    return store_documents.list_keys(conn, get_person(conn, customer).person_id)


def get_document(conn: psycopg.Connection, key: str) -> DocumentRow:
    """The document of a key; NotFound where there is none."""
    found = store_documents.find_document(conn, key)
    if found is None:
        raise NotFound("no such contract", code="DOCUMENT_UNKNOWN")
    return found


def ensure_certificate(conn: psycopg.Connection, vault: Vault, *, now: dt.datetime) -> bytes:
    """The certificate of our signing key, made by ourselves where there is none yet; DER."""
    signing = _load("signing")
    for _, der in store_documents.list_certificates(conn):
        if signing.is_of_key(der, vault.index_key):
            return der
    made: bytes = signing.make_certificate(vault.index_key, now=now)
    store_documents.insert_certificate(conn, signing.fingerprint(made), made, is_own_made=True, now=now)
    return made


def reseal_documents(conn: psycopg.Connection, person_id: int, old: dict[Part, bytes], new: dict[Part, bytes]) -> None:
    """A person's contracts under their new key; for rotation."""
    if Part.IDENTITY not in old:
        return
    for key in store_documents.list_keys(conn, person_id):
        document = get_document(conn, key)
        signed = store_documents.find_signature(conn, document.document_id)
        sealed = {"plain": document.sealed_plain} | ({"signed": signed.sealed_signed} if signed is not None else {})
        again = {
            kind: reseal(old[Part.IDENTITY], new[Part.IDENTITY], value, PLACE.format(kind, person_id))
            for kind, value in sealed.items()
        }
        store_documents.reseal_document(conn, document.document_id, again["plain"], again.get("signed"))


def _check(conn: psycopg.Connection, vault: Vault, document: DocumentRow, now: dt.datetime) -> tuple[Checked, bytes]:
    key = _key(conn, vault, document.person_id)
    pdf = open_sealed(key, document.sealed_plain, PLACE.format("plain", document.person_id))
    problems = [] if hashlib.sha256(pdf).digest() == document.plain_sha256 else ["CONTRACT_HASH"]
    row = store_documents.find_signature(conn, document.document_id)
    if row is not None:
        pdf = open_sealed(key, row.sealed_signed, PLACE.format("signed", document.person_id))
        problems += _find_unlike(conn, pdf, row, now)
    checked = Checked(
        document.key, row is not None, tuple(problems), document.plain_sha256.hex(), row.signed_sha256.hex() if row else "",
        row.signed_at if row else None, row.read_ms if row else 0,
    )  # fmt: skip
    return checked, pdf


def _find_unlike(conn: psycopg.Connection, pdf: bytes, row: SignatureRow, now: dt.datetime) -> list[str]:
    if hashlib.sha256(pdf).digest() != row.signed_sha256:
        return ["SIGNED_HASH"]
    signing = _load("signing")
    found = signing.read_signature(pdf, at=now)
    if found is None or not found.is_intact or not found.covers_all:
        return ["SIGNATURE_BROKEN"]
    ours = {one for one, _ in store_documents.list_certificates(conn)}
    mark = signing.fingerprint(found.certificate)
    return [] if mark in ours and mark == row.certificate else ["CERTIFICATE_FOREIGN"]


def _key(conn: psycopg.Connection, vault: Vault, person_id: int) -> bytes:
    found = store.find_keys(conn, person_id)
    if Part.IDENTITY not in found:
        raise Conflict("the key of this contract was erased with the person", code="PERSON_GONE")
    return vault.open_bytes(found[Part.IDENTITY], key_place(person_id, Part.IDENTITY))


def _load(name: str) -> Any:
    return import_module(ROOM + name)


__all__ = [
    "READ_SECONDS", "Checked", "DocumentRow", "check_contract", "download_contract", "ensure_certificate", "find_unsigned",
    "get_document", "list_contracts", "reseal_documents", "show_contract", "sign_contract",
]  # fmt: skip
