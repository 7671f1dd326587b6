"""`honghua eod …` on a small book: close, catch up, look, bring an account back."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from dataclasses import replace
from typing import Any

import pytest

from honghua.app.cli import build_parser
from honghua.app.settings import Settings
from honghua.base.errors import BadInput, NotFound
from honghua.credit import core as c
from honghua.credit.tests.days import settle
from honghua.store.database import connect, open_database

FIRST = dt.date(2026, 1, 30)


@pytest.fixture(scope="module")
def settings(store_settings):
    return Settings(store=replace(store_settings, database_name=f"eod_{secrets.token_hex(4)}"))


@pytest.fixture(scope="module")
def town(settings):
    with open_database(settings.store) as database, connect(database) as conn:
        town = settle(database, conn, 3, first=FIRST)
        for name in town.names:
            town.buy(f"b{name}", name)
        yield town


@pytest.fixture
def eod(settings, capsys):
    def command(*words: str) -> dict[str, Any]:
        args = build_parser().parse_args(["eod", *words, "--json"])
        assert args.run(args, settings) == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    return command


def test_an_empty_book_says_so(store_settings):
    settings = Settings(store=replace(store_settings, database_name=f"empty_{secrets.token_hex(4)}"))
    args = build_parser().parse_args(["eod", "close"])
    with pytest.raises(NotFound, match="no business date yet"):
        args.run(args, settings)


def test_a_life_of_days(eod, town, settings, capsys):
    told = eod("close")
    assert (told["business_on"], told["days_closed"]) == ("2026-01-31", 1)
    town.plant("UPDATE credit_account SET terms_id = 99 WHERE customer_ref = 'C01'")
    told = eod("close", "--until", "2026-02-03", "--workers", "1")
    assert (told["business_on"], told["days_closed"]) == ("2026-02-03", 3)
    assert [(day["day"], day["statements"], day["quarantined"]) for day in told["days"]] == [
        ("2026-01-31", 2, 1), ("2026-02-01", 0, 0), ("2026-02-02", 0, 0),
    ]  # fmt: skip
    assert eod("close", "--until", "2026-02-03")["days_closed"] == 0, "it is there already"
    assert [(day["day"], day["state"]) for day in eod("status")["days"]][:2] == [
        ("2026-02-02", "closed"),
        ("2026-02-01", "closed"),
    ]
    assert eod("quarantine")["quarantined"] == 1
    told = eod("release", "C01")
    assert (told["customer"], told["state_corrected"]) == ("C01", True)
    assert eod("quarantine")["quarantined"] == 0
    assert town.broken() == []
    for words in (["status"], ["quarantine"]):
        args = build_parser().parse_args(["eod", *words])
        assert args.run(args, settings) == 0
        assert capsys.readouterr().out.strip()


def test_closing_gives_expired_holds_back(eod, town):
    order = c.AuthorisePurchase(
        key="hold", customer="C02", amount_minor=5_000, merchant="M", order="hold", category="food"
    )
    answer = town.do(order)[0]
    last_day = dt.date.fromisoformat(answer["expires_on"])
    assert eod("close", "--until", last_day.isoformat())["holds_released"] == 0
    assert eod("close")["holds_released"] == 1, "its last day is over"
    assert eod("close")["holds_released"] == 0
    assert town.one("SELECT held_minor FROM credit_account WHERE customer_ref = 'C02'") == 0
    assert town.broken() == []


@pytest.mark.parametrize("words", [["close", "--until", "soon"], ["close", "--until", "2026-02-30"], ["close", "--workers", "0"],
                                   ["close", "--until", "9999-01-01"]])  # fmt: skip
def test_what_makes_no_sense(eod, town, words):
    before = town.one("SELECT business_on FROM credit_book")
    with pytest.raises(BadInput):
        eod(*words)
    assert town.one("SELECT business_on FROM credit_book") == before


def test_whom_nobody_knows(eod, town):
    with pytest.raises(NotFound):
        eod("release", "nobody")
    with pytest.raises(BadInput, match="not in quarantine"):
        eod("release", "C00")
