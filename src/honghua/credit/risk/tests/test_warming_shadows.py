"""A shadow whose model reads what the engine at work does not sense is warmed from the facts before anybody listens to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from honghua.base.errors import Conflict
from honghua.credit import engine
from honghua.credit.api import RiskSetup, attach, keep_model
from honghua.credit.risk.tests.test_changing_engines import fit_small, last_bundle, put_in_force, small_setup, town
from honghua.credit.tests.days import Town
from honghua.credit.tests.test_engine import (
    POLICY,
    check_sound,
    desk_of,
    fresh_desk,
    live_a_little,
    make_setup,
)
from honghua.decision import api as decision
from honghua.decision.core import engine_vocabulary
from honghua.features.core import Schema
from honghua.fraud.api import FraudModel
from honghua.fraud.core import RiskPlan

__all__ = ["town"]
ANN, BEN = decision.Act("Ann", "a test"), decision.Act("Ben", "a test")
HARSH = '    harsh = refuse("RISK_REFUSED", when=fused >= 0.000001, missing=skip)\n\nwith amount:'


FITTED: dict[bytes, FraudModel] = {}  # by setup: a fit is dearer than the rest of a test


def fit_once(setup: RiskSetup) -> FraudModel:
    """A model of everything that the setup senses."""
    key = setup.manifest()
    if key not in FITTED:
        FITTED[key] = fit_small(setup)
    return FITTED[key]


def seat_shadow(town: Town, setup: RiskSetup, name: str = "shadow") -> int:
    """Propose, review and activate a policy beside, with a model of this setup."""
    with town.conn.transaction():
        digest = keep_model(town.conn, fit_once(setup), setup)
        row = decision.propose(
            town.conn,
            decision.Proposal(
                name,
                POLICY.replace("with amount:", HARSH),
                engine_vocabulary(),
                model_digest=digest,
                despite="only a test",
            ),
            ANN,
        )
        decision.review(town.conn, row.release_id, BEN, approved=True)
        decision.activate(town.conn, row.release_id, BEN, role=decision.Role.SHADOW)
    return row.release_id


def asked(town: Town) -> list[bool]:
    """Of the decisions since the shadow sits, in order: whether it was asked."""
    return [
        any(said)
        for (said,) in town.rows("SELECT shadows FROM decision_judged WHERE length(shadows) > 0 ORDER BY decision_id")
    ]


def test_it_is_asked_when_an_engine_has_learnt_its_values_and_not_before(town, monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 4)
    desk = attach(town.conn, town.registry, small_setup())
    live_a_little(town)
    sensed = len(desk.engine.sensor.names)
    whole = make_setup()
    shadow = seat_shadow(town, whole)
    town.buy("first", "C00", 100)
    assert decision.find_warming(town.conn) == (shadow,)
    (view,) = decision.list_shadows(town.conn)
    assert (view.shadow_id, view.judged, view.is_warming) == (shadow, 0, True)
    for k in range(8):
        assert town.buy(f"meanwhile{k}", "C00", 100 + k)["outcome"] == "approved"
        assert last_bundle(town) == "test"
    told = asked(town)
    assert told == sorted(told)
    assert 1 < told.count(True) < len(told) - 1
    assert decision.find_warming(town.conn) == ()
    (view,) = decision.list_shadows(town.conn)
    assert (view.judged, view.is_warming) == (told.count(True), False)
    assert len(desk_of(town).engine.sensor.names) > sensed
    # What it was asked on is what an engine knows that has learnt every fact from the first: not a memory begun when it was seated.
    assert fresh_desk(town, desk.setup).engine.digest() == desk.engine.digest()
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))


def test_the_champions_model_says_the_same_beside_it(town, monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 10_000)
    small = small_setup()
    desk = attach(town.conn, town.registry, small)
    live_a_little(town)
    model = fit_once(small)
    put_in_force(town, model, small)
    town.buy("alone", "C01", 321)
    assert last_bundle(town) == "scored"
    seat_shadow(town, make_setup())
    for k in range(3):
        town.buy(f"beside{k}", "C01", 321 + k)
    assert asked(town)[-1]
    numbers = decision.list_newest(town.conn, limit=9).tolist()
    _, values, scores = decision.read_frozen(town.conn, numbers, signals=model.names)
    assert len(desk.engine.sensor.names) > len(model.names)
    said = model.score(np.ascontiguousarray(values)).fused
    scored = ~np.isnan(scores)
    assert scored.sum() == 4
    assert np.array_equal(said[scored], scores[scored])
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))


def test_a_restart_goes_on_from_what_was_learnt_for_it(town, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 10_000)
    small = replace(small_setup(), folder=tmp_path / "risk")
    desk = attach(town.conn, town.registry, small)
    live_a_little(town)
    seat_shadow(town, make_setup())
    for k in range(3):
        town.buy(f"beside{k}", "C01", 321 + k)
    assert asked(town)[-1]
    assert desk.snapshot() is not None
    town.buy("after the snapshot", "C01", 100)
    again = fresh_desk(town, small)
    assert again.successor is None
    assert 0 < again.saved_at < again.cursor
    assert again.engine.sensor.names == desk.engine.sensor.names
    assert again.engine.digest() == desk.engine.digest()


def test_one_that_sees_other_events_than_the_champion_is_refused(town):
    small = small_setup()
    attach(town.conn, town.registry, small)
    live_a_little(town)
    put_in_force(town, fit_once(small), small)
    town.buy("scored", "C00", 100)
    other = replace(make_setup(), plan=RiskPlan(Schema(("customer", "merchant"), ("hour", "weekday"))))
    with pytest.raises(Conflict, match="no engine can sense for both"):
        seat_shadow(town, other)


def test_taken_out_again_it_needs_no_engine(town, monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 1)
    desk = attach(town.conn, town.registry, small_setup())
    live_a_little(town)
    shadow = seat_shadow(town, make_setup())
    town.buy("warming", "C00", 100)
    assert desk.successor is not None, "it has learnt one fact"
    with town.conn.transaction():
        decision.activate(town.conn, shadow, BEN, role=decision.Role.NONE)
    town.buy("without it", "C00", 100)
    assert getattr(desk, "successor", 0) is None
    assert decision.list_shadows(town.conn) == []
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))
