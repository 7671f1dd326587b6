"""A bundle's own credit model: scored on the account as it stands, recorded, replayed bit for bit, told with its reasons, backtested."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput, Conflict
from honghua.decision import api
from honghua.decision.core.compile import Digests, compile_bundle
from honghua.decision.core.freezing import thaw
from honghua.decision.core.slots.placing import CREDIT_INPUT
from honghua.decision.invariants import check_decisions
from honghua.decision.tests.policies import ANN, BASE, BEN, EVENTS, LIMIT, NOW, TERMS, judge_all, purchases, release
from honghua.decision.tests.slots import CREDIT, WITH_SLOT, keep, made, seat_credit
from honghua.store.database import connect

N = 300


def chances(columns, judge):
    """What the records of these decisions hold in the slot, float64[n]."""
    layout = judge.force.layout
    inputs, _ = thaw(columns.frozen, inputs=len(layout.inputs), signals=len(layout.signals))
    return inputs[:, layout.inputs.index(CREDIT_INPUT)]


def rows_of(base, signals):
    """As the model reads them."""
    return np.ascontiguousarray(np.column_stack([base[:, 1], signals[:, 1], base[:, 0]]), np.float32)


def test_the_champions_slot_is_scored_recorded_replayed_told_and_backtested(conn, database):
    model = made()
    number = seat_credit(conn, keep(conn, model))
    base, _, signals = given = purchases(N)
    columns, _ = judge_all(conn, api.Watch(TERMS), given)
    assert set(columns.bundle_id.tolist()) == {number}
    said = model.model.predict(rows_of(base, signals))
    risky = said >= 0.5
    assert 0 < risky.sum() < N
    short, frauds = base[:, 0] > base[:, 1], base[:, 2] >= 0.9
    refused = [code is not None for code in columns.reason]
    assert refused == (risky | short | frauds).tolist()
    assert api.replay_all(conn, ids=None, sample=None, find_scorer=api.find_scorer).different == []
    with connect(database) as reader, reader.transaction():
        assert [check for check in check_decisions(reader) if not check.ok] == []
    worst = int(columns.decision_id[said.argmax()])
    trace = api.find_trace(conn, worst, find_scorer=api.find_scorer)
    assert trace is not None
    assert trace.inputs[CREDIT_INPUT] == float(said.max())
    (line,) = trace.models
    assert line.startswith(f"credit {said.max():.4f} by a forest because of ")
    assert "amount_minor = " in line
    assert trace.differs == ()
    # Another policy that reads another model, over the same records: its own model scores them.
    other = made(seed=2)
    digest = keep(conn, other)
    bundle = compile_bundle("other", CREDIT, WITH_SLOT, digests=Digests(credit=digest))
    tally = api.run_backtest(bundle, api.read_recorded_parts(conn, bundle))
    theirs = other.model.predict(rows_of(base, signals)) >= 0.5
    assert int(tally.groups[:, 2].sum()) == int((theirs | short | frauds).sum())
    assert theirs.tolist() != risky.tolist()


def test_a_row_that_changes_is_scored_anew_as_the_batch_would_have(conn):
    seat_credit(conn, keep(conn, made()))
    base, events, signals = purchases(40)
    judge = api.Watch(TERMS).judge(conn)
    prepared = judge.complete(base, events, events[:, 0], signals=signals)
    judge.batch(prepared)
    before = prepared.inputs.copy()
    prepared.inputs[:, 1] = 20_000
    ones = [judge.one(prepared, row) for row in range(40)]
    base[:, 1] = 20_000
    again = judge.complete(base, events, events[:, 0], signals=signals)
    (group,) = judge.batch(again)
    np.testing.assert_array_equal(prepared.inputs, again.inputs)
    assert [int(one.outcome) for one in ones] == group.verdicts.outcome.tolist()
    place = judge.force.layout.inputs.index(CREDIT_INPUT)
    assert (before[:, place] != again.inputs[:, place]).any()


def test_a_challenger_and_a_shadow_use_their_own_and_nobody_else_has_one(conn):
    plain = release(conn, LIMIT, name="plain", vocabulary=BASE)
    mine, theirs = made(), made(seed=2)
    challenger = seat_credit(conn, keep(conn, mine), role=api.Role.CHALLENGER, share_ppm=400_000)
    shadow = seat_credit(conn, keep(conn, theirs), role=api.Role.SHADOW, name="shadow")
    base, _, signals = given = purchases(120, seed=3)
    watch = api.Watch(TERMS)
    columns, _ = judge_all(conn, watch, given)
    assert set(columns.bundle_id.tolist()) == {plain, challenger}
    held = np.isnan(chances(columns, watch.judge(conn)))
    assert (held == (columns.bundle_id == plain)).all(), "who has no slot has no chance in the record"
    (said,) = columns.shadows
    assert said.bundle_id == shadow
    risky = theirs.model.predict(rows_of(base, signals)) >= 0.5
    stopped = risky | (base[:, 0] > base[:, 1]) | (base[:, 2] >= 0.9)
    assert len(set(said.outcomes[stopped].tolist())) == 1
    assert set(said.outcomes[stopped].tolist()).isdisjoint(said.outcomes[~stopped].tolist())
    assert api.replay_all(conn, ids=None, sample=None, find_scorer=api.find_scorer).different == []
    with conn.transaction():
        api.activate(conn, challenger, BEN, role=api.Role.NONE)
        api.activate(conn, shadow, BEN, role=api.Role.NONE)
    judge = api.Watch(TERMS).judge(conn)
    assert CREDIT_INPUT not in judge.force.layout.inputs, "nobody reads it, so nothing of it is left"
    assert not judge.has_slots


def test_what_is_not_sensed_is_missing_and_the_same_in_a_replay(conn):
    """An engine that gives less than the model reads: champion without its chance, shadow blind, challenger without customers."""
    number = seat_credit(conn, keep(conn, made()))
    blunt = api.EngineTerms(BASE, ("s1",), EVENTS, brake=TERMS.brake)
    base, events, signals = purchases(60)
    watch = api.Watch(blunt)
    columns, _ = judge_all(conn, watch, (base, events, signals[:, :1]))
    assert np.isnan(chances(columns, watch.judge(conn))).all()
    assert api.replay_all(conn, ids=None, sample=None, find_scorer=api.find_scorer).different == []
    with pytest.raises(Conflict, match="does not give"):
        seat_credit(conn, keep(conn, made(seed=2)), role=api.Role.SHADOW, name="shadow")
    assert [
        row.release_id for row in api.list_releases(conn) if api.name_role(api.find_lineup(conn), row.release_id)
    ] == [number]


def test_a_new_text_keeps_the_champions_model_where_it_reads_it(conn):
    digest = keep(conn, made())
    seat_credit(conn, digest)
    assert CREDIT_INPUT in api.find_vocabulary(conn).names
    stricter = api.compile_draft(conn, api.Draft("stricter", CREDIT.replace(">= 0.5", ">= 0.4")))
    assert stricter.credit_digest == digest
    without = api.compile_draft(conn, api.Draft("without", LIMIT))
    assert (without.credit_digest, CREDIT_INPUT in without.inputs) == (b"", False)


def test_a_lost_credit_model_is_named_by_verify(conn, database):
    digest = keep(conn, made())
    seat_credit(conn, digest)
    judge_all(conn, api.Watch(TERMS), purchases(20))
    with connect(database, owner=True) as owner:
        owner.execute("ALTER TABLE decision_model DISABLE TRIGGER USER")
        owner.execute("DELETE FROM decision_model")
    with connect(database) as reader, reader.transaction():
        broken = {check.name: check.broken for check in check_decisions(reader) if not check.ok}
    assert broken == {"decision.models_known": (f"model {digest.hex()[:16]}",)}


def test_what_may_not_be_released(conn):
    failed = made(seed=4)
    digest = keep(conn, failed, passed=False)
    with pytest.raises(Conflict, match="it is unfair"):
        seat_credit(conn, digest)
    with pytest.raises(BadInput, match="no model fills"):
        seat_credit(conn, b"")
    with pytest.raises(BadInput, match="reads no credit_chance"):
        seat_credit(conn, keep(conn, made()), source=LIMIT)
    with conn.transaction():
        proposal = api.Proposal("answered", CREDIT, WITH_SLOT, credit_digest=digest, despite="a pilot of ten")
        row = api.propose(conn, proposal, ANN)
    assert api.find_waiver(conn, row) == ("Ann", "a pilot of ten")
    assert row.credit_digest == digest
    with pytest.raises(BadInput, match="not of each other"), conn.transaction():
        api.keep_slot_model(conn, failed, battery={"digest": "00"}, beside={})


def test_a_candidate_that_stops_far_more_is_taken_out_by_the_watch(conn):
    plain = release(conn, LIMIT, name="plain", vocabulary=BASE)
    challenger = seat_credit(conn, keep(conn, made()), role=api.Role.CHALLENGER, share_ppm=500_000)
    watch = api.Watch(TERMS)
    judge_all(conn, watch, purchases(1_200))
    seen = api.stop_challenger(conn, now=NOW)
    assert seen is not None
    assert seen.challenger == challenger
    assert "it stops" in seen.why
    columns, _ = judge_all(conn, watch, purchases(50, seed=2), first_id=5_000)
    assert set(columns.bundle_id.tolist()) == {plain}
    assert not watch.judge(conn).has_slots
