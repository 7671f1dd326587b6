"""A strategy drawn from development orders, told on orders it has never seen, and written as a policy that passes its static checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import Refusal
from honghua.decision.core import (
    LETS_BUY,
    Bundle,
    Part,
    Vocabulary,
    compile_bundle,
    compute_report,
    engine_vocabulary,
    judge_batch,
    tally_part,
)
from honghua.lab.strategy.balancing import Floor, balance_goals, tell_floor
from honghua.lab.strategy.cells import Grid, draw_grid, follow
from honghua.lab.strategy.figures import ratio_interval, sum_interval
from honghua.lab.strategy.frontier import Origin, Point, approval_ratios, build_frontier, choose_point, observe
from honghua.lab.strategy.orders import Ints, Orders
from honghua.lab.strategy.plans import PPM, Plan
from honghua.lab.strategy.policy_text import MISSING, admission_vocabulary, replace_matrix, write_admission, write_table
from honghua.models.api import Check, Interval

FLOORS_CHECK: Final = "floors of growth and protection"


@dataclass(frozen=True, slots=True)
class Frame:
    """The policy that judges now: its text, and the words that it is written in. Its matrix lane is what a strategy replaces."""

    source: str
    vocabulary: Vocabulary = field(default_factory=engine_vocabulary)


@dataclass(frozen=True, slots=True, eq=False)
class Strategy:
    """A chosen point of the frontier as a policy. `promised` is said of the orders it was chosen on, `figures` of others; orders: how
    many they are, since sums of money compare only per order."""

    plan: Plan
    grid: Grid
    frontier: tuple[Point, ...]
    chosen: int
    source: str
    bundle: Bundle
    promised: Point
    reported: Point
    figures: dict[str, Interval]
    checks: tuple[Check, ...]
    orders: tuple[int, int]

    @property
    def passed(self) -> bool:
        """Whether every check holds on the orders it has never seen."""
        return all(check.passed for check in self.checks)

    @property
    def scorecard(self) -> tuple[Floor, ...]:
        """The floors of all goals, as promised and as found."""
        return balance_goals(self.plan.constraints, self.promised, self.reported, self.figures)

    @property
    def actions(self) -> NDArray[np.int8]:
        """Of each cell; int8[c]."""
        return np.array(self.frontier[self.chosen].actions, np.int8)

    def lets_pass(self, orders: Orders) -> NDArray[np.bool_]:
        """Orders that pass without anybody's doing; bool[n]."""
        return np.asarray(self.actions[self.grid.place(orders)] == 0)

    def as_json(self) -> dict[str, Any]:
        """Plain values: what the desk draws, what the run's log keeps."""
        return {
            "plan": self.plan.name, "plan_digest": self.plan.digest.hex(), "score": self.plan.score,
            "chance_bounds": self.grid.chance.tolist(), "amount_bounds_minor": self.grid.amount_minor.tolist(),
            "action_names": [action.name for action in self.plan.actions],
            "assumptions": {
                "economics": self.plan.economics.source, "constraints": self.plan.constraints.source,
                **{action.name: action.source for action in self.plan.actions},
            },
            "constraints": {name: value for name, value in asdict(self.plan.constraints).items() if name != "source"},
            "frontier": [_plain(point) for point in self.frontier], "chosen": self.chosen,
            "promised": _plain(self.promised), "reported": _plain(self.reported),
            "orders": {"promised": self.orders[0], "reported": self.orders[1]},
            "figures": {name: found.as_list() for name, found in self.figures.items()},
            "checks": [
                {"name": c.name, "passed": c.passed, "found": c.found, "bound": c.bound, "problem": c.problem} for c in self.checks
            ],
            "scorecard": [tell_floor(one) for one in self.scorecard],
            "passed": self.passed, "policy": self.source, "digest": self.bundle.digest.hex(),
        }  # fmt: skip


def draw_strategy(
    develop: Orders, report: Orders, plan: Plan, *, name: str, title: str = "", frame: Frame | None = None
) -> Strategy | Refusal:
    """Cut-offs chosen on `develop` only, figures told on `report`; a Refusal where no strategy keeps every constraint.

    PolicyProblems where the plan's actions are not in the language; BadInput where the frame has no matrix lane.
    """
    grid = draw_grid(develop, plan)
    frontier = build_frontier(develop, plan, grid)
    chosen = choose_point(frontier)
    if isinstance(chosen, Refusal):
        return chosen
    point = frontier[chosen]
    source, vocabulary = _write(plan, grid, point.actions, title or f"{name}: written by the strategy lab.", frame)
    bundle = compile_bundle(name, source, vocabulary)
    actions = np.array(point.actions, np.int8)
    reported = observe(actions, report, plan, grid, Origin(point.loss_budget_ppm / PPM, point.gap))
    figures = _measure(actions, report, plan, grid)
    checks = (
        _check_loss(figures["loss_share"], plan), _check_rest(reported, plan), _check_floors(figures, point, reported, plan),
        _check_rising(point, grid), _check_policy(bundle, point, plan, grid, (develop, frame is not None)),
    )  # fmt: skip
    return Strategy(
        plan, grid, frontier, chosen, source, bundle, point, reported, figures, checks, (len(develop), len(report))
    )


def backtest(strategy: Strategy, orders: Orders, before: Ints) -> dict[str, Any]:
    """The candidate against what was decided then (numbers of Outcome, int64[n]), as the decision room's backtest tells it."""
    part = Part(0, vectors_of(strategy.bundle, strategy.plan, orders), before, orders.amount_minor, orders.chance)
    return compute_report(strategy.bundle, tally_part(strategy.bundle, part))


