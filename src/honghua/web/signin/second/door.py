"""The second factor at work: after the phone's code on a browser that is not trusted, before what is risky, and when it is set up.

Who has no authenticator proves by another code to their phone. Wrong codes are counted against the customer, on whatever page.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from honghua.customers import api as customers
from honghua.customers.core import Field
from honghua.web.roles import Role
from honghua.web.signin import bounds, events, factors, phones
from honghua.web.signin.challenges import ChallengeKind, end_challenge, hold_challenge, make_challenge, note_try
from honghua.web.signin.events import EventKind
from honghua.web.signin.outcomes import Caller, Outcome, fail, too_many, wrong
from honghua.web.signin.phones import Answered, Wanted
from honghua.web.signin.sessions import Person, Session, begin_session, note_proof
from honghua.web.signin.staff import totp


@dataclass(frozen=True, slots=True)
class Shown:
    """What came back of a sign-in's second half. trust: this browser need not show it again for a while."""

    token: str
    code: str
    trust: bool


def is_proven(conn: psycopg.Connection, session: Session, *, now: dt.datetime) -> bool:
    """Whether the person behind a session proved who they are a moment ago, with everything that they have."""
    if factors.has_factor(conn, session.subject):
        return session.has_shown_factor(now)
    return session.is_fresh(now)


def finish_signin(
    conn: psycopg.Connection, vault: customers.Vault, shown: Shown, caller: Caller, *, now: dt.datetime
) -> tuple[Outcome, str]:
    """Sign in whoever showed the code of their phone before and of their authenticator now; (outcome, token of a trusted browser)."""
    challenge = hold_challenge(conn, vault, ChallengeKind.FACTOR, shown.token, now=now)
    if challenge is None:
        return Outcome(code="CODE_OVER"), ""
    customer = challenge.who
    problem = check_factor(conn, vault, customer, shown.code, caller, now=now)
    if not problem.is_good:
        note_try(conn, challenge)
        return problem, ""
    end_challenge(conn, challenge, now=now)
    begun = begin_session(conn, Person(subject=customer, roles=frozenset({Role.CUSTOMER})), caller.device, now=now)
    note_proof(conn, begun.session_id, now=now, has_factor=True)
    events.note(conn, EventKind.SIGNED_IN, customer, now=now, network=caller.network)
    trusted = factors.trust_device(conn, customer, caller.device.label, now=now) if shown.trust else ""
    return Outcome(begun=begun, subject=customer, way_back=challenge.held["way_back"]), trusted


def check_factor(
    conn: psycopg.Connection, vault: customers.Vault, customer: str, code: str, caller: Caller, *, now: dt.datetime
) -> Outcome:
    """Whether the code is right; a wrong one counts against the customer, however it was tried."""
    wait = bounds.take(conn, bounds.TRIES_PER_NETWORK, caller.network, now=now)
    lock = f"factor:{customer}"
    wait = wait if wait is not None else bounds.hold_lock(conn, lock, now=now)
    if wait is not None:
        return too_many(wait)
    if not factors.is_code(conn, vault, customer, code, now=now):
        return fail(conn, lock, customer, caller, now=now)
    bounds.note_success(conn, lock)
    return Outcome()


def ask_own_phone(
    conn: psycopg.Connection, vault: customers.Vault, customer: str, caller: Caller, *, now: dt.datetime
) -> Outcome:
    """Send a code to the customer's own number, as a proof. NotFound for a customer whom nobody knows by phone."""
    access = customers.Access("step-up", customers.Purpose.MESSAGE)
    phone = customers.reveal(conn, vault, customer, [Field.PHONE], access, now=now).get(Field.PHONE, "")
    return phones.ask_code(conn, vault, Wanted(ChallengeKind.PROVE, phone, customer=customer), caller, now=now)


def prove(
    conn: psycopg.Connection, vault: customers.Vault, session: Session, answered: Answered, caller: Caller, *,
    now: dt.datetime,
) -> Outcome:  # fmt: skip
    """Note that the person of a session proved who they are: by their authenticator if they have one, else by the code of their phone."""
    has_factor = factors.has_factor(conn, session.subject)
    if has_factor:
        outcome = check_factor(conn, vault, session.subject, answered.code, caller, now=now)
    else:
        outcome = phones.prove_phone(conn, vault, answered, caller, customer=session.subject, now=now)
    if outcome.is_good:
        note_proof(conn, session.session_id, now=now, has_factor=has_factor)
    return outcome


def begin_enrolment(conn: psycopg.Connection, vault: customers.Vault, customer: str, *, now: dt.datetime) -> str:
    """A secret for a new authenticator; the challenge's token."""
    held = {"secret": totp.make_secret()}
    return make_challenge(conn, vault, ChallengeKind.FACTOR_ENROL, customer, held, now=now)


def find_secret(
    conn: psycopg.Connection, vault: customers.Vault, customer: str, token: str, *, now: dt.datetime
) -> str | None:
    """The secret that is being set up, if it is this customer's."""
    challenge = hold_challenge(conn, vault, ChallengeKind.FACTOR_ENROL, token, now=now)
    return str(challenge.held["secret"]) if challenge is not None and challenge.who == customer else None


def enrol(
    conn: psycopg.Connection, vault: customers.Vault, session: Session, answered: Answered, *, now: dt.datetime
) -> tuple[Outcome, list[str]]:
    """Take the authenticator whose first code this is; (outcome, recovery codes to be shown once)."""
    challenge = hold_challenge(conn, vault, ChallengeKind.FACTOR_ENROL, answered.token, now=now)
    if challenge is None or challenge.who != session.subject:
        return Outcome(code="CODE_OVER"), []
    step = totp.find_step(challenge.held["secret"], answered.code, now=now, after=0)
    if step is None:
        note_try(conn, challenge)
        return wrong(None), []
    end_challenge(conn, challenge, now=now)
    codes = factors.save_factor(conn, vault, session.subject, challenge.held["secret"], step=step, now=now)
    note_proof(conn, session.session_id, now=now, has_factor=True)
    return Outcome(subject=session.subject), codes
