"""Files as they come: other alphabets and separators, a word among numbers, dates with a clock, names twice, targets spelled anyhow."""

from __future__ import annotations

import datetime as dt
import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from honghua.base.errors import BadInput
from honghua.lab.tables.api import Kind, describe, encode, read_for_scoring, read_table
from honghua.lab.tables.dates import NO_TIME, read_instants
from honghua.lab.tables.numerals import read_each_number, read_most_numbers, read_numbers

ROWS = 120
PLACES = np.arange(ROWS)
Y = PLACES % 3 == 0


def write(tmp_path, **columns):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({**columns, "y": pa.array(Y)}), path)
    return path


def kinds(table):
    return {column.name: column.kind for column in table.columns}


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1,234.50", "12", "-7%"], [1234.5, 12.0, -7.0]),
        (["1.234,50", "12", "¥7"], [1234.5, 12.0, 7.0]),
        (["12 345,6", "1"], [12345.6, 1.0]),
        (["1,234", "5,678"], [1234.0, 5678.0]),
        (["1 234 %", None], [1234.0, np.nan]),
        (["007", "8"], None),
        (["1.2.3", "4"], None),
        (["ten", "4"], None),
    ],
)
def test_a_comma_is_a_decimal_sign_when_only_that_reads_them_all(texts, numbers):
    found = read_numbers(texts)
    if numbers is None:
        assert found is None
    else:
        assert found is not None
        assert np.array_equal(found, numbers, equal_nan=True)


def test_numbers_are_read_one_by_one_in_the_form_of_most():
    assert np.array_equal(read_each_number(["3,5", "lots", "1,234"]), [3.5, np.nan, 1.234], equal_nan=True)
    assert np.array_equal(read_each_number(["3.5", "lots", "1,234"]), [3.5, np.nan, 1234.0], equal_nan=True)


def test_a_few_words_do_not_make_names_of_numbers(tmp_path):
    income = [f"{900 + k},50" for k in range(ROWS - 5)] + ["unknown"] * 5
    number = [str(k % 3) for k in range(ROWS - 5)] + ["3 or more"] * 5
    table = read_table(write(tmp_path, income=pa.array(income), children=pa.array(number)), target="y")
    assert kinds(table) == {"income": Kind.NUMBER, "children": Kind.CATEGORY}
    assert table.column("income").missing.sum() == 5
    assert table.column("income").values[0] == 900.5
    assert "income: 5 values among its numbers are none ('unknown')" in table.notes[1]
    # One word too many and they are names again; codes with leading noughts always are.
    texts = [str(k) for k in range(80)] + [f"word {k}" for k in range(20)]
    assert read_most_numbers(texts, np.arange(100)) is None
    assert read_most_numbers([*(f"0{k}" for k in range(50)), "x"], np.arange(51)) is None


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (["31/01/2024 10:15", "01/02/2024 00:00"], dt.datetime(2024, 1, 31, 10, 15, tzinfo=dt.UTC)),
        (["01/31/2024 10:15:00 PM", "02/01/2024 01:00:00 AM"], dt.datetime(2024, 1, 31, 22, 15, tzinfo=dt.UTC)),
        (["2024Q2", "2023-Q4"], dt.datetime(2024, 4, 1, tzinfo=dt.UTC)),
        (["March 5, 2024", "April 1, 2024"], dt.datetime(2024, 3, 5, tzinfo=dt.UTC)),
        (["2024年3月", "2024年4月"], dt.datetime(2024, 3, 1, tzinfo=dt.UTC)),
    ],
)
def test_dates_with_clocks_and_quarters(texts, first):
    found = read_instants(texts)
    assert found is not None
    assert found[0] == int(first.timestamp()) * 1_000_000


def test_the_year_9999_is_no_time():
    found = read_instants(["2024-01-01", "9999-12-31"])
    assert found is not None
    assert found[1] == NO_TIME
    assert read_instants(["9999-12-31"]) is None


