"""The night opens a run, the workers take it up by themselves, a person clicks: the seat changes, and nothing happens twice."""

from __future__ import annotations

import datetime as dt

import numpy as np
import psycopg
import pytest

from honghua.agents import api as agents
from honghua.agents.core import What
from honghua.base.clock import FixedClock
from honghua.base.errors import Conflict, Refusal
from honghua.lab.api import CANDIDATE, REFIT, DatabaseRuns
from honghua.lab.fairness.api import TableProtected, note_traits
from honghua.lab.monitoring import api as monitoring
from honghua.lab.monitoring.tests.drifting import DRIFT, World, first_champion, night_of, note
from honghua.lab.workers.api import approve_release, take_up
from honghua.lab.workers.refit import flow as refit_flow
from honghua.models.registry import api as registry
from honghua.store.database import Database, connect

MONTH = dt.date(2026, 1 + DRIFT, 1)
NOW = night_of(MONTH)
SIGNER = agents.Signer.derive(b"k" * 32)
WORLD = World(1, 1_500)


def live_until_drift(conn: psycopg.Connection, *, traits: bool = True) -> registry.VersionRow:
    """A champion of the calm months, scored and known up to the month in which people changed; the night has looked."""
    first_champion(conn, WORLD)
    champion = registry.find_champion(conn, "young", "pd-12")
    assert champion is not None
    say = monitoring.predict_of(conn, champion)
    for number in range(2, DRIFT + 1):
        told = WORLD.month(number)
        note(conn, champion.version_id, number, told, say(told[1]))
    if traits:
        with conn.transaction():
            for number in range(DRIFT + 1):
                keys = WORLD.month(number)[0]
                note_traits(conn, "town", keys, np.where(keys % 2, "south", "north").tolist(), source="a test", now=NOW)
    night = monitoring.watch_seats(
        conn, runs=DatabaseRuns(conn, FixedClock(NOW)), now=NOW, protected=TableProtected(conn)
    )
    assert len(night.opened) == 1
    return champion


def open_run(conn: psycopg.Connection) -> agents.Run:
    (row,) = agents.list_runs(conn, limit=9, flow=REFIT)
    return agents.look_at_database_run(conn, row.run_id)


def test_the_workers_take_up_what_the_night_opened_and_a_person_seats_the_winner(conn: psycopg.Connection):
    before = live_until_drift(conn)
    (taken,) = take_up(conn, signer=SIGNER, clock=FixedClock(NOW))
    run = open_run(conn)
    assert (taken.state, taken.run_id) == ("waits", run.journal.run), taken
    assert take_up(conn, signer=SIGNER, clock=FixedClock(NOW)) == [], "it waits for a person now"
    candidate = agents.read_json(run.artefacts, run.standing().current[CANDIDATE].digest, dict)
    assert set(candidate["models"]) == {"scorecard", "forest"}
    beside = registry.list_versions(conn, segment="young", purpose="pd-12", status=registry.Status.CHALLENGER)
    assert {row.kind for row in beside} == {"scorecard", "forest"}, "both stand beside the champion"
    assert agents.verify_run(run, trusted={SIGNER.public}).ok
    approve_release(
        conn, run.journal.run, person="li", why="it knows the new people", approved=True, clock=FixedClock(NOW)
    )
    assert open_run(conn).standing().ended is What.CLOSED
    after = registry.find_champion(conn, "young", "pd-12")
    assert after is not None
    assert (after.version_id, after.parent) == (candidate["version"], before.version_id)
    assert after.run_id.startswith("monitor:")
    with pytest.raises(Conflict):
        approve_release(conn, run.journal.run, person="li", why="again", approved=True, clock=FixedClock(NOW))


def test_without_protected_traits_nobody_takes_the_seat_and_the_run_says_why(conn: psycopg.Connection):
    before = live_until_drift(conn, traits=False)
    (taken,) = take_up(conn, signer=SIGNER, clock=FixedClock(NOW))
    assert taken.state == "ended"
    assert "looked at no protected column" in taken.why
    assert registry.find_champion(conn, "young", "pd-12") == before
    assert take_up(conn, signer=SIGNER, clock=FixedClock(NOW)) == []


@pytest.mark.slow
def test_outcomes_that_come_between_two_steps_send_the_work_back_to_look_again(conn: psycopg.Connection, tmp_path):
    champion = live_until_drift(conn)
    run_id = open_run(conn).journal.run
    with agents.hold_database_run(conn, run_id) as run:
        flow = refit_flow.make_refit_flow(run.standing().params, conn, clock=FixedClock(NOW), seed=1)
        agents.work(run, flow, agents.Means(FixedClock(NOW), tmp_path, SIGNER), steps_max=2)  # killed after the fit
    keys, _, _, ones = WORLD.month(DRIFT)
    corrected = registry.Outcomes(keys[:40], ~ones[:40])
    with conn.transaction():
        registry.note_outcomes(conn, champion.version_id, corrected, as_of=NOW.date(), now=NOW)
    (taken,) = take_up(conn, signer=SIGNER, clock=FixedClock(NOW))
    assert taken.state == "waits", taken
    entries = open_run(conn).journal.entries()
    assert [one.step for one in entries if one.what is What.SENT_BACK] == ["examine the refits"]
    assert sum(one.step == "fit both models again" and one.what is What.DONE for one in entries) == 2


def test_a_run_whose_champion_is_gone_ends_and_one_that_another_holds_is_left(
    conn: psycopg.Connection, database: Database
):
    live_until_drift(conn)
    run = open_run(conn)
    with connect(database) as second, agents.hold_database_run(second, run.journal.run):
        (held,) = take_up(conn, signer=SIGNER, clock=FixedClock(NOW))
    assert held.state == "held"
    params = {**run.standing().params, "digest": "00" * 32, "key": "monitor:other"}
    opening = agents.Opening(REFIT, 1, "it broke a bound", params)
    agents.open_database_run(conn, opening, subject="monitor:other", clock=FixedClock(NOW - dt.timedelta(days=1)))
    (gone,) = take_up(conn, signer=SIGNER, clock=FixedClock(NOW))
    assert (gone.subject, gone.state) == ("monitor:other", "ended")
    assert "another champion" in gone.why


@pytest.mark.slow
def test_a_word_that_comes_too_late_ends_the_run_and_changes_no_seat(conn: psycopg.Connection):
    live_until_drift(conn)
    take_up(conn, signer=SIGNER, clock=FixedClock(NOW))
    run = open_run(conn)
    candidate = agents.read_json(run.artefacts, run.standing().current[CANDIDATE].digest, dict)
    beside = registry.list_versions(conn, segment="young", purpose="pd-12", status=registry.Status.CHALLENGER)
    other = next(row for row in beside if row.version_id != candidate["version"])
    told = agents.read_json(run.artefacts, run.standing().current["examination"].digest, dict)[other.kind]
    with conn.transaction():
        trial = registry.trial_of(registry.KeptExamination(told))
        assert not isinstance(registry.promote(conn, other.version_id, trial, word=("wu", "by hand"), now=NOW), Refusal)
    approve_release(conn, run.journal.run, person="li", why="late", approved=True, clock=FixedClock(NOW))
    standing = open_run(conn).standing()
    assert standing.ended is What.REFUSED
    assert "the word stands" in standing.verdict
    champion = registry.find_champion(conn, "young", "pd-12")
    assert champion is not None
    assert champion.version_id == other.version_id
