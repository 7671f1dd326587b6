"""Judged in a batch or one by one, recorded, read back, judged again: the same words, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from honghua.decision import api, store_judged
from honghua.decision.core.docket import Docket
from honghua.decision.core.outcomes import Outcome
from honghua.decision.invariants import check_decisions
from honghua.decision.tests.policies import (
    ANN,
    HARSH,
    LIMIT,
    NOW,
    TERMS,
    judge_all,
    purchases,
    release,
)


@pytest.fixture
def watch(conn):
    release(conn)
    with conn.transaction():
        api.start_experiment(conn, "face", {"control": 500_000, "strict": 500_000}, ANN)
        api.set_holdout(conn, 100_000, ANN)
    return api.Watch(TERMS)


def test_records_are_judged_again_the_same(conn, watch):
    release(conn, HARSH, name="harsh", role=api.Role.SHADOW)
    columns, _ = judge_all(conn, watch, purchases(300))
    assert set(columns.outcome.tolist()) == {Outcome.APPROVE, Outcome.REFUSE, Outcome.STEP_UP}
    found = api.replay_all(conn, ids=None, sample=None, find_scorer=None)
    assert (found.count, found.different) == (300, [])
    assert api.replay_decisions(conn, ids=[7, 8]) == (2, [])
    assert api.replay_decisions(conn, sample=5) == (5, [])
    assert all(check.ok for check in check_decisions(conn)), check_decisions(conn)
    page = next(store_judged.iterate_pages(conn, ids=None, sample=None))
    assert page.frozen == [columns.frozen.row(i) for i in range(300)]
    assert page.reason == columns.reason
    outcomes = api.read_outcomes(conn, columns.account_id[:5])
    assert sorted(outcomes[1].tolist()) == [1, 2, 3, 4, 5]


def test_one_by_one_is_the_batch(conn, watch):
    release(conn, HARSH, name="harsh", role=api.Role.CHALLENGER, share_ppm=300_000)
    made = purchases(120)
    base, events, signals = made
    columns, _ = judge_all(conn, watch, made)
    judge = watch.judge(conn)
    prepared = judge.complete(base, events, events[:, 0])
    docket = Docket(judge)
    for i in range(120):
        verdict = judge.one(prepared, i)
        docket.add((int(events[i, 4]) * 10, i + 1), prepared, i, verdict, signals=signals[i], event=events[i])
    single, _ = docket.close()
    assert len(docket) == 0
    assert len(set(single.bundle_id.tolist())) == 2
    for name in (
        "account_id",
        "decision_id",
        "at_us",
        "bundle_id",
        "outcome",
        "amount_minor",
        "fired",
        "muted",
        "arms",
        "event",
    ):
        assert np.array_equal(getattr(single, name), getattr(columns, name)), name
    assert single.reason == columns.reason
    assert np.array_equal(single.frozen.data, columns.frozen.data)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("outcome = 3", "outcome"), ("reason = 'VELOCITY'", "reason"), ("amount_minor = amount_minor + 1", "amount"),
        ("fired = '\\x10'", "fired"), ("shadows = '\\x07'", "shadow"), ("frozen = '\\x00'", "unreadable"),
        ("bundle_id = 77", "unreadable"), ("muted = '\\x0e'", "fired"),
    ],
)  # fmt: skip
def test_a_changed_record_is_found(conn, owner_conn, watch, change, fault):
    release(conn, LIMIT, name="lax", role=api.Role.SHADOW)
    columns, _ = judge_all(conn, watch, purchases(40))
    refused = int(columns.decision_id[np.flatnonzero(columns.outcome == Outcome.REFUSE)[0]])
    owner_conn.execute("ALTER TABLE decision_judged DISABLE TRIGGER USER")
    owner_conn.execute(f"UPDATE decision_judged SET {change} WHERE decision_id = {refused}")
    found = api.replay_all(conn, ids=None, sample=None, find_scorer=None)
    assert [d.decision_id for d in found.different] == [refused]
    if fault != "fired" or "muted" not in change:
        assert fault in found.different[0].faults
    broken = {check.name: check.broken for check in check_decisions(conn)}
    assert broken["decision.replay_identical"] == (f"decision {refused}",)
    trace = None if fault == "unreadable" else api.find_trace(conn, refused, find_scorer=None)
    assert trace is None or trace.differs


class FirstSignal:
    """A model whose score is its first signal."""

    def score(self, signals):
        return {"fused": signals[:, 0].astype(np.float64), "unheard": signals[:, 1].astype(np.float64)}

    def tell(self, signals):
        return (f"the first signal is {signals[0, 0]:.2f}",)


def test_models_run_again_from_the_frozen_signals(conn, watch):
    """The kept files make the scorer; a score that is not bit for bit what the policy read is a difference."""
    digest = b"first signal".ljust(32)
    store_judged.save_model(conn, digest, {"model": b"first"})
    watch = api.Watch(replace(TERMS, model_digest=digest))
    base, events, signals = purchases(50)
    base[:, 2] = signals[:, 0].astype(np.float64)
    judge_all(conn, watch, (base, events, signals))
    base[7, 2] = np.nextafter(base[7, 2], 2)
    judge_all(conn, watch, (base, events, signals), first_id=101)
    asked = []

    def find_scorer(files):
        asked.append(files)
        return FirstSignal()

    found = api.replay_all(conn, ids=None, sample=None, find_scorer=find_scorer)
    assert (found.count, found.scored, asked) == (100, 100, [{"model": b"first"}])
    assert [(d.decision_id, d.faults) for d in found.different] == [(108, ("model",))]
    trace = api.find_trace(conn, 1, find_scorer=find_scorer)
    assert trace is not None
    assert trace.models[0].startswith("the first signal")
    assert all(check.ok for check in check_decisions(conn))


def test_a_model_that_was_not_kept_is_found(conn, watch):
    judge_all(conn, api.Watch(replace(TERMS, model_digest=b"gone")), purchases(5))
    broken = {check.name: check.broken for check in check_decisions(conn)}
    assert broken["decision.models_known"] == (f"model {b'gone'.hex()}",)


def test_a_trace_tells_the_story(conn, watch):
    columns, _ = judge_all(conn, watch, purchases(40))
    refused = int(columns.decision_id[columns.reason.index("RISK_REFUSED")])
    trace = api.find_trace(conn, refused, find_scorer=None)
    assert trace is not None
    assert (trace.outcome, trace.reason, trace.policy, trace.differs) == ("refuse", "RISK_REFUSED", "strict", ())
    assert any("fused[0." in line and "held" in line for line in trace.story)
    assert trace.lists == {"deny": False}
    assert trace.arms["face"] in ("holdout", "control", "strict")
    assert trace.inputs["available_minor"] == 90_000
    assert trace.event["customer"] == refused
    assert api.find_trace(conn, 9_999, find_scorer=None) is None
    assert NOW.isoformat() == trace.happened_at
