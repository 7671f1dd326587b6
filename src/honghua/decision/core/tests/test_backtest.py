"""Counts of a backtest against counting by hand, however the history is cut into parts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from honghua.decision.core import (
    POLICIES,
    Gate,
    Outcome,
    Part,
    check_gate,
    compile_bundle,
    compute_report,
    empty_tally,
    engine_vocabulary,
    judge,
    judge_batch,
    tally_part,
)

WORDS = engine_vocabulary()


def history(n=400):
    rng = np.random.default_rng(11)
    vectors = np.zeros((n, len(WORDS)))
    for place, given in enumerate(WORDS):
        vectors[:, place] = rng.integers(0, 3, n)
        if given.high == 1:
            vectors[:, place] = rng.choice([0.05, 0.4, 0.7, 0.96, np.nan], n)
    vectors[:, WORDS.place("amount_minor")] = rng.integers(1, 500_000, n)
    vectors[:, WORDS.place("amount_minor_max")] = 400_000
    vectors[:, WORDS.place("available_minor")] = rng.integers(0, 500_000, n)
    vectors[:, WORDS.place("limit_minor")] = 500_000
    vectors[:, WORDS.place("is_consumption")] = 1
    vectors[:, WORDS.place("status")] = rng.choice([1, 1, 1, 2], n)
    vectors[:, WORDS.place("days_past_due")] = rng.choice([0, 0, 0, 9], n)
    outcome = rng.choice([1, 5, 3], n)
    granted = np.where(outcome == 5, 0, vectors[:, 0]).astype(np.int64)
    return Part(0, vectors, outcome, granted, rng.random(n), rng.integers(0, 3, n))


def cut(part, start, end):
    rows = slice(start, end)
    assert part.loss_chance is not None
    assert part.segments is not None
    return Part(
        part.start + start, np.ascontiguousarray(part.vectors[rows]), part.outcome[rows], part.amount_minor[rows], part.loss_chance[rows],
        part.segments[rows],
    )  # fmt: skip


@pytest.fixture(scope="module")
def bundle():
    return compile_bundle("purchase-risk", POLICIES["purchase-risk"], WORDS)


def test_counts_are_those_of_counting_by_hand(bundle):
    part = history()
    report = compute_report(bundle, tally_part(bundle, part, segments=3), segments=("a", "b", "c"))
    verdicts = [judge(bundle, row) for row in part.vectors]
    pairs = Counter((Outcome(int(was)).name.lower(), v.outcome.name.lower()) for was, v in zip(part.outcome, verdicts))
    assert {(m["before"], m["after"]): m["decisions"] for m in report["matrix"]} == pairs
    assert len(pairs) > 8
    assert report["flip_share"] == sum(was != v.outcome for was, v in zip(part.outcome, verdicts)) / len(verdicts)
    assert report["amount_after_minor"] == sum(v.amount_minor for v in verdicts)
    granted = (Outcome.APPROVE, Outcome.APPROVE_LESS, Outcome.TEMPORARY_LIMIT)
    assert part.loss_chance is not None
    loss = sum(c * v.amount_minor for c, v in zip(part.loss_chance, verdicts) if v.outcome in granted)
    assert report["expected_loss_after_minor"] == pytest.approx(loss, abs=1)
    for rule, told in zip(bundle.rules, report["rules"]):
        mine = [(was, v) for was, v in zip(part.outcome, verdicts) if v.rule == rule.number]
        assert told["spoke"] == sum(rule.number in v.fired for v in verdicts)
        assert told["decided"] == len(mine)
        assert told["flipped"] == sum(was != v.outcome for was, v in mine)
        assert told["new_refusals"] == sum(was != Outcome.REFUSE == v.outcome for was, v in mine)
    refused = [k for k, (was, v) in enumerate(zip(part.outcome, verdicts)) if was != Outcome.REFUSE == v.outcome]
    assert [e["row"] for e in report["new_refusals"]] == refused[:20]
    assert all(e["code"] == verdicts[e["row"]].code for e in report["new_refusals"] + report["new_approvals"])
    assert sum(s["decisions"] for s in report["segments"]) == len(verdicts)


def test_parts_add_up_to_the_whole(bundle):
    part = history()
    whole = compute_report(bundle, tally_part(bundle, part, segments=3))
    tally = empty_tally(bundle, segments=3)
    for start, end in ((0, 1), (1, 150), (150, 150), (150, 400)):
        tally = tally.plus(tally_part(bundle, cut(part, start, end), segments=3))
    parts = compute_report(bundle, tally)
    assert {**parts, "segments": 0} == {**whole, "segments": 0}


def test_a_policy_against_itself_changes_nothing(bundle):
    part = history()
    before = judge_batch(bundle, part.vectors)
    report = compute_report(bundle, tally_part(bundle, Part(0, part.vectors, before.outcome, before.amount_minor)))
    assert (report["flip_share"], report["new_refusals"], report["new_approvals"]) == (0, [], [])
    assert check_gate(report, Gate(0.0, 0.0, None, 0.0, 0.0)) == []


def test_the_gate_names_what_is_too_much(bundle):
    report = compute_report(bundle, tally_part(bundle, history(), segments=3), segments=("a", "b", "c"))
    assert check_gate(report, Gate()) == []
    found = check_gate(report, Gate(0.01, 0.01, 0.01, -2.0, 0.01))
    assert [sentence.split(" ")[0] for sentence in found] == ["flip", "rise", "refusal", "rise", "rise"]
    assert check_gate(report, Gate(flip_share_max=report["flip_share"])) == []  # the limit itself is allowed
