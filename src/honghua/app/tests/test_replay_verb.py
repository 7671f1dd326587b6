"""`honghua replay` from the outside: what it prints, what it refuses, what it leaves behind."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from honghua.app.cli import build_parser, main
from honghua.app.settings import Settings
from honghua.app.tests.lives import SHORT, count_rows, lasting, make_file
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.store.database import connect, open_database, scratch_database
from honghua.store.settings import StoreSettings


@pytest.fixture
def settings(store_settings) -> Settings:
    return Settings(store=replace(store_settings, database_name=f"replay_{secrets.token_hex(4)}"))


def run(settings: Settings, *words: str) -> int:
    args = build_parser().parse_args(["replay", *words])
    return int(args.run(args, settings))


def test_the_verb_prints_one_object(settings, capsys, tmp_path):
    path = make_file(tmp_path, *SHORT)
    assert run(settings, str(path), "--json", "--seed", "5", "--limit", "12") == 0
    told = json.loads(capsys.readouterr().out)
    keys = {
        "machine", "commit", "seed", "seconds", "purchases", "approved", "refused", "stepped_up", "reviewed", "amount_minor",
        "statements", "repayments_minor", "entries", "lines", "trial_balance_minor", "purchases_per_s", "days_closed",
        "business_on", "currency", "digest",
    }  # fmt: skip
    assert keys <= set(told)
    assert (told["purchases"], told["seed"]) == (12, 5)
    assert run(settings, str(path), "--json", "--seed", "5", "--limit", "12") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["purchases_per_s"] == 0
    assert lasting(again) == lasting(told)
    assert run(settings, str(path), "--seed", "5", "--limit", "12") == 0
    assert "trial_balance_minor" in capsys.readouterr().out


BAD_FILES: dict[str, Callable[[bytes], tuple[str, bytes]]] = {
    "cut": lambda whole: ("t.parquet", whole[: len(whole) // 2]),
    "no parquet": lambda whole: ("t.parquet", b"id,at\n"),
    "empty": lambda whole: ("t.csv", b""),
    "wrong columns": lambda whole: ("t.csv", b"a,b\n1,2\n"),
    "negative": lambda whole: ("t.csv", b"id,at,customer,merchant,amount\n1,2026-01-05,c,m,1\n2,2026-01-05,c,m,-1\n"),
    "huge": lambda whole: ("t.csv", b"id,at,customer,merchant,amount\n1,2026-01-05,c,m,1\n2,2026-01-05,c,m,1000000000000\n"),
    "twice": lambda whole: ("t.csv", b"id,at,customer,merchant,amount\n1,2026-01-05,c,m,1\n1,2026-01-05,c,m,1\n"),
    "disorder": lambda whole: ("t.csv", b"id,at,customer,merchant,amount\n1,2026-01-05,c,m,1\n2,2026-01-04,c,m,1\n"),
    "foreign": lambda whole: ("t.csv", b"id,at,customer,merchant,amount,currency\n1,2026-01-05,c,m,1,CNY\n2,2026-01-05,c,m,1,XXX\n"),
    "ragged": lambda whole: ("t.csv", b"id,at,customer,merchant,amount\n1,2026-01-05,c,m,1\n2,2026-01\n"),
}  # fmt: skip
BY_ROW = ("negative", "huge", "twice", "disorder", "foreign", "ragged")


@pytest.fixture(scope="module")
def kept(store_settings):
    """A book with something in it, which no bad file may touch."""
    settings = Settings(store=replace(store_settings, database_name=f"kept_{secrets.token_hex(4)}"))
    with open_database(settings.store) as database, connect(database) as conn:
        credit.start_book(conn, day=dt.date(2026, 1, 5))
        registry = credit.open_registry(conn)
        opening = c.OpenAccount(key="o", customer="c", limit_minor=9_999)
        credit.execute(conn, registry, [opening], now=dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
        yield settings, database


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_books_nothing(kept, case, tmp_path, capsys):
    settings, database = kept
    name, content = BAD_FILES[case](make_file(tmp_path, *SHORT).read_bytes())
    path = tmp_path / name
    path.write_bytes(content)
    before = count_rows(database)
    try:
        status = run(settings, str(path), "--json")
        message = capsys.readouterr().err
    except BadInput as error:  # which `main` turns into an exit status; see below
        status, message = 2, str(error)
    assert status == 2
    assert count_rows(database) == before
    if case in BY_ROW:
        assert "row 2" in message


def test_the_exit_status_of_bad_input_is_2(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HONGHUA_STATE_DIR", str(tmp_path / "state"))
    assert main(["replay", str(tmp_path / "absent.parquet")]) == 2
    assert "no such file [NO_FILE]" in capsys.readouterr().err
    assert not (tmp_path / "state").exists(), "a bad file is found before a server is started"


def test_fresh_leaves_nothing_behind(settings, capsys, tmp_path, store_settings: StoreSettings):
    path = make_file(tmp_path, *SHORT)

    def databases() -> list[Any]:
        """Those of this process: others run their tests on the same server."""
        with scratch_database(store_settings) as other, connect(other) as conn:
            names = [
                name for (name,) in conn.execute("SELECT datname FROM pg_database ORDER BY 1") if name != other.name
            ]
        return [name for name in names if f"_{os.getpid()}_" in name]

    before = databases()
    for _ in range(2):
        assert run(settings, str(path), "--fresh", "--json", "--limit", "9") == 0
        assert json.loads(capsys.readouterr().out)["purchases_per_s"] > 0, "each time anew"
    assert databases() == before
