"""`honghua rulebook`: shown, edited, proposed by one, approved by another, in force, and back."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from honghua.app.book import open_book
from honghua.base.errors import BadInput, Conflict
from honghua.credit import api as credit


def test_a_rulebook_from_its_text_to_force_and_back(honghua, settings, tmp_path):
    with open_book(settings, may_be_empty=True) as book:
        credit.start_book(book.conn, day=dt.date(2026, 3, 2))
    shipped = json.loads(honghua("rulebook", "show", "--json"))
    assert {"willing", "able", "worst_24m", "income_minor"} <= set(shipped["features"])
    shipped["terms"]["start_minor"] = 50_000
    text = tmp_path / "own.json"
    text.write_text(json.dumps(shipped))
    made = json.loads(honghua("rulebook", "propose", text, "--by", "Ann", "--why", "start lower", "--json"))
    number = made["release_id"]
    with pytest.raises(Conflict, match="somebody else"):
        honghua("rulebook", "review", number, "--digest", made["digest"], "--by", "ann", "--why", "mine")
    honghua("rulebook", "review", number, "--digest", made["digest"], "--by", "Ben", "--why", "read it")
    honghua("rulebook", "activate", number, "--by", "Ben", "--why", "from today")
    assert json.loads(honghua("rulebook", "show", "--json"))["terms"]["start_minor"] == 50_000
    honghua("rulebook", "rollback", "--by", "Ben", "--why", "too low")
    assert json.loads(honghua("rulebook", "show", "--json"))["terms"]["start_minor"] == 100_000
    assert "Ann" in honghua("rulebook", "list")
    own = honghua("rulebook", "show", "--example-segments", "--json")
    text.write_text(own)
    proposed = json.loads(honghua("rulebook", "propose", text, "--by", "Ann", "--why", "segments", "--json"))
    assert [one["name"] for one in json.loads(own)["terms"]["segments"]] == [
        "past_due", "was_late", "light", "high_net_worth", "stretched",
    ]  # fmt: skip
    assert (proposed["digest"], proposed["approved"]) == (json.loads(own)["digest"], None)
    assert "segments" not in json.loads(honghua("rulebook", "show", "--json"))["terms"], "proposed, not in force"
    for wrong in ("{", json.dumps({**shipped, "vocabulary": "[]"}), json.dumps({"terms": {}})):
        text.write_text(wrong)
        with pytest.raises(BadInput):
            honghua("rulebook", "propose", text, "--by", "Ann", "--why", "x")
