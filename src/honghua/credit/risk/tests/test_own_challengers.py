"""A challenger with a model of its own: its customers are judged on its scores, everybody else and every shadow on the champion's."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import Conflict
from honghua.credit import engine
from honghua.credit.api import attach
from honghua.credit.risk.tests.test_changing_engines import put_in_force, small_setup, town
from honghua.credit.risk.tests.test_warming_shadows import ANN, BEN, asked, fit_once, seat_shadow
from honghua.credit.tests.days import Town
from honghua.credit.tests.test_engine import POLICY, check_sound, fresh_desk, live_a_little, make_setup
from honghua.decision import api as decision
from honghua.decision.core import engine_vocabulary

__all__ = ["town"]
HALF = 500_000


def seat(town: Town, number: int, role: decision.Role, *, share_ppm: int = 0) -> None:
    with town.conn.transaction():
        decision.activate(town.conn, number, BEN, role=role, share_ppm=share_ppm)


def records(town: Town) -> list[tuple[int, int, int]]:
    """Decision, account, release of every judgement, in order."""
    return town.rows("SELECT decision_id, account_id, bundle_id FROM decision_judged ORDER BY decision_id")


def buy_around(town: Town, label: str) -> None:
    customers = [ref for (ref,) in town.rows("SELECT customer_ref FROM credit_account ORDER BY 1")]
    for k, customer in enumerate(customers * 2):
        town.buy(f"{label}{k}", customer, 150 + k)


def test_its_customers_are_judged_on_its_scores_and_all_others_on_the_champions(town, monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 10_000)
    small, whole = small_setup(), make_setup()
    desk = attach(town.conn, town.registry, small)
    live_a_little(town)
    put_in_force(town, fit_once(small), small)
    challenger = seat_shadow(town, whole)
    for k in range(3):
        town.buy(f"warming{k}", "C01", 100 + k)
    assert asked(town)[-1]
    twin = decision.Proposal(
        "twin", POLICY + "\n", engine_vocabulary(), model_digest=fit_once(small).digest, despite="a test"
    )
    with town.conn.transaction():
        row = decision.propose(town.conn, twin, ANN)
        decision.review(town.conn, row.release_id, BEN, approved=True)
    seat(town, row.release_id, decision.Role.SHADOW)
    seat(town, challenger, decision.Role.CHALLENGER, share_ppm=HALF)
    before = len(records(town))
    buy_around(town, "split")
    later = records(town)[before:]
    theirs = {account for _, account, release in later if release == challenger}
    ours = {account for _, account, release in later if release != challenger}
    assert theirs
    assert ours
    assert not theirs & ours, "a customer stays with one of them"
    assert len(desk.engine.sensor.names) > len(fit_once(small).names), "what a challenger reads is still sensed"
    ids = [number for number, _, _ in later]
    releases = {number: release for number, _, release in later}
    champion = fit_once(small)
    numbers, values, scores = decision.read_frozen(town.conn, ids, signals=champion.names)
    same = champion.score(np.ascontiguousarray(values)).fused == scores
    assert same.tolist() == [releases[int(number)] != challenger for number in numbers]
    # The shadow has the champion's policy and model: on the challenger's customers too it says what the champion would have said.
    assert town.one(
        "SELECT count(*) FROM decision_shadow_difference d JOIN decision_judged j USING (decision_id)"
        f" WHERE d.shadow_id = {row.release_id} AND j.bundle_id <> {challenger}"
    ) == 0  # fmt: skip
    check_sound(town, len(records(town)))
    assert fresh_desk(town, desk.setup).engine.digest() == desk.engine.digest()


def test_one_that_reads_what_nobody_senses_waits_as_a_shadow(town):
    small = small_setup()
    attach(town.conn, town.registry, small)
    live_a_little(town)
    put_in_force(town, fit_once(small), small)
    town.buy("scored", "C00", 100)
    challenger = seat_shadow(town, make_setup())
    with pytest.raises(Conflict, match="it can be a shadow"):
        seat(town, challenger, decision.Role.CHALLENGER, share_ppm=HALF)
