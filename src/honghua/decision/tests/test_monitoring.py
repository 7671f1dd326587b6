from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from honghua.base.errors import Conflict, NotFound
from honghua.decision import api, replaying
from honghua.decision.core.brake import BrakeState
from honghua.decision.core.engine_inputs import engine_vocabulary
from honghua.decision.core.outcomes import Outcome
from honghua.decision.core.policies import ACCOUNT_RULES, PURCHASE_RISK
from honghua.decision.monitoring import store
from honghua.decision.tests.policies import (
    ANN,
    BEN,
    HARSH,
    LIMIT,
    LISTED,
    NOW,
    NOW_US,
    STRICT,
    TERMS,
    judge_all,
    purchases,
    release,
)
from honghua.fraud.api import SCORE_VERSION, FitSettings, examine, fit_fraud
from honghua.fraud.core import SILENCE, Family, Value
from honghua.models.api import DriftBounds
from honghua.store.wishes import take_wishes

DAY = dt.timedelta(days=1)
VALUES = (Value("s1", Family.RHYTHM, 1), Value("s2", Family.CROWD, 1), Value(SILENCE, Family.LABEL))
NAMES = tuple(value.name for value in VALUES)
SIGHTED = replace(TERMS, signals=NAMES)
N = 600


def seen(n, *, seed=1, shift=0.0):
    """Signals float32[n, 3] and who is a fraud: a high s1."""
    rng = np.random.default_rng(seed)
    x = np.stack([rng.random(n) + shift, rng.integers(0, 9, n), np.zeros(n)], axis=1).astype(np.float32)
    return x, (x[:, 0] - shift + 0.2 * rng.random(n) > 0.85).astype(np.int8)


@pytest.fixture(scope="module")
def fitted():
    x, labels = seen(N)
    return fit_fraud(x, labels, described=VALUES, settings=FitSettings(rounds=10, detector_rounds=5))


@pytest.fixture(scope="module")
def examined(fitted):
    x, labels = seen(N)
    return examine(fitted, x, labels, described=VALUES)


def keep(conn, fitted, files):
    with conn.transaction():
        api.keep_model(conn, fitted.model, beside=files)
    return fitted.model.digest


def sighted(n, *, model=None, seed=1, at_us=NOW_US, step_us=0, shift=0.0):
    """Purchases with signals of the model's, and its scores where there is one."""
    base, events, _ = purchases(n, seed=seed, at_us=at_us, step_us=step_us)
    signals, _ = seen(n, seed=seed, shift=shift)
    if model is not None:
        base[:, 2] = model.score(signals).fused
    return base, events, signals


def propose(conn, digest, *, despite="", name="with a model", source=STRICT):
    with conn.transaction():
        return api.propose(conn, api.Proposal(name, source, LISTED, model_digest=digest, despite=despite), ANN)


PASSED = {"battery.json": b'{"passed": true, "digest": "%s"}'}


def passed(fitted):
    return {"battery.json": PASSED["battery.json"] % fitted.model.digest.hex().encode()}


def failed(fitted):
    said = b'{"passed": false, "digest": "%s", "problems": ["calibration slope: slope is 9"]}'
    return {"battery.json": said % fitted.model.digest.hex().encode()}


def test_a_model_that_failed_judges_only_on_somebodys_word(conn, fitted):
    digest = keep(conn, fitted, failed(fitted))
    with pytest.raises(Conflict, match=r"(?s)slope is 9.*--despite"):
        propose(conn, digest)
    made = propose(conn, digest, despite="the slope is flat because labels are late")
    assert api.find_waiver(conn, made) == ("Ann", "the slope is flat because labels are late")
    assert [c.action for c in api.list_changes(conn, limit=2)] == ["propose", "answer for model"]
    api.review(conn, made.release_id, BEN, approved=True)
    api.activate(conn, made.release_id, BEN, role=api.Role.CHAMPION)
    propose(conn, digest, name="again, same word")


OF_ANOTHER = {"battery.json": b'{"passed":true,"digest":"00"}'}


@pytest.mark.parametrize(("files", "said"), [({}, "nobody examined"), (OF_ANOTHER, "another model")])
def test_a_model_that_nobody_examined_is_as_one_that_failed(conn, fitted, files, said):
    digest = keep(conn, fitted, files)
    with pytest.raises(Conflict, match=said):
        propose(conn, digest)
    with conn.transaction():
        api.keep_beside(conn, digest, {} if files else passed(fitted))
    if not files:
        assert api.find_waiver(conn, propose(conn, digest)) is None