def vectors_of(bundle: Bundle, plan: Plan, orders: Orders) -> NDArray[np.float64]:
    """Orders as the policy's inputs: the account's own are those of a sound account with room enough; float64[n, inputs]."""
    vectors = np.full((len(orders), len(bundle.vocabulary)), np.nan)
    for place, one in enumerate(bundle.vocabulary):
        if not one.may_be_missing:
            vectors[:, place] = max(0.0, one.low)
    room = float(orders.amount_minor.max())
    told: dict[str, NDArray[Any] | float] = {
        "status": 1.0, "is_consumption": 1.0, "available_minor": room, "amount_minor_max": room, "limit_minor": room,
        "amount_minor": orders.amount_minor, plan.score: orders.chance,
    }  # fmt: skip
    for word, value in told.items():
        found = bundle.vocabulary.find(word)
        if found is not None:
            vectors[:, found[0]] = value
    return vectors


def _write(plan: Plan, grid: Grid, actions: Sequence[int], title: str, frame: Frame | None) -> tuple[str, Vocabulary]:
    if frame is None:
        return write_admission(plan, write_table(plan, grid, actions, missing=MISSING), title), admission_vocabulary(
            plan
        )
    return replace_matrix(frame.source, write_table(plan, grid, actions, missing="skip")), frame.vocabulary


def _measure(actions: NDArray[np.int8], orders: Orders, plan: Plan, grid: Grid) -> dict[str, Interval]:
    done = follow(actions, orders, plan, grid.place(orders))
    ones = np.ones(len(orders))
    asked = orders.amount_minor.astype(np.float64)
    fairness = approval_ratios(orders.protected, done["through"])
    return {
        **({"fairness_ratio": min(fairness, key=lambda one: one.mid)} if fairness else {}),
        "approved_share": ratio_interval(done["through"], ones), "loss_share": ratio_interval(done["loss"], asked),
        "loss_of_lent": ratio_interval(done["loss"], done["capital"]) if done["capital"].sum() else Interval(0.0, 0.0, 0.0),
        "capital_share": ratio_interval(done["capital"], asked),
        "reviews_share": ratio_interval(done["reviews"], ones), "stopped_share": ratio_interval(done["stopped"], ones),
        "refused_good_share": ratio_interval(done["refused_good"], (orders.bad == 0).astype(np.float64)),
        "profit_minor": sum_interval(done["profit"]),
    }  # fmt: skip


def _check_loss(loss: Interval, plan: Plan) -> Check:
    bound = plan.constraints.loss_ppm / PPM
    held = loss.low <= bound
    problem = "" if held else "the loss on orders never seen is above the budget, beyond what chance explains"
    return Check("loss budget", held, f"{loss.mid:.4f} [{loss.low:.4f}, {loss.high:.4f}]", f"≤ {bound:.4f}", problem)


def _check_rest(reported: Point, plan: Plan) -> Check:
    told_elsewhere = ("loss", "reviews", "stopped", "approved", "refused_good")
    why = "; ".join(one for one in reported.why if not one.startswith(told_elsewhere))
    return Check("other constraints", not why, why or "kept", plan.constraints.source, why)


def _check_floors(figures: dict[str, Interval], promised: Point, reported: Point, plan: Plan) -> Check:
    """Growth and the good customers who are turned away; fairness is held to its figure, not to its interval, in `_check_rest`."""
    lines = balance_goals(plan.constraints, promised, reported, figures)
    told = [one for one in lines if one.is_asked and one.constraint in ("approved_ppm", "refused_good_ppm")]
    broken = [f"{one.figure} {one.found.mid:.4f} is not {one.side} {one.bound:.4f}" for one in told if not one.is_kept]
    found = "; ".join(f"{one.figure} {one.found.mid:.4f}" for one in told) or "none is asked for"
    bound = "; ".join(f"{one.side} {one.bound:.4f}" for one in told)
    return Check(FLOORS_CHECK, not broken, found, bound, "; ".join(broken))


def _check_rising(point: Point, grid: Grid) -> Check:
    actions = np.array(point.actions).reshape(grid.shape)
    falls = int((np.diff(actions, axis=1) < 0).sum())
    return Check(
        "severity rises with the chance", not falls, f"{falls} falls", "0", "riskier is milder" if falls else ""
    )


def _check_policy(bundle: Bundle, point: Point, plan: Plan, grid: Grid, of: tuple[Orders, bool]) -> Check:
    """The compiled policy does to every order what the frontier's point says; in a frame other lanes may be stricter."""
    orders, framed = of
    said = np.isin(judge_batch(bundle, vectors_of(bundle, plan, orders)).outcome, [int(one) for one in LETS_BUY])
    meant = np.array(point.actions)[grid.place(orders)] == 0
    wrong = int((said & ~meant).sum()) + (0 if framed else int((~said & meant).sum()))
    return Check(
        "policy says what was chosen", not wrong, f"{wrong} orders differ", "0", "see the policy" if wrong else ""
    )


def _plain(point: Point) -> dict[str, Any]:
    return {
        "loss_budget_ppm": point.loss_budget_ppm, "approved_share": point.approved_share, "loss_share": point.loss_share,
        "capital_share": point.capital_share, "reviews_share": point.reviews_share,
        "stopped_share": point.stopped_share, "refused_good_share": point.refused_good_share,
        "segment_share": point.segment_share, "fairness_ratio": point.fairness_ratio, "profit_minor": point.profit_minor,
        "gap": point.gap, "feasible": point.is_feasible, "why": list(point.why), "actions": list(point.actions),
    }  # fmt: skip
