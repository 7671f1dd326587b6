"""One batch answered whatever happens: a lost connection is opened anew, and one command that breaks its batch is found and told alone."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.base.clock import Clock
from honghua.base.errors import HonghuaError, TimedOut, WorldFailed
from honghua.credit import api as credit
from honghua.credit.core import AccountBroken, Command
from honghua.web.booker import Answer

FAILED: Final = "failed"  # the outcome of a command that breaks its batch; nothing of it was booked
FAILED_CODE: Final = "BOOKING_FAILED"
FAILED_SENTENCE: Final = (
    "We could not book this because of a fault on our side; nothing was done. A person will look at the account."
)
AVOIDED_S: Final = 60.0  # a customer whose command broke a batch is not tried again for so long
AVOIDED_MAX: Final = 10_000
BACK_OFF_S: Final = (0.05, 0.5)  # between two tries to reach the database
LOG: Final = logging.getLogger("honghua.desk")

Asked = tuple[Command, bytes]  # with the hash of its body (`credit.api.hash_commands`)
Connect = Callable[[], psycopg.Connection]
Attach = Callable[[psycopg.Connection], credit.Registry]


def leave(_registry: credit.Registry | None) -> None:
    """Nothing is to be done at the end."""


def failed() -> Answer:
    """What somebody is told whose command breaks its batch."""
    return {"outcome": FAILED, "code": FAILED_CODE, "sentence": FAILED_SENTENCE}


def note(what: str, error: BaseException) -> None:
    """One line for people: what happened, the kind of error with its code, and an id; never its words, which may name a person.

    Who may see those turns on DEBUG for this logger, and finds the whole error under the id.
    """
    found = secrets.token_hex(6)
    code = getattr(error, "code", None) or getattr(error, "sqlstate", None) or "no code"
    LOG.warning("honghua: %s: %s (%s), id %s", what, type(error).__name__, code, found)
    LOG.debug("id %s", found, exc_info=error)


@dataclass(slots=True)
class Books:
    """Connections with their registry, for one thread. Opened when first needed, and again when one is lost.

    at_end: called with the registry before the books are closed for good. reader: a second connection, on which batches are judged while
    the batch before them is written on the first (`judge`).
    """

    connect: Connect
    attach: Attach
    clock: Clock
    at_end: Callable[[credit.Registry | None], None] = leave
    conn: psycopg.Connection | None = None
    registry: credit.Registry | None = None
    reader: psycopg.Connection | None = None
    relay: credit.Relay | None = None
    is_spoilt: bool = False  # what was judged last broke off: the engine must hear of it before anything else
    avoided: dict[str, float] = field(default_factory=dict)  # customer → until when (monotonic)
    broken: int = 0  # commands that broke their batch

    def open(self) -> tuple[psycopg.Connection, credit.Registry]:
        """The connection and the registry; WorldFailed when the database does not answer."""
        if self.conn is not None and self.conn.closed:
            self.conn = None
        if self.conn is None:
            self.conn, self.relay = self.connect(), None
            if self.registry is not None:
                self.registry.forget()
        if self.registry is None:
            self.registry = self.attach(self.conn)
        return self.conn, self.registry

    def close(self) -> None:
        """Give the connections back, to be opened again when needed."""
        for conn in (self.conn, self.reader):
            if conn is not None:
                conn.close()
        self.conn = self.reader = self.relay = None

    def end(self) -> None:
        """Close for good."""
        try:
            self.at_end(self.registry)
        finally:
            self.close()

    def judge(self, asked: Sequence[Asked]) -> credit.Judged | None:
        """A batch judged while the one before it is being written; None when it must be answered alone, after that (`answer`).

        What is given must be written next, in any thread (`Judged.write` on `conn`); then say `booked`, or `fail`.
        """
        if self.conn is None or self.conn.closed or self.registry is None or any(map(self._is_avoided, asked)):
            return None
        try:
            if self.reader is None:
                self.reader = self.connect()
            if self.relay is None:
                self.relay = credit.Relay(self.conn, self.reader, self.registry)
            commands, hashes = [command for command, _ in asked], [digest for _, digest in asked]
            return self.relay.judge(commands, hashes, now=self.clock.now())
        except Exception as error:  # whatever it is, `answer` meets it again, and finds the culprit
            note("a batch could not be judged ahead", error)
            self.is_spoilt = True
            return None

    def booked(self) -> None:
        """What `judge` gave is on disk."""
        assert self.relay is not None, "it was judged"
        self.relay.booked()

    def fail(self) -> None:
        """What was judged could not be written, or judging broke off; nothing is being written any more. `answer` tries again."""
        relay, self.is_spoilt = self.relay, False
        if self.reader is not None:
            self.reader.close()
        self.reader = self.relay = None
        if relay is None:
            return
        try:
            relay.fail()
        except (HonghuaError, psycopg.Error):
            self.close()  # with the connection goes its turn

    def rest(self) -> None:
        """Nobody waits: others may write."""
        if self.relay is None:
            return
        try:
            self.relay.rest()
        except (HonghuaError, psycopg.Error):
            self.close()

    def answer(self, asked: Sequence[Asked], *, until: float) -> list[Answer]:
        """Every command's answer, booked and on disk. TimedOut when the database stays away beyond `until` (monotonic).

        Under the same keys nothing is booked twice, so a lost connection is opened anew and the batch asked again.
        """
        if self.is_spoilt:
            self.fail()
        return self._answer([one for one in asked if not self._is_avoided(one)], asked, until)

    def _answer(self, tried: Sequence[Asked], asked: Sequence[Asked], until: float) -> list[Answer]:
        """Answers to all that were asked, of which only some are tried."""
        found = iter(self._book(tried, until) if tried else ())
        if len(tried) == len(asked):
            return list(found)
        kept = set(map(id, tried))
        return [next(found) if id(one) in kept else failed() for one in asked]

    def _book(self, asked: Sequence[Asked], until: float) -> list[Answer]:
        """What breaks a batch is left out; where nobody knows what it was, the batch is halved until the culprit stands alone."""
        try:
            return self._execute(asked, until)
        except TimedOut:
            raise
        except AccountBroken as error:
            self._accuse(next(command for command, _ in asked if command.customer == error.customer), error)
            return self._answer([one for one in asked if one[0].customer != error.customer], asked, until)
        except Exception as error:  # a bug or a bad command: its neighbours must not suffer
            self._forget()
            if len(asked) == 1:
                self._accuse(asked[0][0], error)
                return [failed()]
        half = len(asked) // 2
        return self._book(asked[:half], until) + self._book(asked[half:], until)

    def _execute(self, asked: Sequence[Asked], until: float) -> list[Answer]:
        """One transaction, tried again while the world fails."""
        wait, most = BACK_OFF_S
        commands, hashes = [command for command, _ in asked], [digest for _, digest in asked]
        while True:
            try:
                conn, registry = self.open()
                return credit.execute(conn, registry, commands, now=self.clock.now(), hashes=hashes)
            except (WorldFailed, psycopg.OperationalError) as error:
                if wait == BACK_OFF_S[0]:
                    note("a batch could not be booked yet", error)
                self._forget()
                if time.monotonic() + wait > until:
                    raise TimedOut("the database does not answer; ask again under the same key") from error
                time.sleep(wait)
                wait = min(2 * wait, most)

    def _is_avoided(self, asked: Asked) -> bool:
        return bool(self.avoided) and self.avoided.get(asked[0].customer, 0.0) > time.monotonic()

    def _forget(self) -> None:
        if self.registry is not None:
            self.registry.forget()
        if self.conn is not None and self.conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.close()

    def _accuse(self, command: Command, error: Exception) -> None:
        """The one that breaks: said aloud for people, and avoided for a while where it was a bug on this account."""
        self.broken += 1
        if len(self.avoided) >= AVOIDED_MAX:
            self.avoided.clear()
        if not isinstance(error, HonghuaError):
            self.avoided[command.customer] = time.monotonic() + AVOIDED_S
        number = self.registry.accounts.get(command.customer, 0) if self.registry is not None else 0
        note(f"a {type(command).__name__} of account {number or 'unknown'} could not be booked", error)


__all__ = ["FAILED", "FAILED_CODE", "Asked", "Attach", "Books", "Connect", "failed", "note"]
