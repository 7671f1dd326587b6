"""Short messages: wished for in the transaction that needs them, sent after its commit through a gateway, tried again when that fails.

The fake gateway takes every message and shows it on the demo's page; it can fail and it can be late, as gateways are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import httpx
import msgspec
import psycopg

from honghua.base.errors import WorldFailed
from honghua.customers.api import Vault
from honghua.store.database import run_unit
from honghua.store.wishes import Wish, WishState, count_wishes, settle_wish, take_wishes, wish

WISH_KIND: Final = "sms"
LEASE: Final = dt.timedelta(seconds=60)
RETRY: Final = dt.timedelta(seconds=10)
TRIES_MAX: Final = 6
AT_ONCE: Final = 100
TIMEOUT_S: Final = 5.0
LATE_AFTER: Final = dt.timedelta(minutes=10)  # codes are over by then
NOTICE_FOR: Final = dt.timedelta(days=7)  # what the law wants said is said late rather than never; bound U
RETRY_MAX: Final = dt.timedelta(hours=1)
GONE, TOO_LATE, NO_PHONE = "gone", "too late", "no phone number"
KEEP_FOR: Final = dt.timedelta(days=1)
SHOWN_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out. key: sent twice under the same key it is one message; phone as +86…."""

    key: str
    phone: str
    text: str


class Gateway(Protocol):
    """The port to whoever carries short messages."""

    def send(self, message: Message) -> None:
        """Hand it over; WorldFailed when it was not taken. The same key again is the same message."""
        ...


