"""`honghua bench allocate`: budgets shared among a million customers, beside HiGHS on slices, and what 150 million would take (R-037).

Compiling is not part of any figure: the kernels have run before. The largest size is measured from files that are mapped, not loaded, as a
size that leaves memory would be. HiGHS solves the relaxation of the slice (rows may mix levels), which no whole choice can exceed, and a
smaller slice whole: on 20,000 customers its branch and bound found no choice at all in 90 seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from honghua.allocation.api import Allocation, SolvePlan, solve
from honghua.base.errors import BadInput, WorldFailed
from honghua.base.rng import derive_rng
from honghua.store.settings import StoreSettings

Floats = NDArray[np.float64]

SECONDS_MOST: Final = 10.0
TEN_THOUSANDTH: Final = 1e-4
SLICE_WANTED: Final = 20_000
WANTED: Final = 150_000_000  # customers, in six hours
WITHIN_HOURS: Final = 6.0
ROUNDS: Final = 5
SHARES: Final = (0.5, 0.45, 0.4, 0.35)  # of what everybody's best level would cost, by budget
LEVEL_MINOR: Final = 50_000
MARGIN, LOST_WEIGHT = 0.05, 0.2  # of what is used; of expected loss in utility: the loss budget weighs the rest
BLOCK: Final = 1_000_000  # rows made at once
HIGHS_GAP: Final = 1e-5
LEVELS_MAX, BUDGETS_MAX, SLICE_MIN = 16, 4, 100


class Asked(NamedTuple):
    """Offers in arrays: utility float32[n, k], cost int32[n, k, b] in minor units, budgets int64[b]."""

    utility: NDArray[np.float32]
    cost: NDArray[np.int32]
    budgets: NDArray[np.int64]


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "allocate", help="limits under budgets: customers by Lagrangian dual, beside HiGHS on a slice"
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--levels", type=int, default=8)
    parser.add_argument("--budgets", type=int, default=3)
    parser.add_argument(
        "--slice", type=int, default=20_000, help="customers of the slice whose relaxation HiGHS solves"
    )
    parser.add_argument("--whole-slice", type=int, default=1_000, help="customers whom HiGHS gives whole levels, too")
    parser.add_argument("--highs-seconds", type=float, default=60.0, help="after which HiGHS says what it has")
    parser.add_argument("--largest", type=int, default=10_000_000, help="customers of the larger measurement; 0 = none")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Solve the slice with both, then all customers, then more of them from files."""
    if not (
        2 <= args.levels <= LEVELS_MAX
        and 1 <= args.budgets <= BUDGETS_MAX
        and args.customers >= args.slice >= SLICE_MIN
    ):
        raise BadInput(
            f"2 … {LEVELS_MAX} levels, 1 … {BUDGETS_MAX} budgets and a slice of {SLICE_MIN} customers or more are wanted",
            code="BAD_SIZE",
        )  # fmt: skip
    plan = SolvePlan(threads=args.threads)
    asked = make_offers(args.customers, args)
    solve(*cut_slice(asked, SLICE_MIN), plan=plan)  # compiles where nothing is cached
    found, seconds = time_rounds(asked, plan, ROUNDS)
    del store
    told = {
        "customers": args.customers, "levels": args.levels, "budgets": args.budgets, "seconds": seconds,
        "violation": found.violation, "gap": found.gap, "passes": found.passes,
        "budget_used": [round(float(share), 6) for share in found.spent / asked.budgets],
        **measure_peer(asked, args, plan),
        **measure_largest(args, plan, seconds),
    }  # fmt: skip
    return {**told, "promises": judge_promises(told)}


