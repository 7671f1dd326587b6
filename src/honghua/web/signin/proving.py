"""The proof that a stepped-up purchase asks for: a code by message to the customer's phone. A `credit.proving.Prover`.

The code is computed from the suspension's token under the session key, so desk, clock and web need not share memory: the clock sends it,
the desk checks it, and a challenge sent twice has one code. How often somebody may guess is bounded by the credit room.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.clock import Clock
from honghua.base.errors import NotFound
from honghua.customers import api as customers
from honghua.customers.core import Field, mask_phone
from honghua.store.database import run_unit
from honghua.web.keyring import Secrets
from honghua.web.signin.messages import Message, wish_message

FACE: Final = "face"
FACE_TEXT: Final = (
    "您有一笔消费需要刷脸确认,请自行登录,在首页打开这笔消费;本短信不含链接。如非本人操作,请立即一键冻结账户。"
    "A purchase needs your face: sign in and open it on your home page. If it is not yours, freeze your account."
)
TEXT: Final = (
    "您有一笔消费需要确认,验证码 {code}。如非本人操作,请立即一键冻结账户。"
    "A purchase needs your confirmation: {code}. If it is not yours, freeze your account."
)
ACTIVE: Final = "active"
NO_NUMBER: Final = "customer {customer}: no phone number"

Connect = Callable[[], AbstractContextManager[psycopg.Connection]]
FindCustomer = Callable[[psycopg.Connection, int], str | None]


@dataclass(frozen=True, slots=True)
class SmsProver:
    """Sends codes and knows them. find_customer: the reference of an account's holder. connect: a connection for a moment.

    by_face: faces are recorded on our page: then a step-up of kind face sends no code, and that page gives it out after the face.
    """

    connect: Connect
    secrets: Secrets
    find_customer: FindCustomer
    clock: Clock
    by_face: bool = False

    def send(self, *, token: str, account_id: int, kind: str) -> None:
        """Wish for the message, once a token. Who has left no number gets none: the message stands as failed."""
        assert kind, "a challenge has a kind"
        with self.connect() as conn:
            run_unit(conn, lambda c: self._wish(c, token, account_id, kind, self.clock.now()))

    def check(self, token: str, proof: str) -> bool:
        """Whether the proof is the code of this token."""
        return hmac.compare_digest(compute_code(self.secrets.session_key, token).encode(), proof.strip().encode())

    def _wish(self, conn: psycopg.Connection, token: str, account_id: int, kind: str, now: dt.datetime) -> None:
        vault = self.secrets.vault
        customer = self.find_customer(conn, account_id)
        phone = self._find_phone(conn, vault, customer, now)
        code = compute_code(self.secrets.session_key, token)
        text = FACE_TEXT if self.by_face and kind == FACE else TEXT.format(code=code)
        shown = mask_phone(phone) if phone else NO_NUMBER.format(customer=customer)
        wish_message(conn, vault, Message(f"step_up:{token}", phone, text), shown, now=now)

    def _find_phone(
        self, conn: psycopg.Connection, vault: customers.Vault, customer: str | None, now: dt.datetime
    ) -> str:
        if customer is None or not is_known(conn, customer):
            return ""
        access = customers.Access("step-up", customers.Purpose.MESSAGE)
        return customers.reveal(conn, vault, customer, [Field.PHONE], access, now=now).get(Field.PHONE, "")


def is_known(conn: psycopg.Connection, customer: str) -> bool:
    """Whether this is a registered person whose data are there; nothing is decrypted for that."""
    try:
        return customers.get_person(conn, customer).state == ACTIVE
    except NotFound:
        return False


def compute_code(session_key: bytes, token: str) -> str:
    """Six digits that belong to a token."""
    digest = hmac.new(session_key, b"step_up\0" + token.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


__all__ = ["SmsProver", "compute_code", "is_known"]
