"""SQL of contracts, their signatures and the certificates behind them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A contract as it was shown. digests are SHA-256; sealed_plain: the unsigned PDF under the person's key."""

    document_id: int
    person_id: int
    customer: str
    key: str
    title: str
    shown_digest: bytes
    shown_at: dt.datetime
    read_seconds: int
    plain_sha256: bytes
    sealed_plain: bytes


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A contract as it was signed. certificate: the fingerprint of the one that it was signed by."""

    document_id: int
    read_ms: int
    signed_at: dt.datetime
    signed_sha256: bytes
    certificate: bytes
    sealed_signed: bytes


def insert_document(conn: psycopg.Connection, row: DocumentRow) -> bool:
    """Keep what was shown; False when a document of this key is there."""
    made = conn.execute(
        "INSERT INTO customers_document (person_id, key, title, shown_digest, shown_at, read_seconds, plain_sha256, sealed_plain)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [row.person_id, row.key, row.title, row.shown_digest, row.shown_at, row.read_seconds, row.plain_sha256, row.sealed_plain],
    )  # fmt: skip
    return made.rowcount == 1


def hold_document(conn: psycopg.Connection, document_id: int) -> None:
    """Let nobody else sign a document until the transaction ends."""
    conn.execute("SELECT FROM customers_document WHERE document_id = %s FOR UPDATE", [document_id])


def find_document(conn: psycopg.Connection, key: str) -> DocumentRow | None:
    """The document of a key."""
    with conn.cursor(row_factory=class_row(DocumentRow)) as cursor:
        query = (
            "SELECT document_id, person_id, customer, key, title, shown_digest, shown_at, read_seconds, plain_sha256, sealed_plain"
            " FROM customers_document JOIN customers_person USING (person_id) WHERE key = %s"
        )
        return cursor.execute(query, [key]).fetchone()


def list_keys(conn: psycopg.Connection, person_id: int) -> list[str]:
    """Keys of a person's documents, the oldest first."""
    rows = conn.execute("SELECT key FROM customers_document WHERE person_id = %s ORDER BY document_id", [person_id])
    return [key for (key,) in rows]


def insert_signature(conn: psycopg.Connection, row: SignatureRow) -> bool:
    """Keep a signature; False when the document was signed before."""
    made = conn.execute(
        "INSERT INTO customers_signature (document_id, read_ms, signed_at, signed_sha256, certificate, sealed_signed)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (document_id) DO NOTHING",
        [row.document_id, row.read_ms, row.signed_at, row.signed_sha256, row.certificate, row.sealed_signed],
    )
    return made.rowcount == 1


def find_signature(conn: psycopg.Connection, document_id: int) -> SignatureRow | None:
    """The signature of a document."""
    with conn.cursor(row_factory=class_row(SignatureRow)) as cursor:
        query = (
            "SELECT document_id, read_ms, signed_at, signed_sha256, certificate, sealed_signed FROM customers_signature"
            " WHERE document_id = %s"
        )
        return cursor.execute(query, [document_id]).fetchone()


def reseal_document(
    conn: psycopg.Connection, document_id: int, sealed_plain: bytes, sealed_signed: bytes | None
) -> None:
    """The same under another key."""
    conn.execute("UPDATE customers_document SET sealed_plain = %s WHERE document_id = %s", [sealed_plain, document_id])
    if sealed_signed is not None:
        conn.execute(
            "UPDATE customers_signature SET sealed_signed = %s WHERE document_id = %s", [sealed_signed, document_id]
        )


def insert_certificate(
    conn: psycopg.Connection, fingerprint: bytes, der: bytes, *, is_own_made: bool, now: dt.datetime
) -> None:
    """A certificate that we sign by."""
    conn.execute(
        "INSERT INTO customers_certificate (fingerprint, der, is_own_made, since) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [fingerprint, der, is_own_made, now],
    )


def list_certificates(conn: psycopg.Connection) -> list[tuple[bytes, bytes]]:
    """(fingerprint, DER) of all certificates, the newest first."""
    rows = conn.execute("SELECT fingerprint, der FROM customers_certificate ORDER BY since DESC, fingerprint")
    return [(bytes(one), bytes(der)) for one, der in rows]
