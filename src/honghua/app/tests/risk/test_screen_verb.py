"""`honghua screen …`: fitted on streams, examined on others, filed, let run by a second person, kept from the seat; replayed to the bit."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from honghua.app.approval.screening import ScreenPlan, examine, fit_screen, read_rows
from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.fraud.screening.api import load_scorer
from honghua.models.registry import api as registry
from honghua.sim.api import ApplyingPlan, GangKind
from honghua.store.database import connect, open_database, run_unit
from tests.verify.contracts import make_evidence, make_site, meet_kim

NOW = dt.datetime(2026, 1, 5, 2, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
SMALL = ("--applications", 400, "--gangs", 3, "--streams", 2, "--learner", "logistic", "--by", "wang", "--json")


@pytest.fixture(scope="module")
def fitted():
    return fit_screen(ScreenPlan(applications=400, gangs=3, streams=2, learner="logistic", seed=5))


def test_the_examination_is_of_streams_never_seen_and_says_what_it_does_not_know(fitted):
    scorer, examination, train = fitted
    told = examination.as_json()
    assert told["digest"] == scorer.digest.hex()
    assert told["is_simulated"]
    assert (told["fairness"], told["window"], told["comparison"]) == ([], None, None)
    assert told["auc"][0] > 0.9
    assert told["recall_by_kind"]["farm"][1] > 0.8
    assert set(np.unique(train.kind)) == set(range(4)), "no stream to fit on has the coached"
    everybody = read_rows([ApplyingPlan(400, 3, 5)])
    assert np.array_equal(everybody.values, train.values), "the same plan, the same rows"
    nobody = read_rows([ApplyingPlan(400, 1, 9, kinds=(GangKind.FARM,))])
    nobody.values[nobody.kind == GangKind.HONEST] = train.values[train.kind == GangKind.FARM][0]
    spoilt = examine(scorer, nobody)
    assert not spoilt.passed, "most honest ones pass the line"
    assert "pass the line" in spoilt.problems[0]


def apply(conn, site):
    """Kim's contract, up to the application."""
    number = meet_kim(conn, site, now=NOW)
    proving = journey.Taking(contract_id=number, step=journey.Step.PROOFING, key="p", asked={"proof": "kim"})
    journey.prove_identity(conn, site, proving, make_evidence(), now=NOW)
    wish = journey.Taking(contract_id=number, step=journey.Step.APPLICATION, key="a", asked={"asked_minor": 300_000})
    applied = journey.apply_for_credit(conn, site, wish, now=NOW)
    assert isinstance(applied, journey.StepRow)
    assert applied.outcome == "passed"
    return number


@pytest.mark.slow
def test_it_is_filed_let_run_by_another_and_kept_from_the_seat(settings, honghua):
    filed = json.loads(honghua("screen", "fit", *SMALL))
    assert (filed["status"], filed["version"], filed["passed"]) == ("candidate", 1, True)
    assert "MODEL_NOT_OUT_OF_TIME" in honghua("models", "promote", 1, "--by", "li", "--why", "good", status=1)
    honghua("models", "challenge", 1, "--by", "li", "--why", "beside")
    with open_database(settings.store) as database, connect(database) as conn:
        kept = load_scorer(run_unit(conn, lambda c: registry.load_files(c, 1))[journey.SCORER_FILE])
        assert kept.digest.hex() == filed["digest"]
        credit.start_book(conn, day=NOW.date())
        number = apply(conn, make_site(conn, credit.open_registry(conn), VAULT, now=NOW))
    replayed = json.loads(honghua("screen", "replay", number, "--json"))
    (application,) = replayed["applications"]
    assert replayed["ok"]
    assert application["values_again"] is True
    assert application["score"] == application["again"]