def judge_promises(told: dict[str, Any]) -> dict[str, bool]:
    """Each point of the allocation's test (issue 7), yes or no, as far as this size says anything of it."""
    whole = (told["customers"], told["levels"], told["budgets"]) >= (1_000_000, 8, 3)
    return {
        "a_million_by_eight_by_three": whole,
        "within_10_seconds": whole and told["seconds"] <= SECONDS_MOST,
        "violation_at_most_a_ten_thousandth": told["violation"] <= TEN_THOUSANDTH,
        "gap_at_most_a_ten_thousandth": told["gap"] <= TEN_THOUSANDTH,
        "within_the_gap_of_highs_on_the_slice": told["slice"] >= SLICE_WANTED
        and told["gap_to_highs_slice"] <= TEN_THOUSANDTH,
        "150_million_within_six_hours": told["within_six_hours"],
    }


def make_offers(customers: int, args: argparse.Namespace) -> Asked:
    """Temporary limits in steps: what is used saturates at a need, loss rises with risk and what is used, an offer costs a little money.

    Budgets: expected loss, capital, marketing, and calls where there is a fourth; each a share of what everybody's best level costs.
    """
    utility = np.empty((customers, args.levels), np.float32)
    cost = np.empty((customers, args.levels, args.budgets), np.int32)
    return fill_offers(utility, cost, seed=args.seed)


def fill_offers(utility: NDArray[np.float32], cost: NDArray[np.int32], *, seed: int) -> Asked:
    """The same into arrays that are there, block by block; each block has a stream of its own."""
    n, levels, budgets = cost.shape
    asked = np.zeros(budgets)
    amount = np.arange(levels) * float(LEVEL_MINOR)
    for number, at in enumerate(range(0, n, BLOCK)):
        rows = slice(at, min(at + BLOCK, n))
        rng = derive_rng(seed, "offers", number)
        size = rows.stop - at
        need, risk = rng.lognormal(11.0, 0.8, (size, 1)), rng.beta(1, 25, (size, 1))
        used = need * -np.expm1(-amount / need)
        loss = used * risk * (1 + amount / 500_000)
        costs = (loss, 0.1 * used + 0.02 * amount, np.where(amount > 0, 200 + used * rng.uniform(0, 0.02, (size, 1)), 0.0),
                 np.where(amount > 0, rng.integers(1, 4, (size, 1)), 0.0))  # fmt: skip
        utility[rows] = MARGIN * used - LOST_WEIGHT * loss
        cost[rows] = np.stack(costs[:budgets], axis=-1)
        best = np.take_along_axis(cost[rows], utility[rows].argmax(axis=1)[:, None, None], axis=1)[:, 0]
        asked += best.sum(axis=0)
    return Asked(utility, cost, (asked * SHARES[:budgets]).astype(np.int64))


def cut_slice(asked: Asked, size: int) -> Asked:
    """The first customers, with budgets cut down alike."""
    share = size / len(asked.utility)
    return Asked(asked.utility[:size], asked.cost[:size], (asked.budgets * share).astype(np.int64))


def time_rounds(asked: Asked, plan: SolvePlan, rounds: int) -> tuple[Allocation, float]:
    """The answer and the median of its seconds."""
    seconds: list[float] = []
    answers: list[Allocation] = []
    for _ in range(rounds):
        began = time.perf_counter()
        answers[:] = [solve(*asked, plan=plan)]
        seconds.append(time.perf_counter() - began)
    return answers[0], round(float(np.median(seconds)), 3)


def measure_peer(asked: Asked, args: argparse.Namespace, plan: SolvePlan) -> dict[str, Any]:
    """HiGHS and we on the same slices. gap_to_*: how far our choice stays below what HiGHS says, as a share of it."""
    part, small = cut_slice(asked, args.slice), cut_slice(asked, min(args.slice, args.whole_slice))
    ours, seconds = time_rounds(part, plan, ROUNDS)
    worth, rows, most = _as_program(part)
    began = time.perf_counter()
    relaxed = linprog(worth, A_ub=rows, b_ub=most, bounds=(0, 1), method="highs-ipm")
    took = time.perf_counter() - began
    if relaxed.status != 0:
        raise WorldFailed(f"HiGHS could not solve the relaxation: {relaxed.message}")
    best = -float(relaxed.fun)
    return {
        "slice": len(part.utility), "seconds_slice": seconds, "gap_slice": ours.gap,
        "highs_seconds_slice": round(took, 3), "gap_to_highs_slice": (best - ours.value) / best,
        "bound_to_highs_slice": (ours.bound - best) / best, "highs_whole": _measure_whole(small, args.highs_seconds, plan),
    }  # fmt: skip


