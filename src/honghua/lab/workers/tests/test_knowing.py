"""The memory of runs: what one leaves the next reads, hypotheses come from the graph by meaning, and their fate is written back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honghua.agents import api as agents
from honghua.agents.directory import DirectoryArtefacts
from honghua.base.errors import BadInput
from honghua.lab.factory.api import Stream, shipped_dictionary
from honghua.lab.knowledge.sketching import HASHES, Sketch, join, share_seen, sketch_events
from honghua.lab.workers.knowing.learning import IN_VAIN, KEPT, REPEATS, UNTRIED, WriteKnowledge, tell_fates
from honghua.lab.workers.knowing.memory import load_memory, new_memory, read_memory
from honghua.lab.workers.knowing.recalling import FormHypotheses, RecallKnowledge, find_variables
from honghua.lab.workers.question import read_question
from honghua.lab.workers.segmenter import Events

CITY = shipped_dictionary("city")
SINCE, COUNT = "customer__since__repayments__ever", "customer__count__repayments__30d"
OTHER = "customer__sum_amount__purchases__on_credit__90d"
AUC = {"kind": "forest", "auc": [0.6, 0.7, 0.8], "problems": ["calibration error: ECE is 0.2"], "passed": False}
FOUND: dict[str, Any] = {
    "tags": {"hypotheses": ["number of transfers in the last 90 days"]},
    "fit": {"accepted": [SINCE, OTHER], "left_out": [COUNT]},
    "examination": {"champion": {**AUC, "kind": "scorecard", "digest": "ab" * 32}, "challenger": {**AUC, "digest": "cd" * 32}},
    "strategy": {"figures": {"loss_share": [0.01, 0.02, 0.03]}}, "policy_check": {},
}  # fmt: skip


def events(tmp_path: Path) -> Events:
    return Events(tmp_path, read_question("city"))


def do(
    worker: agents.Worker, store: DirectoryArtefacts, given: dict[str, Any], scratch: Path
) -> tuple[agents.Outcome, agents.Context]:
    """A step on artefacts: bytes as text, all else as JSON."""
    refs = {
        name: agents.put_bytes(store, name, agents.TEXT, value) if isinstance(value, bytes) else agents.put_json(store, name, value)
        for name, value in given.items()
    }  # fmt: skip
    context = agents.Context(store, refs, {slot.name: slot for slot in worker.writes}, scratch, 1, {}, worker.step)
    return worker.run(context), context


def read(store: DirectoryArtefacts, context: agents.Context, name: str) -> Any:
    return agents.read_json(store, context.outputs[name].digest, object)


def ranked(name: str, *, kept: bool, why: str) -> dict[str, Any]:
    return {"name": name, "kept": kept, "iv_confirmed": 0.1, "why": why}


def sketch_month(month: int, *, share: float = 1.0) -> dict[str, Any]:
    """Of 300 events of a month, and for the rest of the month before."""
    mine = [month * 1_000 + k for k in range(300)]
    return {
        "low": sorted([*mine[: int(300 * share)], *(one - 1_000 for one in mine[int(300 * share) :])]),
        "is_whole": True,
    }


def learn(
    tmp_path: Path, memory: dict[str, Any], variables: list[dict[str, Any]], *, month: int = 1, share: float = 1.0
) -> dict[str, Any]:  # fmt: skip
    """A run on the events of a month: it recalls what the memory says, thinks, and writes down."""
    store, path, source = (
        DirectoryArtefacts(tmp_path / "artefacts"),
        tmp_path / "memory.json",
        {"month": month, "share": share},
    )
    path.write_text(json.dumps(memory))
    sketch = sketch_month(month, share=share)
    _, recalled = do(
        RecallKnowledge(events(tmp_path), str(path)), store, {"source": source, "sketch": sketch}, tmp_path
    )
    known = read(store, recalled, "known")
    _, thought = do(FormHypotheses(events(tmp_path)), store, {"known": known}, tmp_path)
    given = {
        "source": source, "sketch": sketch, "known": known, "hypotheses": read(store, thought, "hypotheses"),
        "variables": {"ranked": variables},
        "policy": b"a policy", **FOUND,
    }  # fmt: skip
    _, context = do(WriteKnowledge(events(tmp_path)), store, given, tmp_path)
    return {
        "memory": read(store, context, "knowledge"),
        "learnt": read(store, context, "learnt"),
        "thought": given["hypotheses"],
    }


def test_a_question_in_words_becomes_variables_and_their_fate_is_written_into_the_graph(tmp_path: Path):
    first = learn(
        tmp_path,
        new_memory(CITY).as_json(),
        [ranked(SINCE, kept=True, why="kept"), ranked(COUNT, kept=False, why="tells too little")],
    )
    thought = {one["says"]: one["variables"] for one in first["thought"]}
    assert SINCE in thought["days since the last repayment"]
    assert COUNT in thought["最近30天还款次数"]
    fates = {one["says"]: one["fate"] for one in first["learnt"]["hypotheses"]}
    assert fates["days since the last repayment"] == KEPT
    assert fates["最近30天还款次数"] == IN_VAIN
    assert fates["share of purchases at night"] == UNTRIED
    graph = load_memory(CITY, first["memory"]).graph
    (challenger,) = (name for kind, name in graph.nodes if kind == "model" and "challenger" in name)
    assert SINCE in graph.origin(challenger)
    assert any(kind == "policy" and challenger in node.made_of for (kind, _), node in graph.nodes.items())
    cases = [node for (kind, _), node in graph.nodes.items() if kind == "case"]
    assert any("left out" in node.words.meaning and node.made_of == (COUNT,) for node in cases)
    assert any("ECE is 0.2" in node.words.meaning for node in cases)
    (hit,) = graph.find("model misses repayments forest", kind="model", top=1)
    assert hit.kind == "model"


def test_the_next_run_reads_it_tries_what_was_kept_and_asks_no_idea_three_times(tmp_path: Path):
    memory = new_memory(CITY).as_json()
    told: dict[str, Any] = {}
    for month in range(2):
        fates = [ranked(SINCE, kept=True, why="kept"), ranked(COUNT, kept=False, why="drifts")]
        told = learn(tmp_path, memory, fates, month=month)
        memory = told["memory"]
    path = tmp_path / "memory.json"
    path.write_text(json.dumps(memory))
    store = DirectoryArtefacts(tmp_path / "artefacts")
    outcome, _ = do(
        RecallKnowledge(events(tmp_path), str(path)),
        store,
        {"source": {"month": 2}, "sketch": sketch_month(2)},
        tmp_path,
    )
    assert isinstance(outcome, agents.Done)
    assert "2 earlier runs" in outcome.reasons[0]
    by = {(one["by"], one["says"]): one for one in learn(tmp_path, memory, [], month=2)["thought"]}
    kept = [one for (who, _), one in by.items() if who == "kept by an earlier run"]
    assert [one["variables"] for one in kept] == [[SINCE]]
    assert "kept in 2 of 2 runs" in kept[0]["note"]
    vain = find_variables(
        load_memory(CITY, memory), "number of repayments in the last 30 days", by="idea of an earlier run"
    )
    assert COUNT not in vain.variables
    assert "in vain" in vain.note
    assert ("question", "最近30天还款次数") in by, "what a person asks is tried however often it was in vain"
    assert COUNT in by["question", "最近30天还款次数"]["variables"]


def test_a_memory_of_these_very_events_proposes_nothing(tmp_path: Path):
    first = learn(tmp_path, new_memory(CITY).as_json(), [ranked(SINCE, kept=True, why="kept")], month=5)
    for month, wanted in ((5, {"question"}), (6, {"question", "idea of an earlier run", "kept by an earlier run"})):
        again = learn(tmp_path, first["memory"], [], month=month)
        assert {one["by"] for one in again["thought"]} == wanted


def test_a_memory_of_some_of_these_events_proposes_nothing_either(tmp_path: Path):
    first = learn(tmp_path, new_memory(CITY).as_json(), [ranked(SINCE, kept=True, why="kept")], month=5)
    only, again = {"question"}, dict[str, Any]()
    for share, wanted in (
        (0.97, only),
        (0.99, only),
        (0.995, {*only, "idea of an earlier run", "kept by an earlier run"}),
    ):
        again = learn(tmp_path, first["memory"], [], month=6, share=share)
        assert {one["by"] for one in again["thought"]} == wanted, share
    assert learn(tmp_path, again["memory"], [], month=5)["thought"][0]["by"] == "question"
    assert {one["by"] for one in learn(tmp_path, again["memory"], [], month=5, share=0.5)["thought"]} == only, (
        "of all runs before"
    )


def test_sketches_tell_how_much_two_streams_share():
    rng = np.random.default_rng(5)
    n = 120_000

    def stream(first: int, last: int) -> Stream:
        return Stream(CITY, {name: column[first:last] for name, column in columns.items()})

    columns = {"at_us": np.arange(n) * 1_000_003, "kind": rng.integers(1, 9, n), "amount_minor": rng.integers(0, 10**6, n),
               "customer": rng.integers(1, 2**62, n)}  # fmt: skip
    whole, half, later, few = (
        sketch_events(stream(*ends)) for ends in ((0, 60_000), (30_000, 90_000), (60_000, n), (100, 400))
    )
    assert len(whole.low) == HASHES
    assert share_seen(whole, whole) == 1.0
    assert share_seen(half, whole) == pytest.approx(0.5, abs=0.03)
    assert share_seen(later, whole) == 0.0
    assert share_seen(few, whole) == 1.0
    joined = join(whole, later)
    assert joined == sketch_events(stream(0, n))
    assert share_seen(half, joined) == 1.0
    assert share_seen(half, Sketch()) == 0.0


def test_fates_are_the_best_that_became_of_a_sentence():
    ranks = {
        "ranked": [
            ranked("a", kept=False, why="repeats b"),
            ranked("b", kept=True, why="kept"),
            ranked("c", kept=False, why="drifts"),
        ]
    }

    def fate(*names: str) -> str:
        return str(tell_fates([{"says": "x", "by": "y", "variables": list(names), "note": ""}], ranks)[0]["fate"])

    assert [fate("a", "b"), fate("a", "c"), fate("c"), fate("d"), fate()] == [KEPT, REPEATS, IN_VAIN, UNTRIED, UNTRIED]


def test_memories_that_are_none_or_of_other_data_are_told_apart(tmp_path: Path):
    for text, why in (("[", "no JSON"), ("[]", "no memory"), ('{"graph": {}}', "another dictionary|no memory")):
        path = tmp_path / "odd.json"
        path.write_text(text)
        with pytest.raises(BadInput, match=why):
            read_memory(path, CITY)
    other = tmp_path / "other.json"
    other.write_text(json.dumps(new_memory(shipped_dictionary("handbook")).as_json()))
    store = DirectoryArtefacts(tmp_path / "artefacts")
    outcome, context = do(RecallKnowledge(events(tmp_path), str(other)), store, {"source": {}, "sketch": {}}, tmp_path)
    assert isinstance(outcome, agents.Done)
    assert "is not used" in outcome.reasons[0]
    fresh = {**new_memory(CITY).as_json(), "same_data": False, "overlap": 0.0}
    assert read(store, context, "known") == json.loads(json.dumps(fresh))
    with pytest.raises(BadInput, match="no knowledge in"):
        read_memory(tmp_path / "nowhere", CITY)
