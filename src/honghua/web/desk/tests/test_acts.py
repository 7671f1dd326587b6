"""What staff may change at the desk: with two persons where it needs two, with a reason always, and written down."""

from __future__ import annotations

import datetime as dt
import re
import threading

import pytest

from honghua.base.errors import Conflict
from honghua.credit import api as credit
from honghua.credit.core import STATUS_FROZEN, SetStatus
from honghua.customers import api as customers
from honghua.customers.core import Field
from honghua.decision import api as decision
from honghua.decision.core import POLICIES
from honghua.store.database import run_unit
from honghua.store.jobs import Job, run_due
from honghua.web.desk.acts import Doing, begin_act, end_left, list_acts
from honghua.web.desk.tasks import Tasks, find_task, list_tasks
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.roles import Role
from honghua.web.tests.doors import NOON, book, buy, open_account

SOURCE = POLICIES["account-rules"]
STRICTER = SOURCE.replace(
    "with amount:", '    big = refuse("RISK_REFUSED", when=amount_minor > minor(900000))\n\nwith amount:', 1
)


def test_a_policy_is_proposed_by_one_approved_by_another_deployed_and_rolled_back(site, browser):
    enter(browser, site, Role.STRATEGIST, "ann")
    page = browser.send(site, "/desk/policy/write/check", source="with nonsense:", name="x")
    assert page.status_code == 200
    assert "problem" in page.text
    first = follow(
        browser,
        browser.send(site, "/desk/policy/write/propose", source=SOURCE + "\n", name="mine", why="to begin with"),
    )
    assert "waits for review" in first
    number = int(re.findall(r"release (\d+), proposed by ann", first)[0])
    here = f"/desk/policy/releases/{number}"
    digest = read(site, lambda c: decision.get_release(c, number)).digest.hex()
    own = follow(browser, browser.send(site, f"{here}/review", word="approve", why="mine is good", digest=digest))
    assert "SAME_PERSON" in own
    early = follow(browser, browser.send(site, f"{here}/activate", role="champion", why="now"))
    assert "NOT_APPROVED" in early
    enter(browser, site, Role.STRATEGIST, "ben")
    assert "DIGEST_DIFFERS" in follow(
        browser, browser.send(site, f"{here}/review", word="approve", why="ok", digest="0" * 64)
    )
    assert "a reason" in follow(browser, browser.send(site, f"{here}/review", word="approve", why="", digest=digest))
    assert "approved by ben" in follow(
        browser, browser.send(site, f"{here}/review", word="approve", why="looked", digest=digest)
    )
    follow(browser, browser.send(site, f"{here}/activate", role="champion", why="rolled out"))
    assert read(site, decision.find_lineup).champion == number
    back = follow(browser, browser.send(site, "/desk/policy/rollback", why="too strict"))
    assert "Rolled back" in back
    assert read(site, decision.find_lineup).champion != number
    changes = read(site, lambda c: decision.list_changes(c, limit=4))
    assert [(one.person, one.action) for one in changes] == [
        ("ben", "rollback"), ("ben", "activate"), ("ben", "approve"), ("ann", "propose"),
    ]  # fmt: skip
    enter(browser, site, Role.AUDITOR, "eve")
    assert browser.send(site, "/desk/policy/rollback", why="I can't").status_code == 403
    assert "rollback" in browser.get("/desk/policy/history").text


def test_rules_are_silenced_with_an_end_and_experiments_begin_and_end(site, browser, clock):
    enter(browser, site, Role.STRATEGIST, "ann")
    follow(browser, browser.send(site, "/desk/policy/write/propose", source=STRICTER, name="big", why="big ones"))
    number = read(site, decision.list_releases)[-1].release_id
    enter(browser, site, Role.STRATEGIST, "ben")
    digest = read(site, lambda c: decision.get_release(c, number)).digest.hex()
    browser.send(site, f"/desk/policy/releases/{number}/review", word="approve", why="ok", digest=digest)
    follow(browser, browser.send(site, f"/desk/policy/releases/{number}/activate", role="champion", why="go"))
    until = (clock.now() + dt.timedelta(days=3)).date().isoformat()
    page = follow(browser, browser.send(site, "/desk/policy/suppress", rule="big", until=until, why="a sale"))
    assert "a sale" in page
    (silenced,) = read(site, decision.list_suppressions)
    assert (silenced.rule, silenced.person) == ("big", "ben")
    protected = browser.send(site, "/desk/policy/suppress", rule="overdue", until=until, why="no")
    assert "RULE_" in follow(browser, protected)
    follow(browser, browser.send(site, "/desk/policy/lift", id=str(silenced.suppression_id), why="over"))
    assert read(site, decision.list_suppressions) == []
    follow(
        browser, browser.send(site, "/desk/policy/experiments", name="face", arms="control 50\nstrict 50", why="a test")
    )
    (made,) = read(site, decision.list_experiments)
    assert made.shares_ppm == (500_000, 500_000)
    follow(browser, browser.send(site, "/desk/policy/experiments/stop", name="face", why="enough"))
    assert read(site, decision.list_experiments) == ()
    assert "SHARE_INVALID" in follow(
        browser, browser.send(site, "/desk/policy/experiments", name="x", arms="a nan", why="y")
    )


