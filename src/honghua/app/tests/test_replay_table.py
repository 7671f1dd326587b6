"""Tables of purchases, good and bad: what is wrong is named with its row, and what is right is read to the cent."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.app.replay_file import PROBLEMS_KEPT
from honghua.app.replay_table import AMOUNT_MINOR_MAX, TableMap, exact_minor, float_minor, read_map, read_table
from honghua.base.errors import BadInput

HEADER = "id,at,customer,merchant,amount"
START = dt.datetime.fromisoformat("2026-01-05T09:00:00")
FDH = Path(__file__).parents[5] / "shared" / "data" / "fdh" / "transactions.parquet"


def columns(n: int = 4, **other: Any) -> dict[str, Any]:
    """A sound table of n rows, with some columns replaced; None leaves one out."""
    sound: dict[str, Any] = {
        "id": [f"t{k}" for k in range(n)], "at": [START + dt.timedelta(hours=k) for k in range(n)],
        "customer": [f"c{k % 2}" for k in range(n)], "merchant": ["m"] * n, "amount": [57.16] * n,
    }  # fmt: skip
    return {name: values for name, values in {**sound, **other}.items() if values is not None}


def parquet(folder: Path, **other: Any) -> Path:
    path = folder / "t.parquet"
    pq.write_table(pa.table(columns(**other)), path)
    return path


def csv(folder: Path, *lines: str, header: str = HEADER, end: str = "\n", name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes("".join(line + end for line in (header, *lines)).encode())
    return path


def sound_line(k: int, **other: str) -> str:
    values = {
        "id": f"t{k}",
        "at": f"2026-01-05 0{k}:00:00",
        "customer": "c",
        "merchant": "m",
        "amount": "57.16",
        **other,
    }
    return ",".join(values.values())


def read(path: Path, *, limit: int | None = None, **told: Any) -> Any:
    table, problems = read_table(path, TableMap(**told), limit=limit)
    assert problems == [], problems
    assert table is not None
    return table


def problems_of(path: Path, **told: Any) -> list[tuple[int, str, str]]:
    table, problems = read_table(path, TableMap(**told))
    assert table is None
    assert all(f"row {problem.row}" in str(problem) and problem.message for problem in problems)
    return [(problem.row, problem.code, problem.column) for problem in problems]


def test_a_sound_table(tmp_path):
    table = read(parquet(tmp_path))
    assert len(table) == 4
    assert table.ids == ["t0", "t1", "t2", "t3"]
    assert table.customers == ["c0", "c1", "c0", "c1"]
    assert table.categories == ["general"] * 4
    assert table.amount_minor.tolist() == [5716] * 4
    assert table.day.tolist() == [(START.date() - dt.date(1970, 1, 1)).days] * 4


# ------------------------------------------------------------------------------------------------------- bad rows
BAD_COLUMNS: dict[str, tuple[dict[str, Any], tuple[int, str, str]]] = {
    "negative": ({"amount": [1.0, -57.16, 1.0, 1.0]}, (2, "AMOUNT_NEGATIVE", "amount")),
    "negative whole": ({"amount": [1, 2, 3, -4]}, (4, "AMOUNT_NEGATIVE", "amount")),
    "huge": ({"amount": [1.0, 1.0, 1e300, 1.0]}, (3, "AMOUNT_TOO_LARGE", "amount")),
    "just too much": ({"amount": [1.0, 1.0, 1e10 + 0.01, 1.0]}, (3, "AMOUNT_TOO_LARGE", "amount")),
    "huge whole": ({"amount": [1, 1, 1, 2**62]}, (4, "AMOUNT_TOO_LARGE", "amount")),
    "huge unsigned": ({"amount": pa.array([1, 1, 1, 2**64 - 1], pa.uint64())}, (4, "AMOUNT_TOO_LARGE", "amount")),
    "infinite": ({"amount": [float("inf"), 1.0, 1.0, 1.0]}, (1, "AMOUNT_INVALID", "amount")),
    "not a number": ({"amount": [1.0, float("nan"), 1.0, 1.0]}, (2, "AMOUNT_INVALID", "amount")),
    "no amount": ({"amount": [1.0, None, 1.0, 1.0]}, (2, "AMOUNT_INVALID", "amount")),
    "a third of a cent": ({"amount": [1.0, 57.163, 1.0, 1.0]}, (2, "AMOUNT_TOO_FINE", "amount")),
    "a hair off a cent": ({"amount": [1.0, 57.1600000001, 1.0, 1.0]}, (2, "AMOUNT_TOO_FINE", "amount")),
    "less than a cent": ({"amount": [1.0, 0.001, 1.0, 1.0]}, (2, "AMOUNT_TOO_FINE", "amount")),
    "words": ({"amount": ["1.00", "two", "3", "4"]}, (2, "AMOUNT_INVALID", "amount")),
    "thousands with commas": ({"amount": ["1.00", "2", "3", "1,234.56"]}, (4, "AMOUNT_INVALID", "amount")),
    "an exponent": ({"amount": ["1.00", "2", "3", "1e3"]}, (4, "AMOUNT_INVALID", "amount")),
    "full-width digits": ({"amount": ["1.00", "2", "3", "\uff11\uff12"]}, (4, "AMOUNT_INVALID", "amount")),
    "fine decimal": ({"amount": [decimal.Decimal("1.005")] * 1 + [decimal.Decimal("1.000")] * 3}, (1, "AMOUNT_TOO_FINE", "amount")),
    "short float beyond its digits": ({"amount": pa.array([1, 1, 1, 200_000.01], pa.float32())}, (4, "AMOUNT_TOO_FINE", "amount")),
    "an id twice": ({"id": ["a", "b", "c", "a"]}, (4, "ID_DUPLICATE", "id")),
    "a whole id twice": ({"id": [1, 2, 2, 3]}, (3, "ID_DUPLICATE", "id")),
    "no id": ({"id": ["a", None, "c", "d"]}, (2, "VALUE_MISSING", "id")),
    "an empty customer": ({"customer": ["a", "b", "", "d"]}, (3, "VALUE_MISSING", "customer")),
    "a blank merchant": ({"merchant": ["a", "b", "c", " "]}, (4, "VALUE_MISSING", "merchant")),
    "a gap between numbers": ({"customer": [1.0, None, 3.0, 4.0]}, (2, "VALUE_MISSING", "customer")),
    "a fraction for a name": ({"customer": [1.0, 2.5, 3.0, 4.0]}, (2, "ID_INVALID", "customer")),
    "an id that a float has rounded": ({"id": [1.0, 2.0, 3.0, 1e17]}, (4, "ID_INVALID", "id")),
    "a zero byte": ({"customer": ["a", "b\0", "c", "d"]}, (2, "TEXT_INVALID", "customer")),
    "a line break": ({"merchant": ["a", "b\nc", "c", "d"]}, (2, "TEXT_INVALID", "merchant")),
    "an endless id": ({"id": ["a", "b", "c", "d" * 101]}, (4, "TEXT_TOO_LONG", "id")),
    "back in time": ({"at": [START, START, START - dt.timedelta(microseconds=1), START]}, (3, "TIME_DISORDER", "at")),
    "no time": ({"at": [START, None, START, START]}, (2, "TIME_INVALID", "at")),
    "unreadable time": ({"at": ["2026-01-05", "05/01/2026 10:00", "2026-01-05", "2026-01-05"]}, (2, "TIME_INVALID", "at")),
    "a day that is none": ({"at": ["2026-02-01"] * 3 + ["2026-02-30"]}, (4, "TIME_INVALID", "at")),
    "ages ago": ({"at": [dt.datetime.fromisoformat("1970-01-01"), START, START, START]}, (1, "TIME_IMPLAUSIBLE", "at")),
    "far ahead": ({"at": ["2026-01-05", "2026-01-05", "2026-01-05", "2999-01-01"]}, (4, "TIME_IMPLAUSIBLE", "at")),
    "beyond microseconds": ({"at": pa.array([0, 1, 2, 2**62], pa.timestamp("ms"))}, (4, "TIME_IMPLAUSIBLE", "at")),
    "foreign money": ({"currency": ["CNY", "CNY", "USD", "CNY"]}, (3, "CURRENCY_UNKNOWN", "currency")),
    "unknown money": ({"currency": ["CNY", None, "CNY", "CNY"]}, (2, "CURRENCY_UNKNOWN", "currency")),
    "no category": ({"category": ["food", "", "food", "food"]}, (2, "VALUE_MISSING", "category")),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_COLUMNS)
def test_the_row_at_fault_is_named(tmp_path, case):
    other, expected = BAD_COLUMNS[case]
    found = problems_of(parquet(tmp_path, **other))
    assert expected in found
    assert {code for _, code, _ in found} <= {expected[1], "TIME_IMPLAUSIBLE"}


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("57.16x", "AMOUNT_INVALID"), ("", "AMOUNT_INVALID"), ("NaN", "AMOUNT_INVALID"), ("-1.00", "AMOUNT_NEGATIVE"),
        ("1.999", "AMOUNT_TOO_FINE"), ("99999999999.00", "AMOUNT_TOO_LARGE"), ("9" * 30, "AMOUNT_TOO_LARGE"),
        ("9" * 31, "AMOUNT_INVALID"), (".5", "AMOUNT_INVALID"), ("5.", "AMOUNT_INVALID"), ("0x10", "AMOUNT_INVALID"),
    ],
)  # fmt: skip
def test_amounts_in_a_csv(tmp_path, case, code):
    assert problems_of(csv(tmp_path, sound_line(1), sound_line(2, amount=case))) == [(2, code, "amount")]


def test_several_problems_come_in_order_of_rows(tmp_path):
    path = parquet(tmp_path, amount=[1.0, 2.0, -3.0, float("nan")], id=["a", "a", "b", "b"])
    assert [row for row, *_ in problems_of(path)] == [2, 3, 4, 4]


def test_endless_problems_end(tmp_path):
    path = parquet(tmp_path, n=5 * PROBLEMS_KEPT, id=["same"] * 5 * PROBLEMS_KEPT, amount=[-1.0] * 5 * PROBLEMS_KEPT)
    assert len(problems_of(path)) == 2 * PROBLEMS_KEPT


# -------------------------------------------------------------------------------------------------------- bad files
def refused(path: Path, match: str, **told: Any) -> None:
    with pytest.raises(BadInput, match=match):
        read_table(path, TableMap(**told))


def test_files_that_are_none(tmp_path):
    refused(tmp_path / "absent.csv", "no such file")
    folder = tmp_path / "folder.parquet"
    folder.mkdir()
    refused(folder, "is a folder")
    other = tmp_path / "t.xlsx"
    other.write_bytes(b"PK")
    refused(other, "only .parquet and .csv")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.tsv"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    refused(tmp_path / name, "empty|damaged")


def test_no_rows(tmp_path):
    refused(csv(tmp_path), "no rows")
    refused(parquet(tmp_path, n=0, amount=pa.array([], pa.float64())), "no rows")


@pytest.mark.parametrize("keep", [10, 0.3, 0.9, -1, -8])
def test_a_truncated_parquet(tmp_path, keep):
    path = parquet(tmp_path, n=4)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    refused(path, "damaged, cut short or not what its name says")


def test_a_parquet_with_a_broken_heart(tmp_path):
    path = parquet(tmp_path, n=400, id=[f"{k * 7919:x}" for k in range(400)])
    whole = bytearray(path.read_bytes())
    whole[20:400] = bytes(380)
    path.write_bytes(whole)
    refused(path, "damaged")


def test_a_csv_that_says_it_is_parquet_and_the_other_way_round(tmp_path):
    as_parquet = tmp_path / "x.parquet"
    as_parquet.write_bytes(csv(tmp_path, sound_line(1)).read_bytes())
    refused(as_parquet, "damaged")
    as_csv = tmp_path / "x.csv"
    as_csv.write_bytes(parquet(tmp_path).read_bytes())
    refused(as_csv, "not UTF-8|no column|damaged")


def test_a_csv_cut_anywhere_is_refused_with_its_row(tmp_path):
    """Wherever a file of five rows is cut within a row, the last row is named; a cut between rows is another file."""
    lines = [sound_line(k) for k in range(5)]
    path = csv(tmp_path, *lines)
    whole = path.read_bytes()
    first = len(HEADER) + 1
    ends = {first + sum(len(line) + 1 for line in lines[:k]) for k in range(6)}
    for size in range(first + 1, len(whole)):
        path.write_bytes(whole[:size])
        if size in ends:
            assert len(read(path)) < 5
            continue
        row = 1 + sum(end <= size for end in ends if end > first)
        assert row in [found[0] for found in problems_of(path)], whole[:size][-40:]


def test_ragged_rows(tmp_path):
    path = csv(tmp_path, sound_line(1), "t2,2026-01-05 02:00:00,c", sound_line(3) + ",more", sound_line(4))
    assert problems_of(path) == [(2, "ROW_CUT", ""), (3, "ROW_RAGGED", "")]


def test_an_open_quote_swallows_no_rows(tmp_path):
    path = csv(tmp_path, sound_line(1), sound_line(2) + ',"note', sound_line(3), header=HEADER + ",note")
    refused(path, "row 3|row 2|row 1")
    path = csv(tmp_path, sound_line(1, merchant='"shop'), sound_line(2, merchant='cafe"'), sound_line(3))
    assert problems_of(path)[0][0] == 1


def test_wrong_columns(tmp_path):
    refused(
        csv(tmp_path, "1,2", header="one,two"),
        "no column found for id, at, customer, merchant, amount; the file has: one, two",
    )
    refused(parquet(tmp_path, amount=None), "no column found for amount.*Name them in a map")
    refused(csv(tmp_path, sound_line(1), header="id,id,at,customer,amount"), "2 columns called 'id'")
    refused(csv(tmp_path, sound_line(1) + ",1", header=HEADER + ",amount"), "2 columns called 'amount'")
    refused(csv(tmp_path, sound_line(1).replace(",", ";"), header=HEADER.replace(",", ";")), "read with commas between")
    refused(parquet(tmp_path), "map names column 'price' for amount", columns={"amount": "price"})
    refused(parquet(tmp_path, at=[1, 2, 3, 4]), "column at is int64, not a time")
    refused(parquet(tmp_path, amount=[True, False, True, True]), "column amount is bool, not a number")
    refused(parquet(tmp_path, amount=[[1], [2], [3], [4]]), "column amount is list")
    refused(parquet(tmp_path, id=[START] * 4), "column id is timestamp.*text or whole numbers")


def test_text_that_is_not_utf8_names_a_row(tmp_path):
    path = csv(tmp_path, sound_line(1))
    path.write_bytes(path.read_bytes() + sound_line(2, merchant="咖啡").encode("gb18030") + b"\n")
    refused(path, "row . or a little later is not UTF-8")
    path.write_bytes((HEADER + "\n" + sound_line(1) + "\n").encode("utf-16"))
    refused(path, "not UTF-8")


def test_a_life_too_long_to_close_day_by_day(tmp_path):
    path = parquet(tmp_path, n=2, at=[dt.datetime.fromisoformat("1991-01-01"), START])
    refused(path, "from 1991-01-01 to 2026-01-05: more than 4,000 days")


# ---------------------------------------------------------------------------------------------- what is read, and how
def test_csv_ids_stay_text(tmp_path):
    lines = ("007,2026-01-05,0042,NA,1", "7,2026-01-05,null,1e5,2", "1.0,2026-01-05,TRUE,2026-01-01,3")
    path = csv(tmp_path, *lines)
    table = read(path)
    assert table.ids == ["007", "7", "1.0"]
    assert table.customers == ["0042", "null", "TRUE"]
    assert table.merchants == ["NA", "1e5", "2026-01-01"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_and_blank_lines(tmp_path, end, mark):
    path = csv(tmp_path, sound_line(1), "", sound_line(2, merchant='"a, ""b"""'), end=end)
    path.write_bytes(mark + path.read_bytes())
    table = read(path)
    assert table.ids == ["t1", "t2"]
    assert table.merchants == ["m", 'a, "b"']


