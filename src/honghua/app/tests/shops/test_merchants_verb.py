"""`honghua merchants …`: a shop applies, is scored, admitted by one and judged on appeal by another; the subsidy's month is filed once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from honghua.app.commands.books.merchants import read_month, read_signs
from honghua.base.errors import BadInput, Conflict, HonghuaError, NotFound
from honghua.credit import api as credit
from honghua.store.database import connect, open_database

SOUND = (
    "price_ratio_ppm=1000000", "night_ppm=1", "refund_ppm=1", "top_buyers_ppm=1", "round_amounts_ppm=1", "repeats_ppm=1",
    "new_accounts_ppm=1", "months=99",
)  # fmt: skip


@pytest.fixture
def columns():
    return 200


def told(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_shop_is_admitted_by_the_verb(honghua, settings):
    honghua("account", "open", "ann", "--limit", "5000")
    assert "merchants: none" in honghua("merchants", "list")
    assert (
        told(honghua("merchants", "apply", "S", "--name", "书店", "--scene", "moon", "--json", status=1))["refused"]
        == "SCENES_UNKNOWN"
    )
    assert (
        told(honghua("merchants", "apply", "S", "--name", "书店", "--scene", "camera", "--json"))["state"] == "applied"
    )
    with pytest.raises(Conflict, match="registered already"):
        honghua("merchants", "apply", "S", "--name", "书店", "--scene", "camera")
    with pytest.raises(BadInput, match="NAME=VALUE"):
        honghua("merchants", "check", "S", "--sign", "mood=1", "--by", "ann")
    signs = [word for sign in SOUND for word in ("--sign", sign)]
    checked = told(honghua("merchants", "check", "S", *signs, "--by", "ann", "--json"))
    assert (checked["state"], checked["proposed"]) == ("checked", "admit")
    decide = ("merchants", "decide", "S", "--json")
    assert told(honghua(*decide, "admit", "--by", "ann", "--why", "sound"))["state"] == "admitted"
    order = ("merchants", "ask", "S", "--json", "--category", "electronics", "--amount", "899.00", "--periods", "6")
    assert told(honghua(*order, "--scene", "camera"))["sells"] is True
    for wrong, code in (
        (("--scene", "convenience-store"), "MERCHANT_SCENE"),
        (("--scene", "camera", "--category", "grocery"), "CATEGORY_NOT_IN_SCENE"),
        (("--scene", "camera", "--periods", "5"), "SCENE_PERIODS"),
        (("--scene", "camera", "--amount", "9000000"), "MERCHANT_ORDER_MAX"),
    ):
        assert told(honghua(*order, *wrong, status=1))["refused"] == code
    assert told(honghua(*decide, "suspend", "--by", "ann", "--why", "complaints"))["state"] == "suspended"
    honghua(*decide, "appeal", "--by", "shop", "--why", "they were settled")
    assert (
        told(honghua(*decide, "resume", "--by", "ann", "--why", "me again", status=1))["refused"]
        == "APPEAL_SAME_PERSON"
    )
    assert told(honghua(*decide, "resume", "--by", "bo", "--why", "looked into it"))["state"] == "limited"
    shown = told(honghua("merchants", "show", "S", "--json"))
    assert [step["act"] for step in shown["steps"]] == ["apply", "check", "admit", "suspend", "appeal", "resume"]
    assert "书店" in honghua("merchants", "list", "--state", "limited")
    with pytest.raises(NotFound):
        honghua("merchants", "show", "nobody")
    assert told(honghua("verify", "--json"))["ok"] is True


def test_a_month_of_the_subsidy_is_filed_once_it_is_over_and_differences_are_settled(honghua, settings):
    honghua("account", "open", "ann", "--limit", "5000")
    with open_database(settings.store) as database, connect(database) as conn:
        today = credit.get_business_day(conn)
    this = f"{today:%Y-%m}"
    assert told(honghua("merchants", "return", this, "--json"))["filed"] is False
    with pytest.raises(BadInput, match="--by"):
        honghua("merchants", "return", "2025-10", "--file")
    with pytest.raises(Conflict, match="not over"):
        honghua("merchants", "return", this, "--file", "--by", "ann")
    filed = told(honghua("merchants", "return", "2025-10", "--file", "--by", "ann", "--json"))
    assert (filed["filed"], filed["granted_minor"], filed["month"]) == (True, 0, "2025-10-01")
    receive = ("merchants", "receive", "--reference", "T1", "--by", "ann", "--json")
    refused = told(honghua(*receive, "2025-09", "--central", "8.96", status=1))
    assert refused["refused"] == "RETURN_NOT_FILED"
    for _ in range(2):  # the same payment told twice is booked once
        came = told(honghua(*receive, "2025-10", "--central", "8.96", "--province", "0.99"))
        assert (came["receipts"], came["central_minor"], came["province_minor"]) == (1, 896, 99)
        assert (came["central_missing_minor"], came["province_missing_minor"]) == (-896, -99), "nothing was claimed"
    with pytest.raises(Conflict, match="another payment"):
        honghua(*receive, "2025-10", "--central", "8.97")
    assert told(honghua("verify", "--json"))["ok"] is True
    assert "differences: none" in honghua("merchants", "differences")
    with pytest.raises(HonghuaError, match="no open difference"):
        honghua("merchants", "settle", "1", "--by", "ann", "--why", "the bank was asked")


def test_words_that_name_nothing():
    assert read_signs(["months=3"]).months == 3
    for words in (["months"], ["months=-1"], ["months=3", "months=4"], ["months=３"]):
        with pytest.raises(BadInput):
            read_signs(words)
    assert read_month("2026-03").isoformat() == "2026-03-01"
    for text in ("2026-13", "2026", "2026-03-01"):
        with pytest.raises(BadInput):
            read_month(text)