def test_lists_by_hand_and_by_file(site, browser):
    enter(browser, site, Role.REVIEWER, "rita")
    page = follow(
        browser,
        browser.send(site, "/desk/lists/add", list="deny", entity="device", label="phone-1", until="", why="a farm"),
    )
    assert "phone-1" in page
    assert browser.send(site, "/desk/lists/add", list="deny", entity="device", label="", why="x").status_code == 422
    past = browser.send(site, "/desk/lists/add", list="deny", entity="device", label="p", until="2020-01-01", why="x")
    assert past.status_code == 422
    assert "past" in past.text
    csrf = browser.csrf(site)
    fields = {"csrf": csrf, "list": "deny", "entity": "customer", "why": "from the police"}
    bad = browser.post("/desk/lists/upload", data=fields, files={"file": ("a.csv", b"key\nA\nA\nB\n", "text/csv")})
    assert bad.status_code == 422
    assert "KEY_TWICE" in bad.text
    assert read(site, lambda c: decision.list_entries(c, name="deny", now=NOON, limit=9)).__len__() == 1
    good = browser.post(
        "/desk/lists/upload",
        data={**fields, "skip_bad": "yes"},
        files={"file": ("a.csv", b"key\nA\nA\nB\n", "text/csv")},
    )
    assert "KEY_TWICE" in good.text
    assert len(read(site, lambda c: decision.list_entries(c, name="deny", now=NOON, limit=9))) == 3
    large = browser.post(
        "/desk/lists/upload", data=fields, files={"file": ("a.csv", b"key\n" + b"x\n" * 600_000, "text/csv")}
    )
    assert "FILE_TOO_LARGE" in follow(browser, large)
    gone = follow(
        browser, browser.send(site, "/desk/lists/remove", list="deny", entity="device", label="phone-1", why="sold")
    )
    assert "sold" in gone
    assert "NOT_LISTED" in follow(
        browser, browser.send(site, "/desk/lists/remove", list="deny", entity="device", label="phone-1", why="x")
    )


def wait_for(app, site, task_id):
    """The task's threads end by themselves; nothing is waited for by the clock."""
    app.state.desk_tasks.stop()
    return read(site, lambda c: find_task(c, task_id))


def test_a_day_is_closed_from_the_desk(app, site, browser, clock):
    open_account(site, "李雷")
    buy(site, "李雷", [10_00])
    enter(browser, site, Role.OPERATIONS, "otto")
    day = read(site, credit.get_business_day)
    answer = browser.send(site, "/desk/closing/close", day=day.isoformat(), why="evening")
    assert answer.headers["location"].startswith("/desk/tasks/")
    task = wait_for(app, site, int(answer.headers["location"].rsplit("/", 1)[1]))
    assert (task.state, task.result["day"]) == ("done", day.isoformat()), task.error
    assert read(site, credit.get_business_day) == day + dt.timedelta(days=1)
    assert "is closed" in browser.get(answer.headers["location"]).text
    (act,) = read(site, list_acts)
    assert (act.person, act.action, act.why) == ("otto", "close day", "evening")
    assert "NOT_QUARANTINED" in follow(
        browser, browser.send(site, "/desk/closing/quarantine", customer="李雷", why="try")
    )
    assert browser.send(site, "/desk/closing/close", day="soon", why="x").status_code == 303


