"""Tables as other people write them: what is read as what, what is left out, and that nothing later than the fit decides it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from honghua.app.replay_map import TableMap, find_columns, read_map
from honghua.app.tables.extras import Extra
from honghua.app.tables.file import as_floats, column_names
from honghua.app.tables.stream import Stream, Waiting
from honghua.app.tables.table import EventTable, TableSpec, build_events, describe_table, open_table
from honghua.base.errors import BadInput
from honghua.fraud.core import merge_labels

DAY = 86_400
MAP = TableMap(labels={"delay_days": 2}, timezone="UTC")


def write(folder: Path, table: pa.Table, name: str = "t.parquet") -> Path:
    path = folder / name
    pacsv.write_csv(table, path) if name.endswith("csv") else pq.write_table(table, path)
    return path


def described(folder: Path, table: pa.Table, until: str, table_map: TableMap = MAP, label: str = "is_fraud"):
    raw = open_table(write(folder, table), table_map, label=label, spec=None)
    spec, last_us = describe_table(raw, table_map, until=until)
    return build_events(raw, spec, table_map), last_us


def test_well_known_tables_are_read_without_a_map(tmp_path: Path):
    paysim = pa.table({
        "step": [1, 1, 2], "type": ["CASH_OUT", "PAYMENT", "TRANSFER"], "amount": [10.0, 2.5, 7.0], "nameOrig": ["C1", "C2", "C1"],
        "oldbalanceOrg": [1.0, 2, 3], "nameDest": ["M1", "C1", "C2"], "isFraud": [0, 1, 0], "isFlaggedFraud": [0, 0, 0],
    })  # fmt: skip
    table, last = described(tmp_path, paysim, "1", label="isFraud")
    assert table.spec.entities == ("customer", "payee", "category")
    assert (table.events[:, 0] <= last).tolist() == [True, True, False]
    assert table.events[2, 0] - table.events[0, 0] == 3_600_000_000
    schema = table.spec.schema
    assert table.events[0, schema.place("customer")] == table.events[1, schema.place("payee")]  # the same person
    sparkov = pa.table({
        "trans_date_trans_time": ["2020-06-21 12:14:25", "2020-06-21 12:14:33"], "cc_num": [2291163933867244, 3573030041201292],
        "merchant": ["fraud_Kirlin", "fraud_Sporer"], "category": ["personal_care", "health"], "amt": [2.86, 29.84],
        "trans_num": ["a", "b"], "is_fraud": [0, 1], "state": ["SC", "UT"],
    })  # fmt: skip
    table, _ = described(tmp_path, sparkov, "2020-06-22")
    assert table.spec.entities == ("customer", "merchant", "category", "region")
    assert table.events[:, 2].tolist() == [286, 2984]
    assert table.spec.hours


def test_steps_without_a_unit_are_stretched_to_the_windows(tmp_path: Path):
    counter = pa.table(
        {"Time": [0, 50, 100, 150], "Source": list("abab"), "Amount": [1.0, 2, 3, 4], "Labels": [0, 1, 2, 1]}
    )
    table, last = described(tmp_path, counter, "100", label="Labels")
    assert last - table.events[0, 0] == 90 * DAY * 10**6
    assert table.labels is not None
    assert table.labels.tolist() == [0, 1, -1, 1]
    assert any("stretched" in notice for notice in table.notices)


def test_ties_stand_in_the_file_order_and_numbers_and_categories_are_read(tmp_path: Path):
    body = """