def test_tabs_and_spaces_and_capitals(tmp_path):
    path = csv(tmp_path, sound_line(1).replace(",", "\t"), header=" ID \tAt\tCUSTOMER\tMerchant\tAmount ", name="t.tsv")
    assert read(path).amount_minor.tolist() == [5716]


def test_whole_and_big_ids_and_words_from_a_dictionary(tmp_path):
    table = read(parquet(
        tmp_path, id=pa.array([2**63, 1, 2, 3], pa.uint64()), customer=pa.array([-1, 2**62, 0, 7], pa.int64()),
        merchant=pa.array(["a", "b", "a", "b"]).dictionary_encode(), category=pa.array(["x"] * 4, pa.large_string()),
    ))  # fmt: skip
    assert table.ids[0] == "9223372036854775808"
    assert table.customers == ["-1", str(2**62), "0", "7"]
    assert table.merchants == ["a", "b", "a", "b"]
    assert table.categories == ["x"] * 4


def test_whole_numbers_beside_gaps_are_ids_not_fractions(tmp_path):
    assert read(parquet(tmp_path, customer=[1.0, 2.0, 3.0, 4e15])).customers == ["1", "2", "3", "4000000000000000"]


def test_zero_is_not_a_problem_of_the_file(tmp_path):
    assert read(parquet(tmp_path, amount=[0.0, -0.0, 0.01, 1.0])).amount_minor.tolist() == [0, 0, 1, 100]
    assert read(csv(tmp_path, sound_line(1, amount="0"), sound_line(2, amount="-0.00"))).amount_minor.tolist() == [0, 0]


