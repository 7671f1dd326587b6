"""What runs by the clock and what people are told: `honghua jobs …`, `honghua alerts …`, `honghua decision monitor`."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from honghua.app.clockwork import jobs
from honghua.app.doors.keys import load_secrets
from honghua.app.doors.proving import make_prover
from honghua.base.clock import FixedClock, SystemClock
from honghua.base.errors import BadInput, NotFound
from honghua.customers import api as customers
from honghua.decision import api as decision
from honghua.store.database import connect, open_database
from honghua.store.jobs import Job
from honghua.web.signin.messages import FakeGateway
from honghua.web.signin.proving import compute_code

POLICY = '''"""A face above a hundred."""

with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)

with score:
    asked = step_up("RISK_STEP_UP", kind="face", when=amount_minor > yuan(100))
'''


def test_jobs_run_when_due_and_their_state_is_told(honghua):
    assert "never ran" in honghua("jobs", "status")
    ran = json.loads(honghua("jobs", "run", "--once", "--json"))["ran"]
    assert [(one["name"], one["error"]) for one in ran] == [(job.name, None) for job in jobs.make_jobs(jobs.Ports())]
    assert {"step-ups", "alerts", "merchants", "lapses", "seals", "drift", "settlement", "payouts", "holds"} <= {
        one["name"] for one in ran
    }
    assert "nothing is due" in honghua("jobs", "run", "--once")
    assert "entries sealed" in honghua("jobs", "run", "--once", "seals")
    told = {one["name"]: one for one in json.loads(honghua("jobs", "status", "--json"))["jobs"]}
    assert (told["seals"]["row"]["runs"], told["seals"]["running"], told["holds"]["row"]["runs"]) == (2, False, 1)
    with pytest.raises(NotFound, match="no such job: dance"):
        honghua("jobs", "run", "--once", "dance")
    with pytest.raises(BadInput, match="--once"):
        honghua("jobs", "run", "seals")


def test_a_stepped_up_purchase_is_challenged_and_lapses_by_itself(honghua, settings, tmp_path):
    honghua("account", "open", "李雷", "--limit", "5000")
    policy = tmp_path / "face.py"
    policy.write_text(POLICY, encoding="utf-8")
    number = json.loads(honghua("release", "propose", policy, "--by", "Ann", "--why", "a test", "--json"))["release"]
    honghua("release", "approve", number, "--by", "Ben")
    honghua("release", "activate", number, "--by", "Ben")
    buy = ("account", "buy", "李雷", "--merchant", "书店", "--json", "123.40")
    asked = json.loads(honghua(*buy, status=1))
    assert asked["outcome"] == "step_up"
    keys = load_secrets(settings)
    vault = keys.vault
    with open_database(settings.store) as database, connect(database) as conn:
        customers.register(conn, vault, "13800001234", now=SystemClock().now(), customer="李雷")
    assert "1 sent" in honghua("jobs", "run", "--once", "step-ups")
    assert "no gateway is attached: 1 message(s) wait" in honghua("jobs", "run", "--once", "messages")
    clock = FixedClock(SystemClock().now() + dt.timedelta(minutes=1))
    with open_database(settings.store) as database, connect(database) as conn:
        gateway = FakeGateway()
        each = jobs.make_jobs(jobs.Ports(make_prover(database, settings, clock), secrets=keys, gateway=gateway))
        sent = {one.name: one.told for one in jobs.run_jobs(conn, each, clock=clock)}
        assert (sent["messages"], sent["lapses"]) == ("1 sent", "0 lapsed")
        (message,) = gateway.taken.values()
        code = compute_code(keys.session_key, message.key.removeprefix("step_up:"))
        assert (message.phone, code in message.text) == ("+8613800001234", True)
        clock.at += dt.timedelta(hours=1)
        assert {one.name: one.told for one in jobs.run_jobs(conn, each, clock=clock)}["lapses"] == "1 lapsed"
    assert json.loads(honghua("verify", "--json"))["ok"] is True


def test_a_job_that_keeps_failing_is_told_once_and_seen_by_name(honghua, settings):
    def fail(_conn, _now):
        raise BadInput("the bank does not answer")

    clock = FixedClock(SystemClock().now() - dt.timedelta(days=1))
    each = (Job("bank", dt.timedelta(seconds=1), fail, "asks the bank"),)
    with open_database(settings.store) as database, connect(database) as conn:
        failures = []
        for _ in range(5):
            failures += [one.failures for one in jobs.run_jobs(conn, each, clock=clock)]
            clock.at += dt.timedelta(hours=1)
        assert failures == [1, 2, 3, 4, 5]
        decision.raise_alert(
            conn, decision.Told("brake", "1", "risky of release 2", "the brake stopped it", clock.at), now=clock.at
        )
    (brake, job) = json.loads(honghua("alerts", "list", "--json"))["alerts"]
    assert (job["kind"], job["subject"]) == ("job", "bank")
    assert "3 times in a row: the bank does not answer" in job["sentence"]
    assert "the brake stopped it" in honghua("alerts", "list")
    assert "2 alert(s) that nobody has seen" in honghua("release", "status")
    assert json.loads(honghua("alerts", "seen", job["alert_id"], "--by", "Eve", "--why", "called them", "--json"))[
        "new"
    ] == [job["alert_id"]]
    assert "0 for the first time" in honghua("alerts", "seen", job["alert_id"], "--by", "Eve")
    assert [a["alert_id"] for a in json.loads(honghua("alerts", "list", "--json"))["alerts"]] == [brake["alert_id"]]
    assert "seen by Eve since" in honghua("alerts", "list", "--all")
    assert "called them" in honghua("alerts", "list", "--all")
    with pytest.raises(NotFound):
        honghua("alerts", "seen", 999_999, "--by", "Eve")
    honghua("alerts", "seen", brake["alert_id"], "--by", "Eve")
    assert "No alert waits" in honghua("alerts", "list")


def test_without_a_model_there_is_nothing_to_monitor(honghua):
    assert "No model has judged" in honghua("decision", "monitor")
    assert json.loads(honghua("decision", "monitor", "--json")) == {"counted": 0, "days": []}
