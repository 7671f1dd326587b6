"""From the click to the decision room: lists filled, policy proposed by an agent, approved by a person, seated for a share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from honghua.agents import api as agents
from honghua.agents.core import What
from honghua.base.clock import FixedClock
from honghua.base.errors import BadInput, Conflict
from honghua.decision import api as decision
from honghua.decision.core import POLICIES, compile_bundle, engine_vocabulary, find_leaks
from honghua.lab.api import APPROVE, CANDIDATE, DatabaseRuns
from honghua.lab.monitoring.reasons import RunReason
from honghua.lab.workers.effort import read_effort
from honghua.lab.workers.proposing import MAKER, Propose
from honghua.lab.workers.releaser import find_cells, make_gate
from honghua.lab.workers.strategist import REFUSE_LIST, REVIEW_LIST, add_rules, read_frame

NOW = dt.datetime(2026, 6, 1, 8, 0, tzinfo=dt.UTC)
OPENING = agents.Opening("build", 7, "a test", {})


@dataclass(frozen=True)
class Given:
    """A candidate as the workers before the gate would leave it."""

    frame: str = POLICIES["account-rules"]
    agent: str = "Releaser"
    step: str = "give"
    reads: tuple[agents.Slot, ...] = ()
    writes: tuple[agents.Slot, ...] = (agents.Slot(CANDIDATE), agents.Slot("policy", agents.TEXT), agents.Slot("lists"))

    def run(self, context: agents.Context) -> agents.Outcome:
        context.write_json(CANDIDATE, {"name": "lab-test"})
        context.write("policy", add_rules(self.frame).encode())
        context.write_json("lists", {REFUSE_LIST: ["bo"], REVIEW_LIST: ["anna", "chen"]})
        return agents.Done(("given",))


def release(conn: psycopg.Connection, tmp_path: Path, *, given: Given, person: str = "ann") -> agents.Run:
    clock = FixedClock(NOW)
    run = agents.open_database_run(conn, OPENING, subject="test", clock=clock)
    means = agents.Means(clock, tmp_path, agents.Signer.derive(b"k" * 32))
    flow = agents.Flow("build", (given, make_gate(), Propose(conn, clock)), signs=CANDIDATE, verdict="released")
    if agents.work(run, flow, means).waiting is not None and not agents.is_answered(run.standing()):
        agents.answer(run, step=APPROVE, person=person, approved=True, why="good figures", clock=clock)
    agents.work(run, flow, means)
    return run


def test_a_yes_seats_the_candidate_and_a_repetition_changes_nothing(conn: psycopg.Connection, tmp_path: Path):
    run = release(conn, tmp_path, given=Given())
    assert run.standing().ended is What.CLOSED
    told = agents.read_json(run.artefacts, run.standing().current["release"].digest, dict)
    row = decision.get_release(conn, told["release"])
    assert (row.author, row.reviewer, row.approved, told["role"]) == (MAKER, "ann", True, "challenger")
    lineup = decision.find_lineup(conn)
    assert lineup is not None
    assert (lineup.challenger, lineup.challenger_ppm) == (row.release_id, 100_000)
    entries = {(one.list, one.label) for one in decision.list_entries(conn, name=None, now=NOW, limit=10)}
    assert entries == {(REFUSE_LIST, "bo"), (REVIEW_LIST, "anna"), (REVIEW_LIST, "chen")}
    again = Propose(conn, FixedClock(NOW))
    changes = len(decision.list_changes(conn, limit=100))
    standing = run.standing()
    context = agents.Context(
        run.artefacts, {slot.name: standing.current[slot.name] for slot in again.reads}, {slot.name: slot for slot in again.writes},
        tmp_path, 7, {}, again.step,
    )  # fmt: skip
    assert isinstance(again.run(context), agents.Done)
    assert len(decision.list_changes(conn, limit=100)) == changes


def test_another_champion_than_was_signed_on_is_a_conflict_and_can_be_tried_again(
    conn: psycopg.Connection, tmp_path: Path
):
    with pytest.raises(Conflict, match="not the one that this candidate was signed on"):
        release(conn, tmp_path, given=Given(POLICIES["purchase-risk"]))
    (row,) = agents.list_runs(conn, limit=5)
    assert row.last is What.FAILED
    assert decision.find_lineup(conn) is None, "nothing of it was kept"


def test_the_maker_cannot_approve(conn: psycopg.Connection, tmp_path: Path):
    with pytest.raises(Conflict, match="somebody else must approve"):
        release(conn, tmp_path, given=Given(), person=MAKER)


def test_rules_join_the_frame_and_leak_nothing(tmp_path: Path):
    vocabulary = engine_vocabulary(lists=(REVIEW_LIST, REFUSE_LIST, "exclusion"))
    for name, frame in POLICIES.items():
        source = add_rules(frame)
        bundle = compile_bundle(name, source, vocabulary)
        assert find_leaks(bundle, vocabulary) == ()
        assert bundle.find_rule("judged_risky") is not None
        with pytest.raises(BadInput, match="judged_risky"):
            add_rules(source)
    with pytest.raises(BadInput, match="lane"):
        add_rules("with hard_deny:\n    x = refuse()\n")
    with pytest.raises(BadInput, match="shipped are"):
        read_frame(str(tmp_path / "none"))


def test_cells_are_numbered_as_the_strategy_numbers_them():
    cuts = {"chance": [0.1, 0.5], "amount_minor": [1000.0]}
    assert find_cells(cuts, [0.05, 0.1, 0.9, 0.05], [10, 10, 10, 5000]).tolist() == [0, 1, 2, 3]  # type: ignore[arg-type]


def test_the_night_opens_one_run_for_a_reason(conn: psycopg.Connection):
    runs = DatabaseRuns(conn, FixedClock(NOW))
    reason = RunReason("seat 3, June", "3", "misses", ("the score moved: PSI 0.31",), b"d" * 32, dt.date(2026, 6, 1))
    first = runs.open_run(reason)
    assert runs.open_run(reason) == first
    assert runs.open_run(replace(reason, key="seat 3, July")) != first
    standing = agents.look_at_database_run(conn, first).standing()
    assert (standing.flow, standing.params["segment"], standing.why) == ("refit", "3", "the score moved: PSI 0.31")


def test_every_baseline_of_effort_states_its_source():
    tasks = read_effort()
    assert sum(task.hours for task in tasks.values()) == 240, "30 working days of 8 hours, as the article's 30 days"
    assert all("assumption" in task.source and task.grade == "U" for task in tasks.values())
