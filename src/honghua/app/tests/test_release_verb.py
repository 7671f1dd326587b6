"""People release policies and keep lists from the command line: `honghua release …`, `honghua lists …`."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

import pytest

from honghua.app.cli import build_parser
from honghua.app.settings import Settings
from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.decision.core import PolicyProblems

POLICY = '''"""A stricter rule."""
with hard_deny:
    listed = refuse("DENY_LIST", when=on_list("deny"))
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
with score:
    risky = refuse("RISK_REFUSED", when=fused >= 0.9, missing=skip)
'''
ANN, BEN = ("--by", "Ann"), ("--by", "Ben")


@pytest.fixture
def honghua(store_settings, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    settings = Settings(store=replace(store_settings, database_name=f"release_{secrets.token_hex(4)}"))

    def command(*words, status=0):
        args = build_parser().parse_args([str(word) for word in words])
        assert args.run(args, settings) == status
        return capsys.readouterr().out

    return command


@pytest.fixture
def strict(tmp_path):
    path = tmp_path / "strict.policy"
    path.write_text(POLICY)
    return path


def told(text):
    return json.loads(text)


def test_a_policy_from_proposal_to_rollback(honghua, strict):
    assert "came with the program" in honghua("release", "status")
    made = told(honghua("release", "propose", strict, *ANN, "--why", "losses", "--json"))
    number = made["release"]
    assert "waits for review" in honghua("release", "status")
    with pytest.raises(Conflict, match="somebody else"):
        honghua("release", "approve", number, *ANN)
    with pytest.raises(Conflict, match="not approved"):
        honghua("release", "activate", number, *BEN)
    with pytest.raises(Conflict, match="digest"):
        honghua("release", "approve", number, *BEN, "--digest", "0123456789")
    assert "approved by Ben" in honghua("release", "approve", number, *BEN, "--digest", made["digest"][:16])
    assert "is champion from the next batch on" in honghua("release", "activate", number, *BEN, "--why", "go")
    status = told(honghua("release", "status", "--json"))
    assert status["lineup"]["champion"] == number
    assert [r["reviewer"] for r in status["releases"] if r["release_id"] == number] == ["Ben"]
    assert "champion again" in honghua("release", "rollback", *ANN)
    with pytest.raises(Conflict, match="no earlier"):
        honghua("release", "rollback", *ANN)
    honghua("release", "activate", number, *BEN, "--as", "challenger", "--share", "0.25")
    assert "challenger 25.00%" in honghua("release", "status")
    history = told(honghua("release", "history", "--json"))["history"]
    assert [row["action"] for row in history][:4] == ["activate", "rollback", "activate", "approve"]
    assert history[2]["why"] == "go"
    assert "rollback" in honghua("release", "history", "--limit", "5")
    honghua("release", "reject", number, "--by", "Cat")
    with pytest.raises(Conflict, match="not approved"):
        honghua("release", "activate", number, *BEN)


def test_steering(honghua, strict):
    number = told(honghua("release", "propose", strict, *ANN, "--why", "x", "--json"))["release"]
    honghua("release", "approve", number, *BEN)
    honghua("release", "activate", number, *BEN)
    with pytest.raises(Conflict, match="books lean"):
        honghua("release", "suppress", "short", "--until", "2999-01-01", *ANN, "--why", "x")
    with pytest.raises(BadInput, match="ends within"):
        honghua("release", "suppress", "risky", "--until", "2999-01-01", *ANN, "--why", "x")
    with pytest.raises(BadInput, match="instant"):
        honghua("release", "suppress", "risky", "--until", "soon", *ANN, "--why", "x")
    with pytest.raises(NotFound):
        honghua("release", "reopen", "risky", *ANN)
    honghua("release", "experiment", "face", "--arm", "control=0.5", "--arm", "strict=0.5", *ANN)
    assert told(honghua("release", "status", "--json"))["experiments"][0]["arms"] == ["control", "strict"]
    with pytest.raises(BadInput, match="NAME=SHARE"):
        honghua("release", "experiment", "other", "--arm", "half", *ANN)
    honghua("release", "experiment", "face", "--stop", *ANN)
    assert "1.00% of the customers" in honghua("release", "holdout", "0.01", *ANN)


def test_bad_policies_are_told_by_line(honghua, tmp_path):
    path = tmp_path / "bad.policy"
    path.write_text(POLICY.replace("fused", "fusd"))
    with pytest.raises(PolicyProblems, match="line 6"):
        honghua("release", "propose", path, *ANN, "--why", "x")
    with pytest.raises(BadInput, match="cannot read"):
        honghua("release", "propose", tmp_path / "none", *ANN, "--why", "x")


def test_lists(honghua, tmp_path):
    why = (*ANN, "--why", "stolen")
    assert "2 added" in honghua("lists", "add", "deny", "device", "d1", "d2", *why)
    assert told(honghua("lists", "remove", "deny", "device", "d2", *why, "--json"))["removed"] == 1
    with pytest.raises(NotFound, match="not on the list"):
        honghua("lists", "remove", "deny", "device", "d2", *why)
    path = tmp_path / "rows.csv"
    path.write_text("key,expires_at\nd3,\nd4,yesterday\n")
    wrong = told(honghua("lists", "import", "deny", "device", path, *why, "--json", status=1))
    assert (wrong["added"], wrong["wrong"], wrong["problems"][0]["row"]) == (0, 1, 3)
    assert "1 added, 1 wrong" in honghua("lists", "import", "deny", "device", path, *why, "--skip-bad", status=1)
    shown = told(honghua("lists", "show", "deny", "--json"))["entries"]
    assert [(e["label"], e["why"], e["person"]) for e in shown] == [("d1", "stolen", "Ann"), ("d3", "stolen", "Ann")]
    assert "d3" in honghua("lists", "show")
    for words in (
        ("add", "Deny", "device", "x"),
        ("add", "deny", "planet", "x"),
        ("add", "deny", "device", "x", "--until", "2020-01-01"),
    ):
        with pytest.raises(BadInput):
            honghua("lists", *words, *why)
