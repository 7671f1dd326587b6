"""`honghua bench filing` on a village: every account is filed each month, an idle look files nothing, corrections come."""

from __future__ import annotations

import json

import pytest

from honghua.app.cli import main
from honghua.app.settings import Settings


@pytest.mark.slow
def test_the_bench_files_every_account_each_month(store_settings, monkeypatch, capsys) -> None:
    monkeypatch.setattr("honghua.app.cli.load_settings", lambda: Settings(store=store_settings))
    assert main(["bench", "filing", "--accounts", "400", "--months", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {
        "machine",
        "commit",
        "seed",
        "seconds",
        "filing_s_first",
        "filing_s_last",
        "memory_mb",
        "idle_s",
    } <= said.keys()
    assert [one["month"] for one in said["months"]] == ["2026-02", "2026-03"]
    for one in said["months"]:
        assert one["filed"] + one["filed_after_notice"] == said["accounts"] == 400
        assert one["noticed"] == one["filed_after_notice"] > 0
        assert one["again_while_idle"] == 0
    assert said["months"][1]["corrected"] > 0