def float_of(value: float) -> tuple[int, bool, bool]:
    minor, bad, fine = float_minor(pa.array([value], pa.float64()), 2)
    return int(minor[0]), bool(bad[0]), bool(fine[0])


@given(st.integers(0, AMOUNT_MINOR_MAX))
@example(5716)
@example(AMOUNT_MINOR_MAX)
@example(AMOUNT_MINOR_MAX - 1)
@example(2_675)
@example(110_885)
def test_every_amount_reads_back_from_float_and_text(minor):
    text = f"{minor // 100}.{minor % 100:02}"
    assert float_of(float(text)) == (minor, False, False)
    for value in (text, decimal.Decimal(text), f"{text}000", f" +{text} "):
        found, bad, fine = exact_minor([value], 2)
        assert (int(found[0]), bool(bad[0]), bool(fine[0])) == (minor, False, False)


def test_the_noise_of_sums_is_no_digit():
    assert float_of(0.1 + 0.2) == (30, False, False)
    assert float_of(sum([57.16] * 10)) == (57160, False, False)


@given(st.integers(1, 2**23 - 1))
def test_short_floats_read_back_as_far_as_they_reach(minor):
    found, bad, fine = float_minor(pa.array([minor / 100], pa.float32()), 2)
    assert (int(found[0]), bool(bad[0]), bool(fine[0])) == (minor, False, False)


