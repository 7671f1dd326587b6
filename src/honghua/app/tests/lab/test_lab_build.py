"""A whole run by the verbs: raw events of a small city to a signed candidate, killed on its way, approved by a person, seated."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from honghua.agents import api as agents
from honghua.base.errors import IntegrityBroken
from honghua.lab.factory.api import shipped_dictionary
from honghua.lab.workers.api import read_memory
from honghua.sim.api import CityPlan, CrewPlan, MakePlan, make_city, standard_scenes
from honghua.store.settings import StoreSettings

PEOPLE, DAYS, SEED = 3_000, 172, 20261122
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city's files."""
    place = tmp_path_factory.mktemp("city")
    city = CityPlan(standard_scenes(), PEOPLE, DAYS, SEED, dt.date(2026, 1, 5))
    make_city(MakePlan(city, CrewPlan(SEED, 1), place / "out", place / "truth"), progress=lambda day, events: None)
    return place / "out"


def kill_after(step: str, events: Path, out: Path, settings: StoreSettings) -> None:
    """`lab build` in a process of its own, killed as soon as it says that a step is done: inside the next one."""
    words = [
        sys.executable,
        "-m",
        "honghua.app.cli",
        "lab",
        "build",
        "--events",
        str(events),
        "--out",
        str(out),
        "--seed",
        str(SEED),
    ]
    environment = {**os.environ, "HONGHUA_STATE_DIR": str(settings.state_dir)}
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, text=True
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith(f"honghua: {step}: done"):
                child.send_signal(signal.SIGKILL)
                break
        assert child.wait() == -signal.SIGKILL, "it ended before it was killed"


def test_raw_events_become_a_candidate_that_a_person_lets_judge(honghua, settings, events, tmp_path):
    def say(*words, status=0):
        return json.loads(honghua("lab", *words, "--json", status=status))

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    built = say("build", "--events", events, "--out", whole, "--seed", SEED)
    assert (built["state"], built["human_clicks"]) == ("waiting", 0)
    assert built["automated_share"] >= 0.9
    assert built["customers"] == PEOPLE
    assert len(built["signed"]) == 1
    assert built["expert_hours_saved"] > 200
    # a line per task, each with its baseline and where that comes from.
    assert len(built["time_saved"]) == built["tasks"]
    assert sum(one["baseline_hours"] for one in built["time_saved"]) == built["expert_hours_saved"]
    assert all(one["source"] and one["grade"] for one in built["time_saved"])
    # both goals beside a rule of one variable, on later rows.
    assert built["joint"]["rule"]
    assert (
        {"strategy", "rule", "difference"}
        == set(built["joint"]["good_passed"])
        == set(built["joint"]["bad_amount_passed"])
    )
    run = agents.look_at_run(whole / "run")
    learnt = agents.read_json(run.artefacts, run.standing().current["learnt"].digest, dict)
    assert {one["by"] for one in learnt["hypotheses"]} == {"question"}
    assert {"model", "policy"} <= {kind for kind, _ in learnt["added"]}
    memory = read_memory(whole, shipped_dictionary("city"))
    assert memory.runs == 1
    assert any(one.kept for one in memory.results.values()), (
        "what the next run, called with --knowledge, would try first"
    )

    kill_after("choose the variables", events, killed, settings.store)
    assert say("show", killed)["state"] == "running"
    resumed = say("resume", killed)
    assert (resumed["signed"], resumed["trail"]) == (built["signed"], built["trail"])

    assert say("verify", whole)["ok"] is True
    approved = say("approve", whole, "--by", "ann", "--why", "the figures hold")
    assert (approved["state"], approved["human_clicks"]) == ("closed", 1)
    assert approved["release"]["role"] == "challenger"
    assert json.loads(honghua("verify", "--json"))["broken"] == []

    journal = killed / "run" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"customers", b"customerz", 1))
    with pytest.raises(IntegrityBroken, match="does not follow"):
        say("verify", killed)
