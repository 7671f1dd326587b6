"""numpy arrays as parameters and as results."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.store.arrays import array_cursor, as_int64
from honghua.store.database import connect

INT64 = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture(scope="module")
def line(module_database):
    with connect(module_database) as conn:
        yield conn


@settings(max_examples=40)
@given(st.lists(INT64, max_size=20))
def test_int64_there_and_back(line, values):
    array = np.array(values, dtype=np.int64)
    cursor = array_cursor(line)
    ((echo, total),) = cursor.execute("SELECT %s, cardinality(%s)", [array, array]).fetchall()
    assert echo.dtype == np.int64
    assert echo.tolist() == values
    assert total == len(values)


@pytest.mark.parametrize(
    ("dtype", "sql_type"),
    [
        ("int64", "bigint[]"),
        ("int32", "integer[]"),
        ("int16", "smallint[]"),
        ("float64", "double precision[]"),
        ("bool", "boolean[]"),
    ],
)
def test_every_dtype_is_its_own_type(line, dtype, sql_type):
    array = np.array([0, 1, 1], dtype=dtype)
    assert line.execute("SELECT pg_typeof(%s)::text, %s", [array, array]).fetchone() == (sql_type, array.tolist())


def test_a_strided_array(line):
    assert line.execute("SELECT %s", [np.arange(10)[::3]]).fetchone() == ([0, 3, 6, 9],)


def test_the_text_form_for_merged_statements(line):
    with psycopg.ClientCursor(line) as cursor:
        assert cursor.mogrify("%s", [np.array([1, -2])]).strip() == "'{1,-2}'::int8[]"
        assert cursor.execute("SELECT %s", [np.array([True, False])]).fetchone() == ([True, False],)


@pytest.mark.parametrize("array", [np.zeros((2, 2), dtype=np.int64), np.array(["x"]), np.zeros(2, dtype=np.uint64)])
def test_what_has_no_sql_array(line, array):
    with pytest.raises(psycopg.DataError):
        line.execute("SELECT %s", [array])


def test_as_int64():
    assert as_int64([]).dtype == np.int64
    assert as_int64([True, 2]).tolist() == [1, 2]
    assert as_int64(np.array([1, 2], dtype=np.uint8)).dtype == np.int64
    with pytest.raises(TypeError):
        as_int64(np.array([1.0]))
    with pytest.raises((OverflowError, TypeError)):
        as_int64([2**64])
    with pytest.raises(OverflowError):
        as_int64(np.array([2**63], dtype=np.uint64))
