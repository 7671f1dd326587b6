"""SQL of proofs, their answers and verdicts, and of what persons share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from honghua.customers.core.proofs import ProofAnswer, ProofVerdict


@dataclass(frozen=True, slots=True)
class ProofRow:
    """A proofing with its newest verdict; verdict None: it was broken off, take it again under its key."""

    proof_id: int
    customer: str
    key: str
    begun_at: dt.datetime
    verdict: str | None
    reasons: list[str]
    decided_by: str | None
    is_fake: bool


PROOF: str = (
    "SELECT proof.proof_id, person.customer, proof.key, proof.begun_at, last.verdict, coalesce(last.reasons, '{}') AS reasons,"
    " last.decided_by, coalesce((SELECT bool_or(is_fake) FROM customers_proof_answer AS said WHERE said.proof_id = proof.proof_id),"
    " false) AS is_fake FROM customers_proof AS proof JOIN customers_person AS person USING (person_id)"
    " LEFT JOIN LATERAL (SELECT verdict, reasons, decided_by FROM customers_proof_verdict AS said"
    " WHERE said.proof_id = proof.proof_id ORDER BY number DESC LIMIT 1) AS last ON true"
)


def insert_proof(conn: psycopg.Connection, person_id: int, key: str, *, now: dt.datetime) -> None:
    """Begin a proofing; one that has begun under the key stays."""
    conn.execute(
        "INSERT INTO customers_proof (person_id, key, begun_at) VALUES (%s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [person_id, key, now],
    )


def find_proof(conn: psycopg.Connection, key: str) -> ProofRow | None:
    """The proofing of a key."""
    with conn.cursor(row_factory=class_row(ProofRow)) as cursor:
        return cursor.execute(PROOF + " WHERE proof.key = %s", [key]).fetchone()


def list_proofs(conn: psycopg.Connection, person_id: int) -> list[ProofRow]:
    """A person's proofings, the newest first."""
    with conn.cursor(row_factory=class_row(ProofRow)) as cursor:
        return cursor.execute(
            PROOF + " WHERE proof.person_id = %s ORDER BY proof.proof_id DESC", [person_id]
        ).fetchall()


def insert_answers(
    conn: psycopg.Connection, proof_id: int, answers: Sequence[ProofAnswer], *, now: dt.datetime
) -> None:
    """Keep answers in their order."""
    for answer in answers:
        conn.execute(
            "INSERT INTO customers_proof_answer (proof_id, kind, number, request_id, said, score_ppm, provider, is_fake, at)"
            " SELECT %s, %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s, %s, %s FROM customers_proof_answer"
            " WHERE proof_id = %s AND kind = %s",
            [proof_id, answer.kind, answer.request_id, answer.said, answer.score_ppm, answer.provider, answer.is_fake, now,
             proof_id, answer.kind],
        )  # fmt: skip


def insert_verdict(
    conn: psycopg.Connection, proof_id: int, verdict: ProofVerdict, reasons: Sequence[str], *, by: str, now: dt.datetime
) -> None:
    """One more verdict: the newest counts."""
    conn.execute(
        "INSERT INTO customers_proof_verdict (proof_id, number, verdict, reasons, decided_by, at)"
        " SELECT %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s FROM customers_proof_verdict WHERE proof_id = %s",
        [proof_id, verdict, list(reasons), by, now, proof_id],
    )


def insert_links(conn: psycopg.Connection, person_id: int, digests: Mapping[str, bytes], *, now: dt.datetime) -> None:
    """A person has these things."""
    for kind, digest in digests.items():
        conn.execute(
            "INSERT INTO customers_link (kind, digest, person_id, since) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [kind, digest, person_id, now],
        )


def count_sharers(conn: psycopg.Connection, person_id: int) -> dict[str, int]:
    """For each kind of thing that a person has: how many persons have the one that most share, they themselves among them."""
    rows = conn.execute(
        "SELECT kind, max(sharers) FROM (SELECT mine.kind, mine.digest, count(*) AS sharers FROM customers_link AS mine"
        " JOIN customers_link AS other USING (kind, digest) WHERE mine.person_id = %s GROUP BY 1, 2) AS shared GROUP BY kind",
        [person_id],
    )
    return {str(kind): int(count) for kind, count in rows}


def list_links(conn: psycopg.Connection, person_id: int) -> dict[str, bytes]:
    """For each kind of thing that a person has: the newest one."""
    rows = conn.execute(
        "SELECT DISTINCT ON (kind) kind, digest FROM customers_link WHERE person_id = %s ORDER BY kind, since DESC, digest",
        [person_id],
    )
    return {str(kind): bytes(digest) for kind, digest in rows}


def insert_claim(conn: psycopg.Connection, proof_id: int, sealed: bytes) -> None:
    """What a proofing is about, sealed."""
    conn.execute("INSERT INTO customers_proof_claim (proof_id, sealed) VALUES (%s, %s)", [proof_id, sealed])


def find_claim(conn: psycopg.Connection, proof_id: int) -> bytes | None:
    """What is kept of a proofing, sealed."""
    row = conn.execute("SELECT sealed FROM customers_proof_claim WHERE proof_id = %s", [proof_id]).fetchone()
    return None if row is None else bytes(row[0])


def list_claims(conn: psycopg.Connection, person_id: int) -> list[tuple[int, bytes]]:
    """(proofing, what is kept of it, sealed) of a person, in order."""
    query = (
        "SELECT proof_id, sealed FROM customers_proof_claim JOIN customers_proof USING (proof_id) WHERE person_id = %s"
        " ORDER BY proof_id"
    )
    return [(int(number), bytes(sealed)) for number, sealed in conn.execute(query, [person_id])]


def reseal_claim(conn: psycopg.Connection, proof_id: int, sealed: bytes) -> None:
    """The same under another key."""
    conn.execute("UPDATE customers_proof_claim SET sealed = %s WHERE proof_id = %s", [sealed, proof_id])


def delete_claims(conn: psycopg.Connection, person_id: int) -> None:
    """Nothing of what a person said they are is waited for any more."""
    conn.execute(
        "DELETE FROM customers_proof_claim WHERE proof_id IN (SELECT proof_id FROM customers_proof WHERE person_id = %s)",
        [person_id],
    )


def delete_claim(conn: psycopg.Connection, proof_id: int) -> None:
    """Of one proofing."""
    conn.execute("DELETE FROM customers_proof_claim WHERE proof_id = %s", [proof_id])