def test_a_reason_outlives_the_process_that_wrote_it_and_is_ended_as_the_books_remember(site, clock):
    open_account(site, "李雷")
    (done,) = book(site, [SetStatus(key="desk:a", customer="李雷", status=STATUS_FROZEN)])
    assert done["outcome"] == "done"
    with site.pool.connection() as conn, conn.transaction():
        for key in ("desk:a", "desk:never", ""):
            doing = Doing(action="review: approve", subject="review 1", person="rita", why=f"why {key}")
            begin_act(conn, doing, key=key, now=clock.now())
    assert [act.outcome for act in read(site, list_acts)] == ["", "", ""], "died between note and answer"
    with site.pool.connection() as conn, conn.transaction():
        assert end_left(conn, now=clock.now()) == 0, "somebody may still wait for the answer"
        clock.advance(dt.timedelta(minutes=6))
        assert end_left(conn, now=clock.now()) == 2
        assert end_left(conn, now=clock.now()) == 0
    acts = read(site, list_acts)
    assert {act.why: act.outcome for act in acts} == {"why desk:a": "done", "why desk:never": "not_booked", "why ": ""}


def test_the_books_are_checked_and_a_job_is_retried(app, site, browser, clock):
    open_account(site, "李雷")
    enter(browser, site, Role.OPERATIONS, "otto")
    answer = browser.send(site, "/desk/books/check", why="month end")
    task = wait_for(app, site, int(answer.headers["location"].rsplit("/", 1)[1]))
    assert task.result["ok"], task

    def fail(*_):
        raise RuntimeError("the bank is closed")

    job = Job("seals", dt.timedelta(minutes=1), fail, "")
    with site.pool.connection() as conn:
        run_due(conn, [job], clock=clock)
        assert run_due(conn, [job], clock=clock) == []
    assert "the bank is closed" in browser.get("/desk/closing").text
    assert "runs at the next look" in follow(
        browser, browser.send(site, "/desk/closing/jobs/retry", name="seals", why="bank is back")
    )
    with site.pool.connection() as conn:
        assert len(run_due(conn, [job], clock=clock)) == 1


def test_personal_data_is_masked_until_somebody_says_what_for(site, browser):
    open_account(site, "李雷")
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: customers.register(c, site.vault, "13812345678", now=NOON, customer="李雷"))
    enter(browser, site, Role.CARE, "cara")
    page = browser.get("/desk/customers/李雷").text
    assert "13812345678" not in page
    assert "Phone" in page
    assert (
        "choose a purpose"
        in follow(browser, browser.send(site, "/desk/customers/李雷/reveal", purpose="collection")).lower()
    )
    clear = browser.send(site, "/desk/customers/李雷/reveal", purpose="care")
    assert "13812345678" in clear.text.replace("+86", "")
    (row,) = [one for one in read(site, lambda c: customers.list_access(c, "李雷")) if one.viewer == "cara"]
    assert (row.purpose, Field.PHONE in row.fields) == ("care", True)
    enter(browser, site, Role.AUDITOR, "eve")
    assert browser.send(site, "/desk/customers/李雷/reveal", purpose="care").status_code == 403


def test_a_backtest_needs_something_to_judge_and_tells_why_not(app, site, browser):
    enter(browser, site, Role.STRATEGIST, "ann")
    answer = browser.send(
        site, "/desk/policy/write/backtest", source=SOURCE, name="mine", segment="", flip_share_max="5"
    )
    task = wait_for(app, site, int(answer.headers["location"].rsplit("/", 1)[1]))
    assert task.state == "failed"
    assert "NOTHING_RECORDED" in task.error
    assert "did not succeed" in browser.get(answer.headers["location"]).text
    assert browser.send(site, "/desk/policy/write/backtest", source="with nonsense:", name="x").status_code == 422
    assert (
        browser.send(site, "/desk/policy/write/backtest", source=SOURCE, name="x", flip_share_max="many").status_code
        == 422
    )


def test_the_same_task_does_not_run_twice_and_one_that_fell_silent_is_dead(site, clock):
    tasks, gate = Tasks(site), threading.Event()

    def work(_conn, tell):
        tell(1, 2, "half")
        gate.wait(30)
        return {"ok": 1}

    number = tasks.start("backtest", "a", "ann", {}, work)
    with pytest.raises(Conflict, match="under way"):
        tasks.start("backtest", "a", "ben", {}, work)
    gate.set()
    tasks.stop()
    task = read(site, lambda c: find_task(c, number))
    assert (task.state, task.result) == ("done", {"ok": 1})
    assert not task.is_dead(clock.now() + dt.timedelta(days=1))
    with site.pool.connection() as conn:
        conn.execute("UPDATE web_desk_task SET state = 'running', ended_at = NULL WHERE task_id = %s", [number])
    (again,) = read(site, list_tasks)
    assert again.is_dead(clock.now() + dt.timedelta(minutes=5))
