"""Challenges of a proof and the devices that answer them.

A challenge is digits drawn by lot that lips must say, good once and for a minute, so that no recording made before answers it. Once a
person is proven their device is bound: from then on a challenge counts only with the signature of that device's key over it. Who has a
new device proves themselves from the beginning, and the old device is bound no longer.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field
from typing import Final

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from honghua.base.errors import BadInput, Conflict, Refusal
from honghua.customers.core.proofs import ProofVerdict
from honghua.customers.persons import get_person
from honghua.customers.proofing.proving import get_proof

DIGITS: Final = 6  # own bounds (U), as the minute and the tries
LASTS: Final = dt.timedelta(seconds=60)
PER_HOUR_MAX: Final = 10
KEY_BYTES: Final = 32
HOUR: Final = dt.timedelta(hours=1)
DAY: Final = dt.timedelta(days=1)
SWEEP: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a device must answer until a moment: say the digits, and sign `message`."""

    challenge_id: int
    digits: str
    nonce: bytes = field(repr=False)
    expires_at: dt.datetime

    @property
    def message(self) -> bytes:
        """What the bound device signs: the challenge and nothing that could be used for another."""
        return b"honghua challenge\0" + self.challenge_id.to_bytes(8, "big") + self.nonce + self.digits.encode()


