"""What a strategy may do and what it costs: actions, money and constraints, read from a file that says where each figure is from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput

PPM: Final = 1_000_000
SHIPPED: Final = ("credit", "purchases")
ACTIONS_MAX: Final = 12
FILE_BYTES_MAX: Final = 100_000
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that a policy can do with an order.

    text        the outcome in the policy language
    severity    0 = let everybody through; the riskier an order, the severer its action, never the other way round
    good_ppm, bad_ppm   of the orders that turn out good or bad, how many are let through
    part_ppm    of the amount asked for
    cost_minor  what it costs each time
    is_manual   whether a person does it: their hours are a constraint
    source      where the shares come from
    """

    name: str
    text: str
    severity: int
    good_ppm: int
    bad_ppm: int
    part_ppm: int
    cost_minor: int
    is_manual: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Economics:
    """What an order brings or costs, in ppm of the amount let through, by grade of risk: grade k is up to bounds_ppm[k] chance.

    margin_ppm[k]: of an order that is repaid, after funding and operations. loss_ppm: of one that is not. turned_away_ppm: what a good
    order that is not let through costs beside its margin, since such customers buy less later.
    exposure_minor: the amount of every order where a table tells none.
    """

    bounds_ppm: tuple[int, ...]
    margin_ppm: tuple[int, ...]
    loss_ppm: int
    turned_away_ppm: int
    exposure_minor: int
    source: str

    def margins(self, chance: Floats) -> Floats:
        """Share of the amount that a good order of this chance brings; float64[n]."""
        grade = np.searchsorted(np.array(self.bounds_ppm[:-1]) / PPM, chance, side="left")
        return np.array(self.margin_ppm, np.float64)[grade] / PPM


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What a strategy keeps, whatever it would earn by not keeping it. loss_ppm, capital_ppm: of all that is asked for; reviews_ppm,
    stopped_ppm: of the orders, those that a person looks at and those that do not pass at once; segment_ppm: the largest segment's part of
    what is let through (1,000,000 = not asked). fairness_ppm: the worst group's approval share in that of the best. approved_ppm: at
    least so many of the orders pass (0 = not asked); refused_good_ppm: at most so many of the good ones do not (1,000,000 = not asked)."""

    loss_ppm: int
    capital_ppm: int
    reviews_ppm: int
    stopped_ppm: int
    segment_ppm: int
    fairness_ppm: int
    source: str
    approved_ppm: int = 0
    refused_good_ppm: int = PPM


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan; `digest` names it in the run's log."""

    name: str
    score: str
    economics: Economics
    actions: tuple[Action, ...]
    constraints: Constraints
    bands: int = field(default=24)
    amount_bands: int = field(default=1)

    def __post_init__(self) -> None:
        problems = list(_find_problems(self))
        if problems:
            raise BadInput(f"strategy plan {self.name}: " + "; ".join(problems), code="BAD_PLAN")

    @property
    def digest(self) -> bytes:
        """SHA-256 of all figures and sources."""
        return sha256(msgspec.json.encode(asdict(self), order="deterministic")).digest()


def read_plan(which: str | Path) -> Plan:
    """A plan that comes with Honghua (`credit`, `purchases`) or a file of the same form; BadInput says what is wrong."""
    try:
        if str(which) in SHIPPED:
            text = files("honghua.lab").joinpath("data", f"strategy-{which}.toml").read_text(encoding="utf-8")
        else:
            path = Path(which)
            if path.stat().st_size > FILE_BYTES_MAX:
                raise BadInput(f"{path} is larger than {FILE_BYTES_MAX:,} bytes: no strategy plan", code="BAD_PLAN")
            text = path.read_text(encoding="utf-8")
        return _plan_from(tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"cannot read the strategy plan {which}: {error}", code="BAD_PLAN") from error


def _plan_from(told: Mapping[str, Any]) -> Plan:
    try:
        economics, constraints = dict(told["economics"]), dict(told["constraints"])
        for name in ("bounds_ppm", "margin_ppm"):
            economics[name] = tuple(economics[name])
        return Plan(
            told["name"], told["score"], Economics(**economics), tuple(Action(**one) for one in told["action"]),
            Constraints(**constraints), int(told.get("bands", 24)), int(told.get("amount_bands", 1)),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise BadInput(f"a strategy plan lacks or misnames something: {error}", code="BAD_PLAN") from error


def _find_problems(plan: Plan) -> list[str]:
    economics, severities = plan.economics, [action.severity for action in plan.actions]
    shares = [
        *(share for a in plan.actions for share in (a.good_ppm, a.bad_ppm, a.part_ppm)),
        plan.constraints.loss_ppm, plan.constraints.capital_ppm, plan.constraints.reviews_ppm, plan.constraints.stopped_ppm,
        plan.constraints.segment_ppm, plan.constraints.fairness_ppm, plan.constraints.approved_ppm, plan.constraints.refused_good_ppm,
    ]  # fmt: skip
    found = []
    if not 2 <= len(plan.actions) <= ACTIONS_MAX:
        found.append(f"2 … {ACTIONS_MAX} actions")
    if severities != sorted(set(severities)):
        found.append("actions stand from the mildest to the severest, each severity once")
    if any(
        a.good_ppm < b.good_ppm or a.bad_ppm * a.part_ppm < b.bad_ppm * b.part_ppm for a, b in pairwise(plan.actions)
    ):
        found.append("a severer action lets fewer good and fewer bad orders through")
    if plan.actions and plan.actions[-1].bad_ppm:
        found.append("the severest action lets nothing bad through")
    if any(not 0 <= share <= PPM for share in shares):
        found.append("shares are 0 … 1,000,000 ppm")
    if len(economics.bounds_ppm) != len(economics.margin_ppm) or list(economics.bounds_ppm) != sorted(
        set(economics.bounds_ppm)
    ):
        found.append("each grade has one rising bound and one margin")
    if economics.bounds_ppm[-1:] != (PPM,):
        found.append("the last grade ends at 1,000,000 ppm")
    if economics.exposure_minor < 1 or plan.bands < 2 or plan.amount_bands < 1:
        found.append("exposure, bands and amount bands are positive")
    return found
