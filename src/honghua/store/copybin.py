"""Bulk rows in and out: PostgreSQL's binary COPY format to and from numpy columns.

To write, wrap each column: `Int8(values)`, `Date(day_numbers)`, `Int8Array(values, offsets)` … and call `copy_in`.
To read, name the kinds: `copy_out(conn, query, [Int8, Nullable(Date), Int8Array, Text])` gives per column
  a fixed-width kind        array (int64; Float8: float64; Bool: bool); a NULL raises IntegrityBroken
  Int8Array                 (values int64[m], offsets int64[n + 1])
  Text, Jsonb, Bytes        list of str (Jsonb: the JSON text) or bytes, None for NULL
  Nullable(kind)            the same with `valid` bool[n] at the end: (values, valid) or (values, offsets, valid);
                            NULL reads as 0 or empty
"""

from __future__ import annotations

import select
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import pq, sql

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.store import kernels
from honghua.store.columns import NO_MASK, Bool, Date, Fixed, Float8, Int2, Int4, Int8, Timestamp
from honghua.store.ragged import Bytes, Int8Array, Jsonb, Text, Varying
from honghua.store.server.overlapping import OverlappingConnection, is_overlapping, settle

__all__ = [
    "Bool", "Bytes", "Column", "Date", "Float8", "Int2", "Int4", "Int8", "Int8Array", "Jsonb", "Kind", "Nullable",
    "Text", "Timestamp", "copy_in", "copy_out", "decode", "encode",
]  # fmt: skip


class Nullable:
    """For readers only: this kind of column may hold NULL."""

    __slots__ = ("kind",)

    def __init__(self, kind: type[Column]) -> None:
        self.kind = kind


Column: TypeAlias = Fixed | Int8Array | Varying
Kind: TypeAlias = type[Fixed] | type[Int8Array] | type[Varying] | Nullable

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # flags and length of the header extension are both zero
TRAILER = b"\xff\xff"
ROWS_PER_CHUNK = 65_536  # bounds the memory of one encoded piece
SLICE_BYTES = 1 << 18
STATEMENTS_KEPT = 256


def encode(columns: Sequence[Column]) -> bytes:
    """A whole COPY stream of parallel columns; raises BadInput on different lengths or a value outside its type."""
    return b"".join(_encode_pieces(columns))


def _encode_pieces(columns: Sequence[Column]) -> Iterator[bytes | memoryview]:
    if not columns:
        raise BadInput("no columns to copy")
    rows = len(columns[0])
    if any(len(column) != rows for column in columns):
        raise BadInput(f"columns of different lengths: {[len(column) for column in columns]}")
    yield SIGNATURE
    for start in range(0, rows, ROWS_PER_CHUNK):
        piece = (
            columns
            if rows <= ROWS_PER_CHUNK
            else [column.cut(start, min(start + ROWS_PER_CHUNK, rows)) for column in columns]
        )
        yield _encode_rows(piece).data
    yield TRAILER


def _encode_rows(columns: Sequence[Column]) -> NDArray[np.uint8]:
    """One piece: sizes first, then each column is written at every row's own position."""
    sizes = np.full(len(columns[0]), 2, dtype=np.int64)
    for column in columns:
        sizes += column.sizes()
    ends = sizes.cumsum()
    out = np.empty(int(ends[-1]), dtype=np.uint8)
    at = ends - sizes
    kernels.put_row_heads(out, at, len(columns))
    for column in columns:
        column.put(out, at)
    return out


def copy_in(conn: psycopg.Connection, table: str, names: Sequence[str], columns: Sequence[Column]) -> int:
    """Append rows to a table, in the caller's transaction if there is one; returns how many. `names` name the
    columns in order. Inside `overlapped` a few rows are left under way."""
    assert len(names) == len(columns), "one name per column"
    if not columns or not len(columns[0]):
        return 0
    statement, pieces = _copy_statement(table, tuple(names)), _encode_pieces(columns)
    if is_overlapping(conn) and len(columns[0]) <= ROWS_PER_CHUNK:
        _send(
            conn, statement, iter(list(pieces)), is_left=True
        )  # put together before the rows under way are waited for
    else:
        _send(conn, statement, pieces)
    return len(columns[0])


