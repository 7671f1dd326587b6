"""Users of staff and of merchants: made by an administrator, locked and given roles; their rows."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.customers.api import Vault
from honghua.web.roles import MERCHANTS, STAFF, Role
from honghua.web.signin import events
from honghua.web.signin.events import EventKind
from honghua.web.signin.sessions import end_sessions
from honghua.web.signin.staff import passwords, totp

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
COLUMNS: Final = (
    "user_id, name, realm, merchant, display_name, roles, password_hash, must_change, totp_sealed, totp_step, locked_at, locked_why,"
    " made_at, oidc_issuer, oidc_subject, password_at"
)
REALMS: Final = {"staff": STAFF, "merchant": MERCHANTS}
PASSWORD_BYTES: Final = 15
SHOWN_MAX: Final = 1_000
FIRST_PASSWORD_LIVES: Final = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user as kept."""

    user_id: int
    name: str
    realm: str
    merchant: str
    display_name: str
    roles: list[str]
    password_hash: str
    must_change: bool
    totp_sealed: bytes | None
    totp_step: int
    locked_at: dt.datetime | None
    locked_why: str | None
    made_at: dt.datetime
    oidc_issuer: str | None
    oidc_subject: str | None
    password_at: dt.datetime

    def is_stale(self, now: dt.datetime) -> bool:
        """Whether the first password was never used in its time: then a new one must be given."""
        return self.must_change and now - self.password_at > FIRST_PASSWORD_LIVES


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be made. merchant: the shop that they act for; its users have merchants' roles, all others those of staff."""

    name: str
    roles: frozenset[Role]
    display_name: str = ""
    merchant: str = ""

    @property
    def realm(self) -> str:
        """By which page they sign in."""
        return "merchant" if self.merchant else "staff"


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something to a user."""

    by: str
    now: dt.datetime


def draw_password() -> str:
    """A first password, to be changed at the first sign-in."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def fold_name(name: str) -> str:
    """Names of users are small letters; BadInput for what is none."""
    folded = name.strip().lower()
    if not NAME.fullmatch(folded):
        raise BadInput(
            f"{name!r} is no name of a user: 2 … 64 small letters, digits and . _ @ -", code="USER_NAME_INVALID"
        )
    return folded


def check_roles(realm: str, roles: Collection[Role]) -> None:
    """BadInput for roles that are not of this realm. An administrator has no other role: they see no business data."""
    wrong = sorted(set(roles) - REALMS[realm])
    if wrong or not roles:
        raise BadInput(f"{', '.join(wrong) or 'no role'}: not a role of {realm}", code="ROLE_WRONG")
    for alone in (Role.ADMINISTRATOR, Role.AUDITOR):
        if alone in roles and len(set(roles)) > 1:
            raise BadInput(f"{alone} is not combined with another role", code="ROLE_WRONG")


def add_user(conn: psycopg.Connection, new: NewUser, password: str, act: Act) -> None:
    """Make a user who must change the password and enrol an authenticator at the first sign-in. Conflict when the name is taken."""
    name = fold_name(new.name)
    check_roles(new.realm, new.roles)
    passwords.check_password(password, about=(name,))
    made = conn.execute(
        "INSERT INTO web_user (name, realm, merchant, display_name, roles, password_hash, password_at, made_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO NOTHING",
        [
            name, new.realm, new.merchant, new.display_name or name, sorted(new.roles), passwords.hash_password(password),
            act.now, act.now,
        ],
    )  # fmt: skip
    if made.rowcount == 0:
        raise Conflict(f"there is a user {name} already", code="USER_TAKEN")
    events.note(conn, EventKind.USER_MADE, name, now=act.now, detail=f"by {act.by}: {', '.join(sorted(new.roles))}")


def find_user(conn: psycopg.Connection, name: str, *, lock: bool = False) -> UserRow | None:
    """The user of a name, held until the transaction ends if so wished."""
    query = f"SELECT {COLUMNS} FROM web_user WHERE name = %s" + (" FOR UPDATE" if lock else "")  # noqa: S608
    with conn.cursor(row_factory=class_row(UserRow)) as cursor:
        return cursor.execute(query, [name]).fetchone()


def get_user(conn: psycopg.Connection, name: str) -> UserRow:
    """The user of a name, held; NotFound."""
    user = find_user(conn, fold_name(name), lock=True)
    if user is None:
        raise NotFound(f"there is no user {name}", code="USER_UNKNOWN")
    return user


def find_linked(conn: psycopg.Connection, issuer: str, subject: str) -> UserRow | None:
    """The user whom an identity provider knows by a subject."""
    query = f"SELECT {COLUMNS} FROM web_user WHERE oidc_issuer = %s AND oidc_subject = %s"  # noqa: S608
    with conn.cursor(row_factory=class_row(UserRow)) as cursor:
        return cursor.execute(query, [issuer, subject]).fetchone()


def list_users(conn: psycopg.Connection, *, merchant: str | None = None) -> list[UserRow]:
    """All users, or those of one shop, by name."""
    query = f"SELECT {COLUMNS} FROM web_user"  # noqa: S608
    query += "" if merchant is None else " WHERE merchant = %(merchant)s"
    with conn.cursor(row_factory=class_row(UserRow)) as cursor:
        return cursor.execute(
            query + " ORDER BY name LIMIT %(limit)s", {"merchant": merchant, "limit": SHOWN_MAX}
        ).fetchall()