def issue_challenge(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> Challenge | Refusal:
    """A new challenge, in the caller's transaction; Refusal CHALLENGES_MANY where somebody tries too often. NotFound for nobody."""
    person = get_person(conn, customer, lock=True)
    row = conn.execute(
        "SELECT count(*) FROM customers_challenge WHERE person_id = %s AND issued_at > %s",
        [person.person_id, now - HOUR],
    ).fetchone()
    assert row is not None, "a count"
    if int(row[0]) >= PER_HOUR_MAX:
        return Refusal("CHALLENGES_MANY", "too many tries in an hour; please go on later")
    digits, nonce = "".join(str(secrets.randbelow(10)) for _ in range(DIGITS)), secrets.token_bytes(KEY_BYTES)
    made = conn.execute(
        "INSERT INTO customers_challenge (person_id, digits, nonce, issued_at, expires_at) VALUES (%s, %s, %s, %s, %s)"
        " RETURNING challenge_id",
        [person.person_id, digits, nonce, now, now + LASTS],
    ).fetchone()
    assert made is not None, "INSERT … RETURNING"
    return Challenge(challenge_id=int(made[0]), digits=digits, nonce=nonce, expires_at=now + LASTS)


def find_challenge(conn: psycopg.Connection, customer: str, challenge_id: int) -> Challenge | None:
    """A challenge of somebody's that nobody has answered yet, over or not; None for any other."""
    row = conn.execute(
        "SELECT digits, nonce, expires_at FROM customers_challenge WHERE challenge_id = %s AND person_id = %s AND used_at IS NULL",
        [challenge_id, get_person(conn, customer).person_id],
    ).fetchone()
    return (
        None if row is None
        else Challenge(challenge_id=challenge_id, digits=row[0], nonce=bytes(row[1]), expires_at=row[2])
    )  # fmt: skip


def answer_challenge(
    conn: psycopg.Connection, customer: str, challenge_id: int, *, signature: bytes, now: dt.datetime
) -> str | Refusal:
    """The digits that the clip must say, for a challenge that is used up by this; in the caller's transaction, which must commit either
    way. Refusals: CHALLENGE_UNKNOWN, CHALLENGE_USED, CHALLENGE_OVER, DEVICE_UNKNOWN (a device is bound, and did not sign this)."""
    person = get_person(conn, customer, lock=True)
    row = conn.execute(
        "SELECT digits, nonce, expires_at, used_at FROM customers_challenge WHERE challenge_id = %s AND person_id = %s FOR UPDATE",
        [challenge_id, person.person_id],
    ).fetchone()
    if row is None:
        return Refusal("CHALLENGE_UNKNOWN", "there is no such challenge")
    challenge = Challenge(challenge_id=challenge_id, digits=row[0], nonce=bytes(row[1]), expires_at=row[2])
    if row[3] is not None:
        return Refusal("CHALLENGE_USED", "a challenge is answered once")
    conn.execute("UPDATE customers_challenge SET used_at = %s WHERE challenge_id = %s", [now, challenge_id])
    if now > challenge.expires_at:
        return Refusal("CHALLENGE_OVER", "its time is over; please ask for a new one")
    key = find_device(conn, customer)
    if key is not None and not _is_signed(key, challenge.message, signature):
        return Refusal("DEVICE_UNKNOWN", "this is not the device that was bound; prove yourself from the beginning")
    return challenge.digits


def bind_device(conn: psycopg.Connection, customer: str, public_key: bytes, *, proof_key: str, now: dt.datetime) -> int:
    """Bind the device with which somebody was proven just now; the one before is bound no longer. In the caller's transaction.

    BadInput for what is no key; Conflict where the proofing is another's, did not prove them, is not the newest, or bound one already.
    """
    if len(public_key) != KEY_BYTES:
        raise BadInput("an Ed25519 key has 32 bytes", code="DEVICE_KEY_WRONG")
    person, proof = get_person(conn, customer, lock=True), get_proof(conn, proof_key)
    newest = conn.execute(
        "SELECT max(proof_id) FROM customers_proof WHERE person_id = %s", [person.person_id]
    ).fetchone()
    bound = conn.execute("SELECT count(*) FROM customers_device WHERE proof_id = %s", [proof.proof_id]).fetchone()
    if (
        proof.customer != customer
        or proof.verdict != ProofVerdict.PROVEN
        or newest != (proof.proof_id,)
        or bound != (0,)
    ):
        raise Conflict("a device is bound by the proofing that has just proven its owner", code="DEVICE_UNPROVEN")
    conn.execute(
        "UPDATE customers_device SET ended_at = %s WHERE person_id = %s AND ended_at IS NULL", [now, person.person_id]
    )
    row = conn.execute(
        "INSERT INTO customers_device (person_id, public_key, proof_id, bound_at) VALUES (%s, %s, %s, %s) RETURNING device_id",
        [person.person_id, public_key, proof.proof_id, now],
    ).fetchone()
    assert row is not None, "INSERT … RETURNING"
    return int(row[0])


def find_device(conn: psycopg.Connection, customer: str) -> bytes | None:
    """The key of the device that is bound to somebody now."""
    person = get_person(conn, customer)
    row = conn.execute(
        "SELECT public_key FROM customers_device WHERE person_id = %s AND ended_at IS NULL", [person.person_id]
    ).fetchone()
    return None if row is None else bytes(row[0])


def end_device(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> bool:
    """A device was lost or stolen: it answers nothing from now on; whether one was bound. In the caller's transaction."""
    person = get_person(conn, customer, lock=True)
    ended = conn.execute(
        "UPDATE customers_device SET ended_at = %s WHERE person_id = %s AND ended_at IS NULL", [now, person.person_id]
    )
    return ended.rowcount == 1


def sweep_challenges(conn: psycopg.Connection, *, now: dt.datetime, limit: int = SWEEP) -> int:
    """Delete challenges of more than a day ago; how many. In the caller's transaction."""
    gone = conn.execute(
        "DELETE FROM customers_challenge WHERE challenge_id IN (SELECT challenge_id FROM customers_challenge"
        " WHERE issued_at < %s ORDER BY challenge_id LIMIT %s)",
        [now - DAY, limit],
    )
    return gone.rowcount


def _is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


__all__ = [
    "Challenge",
    "answer_challenge",
    "bind_device",
    "end_device",
    "find_challenge",
    "find_device",
    "issue_challenge",
    "sweep_challenges",
]
