"""Mixed rows: copies keep their label, take whole groups from clear rows, and leave what cannot be mixed as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from honghua.fraud import fitting
from honghua.fraud.api import Chosen, FitSettings, RiskSensor, SensorSize, fit_fraud
from honghua.fraud.core import DETECTORS, Family, Value
from honghua.fraud.mixing import CLEAR_COPIES, CLEAR_MAX, COPIES, WEIGHT_CLEAR, WEIGHT_FRAUD, groups_of, mix_rows
from honghua.fraud.tests.small import PLAN, market, stream

GROUPS = np.array([0, 0, 1, 2])


def rows(clear: int = 30, frauds: int = 6):
    y = np.zeros(clear + frauds)
    y[::6][:frauds] = 1
    x = np.repeat(
        np.arange(len(y), dtype=np.float32)[:, None], len(GROUPS), axis=1
    )  # a value names the row it comes from
    return x, y, np.where(y == 1, 1.0, 4.0)


def test_values_about_one_entity_are_one_group_and_surprises_are_each_alone():
    described = [
        Value("device_count_1d", Family.CROWD, 1, "device"), Value("amount_log", Family.PLAIN),
        Value("graph_device_users_7d", Family.CROWD, 1, "device"), Value("amount_round", Family.RHYTHM, 1),
    ]  # fmt: skip
    assert groups_of(described, 2).tolist() == [0, 1, 0, 1, 2, 3]


def test_copies_keep_their_label_and_take_whole_groups_from_clear_rows():
    x, y, weight = rows()
    mixed, labels, _ = mix_rows(x, y, weight, groups=GROUPS, seed=1)
    np.testing.assert_array_equal(mixed[: len(x)], x)
    np.testing.assert_array_equal(labels[: len(x)], y)
    copies, told = mixed[len(x) :].astype(int), labels[len(x) :]
    assert (copies[:, 0] == copies[:, 1]).all()  # one group
    assert told.sum() == COPIES * y.sum()
    for copy, label in zip(copies, told, strict=True):
        others = {int(place) for place in copy if y[place] != label}
        assert label == 1 or not others  # a clear copy is made of clear rows alone
        assert len({int(place) for place in copy}) <= 2  # itself and one donor
    assert any(len(set(copy.tolist())) == 2 for copy in copies[told == 1])


def test_what_copies_weigh_does_not_depend_on_how_many_are_drawn():
    for clear in (40, CLEAR_MAX):
        x, y, weight = rows(clear, 4)
        _, labels, mass = mix_rows(x, y, weight, groups=GROUPS, seed=1)
        drawn = labels[len(y) :] == 0
        assert drawn.sum() == min(int(CLEAR_COPIES * clear) + 1, CLEAR_MAX)
        assert np.isclose(mass[len(y) :][drawn].sum(), WEIGHT_CLEAR * weight[y == 0].sum())
        assert np.isclose(mass[len(y) :][~drawn].sum(), WEIGHT_FRAUD * weight[y == 1].sum())


def test_the_same_seed_mixes_the_same_rows_and_nothing_is_mixed_of_one_kind():
    x, y, weight = rows()
    once, again, other = (mix_rows(x, y, weight, groups=GROUPS, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)
    assert mix_rows(x, np.zeros(len(y)), weight, groups=GROUPS, seed=1)[0] is x


def test_only_a_fit_of_few_frauds_that_some_are_missing_from_is_mixed(monkeypatch):
    events, labels = market(400, frauds=0.08)
    merged, source = stream(events, labels, delay_hours=24)
    sensor = RiskSensor(PLAN, size=SensorSize(entities=500, nodes=500, edges=3_000, keys=500))
    values = sensor.sense(merged)[source >= 0]
    read = Chosen(sensor.names[:40], sensor.names[:40], dict.fromkeys(DETECTORS, sensor.names[:80]))
    complete = FitSettings(rounds=8, detector_rounds=4, threads=1, chosen=read)

    def digests():  # too few clear rows for the sieve: all that the share of unreported frauds changes is the mixing
        both = complete, replace(complete, unreported=0.5)
        return [fit_fraud(values, labels, described=sensor.values, settings=s).model.digest for s in both]

    few = digests()
    assert few[0] != few[1]
    monkeypatch.setattr(fitting, "MANY_POSITIVES", 10)
    many = digests()
    assert many[0] == many[1]