def lock_user(conn: psycopg.Connection, name: str, why: str, act: Act) -> None:
    """Shut somebody out, now: their sessions end."""
    user = get_user(conn, name)
    conn.execute("UPDATE web_user SET locked_at = %s, locked_why = %s WHERE user_id = %s", [act.now, why, user.user_id])
    end_sessions(conn, user.name, now=act.now, why="locked")
    events.note(conn, EventKind.USER_LOCKED, user.name, now=act.now, detail=f"by {act.by}: {why}")


def unlock_user(conn: psycopg.Connection, name: str, act: Act) -> None:
    """Let somebody in again."""
    user = get_user(conn, name)
    conn.execute("UPDATE web_user SET locked_at = NULL, locked_why = NULL WHERE user_id = %s", [user.user_id])
    events.note(conn, EventKind.USER_UNLOCKED, user.name, now=act.now, detail=f"by {act.by}")


def set_roles(conn: psycopg.Connection, name: str, roles: frozenset[Role], act: Act) -> None:
    """Give somebody other roles; their sessions end, so that no old right lives on."""
    user = get_user(conn, name)
    check_roles(user.realm, roles)
    conn.execute("UPDATE web_user SET roles = %s WHERE user_id = %s", [sorted(roles), user.user_id])
    end_sessions(conn, user.name, now=act.now, why="roles changed")
    events.note(
        conn, EventKind.ROLES_CHANGED, user.name, now=act.now, detail=f"by {act.by}: {', '.join(sorted(roles))}"
    )


def reset_user(conn: psycopg.Connection, name: str, password: str, act: Act) -> None:
    """A new first password for somebody who lost theirs, or their authenticator: both are set anew at the next sign-in."""
    user = get_user(conn, name)
    passwords.check_password(password, about=(user.name,))
    conn.execute(
        "UPDATE web_user SET password_hash = %s, password_at = %s, must_change = true, totp_sealed = NULL WHERE user_id = %s",
        [passwords.hash_password(password), act.now, user.user_id],
    )
    conn.execute("DELETE FROM web_recovery_code WHERE user_id = %s", [user.user_id])
    end_sessions(conn, user.name, now=act.now, why="reset")
    events.note(conn, EventKind.PASSWORD_CHANGED, user.name, now=act.now, detail=f"reset by {act.by}")


def link_user(conn: psycopg.Connection, name: str, issuer: str, subject: str) -> None:
    """Let an identity provider vouch for a user."""
    user = get_user(conn, name)
    conn.execute(
        "UPDATE web_user SET oidc_issuer = %s, oidc_subject = %s WHERE user_id = %s", [issuer, subject, user.user_id]
    )


def save_password(conn: psycopg.Connection, user_id: int, password: str, *, now: dt.datetime) -> None:
    """The user's own choice; `check_password` has passed it."""
    conn.execute(
        "UPDATE web_user SET password_hash = %s, password_at = %s, must_change = false WHERE user_id = %s",
        [passwords.hash_password(password), now, user_id],
    )


def rehash(conn: psycopg.Connection, user_id: int, password: str) -> None:
    """The same password with today's parameters."""
    hashed = passwords.hash_password(password)
    conn.execute("UPDATE web_user SET password_hash = %s WHERE user_id = %s", [hashed, user_id])


def save_secret(conn: psycopg.Connection, vault: Vault, user: UserRow, secret: str, step: int) -> list[str]:
    """Enrol an authenticator; its recovery codes, said once."""
    sealed = vault.seal(secret, secret_place(user.user_id))
    conn.execute(
        "UPDATE web_user SET totp_sealed = %s, totp_step = %s WHERE user_id = %s", [sealed, step, user.user_id]
    )
    codes = totp.make_recovery_codes()
    conn.execute("DELETE FROM web_recovery_code WHERE user_id = %s", [user.user_id])
    for code in codes:
        conn.execute(
            "INSERT INTO web_recovery_code (user_id, digest) VALUES (%s, %s)",
            [user.user_id, totp.digest_recovery(code)],
        )
    return codes


def use_step(conn: psycopg.Connection, user_id: int, step: int) -> None:
    """This code, and all before it, have been used."""
    conn.execute("UPDATE web_user SET totp_step = %s WHERE user_id = %s", [step, user_id])


def use_recovery_code(conn: psycopg.Connection, user_id: int, code: str, *, now: dt.datetime) -> bool:
    """Spend a recovery code; False when it is none, or spent."""
    spent = conn.execute(
        "UPDATE web_recovery_code SET used_at = %s WHERE user_id = %s AND digest = %s AND used_at IS NULL",
        [now, user_id, totp.digest_recovery(code)],
    )
    return spent.rowcount == 1


def rotate_secrets(conn: psycopg.Connection, vault: Vault, *, limit: int = 500) -> int:
    """Move authenticators' secrets under the newest field key, in the caller's transaction; how many."""
    rows = conn.execute(
        "SELECT user_id, totp_sealed FROM web_user WHERE totp_sealed IS NOT NULL AND substring(totp_sealed FROM 2 FOR 2) <> %s"
        " ORDER BY user_id LIMIT %s FOR UPDATE",
        [vault.newest.to_bytes(2, "big"), limit],
    ).fetchall()
    for user_id, sealed in rows:
        secret = vault.open(bytes(sealed), secret_place(user_id))
        conn.execute(
            "UPDATE web_user SET totp_sealed = %s WHERE user_id = %s",
            [vault.seal(secret, secret_place(user_id)), user_id],
        )
    return len(rows)


def secret_place(user_id: int) -> str:
    """What an authenticator's secret is bound to."""
    return f"web_user/totp/{user_id}"
