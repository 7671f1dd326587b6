"""`honghua demo` on a very small town: it holds, and living it again changes nothing."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

import pytest
from rich.console import Console

from honghua.app.cli import build_parser
from honghua.app.demo_risk import live_risk, show_risk
from honghua.app.demo_table import make_table
from honghua.app.replay import Beside
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.store.database import connect

SMALL = ("--customers", "12", "--days", "35")


@pytest.fixture
def demo(store_settings, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    name = f"demo_{secrets.token_hex(4)}"
    settings = Settings(store=replace(store_settings, database_name=name))

    def command(*words):
        args = build_parser().parse_args(["--database", name, "demo", *SMALL, "--no-risk", *words])
        assert args.run(args, settings) == 0
        return capsys.readouterr().out

    return command


def test_it_lives_shows_and_does_not_live_twice(demo):
    page = demo()
    assert "Trial balance" in page
    assert "fake bank" in page
    assert "Look on" in page
    first = json.loads(demo("--json"))
    assert first["unchanged"] is True
    assert first["broken"] == []
    assert first["trial_balance_minor"] == 0
    assert first["purchases"] > 50
    again = demo()
    assert "nothing was changed" in again
    fresh = json.loads(demo("--fresh", "--json"))
    assert fresh["unchanged"] is False
    assert fresh["auto_debit"]["paid"] > 0
    same = ("purchases", "approved", "entries", "lines", "business_on", "digest")
    assert [fresh[key] for key in same] == [first[key] for key in same]


def test_the_same_seed_is_the_same_town():
    one, two, three = (make_table(customers=5, days=9, seed=seed) for seed in (1, 1, 2))
    assert one.digest == two.digest != three.digest
    assert one.merchants == two.merchants
    assert (one.at_us[1:] >= one.at_us[:-1]).all()
    assert len(set(one.ids)) == len(one)


def test_sizes_are_bounded(demo):
    with pytest.raises(BadInput):
        demo("--days", "0")


def test_rings_are_stopped_and_one_is_told(database, capsys, monkeypatch):
    monkeypatch.setattr("honghua.app.demo_risk.PEOPLE", 200)
    monkeypatch.setattr("honghua.app.demo_risk.DAYS", 30)
    told = live_risk(database, 3, Beside())
    assert told["trial_balance_minor"] == 0
    crime = told["with_model"]["crime"]
    assert sum(crime.values()) > crime.get("approved", 0), crime
    with connect(database) as conn:
        show_risk(Console(), conn, told, program="honghua")
    page = capsys.readouterr().out
    assert f"decision show {told['stopped']}" in page
    assert "detector crowd" in page
