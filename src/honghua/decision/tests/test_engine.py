"""The engine alone: a batch and its rows one by one give the same bits and the same state; a spoilt snapshot is not taken."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from honghua.base.errors import IntegrityBroken
from honghua.decision import api
from honghua.decision.core import ACCOUNT_INPUTS, POLICIES, engine_vocabulary
from honghua.decision.tests.policies import release
from honghua.features.core import Schema
from honghua.fraud.api import FitSettings, RiskSensor, SensorSize, fit_fraud
from honghua.fraud.core import RiskPlan

SCHEMA = Schema(("customer", "merchant", "device"), ("available_minor", "credit"))
PLAN = RiskPlan(SCHEMA)
SIZE = SensorSize(entities=300, nodes=300, edges=2_000, keys=300)
READ = ("merchant_count_1d", "customer_age")  # sensed values that policies may read
SETTINGS = api.EngineSettings(SIZE, silent_days=2, values=READ)
START_US = 1_700_000_000_000_000
SOURCE = POLICIES["purchase-risk"].replace(
    "with matrix:",
    '    busy = review("MERCHANT_RISK", queue="merchant", when=merchant_count_1d > 3, missing=skip)\n\nwith matrix:',
)


def purchases(n: int, *, first: int = 0):
    rng = np.random.default_rng(first + 1)
    events = np.zeros((n, SCHEMA.width), np.int64)
    events[:, 0] = events[:, 3] = START_US + (first + np.arange(n)) * 3_600_000_000
    events[:, 1], events[:, 2] = 1, rng.integers(100, 50_000, n)
    for name, most in (("customer", 40), ("merchant", 9), ("device", 60), ("available_minor", 90_000), ("credit", 2)):
        events[:, SCHEMA.place(name)] = 1 + rng.integers(0, most, n)
    return events, np.arange(first, first + n)


@cache
def model():
    events, _ = purchases(300)
    sensor = RiskSensor(PLAN, size=SIZE)
    labels = (events[:, SCHEMA.place("merchant")] == 3).astype(np.int64)
    settings = FitSettings(rounds=12, detector_rounds=6, threads=1)
    return fit_fraud(sensor.sense(events), labels, described=sensor.values, settings=settings).model


def engine_of(*, fitted: bool) -> api.DecisionEngine:
    return api.DecisionEngine(PLAN, settings=SETTINGS, model=model() if fitted else None)


def accounts(n: int):
    found = np.zeros((n, len(ACCOUNT_INPUTS)))
    for name, value in (
        ("amount_minor", 5_000),
        ("amount_minor_max", 10**7),
        ("available_minor", 10**6),
        ("status", 1),
    ):
        found[:, ACCOUNT_INPUTS.index(name)] = value
    found[:, ACCOUNT_INPUTS.index("is_consumption")] = 1
    found[::3, ACCOUNT_INPUTS.index("available_minor")] = 4_000
    return found


@pytest.mark.parametrize("fitted", [True, False])
def test_a_batch_is_its_rows(conn, fitted):
    release(conn, SOURCE, vocabulary=engine_vocabulary(values=READ))
    many, few = engine_of(fitted=fitted), engine_of(fitted=fitted)
    judge = api.Watch(many.terms()).judge(conn)
    past, events = purchases(300), purchases(40, first=300)
    for engine in (many, few):
        engine.absorb(*past)
    account = accounts(40)
    sensed, (group,) = many.decide_batch(events[0], events[1], account, judge)
    codes = set()
    assert sensed.prepared is not None
    for i in range(40):
        one = few.sense(events[0][i : i + 1], events[1][i : i + 1], judge=judge)
        assert one.prepared is not None
        verdict = few.judge(one, 0, account[i].tolist())
        for name in ("values", "scores", "reasons"):
            np.testing.assert_array_equal(getattr(one, name)[0], getattr(sensed, name)[i])
        np.testing.assert_array_equal(one.prepared.inputs[0], sensed.prepared.inputs[i])
        said = [int(verdict.outcome), verdict.rule, verdict.amount_rule, verdict.amount_minor, verdict.extra_minor]
        assert said == group.verdicts.figures[i, [0, 2, 3, 4, 5]].tolist()
        codes.add(verdict.code)
    assert many.digest() == few.digest()
    assert len(codes) > 1
    assert np.isnan(sensed.scores).all() != fitted


def test_a_spoilt_snapshot_is_not_taken(tmp_path: Path):
    engine = engine_of(fitted=False)
    engine.absorb(*purchases(60))
    engine.save(tmp_path)
    assert api.DecisionEngine.restore(tmp_path, PLAN, settings=SETTINGS).digest() == engine.digest()
    file = max(tmp_path.rglob("*.npy"), key=lambda path: path.stat().st_size)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(IntegrityBroken, match="table of contents"):
        api.DecisionEngine.restore(tmp_path, PLAN, settings=SETTINGS)
    file.write_bytes(whole)
    with pytest.raises(IntegrityBroken, match="table of contents"):
        api.DecisionEngine.restore(tmp_path, PLAN, settings=api.EngineSettings(SIZE, silent_days=3, values=READ))
    file.unlink()
    with pytest.raises(IntegrityBroken, match="table of contents"):
        api.DecisionEngine.restore(tmp_path, PLAN, settings=SETTINGS)
