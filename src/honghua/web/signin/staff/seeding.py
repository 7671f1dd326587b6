"""One sign-in per role for the demonstration. Passwords and authenticators are derived from the session key: a second start finds the
same, another site has others, and nothing of it stands in the code."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.customers import api as customers
from honghua.customers.core import Field, find_check_digit
from honghua.web.keyring import Secrets
from honghua.web.roles import STAFF, Role
from honghua.web.signin.proving import is_known
from honghua.web.signin.staff import totp, users
from honghua.web.signin.staff.users import Act, NewUser, UserRow

PASSWORD_LENGTH: Final = 20
SECRET_BYTES: Final = 20
BY: Final = "demo"
PREFIX: Final = "demo-"
PHONE: Final = "+8613{:09d}"
SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚"
ID_REGION: Final = "110105"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSignIn:
    """How to come in as one role. address: the page; code: what to type besides, as of now, or where it will be shown."""

    role: Role
    address: str
    name: str
    password: str = ""
    code: str = ""
    note: str = ""


def seed_demo(
    conn: psycopg.Connection,
    secrets: Secrets,
    *,
    customers_named: Sequence[str],
    merchants_named: Sequence[str],
    now: dt.datetime,
) -> list[DemoSignIn]:
    """Make the users that are not there, register the customers named (references of the books), and say how to come in.

    In the caller's transaction; the first customer and the first merchant are the ones shown.
    """
    customers.publish_texts(conn, now=now)
    vault = secrets.vault
    phones = [seed_customer(conn, vault, secrets, customer, now=now) for customer in customers_named]
    shown = []
    if phones:
        shown.append(DemoSignIn(role=Role.CUSTOMER, address="/signin", name=phones[0], note="/signin/outbox"))
    wanted = [
        NewUser(name=f"{PREFIX}{role}", roles=frozenset({role}), display_name=f"Demo {role}") for role in sorted(STAFF)
    ]
    for merchant in merchants_named[:1]:
        for role in (Role.MERCHANT_OWNER, Role.MERCHANT_STAFF):
            name = f"{PREFIX}{role.replace('_', '-')}"
            wanted.append(
                NewUser(name=name, roles=frozenset({role}), display_name=f"{merchant} {role}", merchant=merchant)
            )
    for new in wanted:
        seed_user(conn, vault, secrets, new, now=now)
        shown.append(
            DemoSignIn(
                role=next(iter(new.roles)),
                address=f"/signin/{new.realm}",
                name=new.name,
                password=derive_password(secrets, new.name),
                code=totp.current_code(derive_secret(secrets, new.name), now),
            )
        )
    return shown


def show_users(rows: Sequence[UserRow], secrets: Secrets, *, realm: str, now: dt.datetime) -> list[DemoSignIn]:
    """How to come in as those users of a realm whom the demonstration made: only they have its derived passwords."""
    return [
        DemoSignIn(
            role=Role(row.roles[0]),
            address=f"/signin/{realm}",
            name=row.name,
            password=derive_password(secrets, row.name),
            code=totp.current_code(derive_secret(secrets, row.name), now),
        )
        for row in rows
        if row.realm == realm and row.name.startswith(PREFIX)
    ]


def seed_user(
    conn: psycopg.Connection, vault: customers.Vault, secrets: Secrets, new: NewUser, *, now: dt.datetime
) -> None:
    """A user who has a password and an authenticator already."""
    if users.find_user(conn, new.name) is not None:
        return
    password = derive_password(secrets, new.name)
    users.add_user(conn, new, password, Act(BY, now))
    made = users.get_user(conn, new.name)
    users.save_password(conn, made.user_id, password, now=now)
    users.save_secret(conn, vault, made, derive_secret(secrets, new.name), step=0)


def seed_customer(
    conn: psycopg.Connection, vault: customers.Vault, secrets: Secrets, customer: str, *, now: dt.datetime
) -> str:
    """Register a customer of the books with a made-up number, name and identity; the number, as people write it."""
    draw = int.from_bytes(_derive(secrets, f"customer {customer}"), "big")
    phone = PHONE.format(draw % 10**9)
    if not is_known(conn, customer):
        customers.register(conn, vault, phone, now=now, customer=customer)
        name = (
            SURNAMES[draw // 10**9 % len(SURNAMES)]
            + GIVEN[draw // 10**12 % len(GIVEN)]
            + GIVEN[draw // 10**15 % len(GIVEN)]
        )
        values = {
            Field.NAME: name,
            Field.NATIONAL_ID: make_national_id(draw // 10**18),
            Field.ADDRESS: f"北京市朝阳区建国路{draw // 10**30 % 200 + 1}号",
        }
        customers.write_fields(
            conn, vault, customer, values, customers.Origin(BY, "made up for the demonstration"), now=now
        )
    return phone.removeprefix("+86")


def make_national_id(draw: int) -> str:
    """An identity number with a right check digit, of nobody."""
    born = dt.date(1965, 1, 1) + dt.timedelta(days=draw % 14_000)
    front = f"{ID_REGION}{born:%Y%m%d}{draw // 14_000 % 1_000:03d}"
    return front + find_check_digit(front)


def derive_password(secrets: Secrets, name: str) -> str:
    """The demo user's password on this site."""
    return base64.b32encode(_derive(secrets, f"password {name}")).decode()[:PASSWORD_LENGTH].lower()


def derive_secret(secrets: Secrets, name: str) -> str:
    """The demo user's authenticator on this site."""
    return base64.b32encode(_derive(secrets, f"totp {name}")[:SECRET_BYTES]).decode()


def _derive(secrets: Secrets, what: str) -> bytes:
    return hmac.new(secrets.session_key, b"demo\0" + what.encode(), hashlib.sha256).digest()
