"""One batch answered whatever happens: a lost connection is opened anew, and one command that breaks its batch is found and told alone."""

from __future__ import annotations

import sys
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

Asked = tuple[Command, bytes]  # with the hash of its body (`credit.api.hash_commands`)
Connect = Callable[[], psycopg.Connection]
Attach = Callable[[psycopg.Connection], credit.Registry]


def leave(_registry: credit.Registry | None) -> None:
    """Nothing is to be done at the end."""


def failed() -> Answer:
    """What somebody is told whose command breaks its batch."""
    return {"outcome": FAILED, "code": FAILED_CODE, "sentence": FAILED_SENTENCE}


@dataclass(slots=True)
class Books:
    """A connection with its registry, for one thread. Opened when first needed, and again when the connection is lost.

    at_end: called with the registry before the books are closed for good.
    """

    connect: Connect
    attach: Attach
    clock: Clock
    at_end: Callable[[credit.Registry | None], None] = leave
    conn: psycopg.Connection | None = None
    registry: credit.Registry | None = None
    avoided: dict[str, float] = field(default_factory=dict)  # customer → until when (monotonic)
    broken: int = 0  # commands that broke their batch

    def open(self) -> tuple[psycopg.Connection, credit.Registry]:
        """The connection and the registry; WorldFailed when the database does not answer."""
        if self.conn is not None and self.conn.closed:
            self.conn = None
        if self.conn is None:
            self.conn = self.connect()
            if self.registry is not None:
                self.registry.forget()
        if self.registry is None:
            self.registry = self.attach(self.conn)
        return self.conn, self.registry

    def close(self) -> None:
        """Give the connection back, to be opened again when needed."""
        if self.conn is not None:
            self.conn.close()
        self.conn = None

    def end(self) -> None:
        """Close for good."""
        try:
            self.at_end(self.registry)
        finally:
            self.close()

    def answer(self, asked: Sequence[Asked], *, until: float) -> list[Answer]:
        """Every command's answer, booked and on disk. TimedOut when the database stays away beyond `until` (monotonic).

        Under the same keys nothing is booked twice, so a lost connection is opened anew and the batch asked again.
        """
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
                    print(f"honghua: a batch could not be booked yet: {error}", file=sys.stderr, flush=True)
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
        what = f"{type(command).__name__} {command.key!r} of {command.customer!r}"
        print(f"honghua: {what} could not be booked: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


__all__ = ["FAILED", "FAILED_CODE", "Asked", "Attach", "Books", "Connect", "failed"]
