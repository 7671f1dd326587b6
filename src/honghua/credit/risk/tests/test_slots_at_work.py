"""A credit model in the slot while units are at work: scored on the account as each purchase of a unit finds it, and found again."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from honghua.credit.api import attach
from honghua.credit.tests.days import Town, settle
from honghua.credit.tests.test_engine import POLICY, check_sound, make_setup, order, release
from honghua.decision import api as decision
from honghua.decision.core import CREDIT_INPUT, CREDIT_WORD, engine_vocabulary
from honghua.models.scorecard.api import CardSettings, Field, compile_card, fit_scorecard

READS = ("available_minor", "amount_minor", "customer_count_1d")
RULE = '    owing = refuse("RISK_REFUSED", when=credit_chance >= 0.5, missing=skip)\n'
ANN, BEN = decision.Act("Ann", "a test"), decision.Act("Ben", "a test")


@cache
def made() -> decision.SlotModel:
    """A scorecard: little left and much wanted is bad."""
    rng = np.random.default_rng(8)
    x = np.column_stack([rng.integers(0, 600_000, 900), rng.integers(100, 300_000, 900), rng.integers(0, 9, 900)])
    y = x[:, 1] + 0.4 * rng.random(900) * x[:, 0] > 0.75 * x[:, 0] + 50_000
    card = fit_scorecard(
        np.ascontiguousarray(x, np.float32), y.astype(np.int8), [Field(name) for name in READS], CardSettings()
    )
    model = compile_card(card)
    scale = (card.scale.points_to_double, card.scale.score_base, card.scale.odds_base)
    word = decision.SlotWord(kind="scorecard", says="a test", source="a test", digest=model.digest.hex(), scale=scale)
    return decision.SlotModel(word, model)


@pytest.fixture
def town(database, conn, tmp_path):
    """A town under the test's policy."""
    town = settle(database, conn, 3)
    release(conn)
    attach(conn, town.registry, make_setup(tmp_path / "risk"))
    return town


def seat_credit(town: Town, role: decision.Role, *, share_ppm: int = 0) -> int:
    """The test's policy and one rule that reads the slot."""
    source = POLICY.replace("with score:\n", f"with score:\n{RULE}")
    with town.conn.transaction():
        told = {"digest": made().model.digest.hex(), "passed": True, "problems": []}
        digest = decision.keep_slot_model(town.conn, made(), battery=told, beside={})
        words = engine_vocabulary().extended([CREDIT_WORD])
        row = decision.propose(town.conn, decision.Proposal("credit", source, words, credit_digest=digest), ANN)
        decision.review(town.conn, row.release_id, BEN, approved=True)
        decision.activate(town.conn, row.release_id, BEN, role=role, share_ppm=share_ppm)
    return row.release_id


def test_each_purchase_of_a_unit_is_scored_on_what_the_one_before_has_left(town):
    town.buy("before", "C01", 1_000)
    number = seat_credit(town, decision.Role.CHAMPION)
    answers = town.do(*(order(f"n{k}", "C00", 90_000) for k in range(6)), order("other", "C01", 90_000))
    alone = town.buy("alone", "C02", 90_000)
    outcomes = [answer["outcome"] for answer in answers[:6]]
    assert outcomes == sorted(outcomes), "approved until too little is left"
    assert {"approved", "refused"} == set(outcomes)
    assert answers[6]["outcome"] == alone["outcome"] == "approved"
    records = town.rows("SELECT decision_id FROM decision_judged WHERE bundle_id = %s ORDER BY 1", number)
    for (decision_id,) in records:
        trace = decision.find_trace(town.conn, decision_id, find_scorer=decision.find_scorer)
        assert trace is not None
        row = np.array([[{**trace.inputs, **trace.signals}[name] for name in READS]], np.float32)
        assert trace.inputs[CREDIT_INPUT] == made().model.predict(row)[0]
        assert trace.differs == ()
        assert (trace.outcome == "refuse") == (made().model.predict(row)[0] >= 0.5)
        assert trace.models[-1].startswith("credit 0.")
        assert "by a scorecard, " in trace.models[-1]
    again = decision.replay_all(town.conn, ids=None, sample=None, find_scorer=decision.find_scorer)
    assert (again.count, again.different) == (len(records) + 1, [])
    check_sound(town, len(records) + 1)


def test_only_a_challengers_customers_are_judged_by_its_model(town):
    number = seat_credit(town, decision.Role.CHALLENGER, share_ppm=500_000)
    wanted = [(name, town.buy(f"b{k}{name}", name, 160_000)) for name in town.names for k in range(3)]
    theirs = dict(town.rows("SELECT account_id, count(*) FROM decision_judged WHERE bundle_id = %s GROUP BY 1", number))
    assert 0 < len(theirs) < len(town.names), "the split is by customer, and this town has both"
    refused = {town.account_id(name) for name, answer in wanted if answer.get("code") == "RISK_REFUSED"}
    assert refused == theirs.keys(), "three such purchases are too many for its model, and not for the champion"
    check_sound(town, len(wanted))
