"""Releases where people and machines cross each other: two at once, looking alike, turned down afterwards, half through a batch."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import pytest

from honghua.base.errors import Conflict, HonghuaError
from honghua.decision import api, store_policy
from honghua.decision.core.compile import verdict_at
from honghua.decision.core.reasons import REASONS
from honghua.decision.core.vocabulary import Input
from honghua.decision.invariants import check_decisions
from honghua.decision.tests.policies import (
    ANN,
    BASE,
    BEN,
    HARSH,
    LIMIT,
    LISTED,
    STRICT,
    TERMS,
    judge_all,
    purchases,
    release,
)
from honghua.store.database import connect, run_unit

CAT = api.Act("Cat", "third pair of eyes")


def propose(conn, source=STRICT, *, name="strict", act=ANN):
    return api.propose(conn, api.Proposal(name, source, LISTED), act).release_id


@pytest.mark.parametrize("alias", ["An\u200bn", "A\u00adnn", "Änn", "Ann\ufeff", "ann\u0301", "  aNN  "])
def test_a_name_that_looks_the_same_is_the_same_person(conn, alias):
    number = propose(conn)
    with pytest.raises(Conflict, match="somebody else"):
        api.review(conn, number, api.Act(alias, "mine is good"), approved=True)


@pytest.mark.parametrize("other", ["Anna", "安", "an n"])
def test_other_names_are_other_people(conn, other):
    assert api.review(conn, propose(conn), api.Act(other, "seen"), approved=True).approved


def test_a_release_stays_replayable_when_checks_become_stricter(conn, monkeypatch):
    """A reason that left the table, as one example: old records name the release, new ones may not."""
    release(conn)
    judge_all(conn, api.Watch(TERMS), purchases(50))
    waiting = propose(conn, HARSH, name="later")
    monkeypatch.delitem(REASONS, "RISK_STEP_UP")
    found = api.replay_all(conn, ids=None, sample=None, find_scorer=None)
    assert (found.count, found.different) == (50, [])
    with pytest.raises(HonghuaError, match="RISK_STEP_UP stands in no table"):
        api.review(conn, waiting, BEN, approved=True)


def test_rolling_back_to_what_was_turned_down_since_says_so(conn):
    first, _ = release(conn, LIMIT, name="first"), release(conn)
    api.review(conn, first, CAT, approved=False)
    with pytest.raises(Conflict, match=f"release {first} is not approved"):
        run_unit(conn, lambda c: api.restore_previous(c, BEN))
    lineup = api.find_lineup(conn)
    assert lineup is not None
    assert lineup.champion != first


def test_back_and_forth(conn):
    """1, 2, 3; back, back; 4; back: the steps walk the line-ups that were wanted, not the steps themselves."""
    ids = [release(conn, source, name=f"r{k}") for k, source in enumerate((LIMIT, STRICT, HARSH))]
    seen = []
    for _ in range(2):
        seen.append(run_unit(conn, lambda c: api.restore_previous(c, BEN)).champion)
    fourth = release(conn, STRICT.replace("0.5", "0.4"), name="fourth")
    seen.append(run_unit(conn, lambda c: api.restore_previous(c, BEN)).champion)
    assert seen == [ids[1], ids[0], ids[0]]
    with pytest.raises(Conflict, match="no earlier"):
        run_unit(conn, lambda c: api.restore_previous(c, BEN))
    assert fourth not in seen


def at_once(database, *works):
    """Each work in a thread and a connection of its own; what each returned or raised."""
    gate = threading.Barrier(len(works))
    said: list[Any] = [None] * len(works)

    def run(k, work):
        with connect(database) as conn:
            gate.wait()
            try:
                said[k] = run_unit(conn, work)
            except HonghuaError as error:
                said[k] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_two_who_act_at_once(database, conn):
    """Two approve; one activates while another turns it down; two roll back: each is one act, and the books agree."""
    release(conn, LIMIT, name="first")
    release(conn, HARSH, name="second")
    number = run_unit(conn, propose)
    both = at_once(database, *(lambda c, a=act: api.review(c, number, a, approved=True) for act in (BEN, CAT)))
    assert [row.approved for row in both] == [True, True]
    at_once(
        database,
        lambda c: api.activate(c, number, BEN, role=api.Role.CHAMPION),
        lambda c: api.review(c, number, CAT, approved=False),
        lambda c: api.restore_previous(c, CAT),
        lambda c: api.restore_previous(c, BEN),
    )
    changes = [c.change_id for c in api.list_changes(conn, limit=100)]
    assert changes == list(range(len(changes), 0, -1))
    lineup = api.find_lineup(conn)
    assert lineup is not None
    assert lineup.champion in (1, 2, 3, number)


def test_an_activation_within_a_batch_waits_for_the_next(conn):
    first, watch = release(conn, LIMIT, name="first"), api.Watch(TERMS)
    base, events, _ = purchases(40)
    judge = watch.judge(conn)
    prepared = judge.complete(base, events, events[:, 0])
    second = release(conn)
    assert {seat.bundle_id for seat in judge.force.seats} == {first}
    assert len(judge.batch(prepared)) == 1
    assert watch.judge(conn).force.seats[0].bundle_id == second


def test_holdout_experiment_challenger_list_and_suppression_at_once(conn):
    """Everything together, judged one by one and as a batch, recorded, and replayed bit for bit."""
    champion = release(conn)
    with conn.transaction():
        api.set_holdout(conn, 200_000, ANN)
        api.start_experiment(conn, "face", {"control": 500_000, "strict": 500_000}, ANN)
        api.add_entries(conn, api.ListName("deny", "device"), [api.Listed("#7")], ANN)
    challenger = release(conn, HARSH, name="harsh", role=api.Role.CHALLENGER, share_ppm=500_000)
    release(conn, LIMIT, name="limit", role=api.Role.SHADOW)
    bundles = [api.recompile(api.get_release(conn, n)) for n in (champion, challenger)]
    now = api.read_instant("2026-05-01T00:00+00:00")
    with conn.transaction():
        quiet = api.Silenced("risky", api.read_instant("2026-05-02"), "device", "#9")
        api.suppress(conn, quiet, ANN, bundles=bundles, now=now)
    watch, made = api.Watch(TERMS), purchases(400)
    judge_all(conn, watch, made)
    judge = watch.judge(conn)
    prepared = judge.complete(made[0], made[1], made[1][:, 0])
    held = judge.force.holdout.holds(made[1][:, 4])
    assert 0.1 < held.mean() < 0.3
    assert not prepared.seat[held].any()
    assert (prepared.arms[held] == 0).all()
    assert {0, 1, 2} == set(prepared.arms[:, 0].tolist())
    for group in judge.batch(prepared):
        for k, row in enumerate(group.rows.tolist()):
            alone = judge.one(prepared, row)
            assert alone == verdict_at(judge.force.seats[group.seat].bundle, group.verdicts, k)
    found = api.replay_all(conn, ids=None, sample=None, find_scorer=None)
    assert (found.count, found.different) == (400, [])
    assert not [check for check in check_decisions(conn) if check.broken]


def test_an_entry_ends_exactly_at_its_instant(conn):
    release(conn)
    end = api.read_instant("2026-05-01T12:00:01+00:00")
    with conn.transaction():
        api.add_entries(conn, api.ListName("deny", "device"), [api.Listed("#7", end)], ANN)
    judge = api.Watch(TERMS).judge(conn)
    base, events, _ = purchases(3)
    events[:, 5] = 7
    events[:, 0] = int(end.timestamp()) * 1_000_000 + np.array([-1, 0, 1])
    prepared = judge.complete(base, events, events[:, 0])
    assert prepared.inputs[:, judge.force.layout.inputs.index("on_list.deny")].tolist() == [1.0, 0.0, 0.0]


def test_a_restart_in_the_middle_goes_on_alike(conn):
    """A new process with the same database judges the same rows the same, a stopped rule stays stopped."""
    release(conn, HARSH, name="harsh")
    harsh = replace(TERMS, brake=replace(TERMS.brake, stop_max_ppm=100_000))
    watch = api.Watch(harsh)
    _, changes = judge_all(conn, watch, purchases(400, step_us=1_000_000))
    assert [c.state.name for _, c in changes][-1] == "STOPPED"
    made = purchases(100, seed=2, at_us=int(api.read_instant("2026-05-01T13:00").timestamp()) * 1_000_000)
    old, new = watch.judge(conn), api.Watch(harsh).judge(conn)
    said = []
    for judge in (old, new):
        prepared = judge.complete(made[0], made[1], made[1][:, 0])
        said.append([judge.one(prepared, k) for k in range(100)])
    assert said[0] == said[1]
    assert all(verdict.code != "RISK_REFUSED" for verdict in said[0])


def test_database_refuses_what_a_program_forgets(conn):
    number = propose(conn)
    lineup = api.LineupRow(1, number, None, 0, (), None)
    with pytest.raises(psycopg.Error, match="not approved"):
        store_policy.insert_lineup(conn, "purchase", lineup)


def test_what_an_engine_senses_can_be_read_by_the_next_policy(conn):
    """The champion was written for less: its vocabulary is where one begins, the engine's layout is what there is."""
    release(conn, LIMIT, name="limit", vocabulary=BASE)
    more = replace(TERMS, vocabulary=TERMS.vocabulary.extended([Input("orders_1h")]))
    assert "orders_1h" not in api.find_vocabulary(conn).names
    api.Watch(more).judge(conn)
    words = api.find_vocabulary(conn)
    assert words.names[:4] == (*BASE.names, "orders_1h")
    text = STRICT.replace("fused >= 0.9", 'value("orders_1h") > 9').replace('and arm("face") == "strict"', "")
    number = release(conn, text, name="busy", vocabulary=words)
    assert api.Watch(more).judge(conn).force.seats[0].bundle_id == number
