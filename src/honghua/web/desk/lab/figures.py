"""Candidates beside each other with their intervals and the model's card; and the strategy: frontier, chosen point, swap set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import psycopg
from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from honghua.agents import api as agents
from honghua.web.desk.drawing import draw
from honghua.web.desk.lab.plotting import Axes, Dot, draw_frontier, draw_interval
from honghua.web.desk.lab.reading import Look, RunId, look_at
from honghua.web.ground import site_of
from honghua.web.ui.pages import pages_of, writing_of
from honghua.web.ui.vocabulary import look_up
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/lab/runs/{run_id}")
PPM: Final = 1_000_000
TRIPLE: Final = 3
SAID: Final = ("name", "kind", "role", "note", "passed", "digest")  # of a candidate, shown in places of their own
FIRST: Final = ("auc", "ks", "brier", "ece")
SWAPS: Final = ("kept_in", "swapped_in", "swapped_out", "kept_out")
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a candidate: its value, and where chance alone could have put it (the three equal where nobody told)."""

    value: float
    low: float
    high: float
    picture: Markup = field(default_factory=Markup)

    @property
    def has_interval(self) -> bool:
        """Whether an interval was told."""
        return self.low < self.high


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the leaderboard."""

    name: str
    kind: str
    role: str
    note: str
    passed: bool | None
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One strategy of the frontier, as `lab.strategy` writes it. Shares are of 1."""

    approved_share: float
    loss_share: float
    profit_minor: float
    capital_share: float = 0.0
    reviews_share: float = 0.0
    stopped_share: float = 0.0
    refused_good_share: float = 0.0
    segment_share: float = 0.0
    fairness_ratio: float = 1.0
    feasible: bool = True
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the strategy on orders never seen."""

    name: str
    passed: bool
    found: str = ""
    bound: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A line of the balanced scorecard: a hard floor of one goal, what was promised, and (low, middle, high) on orders never seen."""

    goal: str
    figure: str
    side: str
    bound: float
    promised: float
    found: Triple
    asked: bool = True
    kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the four parts of a swap set."""

    orders: int
    amount_minor: int
    bad_share: dict[str, float | None]
    profit_minor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyTold:
    """A strategy as its artefact tells it."""

    frontier: tuple[Point, ...]
    chosen: int
    reported: Point | None = None
    figures: dict[str, Triple] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    passed: bool = True
    plan: str = ""
    policy: str = ""
    assumptions: dict[str, str] = field(default_factory=dict)
    constraints: dict[str, float | str] = field(default_factory=dict)
    scorecard: tuple[Floor, ...] = ()
    swap_set: dict[str, Part] = field(default_factory=dict)


@router.get("/models", name="desk.lab_models")
async def models(request: Request, run_id: RunId) -> Response:
    """Every candidate with its figures, and the card of the one that is proposed."""

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        look = look_at(conn, run_id)
        card = next((ref for ref in look.line.artefacts if ref.kind == agents.HTML), None)
        rows = read_leaderboard(look.read_json("leaderboard"))
        return {
            "look": look,
            "card_ref": card,
            "rows": rows,
            "columns": list_columns(rows),
            "examined": find_problems(look),
        }

    return await draw(request, "desk/lab/models.html", run_id=run_id, **await site_of(request).read(read))


def read_leaderboard(value: Any) -> list[Candidate]:
    """Candidates as the artefact lists them, whatever figures it has: a number, or [low, value, high]."""
    rows = value.get("rows", []) if isinstance(value, dict) else value
    if not isinstance(rows, list):
        return []
    told = [row for row in rows if isinstance(row, dict)]
    names = {name for row in told for name in row if name not in SAID}
    bounds = {name: find_bounds([_triple(row.get(name)) for row in told]) for name in names}
    return [
        Candidate(
            name=str(row.get("name", "")), kind=str(row.get("kind", "")), role=str(row.get("role", "")), note=str(row.get("note", "")),
            passed=row.get("passed") if isinstance(row.get("passed"), bool) else None,
            figures={name: figure for name in sorted(names) if (figure := _figure(name, row, bounds[name])) is not None},
        )
        for row in told
    ]  # fmt: skip


def find_bounds(triples: Sequence[Triple | None]) -> tuple[float, float]:
    """The least and the most of all intervals that stand beside each other."""
    values = [value for triple in triples if triple is not None for value in triple]
    return min(values, default=0.0), max(values, default=0.0)


def _figure(name: str, row: Mapping[str, Any], bounds: tuple[float, float]) -> Figure | None:
    triple = _triple(row.get(name))
    if triple is None:
        return None
    low, value, high = triple
    label = f"{row.get('name', '')}: {name} {value:.4f} [{low:.4f}, {high:.4f}]"
    return Figure(value, low, high, draw_interval(label, triple, bounds) if low < high else Markup(""))


def _triple(value: Any) -> Triple | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value), float(value), float(value)
    if isinstance(value, list) and len(value) == TRIPLE and all(isinstance(one, int | float) for one in value):
        low, mid, high = (float(one) for one in value)
        return (low, mid, high) if all(map(math.isfinite, (low, mid, high))) else None
    return None


def list_columns(rows: Sequence[Candidate]) -> list[str]:
    """Names of figures: those that everybody asks for first."""
    names = {name for row in rows for name in row.figures}
    return [*(name for name in FIRST if name in names), *sorted(names - set(FIRST))]


def find_problems(look: Look) -> list[str]:
    """What the examination found wrong, in its own sentences."""
    found = look.read_json("examination")
    told = [(role, one) for role, one in found.items() if isinstance(one, dict)] if isinstance(found, dict) else []
    return [f"{role}: {problem}" for role, one in told for problem in one.get("problems", ())]


@router.get("/strategy", name="desk.lab_strategy")
async def strategy(request: Request, run_id: RunId) -> Response:
    """The frontier with the chosen point, what it keeps, and who gets in by it that did not before."""

    def read(conn: psycopg.Connection) -> tuple[Look, Any, Any]:
        look = look_at(conn, run_id)
        return look, look.read_json("strategy"), look.read_json("swap_set")

    look, value, swaps = await site_of(request).read(read)
    told = read_strategy(value, swaps)
    pictures = draw_pictures(request, told) if told else ()
    return await draw(
        request, "desk/lab/strategy.html", run_id=run_id, look=look, told=told, pictures=pictures,
        parts=[(name, told.swap_set[name]) for name in SWAPS if name in told.swap_set] if told else [],
        ppm=lambda share: round(share * PPM),
    )  # fmt: skip


def read_strategy(value: Any, swaps: Any) -> StrategyTold | None:
    """The strategy's artefact with its types; None where there is none, or another has its name."""
    if not isinstance(value, dict):
        return None
    if "swap_set" not in value and isinstance(swaps, dict):
        value = {**value, "swap_set": swaps}
    try:
        told = msgspec.convert(value, StrategyTold, strict=False)
    except msgspec.ValidationError:
        return None
    return told if told.frontier and 0 <= told.chosen < len(told.frontier) else None


