"""`honghua fraud` on tables as they come: names found, times guessed, damage named, and no score that knows what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from honghua.app.fraud_explain import explain_event
from honghua.app.fraud_fit import fit_table, score_table, write_scores
from honghua.app.replay_map import TableMap, read_map
from honghua.app.tables.table import build_events, describe_table, open_table
from honghua.base.errors import BadInput, NotFound

DAY = 86_400
MAP = TableMap(labels={"delay_days": 2}, timezone="UTC")


def market(n: int = 400, **other: Any) -> pa.Table:
    """n rows over 40 days; most frauds are at one shop, where little else is bought: what is known of the shop tells."""
    rng = np.random.default_rng(5)
    fraud = rng.random(n) < 0.15
    at_shop = fraud & (rng.random(n) < 0.8)
    found: dict[str, Any] = {
        "tx_id": [f"t{k}" for k in range(n)],
        "timestamp": pa.array(np.sort(rng.integers(0, 40 * DAY, n)) + 1_767_225_600, pa.timestamp("s")),
        "user": rng.integers(0, 25, n), "shop": np.where(at_shop, 3, rng.integers(0, 12, n)).astype(str),
        "amt": rng.uniform(1, 200, n).round(2), "is_fraud": fraud.astype(int),
    }  # fmt: skip
    return pa.table({name: column for name, column in {**found, **other}.items() if column is not None})


def write(folder: Path, table: pa.Table, name: str = "t.parquet") -> Path:
    path = folder / name
    pacsv.write_csv(table, path) if name.endswith("csv") else pq.write_table(table, path)
    return path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fraud")
    fit_table(write(folder, market()), MAP, label="is_fraud", until="2026-01-31", out=folder / "m", seed=1)
    return folder / "m"


def scores(model: Path, path: Path, table_map: TableMap = MAP) -> np.ndarray[Any, Any]:
    return score_table(model, path, table_map).fused


def test_scores_come_in_the_rows_order_with_reasons(fitted: Path, tmp_path: Path):
    shuffled = market().take(np.random.default_rng(2).permutation(400))
    result = score_table(fitted, write(tmp_path, shuffled), MAP)
    write_scores(result, tmp_path / "s.parquet")
    told = pq.read_table(tmp_path / "s.parquet")
    assert told.column_names == ["id", "score", "crowd", "rhythm", "merchant", "reasons"]
    assert told.column("id").to_pylist() == shuffled.column("tx_id").to_pylist()
    by_id = dict(zip(told.column("id").to_pylist(), told.column("score").to_pylist(), strict=True))
    plain = scores(fitted, write(tmp_path, market()))
    np.testing.assert_array_equal([by_id[f"t{k}"] for k in range(400)], plain)
    fraud = market().column("is_fraud").to_numpy() == 1
    assert plain[fraud].mean() > 1.5 * plain[~fraud].mean()
    reasons = dict(zip(told.column("id").to_pylist(), told.column("reasons").to_pylist(), strict=True))
    assert reasons[f"t{int(np.argmax(plain))}"]


@pytest.mark.parametrize("cut", [60, 250, 399])
def test_cutting_off_what_follows_changes_no_score(fitted: Path, tmp_path: Path, cut: int):
    whole = scores(fitted, write(tmp_path, market()))
    np.testing.assert_array_equal(scores(fitted, write(tmp_path, market().slice(0, cut), "cut.parquet")), whole[:cut])


def test_labels_that_have_not_arrived_change_no_score(fitted: Path, tmp_path: Path):
    table = market()
    whole = scores(fitted, write(tmp_path, table))
    at = table.column("timestamp").cast(pa.int64()).to_numpy()
    label = table.column("is_fraud").to_numpy()
    flipped = market(is_fraud=np.where(np.arange(400) >= 200, 1 - label, label))
    other = scores(fitted, write(tmp_path, flipped, "flipped.parquet"))
    before = at <= at[200] + 2 * DAY
    np.testing.assert_array_equal(other[before], whole[before])
    assert (other[~before] != whole[~before]).any()


def test_a_file_that_begins_after_the_fit_goes_on_from_its_state(fitted: Path, tmp_path: Path):
    table = market()
    later = np.flatnonzero(table.column("timestamp").cast(pa.int64()).to_numpy() > 1_769_817_600)  # 2026-01-31
    tail = write(tmp_path, table.take(later), "tail.parquet")
    result = score_table(fitted, tail, MAP)
    assert result.facts["state"].startswith("continued")
    np.testing.assert_array_equal(result.fused, scores(fitted, write(tmp_path, table))[later])


def test_without_the_label_column_the_blind_fusion_scores(fitted: Path, tmp_path: Path):
    result = score_table(fitted, write(tmp_path, market(is_fraud=None)), MAP)
    assert result.facts["rows_scored_with_labels"] == 0
    assert np.isfinite(result.fused).all()


def test_csv_and_parquet_score_alike(fitted: Path, tmp_path: Path):
    np.testing.assert_array_equal(
        scores(fitted, write(tmp_path, market(), "t.csv")), scores(fitted, write(tmp_path, market()))
    )


def test_an_event_is_explained_by_events_before_it(fitted: Path, tmp_path: Path):
    path = write(tmp_path, market())
    result = score_table(fitted, path, MAP)
    told = explain_event(fitted, path, MAP, event_id="t300")
    assert told["score"] == result.fused[300]
    assert set(told["detectors"]) == {"crowd", "rhythm", "merchant"}
    evidence = [one for part in told["detectors"].values() for one in part["evidence"]]
    for reason in [*told["reasons"], *evidence]:
        assert reason["edges"]
        assert all(int(edge[1:]) <= 300 for edge in reason["edges"])
    with pytest.raises(NotFound):
        explain_event(fitted, path, MAP, event_id="nobody")


BROKEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "no fraud": ({"is_fraud": np.zeros(400, np.int64)}, "is_fraud", "no fraud"),
    "all fraud": ({"is_fraud": np.ones(400, np.int64)}, "is_fraud", "nothing to compare"),
    "amount missing": ({"amt": [None if k in (4, 9) else 1.0 for k in range(400)]}, "is_fraud", "row 5, 10"),
    "no amount": ({"amt": None}, "is_fraud", "no column found for amount"),
    "no such label": ({}, "chargeback", "chargeback"),
    "time unreadable": ({"timestamp": ["soon"] * 400}, "is_fraud", "soon"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_fitted_is_told(case: str, tmp_path: Path):
    change, label, words = BROKEN[case]
    with pytest.raises(BadInput, match=words):
        fit_table(write(tmp_path, market(**change)), MAP, label=label, until="2026-01-31", out=tmp_path / "m", seed=1)


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
    plan, schema = table.spec.plan, table.spec.schema
    assert table.events[:, schema.place("available_minor")].tolist() == [20, 40, 10, 30]
    assert [len(keys) for keys in plan.levels.values()] == [2]
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
