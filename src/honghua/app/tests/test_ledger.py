"""`honghua ledger …` on an empty book and on a small one."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

import pytest

from honghua.app.cli import build_parser
from honghua.app.ledger_view import money
from honghua.app.settings import Settings
from honghua.base.errors import BadInput, NotFound
from honghua.ledger.tests.book import DAY, grant, open_accounts, post, purchase, small_book
from honghua.store.database import connect, open_database


@pytest.fixture(scope="module")
def settings(store_settings):
    return Settings(store=replace(store_settings, database_name=f"ledger_{secrets.token_hex(4)}"))


@pytest.fixture(scope="module")
def book(settings):
    with open_database(settings.store) as database, connect(database) as conn:
        (anna, bo), shop, ids = small_book(conn)
        open_accounts(conn, ["shop"])  # a customer who is called like the merchant
        ids += post(conn, purchase(bo, shop, 123_456, day=DAY + 9, booked_on=DAY + 12))
        return {"anna": anna, "bo": bo, "shop": shop, "ids": ids}


@pytest.fixture
def ledger(settings, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words):
        args = build_parser().parse_args(["ledger", *words])
        assert args.run(args, settings) == 0
        return capsys.readouterr().out

    return command


@pytest.mark.parametrize("words", [["trial"], ["owners"], ["seal"], ["export", "book.beancount"]])
def test_an_empty_book_says_what_to_do(store_settings, capsys, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    settings = Settings(store=replace(store_settings, database_name=f"empty_{secrets.token_hex(4)}"))
    args = build_parser().parse_args(["ledger", *words])
    assert args.run(args, settings) == 0
    assert "honghua replay FILE" in capsys.readouterr().out


def test_trial(ledger, book):
    text = ledger("trial")
    assert "未出账本金 principal, unbilled" in text
    assert "1,335.60" in text  # 100.05 + 1,235.55
    assert "total: balanced" in text
    told = json.loads(ledger("trial", "--json"))
    assert [one["trial_balance_minor"] for one in told["books"]] == [0]
    assert told["books"][0]["balances_minor"]["bank_clearing"] == 2_345
    assert "Nobody keeps balances in JPY" in ledger("trial", "--currency", "JPY")


def test_show_reads_like_a_bank_statement(ledger, book):
    text = ledger("show", "anna")
    assert "anna · credit account" in text
    lines = text.splitlines()
    bought = next(place for place, line in enumerate(lines) if "2026-05-27" in line and "purchase captured" in line)
    assert lines[bought].split()[-2:] == ["123.45", "123.45"]  # debit, and the balance after it
    repaid = next(line for line in lines[bought:] if "repayment received" in line)
    assert repaid.split()[-2:] == ["23.45", "23.45"]
    assert "应付商户款 payable to merchants (shop)" in text
    told = json.loads(ledger("show", "anna", "--json", "--limit", "2"))
    assert [one["entry_id"] for one in told["entries"]] == book["ids"][4:6]
    assert told["entries"][-1]["lines"][0]["balance_minor"] == told["balances_minor"]["principal_unbilled"] == 10_005
    assert f"--before {book['ids'][5]}" in ledger("show", "anna", "--limit", "1")
    assert "booked 2026-06-08" in ledger("show", "bo")


def test_show_finds_the_right_one(ledger, book):
    assert "No entries yet" in ledger("show", "shop")
    assert json.loads(ledger("show", "shop", "--kind", "merchant", "--json"))["owner_id"] == book["shop"]
    with pytest.raises(NotFound, match="honghua ledger owners"):
        ledger("show", "nobody")
    with pytest.raises(BadInput, match="at least 1"):
        ledger("show", "anna", "--limit", "0")


def test_owners(ledger, book):
    text = ledger("owners", "--limit", "3")
    assert "3 of 4" in text
    assert "1,235.55" in text  # what bo owes
    told = json.loads(ledger("owners", "--json"))
    assert told["count"] == len(told["owners"]) == 4


def test_export(ledger, book, tmp_path, capsys):
    file = tmp_path / "book.beancount"
    assert "7 entries written. Check them with: bean-check" in ledger("export", str(file))
    whole = file.read_text()
    assert '* "purchase captured"' in whole
    assert ledger("export", "-") == whole
    told = json.loads(ledger("export", str(file), "--owner", "anna", "--json"))
    assert (told["entries"], told["machine"]["cores"] > 0) == (4, True)
    assert len(file.read_text()) < len(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["book.beancount"]
    with pytest.raises(BadInput, match="cannot write"):
        ledger("export", str(tmp_path / "nowhere" / "book.beancount"))
    with pytest.raises(BadInput, match="name a file"):
        ledger("export", "-", "--json")


def test_seal(ledger, book, settings):
    told = json.loads(ledger("seal", "--json"))
    assert (told["blocks"], told["entries"], told["entries_open"]) == (1, 7, 0)
    assert len(told["digest"]) == 64
    assert "Sealed 0 more entries in 0 blocks; 7 in 1 in all." in ledger("seal")
    with open_database(settings.store) as database, connect(database) as conn, connect(database) as other:
        other.execute("BEGIN")
        other.execute("SELECT pg_current_xact_id()")
        post(conn, grant(book["anna"], 1))
        assert "1 entries wait" in ledger("seal")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(0, "CNY", "0.00"), (-5, "CNY", "-0.05"), (123_456_789, "CNY", "1,234,567.89"), (-1234, "JPY", "-1,234")],
)
def test_money_for_eyes(minor, currency, text):
    assert money(minor, currency) == text
