"""A connection to a server that may be coming up: started a moment ago, or recovering after one of its processes was killed."""

from __future__ import annotations

import time

import psycopg

from honghua.base.errors import WorldFailed

TRIES_MAX = 200
WAIT_SECONDS = 0.05
TIMEOUT_SECONDS = 10
COMING_UP = (
    "is starting up",
    "in recovery mode",
    "not yet accepting connections",
    "server closed the connection unexpectedly",
)


def connect_patiently(dsn: str, application: str) -> psycopg.Connection:
    """An autocommit connection; waits, bounded, while the server is coming up. Raises WorldFailed when it is not there."""
    refusal: psycopg.OperationalError | None = None
    for _ in range(TRIES_MAX):
        try:
            return psycopg.connect(dsn, autocommit=True, application_name=application, connect_timeout=TIMEOUT_SECONDS)
        except psycopg.OperationalError as error:
            refusal = error
            if not is_coming_up(error):
                break
            time.sleep(WAIT_SECONDS)
    raise WorldFailed(f"the database does not answer: {str(refusal).strip()}") from refusal


def is_coming_up(error: psycopg.OperationalError) -> bool:
    """Whether a refused connection is worth a wait: libpq hands us the sentence only, not the SQLSTATE (57P03).

    When one of its processes was killed the server ends all others, also one that is just letting us in.
    """
    text = str(error)
    return any(words in text for words in COMING_UP)