def test_a_model_kept_after_its_proposal_is_looked_at_when_it_is_activated(conn, fitted):
    made = propose(conn, fitted.model.digest)
    api.review(conn, made.release_id, BEN, approved=True)
    keep(conn, fitted, failed(fitted))
    with pytest.raises(Conflict, match="slope is 9"):
        api.activate(conn, made.release_id, BEN, role=api.Role.CHAMPION)


def test_a_shadow_may_have_a_model_of_its_own(conn, fitted):
    """It is asked on its own scores of the same values, and a replay finds the same."""
    digest = keep(conn, fitted, passed(fitted))
    release(conn)
    made = sighted(300)
    watch = api.Watch(SIGHTED)
    watch.judge(conn)
    row = propose(conn, digest, source=HARSH)
    api.review(conn, row.release_id, BEN, approved=True)
    with pytest.raises(Conflict, match="let this one be a shadow first"):
        api.activate(conn, row.release_id, BEN, role=api.Role.CHALLENGER, share_ppm=1000)
    api.activate(conn, row.release_id, BEN, role=api.Role.SHADOW)
    columns, _ = judge_all(conn, watch, made)
    fused = fitted.model.score(made[2]).fused
    limited = made[0][:, 0] > made[0][:, 1]
    assert ((columns.shadows[0].outcomes == Outcome.REFUSE) == (limited | (fused >= 0.6))).all()
    assert ((columns.outcome == Outcome.REFUSE) == (limited | (made[0][:, 2] >= 0.9))).all()
    (view,) = api.list_shadows(conn)
    both = ~np.isnan(made[0][:, 2])
    assert view.scores == pytest.approx(
        (made[0][both, 2].mean(), fused[both].mean(), np.abs(made[0][both, 2] - fused[both]).mean())
    )
    found = api.replay_all(conn, ids=None, sample=None, find_scorer=api.find_scorer)
    assert (found.count, found.different) == (300, [])


def test_a_shadow_that_reads_what_is_not_sensed_is_refused_and_blind_where_it_sits_already(conn, fitted):
    digest = keep(conn, fitted, passed(fitted))
    release(conn)
    api.Watch(TERMS).judge(conn)  # senses s1 and s2 only
    row = propose(conn, digest, source=HARSH)
    api.review(conn, row.release_id, BEN, approved=True)
    with pytest.raises(Conflict, match=SILENCE):
        api.activate(conn, row.release_id, BEN, role=api.Role.SHADOW)
    api.Watch(SIGHTED).judge(conn)
    api.activate(conn, row.release_id, BEN, role=api.Role.SHADOW)
    columns, _ = judge_all(conn, api.Watch(TERMS), purchases(40))
    assert not columns.shadows[0].outcomes.any()
    (view,) = api.list_shadows(conn)
    assert (view.judged, view.pairs, view.is_warming) == (0, {}, True)
    assert api.find_warming(conn) == (row.release_id,)
    assert api.replay_all(conn, ids=None, sample=None, find_scorer=api.find_scorer).different == []


def test_scores_of_another_version_of_the_arithmetic_are_not_called_different(conn, fitted, monkeypatch):
    digest = keep(conn, fitted, passed(fitted))
    release(conn)
    made = sighted(30, model=fitted.model)
    made[0][3, 2] = np.nextafter(made[0][3, 2], 2)  # as another order of sums would
    judge_all(conn, api.Watch(replace(SIGHTED, model_digest=digest)), made)
    found = api.replay_all(conn, ids=None, sample=None, find_scorer=api.find_scorer)
    assert [(d.decision_id, d.faults) for d in found.different] == [(4, ("model",))]
    monkeypatch.setattr(replaying, "SCORE_VERSION", SCORE_VERSION + 1)
    found = api.replay_all(conn, ids=None, sample=None, find_scorer=api.find_scorer)
    assert (found.different, found.scored, found.other_version) == ([], 0, {SCORE_VERSION: 30})