def _measure_whole(part: Asked, seconds_max: float, plan: SolvePlan) -> dict[str, Any]:
    """Both on a slice that HiGHS' branch and bound can do; gap None where it found no choice in time."""
    ours, seconds = time_rounds(part, plan, ROUNDS)
    worth, rows, most = _as_program(part)
    began = time.perf_counter()
    with _quiet_stdout():
        peer = milp(
            worth, constraints=[LinearConstraint(rows, -np.inf, most)], integrality=np.ones(len(worth)), bounds=Bounds(0, 1),
            options={"mip_rel_gap": HIGHS_GAP, "time_limit": seconds_max},
        )  # fmt: skip
    took = time.perf_counter() - began
    gap = None if peer.x is None else (-float(peer.fun) - ours.value) / -float(peer.fun)
    return {
        "customers": len(part.utility), "seconds": seconds, "gap": ours.gap, "highs_seconds": round(took, 3),
        "highs_ended": peer.status == 0, "gap_to_highs": gap,
    }  # fmt: skip


@contextmanager
def _quiet_stdout() -> Iterator[None]:
    """HiGHS writes lines of its own to stdout, which is to hold one JSON object: they go to stderr meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _as_program(part: Asked) -> tuple[Floats, Any, Floats]:
    """What HiGHS minimises, and its rows ≤ these bounds. Level 0 is nothing and needs no column."""
    n, levels, budgets = part.cost.shape
    width = levels - 1
    one_each = sparse.kron(sparse.eye(n), np.ones((1, width)))
    costs = sparse.csr_matrix(part.cost[:, 1:].reshape(n * width, budgets).T.astype(np.float64))
    worth = -part.utility[:, 1:].ravel().astype(np.float64)
    return (
        worth,
        sparse.vstack([one_each, costs]).tocsr(),
        np.concatenate([np.ones(n), part.budgets.astype(np.float64)]),
    )


def measure_largest(args: argparse.Namespace, plan: SolvePlan, seconds: float) -> dict[str, Any]:
    """One run over more customers, mapped from files; hours for 150 million by the slower of the two rates."""
    rate = args.customers / seconds
    found: dict[str, Any] = {}
    if args.largest > args.customers:
        with map_files(args.largest, args) as large:
            largest, took = time_rounds(large, plan, 1)
        found = {"customers": args.largest, "seconds": took, "gap": largest.gap, "violation": largest.violation,
                 "passes": largest.passes}  # fmt: skip
        rate = min(rate, args.largest / took)
    hours = WANTED / rate / 3600
    return {
        "largest": found, "customers_per_s": round(rate), "hours_for_150_million": round(hours, 4),
        "within_six_hours": hours <= WITHIN_HOURS,
        "how": "compiled before; from offers in arrays to the choice; 150 million by the slower measured rate, not run",
    }  # fmt: skip


@contextmanager
def map_files(customers: int, args: argparse.Namespace) -> Iterator[Asked]:
    """Offers of so many customers in files of a scratch folder, mapped and read-only."""
    with tempfile.TemporaryDirectory(prefix="honghua-allocate-") as folder:
        shape = (customers, args.levels, args.budgets)
        utility = np.lib.format.open_memmap(Path(folder, "u.npy"), "w+", np.float32, shape[:2])
        cost = np.lib.format.open_memmap(Path(folder, "c.npy"), "w+", np.int32, shape)
        asked = fill_offers(utility, cost, seed=args.seed + 1)
        utility.flush()
        cost.flush()
        yield Asked(
            np.load(Path(folder, "u.npy"), mmap_mode="r"), np.load(Path(folder, "c.npy"), mmap_mode="r"), asked.budgets
        )


__all__ = ["Asked", "cut_slice", "fill_offers", "make_offers", "measure_peer", "register", "run"]
