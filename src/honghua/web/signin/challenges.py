"""A sign-in that has begun and waits for the second half. The browser holds its token; what it needs is sealed in the row."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg

from honghua.customers.api import Vault
from honghua.web.signin.sessions import TOKEN_BYTES, TOKEN_LENGTH_MAX, digest_token


class ChallengeKind(StrEnum):
    """What is waited for: a code sent to a phone (to sign in, to change to it, to prove who one is), a user's or a
    customer's authenticator, a provider."""

    PHONE = "phone"
    NEW_PHONE = "new_phone"
    ENROL = "enrol"
    OIDC = "oidc"
    PROVE = "prove"
    FACTOR = "factor"
    FACTOR_ENROL = "factor_enrol"


LIVES: Final = {
    ChallengeKind.PHONE: dt.timedelta(minutes=5),
    ChallengeKind.NEW_PHONE: dt.timedelta(minutes=5),
    ChallengeKind.ENROL: dt.timedelta(minutes=10),
    ChallengeKind.OIDC: dt.timedelta(minutes=10),
    ChallengeKind.PROVE: dt.timedelta(minutes=5),
    ChallengeKind.FACTOR: dt.timedelta(minutes=5),
    ChallengeKind.FACTOR_ENROL: dt.timedelta(minutes=10),
}
TRIES_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Challenge:
    """One that is open. held: what was sealed in it."""

    challenge_id: int
    who: str
    tries: int
    held: dict[str, Any]


def make_challenge(
    conn: psycopg.Connection, vault: Vault, kind: ChallengeKind, who: str, held: dict[str, Any], *, now: dt.datetime
) -> str:
    """Begin; the token for the browser."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    digest = digest_token(token)
    sealed = vault.seal(msgspec.json.encode(held).decode(), _place(kind, digest))
    conn.execute(
        "INSERT INTO web_challenge (kind, token_digest, who, sealed, made_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s)",
        [kind, digest, who, sealed, now, now + LIVES[kind]],
    )
    return token


def hold_challenge(
    conn: psycopg.Connection, vault: Vault, kind: ChallengeKind, token: str, *, now: dt.datetime
) -> Challenge | None:
    """The open challenge of a token, held until the transaction ends; None when it is over, done or tried too often."""
    if not 0 < len(token) <= TOKEN_LENGTH_MAX or not token.isascii():
        return None
    digest = digest_token(token)
    row = conn.execute(
        "SELECT challenge_id, who, tries, sealed FROM web_challenge WHERE token_digest = %s AND kind = %s"
        " AND done_at IS NULL AND expires_at > %s AND tries < %s FOR UPDATE",
        [digest, kind, now, TRIES_MAX],
    ).fetchone()
    if row is None:
        return None
    held = msgspec.json.decode(vault.open(bytes(row[3]), _place(kind, digest)), type=dict[str, Any])
    return Challenge(row[0], row[1], row[2], held)


def note_try(conn: psycopg.Connection, challenge: Challenge) -> None:
    """One wrong answer more."""
    conn.execute("UPDATE web_challenge SET tries = tries + 1 WHERE challenge_id = %s", [challenge.challenge_id])


def end_challenge(conn: psycopg.Connection, challenge: Challenge, *, now: dt.datetime) -> None:
    """It was answered: never again."""
    conn.execute("UPDATE web_challenge SET done_at = %s WHERE challenge_id = %s", [now, challenge.challenge_id])


def _place(kind: ChallengeKind, digest: bytes) -> str:
    return f"web_challenge/{kind}/{digest.hex()}"
