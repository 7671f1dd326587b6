"""kill -9 at every point of a run: the next process goes on, to the same artefacts and the same trail."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from honghua.agents import api as agents
from honghua.agents.core import Entry, make_timeline
from honghua.agents.tests.toy import OPENING, SIGNER, Bench, make_flow
from honghua.base.errors import Conflict, IntegrityBroken

INSIDE = ("draw begun", "draw written", "make in the middle", "judge begun")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run_in_child(bench: Bench, point: Callable[[str], None], told: Callable[[Entry], None]) -> int:
    """The run in a process of its own; the signal that ended it, 0 for none."""
    child = os.fork()
    if child == 0:
        try:
            with agents.hold_run(bench.folder / "run") as run:
                agents.begin(run, OPENING, clock=bench.clock)
                agents.work(run, make_flow(point=point), bench.means(told=told))
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def never(_: object) -> None:
    """Lives."""


def finish(bench: Bench) -> agents.Run:
    assert run_in_child(bench, never, never) == 0
    return agents.look_at_run(bench.folder / "run")


def dies_at(name: str) -> Callable[[str], None]:
    return lambda point: die() if point == name else None


def dies_after(number: int) -> Callable[[Entry], None]:
    return lambda entry: die() if entry.number == number else None


def test_a_run_killed_anywhere_ends_as_one_that_was_not(tmp_path: Path):
    whole = finish(Bench(tmp_path / "whole"))
    expected = whole.standing().current
    trail = make_timeline(whole.journal.entries()).trail
    last = len(whole.journal.entries()) - 1
    points = [(dies_at(name), never) for name in INSIDE] + [
        (never, dies_after(number)) for number in range(1, last + 1)
    ]
    for number, (point, told) in enumerate(points):
        bench = Bench(tmp_path / str(number))
        assert run_in_child(bench, point, told) == signal.SIGKILL
        run = finish(bench)
        assert run.standing().current == expected, number
        line = make_timeline(run.journal.entries())
        assert (line.trail, line.state, line.steps_by_agents) == (trail, "waiting", 5)
        assert agents.verify_run(run, trusted={SIGNER.public}).ok


def test_a_step_that_kills_its_process_each_time_is_not_begun_for_ever(tmp_path: Path):
    bench = Bench(tmp_path)
    for _ in range(5):
        assert run_in_child(bench, dies_at("make in the middle"), never) == signal.SIGKILL
    with agents.hold_run(bench.folder / "run") as run, pytest.raises(Conflict, match="never came to an end"):
        agents.work(run, make_flow(), bench.means())


def test_a_torn_last_line_is_cut_off_and_a_changed_one_stops_everything(tmp_path: Path):
    bench = Bench(tmp_path)
    whole = finish(bench)
    path = bench.folder / "run" / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2]) + lines[-2][:40])
    assert finish(bench).standing().current == whole.standing().current
    changed = path.read_bytes().replace(b"made again", b"made agaim")
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    with pytest.raises(IntegrityBroken, match="does not follow"):
        agents.look_at_run(bench.folder / "run")
    path.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    with pytest.raises(IntegrityBroken):
        agents.look_at_run(bench.folder / "run")


def test_a_changed_or_lost_artefact_and_a_strange_key_are_named(tmp_path: Path):
    bench = Bench(tmp_path)
    run = finish(bench)
    other = agents.Signer.derive(b"x" * 32)
    assert "not a key of this site" in agents.verify_run(run, trusted={other.public}).problems[0]
    ref = run.standing().current["candidate"]
    path = bench.folder / "run" / "artefacts" / ref.digest[:2] / ref.digest[2:]
    kept = path.read_bytes()
    path.write_bytes(b'{"sum":1}')
    assert "is not what its digest says" in agents.verify_run(run, trusted=None).problems[0]
    path.unlink()
    assert "there is no artefact" in agents.verify_run(run, trusted=None).problems[0]
    path.write_bytes(kept)
    assert agents.verify_run(run, trusted=None).ok
