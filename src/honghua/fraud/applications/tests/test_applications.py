"""Clusters and scores of applications: nothing of the future, nobody joined by what everybody shares, gangs found on streams never seen."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.fraud.applications.alike import count_alike
from honghua.fraud.applications.api import (
    CLUSTER_VALUES,
    FAMILIES,
    LinkRules,
    ScorerPlan,
    cluster_applications,
    columns_of,
    describe_applications,
    fit_scorer,
)
from honghua.fraud.applications.scoring import mix_rows
from honghua.sim.api import ApplyingPlan, GangKind, Sessions, make_applications

PLAN = ApplyingPlan(applications=900, gangs=4, seed=5)


@pytest.fixture(scope="module")
def told():
    sessions, truth = make_applications(PLAN)
    return sessions, truth, describe_applications(sessions)


def test_a_stream_cut_off_anywhere_gives_the_same_rows(told):
    sessions, _, whole = told
    for n in (1, 17, 400):
        part = describe_applications(Sessions(*(column[:n] for column in sessions)))
        np.testing.assert_array_equal(part, whole[:n])


def test_the_same_plan_gives_the_same_applications(told):
    again, truth = make_applications(PLAN)
    assert all(np.array_equal(getattr(again, name), getattr(told[0], name)) for name in Sessions._fields)
    assert np.array_equal(truth.kind, told[1].kind)
    other, _ = make_applications(ApplyingPlan(applications=900, gangs=4, seed=6))
    assert not np.array_equal(other.at_s[:100], told[0].at_s[:100])


def sessions_of(rows: list[tuple[int, int, int, int]]) -> Sessions:
    """Applications (day, device, network, address), each typed by a hand of its own."""
    n = len(rows)
    at, device, network, address = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    hands = np.exp(np.linspace(3, 6, n))
    typing = np.column_stack([hands, 2 * hands, hands / 3, hands / 2, np.full(n, 3.0), np.zeros(n)])
    path = np.full((n, 12), -1, np.int8)
    path[:, 0] = np.arange(n) % 8
    return Sessions(at * 86_400, device, network, address, typing, path, np.ones((n, 8)), np.full(n, 100_000))


def sizes(rows: list[tuple[int, int, int, int]], *, network_most: int = 40) -> list[int]:
    found = cluster_applications(sessions_of(rows), rules=LinkRules(network_most=network_most))[
        :, CLUSTER_VALUES.index("cluster_size")
    ]
    whole: list[int] = np.round(np.expm1(found)).astype(np.int64).tolist()
    return whole


def test_a_chain_of_shared_things_is_one_cluster():
    chain = [(0, 1, 10, 0), (1, 1, 11, 0), (2, 2, 11, 0), (3, 2, 12, 7), (4, 3, 13, 7)]
    assert sizes(chain) == [1, 2, 3, 4, 5]
    assert sizes([*chain[:2], (40, 1, 14, 0)]) == [1, 2, 1], "what was shared long ago joins nobody"
    assert sizes([(0, 1, 10, 0), (0, 2, 20, 0), (1, 3, 30, 0)]) == [1, 1, 1], "no address is no shared address"


def test_what_many_share_joins_nobody():
    office = [(0, device, 99, 0) for device in range(1, 8)]
    assert sizes(office)[-1] == 7
    assert sizes(office, network_most=3) == [1, 2, 3, 4, 1, 1, 1], "from the bound on it is known as an office"


def test_gangs_are_found_on_a_stream_never_seen_and_families_add_up(told):
    """Honest clerks, families and offices share things, too: the line keeps their alarms few."""
    sessions, truth, values = told
    bad = truth.kind > 0
    held = np.arange(len(bad)) >= len(bad) * 3 // 4
    other, is_true = make_applications(ApplyingPlan(applications=900, gangs=4, seed=8))
    unseen = describe_applications(other)
    recall = {}
    for families in (tuple(FAMILIES), ("shared things",)):
        scorer = fit_scorer(
            values, bad, held, ScorerPlan(families=families, learner="neural", false_alarms=0.02, seed=1)
        )
        alarm = scorer.score(unseen) >= scorer.line
        recall[families] = {
            kind.name: float(alarm[is_true.kind == kind].mean()) for kind in (GangKind.FARM, GangKind.PROXY)
        }
        assert alarm[is_true.kind == GangKind.HONEST].mean() < 0.08
    assert recall[tuple(FAMILIES)]["FARM"] > 0.8
    assert recall[tuple(FAMILIES)]["PROXY"] > recall["shared things",]["PROXY"] + 0.3, "fresh devices share only a hand"
    assert columns_of(("twins",)) == (6, 7, 8, 9, 10, 11)
    assert np.isfinite(values).all()
    assert len(sessions.at_s) == len(values)


def test_who_types_and_walks_alike_is_counted_from_other_devices_and_beside_chance():
    """Four applications of one hand, the third from the first one's device, the last by another way."""
    whole = sessions_of([(day, device, 10 + day, 0) for day, device in ((0, 1), (1, 2), (2, 1), (30, 4))])
    one_hand = np.tile(whole.typing[0], (4, 1))
    one_way = np.repeat(whole.path[:1], 4, axis=0)
    found = np.exp(count_alike(whole._replace(typing=one_hand, path=one_way)))[:, :2] - 1
    assert np.round(found).tolist() == [[0, 0], [1, 1], [1, 2], [0, 0]], "what was long ago counts no more"
    other_way = np.where(np.arange(4)[:, None] == 1, np.roll(one_way, 1, axis=1), one_way)
    other_way[1] = (0, 1, 2, 3, 4, 6, 7, *[-1] * 5)
    walked = np.exp(count_alike(whole._replace(typing=one_hand, path=other_way)))[:, :2] - 1
    assert np.round(walked).tolist() == [[0, 0], [0, 1], [0, 2], [0, 0]], "another way is not alike in both"
    apart = np.exp(count_alike(whole))[:, :2] - 1
    assert not np.round(apart).any(), "hands of their own"


def test_known_gangs_are_learnt_with_half_of_their_signs_and_a_plan_of_one_side_with_all(told):
    _, truth, values = told
    bad = truth.kind > 0
    plan = ScorerPlan(families=tuple(FAMILIES), learner="logistic", false_alarms=0.02, seed=1)
    rows, labels = mix_rows(values, bad, plan)
    gangs = values[bad]
    assert len(rows) == len(values) + 2 * len(gangs)
    np.testing.assert_array_equal(rows[: len(values)], values)
    assert labels[len(values) :].all()
    shared = list(columns_of(("shared things", "twins")))
    alone = list(columns_of(("typing", "path", "asked")))
    first, second = rows[len(values) :][: len(gangs)], rows[len(values) + len(gangs) :]
    honest = {row.tobytes() for row in np.ascontiguousarray(values[~bad][:, shared])}
    np.testing.assert_array_equal(first[:, alone], gangs[:, alone])
    assert all(row.tobytes() in honest for row in np.ascontiguousarray(first[:, shared]))
    np.testing.assert_array_equal(second[:, shared], gangs[:, shared])
    one_side = ScorerPlan(families=("shared things", "twins"), learner="logistic", false_alarms=0.02, seed=1)
    assert mix_rows(values, bad, one_side)[0] is values
