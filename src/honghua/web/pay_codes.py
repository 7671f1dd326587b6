"""Codes that a customer shows at the till: random, short-lived, good for one payment (R-012). Only their digests are stored."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Final

import psycopg

DIGITS: Final = 18
PREFIX: Final = "28"  # tells a till that this is a payment code
LIFE: Final = dt.timedelta(seconds=90)
OPEN_MAX: Final = 20  # codes of one customer that may be open at once


def issue_code(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> str | None:
    """A new code, good until `now + LIFE`; None when this customer has too many open ones."""
    (open_codes,) = conn.execute(
        "SELECT count(*) FROM web_pay_code WHERE customer = %s AND spent_at IS NULL AND expires_at > %s",
        [customer, now],
    ).fetchone() or (0,)
    if open_codes >= OPEN_MAX:
        return None
    code = PREFIX + "".join(secrets.choice("0123456789") for _ in range(DIGITS - len(PREFIX)))
    conn.execute(
        "INSERT INTO web_pay_code (code_digest, customer, issued_at, expires_at) VALUES (%s, %s, %s, %s)",
        [digest(code), customer, now, now + LIFE],
    )
    return code


def redeem_code(conn: psycopg.Connection, code: str, *, spender: str, now: dt.datetime) -> str | None:
    """The customer who showed the code, for one spender: the same spender (an order's idempotency key) may ask again, another never.

    None for a code that is unknown, spent by somebody else, or too old.
    """
    plain = code.replace(" ", "")
    row = conn.execute(
        "UPDATE web_pay_code SET spent_at = coalesce(spent_at, %s), spent_by = %s"
        " WHERE code_digest = %s AND ((spent_at IS NULL AND expires_at > %s) OR spent_by = %s) RETURNING customer",
        [now, spender, digest(plain), now, spender],
    ).fetchone()
    return row[0] if row is not None else None


def digest(code: str) -> bytes:
    """What is stored of a code."""
    return hashlib.sha256(b"pay-code:" + code.encode()).digest()
