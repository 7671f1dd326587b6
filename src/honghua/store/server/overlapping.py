"""Rows put together while the server still takes in those that were sent before: one hand for both, no thread.

Between the sending of a COPY and the server's word on it lies most of its time. Inside `overlapped` a COPY is left there, and whatever is
said next on the connection, another COPY or a statement of psycopg's, waits for that word first and meets its error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

T = TypeVar("T")


class OverlappingConnection(psycopg.Connection[TupleRow]):
    """A connection that may have one COPY under way, of which only the server's last word is missing."""

    is_overlapping = False
    under_way: Callable[[], None] | None = None

    def wait(self, gen: PQGen[T], *args: Any, **kwargs: Any) -> T:
        """As psycopg's, through which all its statements go; what is under way comes first."""
        self.settle()
        return super().wait(gen, *args, **kwargs)

    def settle(self) -> None:
        """Hear what the server says of the COPY under way, and raise its error; the caller holds the connection's lock."""
        conclude, self.under_way = self.under_way, None
        if conclude is not None:
            conclude()


def is_overlapping(conn: psycopg.Connection) -> bool:
    """Whether a COPY may be left under way here."""
    return isinstance(conn, OverlappingConnection) and conn.is_overlapping


def settle(conn: psycopg.Connection) -> None:
    """`OverlappingConnection.settle` of a connection whose lock the caller holds; nothing for connections of other kinds."""
    if isinstance(conn, OverlappingConnection):
        conn.settle()


@contextmanager
def overlapped(conn: psycopg.Connection) -> Iterator[None]:
    """Inside, `copy_in` may return before the server has taken its rows in; at the end it has taken in all of them, or its error is raised.

    To stand inside a transaction's block: its commit must not be what meets an error. One such block may stand in another.
    """
    if not isinstance(conn, OverlappingConnection) or conn.is_overlapping:
        yield
        return
    conn.is_overlapping = True
    try:
        yield
        with conn.lock:
            conn.settle()
    except BaseException:
        with conn.lock, suppress(psycopg.Error):  # the first error counts; the server ends what it was told to begin
            conn.settle()
        raise
    finally:
        conn.is_overlapping = False


__all__ = ["OverlappingConnection", "is_overlapping", "overlapped", "settle"]
