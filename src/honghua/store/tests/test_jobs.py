from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from honghua.base.clock import FixedClock
from honghua.base.errors import BadInput
from honghua.store import jobs
from honghua.store.database import connect

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def make_job(done, *, name="count", every=MINUTE, fails=()):
    """A job that notes its runs in `done` and fails in those whose number is in `fails`."""

    def work(conn, now):
        done.append(now)
        if len(done) in fails:
            conn.execute("SELECT 1 / 0" if len(done) % 2 else "SELECT 1")
            raise BadInput("the bank does not answer")
        return f"run {len(done)}"

    return jobs.Job(name, every, work, "counts its runs")


def test_a_job_runs_when_its_time_has_come_and_not_before(conn):
    done: list[dt.datetime] = []
    clock = FixedClock(NOW)
    job = make_job(done)
    assert [run.told for run in jobs.run_due(conn, [job], clock=clock)] == ["run 1"]
    clock.at = NOW + MINUTE - dt.timedelta(seconds=1)
    assert jobs.run_due(conn, [job], clock=clock) == []
    clock.at = NOW + MINUTE
    assert len(jobs.run_due(conn, [job], clock=clock)) == 1
    assert len(jobs.run_due(conn, [job], clock=clock, names=["count"])) == 1  # asked for by name: due or not
    assert jobs.run_due(conn, [job], clock=clock, names=["another"]) == []
    (row,) = jobs.list_jobs(conn)
    assert (row.name, row.runs, row.failures, row.told) == ("count", 3, 0, "run 3")
    assert row.due_at == NOW + 2 * MINUTE


def test_a_failure_is_kept_and_tried_again_later_each_time_and_does_not_stop_the_others(conn):
    done: list[dt.datetime] = []
    other: list[dt.datetime] = []
    clock = FixedClock(NOW)
    each = [make_job(done, fails=(1, 2)), make_job(other, name="other")]
    first = jobs.run_due(conn, each, clock=clock)
    assert [(run.name, run.failures) for run in first] == [("count", 1), ("other", 0)]
    assert "division by zero" in str(first[0].error)
    assert jobs.list_jobs(conn)[0].due_at == NOW + 2 * MINUTE
    clock.at = NOW + 2 * MINUTE
    again = jobs.run_due(conn, each, clock=clock)
    assert (again[0].failures, again[0].error) == (2, "the bank does not answer")
    assert jobs.list_jobs(conn)[0].due_at == clock.at + 4 * MINUTE
    clock.at += 4 * MINUTE
    jobs.run_due(conn, each, clock=clock)
    row = jobs.list_jobs(conn)[0]
    assert (row.failures, row.runs, row.error) == (0, 1, "the bank does not answer")


@pytest.mark.parametrize(
    ("every", "failures", "wait"),
    [(MINUTE, 1, 2 * MINUTE), (MINUTE, 5, 32 * MINUTE), (MINUTE, 6, 60 * MINUTE), (MINUTE, 10**6, 60 * MINUTE),
     (300 * MINUTE, 3, 300 * MINUTE)],
)  # fmt: skip
def test_the_wait_doubles_up_to_an_hour(every, failures, wait):
    assert jobs.back_off(every, failures) == wait


def test_two_schedulers_never_run_one_job_at_once(conn, database):
    """The second finds it leased while the first works, and not due when the first is done."""
    clock = FixedClock(NOW)
    seen: list[object] = []
    with connect(database) as other:
        inner = make_job([], name="slow")

        def work(_conn, _now):
            seen.append(jobs.is_running(other, "slow"))
            seen.append(jobs.run_due(other, [inner], clock=clock, names=["slow"]))
            return "done"

        jobs.run_due(conn, [jobs.Job("slow", MINUTE, work, "")], clock=clock)
        assert seen == [True, []]
        assert not jobs.is_running(other, "slow")
        assert jobs.run_due(other, [inner], clock=clock) == []


def test_who_dies_gives_the_lease_back(conn, database):
    clock = FixedClock(NOW)

    pids = []

    def die(own, _now):
        pids.append(own.info.backend_pid)
        own.close()
        raise psycopg.OperationalError("gone")

    dying = connect(database)
    with dying as other, pytest.raises(psycopg.OperationalError):
        jobs.run_due(other, [jobs.Job("count", MINUTE, die, "")], clock=clock)
    assert jobs.list_jobs(conn)[0].ended_at is None
    clock.at += MINUTE
    while conn.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", pids).fetchone():
        pass  # its server process is still going; the lease goes with it
    assert len(jobs.run_due(conn, [make_job([])], clock=clock)) == 1
