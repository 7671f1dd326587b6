"""Users sign in with name, password and a code of their authenticator; the first time they choose a password and enrol one.

Whatever is wrong, the answer is the same and takes the same work: an unknown name, a wrong password, a wrong code, a locked user, the
other realm's page. Wrong tries lock the name for a growing while, whether it exists or not.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.base.errors import BadInput
from honghua.customers.api import Vault
from honghua.web.roles import Role
from honghua.web.signin import bounds, events
from honghua.web.signin.challenges import (
    Challenge,
    ChallengeKind,
    end_challenge,
    hold_challenge,
    make_challenge,
    note_try,
)
from honghua.web.signin.events import EventKind
from honghua.web.signin.outcomes import Caller, Outcome, fail, too_many, wrong
from honghua.web.signin.sessions import Begun, Person, begin_session, end_sessions
from honghua.web.signin.staff import passwords, totp, users
from honghua.web.signin.staff.users import UserRow

CODE_LENGTH_MAX: Final = 40
NAME_LENGTH_MAX: Final = 64  # what is longer names nobody; a lock is kept for every name that is tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was typed, on which realm's page."""

    realm: str
    name: str
    password: str
    code: str = ""
    way_back: str = "/"


def sign_in(conn: psycopg.Connection, vault: Vault, attempt: Attempt, caller: Caller, *, now: dt.datetime) -> Outcome:
    """Signed in, or with a token that leads to enrolment, or wrong."""
    wait = bounds.take(conn, bounds.TRIES_PER_NETWORK, caller.network, now=now)
    if wait is not None:
        return too_many(wait)
    name = attempt.name.strip().lower()[:NAME_LENGTH_MAX]
    lock = f"user:{name}"
    wait = bounds.hold_lock(conn, lock, now=now)
    if wait is not None:
        return too_many(wait)
    user = users.find_user(conn, name, lock=True)
    known = user if user is not None and user.realm == attempt.realm and user.locked_at is None else None
    is_right = passwords.is_password(None if known is None else known.password_hash, attempt.password)
    if known is None or not is_right or known.is_stale(now):
        return fail(conn, lock, name or "?", caller, now=now)
    if known.totp_sealed is None:
        bounds.note_success(conn, lock)
        return Outcome(token=_begin_enrolment(conn, vault, known, attempt, secret=totp.make_secret(), now=now))
    if not _is_second_factor(conn, vault, known, attempt.code, now):
        return fail(conn, lock, name or "?", caller, now=now)
    bounds.note_success(conn, lock)
    if passwords.needs_rehash(known.password_hash):
        users.rehash(conn, known.user_id, attempt.password)
    if known.must_change:
        return Outcome(token=_begin_enrolment(conn, vault, known, attempt, secret="", now=now))
    begun = admit(conn, known, caller, now=now)
    return Outcome(begun=begun, subject=known.name, way_back=attempt.way_back, realm=known.realm)


def _is_second_factor(conn: psycopg.Connection, vault: Vault, user: UserRow, code: str, now: dt.datetime) -> bool:
    assert user.totp_sealed is not None, "enrolled"
    if not code or len(code) > CODE_LENGTH_MAX or not code.isascii():
        return False
    secret = vault.open(bytes(user.totp_sealed), users.secret_place(user.user_id))
    step = totp.find_step(secret, code, now=now, after=user.totp_step)
    if step is not None:
        users.use_step(conn, user.user_id, step)
        return True
    if users.use_recovery_code(conn, user.user_id, code, now=now):
        events.note(conn, EventKind.RECOVERY_USED, user.name, now=now)
        return True
    return False


def admit(conn: psycopg.Connection, user: UserRow, caller: Caller, *, now: dt.datetime) -> Begun:
    """Begin the session of a user who has shown everything."""
    person = Person(
        subject=user.name,
        roles=frozenset(Role(role) for role in user.roles),
        display_name=user.display_name,
        merchant=user.merchant,
    )
    events.note(conn, EventKind.SIGNED_IN, user.name, now=now, network=caller.network)
    return begin_session(conn, person, caller.device, now=now)


