"""A model that `honghua fraud fit` made of a table is proposed for a book: examined, kept with its plan, answered for where it failed."""

from __future__ import annotations

import json

import pytest

from honghua.app.fraud_fit import fit_table
from honghua.app.tables.keeping import keep_fitted
from honghua.app.tests.test_fraud_verb import MAP, market, write
from honghua.base.clock import SystemClock
from honghua.base.errors import BadInput, Conflict
from honghua.credit.api import MANIFEST, RiskSetup
from honghua.decision import api as decision
from honghua.decision.core import POLICIES
from honghua.fraud.api import CARD_PAGE, FraudModel


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    told = fit_table(write(folder, market()), MAP, label="is_fraud", until="2026-01-31", out=folder / "m", seed=1)
    assert "battery" in told
    return folder / "m"


def test_the_card_lies_beside_the_model(fitted):
    page = (fitted / "model" / CARD_PAGE).read_text()
    model = FraudModel.load(fitted / "model")
    assert model.digest.hex() in page
    battery = json.loads((fitted / "model" / "battery.json").read_text())
    assert battery["digest"] == model.digest.hex()


def test_a_fitted_model_is_kept_with_the_plan_that_senses_what_it_reads(fitted, conn):
    plan_digest, digest = keep_fitted(conn, fitted, currency="CNY", at=SystemClock().now())
    files = decision.read_model_files(conn, digest)
    setup = RiskSetup.read(files[MANIFEST], None)
    assert setup.plan.digest == plan_digest
    assert setup.plan.names == FraudModel.load(fitted / "model").names
    assert {CARD_PAGE, "battery.json", "drift.npz"} <= files.keys()


def test_amounts_of_another_unit_are_refused(fitted, conn):
    with pytest.raises(BadInput, match="JPY"):
        keep_fitted(conn, fitted, currency="JPY", at=SystemClock().now())


def test_it_is_proposed_from_the_command_line_and_somebody_answers_where_it_failed(fitted, honghua, tmp_path):
    battery = fitted / "model" / "battery.json"
    told = json.loads(battery.read_text())
    battery.write_text(json.dumps({**told, "passed": False, "problems": ["calibration slope: slope is 9"]}))
    policy = tmp_path / "own.policy"
    policy.write_text(POLICIES["account-rules"])
    propose = ("release", "propose", policy, "--model", fitted, "--by", "Ann", "--why", "a model of our own")
    try:
        with pytest.raises(Conflict, match="slope is 9"):
            honghua(*propose)
        said = honghua(*propose, "--despite", "few frauds so far")
    finally:
        battery.write_text(json.dumps(told))
    assert "Ann answers for it: few frauds so far" in said
    assert "Ann answers for it" in honghua("release", "approve", said.split()[1], "--by", "Ben")
    assert "Ann answers for it" in honghua("release", "status")
