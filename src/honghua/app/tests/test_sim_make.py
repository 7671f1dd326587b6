"""`honghua sim make` and `honghua bench city`: files for others, figures under their names, and what is refused."""

from __future__ import annotations

import json
import tomllib

import pyarrow.parquet as pq
import pytest

from honghua.app.cli import main
from honghua.app.replay_map import read_map


def test_make_writes_files_that_our_own_map_reads(tmp_path, capsys):
    out = tmp_path / "town"
    status = main(["sim", "make", "--people", "300", "--days", "5", "--rings", "1", "--out", str(out), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert status == 0
    assert {"machine", "commit", "seed", "seconds", "people", "days", "events"} <= set(told)
    events = pq.read_table(out / "events.parquet")
    assert events.num_rows == told["events"] > 500
    assert (tmp_path / "town.truth" / "truth.parquet").exists()
    assert not (out / "truth.parquet").exists()
    table_map = read_map(out / "events.map.toml")
    assert {table_map.columns[name] for name in ("id", "at", "customer", "merchant")} <= set(events.column_names)
    page = (out / "SCHEMA.md").read_text(encoding="utf-8")
    assert "300 people" in page
    assert tomllib.loads((out / "events.map.toml").read_text(encoding="utf-8"))["money"] == {"unit": "minor"}


@pytest.mark.parametrize(
    "odd",
    [
        ["--people", "10"],
        ["--days", "1"],
        ["--processes", "0"],
        ["--slice-days", "0"],
        ["--rings", "-1"],
        ["--truth", "SAME"],
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, capsys, odd):
    odd = [str(tmp_path / "town") if word == "SAME" else word for word in odd]
    sizes = ["--people", "300", "--days", "5", "--out", str(tmp_path / "town")]
    assert main(["sim", "make", *sizes, *odd]) == 2
    assert "[BAD_CITY]" in capsys.readouterr().err
    assert not (tmp_path / "town").exists()


def test_bench_city_tells_what_it_promised(capsys):
    assert main(["bench", "city", "--people", "400", "--days", "5", "--rings", "0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"machine", "commit", "seed", "seconds", "events", "events_per_s_core", "bytes_per_person"} <= set(told)
    assert told["events"] > 500
    assert told["events_per_s_core"] > 0
    assert told["bytes_per_person"] > 100