@lru_cache(maxsize=STATEMENTS_KEPT)
def _copy_statement(table: str, names: tuple[str, ...]) -> bytes:
    """The statement that rows are sent after, put together once."""
    return (
        sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)")
        .format(sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, names)))
        .as_bytes(None)
    )


def decode(stream: bytes | bytearray | memoryview, kinds: Sequence[Kind]) -> list[Any]:
    """Columns of a whole COPY stream, one per kind (see the module's head); raises IntegrityBroken on bytes that do
    not fit them."""
    data = np.frombuffer(stream, dtype=np.uint8)
    if bytes(data[: len(SIGNATURE)]) != SIGNATURE:
        raise IntegrityBroken("no binary COPY stream: another signature, flags or header extension")
    rows = kernels.count_rows(data, len(SIGNATURE), len(kinds))
    if rows < 0:
        raise IntegrityBroken(f"a binary COPY stream that is cut short or has not {len(kinds)} fields per row")
    plain = [kind.kind if isinstance(kind, Nullable) else kind for kind in kinds]
    widths = np.array([kind.WIDTH if issubclass(kind, Fixed) else 0 for kind in plain], dtype=np.int64)
    values = np.empty((len(kinds), rows), dtype=np.int64)
    sizes = np.empty((len(kinds), rows), dtype=np.int32)
    wrong = kernels.split_rows(data, len(SIGNATURE), widths, values, sizes)
    if wrong:
        raise IntegrityBroken(f"field {wrong} has not the width of {plain[wrong - 1].__name__}")
    if sizes.size and sizes.min() >= 0:  # no NULL anywhere: most columns are ready as they are
        return [
            kind.finish(values[k], NO_MASK)
            if isinstance(kind, type) and issubclass(kind, Fixed)
            else _finish(data, kind, values[k], sizes[k], k + 1)
            for k, kind in enumerate(kinds)
        ]
    return [_finish(data, kind, values[k], sizes[k], k + 1) for k, kind in enumerate(kinds)]


def _finish(
    data: NDArray[np.uint8], kind: Kind, values: NDArray[np.int64], sizes: NDArray[np.int32], number: int
) -> Any:
    nullable = isinstance(kind, Nullable)
    plain = kind.kind if isinstance(kind, Nullable) else kind
    valid = sizes >= 0
    if issubclass(plain, Varying):
        texts = plain.take(data, values, sizes)
        return (texts, valid) if nullable else texts
    if not nullable and not valid.all():
        raise IntegrityBroken(
            f"field {number} is NULL in row {int(np.argmin(valid)) + 1}; read it as Nullable({plain.__name__})"
        )
    if issubclass(plain, Int8Array):
        found = plain.take(data, values, sizes)
        return (*found, valid) if nullable else found
    assert issubclass(plain, Fixed)
    array = plain.finish(values, valid if nullable else NO_MASK)
    return (array, valid) if nullable else array


def copy_out(
    conn: psycopg.Connection,
    query: str | sql.Composable,
    kinds: Sequence[Kind],
    params: Sequence[Any] | dict[str, Any] | None,
) -> list[Any]:
    """Run a query and return its columns as `decode` does; `conn` is in autocommit mode, inside a transaction or not.

    COPY takes no server-side parameters: psycopg quotes them into the text.
    """
    if isinstance(query, str):
        statement = f"COPY ({query}) TO STDOUT (FORMAT BINARY)"
    else:
        statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(query).as_string(conn)
    return decode(_drain(conn, psycopg.ClientCursor(conn).mogrify(statement, params)), kinds)


def _await_result(pgconn: pq.abc.PGconn) -> pq.abc.PGresult | None:
    """The next result. libpq's own waiting would keep Python's global lock: a query that waits for a row lock which
    another thread of this process holds would then wait for ever."""
    while pgconn.is_busy():
        _await_more(pgconn)
    return pgconn.get_result()


def _await_more(pgconn: pq.abc.PGconn) -> None:
    """Wait, other threads running on, until the server has sent something, and take it in. What the socket did not take of
    a long statement goes out on the way: the server answers nothing before it has all of it."""
    poll = select.poll()
    poll.register(pgconn.socket, select.POLLIN | select.POLLOUT if pgconn.flush() else select.POLLIN)
    poll.poll()
    pgconn.consume_input()


