"""The detector is judged on writers that it has not seen; what ships is what the bench makes."""

from __future__ import annotations

import argparse

from honghua.app.bench.scripts import scripts
from honghua.app.bench.scripts.writers import write_texts
from honghua.customers.conduct.scripts import load_script_model
from honghua.customers.core import read_script
from honghua.store.settings import StoreSettings


def test_held_out_writers_are_others_and_figures_repeat(tmp_path):
    args = argparse.Namespace(each=12, seed=5, write=None)
    found = scripts.run(args, StoreSettings(state_dir=tmp_path))
    assert not set(found["writers_fitted"]) & set(found["writers_held_out"])
    assert found == scripts.run(args, StoreSettings(state_dir=tmp_path))
    for low, mid, high in found["detector"].values():
        assert low <= mid <= high
    assert {one.words for one in write_texts(5, 2)} == {one.words for one in write_texts(5, 2)}


def test_what_ships_is_what_the_bench_makes_and_knows_plain_scripts():
    shipped = load_script_model()
    made = scripts.fit_script_model([one for one in write_texts(scripts.SEED, 120) if not one.held_out])
    assert (shipped.name, shipped.bound, set(shipped.weights)) == (made.name, made.bound, set(made.weights))
    assert (
        max(abs(shipped.weights[one] - made.weights[one]) for one in made.weights) < 0.01
    )  # solvers of other machines differ a little
    fitted = [one for one in write_texts(7, 10) if not one.held_out]
    right = sum(read_script(shipped, one.words).is_scripted == one.is_script for one in fitted)
    assert right / len(fitted) > 0.95
