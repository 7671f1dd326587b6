"""A person drives one purchase by hand: `honghua account …`, `statement`, `decision`."""

from __future__ import annotations

import json

import pytest

from honghua.base.errors import BadInput, NotFound


@pytest.fixture
def columns():
    return 80


def told(text):
    return json.loads(text)


def test_one_purchase_by_hand(honghua):
    assert "business_on" not in honghua("account", "open", "李雷", "--limit", "5000", "--start", "2026-01-01")
    bought = told(honghua("account", "buy", "李雷", "123.40", "--merchant", "书店", "--key", "k1", "--json"))
    assert (bought["outcome"], bought["amount_minor"], bought["key"]) == ("approved", 12340, "k1")
    again = honghua("account", "buy", "李雷", "123.40", "--merchant", "书店", "--key", "k1")
    assert "answered before" in again
    other = honghua("account", "buy", "李雷", "123.41", "--merchant", "书店", "--key", "k1", status=1)
    assert "[KEY_REUSED]" in other
    refused = honghua("account", "buy", "李雷", "9999", "--merchant", "书店", status=1)
    assert "[LIMIT_SHORT]" in refused
    assert "available        4876.60 CNY" in refused
    held = told(honghua("account", "authorise", "李雷", "80", "--merchant", "书店", "--json"))
    purchase = str(held["purchase_id"])
    honghua("account", "capture", "李雷", purchase, "50", "--keep-rest")
    honghua("account", "void", "李雷", purchase)
    honghua("account", "refund", "李雷", purchase, "20")
    honghua("account", "repay", "李雷", "23.40")
    honghua("account", "return", "李雷", "1", status=1)
    page = honghua("statement", "李雷")
    assert "available 4,870.00" in page
    assert "没有待还账单" in page
    view = told(honghua("statement", "李雷", "--json"))
    assert view["account"]["limit"]["used_minor"] == 13000
    assert view["statements"] == []
    history = honghua("account", "history", "李雷")
    assert "purchase refused" in history
    shown = told(honghua("decision", "show", str(bought["purchase_id"]), "--json"))
    assert (shown["outcome"], shown["features"]["amount_minor"]) == ("approve", 12340)
    assert "approve" in honghua("decision", "show", str(bought["purchase_id"]))
    replayed = told(honghua("decision", "replay", "--json"))
    assert (replayed["replayed"], replayed["different"], replayed["ids"]) == (3, 0, [])
    assert "2 decisions judged again" in honghua("decision", "replay", "--sample", "2")


def test_instalments_are_quoted_before_they_are_booked(honghua):
    honghua("account", "open", "li", "--limit", "5000", "--pair", "5/15", "--start", "2026-01-01")
    quote = honghua("account", "buy", "li", "1200", "--merchant", "IKEA", "--periods", "12")
    assert "年化 14.44%" in quote
    assert "--periods 12 --fee 90.00" in quote
    assert "Nothing was booked." in quote
    assert len(told(honghua("account", "quote", "li", "1200", "--json"))["quotes"]) == 5
    bought = told(
        honghua("account", "buy", "li", "1200", "--merchant", "IKEA", "--periods", "12", "--fee", "90", "--json")
    )
    plan = str(bought["purchase_id"])
    assert "ends on 2026-01-01 for 1200.00" in honghua("account", "settle", "li", plan)
    price = told(honghua("account", "settle", "li", plan, "--json"))
    assert price["amount_minor"] == 120000
    assert "QUOTE_CHANGED" in honghua(
        "account", "buy", "li", "5", "--merchant", "x", "--periods", "3", "--fee", "9", status=1
    )
    assert "BILL_WINDOW_CLOSED" in honghua("account", "instal", "li", "5", "--periods", "3", "--fee", "0.13", status=1)
    honghua("account", "settle", "li", plan, "--amount", "1200")
    fact = told(honghua("account", "history", "li", "--json"))["history"][-1]["fact_id"]
    assert "done" in honghua("account", "reverse", "li", str(fact), "--reason", "not me")
    assert "up to 41 days" in honghua("statement", "li").replace("\n", " ")


def test_what_to_do_when_there_is_nothing(honghua):
    with pytest.raises(NotFound, match="honghua demo"):
        honghua("statement", "li")
    assert "No decision is recorded yet" in honghua("decision", "replay")
    honghua("account", "open", "li", "--limit", "5000", "--start", "2026-01-01")
    for words in (("statement", "ann"), ("account", "history", "ann"), ("account", "quote", "ann", "5")):
        with pytest.raises(NotFound, match=r"There are li ….*honghua account open ann"):
            honghua(*words)
    with pytest.raises(NotFound, match="no statement 7"):
        honghua("statement", "li", "--number", "7")
    with pytest.raises(NotFound):
        honghua("decision", "show", "7")
    with pytest.raises(NotFound):
        honghua("decision", "replay", "7")
    with pytest.raises(BadInput, match="honghua statement li"):
        honghua("account", "settle", "li", "7")
    assert "ACCOUNT_UNKNOWN" in honghua("account", "buy", "ann", "5", "--merchant", "x", status=1)


@pytest.mark.parametrize(
    "words",
    [
        ("account", "repay", "li", "12.345"),
        ("account", "repay", "li", "twelve"),
        ("account", "open", "bo", "--limit", "1", "--pair", "five"),
        ("account", "history", "li", "--limit", "0"),
        ("account", "quote", "li", "-5"),
        ("account", "buy", "li", "5", "--merchant", "x", "--periods", "7"),
        ("statement", "li", "--last", "0"),
        ("decision", "replay", "--sample", "0"),
        ("decision", "replay", "1", "--sample", "1"),
    ],
)
def test_bad_input_is_named(honghua, words):
    honghua("account", "open", "li", "--limit", "5000", "--start", "2026-01-01")
    with pytest.raises((BadInput, SystemExit)):
        honghua(*words)