def _begin_enrolment(
    conn: psycopg.Connection, vault: Vault, user: UserRow, attempt: Attempt, *, secret: str, now: dt.datetime
) -> str:
    held = {"secret": secret, "way_back": attempt.way_back, "must_change": user.must_change}
    return make_challenge(conn, vault, ChallengeKind.ENROL, user.name, held, now=now)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an enrolment asks for. secret: "" when only a new password is wanted."""

    name: str
    secret: str
    must_change: bool

    @property
    def address(self) -> str:
        """What the authenticator reads."""
        return totp.make_address(self.secret, self.name)


def find_enrolment(conn: psycopg.Connection, vault: Vault, token: str, *, now: dt.datetime) -> Enrolment | None:
    """The open enrolment of a token."""
    challenge = hold_challenge(conn, vault, ChallengeKind.ENROL, token, now=now)
    if challenge is None:
        return None
    return Enrolment(challenge.who, challenge.held["secret"], challenge.held["must_change"])


@dataclass(frozen=True, slots=True)
class Chosen:
    """What came back: the token, the new password, the authenticator's first code."""

    token: str
    password: str
    code: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A new password for an old one."""

    name: str
    old: str = field(repr=False)
    new: str = field(repr=False)


def enrol(
    conn: psycopg.Connection, vault: Vault, chosen: Chosen, caller: Caller, *, now: dt.datetime
) -> tuple[Outcome, list[str]]:
    """Take the new password and the authenticator and sign in; (outcome, recovery codes to be shown once).

    BadInput for a password that is no good; then nothing has changed.
    """
    challenge = hold_challenge(conn, vault, ChallengeKind.ENROL, chosen.token, now=now)
    user = None if challenge is None else users.find_user(conn, challenge.who, lock=True)
    if challenge is None or user is None or user.locked_at is not None:
        return Outcome(code="CODE_OVER"), []
    if challenge.held["must_change"]:
        _check_new_password(user, chosen.password)
    codes: list[str] = []
    if challenge.held["secret"]:
        step = totp.find_step(challenge.held["secret"], chosen.code, now=now, after=0)
        if step is None:
            note_try(conn, challenge)
            return wrong(None), []
        codes = users.save_secret(conn, vault, user, challenge.held["secret"], step)
        events.note(conn, EventKind.ENROLLED, user.name, now=now, network=caller.network)
    return _finish(conn, challenge, user, chosen, caller, now), codes


def _check_new_password(user: UserRow, password: str) -> None:
    passwords.check_password(password, about=(user.name, user.display_name))
    if passwords.is_password(user.password_hash, password):
        raise BadInput("this is the password that you were given: choose another", code="PASSWORD_SAME")


def _finish(
    conn: psycopg.Connection, challenge: Challenge, user: UserRow, chosen: Chosen, caller: Caller, now: dt.datetime
) -> Outcome:
    if challenge.held["must_change"]:
        users.save_password(conn, user.user_id, chosen.password, now=now)
        events.note(conn, EventKind.PASSWORD_CHANGED, user.name, now=now, network=caller.network)
    end_challenge(conn, challenge, now=now)
    begun = admit(conn, user, caller, now=now)
    return Outcome(begun=begun, subject=user.name, way_back=challenge.held["way_back"], realm=user.realm)


def change_password(
    conn: psycopg.Connection, changed: Changed, caller: Caller, *, session_id: int, now: dt.datetime
) -> Outcome:
    """A user's own new password, for the old one; all their other sessions end. BadInput for one that is no good."""
    lock = f"user:{changed.name}"
    wait = bounds.hold_lock(conn, lock, now=now)
    if wait is not None:
        return too_many(wait)
    user = users.find_user(conn, changed.name, lock=True)
    assert user is not None, "signed in"
    if not passwords.is_password(user.password_hash, changed.old):
        return wrong(bounds.note_failure(conn, lock, now=now))
    bounds.note_success(conn, lock)
    _check_new_password(user, changed.new)
    users.save_password(conn, user.user_id, changed.new, now=now)
    end_sessions(conn, user.name, now=now, why="password changed", but=session_id)
    events.note(conn, EventKind.PASSWORD_CHANGED, user.name, now=now, network=caller.network)
    return Outcome(subject=user.name)


__all__ = [
    "Attempt",
    "Changed",
    "Chosen",
    "Enrolment",
    "admit",
    "change_password",
    "enrol",
    "find_enrolment",
    "sign_in",
]
