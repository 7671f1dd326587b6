"""The suite of attacks: the same seed gives the same figures, stubs say so, and each module stops what it is there for."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.app.bench.proofing.clips import LIVE, SPECIES, draw_digits, film, make_person
from honghua.app.bench.proofing.suite import fit_modules, judge_modules
from honghua.base.rng import derive_rng


@pytest.fixture(scope="module")
def modules():
    return fit_modules(3, 5)


def test_a_clip_is_its_seed(modules):
    one, again = (film(make_person(1, 2), "123456", LIVE, derive_rng(5)) for _ in range(2))
    assert np.array_equal(one.frames, again.frames)
    assert one.frames.min() >= 0
    assert one.frames.max() <= 1
    assert len(draw_digits(derive_rng(1))) == 6
    assert modules.is_stub


def test_each_species_is_judged_and_the_wrong_device_never_passes(modules):
    found = judge_modules(modules, 3, 2)
    assert set(found["pad"]["apcer"]) | {"stolen_device", "stolen_device_lookalike"} == set(SPECIES)
    assert found["pad"]["apcer_worst"] == max(found["pad"]["apcer"].values(), key=lambda one: one[1])
    success = found["whole"]["attack_success"]
    assert success["person_other_device"][1] == 0
    assert success["stolen_device"][1] <= found["face"]["far"][1]
    for low, mid, high in (
        *success.values(),
        *found["pad"]["apcer"].values(),
        found["pad"]["bpcer"],
        found["face"]["frr"],
    ):
        assert 0 <= low <= mid <= high <= 1


@pytest.mark.slow
def test_enough_people_show_that_the_suite_tells_good_from_bad():
    found = judge_modules(fit_modules(11, 80), 11, 80)
    assert found["pad"]["apcer"]["print_photo"][1] < 0.1
    assert found["pad"]["apcer"]["replay_screen"][1] < 0.1
    assert found["lips"]["far_other_digits"][1] < 0.1
    assert found["face"]["far"][1] < 0.1
    assert found["whole"]["false_refusal"][1] < 0.4
