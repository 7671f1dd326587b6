"""Tables that nobody has prepared go through `lab run` and `lab score`: fitted, examined and scored, or refused in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from honghua.app.cli import main
from honghua.app.tests.lab.hostile import BOOKS, TEST_ROWS, write_books
from honghua.models.api import auc


@pytest.mark.slow
@pytest.mark.parametrize("name", BOOKS)
def test_a_hostile_table_is_fitted_and_scored(name, tmp_path, capsys):
    book = BOOKS[name]()
    train, test = write_books(book, tmp_path, name=name)
    model, scores = tmp_path / "model", tmp_path / "scores.parquet"
    words = ["--data", str(train), "--target", book.target, "--out", str(model), "--threads", "1", "--json", *book.args]
    assert main(["lab", "run", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    used = {*told["accepted"], *told["used_in_doubt"]}
    assert not used & set(book.leaks)
    left_out = {one["name"] for one in told["suspected_leaks"] if one["left_out"]}
    assert left_out == set(book.leaks)
    assert main(["lab", "score", "--model", str(model), "--data", str(test), "--out", str(scores), "--json"]) == 0
    found = pq.read_table(scores)
    y = book.y[book.rows :]
    assert found.num_rows == len(y) <= TEST_ROWS
    for role in ("champion", "challenger"):
        said = found.column(role).to_numpy()
        assert ((said > 0.0) & (said < 1.0)).all()
        if book.floor:
            assert auc(y, said) >= book.floor
        assert said.mean() == pytest.approx(told["target_rate"], abs=0.06)
    reasons = found.column("reasons").to_pylist()
    assert {name for row in reasons for name in row} <= used
    assert np.mean([len(row) > 0 for row in reasons]) > 0.3
