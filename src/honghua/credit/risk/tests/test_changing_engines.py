"""A model that reads what the engine at work does not sense: its engine learns beside, in slices, and takes over between two units."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from honghua.credit import engine
from honghua.credit.api import RiskSetup, attach, keep_model
from honghua.credit.tests.days import Town, settle
from honghua.credit.tests.test_engine import (
    POLICY,
    check_sound,
    desk_of,
    fresh_desk,
    live_a_little,
    make_setup,
    release,
)
from honghua.decision import api as decision
from honghua.decision.core import engine_vocabulary
from honghua.features.core import Schema
from honghua.fraud.api import FitSettings, FraudModel, fit_fraud
from honghua.fraud.core import SILENCE, RiskPlan

RULE = 'bold = refuse("RISK_REFUSED", when=fused >= 0.999999 and amount_minor == minor(777), missing=skip)'


def small_setup() -> RiskSetup:
    """An engine that senses a few values only."""
    whole = make_setup()
    names = [value.name for value in whole.plan.values]
    return replace(whole, plan=whole.plan.reading([*names[:20], SILENCE]))


def fit_small(setup: RiskSetup) -> FraudModel:
    """A model of everything that the setup senses, on drawn rows: what it says does not matter here."""
    described = setup.plan.values
    rng = np.random.default_rng(7)
    values = rng.random((400, len(described))).astype(np.float32)
    labels = (values[:, 0] > 0.8).astype(np.int64)
    settings = FitSettings(rounds=4, detector_rounds=3, threads=1)
    return fit_fraud(values, labels, described=described, settings=settings).model


def put_in_force(town: Town, model: FraudModel, setup: RiskSetup) -> None:
    """Propose, review and activate a policy with this model."""
    ann, ben = decision.Act("Ann", "a test"), decision.Act("Ben", "a test")
    source = POLICY.replace("with amount:", f"    {RULE}\n\nwith amount:")
    with town.conn.transaction():
        digest = keep_model(town.conn, model, setup)
        proposal = decision.Proposal(
            "scored", source, engine_vocabulary(), model_digest=digest, despite="what it says does not matter here"
        )
        row = decision.propose(town.conn, proposal, ann)
        decision.review(town.conn, row.release_id, ben, approved=True)
        decision.activate(town.conn, row.release_id, ben, role=decision.Role.CHAMPION)


def last_bundle(town: Town) -> str:
    """Which policy judged the newest purchase."""
    query = "SELECT b.name FROM decision_judged JOIN decision_bundle AS b USING (bundle_id) ORDER BY decision_id DESC LIMIT 1"
    return str(town.one(query))


@pytest.fixture
def town(database, conn):
    town = settle(database, conn, 3)
    release(conn)
    return town


def test_the_shop_goes_on_until_the_new_engine_has_learnt_all(town, monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 4)
    desk = attach(town.conn, town.registry, small_setup())
    live_a_little(town)
    whole = make_setup()
    before = len(desk.engine.sensor.names)
    put_in_force(town, fit_small(whole), whole)
    judged = []
    for k in range(12):
        assert town.buy(f"meanwhile{k}", "C00", 100 + k)["outcome"] == "approved"
        judged.append(last_bundle(town))
    assert judged == ["test"] * judged.count("test") + ["scored"] * judged.count("scored")
    assert min(judged.count("test"), judged.count("scored")) > 1
    assert len(desk.engine.sensor.names) > before
    assert desk is desk_of(town)
    assert fresh_desk(town, whole).engine.digest() == desk.engine.digest()
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))


def test_a_model_that_reads_less_is_served_at_once(town):
    desk = attach(town.conn, town.registry, make_setup())
    live_a_little(town)
    small, plan = small_setup(), desk.engine.plan
    put_in_force(town, fit_small(small), small)
    town.buy("scored", "C00", 100)
    assert last_bundle(town) == "scored"
    assert desk.engine.plan is plan
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))


def test_whoever_returns_to_the_former_line_up_needs_no_new_engine(town, monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 1)
    desk = attach(town.conn, town.registry, small_setup())
    live_a_little(town)
    whole = make_setup()
    put_in_force(town, fit_small(whole), whole)
    town.buy("waiting", "C00", 100)
    assert desk.successor is not None, "it has learnt one fact"
    with town.conn.transaction():
        decision.restore_previous(town.conn, decision.Act("Ben", "a test"))
    town.buy("back", "C00", 100)
    assert getattr(desk, "successor", 0) is None
    assert last_bundle(town) == "test"
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))


def test_another_schema_is_learnt_from_facts_as_far_as_they_tell(town):
    desk = attach(town.conn, town.registry, small_setup())
    live_a_little(town)
    other = replace(make_setup(), plan=RiskPlan(Schema(("customer", "merchant"), ("hour", "weekday"))))
    put_in_force(town, fit_small(other), other)
    town.buy("first", "C00", 100)
    town.buy("second", "C00", 100)
    assert last_bundle(town) == "scored"
    assert desk.engine.schema == other.plan.schema
    check_sound(town, town.one("SELECT count(*) FROM decision_judged"))