def test_minor_units(tmp_path):
    assert read(parquet(tmp_path, amount=[5716] * 4), unit="minor").amount_minor.tolist() == [5716] * 4
    assert read(parquet(tmp_path, amount=[5716] * 4), unit="major").amount_minor.tolist() == [571600] * 4
    assert problems_of(parquet(tmp_path, amount=[57.16] * 4), unit="minor")[0] == (1, "AMOUNT_TOO_FINE", "amount")
    named = parquet(tmp_path, amount=None, amount_minor=[5716] * 4)
    assert read(named).amount_minor.tolist() == [5716] * 4, "a column called amount_minor is in minor units"
    assert read(named, unit="major").amount_minor.tolist() == [571600] * 4, "unless the map says otherwise"


@pytest.mark.parametrize(
    ("currency", "amount", "minor"), [("JPY", "57", 57), ("BHD", "57.161", 57161), ("CLF", "1.0001", 10001)]
)
def test_digits_are_the_currencys(tmp_path, currency, amount, minor):
    assert read(csv(tmp_path, sound_line(1, amount=amount)), currency=currency).amount_minor.tolist() == [minor]
    assert problems_of(
        csv(tmp_path, sound_line(1, amount=amount + "1" if "." in amount else amount + ".1")), currency=currency
    )


