"""One table from what PostgreSQL says to the tree of errors in `base/errors.py`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from honghua.base.errors import BadInput, Conflict, HonghuaError, IntegrityBroken, WorldFailed

APPEND_ONLY = "HH001"  # raised by our trigger store_refuse_change()
UNIQUE_VIOLATION = "23505"
RETRYABLE_STATES = frozenset({"40001", "40P01"})  # serialization failure, deadlock
# Class of SQLSTATE -> what it means to a caller. A class that is not here is a bug of ours and passes through
# untouched.
MEANING_BY_CLASS: dict[str, type[HonghuaError]] = {
    "08": WorldFailed,  # connection exception
    "22": BadInput,  # data exception: out of range, bad text
    "23": IntegrityBroken,  # a constraint said no
    "25": WorldFailed,  # transaction state: timeouts of idle transactions
    "28": WorldFailed,  # not let in
    "3D": WorldFailed,  # no such database
    "40": WorldFailed,  # rolled back: deadlock, serialization
    "53": WorldFailed,  # no disk, no memory, too many connections
    "55": WorldFailed,  # lock not available, object in use
    "57": WorldFailed,  # shut down, cancelled, starting up
    "58": WorldFailed,  # I/O error
    "XX": IntegrityBroken,  # data corrupted
    "HH": IntegrityBroken,  # our own triggers
}


def find_meaning(error: psycopg.Error) -> HonghuaError | None:
    """Our error for theirs, or None when it is a bug of ours (a wrong statement) and should crash as it is."""
    text = str(error).strip()
    state = error.sqlstate
    if state is None:
        return (
            WorldFailed(f"the database does not answer: {text}")
            if isinstance(error, psycopg.OperationalError)
            else None
        )
    if state == UNIQUE_VIOLATION:
        return Conflict(text)
    meaning = MEANING_BY_CLASS.get(state[:2])
    return None if meaning is None else meaning(f"{text} (SQLSTATE {state})")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Inside, what PostgreSQL raises leaves as one of ours, with theirs as the cause."""
    try:
        yield
    except psycopg.Error as error:
        ours = find_meaning(error)
        if ours is None:
            raise
        raise ours from error
