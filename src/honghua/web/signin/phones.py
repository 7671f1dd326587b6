"""Customers sign in with a phone number and a code sent to it. A number that nobody has yet is treated the same and registered.

The code is good for five minutes, five tries and one use, in the browser that asked for it. Guessing is bounded per challenge, per phone
(a growing lock over all challenges) and per network.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.customers import api as customers
from honghua.customers.core import Field, mask_phone, normalise
from honghua.web.roles import Role
from honghua.web.signin import bounds, events, factors
from honghua.web.signin.challenges import (
    LIVES,
    Challenge,
    ChallengeKind,
    end_challenge,
    hold_challenge,
    make_challenge,
    note_try,
)
from honghua.web.signin.events import EventKind
from honghua.web.signin.messages import Message, wish_message
from honghua.web.signin.outcomes import Caller, Outcome, fail, too_many
from honghua.web.signin.sessions import Person, begin_session, digest_token

CODE_DIGITS: Final = 6
TEXT: Final = (
    "验证码 {code},{minutes} 分钟内有效。任何人索要验证码都是诈骗。"
    "Your code is {code}; nobody of ours will ever ask for it."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code that is asked for: for what, to which number, and where to go on afterwards."""

    kind: ChallengeKind
    phone: str
    way_back: str = "/"
    customer: str = ""  # whose number it is to become, for NEW_PHONE


def ask_code(
    conn: psycopg.Connection, vault: customers.Vault, wanted: Wanted, caller: Caller, *, now: dt.datetime
) -> Outcome:
    """Send a code to a phone; the outcome carries the challenge's token. BadInput for what is no number."""
    phone = normalise(Field.PHONE, wanted.phone)
    who = vault.index("signin_phone", phone).hex()
    waits = [
        bounds.take(conn, bounds.CODES_PER_PHONE, who, now=now),
        bounds.take(conn, bounds.CODES_PER_NETWORK, caller.network, now=now),
        bounds.hold_lock(conn, f"phone:{who}", now=now),
    ]
    if any(wait is not None for wait in waits):
        return too_many(max(wait for wait in waits if wait is not None))
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    held = {"phone": phone, "code": code, "way_back": wanted.way_back, "customer": wanted.customer}
    token = make_challenge(conn, vault, wanted.kind, who, held, now=now)
    text = TEXT.format(code=code, minutes=LIVES[wanted.kind] // dt.timedelta(minutes=1))
    key = f"{wanted.kind}:{digest_token(token).hex()}"
    wish_message(conn, vault, Message(key, phone, text), mask_phone(phone), now=now)
    return Outcome(token=token)


@dataclass(frozen=True, slots=True)
class Answered:
    """A code as it came back: the challenge's token and the six digits."""

    token: str
    code: str


def check_code(
    conn: psycopg.Connection, vault: customers.Vault, answered: Answered, caller: Caller, *, now: dt.datetime
) -> Outcome:
    """Sign the customer in whose phone got the code, or lead to their second factor: the outcome has a token then."""
    problem, challenge = _check(conn, vault, ChallengeKind.PHONE, answered, caller, now)
    if challenge is None:
        return problem
    customer = customers.register(conn, vault, challenge.held["phone"], now=now)
    if factors.has_factor(conn, customer) and not factors.is_trusted(conn, customer, caller.trusted, now=now):
        held = {"way_back": challenge.held["way_back"]}
        return Outcome(token=make_challenge(conn, vault, ChallengeKind.FACTOR, customer, held, now=now))
    person = Person(subject=customer, roles=frozenset({Role.CUSTOMER}))
    begun = begin_session(conn, person, caller.device, now=now)
    events.note(conn, EventKind.SIGNED_IN, customer, now=now, network=caller.network)
    return Outcome(begun=begun, subject=customer, way_back=challenge.held["way_back"])


def change_phone(
    conn: psycopg.Connection,
    vault: customers.Vault,
    answered: Answered,
    caller: Caller,
    *,
    customer: str,
    now: dt.datetime,
) -> Outcome:
    """Give a customer the number that got the code, if it was they who asked. Conflict when it is somebody else's."""
    problem, challenge = _check(conn, vault, ChallengeKind.NEW_PHONE, answered, caller, now)
    if challenge is None:
        return problem
    if challenge.held["customer"] != customer:
        return Outcome(code="CODE_OVER")
    origin = customers.Origin(customer, "proved the new number by a code")
    customers.write_fields(conn, vault, customer, {Field.PHONE: challenge.held["phone"]}, origin, now=now)
    events.note(conn, EventKind.PHONE_CHANGED, customer, now=now, network=caller.network)
    return Outcome(subject=customer)


def prove_phone(
    conn: psycopg.Connection,
    vault: customers.Vault,
    answered: Answered,
    caller: Caller,
    *,
    customer: str,
    now: dt.datetime,
) -> Outcome:
    """Whether this is the code that went to the customer's own number as a proof."""
    problem, challenge = _check(conn, vault, ChallengeKind.PROVE, answered, caller, now)
    if challenge is None:
        return problem
    return Outcome(subject=customer) if challenge.held["customer"] == customer else Outcome(code="CODE_OVER")


def _check(
    conn: psycopg.Connection,
    vault: customers.Vault,
    kind: ChallengeKind,
    answered: Answered,
    caller: Caller,
    now: dt.datetime,
) -> tuple[Outcome, Challenge | None]:
    """(what went wrong, the challenge if nothing did). A wrong code counts against the challenge and against the phone."""
    wait = bounds.take(conn, bounds.TRIES_PER_NETWORK, caller.network, now=now)
    if wait is not None:
        return too_many(wait), None
    challenge = hold_challenge(conn, vault, kind, answered.token, now=now)
    if challenge is None:
        return Outcome(code="CODE_OVER"), None
    lock = f"phone:{challenge.who}"
    wait = bounds.hold_lock(conn, lock, now=now)
    if wait is not None:
        return too_many(wait), None
    if not secrets.compare_digest(challenge.held["code"].encode(), answered.code.strip().encode()):
        note_try(conn, challenge)
        return fail(conn, lock, f"phone {challenge.who[:12]}", caller, now=now), None
    end_challenge(conn, challenge, now=now)
    bounds.note_success(conn, lock)
    return Outcome(), challenge


__all__ = ["Answered", "Wanted", "ask_code", "change_phone", "check_code", "prove_phone"]
