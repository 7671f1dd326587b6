"""Sessions as they stand when somebody applies, and a scorer that gives the same bits for ever."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.fraud.applications.api import FAMILIES, ScorerPlan, columns_of, describe_applications, fit_scorer
from honghua.fraud.screening.api import (
    Session,
    cut_at_application,
    describe_newest,
    keep_scorer,
    load_scorer,
    name_values,
)
from honghua.sim.api import ApplyingPlan, make_applications

HAND = (90.0, 200.0, 30.0, 120.0, 2.0, 0.0)
SECONDS = (4.0, 30.0, 40.0, 50.0, 0.0, 0.0, 0.0, 0.0)
PLAN = ApplyingPlan(applications=500, gangs=3, seed=5)


@pytest.fixture(scope="module")
def fitted():
    """(sessions until applying, values, who is bad, the held rows, a fitted logistic scorer)."""
    sessions, truth = make_applications(PLAN)
    cut = cut_at_application(sessions)
    values, bad = describe_applications(cut), truth.kind > 0
    held = np.arange(len(bad)) >= len(bad) * 3 // 4
    plan = ScorerPlan(families=tuple(FAMILIES), learner="logistic", false_alarms=0.02, seed=1)
    return cut, values, bad, held, fit_scorer(values, bad, held, plan)


def keep(fitted):
    _, values, bad, held, scorer = fitted
    return keep_scorer(scorer, values, bad, held, kind="logistic", trained_on="a test")


def sessions_of(cut, n: int) -> list[Session]:
    return [
        Session(
            at_s=int(cut.at_s[k]), device=int(cut.device[k]), network=int(cut.network[k]), address=int(cut.address[k]),
            typing=tuple(cut.typing[k].tolist()), path=tuple(int(p) for p in cut.path[k] if p >= 0), page_s=tuple(cut.page_s[k].tolist()),
            asked_minor=int(cut.asked_minor[k]),
        )
        for k in range(n)
    ]  # fmt: skip


def test_nothing_behind_the_application_is_read(fitted):
    cut = fitted[0]
    whole, _ = make_applications(PLAN)
    assert (whole.path >= 6).any()
    assert cut.path.max() < 6
    assert not cut.page_s[:, 6:].any()
    changed = whole._replace(page_s=whole.page_s.copy())
    changed.page_s[:, 6:] *= 7.0
    np.testing.assert_array_equal(describe_applications(cut_at_application(changed)), fitted[1])


def test_one_among_those_before_has_the_values_of_the_stream(fitted):
    cut, values = fitted[:2]
    every = sessions_of(cut, 80)
    for n in (1, 40, 80):
        np.testing.assert_array_equal(describe_newest(every[:n]), values[n - 1])


def test_who_tells_no_behaviour_has_no_twin_and_counts_as_usual_there(fitted):
    silent = [Session(at_s=k, network=5, asked_minor=100_000) for k in range(600)]
    values = describe_newest(silent)
    assert np.isnan(values[list(columns_of(("twins", "typing", "path")))]).all()
    assert values[columns_of(("shared things",))[1]] == np.log1p(599)
    told = describe_newest(
        [*silent, Session(at_s=601, network=6, typing=HAND, path=(0, 1, 3), page_s=SECONDS, asked_minor=1)]
    )
    assert not told[list(columns_of(("twins",)))[:2]].any(), "nobody else types at all"
    said = keep(fitted).screen(values.tolist())
    assert said.unknown == ("twins", "typing", "path")
    assert {name for name, push in said.pushes if push == 0.0} >= {"twins", "typing", "path"}


def test_a_kept_scorer_says_what_the_fitted_one_said_and_reads_back_to_the_bit(fitted):
    _, values, bad, held, scorer = fitted
    kept = keep(fitted)
    mine = np.array([kept.screen(row).score for row in values.tolist()])
    np.testing.assert_allclose(mine, scorer.score(values), rtol=1e-9)
    again = load_scorer(kept.dump())
    assert again == kept
    assert again.digest == kept.digest
    assert kept.fits
    assert kept.names == name_values()
    assert [again.screen(row) for row in values[:50].tolist()] == [kept.screen(row) for row in values[:50].tolist()]
    honest = mine[held & ~bad]
    assert (honest >= kept.line(0.05)).mean() == pytest.approx(0.05, abs=0.01)
    with pytest.raises(BadInput, match="no line"):
        kept.line(0.03)
    with pytest.raises(IntegrityBroken):
        load_scorer(kept.dump().replace(b'"format":1', b'"format":2'))
    with pytest.raises(IntegrityBroken):
        load_scorer(b"")


def test_what_pushes_most_is_named_first(fitted):
    kept, (_, values, bad, *_) = keep(fitted), fitted
    worst = int(np.argmax([kept.screen(row).score for row in values.tolist()]))
    assert bad[worst]
    said = kept.screen(values[worst].tolist())
    pushes = [push for _, push in said.pushes]
    assert pushes == sorted(pushes, reverse=True)
    assert pushes[0] > 0
    usual = kept.screen(list(kept.typical))
    assert all(push == 0.0 for _, push in usual.pushes)


def test_a_network_is_kept_too_and_nothing_else_is():
    sessions, truth = make_applications(ApplyingPlan(applications=200, gangs=2, seed=6))
    values, bad = describe_applications(cut_at_application(sessions)), truth.kind > 0
    held = np.arange(len(bad)) >= len(bad) * 3 // 4
    scorer = fit_scorer(
        values, bad, held, ScorerPlan(families=("shared things", "path"), learner="neural", false_alarms=0.05, seed=1)
    )
    kept = keep_scorer(scorer, values, bad, held, kind="neural", trained_on="a test")
    mine = np.array([kept.screen(row).score for row in values.tolist()])
    np.testing.assert_allclose(mine, scorer.score(values), rtol=1e-9)
    assert len(kept.screen(values[0].tolist()).pushes) == 2, "families that it does not read push nothing"
    with pytest.raises(BadInput, match="scaler and a learner"):
        keep_scorer(type("Tree", (), {"learner": object()})(), values, bad, held, kind="tree", trained_on="")


@pytest.mark.parametrize(
    "told",
    [
        {"typing": HAND}, {"typing": HAND[:5], "path": (0,), "page_s": SECONDS}, {"typing": HAND, "path": (9,), "page_s": SECONDS},
        {"typing": (0.0, *HAND[1:]), "path": (0,), "page_s": SECONDS}, {"typing": HAND, "path": (0,), "page_s": (0.0,) * 8},
        {"typing": (float("nan"), *HAND[1:]), "path": (0,), "page_s": SECONDS}, {"typing": HAND, "path": (), "page_s": SECONDS},
    ],
)  # fmt: skip
def test_a_session_that_cannot_be_is_not_taken(told):
    with pytest.raises(BadInput):
        Session(at_s=1, **told)