def test_drift_is_counted_from_the_records_once_and_told_once_a_day(conn, fitted, examined):
    digest = keep(conn, fitted, examined.files())
    release(conn)
    watch = api.Watch(replace(SIGHTED, model_digest=digest))
    bounds = DriftBounds(rows_min=100)
    judge_all(conn, watch, sighted(400, model=fitted.model, seed=5))
    whole = api.count_drift(conn, now=NOW, bounds=bounds, page=150)
    assert (whole.records, whole.counted, whole.alerts) == (400, 400, 0)
    tomorrow = NOW_US + int(DAY.total_seconds()) * 1_000_000
    odd = sighted(300, model=fitted.model, seed=6, at_us=tomorrow, shift=0.6)
    odd[2][:, 1] = np.nan
    odd[0][:, 2] = fitted.model.score(odd[2]).fused
    judge_all(conn, watch, odd, first_id=1_000)
    first = api.count_drift(conn, now=NOW + DAY, bounds=bounds)
    assert (first.records, first.counted) == (300, 300)
    assert first.alerts >= 2
    judge_all(
        conn, watch, sighted(50, model=fitted.model, seed=7, at_us=tomorrow + 60_000_000, shift=0.6), first_id=2_000
    )
    assert api.count_drift(conn, now=NOW + DAY, bounds=bounds).alerts == 0
    late, early = api.list_drift(conn, bounds=bounds)
    assert (late.report.rows, early.report.rows) == (350, 400)
    assert early.report.alarms == ()
    kinds = {alarm.kind for alarm in late.report.alarms}
    assert {"psi", "null_rate"} <= kinds
    assert late.report.null_rate[NAMES.index("s2")] == pytest.approx(300 / 350)
    api.deliver_alerts(conn, now=NOW + DAY)
    told = [alert for alert in api.list_alerts(conn) if alert.kind == "drift"]
    assert len(told) == first.alerts
    assert any("values are missing more or less often" in alert.sentence and "s2" in alert.sentence for alert in told)


def test_records_without_a_model_are_passed_over(conn):
    release(conn)
    judge_all(conn, api.Watch(TERMS), purchases(20))
    found = api.count_drift(conn, now=NOW)
    assert (found.records, found.counted, api.list_drift(conn)) == (20, 0, [])
    assert api.count_drift(conn, now=NOW).records == 0


def braking(n, *, refused, at_us, step_us, first):
    base, events, signals = purchases(n, seed=first, at_us=at_us, step_us=step_us)
    base[:, 0], base[:, 2] = 10, np.where(np.arange(n) < refused, 0.95, 0.1)
    return base, events, signals


def test_the_brake_remembers_its_window_over_a_restart(conn):
    """Sixty refusals of two hundred before the restart, and as many after it: one engine would have stopped the rule, so do two."""
    release(conn)
    half = {"refused": 60, "step_us": 100_000}
    judge_all(conn, api.Watch(TERMS), braking(100, at_us=NOW_US, first=1, **half), first_id=1)
    fresh = api.Watch(TERMS)
    judge = fresh.judge(conn)
    (brake,) = judge.brakes.values()
    assert (brake.judged[-1], brake.refused[:, -1].max()) == (100, 60)
    steady = api.Watch(TERMS)
    steady.judge(conn)
    assert all((brake.refused == other.refused).all() for other in steady.judge(conn).brakes.values())
    _, changes = judge_all(conn, fresh, braking(100, at_us=NOW_US + 11_000_000, first=2, **half), first_id=200)
    assert [change.state for _, change in changes] == [BrakeState.STOPPED]
    assert changes[0][1].judged == 100


def test_a_rule_that_was_reopened_begins_with_empty_counters_also_after_a_restart(conn):
    release(conn)
    watch = api.Watch(TERMS)
    half = {"refused": 60, "step_us": 100_000}
    judge_all(conn, watch, braking(100, at_us=NOW_US, first=1, **half), first_id=1)
    judge_all(conn, watch, braking(20, at_us=NOW_US + 11_000_000, first=2, **half), first_id=200)
    assert [row.state for row in api.list_brakes(conn)] == ["stopped"]
    with conn.transaction():
        api.reopen(conn, "risky", BEN, now=NOW + dt.timedelta(seconds=14))
    (brake,) = api.Watch(TERMS).judge(conn).brakes.values()
    assert brake.refused.max() == 0
    assert not brake.any_stopped
    judge_all(
        conn, api.Watch(TERMS), braking(9, refused=3, at_us=NOW_US + 15_000_000, step_us=1, first=3), first_id=300
    )
    (brake,) = api.Watch(TERMS).judge(conn).brakes.values()
    assert brake.refused.max() == 3


def test_alerts_are_told_once_and_seen_by_name(conn):
    told = api.Told("brake", "7", "risky of release 2", "the brake stopped it", NOW)
    with conn.transaction():
        assert api.raise_alert(conn, told, now=NOW)
        assert not api.raise_alert(conn, told, now=NOW)
    assert api.list_alerts(conn) == []
    assert api.deliver_alerts(conn, now=NOW) == 1
    assert api.deliver_alerts(conn, now=NOW) == 0
    (alert,) = api.list_alerts(conn)
    assert (alert.kind, alert.subject, alert.sentence, alert.seen_by) == ("brake", told.subject, told.sentence, ())
    assert api.mark_seen(conn, alert.alert_id, person="Ann", remark="labels are late")
    assert not api.mark_seen(conn, alert.alert_id, person="Ann")
    assert api.list_alerts(conn) == []
    (alert,) = api.list_alerts(conn, every=True)
    assert (alert.seen_by, alert.remarks) == (("Ann",), ("labels are late",))
    with pytest.raises(NotFound, match="no alert 999"):
        api.mark_seen(conn, 999, person="Ann")


