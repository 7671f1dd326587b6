"""COPY BINARY: whatever numpy holds comes back from a real table, and broken bytes are refused."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.store import copybin
from honghua.store.copybin import (
    Bool,
    Bytes,
    Column,
    Date,
    Float8,
    Int2,
    Int4,
    Int8,
    Int8Array,
    Jsonb,
    Nullable,
    Text,
    Timestamp,
    copy_in,
    copy_out,
    decode,
    encode,
)
from honghua.store.database import connect
from honghua.store.server.overlapping import overlapped

NAMES = ["i8", "i4", "i2", "d", "t", "b", "f", "a", "s", "r", "j"]
KINDS = [Int8, Int4, Int2, Date, Timestamp, Bool, Float8, Int8Array, Text, Bytes, Jsonb]
FIXED = {
    "i8": st.integers(Int8.LOW, Int8.HIGH),
    "i4": st.integers(Int4.LOW, Int4.HIGH),
    "i2": st.integers(Int2.LOW, Int2.HIGH),
    "d": st.integers(Date.LOW, Date.HIGH),
    "t": st.integers(Timestamp.LOW, Timestamp.HIGH),
    "b": st.booleans(),
    "f": st.floats(allow_nan=False),
}
ROW = st.fixed_dictionaries(
    {name: st.none() | values for name, values in FIXED.items()}
    | {
        "a": st.none() | st.lists(FIXED["i8"], max_size=5),
        "s": st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9),
        "r": st.none() | st.binary(max_size=9),
        "j": st.sampled_from([None, "1", '"é"', '{"a": [1]}', "null"]),
    }
)


@pytest.fixture(scope="module")
def table(module_database):
    with connect(module_database) as conn:
        conn.execute(
            "CREATE TEMP TABLE sink (n serial, i8 bigint, i4 integer, i2 smallint, d date, t timestamptz, b boolean,"
            " f float8, a bigint[], s text, r bytea, j jsonb)"
        )
        yield conn


def to_columns(rows):
    columns: list[Column] = []
    for name, kind in zip(NAMES, KINDS):
        values = [row[name] for row in rows]
        valid = [value is not None for value in values]
        if kind is Int8Array:
            full = [value or [] for value in values]
            offsets = np.cumsum([0, *map(len, full)])
            columns.append(Int8Array(np.array([x for value in full for x in value], dtype=np.int64), offsets, valid))
        elif name in FIXED:
            columns.append(
                kind(np.array([value or 0 for value in values], dtype=np.float64 if name == "f" else np.int64), valid)
            )
        else:
            columns.append(kind(values))
    return columns


def to_rows(columns):
    rows = [dict.fromkeys(NAMES) for _ in range(len(columns[0][0]))]
    for name, kind, column in zip(NAMES, KINDS, columns):
        values, *rest, valid = column
        for k in range(len(rows)):
            if not valid[k]:
                continue
            if kind is Int8Array:
                rows[k][name] = values[rest[0][k] : rest[0][k + 1]].tolist()
            else:
                rows[k][name] = values[k].item() if name in FIXED else values[k]
    return rows


@settings(max_examples=60)
@given(rows=st.lists(ROW, max_size=7))
@example(rows=[])
@example(rows=[dict.fromkeys(NAMES)] * 3)
@example(
    rows=[{**dict.fromkeys(NAMES), "i8": Int8.LOW, "d": Date.HIGH, "t": Timestamp.LOW, "a": [], "s": "", "r": b""}]
)
def test_round_trip_through_a_table(table, rows):
    columns = to_columns(rows)
    kinds = [Nullable(kind) for kind in KINDS]
    assert to_rows(decode(encode(columns), kinds)) == rows
    table.execute("TRUNCATE sink")
    assert copy_in(table, "sink", NAMES, columns) == len(rows)
    assert to_rows(copy_out(table, f"SELECT {', '.join(NAMES)} FROM sink ORDER BY n", kinds, None)) == rows


def test_the_database_sees_what_was_meant(table):
    table.execute("TRUNCATE sink")
    copy_in(table, "sink", ["d", "t", "a", "s"], [
        Date(np.array(["2024-02-29"], dtype="datetime64[D]")),
        Timestamp(np.array(["2024-02-29T12:00:00.000001"], dtype="datetime64[us]")),
        Int8Array([-1, 2**40], [0, 2]), Text(["红花"]),
    ])  # fmt: skip
    table.execute("SET timezone = 'UTC'")
    row = table.execute("SELECT d::text, t::text, a, s FROM sink").fetchone()
    assert row == ("2024-02-29", "2024-02-29 12:00:00.000001+00", [-1, 2**40], "红花")


def test_many_pieces(table):
    n = copybin.ROWS_PER_CHUNK * 2 + 17
    values = np.arange(n, dtype=np.int64)
    arrays = Int8Array(np.arange(2 * n, dtype=np.int64), np.arange(n + 1) * 2)
    odd = values % 3 != 0
    table.execute("TRUNCATE sink")
    copy_in(
        table,
        "sink",
        ["i8", "a", "i4", "s"],
        [Int8(values), arrays, Int4(values, odd), Text([str(k) for k in range(n)])],
    )
    got = copy_out(table, "SELECT i8, a, i4, s FROM sink ORDER BY n", [Int8, Int8Array, Nullable(Int4), Text], None)
    assert (got[0] == values).all()
    assert (got[1][0] == arrays.values).all()
    assert (got[1][1] == arrays.offsets).all()
    assert (got[2][1] == odd).all()
    assert (got[2][0] == np.where(odd, values, 0)).all()
    assert got[3][-1] == str(n - 1)


def test_parameters(table):
    got = copy_out(table, "SELECT x FROM unnest(%s) AS x WHERE x > %s ORDER BY x", [Int8], [np.arange(5), 2])
    assert got[0].tolist() == [3, 4]


@pytest.mark.parametrize(
    "make",
    [
        lambda: encode([Int2([40_000])]),
        lambda: encode([Date([3_000_000])]),
        lambda: Int8([1.5]),
        lambda: Int8([2**63]),
        lambda: Int8([[1]]),
        lambda: Int8([1, 2], [True]),
        lambda: Int8Array([1], [0, 2]),
        lambda: Int8Array([1], [1, 1]),
        lambda: Int8Array([1, 2], [0, 2, 1, 2]),
        lambda: Text(["a\0b"]),
        lambda: Text([1]),
        lambda: encode([]),
        lambda: encode([Int8([1]), Int8([1, 2])]),
    ],
)
def test_bad_columns(make):
    with pytest.raises(BadInput):
        make()


def test_null_where_none_is_expected(table):
    for kind, value in ((Int8, "NULL::bigint"), (Int8Array, "NULL::bigint[]")):
        with pytest.raises(IntegrityBroken, match="NULL in row 1"):
            copy_out(table, f"SELECT {value}", [kind], None)
    assert copy_out(table, "SELECT NULL::text", [Text], None) == [[None]]


@pytest.mark.parametrize(
    "value", ["1::int", "'{{1,2},{3,4}}'::bigint[]", "'{1,NULL}'::bigint[]", "'{1}'::int[]", "'x'::text"]
)
def test_other_types_than_promised(table, value):
    with pytest.raises(IntegrityBroken):
        copy_out(table, f"SELECT {value}, 1::bigint", [Int8Array, Int8], None)


@given(st.data())
@settings(max_examples=40)
def test_broken_streams_are_refused_or_read_never_crash(data):
    whole = encode([Int8(np.arange(3)), Int8Array(np.arange(4), [0, 1, 1, 4]), Text(["a", None, "ccc"])])
    broken = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if broken:
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with suppress(IntegrityBroken):
        decode(bytes(broken), [Int8, Int8Array, Nullable(Bytes)])


def test_a_refused_row_leaves_nothing(conn):
    with pytest.raises(psycopg.errors.CheckViolation):
        copy_in(conn, "store_command", ["key", "command_id", "body_hash", "answer"], [
            Text(["ok", "bad"]), Int8([1, 2]), Bytes([bytes(32), b"short"]), Jsonb(["{}", "{}"]),
        ])  # fmt: skip
    assert conn.execute("SELECT count(*) FROM store_command").fetchone() == (0,)


def remember(conn: psycopg.Connection, *keys: str, ids: tuple[int, ...] = (1,)) -> None:
    """Rows into a table that takes a key once."""
    columns = (Text(list(keys)), Int8(list(ids)), Bytes([bytes(32)] * len(keys)), Jsonb(["{}"] * len(keys)))
    copy_in(conn, "store_command", ["key", "command_id", "body_hash", "answer"], columns)


def count_commands(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT count(*) FROM store_command").fetchone()
    assert row is not None
    return int(row[0])


def test_overlapping_rows_are_all_there_for_whoever_speaks_next(conn):
    with conn.transaction(), overlapped(conn):
        remember(conn, "a")
        assert conn.under_way is not None, "left under way"
        remember(conn, "b")
        assert count_commands(conn) == 2
        remember(conn, "c")
        assert copy_out(conn, "SELECT key FROM store_command ORDER BY key", [Text], None) == [["a", "b", "c"]]
        with conn.transaction(), overlapped(conn):
            remember(conn, "d")
    assert conn.under_way is None
    assert count_commands(conn) == 4
    remember(conn, "e")
    assert conn.under_way is None, "outside nothing is left"


@pytest.mark.parametrize("speaks", [
    lambda conn: None, count_commands, lambda conn: remember(conn, "z"), lambda conn: copy_out(conn, "SELECT 1", [Int4], None),
])  # fmt: skip
def test_an_error_of_overlapping_rows_is_met_before_the_commit(conn, speaks):
    def work() -> None:
        with conn.transaction(), overlapped(conn):
            remember(conn, "new")
            remember(conn, "once")
            speaks(conn)

    remember(conn, "once")
    with pytest.raises(psycopg.errors.UniqueViolation):
        work()
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert count_commands(conn) == 1, "rolled back whole"


def test_another_error_goes_before_that_of_overlapping_rows(conn):
    def work() -> None:
        with conn.transaction(), overlapped(conn):
            remember(conn, "once")
            raise LookupError

    remember(conn, "once")
    with pytest.raises(LookupError):
        work()
    assert count_commands(conn) == 1


def test_rows_that_cannot_be_put_together_leave_those_under_way_alone(conn):
    with conn.transaction(), overlapped(conn):
        remember(conn, "a")
        with pytest.raises(BadInput):
            remember(conn, "b", "c", ids=(1,))
    assert count_commands(conn) == 1


def test_a_connection_lost_with_rows_under_way(module_database):
    def work() -> None:
        with conn.transaction(), overlapped(conn):
            remember(conn, "lost")
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [conn.info.backend_pid])
            count_commands(conn)

    with connect(module_database) as conn, connect(module_database) as other:
        with pytest.raises(psycopg.OperationalError):
            work()
        assert conn.closed
        assert other.execute("SELECT count(*) FROM store_command WHERE key = 'lost'").fetchone() == (0,)


def test_an_error_of_the_query_is_raised_and_the_connection_stays_good(table):
    with pytest.raises(psycopg.errors.UndefinedTable):
        copy_out(table, "SELECT 1 FROM nowhere", [Int4], None)
    with pytest.raises(psycopg.errors.DivisionByZero):
        copy_out(table, "SELECT 1 / (5000 - x) FROM generate_series(1, 9000) AS x", [Int4], None)
    with pytest.raises(psycopg.errors.DivisionByZero), table.transaction():
        copy_out(table, "SELECT 1 / 0", [Int4], None)
    assert copy_out(table, "SELECT %(x)s::int", [Int4], {"x": 7})[0].tolist() == [7]
    assert copy_out(table, "SELECT 1 WHERE false", [Int4], None)[0].tolist() == []


def test_a_connection_lost_while_reading(module_database):
    with connect(module_database) as conn:
        with pytest.raises(psycopg.OperationalError):
            copy_out(conn, "SELECT pg_terminate_backend(pg_backend_pid())", [Bool], None)
        assert conn.closed


def test_reading_needs_autocommit(module_database):
    with connect(module_database) as conn:
        conn.autocommit = False
        with pytest.raises(AssertionError):
            copy_out(conn, "SELECT 1", [Int4], None)
