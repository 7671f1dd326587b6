"""A connection to a server that may be coming up: started a moment ago, or recovering after one of its processes was killed."""

from __future__ import annotations

import time

import psycopg

from honghua.base.errors import WorldFailed
from honghua.store.server.overlapping import OverlappingConnection

PATIENCE_SECONDS = 10
WAIT_SECONDS = (0.01, 0.2)  # between two tries: each one costs a server that is recovering a process
WAIT_GROWS = 1.3
TIMEOUT_SECONDS = 10
COMING_UP = (
    "is starting up",
    "in recovery mode",
    "not yet accepting connections",
    "server closed the connection unexpectedly",
)


class Wait:
    """Pauses between tries, longer and longer."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = WAIT_SECONDS[0]

    def pause(self) -> None:
        """The next one."""
        time.sleep(self.seconds)
        self.seconds = min(self.seconds * WAIT_GROWS, WAIT_SECONDS[1])


def connect_patiently(dsn: str, application: str) -> psycopg.Connection:
    """An autocommit connection; waits, bounded, while the server is coming up. Raises WorldFailed when it is not there."""
    until, wait = time.monotonic() + PATIENCE_SECONDS, Wait()
    while True:
        try:
            return OverlappingConnection.connect(
                dsn, autocommit=True, application_name=application, connect_timeout=TIMEOUT_SECONDS
            )
        except psycopg.OperationalError as error:
            if not is_coming_up(error) or time.monotonic() > until:
                raise WorldFailed(f"the database does not answer: {str(error).strip()}") from error
            wait.pause()


def is_coming_up(error: psycopg.OperationalError) -> bool:
    """Whether a refused connection is worth a wait: libpq hands us the sentence only, not the SQLSTATE (57P03).

    When one of its processes was killed the server ends all others, also one that is just letting us in.
    """
    text = str(error)
    return any(words in text for words in COMING_UP)
