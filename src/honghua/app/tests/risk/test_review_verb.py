"""`honghua review …`: the queue from its empty state to a word that is a label."""

from __future__ import annotations

import json

import pytest

POLICY = '''"""A person looks at everything above a hundred."""

with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)

with score:
    looked = review("RISK_REVIEW", queue="fraud", when=amount_minor > yuan(100))

with amount:
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
'''


@pytest.fixture
def columns():
    return 160


def test_a_queue_is_looked_at_claimed_and_decided(honghua, tmp_path):
    honghua("account", "open", "李雷", "--limit", "5000")
    assert "Nothing waits" in honghua("review", "list")
    assert json.loads(honghua("review", "list", "--json")) == {"waiting": []}
    assert "Nothing waits" in honghua("review", "claim", "--by", "Eve", status=1)

    policy = tmp_path / "look.py"
    policy.write_text(POLICY, encoding="utf-8")
    proposed = json.loads(honghua("release", "propose", str(policy), "--by", "Ann", "--why", "a test", "--json"))
    number = str(proposed["release"])
    honghua("release", "approve", number, "--by", "Ben")
    assert "risk engine judges" in honghua("release", "activate", number, "--by", "Ben")

    buy = ("account", "buy", "李雷", "--merchant", "书店", "--json")
    assert json.loads(honghua(*buy, "20"))["outcome"] == "approved"
    asked = [json.loads(honghua(*buy, "123.40", status=1)) for _ in range(2)]
    first, second = (str(answer["suspension_id"]) for answer in asked)
    waiting = json.loads(honghua("review", "list", "--json"))["waiting"]
    assert [str(one["id"]) for one in waiting] == [first, second]
    assert waiting[0]["amount_minor"] == 12340
    assert waiting[0]["claimed_by"] is None
    assert (waiting[0]["is_late"], waiting[0]["scores"]["fused"]) == (False, None)
    assert [(tie["merchant"], tie["purchases"]) for tie in waiting[0]["edges"]] == [("书店", 1)]
    assert "RISK_REVIEW" in honghua("review", "list")

    assert "NOT_CLAIMED" in honghua("review", "decide", first, "--by", "Eve", "--refuse", status=1)
    page = honghua("review", "claim", "--by", "Eve")
    assert f"review decide {first} --by Eve" in page
    assert "123.40 CNY" in page
    assert "does not wait" in honghua("review", "claim", first, "--by", "Dan", status=1)
    assert json.loads(honghua("review", "claim", "--by", "Dan", "--json"))["claimed"]["id"] == int(second)
    assert "claimed by others" in honghua("review", "claim", "--by", "Kim", status=1)

    assert "label of this purchase: fraud" in honghua("review", "decide", first, "--by", "Eve", "--refuse")
    assert json.loads(honghua("review", "decide", second, "--by", "Dan", "--approve", "--json"))["state"] == "passed"
    again = honghua("review", "decide", second, "--by", "Dan", "--approve", status=1)
    assert "SUSPENSION_DONE" in again
    assert "Nothing waits" in honghua("review", "list")
    assert json.loads(honghua("verify", "--json"))["ok"] is True