def test_times_of_day_spans_and_bytes(tmp_path):
    path = write(
        tmp_path, clock=pa.array(PLACES * 1_000_000, pa.time64("us")), span=pa.array(PLACES, pa.duration("ms")),
        home=pa.array([b"own", b"rent"] * (ROWS // 2)), raw=pa.array([b"\xff\x00"] * ROWS),
    )  # fmt: skip
    table = read_table(path, target="y")
    assert kinds(table) == {"clock": Kind.WHOLE, "span": Kind.NUMBER, "home": Kind.CATEGORY}
    assert table.column("clock").values[5] == 5.0
    assert table.column("span").values[5] == 0.005
    assert [one.name for one in table.unread] == ["raw"]
    schema = describe(table, table.names)
    assert encode(read_for_scoring(path, schema), schema).tobytes() == encode(table, schema).tobytes()


HEADER = "客户, 收入 ,收入,\n"


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("t.csv", "utf-8-sig"), ("t.csv", "gb18030"), ("t.csv", "utf-16"), ("t.csv.gz", "utf-8")],
)
def test_text_files_of_many_makes(tmp_path, name, encoding):
    lines = [f"{'张三' if y else '李四'},{k}.5,{k + 1},{int(y)}\r\n" for k, y in enumerate(Y)]
    data = (HEADER.replace("\n", "是否违约\r\n") + "".join(lines)).encode(encoding)
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    table = read_table(path, target="是否违约")
    assert table.names == ("客户", "收入", "收入.1")
    assert table.rows == ROWS
    assert table.column("客户").words == ("张三", "李四")
    assert table.column("收入").values[3] == 3.5


def test_columns_of_one_name_and_of_none(tmp_path):
    path = tmp_path / "twice.parquet"
    pq.write_table(
        pa.Table.from_arrays(
            [pa.array(PLACES), pa.array(-PLACES), pa.array(Y), pa.array(PLACES)], ["a", "a", "Y ", ""]
        ),
        path,
    )
    table = read_table(path, target="y")  # a name is found by its letters where only one column has them
    assert table.names == ("a", "a.1", "column 4")
    assert table.column("a.1").values[7] == -7.0


def test_spellings_of_two_values_are_two_values(tmp_path):
    words = np.where(Y, np.where(PLACES % 2, "Yes", "yes "), "No")
    table = read_table(write_target(tmp_path, words), target="t", positive="YES")
    assert table.target_words == ("No", "Yes")
    assert np.array_equal(table.labels, Y)
    assert "taken together (yes = Yes)" in table.notes[0]
    numbers = np.where(Y, np.where(PLACES % 2, "1", "1.0"), "0")
    assert np.array_equal(read_table(write_target(tmp_path, numbers), target="t").labels, Y)
    with pytest.raises(BadInput, match="3 different values"):
        read_table(write_target(tmp_path, np.where(Y, "a", np.where(PLACES % 2, "b", "c"))), target="t")


def write_target(tmp_path, words):
    return write(tmp_path, x=pa.array(PLACES), t=pa.array(words.tolist()))


def test_a_column_less_is_missing_only_where_that_is_asked_for(tmp_path):
    found = {"a": pa.array(PLACES), "b": pa.array(["x", "z"] * (ROWS // 2))}
    schema = describe(read_table(write(tmp_path, **found), target="y"), ("a", "b"))
    path = write(tmp_path, a=found["a"])
    with pytest.raises(BadInput, match="lacks columns that the model reads: b"):
        read_for_scoring(path, schema)
    rows = read_for_scoring(path, schema, allow_absent=True)
    assert rows.column("b").missing.all()
    assert rows.notes[0].startswith("b: the file has no such column")
    with pytest.raises(BadInput, match="lacks"):
        read_for_scoring(write(tmp_path, c=found["a"]), schema, allow_absent=True)