def test_decimals(tmp_path):
    amounts = pa.array(
        [decimal.Decimal(x) for x in ("0.01", "57.16", "9999999999.99", "10000000000.00")], pa.decimal128(30, 4)
    )
    assert read(parquet(tmp_path, amount=amounts)).amount_minor.tolist() == [1, 5716, 999_999_999_999, 10**12]


# ----------------------------------------------------------------------------------------------------------- times
def day_of(date: str) -> int:
    return (dt.date.fromisoformat(date) - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC", "Pacific/Kiritimati"])
def test_naive_times_are_of_the_zone_and_days_are_local(tmp_path, zone):
    times = [dt.datetime.fromisoformat(text) for text in ("2026-07-01", "2026-07-01T23:59:59.999999", "2026-07-02")]
    first = int(dt.datetime(2026, 7, 1, tzinfo=ZoneInfo(zone)).timestamp()) * 10**6
    for at in (times, [time.isoformat(" ") for time in times], pa.array(times, pa.timestamp("ns"))):
        table = read(parquet(tmp_path, n=3, at=at), timezone=zone)
        assert table.day.tolist() == [day_of("2026-07-01")] * 2 + [day_of("2026-07-02")]
        assert table.at_us[0] == first


def test_aware_times_are_instants(tmp_path):
    texts = [
        "2026-06-30T16:00:00Z",
        "2026-07-01T00:00:00+08:00",
        "2026-06-30T20:30:00.5-04:00",
        "2026-07-01 15:59:59.999999+00:00",
    ]
    table = read(parquet(tmp_path, at=texts))
    assert table.day.tolist() == [day_of("2026-07-01")] * 4
    assert table.at_us[0] == table.at_us[1]
    assert table.at_us[2] - table.at_us[1] == (8 * 60 + 30) * 60_000_000 + 500_000
    stored = pa.array([dt.datetime(2026, 6, 30, 16, k, tzinfo=dt.UTC) for k in range(4)], pa.timestamp("ms", tz="UTC"))
    assert read(parquet(tmp_path, at=stored)).day.tolist() == [day_of("2026-07-01")] * 4


def test_dates_alone_are_midnights(tmp_path):
    assert read(parquet(tmp_path, at=[dt.date(2026, 7, 1)] * 4)).day.tolist() == [day_of("2026-07-01")] * 4
    assert read(csv(tmp_path, sound_line(1, at="2026-07-01"))).day.tolist() == [day_of("2026-07-01")]


def test_the_order_is_that_of_instants(tmp_path):
    path = parquet(tmp_path, n=2, at=["2026-07-01T10:00:00+08:00", "2026-07-01T01:00:00Z"])
    assert problems_of(path) == [(2, "TIME_DISORDER", "at")]
    fine = parquet(tmp_path, n=2, at=["2026-07-01T10:00:00.000001", "2026-07-01T10:00:00"])
    assert problems_of(fine) == [(2, "TIME_DISORDER", "at")], "a microsecond counts"


# ------------------------------------------------------------------------------------------------- limit and digest
def test_a_limit_looks_no_further(tmp_path):
    path = csv(tmp_path, sound_line(1), sound_line(2), "broken")
    assert len(read(path, limit=2)) == 2
    assert len(read(parquet(tmp_path), limit=99)) == 4
    for limit in (0, -1):
        with pytest.raises(BadInput, match="at least 1 row"):
            read_table(path, TableMap(), limit=limit)


def test_the_digest_names_content_and_map(tmp_path):
    path = parquet(tmp_path)
    digests = [
        read(path).digest,
        read(path, limit=3).digest,
        read(path, category="x").digest,
        read(path, timezone="UTC").digest,
    ]
    digests.append(read(parquet(tmp_path, merchant=["m", "m", "m", "n"])).digest)
    digests.append(read(parquet(tmp_path, customer=["c0", "c1", "c0c", "1"])).digest)
    assert len(set(digests)) == len(digests)
    again = tmp_path / "again.csv"
    pacsv.write_csv(pa.table(columns()), again)
    assert read(again).digest == read(parquet(tmp_path)).digest, "the same purchases from another kind of file"


# ------------------------------------------------------------------------------------------------------------- maps
def map_of(folder: Path, text: str) -> TableMap:
    path = folder / "map.toml"
    path.write_text(text)
    return read_map(path)


def test_a_map(tmp_path):
    table_map = map_of(tmp_path, '[columns]\nid = "number"\namount = "price"\n[money]\ncurrency = "JPY"\nunit = "minor"\n'
                                 '[book]\ntimezone = "Asia/Tokyo"\nlimit_minor = 5\n[repayment]\nfull = 1\n')  # fmt: skip
    assert table_map == TableMap(
        {"id": "number", "amount": "price"}, "JPY", "minor", "Asia/Tokyo", "general", 5, {"full": 1}
    )
    path = parquet(tmp_path, id=None, number=["a", "b", "c", "d"], amount=None, price=[1, 2, 3, 4])
    assert read(path, columns={"id": "number", "amount": "price"}, currency="JPY").amount_minor.tolist() == [1, 2, 3, 4]
    assert map_of(tmp_path, "") == TableMap() == read_map(None)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[colums]\n", "unknown table"), ("currency = 'CNY'", "unknown table"), ("[money]\ncoin = 'CNY'", "unknown key coin"),
        ("[columns]\nprice = 'x'", "unknown key price"), ("[columns]\nid = 7", "must be text"), ("[columns", "map .*map.toml"),
        ("[money]\ncurrency = 'XYZ'", "unknown currency"), ("[money]\ncurrency = ['CNY']", "must be text"),
        ("[money]\nunit = 'cents'", "unit must be"), ("[money]\nunit = 100", "must be text"),
        ("[book]\ntimezone = 'Mars/Base'", "unknown time zone"), ("[book]\ntimezone = ''", "unknown time zone"),
        ("[book]\ntimezone = '../../etc/passwd'", "unknown time zone"), ("[book]\ntimezone = 8", "must be text"),
        ("[book]\nlimit_minor = 0", "limit_minor must be"), ("[book]\nlimit_minor = 1.5", "whole number"),
        ("[book]\nlimit_minor = true", "whole number"), ("[book]\nlimit_minor = 10000000000000", "limit_minor must be"),
        ("[book]\ncategory = ''", "category must not"),
        ("[repayment]\nfull = 0.5", "sum to 1"), ("[repayment]\nfull = 1.5\nnever = -0.5", "sum to 1"), ("[repayment]\n", "sum to 1"),
        ("[repayment]\nfull = nan", "sum to 1"), ("[repayment]\nfull = inf", "sum to 1"), ("[repayment]\nfull = '1'", "a number"),
        ("[repayment]\nsoon = 1", "unknown key soon"),
    ],
)  # fmt: skip
def test_maps_that_make_no_sense(tmp_path, text, match):
    with pytest.raises(BadInput, match=match):
        map_of(tmp_path, text)


def test_a_map_that_is_no_file(tmp_path):
    with pytest.raises(BadInput, match="map"):
        read_map(tmp_path / "absent.toml")
    with pytest.raises(BadInput, match="map"):
        read_map(tmp_path)
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="map"):
        read_map(tmp_path / "x.toml")


# ------------------------------------------------------------------------------------------------------- real input
@pytest.mark.skipif(not FDH.is_file(), reason="the shared data is not here")
def test_real_purchases():
    table = read(FDH, limit=20_000)
    raw = pq.ParquetFile(FDH).read().slice(0, 20_000)
    floats: Sequence[float] = raw.column("TX_AMOUNT").to_pylist()
    assert table.amount_minor.tolist() == [round(decimal.Decimal(repr(x)).scaleb(2)) for x in floats]
    assert table.ids[:3] == ["0", "1", "2"]
    assert np.all(np.diff(table.at_us) >= 0)
    first = dt.datetime.fromtimestamp(int(table.at_us[0]) / 10**6, dt.UTC)
    assert first == dt.datetime(2018, 3, 31, 16, 0, 31, tzinfo=dt.UTC), "31 seconds after midnight in Shanghai"
    assert table.day[0] == day_of("2018-04-01")
