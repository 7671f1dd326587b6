"""People release policies and keep lists from the command line: `honghua release …`, `honghua lists …`."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, Conflict, NotFound
from honghua.decision.core import PolicyProblems

POLICY = '''"""A stricter rule."""
with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)
    listed = refuse("DENY_LIST", when=on_list("deny"))
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
with score:
    risky = refuse("RISK_REFUSED", when=fused >= 0.9, missing=skip)
'''
ANN, BEN = ("--by", "Ann"), ("--by", "Ben")


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
    with pytest.raises(PolicyProblems, match="line 10"):
        honghua("release", "propose", path, *ANN, "--why", "x")
    with pytest.raises(BadInput, match="cannot read"):
        honghua("release", "propose", tmp_path / "none", *ANN, "--why", "x")


def test_a_policy_that_lets_buy_who_may_not_is_a_shadow_at_most(honghua, strict):
    strict.write_text(POLICY.replace("status != 1", "status == 4"))
    said = honghua("release", "propose", strict, *ANN, "--why", "losses")
    assert "no rule refuses" not in said
    assert "does not always refuse with ACCOUNT_NOT_ACTIVE" in said
    number = said.split()[1]
    honghua("release", "approve", number, *BEN)
    with pytest.raises(Conflict, match="ACCOUNT_NOT_ACTIVE"):
        honghua("release", "activate", number, *BEN)
    assert "shadow" in honghua("release", "activate", number, *BEN, "--as", "shadow")


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


def test_status_says_what_is_in_force_and_how_to_undo_it(honghua, strict, tmp_path):
    """With words that a terminal could take for its own markup."""
    reference = tmp_path / "reference.json"
    reference.write_text(json.dumps({"risky": 4_000}))
    made = told(
        honghua("release", "propose", strict, *ANN, "--why", "[bold]x[/nonsense]", "--reference", reference, "--json")
    )
    assert made["unguarded"] == []
    number = made["release"]
    assert f"honghua release approve {number}" in honghua("release", "status")
    honghua("release", "approve", number, *BEN)
    honghua("release", "activate", number, *BEN)
    honghua(
        "release",
        "suppress",
        "risky",
        "--until",
        day(3),
        *ANN,
        "--why",
        "[red]too strict[/odd]",
        "--for",
        "device",
        "d[/1]",
    )
    honghua("release", "suppress", "listed", "--until", day(30), *ANN, "--why", "wrong list")
    honghua("release", "experiment", "face", "--arm", "control=0.5", "--arm", "strict=0.5", *ANN)
    honghua("release", "holdout", "0.02", *ANN)
    said = honghua("release", "status")
    for words in (
        f"champion    release {number} strict", "judges 100.00% of the customers", "risky for device d[/1] until", "[red]too strict[/odd]",
        "2 day(s) more", "end: honghua release lift", "undo        honghua release rollback", "experiment face: control 50.00%",
        "end: honghua release experiment face --stop", "held out of every experiment and challenger: 2.00%",
    ):  # fmt: skip
        assert words in said
    assert "[bold]x[/nonsense]" in honghua("release", "history")


def test_a_policy_is_checked_with_the_words_of_the_database(honghua, strict, capsys):
    honghua("lists", "add", "thieves", "device", "d1", *ANN, "--why", "x")
    honghua("release", "experiment", "face", "--arm", "control=0.5", "--arm", "strict=0.5", *ANN)
    text = POLICY.replace('on_list("deny")', 'on_list("thieves") and arm("face") == "strict"')
    strict.write_text(text)
    honghua("policy", "check", strict, status=1)
    assert "is sound" in honghua("policy", "check", strict, "--live")
    with pytest.raises(BadInput, match="no decision is recorded"):
        honghua("policy", "backtest", strict, "--recorded")


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ("release approve 99999 --by Ben", NotFound, "no release 99999"),
        ("release activate 1 --as challenger --share nan --by Ben", BadInput, "is no share"),
        ("release activate 1 --as challenger --share inf --by Ben", BadInput, "is no share"),
        ("release holdout nan --by Ben", BadInput, "is no share"),
        ("release experiment face --arm a=inf --by Ben", BadInput, "NAME=SHARE"),
        ("release experiment face --arm a=0.5 --arm a=0.5 --by Ben", BadInput, "given twice"),
        ("release suppress short --until 0001-01-01T00:00+08:00 --by Ben --why x", BadInput, "no instant"),
        ("release suppress shrt --until 2999-01-01 --by Ben --why x", NotFound, "did you mean 'short'"),
        ("release suppress inputs_present --until 2999-01-01 --by Ben --why x", Conflict, "cannot be silenced"),
        ("lists add deny device d1 --until 9999-12-31T23:00-08:00 --by Ben --why x", BadInput, "no instant"),
        ("lists add deny device #99999999999999999999 --by Ben --why x", BadInput, "a key is"),
        ("decision replay 99999999999999999999", NotFound, "id is"),
    ],
)
def test_what_cannot_be_is_told_in_words(honghua, words, error, says):
    with pytest.raises(error, match=says):
        honghua(*words.split())


@pytest.mark.parametrize("key", ["", " ", "a\0b", "x" * 201])
def test_keys_that_no_event_carries(honghua, key):
    with pytest.raises(BadInput, match="a key has"):
        honghua("lists", "add", "deny", "device", key, *ANN, "--why", "x")
    assert "no policy that judges now reads" in honghua("lists", "add", "dney", "device", " d1 ", *ANN, "--why", "x")
    assert "1 removed" in honghua("lists", "remove", "dney", "device", "d1", *ANN, "--why", "x")


def test_a_suppression_is_for_an_entity_that_events_have(honghua, strict):
    number = told(honghua("release", "propose", strict, *ANN, "--why", "x", "--json"))["release"]
    honghua("release", "approve", number, *BEN)
    honghua("release", "activate", number, *BEN)
    with pytest.raises(BadInput, match="no such entity: planet"):
        honghua("release", "suppress", "risky", "--until", day(2), "--for", "planet", "x", *ANN, "--why", "x")


def day(days):
    return (SystemClock().now() + dt.timedelta(days=days)).isoformat()
