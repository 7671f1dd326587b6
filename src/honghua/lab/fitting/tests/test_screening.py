"""Planted truth: signals are found, noise is not, and no column that knows the outcome is used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from honghua.lab.fitting.api import FitSettings, learn, plan_for, screen
from honghua.lab.fitting.tests.planted import plant
from honghua.lab.tables.api import build_table, read_table

SHARED = Path(__file__).resolve().parents[6] / "shared" / "data"


def judge(table, accepted):
    """Shares of signals and noise among what is accepted, and the leaks."""
    of = {kind: [name for name in table.names if name[0] == kind] for kind in "snt"}
    shares = {kind: np.mean([name in accepted for name in names]) for kind, names in of.items()}
    return shares["s"], shares["n"], [name for name in of["t"] if name in accepted]


def test_a_small_book():
    table = plant(seed=11, rows=7_000, signals=16, noise=16, traps=10)
    found = screen(table, seed=1, threads=1)
    signals, noise, leaks = judge(table, found.accepted)
    assert signals >= 0.8
    assert noise <= 0.0625  # one of sixteen
    assert leaks == []
    told = {one.name: one.evidence for one in found.suspected if one.left_out}
    assert set(told) == {name for name in table.names if name[0] == "t"}
    assert all(any(char.isdigit() for char in evidence) for evidence in told.values())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_whole_book_of_many_seeds(seed):
    table = plant(seed=seed)
    found = learn(table, FitSettings(seed=seed), plan_for(table.rows, len(table.columns)), progress=lambda _: None)
    signals, noise, leaks = judge(table, found.matter.schema.names)
    assert signals >= 0.8
    assert noise <= 0.05
    assert leaks == []


def test_formal_reasons_and_vouching():
    rng = np.random.default_rng(2)
    n = 1_500
    strong = rng.normal(size=n)
    y = (strong + 0.6 * rng.logistic(size=n) > 0.8).astype(np.uint8)
    columns = {
        "strong": strong, "same": strong, "still": np.ones(n), "row": np.arange(n), "customer_id": rng.permutation(n) * 7,
        "name": np.array([f"person {k}" for k in range(n)]), "after": y * 3.0, "void": np.full(n, np.nan),
    }  # fmt: skip
    found = screen(build_table(columns, target=y), seed=1, threads=1)
    why = {one.name: one.why for one in found.dropped}
    assert why == {
        "same": "duplicate", "still": "constant", "row": "id", "customer_id": "id", "name": "id", "after": "leak", "void": "constant",
    }  # fmt: skip
    assert found.accepted == ("strong",)
    trusting = screen(build_table(columns, target=y), seed=1, threads=1, trust=("after", "row"), leave_out=("strong",))
    assert "after" in trusting.accepted
    assert [one.left_out for one in trusting.suspected if one.name == "after"] == [False]
    assert ("strong", "asked") in [(one.name, one.why) for one in trusting.dropped]


@pytest.mark.skipif(not SHARED.exists(), reason="the measuring data is not there")
@pytest.mark.parametrize(
    ("file", "target", "left_out", "kept"),
    [
        ("hmeq/hmeq", "BAD", set(), {"DEBTINC", "DELINQ"}),
        ("german_credit/german", "bad", set(), {"status"}),
        ("lgd_baesens/lgd", "event", {"Recovery_rate", "lgd_time", "y_logistic", "lnrr", "Y_probit"}, {"LTV"}),
    ],
)
def test_true_tables(file, target, left_out, kept):
    table = read_table(SHARED / f"{file}.parquet", target=target)
    found = screen(table, seed=1, threads=1)
    assert {one.name for one in found.suspected if one.left_out} == left_out
    assert kept <= set(found.accepted)
