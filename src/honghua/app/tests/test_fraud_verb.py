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
from honghua.app.fraud_fit import fit_table, open_scorer, score_table, write_scores
from honghua.app.replay_map import TableMap, read_map
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
    both = open_scorer(fitted, tail, MAP).sensor.size, open_scorer(fitted, write(tmp_path, table), MAP).sensor.size
    assert both[0] == both[1]  # what is forgotten at a bound is the same, whatever the file
    assert both[0].edges >= 2 * 400


def test_without_the_label_column_the_labels_of_the_fit_serve_and_then_none(fitted: Path, tmp_path: Path):
    table = market()
    result = score_table(fitted, write(tmp_path, market(is_fraud=None)), MAP)
    assert result.facts["labels"].endswith("those of the fit, from their arrival on")
    assert np.isfinite(result.fused).all()
    early = table.column("timestamp").cast(pa.int64()).to_numpy() <= 1_769_817_600  # 2026-01-31
    np.testing.assert_array_equal(result.fused[early], scores(fitted, write(tmp_path, table))[early])
    other = score_table(
        fitted, write(tmp_path, market(is_fraud=None, amt=np.full(400, 7.0))), MAP
    )  # not the rows of the fit
    assert other.facts["rows_scored_with_labels"] == 0
    assert np.isfinite(other.fused).all()


def test_a_file_that_lacks_fitted_rows_is_told(fitted: Path, tmp_path: Path):
    result = score_table(fitted, write(tmp_path, market().slice(100)), MAP)
    assert any("of the" in notice and "fitted on" in notice for notice in result.facts["notices"])


def test_a_fit_does_not_see_what_follows(fitted: Path, tmp_path: Path):
    table = market()
    past = int((table.column("timestamp").cast(pa.int64()).to_numpy() <= 1_769_817_600).sum())
    path = write(tmp_path, table.slice(0, past))
    fit_table(path, MAP, label="is_fraud", until="2026-01-31", out=tmp_path / "m", seed=1)
    whole, cut = ((folder / "model" / "fraud.json").read_text() for folder in (fitted, tmp_path / "m"))
    assert whole == cut
    assert (fitted / "table.json").read_text() == (tmp_path / "m" / "table.json").read_text()


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
    "amounts missing": ({"amt": [1.0 if k in (4, 9) else None for k in range(400)]}, "is_fraud", "row 1, 2, 3"),
    "labels that mean nothing": ({"is_fraud": ["ok?", "hm"] * 200}, "is_fraud", "labels are 'ok\\?'"),
    "until too early": ({}, "is_fraud", "the times are 2026-01-01"),
    "no amount": ({"amt": None}, "is_fraud", "no column found for amount"),
    "no such label": ({}, "chargeback", "chargeback"),
    "time unreadable": ({"timestamp": ["soon"] * 400}, "is_fraud", "soon"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_fitted_is_told(case: str, tmp_path: Path):
    change, label, words = BROKEN[case]
    until = "2025-12-01" if case == "until too early" else "2026-01-31"
    with pytest.raises(BadInput, match=words):
        fit_table(write(tmp_path, market(**change)), MAP, label=label, until=until, out=tmp_path / "m", seed=1)


def test_a_map_that_says_labels_are_incomplete_fits_another_model(fitted: Path, tmp_path: Path):
    path = write(tmp_path, market())
    told = TableMap(labels={"delay_days": 2, "unreported": 0.5}, timezone="UTC")
    fit_table(path, told, label="is_fraud", until="2026-01-31", out=tmp_path / "m", seed=1)
    other = scores(tmp_path / "m", path)
    assert not np.array_equal(other, scores(fitted, path))
    fraud = market().column("is_fraud").to_numpy() == 1
    assert other[fraud].mean() > 1.5 * other[~fraud].mean()


def test_more_than_ten_unreported_frauds_for_a_told_one_is_a_slip(tmp_path: Path):
    path = tmp_path / "m.toml"
    path.write_text("[labels]\nunreported = 50\n")
    with pytest.raises(BadInput, match="unreported must be"):
        read_map(path)