def _await_way(pgconn: pq.abc.PGconn) -> None:
    """Wait until the socket takes more of what waits to go out, or the server says something meanwhile."""
    poll = select.poll()
    poll.register(pgconn.socket, select.POLLIN | select.POLLOUT)
    poll.poll()
    pgconn.consume_input()


class _Talk:
    """A COPY spoken with libpq's own calls, at half the cost of psycopg's; nothing else is said on the connection meanwhile.

    Raises the server's error at the end, and closes a connection that was left in the middle of a COPY. is_left: the end is heard when
    somebody says something else on the connection (`overlapping`).
    """

    __slots__ = ("conn", "finished", "is_left", "pgconn", "result")

    def __init__(self, conn: psycopg.Connection, *, is_left: bool = False) -> None:
        assert conn.autocommit, "a COPY begins no transaction by itself"
        self.conn, self.pgconn, self.is_left = conn, conn.pgconn, is_left
        self.result: pq.abc.PGresult | None = None
        self.finished = False

    def __enter__(self) -> _Talk:
        self.conn.lock.acquire()
        try:
            settle(self.conn)
        except BaseException:
            self.conn.lock.release()
            raise
        return self

    def begin(self, statement: bytes, *, wanted: int) -> bool:
        """Send the statement; whether the server is ready to copy."""
        self.pgconn.send_query(statement)
        self.result = _await_result(self.pgconn)
        return self.result is not None and self.result.status == wanted

    def end(self) -> None:
        """Hear all that the server has to say."""
        while (another := _await_result(self.pgconn)) is not None:
            self.result = another
        self.finished = True

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self.is_left and isinstance(self.conn, OverlappingConnection):
                self.conn.under_way = self.conclude
            elif kind is None:
                self.conclude()
            elif not self.finished:  # interrupted half way: nothing else can be said on this connection
                self.conn.close()
        finally:
            self.conn.lock.release()

    def conclude(self) -> None:
        """Hear the end, if it was not heard yet, and raise what went wrong."""
        try:
            if not self.finished:
                self.end()
        finally:
            if not self.finished:
                self.conn.close()
        if self.result is None or self.result.status != pq.ExecStatus.COMMAND_OK:
            self._raise()

    def _raise(self) -> None:
        # A result without SQLSTATE is libpq's own word: the connection is gone, whether it has noticed or not.
        result = self.result
        said = None if result is None else result.error_field(pq.DiagnosticField.SQLSTATE)
        if self.conn.closed or result is None or said is None:
            raise psycopg.OperationalError(f"COPY ended early: {self.pgconn.get_error_message().strip()}")
        raise psycopg.errors.error_from_result(result, encoding=self.conn.info.encoding)


def _drain(conn: psycopg.Connection, statement: str) -> bytes:
    """The whole stream of a COPY out."""
    pieces: list[bytes | memoryview] = []
    with _Talk(conn) as talk:
        pgconn = talk.pgconn
        if talk.begin(statement.encode(conn.info.encoding), wanted=pq.ExecStatus.COPY_OUT):
            while True:
                size, piece = pgconn.get_copy_data(1)
                if size < 0:
                    break
                if size == 0:
                    _await_more(pgconn)
                else:
                    pieces.append(piece)
        talk.end()
    return b"".join(pieces)


def _send(
    conn: psycopg.Connection, statement: bytes, pieces: Iterator[bytes | memoryview], *, is_left: bool = False
) -> None:
    """A whole COPY in. is_left: the server's word on it is heard by whoever says the next thing."""
    with _Talk(conn, is_left=is_left) as talk:
        pgconn = talk.pgconn
        if talk.begin(statement, wanted=pq.ExecStatus.COPY_IN):
            try:
                for piece in pieces:
                    for start in range(0, len(piece), SLICE_BYTES):
                        pgconn.put_copy_data(piece[start : start + SLICE_BYTES])
                        while pgconn.flush():
                            _await_way(pgconn)
            except BaseException:
                pgconn.put_copy_end(b"the rows could not be written")  # the server forgets what it got
                talk.end()
                raise
            pgconn.put_copy_end()
            while pgconn.flush():
                _await_way(pgconn)
