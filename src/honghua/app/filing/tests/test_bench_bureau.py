"""`honghua bench bureau` on a village: the promised keys, the peer, and the truth about the stretched."""

from __future__ import annotations

import json

import pytest

from honghua.app.cli import main
from honghua.app.settings import Settings


@pytest.mark.slow
def test_the_bench_prints_its_keys(store_settings, monkeypatch, capsys) -> None:
    monkeypatch.setattr("honghua.app.cli.load_settings", lambda: Settings(store=store_settings))
    sizes = ["--people", "3000", "--questions", "300", "--sample", "500", "--peer-questions", "50"]
    assert main(["bench", "bureau", *sizes, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"machine", "commit", "seed", "seconds", "queries_per_s", "p99_ms", "bytes_per_person"} <= said.keys()
    assert said["persons"] == 3000
    assert said["peer"]["persons"] == 500
    assert said["peer"]["queries_per_s"] > 0
    assert 40 < said["bytes_per_person"] < 200
    assert said["multi_lender"]["false_positive_rate"] <= 0.05
    assert said["multi_lender"]["recall"] > 0.6
