"""Authenticators of customers, their recovery codes, and the browsers that they trust."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.customers.api import Vault
from honghua.web.signin import events
from honghua.web.signin.events import EventKind
from honghua.web.signin.sessions import TOKEN_BYTES, TOKEN_LENGTH_MAX, digest_token
from honghua.web.signin.staff import totp

CODE_LENGTH_MAX: Final = 40
TRUSTED_FOR: Final = dt.timedelta(days=90)
TRUSTED_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A browser that need not show the second factor at every sign-in."""

    device_id: int
    label: str
    made_at: dt.datetime
    seen_at: dt.datetime


def has_factor(conn: psycopg.Connection, customer: str) -> bool:
    """Whether this customer has an authenticator."""
    return conn.execute("SELECT 1 FROM web_factor WHERE customer = %s", [customer]).fetchone() is not None


def is_code(conn: psycopg.Connection, vault: Vault, customer: str, code: str, *, now: dt.datetime) -> bool:
    """Whether this is a code of the customer's authenticator or a recovery code; either counts once. Holds the row until the end."""
    if not code or len(code) > CODE_LENGTH_MAX or not code.isascii():
        return False
    row = conn.execute(
        "SELECT totp_sealed, totp_step FROM web_factor WHERE customer = %s FOR UPDATE", [customer]
    ).fetchone()
    if row is None:
        return False
    step = totp.find_step(vault.open(bytes(row[0]), _place(customer)), code, now=now, after=row[1])
    if step is not None:
        conn.execute("UPDATE web_factor SET totp_step = %s WHERE customer = %s", [step, customer])
        return True
    spent = conn.execute(
        "UPDATE web_factor_recovery SET used_at = %s WHERE customer = %s AND digest = %s AND used_at IS NULL",
        [now, customer, totp.digest_recovery(code)],
    )
    if spent.rowcount:
        events.note(conn, EventKind.RECOVERY_USED, customer, now=now)
    return spent.rowcount == 1


def save_factor(
    conn: psycopg.Connection, vault: Vault, customer: str, secret: str, *, step: int, now: dt.datetime
) -> list[str]:
    """Take an authenticator whose first code was right, instead of an older one; its recovery codes, said once."""
    drop_factor(conn, customer)
    conn.execute(
        "INSERT INTO web_factor (customer, totp_sealed, totp_step, enrolled_at) VALUES (%s, %s, %s, %s)",
        [customer, vault.seal(secret, _place(customer)), step, now],
    )
    codes = totp.make_recovery_codes()
    for code in codes:
        conn.execute(
            "INSERT INTO web_factor_recovery (customer, digest) VALUES (%s, %s)", [customer, totp.digest_recovery(code)]
        )
    events.note(conn, EventKind.ENROLLED, customer, now=now)
    return codes


def drop_factor(conn: psycopg.Connection, customer: str) -> bool:
    """Forget the authenticator, its codes and the browsers; False when there was none."""
    forget_devices(conn, customer)
    return conn.execute("DELETE FROM web_factor WHERE customer = %s", [customer]).rowcount == 1


def trust_device(conn: psycopg.Connection, customer: str, label: str, *, now: dt.datetime) -> str:
    """Trust a browser for a while; the token that it keeps. The one not seen for longest gives way to an eleventh."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    conn.execute(
        "INSERT INTO web_known_device (token_digest, customer, label, made_at, seen_at, ends_at) VALUES (%s, %s, %s, %s, %s, %s)",
        [digest_token(token), customer, label, now, now, now + TRUSTED_FOR],
    )
    conn.execute(
        "DELETE FROM web_known_device WHERE device_id IN (SELECT device_id FROM web_known_device WHERE customer = %s"
        " ORDER BY seen_at DESC, device_id DESC OFFSET %s)",
        [customer, TRUSTED_MAX],
    )
    return token


def is_trusted(conn: psycopg.Connection, customer: str, token: str, *, now: dt.datetime) -> bool:
    """Whether this browser is trusted by this customer; it counts as seen."""
    if not 0 < len(token) <= TOKEN_LENGTH_MAX or not token.isascii():
        return False
    seen = conn.execute(
        "UPDATE web_known_device SET seen_at = %s WHERE token_digest = %s AND customer = %s AND ends_at > %s",
        [now, digest_token(token), customer, now],
    )
    return seen.rowcount == 1


def list_devices(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> list[KnownDevice]:
    """The browsers that a customer trusts."""
    with conn.cursor(row_factory=class_row(KnownDevice)) as cursor:
        query = "SELECT device_id, label, made_at, seen_at FROM web_known_device WHERE customer = %s AND ends_at > %s"
        return cursor.execute(query + " ORDER BY seen_at DESC", [customer, now]).fetchall()


def forget_devices(conn: psycopg.Connection, customer: str, *, device_id: int | None = None) -> int:
    """Trust one of them, or all, no longer."""
    query = "DELETE FROM web_known_device WHERE customer = %(customer)s"
    query += "" if device_id is None else " AND device_id = %(device)s"
    return conn.execute(query, {"customer": customer, "device": device_id}).rowcount


def rotate_factors(conn: psycopg.Connection, vault: Vault, *, limit: int = 500) -> int:
    """Move secrets under the newest field key, in the caller's transaction; how many."""
    rows = conn.execute(
        "SELECT customer, totp_sealed FROM web_factor WHERE substring(totp_sealed FROM 2 FOR 2) <> %s"
        " ORDER BY customer LIMIT %s FOR UPDATE",
        [vault.newest.to_bytes(2, "big"), limit],
    ).fetchall()
    for customer, sealed in rows:
        place = _place(customer)
        again = vault.seal(vault.open(bytes(sealed), place), place)
        conn.execute("UPDATE web_factor SET totp_sealed = %s WHERE customer = %s", [again, customer])
    return len(rows)


def _place(customer: str) -> str:
    """What an authenticator's secret is bound to."""
    return f"web_factor/totp/{customer}"
