"""A notice to a customer: the number out of the vault, the message wished for, all in the caller's transaction."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import Conflict, NotFound
from honghua.customers import api as customers
from honghua.customers.core import Field
from honghua.web.signin.messages import NOTICE_FOR, Message, wish_message

ACCESS: Final = customers.Access("job notices", customers.Purpose.MESSAGE)
NOBODY: Final = "nobody is registered under this reference"
LEFT: Final = "the customer has left: their number is read no more"
NO_NUMBER: Final = "no phone number is known"


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told. key: sent twice under the same key it is one message; good_for: how long it is worth sending."""

    key: str
    customer: str
    text: str
    good_for: dt.timedelta = NOTICE_FOR


def tell_customer(conn: psycopg.Connection, vault: customers.Vault, one: Telling, *, now: dt.datetime) -> str:
    """Wish for the message; "" or why there is nobody to send it to. Told before under its key: nothing more goes out."""
    try:
        phone = customers.reveal(conn, vault, one.customer, [Field.PHONE], ACCESS, now=now).get(Field.PHONE)
    except NotFound:
        return NOBODY
    except Conflict:  # restricted or erased
        return LEFT
    if not phone:
        return NO_NUMBER
    shown = customers.show_masked(conn, vault, one.customer).get(Field.PHONE, "")
    wish_message(conn, vault, Message(one.key, phone, one.text), shown, now=now, good_for=one.good_for)
    return ""
