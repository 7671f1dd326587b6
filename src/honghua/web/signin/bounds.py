"""What bounds guessing: rates per phone and network, and locks that grow. All of it lies in the database, so that several processes
count as one and a restart forgets nothing.

A window is fixed and aligned: somebody who sits across its edge gets at most twice the rate for one window.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import Final

import psycopg

FAILURES_FREE: Final = 5  # wrong tries in a row before anybody must wait
WAIT_FIRST: Final = dt.timedelta(minutes=1)
WAIT_MAX: Final = dt.timedelta(hours=24)
FORGET_AFTER: Final = dt.timedelta(days=7)
DOUBLINGS_MAX: Final = 20
SWEEP_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` in each window."""

    name: str
    most: int
    window: dt.timedelta


CODES_PER_PHONE: Final = (
    Rate("code-phone-minute", 1, dt.timedelta(minutes=1)),
    Rate("code-phone-hour", 5, dt.timedelta(hours=1)),
    Rate("code-phone-day", 10, dt.timedelta(days=1)),
)
CODES_PER_NETWORK: Final = (
    Rate("code-network-hour", 60, dt.timedelta(hours=1)),
    Rate("code-network-day", 400, dt.timedelta(days=1)),
)
TRIES_PER_NETWORK: Final = (Rate("try-network-minute", 60, dt.timedelta(minutes=1)),)


def take(conn: psycopg.Connection, rates: tuple[Rate, ...], subject: str, *, now: dt.datetime) -> dt.timedelta | None:
    """Count one more against all rates; None when it fits, else how long until it may. Who is refused is counted, too."""
    waits: list[dt.timedelta] = []
    for rate in rates:
        window_at = now - (now - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) % rate.window
        row = conn.execute(
            "INSERT INTO web_rate (bucket, window_at, taken) VALUES (%s, %s, 1)"
            " ON CONFLICT (bucket, window_at) DO UPDATE SET taken = web_rate.taken + 1 RETURNING taken",
            [f"{rate.name}:{subject}", window_at],
        ).fetchone()
        assert row is not None, "INSERT … RETURNING"
        if row[0] > rate.most:
            waits.append(window_at + rate.window - now)
    return max(waits) if waits else None


def hold_lock(conn: psycopg.Connection, subject: str, *, now: dt.datetime) -> dt.timedelta | None:
    """Take the lock row of a subject until the transaction ends, so that tries come one by one; how long it is still locked, or None.

    A subject that does not exist has its row, too: whoever asks learns nothing from it.
    """
    conn.execute(
        "INSERT INTO web_lock (subject, failed_at) VALUES (%s, %s) ON CONFLICT (subject) DO NOTHING", [subject, now]
    )
    row = conn.execute("SELECT locked_until FROM web_lock WHERE subject = %s FOR UPDATE", [subject]).fetchone()
    assert row is not None, "inserted above"
    until: dt.datetime | None = row[0]
    return until - now if until is not None and until > now else None


def note_failure(conn: psycopg.Connection, subject: str, *, now: dt.datetime) -> dt.timedelta | None:
    """Count a wrong try; how long nobody may try now, or None. Call under `hold_lock`."""
    row = conn.execute(
        "UPDATE web_lock SET failures = failures + 1, failed_at = %s WHERE subject = %s RETURNING failures",
        [now, subject],
    ).fetchone()
    assert row is not None, "called under hold_lock"
    wait = compute_wait(int(row[0]))
    if wait is not None:
        conn.execute("UPDATE web_lock SET locked_until = %s WHERE subject = %s", [now + wait, subject])
    return wait


def note_success(conn: psycopg.Connection, subject: str) -> None:
    """A right try: the count begins anew."""
    conn.execute("UPDATE web_lock SET failures = 0, locked_until = NULL WHERE subject = %s", [subject])


def compute_wait(failures: int) -> dt.timedelta | None:
    """A minute after the fifth failure in a row, twice as long after each further one, at most a day."""
    over = failures - FAILURES_FREE
    if over < 0:
        return None
    doubled: dt.timedelta = WAIT_FIRST * 2 ** min(over, DOUBLINGS_MAX)
    return min(doubled, WAIT_MAX)


def sweep_bounds(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Delete counts and challenges whose time is long over; how many rows."""
    old = now - FORGET_AFTER
    swept = conn.execute("DELETE FROM web_rate WHERE window_at < %s", [old]).rowcount
    swept += conn.execute("DELETE FROM web_challenge WHERE expires_at < %s", [old]).rowcount
    return (
        swept
        + conn.execute(
            "DELETE FROM web_lock WHERE failed_at < %s AND (locked_until IS NULL OR locked_until < %s)", [old, now]
        ).rowcount
    )


def name_network(host: str) -> str:
    """The network of an address, as it is counted and shown: /24 of IPv4, /56 of IPv6, "?" for what is none."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "?"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    width = 24 if address.version == 4 else 56
    return str(ipaddress.ip_network(f"{address}/{width}", strict=False))
