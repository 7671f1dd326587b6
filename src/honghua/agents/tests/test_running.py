"""A run from opening to end: what is sent back, what waits, what is refused, what is signed, what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from honghua.agents import api as agents
from honghua.agents.core import AuthorKind, Cost, What, make_timeline
from honghua.agents.tests.toy import OPENING, SIGNER, Bench, Draw, Judge, make_flow
from honghua.base.errors import BadInput, Conflict, NotFound


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def run_to_gate(bench: Bench, **flow: object) -> agents.Run:
    with agents.hold_run(bench.folder / "run") as run:
        agents.begin(run, OPENING, clock=bench.clock)
        agents.work(run, make_flow(**flow), bench.means())  # type: ignore[arg-type]
        return run


def test_work_goes_back_with_its_reason_and_only_the_gate_is_human(bench: Bench):
    run = run_to_gate(bench)
    told = [(e.step, e.what.value, e.turn) for e in run.journal.entries() if e.what not in (What.STARTED, What.OPENED)]
    assert told == [
        ("draw", "done", 1), ("make", "done", 1), ("judge", "sent_back", 1), ("make", "done", 2), ("judge", "done", 2),
        ("", "signed", 0), ("approve", "waiting", 1),
    ]  # fmt: skip
    line = make_timeline(run.journal.entries())
    assert (line.state, line.waits_for, line.steps_by_agents, line.steps) == ("waiting", "may this go out?", 5, 6)
    back = next(row for row in line.rows if row.outcome == "sent_back")
    assert back.back_to == "make"
    assert back.reasons[0].endswith("is not 2 times the sum")
    with agents.hold_run(bench.folder / "run") as again:
        assert agents.work(again, make_flow(), bench.means()).count == line.rows[-1].number + 1, (
            "waiting writes nothing"
        )
        agents.answer(again, step="approve", person="ann", approved=True, why="looks right", clock=bench.clock)
        with pytest.raises(Conflict, match="answered"):
            agents.answer(again, step="approve", person="bo", approved=False, why="no", clock=bench.clock)
        standing = agents.work(again, make_flow(), bench.means())
    assert (standing.ended, standing.verdict) == (What.CLOSED, "approved")
    ended = make_timeline(again.journal.entries())
    assert (ended.human_clicks, ended.steps_by_agents, ended.steps) == (1, 5, 6)
    approval = agents.read_json(again.artefacts, standing.current["approval"].digest, dict)
    assert approval == {"person": "ann", "why": "looks right", "subject": standing.current["candidate"].digest}
    humans = [e for e in again.journal.entries() if e.author.kind is AuthorKind.HUMAN]
    assert [(e.what.value, e.author.name) for e in humans] == [("answered", "ann"), ("done", "ann")]
    verified = agents.verify_run(again, trusted={SIGNER.public})
    assert verified.ok, verified.problems
    assert verified.signed == (standing.current["candidate"].digest,)


def test_a_no_ends_the_run_or_sends_the_work_back(bench: Bench):
    run_to_gate(bench)
    with agents.hold_run(bench.folder / "run") as run:
        agents.answer(run, step="approve", person="ann", approved=False, why="too dear", clock=bench.clock)
        standing = agents.work(run, make_flow(back_to="make"), bench.means())
        assert standing.ended is What.REFUSED, "make was sent back, its sum is 3 times, and no judge takes that"
        assert "3 times; the last time:" in standing.verdict
        with pytest.raises(Conflict):
            agents.answer(run, step="approve", person="ann", approved=True, why="well", clock=bench.clock)
    other = Bench(bench.folder / "other")
    run_to_gate(other)
    with agents.hold_run(other.folder / "run") as run:
        agents.answer(run, step="approve", person="ann", approved=False, why="too dear", clock=bench.clock)
        standing = agents.work(run, make_flow(), other.means())
        assert (standing.ended, standing.verdict) == (What.REFUSED, "turned down by ann: too dear")
        assert make_timeline(run.journal.entries()).steps == 6


def test_what_never_does_is_refused_after_a_bounded_number_of_rounds(bench: Bench):
    run = run_to_gate(bench, times=99)
    standing = run.standing()
    assert standing.ended is What.REFUSED
    assert sum(e.what is What.SENT_BACK for e in run.journal.entries()) == agents.ROUNDS_MAX + 1
    assert "candidate" not in standing.current
    assert not standing.signed


def test_the_same_seed_gives_the_same_artefacts_and_another_seed_others(bench: Bench):
    first = run_to_gate(bench)
    second = run_to_gate(Bench(bench.folder / "b"))
    assert first.journal.run != second.journal.run
    assert first.standing().current == second.standing().current
    assert make_timeline(first.journal.entries()).trail == make_timeline(second.journal.entries()).trail
    with agents.hold_run(bench.folder / "c") as third:
        agents.begin(third, replace(OPENING, seed=8), clock=bench.clock)
        agents.work(third, make_flow(), bench.means())
    assert third.standing().current["candidate"] != first.standing().current["candidate"]
    assert make_timeline(third.journal.entries()).trail != make_timeline(first.journal.entries()).trail


def test_a_run_is_held_by_one_and_is_what_it_was_begun_as(bench: Bench):
    with agents.hold_run(bench.folder / "run") as run:
        agents.begin(run, OPENING, clock=bench.clock)
        with pytest.raises(Conflict, match="another process"), agents.hold_run(bench.folder / "run"):
            pass
        with pytest.raises(Conflict, match="other settings"):
            agents.begin(run, replace(OPENING, seed=8), clock=bench.clock)
        with pytest.raises(Conflict, match="flow"):
            agents.work(run, replace(make_flow(), name="else"), bench.means())
    with pytest.raises(NotFound):
        agents.look_at_run(bench.folder / "nothing")
    with agents.hold_run(bench.folder / "new") as fresh, pytest.raises(BadInput, match="never opened"):
        agents.work(fresh, make_flow(), bench.means())


def test_a_flow_that_cannot_run_is_refused_when_it_is_made():
    with pytest.raises(BadInput, match="nobody wrote"):
        agents.Flow("bad", (Judge(),))
    with pytest.raises(BadInput, match="twice"):
        agents.Flow("bad", (Draw(), replace(Draw(), step="again")))


@dataclass(frozen=True)
class Costly(Draw):
    """Fails the first two times, and costs."""

    failures: int = 0

    def run(self, context: agents.Context) -> agents.Outcome:
        context.cost += Cost(tokens_in=60, money_micro=5)
        if self.failures:
            raise BadInput("no such file")
        return super().run(context)


def test_a_failure_is_kept_and_the_step_tried_again_and_a_budget_ends_the_run(bench: Bench):
    with agents.hold_run(bench.folder / "run") as run:
        agents.begin(run, OPENING, clock=bench.clock)
        flow = agents.Flow("toy", (Costly(failures=1), *make_flow().workers[1:]), budget=agents.Budget(tokens=100))
        with pytest.raises(BadInput, match="no such file"):
            agents.work(run, flow, bench.means())
        failed = run.journal.entries()[-1]
        assert (failed.what, failed.reasons, failed.cost.tokens) == (What.FAILED, ("no such file",), 60)
        cured = replace(flow, workers=(Costly(), *make_flow().workers[1:]))
        standing = agents.work(run, cured, bench.means())
    assert standing.ended is What.REFUSED
    assert standing.verdict == "the run's budget is spent (tokens: 120 of 100)"
    assert standing.current.keys() == {"numbers"}