def test_an_alert_whose_taker_died_is_taken_again_and_stands_there_once(conn):
    with conn.transaction():
        api.raise_alert(conn, api.Told("drift", "k", "s", "t", NOW), now=NOW)
    with conn.transaction():
        (taken,) = take_wishes(conn, "decision.alert", 5, now=NOW, lease=dt.timedelta(seconds=60))
        store.insert_alert(conn, taken.wish_id, taken.key, taken.body)  # written down, and gone before it was settled
    assert api.deliver_alerts(conn, now=NOW) == 0
    assert api.deliver_alerts(conn, now=NOW + dt.timedelta(seconds=61)) == 1
    assert len(api.list_alerts(conn)) == 1


def test_edges_of_a_decision_are_told_from_the_records_before_it(conn):
    """Device 7: the customer twice before, another once and refused; later and older purchases do not count."""
    release(conn)
    watch = api.Watch(TERMS)
    base, events, signals = purchases(6)
    base[:, 0], base[:, 2] = 50, [0.1, 0.1, 0.95, 0.1, 0.1, 0.1]
    hour = 3_600_000_000
    events[:, 0] = NOW_US + hour * np.array([-24 * 40, -5, -3, -2, 0, 1])
    events[:, 2], events[:, 4], events[:, 5] = 50, [1, 2, 3, 2, 2, 3], 7
    heads = np.stack([events[:, 4] * 10, np.arange(1, 7)], axis=1)
    judge = watch.judge(conn)
    prepared = judge.complete(base, events, events[:, 0])
    columns, changes = api.record_batch(judge, prepared, judge.batch(prepared), heads, signals=signals, events=events)
    with conn.transaction():
        api.record_judged(conn, judge, columns, changes, now=NOW)
    found = api.find_evidence(conn, 5)
    assert found is not None
    own, other = found.edges
    at = [NOW + dt.timedelta(hours=int(h)) for h in (-5, -3, -2)]
    assert (own.entity, own.account_id, own.is_own, own.purchases, own.held_up, own.amount_minor) == (
        "device",
        20,
        True,
        2,
        0,
        100,
    )
    assert (own.first_at, own.last_at) == (at[0], at[2])
    assert (other.account_id, other.is_own, other.purchases, other.held_up, other.first_at) == (30, False, 1, 1, at[1])
    assert (found.customers("device"), found.is_cut) == (2, False)
    cut = api.find_evidence(conn, 5, limit=2)
    assert cut is not None
    assert ([edge.purchases for edge in cut.edges], cut.is_cut, cut.looked_back) == ([1, 1], True, at[1])
    assert api.find_evidence(conn, 99) is None


ACCOUNTS = engine_vocabulary()


@pytest.mark.parametrize(
    ("source", "leaks"),
    [
        (ACCOUNT_RULES, ()),
        (PURCHASE_RISK, ()),
        (ACCOUNT_RULES.replace("status != 1", "status == 2"), ("ACCOUNT_NOT_ACTIVE",)),
        (ACCOUNT_RULES.replace("days_past_due > 0", "days_past_due > 30"), ("OVERDUE",)),
        (ACCOUNT_RULES.replace("amount_minor_max", "amount_minor_max * 2"), ("AMOUNT_INVALID",)),
        (ACCOUNT_RULES.replace("is_consumption == 0", "is_consumption == 0 and amount_minor > yuan(100)"), ("PURPOSE_REFUSED",)),
        (LIMIT, ("PURPOSE_REFUSED", "ACCOUNT_NOT_ACTIVE", "OVERDUE", "AMOUNT_INVALID")),
    ],
)  # fmt: skip
def test_a_policy_that_lets_buy_who_may_not_never_judges(conn, source, leaks):
    """A rule of the right code with a condition of its own is found as well as none at all; as a shadow it may be asked."""
    release(conn, ACCOUNT_RULES, name="sound", vocabulary=ACCOUNTS)
    if not leaks:
        release(conn, source, name="tried", vocabulary=ACCOUNTS)
        return
    with pytest.raises(Conflict, match=f"does not always refuse with {', '.join(leaks)};"):
        release(conn, source, name="tried", vocabulary=ACCOUNTS)
    release(conn, source, name="asked", vocabulary=ACCOUNTS, role=api.Role.SHADOW)
