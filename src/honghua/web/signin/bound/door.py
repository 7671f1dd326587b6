"""What a bound device does for its owner's sessions: recognised by a signature, named to the risk engine, forgotten when it is lost."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
from typing import Final

import psycopg

from honghua.base.errors import NotFound, Refusal
from honghua.customers import api as customers
from honghua.web.signin import events
from honghua.web.signin.events import EventKind
from honghua.web.signin.sessions import Session, forget_device, note_device

OWNER_CHARS: Final = 16
DIGEST_CHARS: Final = 32
BASE64_CHARS_MAX: Final = 128  # of a key or a signature of Ed25519: 44 and 88


def name_owner(customer: str) -> str:
    """Under which name a browser keeps somebody's key: several people may use one browser, and none is named there."""
    return hashlib.sha256(b"device owner\0" + customer.encode()).hexdigest()[:OWNER_CHARS]


def name_device(public_key: bytes) -> str:
    """How sessions and the risk engine call a bound device; nothing can be signed by that."""
    return hashlib.sha256(b"bound device\0" + public_key).hexdigest()[:DIGEST_CHARS]


def read_base64(text: str) -> bytes:
    """The bytes that a script put into a hidden field; none where it put nothing, or nonsense."""
    if len(text) > BASE64_CHARS_MAX:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def find_bound(conn: psycopg.Connection, customer: str) -> bytes | None:
    """The key of somebody's bound device; None where none is bound, or nobody is known by this reference."""
    try:
        return customers.find_device(conn, customer)
    except NotFound:
        return None


def begin_greeting(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> int | None:
    """A challenge for the bound device of somebody who has just signed in; None without one, or after too many: then they just come in."""
    if find_bound(conn, customer) is None:
        return None
    made = customers.issue_challenge(conn, customer, now=now)
    return None if isinstance(made, Refusal) else made.challenge_id


def greet(conn: psycopg.Connection, session: Session, challenge_id: int, *, signature: bytes, now: dt.datetime) -> bool:
    """Whether a session is on its owner's bound device, by a signature; either is written down. In the caller's transaction."""
    key = find_bound(conn, session.subject)
    answer = customers.answer_challenge(conn, session.subject, challenge_id, signature=signature, now=now)
    is_bound = key is not None and not isinstance(answer, Refusal)
    if is_bound:
        assert key is not None, "just looked at"
        note_device(conn, session.session_id, name_device(key))
    kind = EventKind.DEVICE_SEEN if is_bound else EventKind.DEVICE_OTHER
    events.note(conn, kind, session.subject, now=now, network=session.network)
    return is_bound


def bind(conn: psycopg.Connection, session: Session, public_key: bytes, *, proof_key: str, now: dt.datetime) -> None:
    """Bind the browser of a session, whose owner was proven under a key just now. See `customers.bind_device` for its errors."""
    customers.bind_device(conn, session.subject, public_key, proof_key=proof_key, now=now)
    forget_device(conn, session.subject)
    note_device(conn, session.session_id, name_device(public_key))
    events.note(conn, EventKind.DEVICE_BOUND, session.subject, now=now, network=session.network)


def lose_device(conn: psycopg.Connection, customer: str, *, now: dt.datetime) -> bool:
    """A device is bound no longer, and no session is on it; whether one was. In the caller's transaction."""
    forget_device(conn, customer)
    try:
        was_bound = customers.end_device(conn, customer, now=now)
    except NotFound:  # who never signed in by phone is no person of ours
        return False
    if was_bound:
        events.note(conn, EventKind.DEVICE_LOST, customer, now=now)
    return was_bound


__all__ = ["begin_greeting", "bind", "find_bound", "greet", "lose_device", "name_device", "name_owner", "read_base64"]
