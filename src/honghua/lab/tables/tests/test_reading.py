"""Tables as people keep them: kinds, dates, targets, and the same columns written otherwise in another file."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from honghua.base.errors import BadInput
from honghua.lab.tables.api import Kind, Unread, build_table, describe, encode, read_for_scoring, read_table

ROWS = 60
WORD = np.array(["rent", "own", None, "other"], object)


def columns():
    k = np.arange(ROWS)
    return {
        "income": pa.array(np.where(k % 7 == 0, np.nan, k * 10.5), from_pandas=True),
        "age": pa.array(20 + k % 40),
        "home": pa.array(WORD[k % 4]),
        "worker": pa.array(k % 3 == 0),
        "since": pa.array([dt.date(2020, 1, 1) + dt.timedelta(days=int(j)) for j in k]),
        "opened": pa.array([f"{1 + j % 28:02}/{1 + j % 12:02}/2021" for j in k]),
        "month": pa.array([f"{('Jan', 'Feb', 'Mar')[j % 3]}-2019" for j in k]),
        "ratio": pa.array([f"{j}.5%" for j in k]),
        "price": pa.array([f"¥{j},200.00" if j else "n/a" for j in k]),
        "code": pa.array([f"00{j % 5}" for j in k]),
        "day": pa.array([20260101 + int(j) % 28 for j in k]),
        "list": pa.array([[int(j)] for j in k]),
        "y": pa.array(["good" if j % 3 else ("bad" if j else None) for j in k]),
    }


def write(tmp_path, found, name="t.parquet"):
    path = tmp_path / name
    if name.endswith("csv"):
        pa_csv.write_csv(pa.table(found), path)
    else:
        pq.write_table(pa.table(found), path)
    return path


def test_every_column_gets_the_kind_that_fits_it(tmp_path):
    table = read_table(write(tmp_path, columns()), target="y")
    kinds = {column.name: column.kind for column in table.columns}
    assert kinds == {
        "income": Kind.NUMBER, "age": Kind.WHOLE, "home": Kind.CATEGORY, "worker": Kind.FLAG, "since": Kind.DATE, "opened": Kind.DATE,
        "month": Kind.DATE, "ratio": Kind.NUMBER, "price": Kind.WHOLE, "code": Kind.CATEGORY, "day": Kind.DATE,
    }  # fmt: skip
    assert [one.name for one in table.unread] == ["list"]
    assert isinstance(table.unread[0], Unread)
    # The row without a target is gone, and the others know their places.
    assert table.rows == ROWS - 1
    assert table.places[0] == 1
    assert table.target_words == ("good", "bad")
    assert "1 rows without a target" in table.notes[0]
    assert table.column("since").values[0] == (dt.date(2020, 1, 2) - dt.date(1970, 1, 1)).days
    assert table.column("opened").values[0] == (dt.date(2021, 2, 2) - dt.date(1970, 1, 1)).days
    assert table.column("day").values[0] == (dt.date(2026, 1, 2) - dt.date(1970, 1, 1)).days
    assert table.column("price").values[0] == 1200.0
    assert table.column("home").missing.sum() == ROWS // 4


def test_csv_and_parquet_give_the_same_table(tmp_path):
    found = {name: data for name, data in columns().items() if name != "list"}
    one, other = (read_table(write(tmp_path, found, name), target="y") for name in ("a.parquet", "b.csv"))
    schema = describe(one, one.names)
    assert describe(other, other.names) == schema
    assert encode(one, schema).tobytes() == encode(other, schema).tobytes()


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        ([True, False], None, ("false", "true")),
        ([1.0, 2.0], None, ("1", "2")),
        (["yes", "no"], None, ("no", "yes")),
        (["denied", "granted"], None, ("granted", "denied")),
        (["fine", "good"], None, ("good", "fine")),
        (["a", "b", "b"], None, ("b", "a")),
        (["a", "b", "b"], "b", ("a", "b")),
    ],
)
def test_the_target_says_which_value_is_the_event(tmp_path, values, positive, expected):
    found = {"x": pa.array(np.arange(90.0)), "y": pa.array((values * 90)[:90])}
    table = read_table(write(tmp_path, found), target="y", positive=positive)
    assert table.target_words == expected
    assert repr(expected[1]) in table.notes[0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"y": pa.array(np.arange(ROWS) % 3)}, "BAD_TARGET"),
        ({"y": pa.array(np.arange(ROWS) / 7.0)}, "BAD_TARGET"),
        ({"y": pa.array([1] * ROWS)}, "BAD_TARGET"),
        ({"y": pa.array([1] * 3 + [0] * (ROWS - 3))}, "TOO_FEW_ROWS"),
        ({"z": pa.array([1] * ROWS)}, "BAD_COLUMNS"),
    ],
)
def test_a_target_that_will_not_do_is_refused_with_a_sentence(tmp_path, change, code):
    found = {name: data for name, data in columns().items() if name != "y"} | change
    with pytest.raises(BadInput) as caught:
        read_table(write(tmp_path, found), target="y")
    assert caught.value.code == code


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    for path, code in ((tmp_path / "none.csv", "NO_FILE"), (tmp_path / "broken.parquet", "BAD_FILE")):
        with pytest.raises(BadInput) as caught:
            read_table(path, target="y")
        assert caught.value.code == code


def test_rows_to_score_may_be_written_otherwise(tmp_path):
    found = columns()
    table = read_table(write(tmp_path, found), target="y")
    schema = describe(table, ("income", "age", "home", "worker", "since", "code"))
    first = read_for_scoring(write(tmp_path, found, "again.parquet"), schema)
    expected = encode(first, schema)
    k = np.arange(ROWS)
    other = {
        "code": found["code"].dictionary_encode(), "more": pa.array(k), "worker": pa.array([str(v) for v in k % 3 == 0]),
        "since": pa.array([f"2020-{1 + j // 31:02}-{1 + j % 31:02}" if j < 31 else str(found["since"][j]) for j in k]),
        "age": pa.array([f" {20 + j % 40}" for j in k]), "home": found["home"].cast(pa.large_string()),
        "income": pa.array([None if j % 7 == 0 else str(j * 10.5) for j in k]),
    }  # fmt: skip
    again = read_for_scoring(write(tmp_path, other, "other.parquet"), schema)
    assert encode(again, schema).tobytes() == expected.tobytes()


def test_a_new_word_is_not_a_missing_one(tmp_path):
    table = read_table(write(tmp_path, columns()), target="y")
    schema = describe(table, ("home",))
    rows = read_for_scoring(write(tmp_path, {"home": pa.array(["rent", None, "castle"])}, "s.parquet"), schema)
    assert np.array_equal(encode(rows, schema)[:, 0], [2.0, 3.0, np.nan], equal_nan=True)
    assert "home" in rows.notes[0]


def test_a_number_that_is_none_is_missing_and_nothing_is_said_of_it(tmp_path):
    table = read_table(write(tmp_path, columns()), target="y")
    schema = describe(table, ("income",))
    rows = read_for_scoring(write(tmp_path, {"income": pa.array([float("nan"), None, 3.0])}, "n.parquet"), schema)
    assert rows.notes == ()
    assert np.array_equal(encode(rows, schema)[:, 0], [np.nan, np.nan, 3.0], equal_nan=True)
    none = read_for_scoring(write(tmp_path, {"income": pa.array([float("nan")] * 3)}, "o.parquet"), schema)
    assert np.isnan(encode(none, schema)).all()


def test_columns_that_cannot_be_scored_are_refused(tmp_path):
    table = read_table(write(tmp_path, columns()), target="y")
    schema = describe(table, ("home", "income"))
    with pytest.raises(BadInput, match="lacks columns that the model reads: income"):
        read_for_scoring(write(tmp_path, {"home": pa.array(["rent"])}, "s.parquet"), schema)
    wrong = {"home": pa.array(["rent"]), "income": pa.array(["plenty"])}
    with pytest.raises(BadInput, match="none of its values can be read"):
        read_for_scoring(write(tmp_path, wrong, "w.parquet"), schema)


def test_arrays_make_the_same_kinds():
    y = np.arange(80) % 2
    table = build_table(
        {"a": np.arange(80.0), "w": np.array(["x", "y"] * 40), "f": y == 1}, target=y, ids=[str(k) for k in y]
    )
    assert [column.kind for column in table.columns] == [Kind.WHOLE, Kind.CATEGORY, Kind.FLAG]
    part = table.take(np.array([5, 3]))
    assert part.places.tolist() == [5, 3]
    assert part.column("a").values.tolist() == [5.0, 3.0]
    assert part.ids == ("1", "1")
