"""Recorded decisions backtested out of the database: the policy that decided changes nothing, another one does."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput
from honghua.decision import api
from honghua.decision.core import compile_bundle, compute_reference, compute_report
from honghua.decision.core.vocabulary import Input
from honghua.decision.tests.policies import (
    ANN,
    BASE,
    BEN,
    HARSH,
    LIMIT,
    LISTED,
    NOW_US,
    STRICT,
    TERMS,
    judge_all,
    purchases,
    release,
)


def report_of(conn, source, *, threads=2):
    bundle = compile_bundle("again", source, LISTED)
    parts = api.read_recorded_parts(conn, bundle, loss_input="fused")
    return compute_report(bundle, api.run_backtest(bundle, parts, threads=threads))


def test_recorded_decisions_backtested(conn):
    release(conn)
    with conn.transaction():
        api.start_experiment(conn, "face", {"control": 500_000, "strict": 500_000}, api.Act("Ann", "wanted"))
    columns, _ = judge_all(conn, api.Watch(TERMS), purchases(300))
    same = report_of(conn, STRICT)
    assert (same["decisions"], same["flip_share"]) == (300, 0.0)
    assert same["amount_before_minor"] == same["amount_after_minor"] == int(columns.amount_minor.sum())
    assert same["expected_loss_before_minor"] == same["expected_loss_after_minor"] > 0
    harsh = report_of(conn, HARSH)
    assert harsh["refusal_share_after"] > harsh["refusal_share_before"]
    assert {e["code"] for e in harsh["new_refusals"]} == {"RISK_REFUSED"}
    assert harsh == report_of(conn, HARSH, threads=1)
    more = compile_bundle(
        "more", HARSH.replace("fused >= 0.6", "other >= 0.6"), LISTED.extended([Input("other"), Input("more")])
    )
    with pytest.raises(BadInput, match="no record has other"):
        list(api.read_recorded_parts(conn, more))


ASKS = """
'''Asks for a list and an experiment that the policy at work does not read.'''
with hard_deny:
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
    listed = refuse("DENY_LIST", when=on_list("thieves"))
with score:
    tried = review("RISK_REVIEW", queue="q", when=arm("later") == "strict")
"""


def test_lists_and_arms_that_nobody_asked_for_are_looked_up_as_they_stood(conn):
    """Half the decisions were made before the list and the experiment, half after; then both end. Nothing reads as missing."""
    release(conn, LIMIT, name="limit", vocabulary=BASE)
    watch, made = api.Watch(TERMS), purchases(200)
    judge_all(conn, watch, made)
    with conn.transaction():
        api.add_entries(conn, api.ListName("thieves", "device"), [api.Listed("#7"), api.Listed("#9")], ANN)
        api.start_experiment(conn, "later", {"control": 500_000, "strict": 500_000}, ANN)
    words = api.find_vocabulary(conn)
    columns, _ = judge_all(conn, watch, made, first_id=1_001)
    with conn.transaction():
        api.remove_entries(conn, api.ListName("thieves", "device"), ["#7"], ANN)
        api.stop_experiment(conn, "later", ANN)
    judge_all(conn, watch, made, first_id=2_001)
    bundle = compile_bundle("asks", ASKS, words)
    split = api.Segments("month")
    tally = api.run_backtest(bundle, api.read_recorded_parts(conn, bundle, segments=split), segments=api.SEGMENTS_MAX)
    report = compute_report(bundle, tally, segments=split.names)
    _, events, _ = made
    listed, gone = np.isin(events[:, 5], (7, 9)), events[:, 5] == 9
    could = columns.outcome == 1
    rules = {row["rule"]: row for row in report["rules"]}
    assert rules["listed"]["spoke"] == listed.sum() + gone.sum() > 0
    assert rules["listed"]["new_refusals"] == (listed & could).sum() + (gone & could).sum()
    assert rules["tried"]["spoke"] == (columns.arms[:, 0] == 2).sum() > 0
    assert rules["inputs_present"]["spoke"] == 0
    assert [row["segment"] for row in report["segments"]] == ["2026-05"]
    ids = {example["row"] for example in report["new_refusals"]}
    assert ids <= {1_000 + k for k in range(1, 201)} | {2_000 + k for k in range(1, 201)}
    told = api.find_trace(conn, min(ids), find_scorer=None)
    assert told is not None
    assert told.outcome == "approve"


@pytest.mark.parametrize(("by", "many"), [("release", 2), ("device", 49), ("amount_minor", None), ("nonsense", None)])
def test_recorded_decisions_by_segment(conn, by, many):
    for k, source in enumerate((LIMIT, STRICT)):
        release(conn, source, name=f"r{k}")
        judge_all(conn, api.Watch(TERMS), purchases(900, seed=k), first_id=1 + 1_000 * k)
    bundle, split = compile_bundle("again", STRICT, LISTED), api.Segments(by)
    parts = api.read_recorded_parts(conn, bundle, segments=split)
    if many is None:
        with pytest.raises(BadInput, match=r"more than 1,000 values|no record has nonsense"):
            list(parts)
        return
    report = compute_report(bundle, api.run_backtest(bundle, parts, segments=api.SEGMENTS_MAX), segments=split.names)
    assert len(report["segments"]) == many
    assert sum(row["decisions"] for row in report["segments"]) == 1_800


def test_a_loss_that_no_record_has_is_told(conn):
    release(conn)
    judge_all(conn, api.Watch(TERMS), purchases(5))
    with pytest.raises(BadInput, match="no record has fraud_chance"):
        list(api.read_recorded_parts(conn, compile_bundle("again", STRICT, LISTED), loss_input="fraud_chance"))


def test_the_reference_is_what_the_brake_counts(conn):
    """Propose with the backtest's reference: on the same traffic the brake has nothing to say, on ten times of it it stops."""
    release(conn)
    judge_all(conn, api.Watch(TERMS), purchases(600))
    bundle = compile_bundle("harsh", HARSH.replace("0.6", "0.97"), LISTED)
    reference = compute_reference(bundle, api.run_backtest(bundle, api.read_recorded_parts(conn, bundle)))
    assert 0 < reference["risky"] < 60_000
    with conn.transaction():
        made = api.propose(conn, api.Proposal("harsh", bundle.source, LISTED, reference_ppm=reference), ANN)
        api.review(conn, made.release_id, BEN, approved=True)
        api.activate(conn, made.release_id, BEN, role=api.Role.CHAMPION)
    watch = api.Watch(TERMS)
    _, changes = judge_all(conn, watch, purchases(600, step_us=1_000_000), first_id=1_001)
    assert changes == []
    base, events, signals = purchases(600, step_us=1_000_000, at_us=NOW_US + 3_600_000_000)
    base[::2, 2] = 0.99
    _, changes = judge_all(conn, watch, (base, events, signals), first_id=2_001)
    assert [(bundle.rules[c.rule].name, c.state.name) for _, c in changes] == [("risky", "STOPPED")] or [
        c.state.name for _, c in changes
    ] == ["WARNED", "STOPPED"]
