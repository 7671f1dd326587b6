"""`honghua lab score`: the file's order, its id as it is, and a sentence where it cannot be done."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from honghua.app.cli import main
from honghua.lab.fitting.api import FitSettings, ForestRecipe, Plan, fit_candidates, save_candidates
from honghua.lab.tables.api import read_table

PLAN = Plan(
    "quick", (ForestRecipe("gentle", {"num_leaves": 6}, 15),), folds=2, patience=5, bag=1, again=False, crosses=(0,), tune_rows=10_000,
    threads=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scoring")
    rng = np.random.default_rng(4)
    n = 600
    x, word = rng.normal(size=n), rng.integers(0, 3, n)
    y = (x + (word == 1) + rng.logistic(size=n) > 0.5).astype(int)
    rows = pa.table(
        {"who": [f"c{k}" for k in range(n)], "x": x, "word": pa.array(np.array(["a", "b", "c"])[word]), "y": y}
    )
    pq.write_table(rows, folder / "train.parquet")
    table = read_table(folder / "train.parquet", target="y", row_id="who")
    save_candidates(fit_candidates(table, FitSettings(seed=1, plan=PLAN, refit=False)), folder / "model")
    return folder


def score(place, rows, *more):
    pq.write_table(rows, place / "test.parquet")
    files = [
        "--model",
        str(place / "model"),
        "--data",
        str(place / "test.parquet"),
        "--out",
        str(place / "scores.parquet"),
    ]
    return main(["lab", "score", *files, "--json", *more])


def test_scores_stand_in_the_order_of_the_file(place, capsys):
    test = pa.table(
        {
            "more": [1, 2, 3],
            "word": ["b", None, "new"],
            "x": ["2.5", "-2.5", None],
            "number": pa.array([7, 5, 6], pa.int16()),
        }
    )
    assert score(place, test, "--id", "number") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == 3
    assert {"seconds", "machine", "commit", "seed"} <= set(told)
    found = pq.read_table(place / "scores.parquet")
    assert found.column_names == ["number", "champion", "challenger", "reasons"]
    assert found["number"].to_pylist() == [7, 5, 6]
    assert found.schema.field("number").type == pa.int16()
    for name in ("champion", "challenger"):
        high, low, unknown = found[name].to_pylist()
        assert 0.0 < low < unknown < high < 1.0
    assert found["reasons"].to_pylist()[0] == ["x", "word"]
    # Without an id the scores stand alone.
    assert score(place, test) == 0
    assert pq.read_table(place / "scores.parquet").column_names == ["champion", "challenger", "reasons"]


def test_what_cannot_be_scored_is_said(place, capsys):
    assert score(place, pa.table({"word": ["a"]})) == 2
    assert "lacks columns that the model reads: x" in capsys.readouterr().err
    assert score(place, pa.table({"word": ["a"]}), "--allow-absent") == 0
    assert json.loads(capsys.readouterr().out)["notes"][0].startswith("x: the file has no such column")
    assert score(place, pa.table({"word": ["a"], "x": [1.0]}), "--id", "none") == 2
    assert "has no column none" in capsys.readouterr().err
    assert main(["lab", "score", "--model", str(place), "--data", "x", "--out", "y"]) == 2
    assert "holds no candidates" in capsys.readouterr().err
