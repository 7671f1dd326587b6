"""Rows and outcomes drawn from a stream: who is asked about, what became of them, and that the future stays out."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.lab.factory.api import Stream, load_stream, parse_dictionary
from honghua.lab.workers.clustering import fit_clusters
from honghua.lab.workers.columns_file import pack_columns, unpack_columns
from honghua.lab.workers.drawing import draw_rows, find_bad, list_dates
from honghua.lab.workers.question import (
    Among,
    Exposure,
    Question,
    RowDates,
    SegmentPlan,
    Target,
    question_of,
    read_question,
    to_params,
)

DICTIONARY = """
name = "small"
timezone = "UTC"
currency = "CNY"
[entities]
customer = { en = "customer", zh = "客户" }
[grammar]
windows = ["7d", "30d"]
trends = [["7d", "30d"]]
[tables.purchases]
en = "purchases"
zh = "消费"
kind = 1
file = "events.parquet"
only = { kind = ["purchase"] }
time = "at"
entities = { customer = "customer" }
[tables.purchases.numbers]
credit = { en = "on credit", zh = "用信", measured = false }
limit = { column = "limit_minor", slot = "limit_minor", en = "limit", zh = "额度" }
available = { column = "available_minor", en = "available", zh = "可用" }
[tables.repayments]
en = "repayments"
zh = "还款"
kind = 2
file = "events.parquet"
only = { kind = ["repayment"] }
time = "at"
entities = { customer = "customer" }
"""
QUESTION = Question(
    name="small", dictionary="small", plan="credit",
    target=Target(name="misses", says="does not repay", table="repayments", bad_when="absent", within_days=10),
    among=Among(table="purchases", within_days=10, where={"credit": 1}),
    rows=RowDates(every_days=10, warm_up_days=10, snapshots_max=3),
    segments=SegmentPlan(count=2, variables=("customer__count__purchases__7d",)),
    exposure=Exposure(limit="limit_minor", available="available"),
)  # fmt: skip
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    """Forty days: ann buys on credit every 5 days and repays every 5, bo buys on credit and never repays, cy pays with own money."""
    rows = []
    for day in range(0, 41, 5):
        at = START + dt.timedelta(days=day)
        rows += [
            ("ann", "purchase", at, 1, 1000, 1000 - day),
            ("ann", "repayment", at + dt.timedelta(hours=1), None, None, None),
        ]
        rows += [("bo", "purchase", at, 1, 2000, 500), ("cy", "purchase", at, 0, None, None)]
    rows.sort(key=lambda row: row[2])
    columns = dict(
        zip(
            ("customer", "kind", "at", "credit", "limit_minor", "available_minor"), zip(*rows, strict=True), strict=True
        )
    )
    folder = tmp_path_factory.mktemp("events")
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), folder / "events.parquet")
    return load_stream(parse_dictionary(DICTIONARY), folder)


def test_rows_are_who_bought_on_credit_and_bad_is_who_did_not_repay(stream: Stream):
    drawn = draw_rows(stream, QUESTION)
    names = np.array(stream.name_of("customer", drawn.customer))
    assert set(names.tolist()) == {"ann", "bo"}
    known = drawn.part < 2
    assert drawn.bad[known & (names == "ann")].tolist() == [0] * 3
    assert drawn.bad[known & (names == "bo")].tolist() == [1] * 3
    assert set(drawn.bad[drawn.part == 2].tolist()) == {-1}
    assert drawn.owed_minor[names == "bo"].tolist() == [1500] * 4
    assert np.all(np.diff(drawn.part) >= 0)
    assert np.all(np.diff(drawn.as_of_us) >= 0)


def test_the_outcome_of_a_row_is_over_before_the_later_rows_begin(stream: Stream):
    dates = list_dates(stream, QUESTION)
    assert dates[-1] == stream.last_us
    assert all(later - earlier >= QUESTION.target.within_days * DAY_US for earlier, later in itertools.pairwise(dates))
    cut = stream.until(dates[0])
    drawn = draw_rows(stream, QUESTION)
    first = drawn.as_of_us == dates[0]
    assert find_bad(cut, QUESTION, drawn.customer[first], dates[0]).all(), (
        "with the future cut off nobody has repaid yet"
    )
    assert not find_bad(stream, QUESTION, drawn.customer[first], dates[0]).all()


def test_happens_is_the_other_way_round_and_too_few_days_are_refused(stream: Stream):
    other = replace(QUESTION, target=replace(QUESTION.target, bad_when="happens"))
    ours, theirs = draw_rows(stream, QUESTION), draw_rows(stream, other)
    known = ours.part < 2
    assert np.array_equal(ours.bad[known], 1 - theirs.bad[known])
    with pytest.raises(BadInput, match="too few"):
        draw_rows(stream, replace(QUESTION, rows=replace(QUESTION.rows, warm_up_days=35)))
    with pytest.raises(BadInput, match="no table"):
        draw_rows(stream, replace(QUESTION, among=Among(table="gifts", within_days=5)))


def test_questions_are_read_kept_and_checked(tmp_path: Path):
    for name in ("city", "handbook"):
        question = read_question(name)
        assert question_of({"question": to_params(question)}) == question
    bad = tmp_path / "bad.toml"
    bad.write_text(
        (Path(__file__).parents[2] / "data" / "build-city.toml")
        .read_text()
        .replace("every_days = 30", "every_days = 20")
    )
    with pytest.raises(BadInput, match="would reach"):
        read_question(str(bad))
    with pytest.raises(BadInput, match="shipped are"):
        read_question(str(tmp_path / "nothing.toml"))


def test_columns_come_back_and_equal_ones_have_equal_bytes():
    columns: dict[str, Any] = {
        "a": np.array([1.5, np.nan], np.float32),
        "b": np.array([1, -1], np.int8),
        "c": ["x", "花"],
    }
    data = pack_columns(columns)
    assert data == pack_columns(columns)
    back = unpack_columns(data)
    assert np.array_equal(back["a"], columns["a"], equal_nan=True)
    assert (back["b"].tolist(), back["c"].tolist()) == ([1, -1], ["x", "花"])
    assert list(unpack_columns(data, names=["b"])) == ["b"]


def test_groups_are_found_again_whatever_the_units():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 600)
    values = np.stack(
        [10.0 ** (truth + rng.normal(0, 0.1, 600)), -5.0 * truth + rng.normal(0, 0.3, 600)], axis=1
    ).astype(np.float32)
    values[:5, 0] = np.nan
    codes = fit_clusters(values, 3, np.random.default_rng(2)).assign(values)
    table = np.zeros((3, 3), int)
    np.add.at(table, (truth[5:], codes[5:]), 1)
    assert (table.max(axis=1) >= 0.97 * table.sum(axis=1)).all(), table
    assert len(fit_clusters(np.ones((20, 1), np.float32), 5, rng).centres) == 1, "equal rows are one group"
