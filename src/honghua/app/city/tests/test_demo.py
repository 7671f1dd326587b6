"""`honghua demo` on a very small city: it holds, goes on where it stopped, and lives."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from dataclasses import replace

import pytest

from honghua.app.city.demo import DemoPlan, open_demo
from honghua.app.cli import build_parser
from honghua.app.demo_table import make_table
from honghua.app.settings import Settings
from honghua.app.verifying import verify
from honghua.base.errors import BadInput, Conflict
from honghua.credit import api as credit
from honghua.store.database import connect

UNTIL = "2026-06-13"


@pytest.fixture
def demo(store_settings, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "100")
    name = f"demo_{secrets.token_hex(4)}"
    settings = Settings(store=replace(store_settings, database_name=name))

    def command(*words, until=UNTIL, days="36"):
        sizes = ("--people", "200", "--days", days, "--until", until, "--no-live")
        args = build_parser().parse_args(["--database", name, "demo", *sizes, *words])
        assert args.run(args, settings) == 0
        return capsys.readouterr().out

    return command


def test_it_lives_goes_on_and_does_not_live_twice(demo):
    first = json.loads(demo("--json"))
    assert first["broken"] == []
    assert first["trial_balance_minor"] == 0
    assert (first["lived_days"], first["business_on"]) == (36, UNTIL)
    assert first["purchases"] > 100
    assert first["auto_debit"]["paid"] > 0
    again = demo()
    assert "nothing was changed" in again
    assert "Trial balance" in again
    assert "Look on" in again
    later = json.loads(demo("--json", until="2026-06-15"))
    assert (later["lived_days"], later["business_on"]) == (2, "2026-06-15")
    assert later["purchases"] > first["purchases"]
    fresh = json.loads(demo("--fresh", "--json"))
    same = ("purchases", "words", "auto_debit", "statements", "entries", "lines", "business_on")
    assert [fresh[key] for key in same] == [first[key] for key in same]


def test_sizes_are_bounded(demo):
    with pytest.raises(BadInput):
        demo(days="0")


class Ticking:
    """A clock that an hour passes on whenever somebody looks."""

    def __init__(self, at: dt.datetime) -> None:
        self.at = at

    def now(self) -> dt.datetime:
        self.at += dt.timedelta(hours=1)
        return self.at


@pytest.mark.slow
def test_live_days_are_lived_act_by_act_and_closed_and_gone_on_with(database, tmp_path, monkeypatch):
    monkeypatch.setattr("honghua.app.city.demo.NAP_SECONDS", 0.0)
    plan = DemoPlan(200, 20, 5, dt.date(2026, 6, 1))
    said: list[str] = []
    acts = []
    for first, days in (
        (1, 2),
        (3, 3),
    ):  # stopped for the night, and gone on with from the last morning: what was done that day is looked up
        with open_demo(database, plan, tmp_path, said=said.append) as demo:
            demo.live_until(plan.until, lambda day, days: None)
            acts.append(len(demo.town.platform.diary.columns()["act"]))
            midnight = dt.datetime(2026, 6, first, tzinfo=dt.UTC) - dt.timedelta(hours=8)
            demo.live_on(Ticking(midnight), pace=1.0, said=said.append, days_max=days)
            acts.append(len(demo.town.platform.diary.columns()["act"]))
    assert acts[0] < acts[2] < acts[1] < acts[3]
    assert all(any(line.startswith(f"06-{day:02} ") for line in said) for day in (1, 2, 3, 4))
    assert [line for line in said if line.endswith("is closed.")] == [
        f"2026-06-{day:02} is closed." for day in (1, 2, 2, 3, 4)
    ]
    with connect(database) as conn:
        assert credit.get_business_day(conn) == dt.date(2026, 6, 5)
    assert all(check.ok for check in verify(database))


def test_a_book_with_other_business_is_left_alone(database, tmp_path):
    with connect(database) as conn:
        credit.start_book(conn, day=dt.date(2026, 3, 1))
    with (
        pytest.raises(Conflict),
        open_demo(database, DemoPlan(200, 20, 5, dt.date(2026, 6, 1)), tmp_path, said=lambda text: None),
    ):
        pass


def test_the_same_seed_is_the_same_town():
    one, two, three = (make_table(customers=5, days=9, seed=seed) for seed in (1, 1, 2))
    assert one.digest == two.digest != three.digest
    assert one.merchants == two.merchants
    assert (one.at_us[1:] >= one.at_us[:-1]).all()
    assert len(set(one.ids)) == len(one)