def draw_pictures(request: Request, told: StrategyTold) -> tuple[Markup, Markup]:
    """Approval by loss, and profit by loss."""
    site, writing = site_of(request), writing_of(request)
    words, language = pages_of(request).words, viewer_of(request).language

    def t(key: str, **values: object) -> str:
        return look_up(words, language, key, values)

    def share(value: float) -> str:
        return writing.percent(round(value * PPM))

    def money(value: float) -> str:
        return writing.money(round(value), site.currency)

    bound = told.constraints.get("loss_ppm")
    limit = float(bound) / PPM if isinstance(bound, int | float) else None
    spread = {name: (low, high) for name, (low, _, high) in told.figures.items()}
    if "profit_minor" in spread and told.orders.get("reported"):  # the frontier's sums are of other, and more, orders
        scale = told.orders["promised"] / told.orders["reported"]
        spread["profit_minor"] = spread["profit_minor"][0] * scale, spread["profit_minor"][1] * scale
    made = []
    for name, key, write in (("approved_share", "approval", share), ("profit_minor", "profit", money)):
        axes = Axes(
            title=t(f"desk.lab_plot_{key}"), x_name=t("desk.lab_loss"), y_name=t(f"desk.lab_{key}"), write_x=share, write_y=write,
            bound=limit, spread_x=spread.get("loss_share"), spread_y=spread.get(name),
        )  # fmt: skip
        dots = [
            Dot(
                point.loss_share, float(getattr(point, name)),
                "chosen" if place == told.chosen else "feasible" if point.feasible else "broken",
                t(
                    "desk.lab_point_said",
                    approved=share(point.approved_share), loss=share(point.loss_share), profit=money(point.profit_minor),
                ),
            )
            for place, point in enumerate(told.frontier)
        ]  # fmt: skip
        made.append(draw_frontier(axes, dots))
    return made[0], made[1]


__all__ = ["read_leaderboard", "read_strategy", "router"]