numbers = ["risk", "available_minor"]
categories = ["channel"]
[columns]
at = "t"
customer = "who"
amount = "a"
[time]
unit = "day"
[labels]
delay_days = 1
unlabelled = ["9"]
"""
    (tmp_path / "m.toml").write_text(body)
    table_map = read_map(tmp_path / "m.toml")
    rows = pa.table({
        "t": [2, 1, 2, 1], "who": [1.0, 2.0, None, 1.0], "a": [5, 6, 7, 8], "risk": [0.25, None, 0.5, 1.5],
        "available_minor": [10, 20, 30, 40], "channel": ["web", "app", "web", None], "y": [1, 0, 9, 0],
    })  # fmt: skip
    table, _ = described(tmp_path, rows, "2", table_map, "y")
    assert table.place.tolist() == [1, 3, 0, 2]
    assert table.events[:, 2].tolist() == [600, 800, 500, 700]
    schema = table.spec.schema
    assert table.events[:, schema.place("available_minor")].tolist() == [20, 40, 10, 30]
    assert [(one.name, one.kind, one.levels) for one in table.spec.extras] == [
        ("risk", "number", ()),
        ("channel", "category", ("web", "app")),
    ]
    np.testing.assert_array_equal(table.extras, [[np.nan, 2], [1.5, np.nan], [0.25, 1], [0.5, 1]])
    assert table.labels is not None
    assert table.labels.tolist() == [0, 0, 1, -1]
    assert (table.arrives_us - table.events[:, 0]).tolist() == [DAY * 10**6] * 4
    assert table.events[3, schema.place("customer")] == 0


@pytest.mark.parametrize(
    "text", ['[time]\nunit = "week"', "[labels]\ndelay_days = -1", 'numbers = "x"', "[columns]\nnumbers = [1]"]
)
def test_maps_that_mean_nothing_are_refused(text: str, tmp_path: Path):
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(BadInput):
        read_map(tmp_path / "m.toml")


def text_table(folder: Path, text: str, until: str, *, label: str, table_map: TableMap = MAP) -> EventTable:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    raw = open_table(folder / "t.csv", table_map, label=label, spec=None)
    spec, _ = describe_table(raw, table_map, until=until)
    return build_events(raw, spec, table_map)


def test_a_time_in_parts_amounts_with_signs_and_labels_in_words(tmp_path: Path):
    text = (
        "User,Card,Year,Month,Day,Time,Amount,Merchant Name,Merchant City,MCC,Is Fraud?\n"
        "0,1,2002,9,1,06:21,$134.09,3527213246127876953,La Verne,5300,No\n"
        '0,0,2002,9,1,6:42,"$-1,038.00",-727612092139916043,Monterey Park,5411,Yes\n'
    )
    table = text_table(tmp_path, text, "2003-01-01", label="Is Fraud?")
    at = np.array(["2002-09-01T06:21", "2002-09-01T06:42"], "datetime64[us]").astype(np.int64)
    assert table.events[:, 0].tolist() == at.tolist()
    assert table.events[:, 2].tolist() == [13409, 103800]
    assert table.labels is not None
    assert table.labels.tolist() == [0, 1]
    assert table.spec.entities == ("customer", "merchant", "category", "region")
    assert table.spec.extras[-1] == Extra("amount_negative", "negative", ())
    assert table.extras[:, -1].tolist() == [0.0, 1.0]
    schema = table.spec.schema
    assert table.events[0, schema.place("customer")] == table.events[1, schema.place("customer")]


def test_several_columns_make_one_customer(tmp_path: Path):
    (tmp_path / "m.toml").write_text('[columns]\ncustomer = ["User", "Card"]\n[book]\ntimezone = "UTC"\n')
    table_map = read_map(tmp_path / "m.toml")
    text = "User,Card,time,amt,y\n0,1,2026-01-01,1,0\n0,2,2026-01-02,1,1\n0,1,2026-01-03,1,0\n"
    table = text_table(tmp_path, text, "2026-02-01", label="y", table_map=table_map)
    keys = table.events[:, table.spec.schema.place("customer")]
    assert keys[0] == keys[2] != keys[1]
    assert not table.spec.hours
    with pytest.raises(BadInput, match="from one column"):
        find_columns(["id", "time", "User", "Card", "shop", "amt"], table_map)


def test_a_date_and_a_time_of_day_in_two_columns_and_a_header_twice(tmp_path: Path):
    text = "Time,Date,Account,Account,Amount Paid,Is Laundering\n10:35:19,2022-10-07,a,b,12.5,0\n0:05:00,2022-10-08,b,a,3,1\n"
    table = text_table(tmp_path, text, "2022-11-01", label="Is Laundering")
    at = np.array(["2022-10-07T10:35:19", "2022-10-08T00:05:00"], "datetime64[us]").astype(np.int64)
    assert table.events[:, 0].tolist() == at.tolist()
    assert column_names(tmp_path / "t.csv")[2:4] == ["Account", "Account.1"]
    schema = table.spec.schema
    assert table.events[0, schema.place("customer")] == table.events[1, schema.place("payee")] != 0


def test_semicolons_decimal_commas_zones_and_chinese_names(tmp_path: Path):
    told = '[columns]\nat="时间"\ncustomer="客户"\namount="金额"\n[labels]\nfraud=["欺诈"]\nclear=["正常"]\n'
    (tmp_path / "m.toml").write_text(told, encoding="utf-8")
    text = (
        "时间;客户;金额;结果\n2026-01-01T08:00:00+08:00;张 三;1.234,50;正常\n"
        "2026-01-01T00:00:01Z;李 四;12,34;欺诈\n2026-01-02T00:00:01Z;张 三;5;\n"
    )
    table = text_table(tmp_path, text, "2026-01-02", label="结果", table_map=read_map(tmp_path / "m.toml"))
    assert np.diff(table.events[:, 0])[0] == 1_000_000
    assert table.events[:, 2].tolist() == [123450, 1234, 500]
    assert table.labels is not None
    assert table.labels.tolist() == [0, 1, -1]


def test_gb18030_is_read(tmp_path: Path):
    (tmp_path / "t.csv").write_bytes("时间,客户,金额,y\n2026-01-01,张三,1,0\n".encode("gb18030"))
    assert column_names(tmp_path / "t.csv")[0] == "时间"


@pytest.mark.parametrize(
    ("texts", "until", "seconds"),
    [
        (["13/01/2026 10:00", "14/01/2026 10:00"], "2026-02-01", DAY),
        (["01/13/2026 11:00:00 PM", "01/14/2026 11:00:01 PM"], "2026-02-01", DAY + 1),
        (["2022/09/01 00:20", "2022/09/01 00:21"], "2026-02-01", 60),
        (["2017-01-01 10:00:00 UTC", "2017-01-02 10:00:00 UTC"], "2026-02-01", DAY),
        (["20260113", "20260114"], "2026-02-01", DAY),
        (["1767225600", "1767225660"], "1767225700", 60),
        (["2026-01-01 10:00:00", "2026-01-01 10:00:05"], "1767312000", 5),
    ],
)
def test_times_as_they_are_written(tmp_path: Path, texts: list[str], until: str, seconds: int):
    rows = "".join(f"{text},a,1,{k}\n" for k, text in enumerate(texts))
    table = text_table(tmp_path, f"time,user,amt,y\n{rows}", until, label="y")
    assert np.diff(table.events[:, 0]).tolist() == [seconds * 10**6]


def test_amounts_as_people_write_them():
    told = ["$12.34", "-$1,234.50", "(5.00)", "€ 3", "8 元", "inf", None, "abc", "1e3"]
    expected = [12.34, -1234.5, -5, 3, 8, np.nan, np.nan, np.nan, 1000]
    np.testing.assert_array_equal(as_floats(pa.array(told)), expected)


N = 3_000


def wide(**other: Any) -> pa.Table:
    """A table with every kind of further column; the label is a seldom draw."""
    rng = np.random.default_rng(3)
    y = (rng.random(N) < 0.05).astype(np.int8)
    at = np.sort(rng.integers(0, 90 * DAY, N)) + 1_767_225_600
    found = {
        "": rng.permutation(N), "row": np.arange(N) + 2_987_000, "time": pa.array(at, pa.timestamp("s")), "user": rng.integers(0, 50, N),
        "amt": rng.uniform(1, 99, N).round(2), "y": y, "unix_time": at, "V1": rng.normal(size=N).astype(np.float32),
        "balance": rng.uniform(0, 500, N), "gender": rng.choice(["F", "M"], N), "note": [f"n {k}" for k in range(N)], "one": np.ones(N),
        "dob": rng.choice(["1990-01-01", "1980-05-05"], N), "TX_FRAUD_SCENARIO": y * 2, "isFlaggedFraud": rng.integers(0, 2, N),
        "verdict": np.where(y == 1, rng.choice(["burst", "drain"], N), "calm"), "grade": y + rng.random(N) / 2,
        "text_number": [f"{x:.2f}" for x in rng.random(N)], "empty": pa.nulls(N), "list": [[1]] * N,
    }  # fmt: skip
    return pa.table({name: column for name, column in {**found, **other}.items() if column is not None})


def kinds_of(table: EventTable) -> dict[str, str]:
    return {one.name: one.kind for one in table.spec.extras}


def test_further_columns_are_read_as_what_they_are_and_leaks_are_not(tmp_path: Path):
    table, _ = described(tmp_path, wide(), "2026-03-01", label="y")
    assert kinds_of(table) == {
        "V1": "number", "balance": "number", "gender": "category", "dob": "since", "text_number": "number",
        "amount_beyond_balance": "part",
    }  # fmt: skip
    left = next(notice for notice in table.notices if notice.startswith("not read"))
    for name in (
        "row",
        "unix_time",
        "note",
        "one",
        "TX_FRAUD_SCENARIO",
        "isFlaggedFraud",
        "verdict",
        "grade",
        "empty",
        "list",
    ):
        assert name in left
    assert any("verdict alone tells the label" in notice for notice in table.notices)


def test_the_map_overrides_what_further_columns_are(tmp_path: Path):
    named = TableMap(numbers=("verdict_code",), categories=("balance",), ignore=("V1", "gender"), timezone="UTC")
    rows = wide(verdict_code=wide().column("grade"))
    table, _ = described(tmp_path, rows, "2026-03-01", named, "y")
    assert kinds_of(table) == {"verdict_code": "number", "balance": "category", "dob": "since", "text_number": "number"}
    assert any(notice.startswith("beware: verdict_code") for notice in table.notices)
    only = TableMap(numbers=("V1",), others="ignore", timezone="UTC")
    table, _ = described(tmp_path, rows, "2026-03-01", only, "y")
    assert kinds_of(table) == {"V1": "number"}


def test_what_a_column_is_does_not_depend_on_rows_after_the_fit(tmp_path: Path):
    rows = wide()
    past = int((rows.column("time").cast(pa.int64()).to_numpy() <= 1_772_323_200).sum())  # 2026-03-01
    gender = rows.column("gender").to_pylist()[:past] + [f"g{k}" for k in range(N - past)]
    later = [str(k) if k < past else "x" for k in range(N)]
    table = wide(
        gender=gender, text_number=later, V1=pa.array(rows.column("V1").to_pylist()[:past] + [None] * (N - past))
    )
    whole, _ = described(tmp_path, table, "2026-03-01", label="y")
    cut, _ = described(tmp_path, table.slice(0, past), "2026-03-01", label="y")
    assert whole.spec == cut.spec
    assert kinds_of(cut)["gender"] == "category"


def test_values_of_further_columns(tmp_path: Path):
    days = ("2026-01-01", "2025-12-31")
    text = "time,user,amt,oldbalance,newbalance,signup,channel,y\n" + "".join(
        f"2026-01-0{k},u{k % 2},10,{25 if k != 3 else ''},{15 + k},{days[k % 2]},{'web' if k % 3 else 'app'},{k % 2}\n"
        for k in range(1, 7)
    )
    table = text_table(tmp_path, text, "2026-02-01", label="y")
    by_name = dict(zip((one.name for one in table.spec.extras), table.extras.T, strict=True))
    np.testing.assert_array_equal(by_name["amount_beyond_oldbalance"], [-1.5, -1.5, np.nan, -1.5, -1.5, -1.5])
    np.testing.assert_array_equal(
        by_name["oldbalance_to_newbalance"], np.array([-0.9, -0.8, np.nan, -0.6, -0.5, -0.4], np.float32)
    )
    np.testing.assert_array_equal(by_name["signup"], [1, 1, 3, 3, 5, 5])
    np.testing.assert_array_equal(by_name["channel"], [1, 1, 2, 1, 1, 2])
    assert any("newbalance may be known only after" in notice for notice in table.notices)


def test_columns_absent_or_in_other_order_while_scoring(tmp_path: Path):
    rows = wide()
    fitted, _ = described(tmp_path, rows, "2026-03-01", label="y")
    names = [name for name in reversed(rows.column_names) if name not in ("gender", "y", "list")]
    path = write(tmp_path, rows.select(names).append_column("more", pa.array(np.arange(N))), "s.csv")
    table_map = TableMap(categories=("gender",), timezone="UTC")
    raw = open_table(path, table_map, label=None, spec=fitted.spec)
    table = build_events(raw, fitted.spec, table_map)
    assert table.labels is None
    place = [one.name for one in fitted.spec.extras].index("gender")
    assert np.isnan(table.extras[:, place]).all()
    kept = np.arange(table.extras.shape[1]) != place
    np.testing.assert_array_equal(table.extras[:, kept], fitted.extras[:, kept])
    np.testing.assert_array_equal(table.events, fitted.events)
    assert any("lacks: gender" in notice for notice in table.notices)


def test_missing_amounts_are_told_and_read_as_nothing(tmp_path: Path):
    rows = wide(amt=[None if k == 4 else -1.0 if k == 5 else 2.0 for k in range(N)])
    table, _ = described(tmp_path, rows, "2026-03-01", label="y")
    assert table.events[4:7, 2].tolist() == [0, 100, 200]
    assert any("1 amounts are missing" in notice for notice in table.notices)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0.0, 1.0, None] * (N // 3)),
        pa.array([False, True, None] * (N // 3)),
        pa.array(["no", "Yes", ""] * (N // 3)).dictionary_encode(),
        pa.array(["0.0", "1.0", None] * (N // 3)),
    ],
)
def test_labels_of_any_type(tmp_path: Path, column: pa.Array):
    table, _ = described(tmp_path, wide(y=column), "2026-03-01", label="y")
    assert table.labels is not None
    assert table.labels[:6].tolist() == [0, 1, -1] * 2


def test_counters_of_well_known_tables_have_their_unit(tmp_path: Path):
    card = "Time,V1,V28,Amount,Class\n0,1,2,3,0\n120000,2,1,3,1\n"
    assert np.diff(text_table(tmp_path, card, "150000", label="Class").events[:, 0]).tolist() == [120_000 * 10**6]
    bank = "step,customer,zipcodeOri,merchant,category,amount,fraud\n" + "".join(
        f"{k},'C1','28007','M{k}','es_food',4.5,{k}\n" for k in (0, 1)
    )
    table = text_table(tmp_path, bank, "1", label="fraud")
    assert np.diff(table.events[:, 0]).tolist() == [DAY * 10**6]
    with pytest.raises(BadInput, match="from 0 to 1"):
        text_table(tmp_path, bank, "2020-01-01", label="fraud")


def test_a_spec_is_saved_and_loaded(tmp_path: Path):
    table, _ = described(tmp_path, wide(), "2026-03-01", label="y")
    table.spec.save(tmp_path / "spec.json")
    assert TableSpec.load(tmp_path / "spec.json") == table.spec


def test_a_stream_is_the_merged_table_block_by_block(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("honghua.app.tables.stream.BLOCK", 7)
    rng = np.random.default_rng(1)
    events = np.zeros((60, 5), np.int64)
    events[:, 0] = events[:, 3] = np.sort(rng.integers(100, 130, 60))
    events[:, 1], events[:, 2] = 1, np.arange(60)
    labels, arrives = rng.integers(-1, 2, 60), events[:, 0] + rng.integers(-2, 20, 60)
    merged, source = merge_labels(events, labels, arrives)
    blocks = list(Stream.of(events, labels, arrives).blocks())
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in blocks]), merged)
    np.testing.assert_array_equal(np.concatenate([place for _, place in blocks]), source)
    cut = int(np.searchsorted(events[:, 0], 115))
    late = np.flatnonzero((labels[:cut] >= 0) & (np.maximum(arrives, events[:, 0])[:cut] >= 115))
    waiting = Waiting(events[late], labels[late], arrives[late])
    tail = Stream.of(events[cut:], labels[cut:], arrives[cut:], waiting=waiting)
    np.testing.assert_array_equal(np.concatenate([rows for rows, _ in tail.blocks()]), merged[merged[:, 0] >= 115])