@dataclass(slots=True)
class FakeGateway:
    """Takes messages as a real one does, and loses the first ones to some numbers. failing: phone → how many tries fail."""

    failing: Mapping[str, int] = field(default_factory=dict)
    taken: dict[str, Message] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    def send(self, message: Message) -> None:
        """Take it, unless this number is to fail some more."""
        failed = self.failures.get(message.phone, 0)
        if failed < self.failing.get(message.phone, 0):
            self.failures[message.phone] = failed + 1
            raise WorldFailed("the gateway did not take the message", code="GATEWAY_FAILED")
        self.taken.setdefault(message.key, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpGateway:
    """Hands messages to whatever the operator has, by a plain POST of JSON: {"key", "to", "text"}; any 2xx means that it was taken.

    sign: who writes, put before every text as 【…】; "" = the gateway signs itself.
    """

    url: str
    token: str = field(repr=False)
    sign: str = ""
    client: httpx.Client = field(default_factory=httpx.Client)

    def send(self, message: Message) -> None:
        """Hand it over, under its key: the same key again is the same message."""
        text = f"【{self.sign}】{message.text}" if self.sign else message.text
        body = {"key": message.key, "to": message.phone, "text": text}
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": message.key}
        try:
            answer = self.client.post(self.url, json=body, headers=headers, timeout=TIMEOUT_S, follow_redirects=False)
        except httpx.HTTPError as error:
            raise WorldFailed(f"the gateway does not answer: {type(error).__name__}", code="GATEWAY_FAILED") from error
        if not answer.is_success:
            raise WorldFailed(f"the gateway answers {answer.status_code}", code="GATEWAY_FAILED")


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message on the demo's page."""

    shown_to: str
    text: str
    at: dt.datetime
    state: str
    problem: str


def wish_message(
    conn: psycopg.Connection, vault: Vault, message: Message, shown_to: str, *, now: dt.datetime, good_for: dt.timedelta = LATE_AFTER
) -> bool:  # fmt: skip
    """Wish for a message in the caller's transaction; False when its key was wished for before. An empty phone cannot be sent to.

    good_for: how long it is worth sending; a code is soon over, a notice (`NOTICE_FOR`) waits for a gateway that is down.
    """
    sealed = vault.seal(msgspec.json.encode([message.phone, message.text]).decode(), _place(message.key))
    made = conn.execute(
        "INSERT INTO web_message (key, shown_to, sealed, made_at) VALUES (%s, %s, %s, %s) ON CONFLICT (key) DO NOTHING",
        [message.key, shown_to, sealed, now],
    )
    if made.rowcount:
        body = {"key": message.key, "good_for_s": int(good_for.total_seconds())}
        wish(conn, kind=WISH_KIND, key=f"sms:{message.key}", body=body, due_at=now)
    return made.rowcount == 1


def list_waiting(conn: psycopg.Connection, prefix: str) -> list[str]:
    """Keys that begin so, of messages that have not gone out."""
    query = "SELECT key FROM web_message WHERE state = 'waiting' AND starts_with(key, %s) ORDER BY key"
    return [str(key) for (key,) in conn.execute(query, [prefix])]


def count_messages(conn: psycopg.Connection, prefix: str) -> dict[WishState, int]:
    """How many messages whose key begins so stand in each state, also those whose texts are deleted."""
    return count_wishes(conn, WISH_KIND, prefix=f"{WISH_KIND}:{prefix}")


def withdraw_messages(conn: psycopg.Connection, keys: Sequence[str]) -> int:
    """Take back messages that have not gone out: a courier that comes for them finds them gone; how many."""
    query = "DELETE FROM web_message WHERE state = 'waiting' AND key = ANY(%s::text[])"
    return conn.execute(query, [list(keys)]).rowcount


def deliver_messages(conn: psycopg.Connection, gateway: Gateway, vault: Vault, *, now: dt.datetime) -> int:
    """Send what is due, each message by itself; how many were taken. On a connection without an open transaction."""
    taken = run_unit(conn, lambda c: take_wishes(c, WISH_KIND, AT_ONCE, now=now, lease=LEASE))
    sent = 0
    for one in taken:
        problem = _send(conn, gateway, vault, one, now)
        run_unit(conn, lambda c, one=one, problem=problem: _settle(c, one, problem, now))  # type: ignore[misc]
        sent += problem is None
    return sent


def _send(conn: psycopg.Connection, gateway: Gateway, vault: Vault, one: Wish, now: dt.datetime) -> str | None:
    """What went wrong, or None. A message that nobody waits for any more is not sent."""
    key = str(one.body["key"])
    row = conn.execute("SELECT sealed, made_at FROM web_message WHERE key = %s", [key]).fetchone()
    if row is None:
        return GONE
    if now - row[1] > _good_for(one):
        return TOO_LATE
    phone, text = msgspec.json.decode(vault.open(bytes(row[0]), _place(key)), type=tuple[str, str])
    if not phone:
        return NO_PHONE
    try:
        gateway.send(Message(key, phone, text))
    except WorldFailed as error:
        return str(error)
    return None


def _good_for(one: Wish) -> dt.timedelta:
    return dt.timedelta(seconds=int(one.body.get("good_for_s", LATE_AFTER.total_seconds())))


def _settle(conn: psycopg.Connection, one: Wish, problem: str | None, now: dt.datetime) -> None:
    is_code = _good_for(one) <= LATE_AFTER  # a notice is tried until its days are over
    is_over = problem in (GONE, TOO_LATE, NO_PHONE) or (is_code and one.tries >= TRIES_MAX)
    state = WishState.DONE if problem is None else WishState.FAILED if is_over else WishState.WAITING
    due_at = now + min(RETRY * 2 ** min(one.tries, TRIES_MAX + 3), RETRY_MAX) if state is WishState.WAITING else None
    if settle_wish(conn, one, state, now=now, error=problem, due_at=due_at):
        shown = {WishState.DONE: "sent", WishState.FAILED: "failed", WishState.WAITING: "waiting"}[state]
        conn.execute(
            "UPDATE web_message SET state = %s, sent_at = %s, problem = %s WHERE key = %s",
            [shown, now if problem is None else None, problem or "", one.body["key"]],
        )


def list_messages(conn: psycopg.Connection, vault: Vault, *, limit: int = SHOWN_MAX) -> list[ShownMessage]:
    """The newest messages with their texts: for the demo's page alone, the site must say that it is one."""
    rows = conn.execute(
        "SELECT key, shown_to, sealed, made_at, state, problem FROM web_message ORDER BY message_id DESC LIMIT %s",
        [limit],
    )
    shown = []
    for key, shown_to, sealed, made_at, state, problem in rows.fetchall():
        _, text = msgspec.json.decode(vault.open(bytes(sealed), _place(key)), type=tuple[str, str])
        shown.append(ShownMessage(shown_to, text, made_at, state, problem))
    return shown


def sweep_messages(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Delete messages a day after they were made; how many."""
    return conn.execute("DELETE FROM web_message WHERE made_at < %s AND state <> 'waiting'", [now - KEEP_FOR]).rowcount


def _place(key: str) -> str:
    return f"web_message/{key}"
