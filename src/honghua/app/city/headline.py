"""The headline ratios of a lived city: what the platform measured, what is true, and the goal – or which room is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.decision.core import Outcome
from honghua.facts.kinds import FactKind
from honghua.sim.api import (
    COURIER,
    WORDS,
    CityActor,
    Heard,
    Judged,
    Screens,
    calibration_figures,
    interval,
    is_crime_column,
    judged_of,
)
from honghua.store.facts import read_facts_after

Columns = dict[str, NDArray[np.int64]]
PAGE: Final = 200_000
BOUGHT: Final = (FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_AUTHORISED)
STOPPED: Final = (Heard.REFUSED_RISK, Heard.DELAYED)
PASSED, DENIED = 1, 2  # how a review ended, in the facts


@dataclass(frozen=True, slots=True)
class Ratio:
    """One headline. measured and true: a share, or [low, share, high]; None = unknown. missing: the room that it waits for."""

    id: str
    name: str
    measured: Sequence[float] | float | None
    true: Sequence[float] | float | None
    goal: str
    how: str
    missing: str = field(default="")

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Lived:
    """A lived city as evaluation sees it: the diary by column, the people, what their screens show.

    model_day: the first with a model, None = none.
    """

    diary: Columns
    actor: CityActor
    screens: Screens
    day: int
    model_day: int | None

    def since_model(self) -> Judged | None:
        """Orders judged by a model."""
        if self.model_day is None:
            return None
        rows = self.diary["at_us"] >= self.model_day * DAY_US
        return judged_of({name: values[rows] for name, values in self.diary.items()})


@dataclass(frozen=True, slots=True)
class Booked:
    """What the facts say: amounts of purchases by id, ids reported as fraud, reviews passed and denied, limits granted for one order."""

    amounts: dict[int, int]
    reported: frozenset[int]
    reviews: tuple[int, int]
    rescued: frozenset[int]


def read_booked(conn: psycopg.Connection) -> Booked:
    """From the facts alone: what the platform itself can know."""
    amounts: dict[int, int] = {}
    reported: set[int] = set()
    granted: set[tuple[int, int]] = set()
    bought_by: dict[tuple[int, int], int] = {}
    passed = denied = cursor = 0
    while len(facts := read_facts_after(conn, cursor, limit=PAGE)):
        cursor = int(facts.fact_id[-1])
        rows = np.flatnonzero(np.isin(facts.kind, BOUGHT) & (facts.command_id == facts.purchase_id))
        amounts.update(zip(facts.purchase_id[rows].tolist(), facts.amount_minor[rows].tolist()))
        bought_by.update(
            zip(zip(facts.command_id[rows].tolist(), facts.account_id[rows].tolist()), facts.purchase_id[rows].tolist())
        )
        told = facts.kind == FactKind.FRAUD_REPORTED
        reported.update(facts.purchase_id[told][facts.args_values[facts.args_offsets[:-1][told]] == 1].tolist())
        lifted = facts.kind == FactKind.TEMPORARY_LIMIT_GRANTED
        granted.update(zip(facts.command_id[lifted].tolist(), facts.account_id[lifted].tolist()))
        ended = np.flatnonzero(facts.kind == FactKind.SUSPENSION_SETTLED)
        outcome, result = (facts.args_values[facts.args_offsets[ended] + k] for k in (0, 1))
        passed += int(((outcome == Outcome.REVIEW) & (result == PASSED)).sum())
        denied += int(((outcome == Outcome.REVIEW) & (result == DENIED)).sum())
    rescued = frozenset(bought_by[one] for one in granted if one in bought_by)
    return Booked(amounts, frozenset(reported), (passed, denied), rescued)


def judge_city(conn: psycopg.Connection, lived: Lived) -> list[Ratio]:
    """All headline ratios, known ones first."""
    booked = read_booked(conn)
    known = [
        *judge_risk(lived, booked),
        *judge_shortage(lived, booked),
        judge_couriers(lived),
        *judge_people(lived),
    ]
    return [*known, *WAITING]


def judge_risk(lived: Lived, booked: Booked) -> list[Ratio]:
    """Precision and recall of what was stopped, what passed, and how many good orders paid for it."""
    judged = lived.since_model()
    if judged is None:
        return [
            Ratio(
                "R-082", "precision of the three detectors' fusion", None, None, "≥ 95 %", "no model was released yet"
            )
        ]
    found = judged.figures()
    passed, denied = booked.reviews
    paid = sum(booked.amounts.values())
    lost = sum(amount for number, amount in booked.amounts.items() if number in booked.reported)
    low, share, high = found["recall_all"]
    return [
        Ratio("R-082", "precision of what risk stopped", interval(denied, passed + denied), found["precision"], "≥ 95 %",
              f"measured: reviewed purchases that reviewers refused; true: crimes among all stopped, at recall {share:.0%} "
              f"({low:.0%} … {high:.0%})"),
        judge_held(lived),
        Ratio("R-083", "suspected cash-out share of money out", round(lost / max(paid, 1), 5), found["cashout_interval"], "< 1 %",
              "measured: approved purchases that were reported; true: approved money that crimes got, rings adapting"),
        Ratio("R-084", "orders blocked", found["blocked_interval"], found["crime_share"], "0.56 % reported for 11 November",
              "measured: refused by risk, proof not given, or in review; true: share of crimes among orders"),
        Ratio("R-084", "good orders stopped", None, found["false_refusal_interval"], "as few as can be",
              "who is good is known to the truth only"),
    ]  # fmt: skip


def judge_held(lived: Lived) -> Ratio:
    """Precision and recall where the fused score passed the line from which on a person looks, or a refusal is written."""
    rows = lived.diary["at_us"] >= (lived.model_day or 0) * DAY_US
    crime, good = is_crime_column(lived.diary["crime"]) & rows, (lived.diary["ring"] == 0) & rows
    flagged = (lived.diary["word"] == WORDS.index("review")) & rows
    precision = interval(int((flagged & crime).sum()), int((flagged & (crime | good)).sum()))
    judged = crime & (lived.diary["heard"] != Heard.REFUSED_LIMIT)
    recall = interval(int((flagged & judged).sum()), int(judged.sum()))
    how = f"the fused score held it for a person: recall {recall[1]:.0%} ({recall[0]:.0%} … {recall[2]:.0%})"
    return Ratio("R-082", "precision of the fusion at this recall", None, precision, "≥ 95 %", how)


def judge_shortage(lived: Lived, booked: Booked) -> list[Ratio]:
    """Good orders that the limit was too small for: refused, or decided one by one, which takes a model's score."""
    since = lived.diary["at_us"] >= (lived.model_day or 0) * DAY_US
    diary = {name: values[since] for name, values in lived.diary.items()}
    short = diary["short"] == 1
    good = diary["ring"] == 0
    refused = short & (diary["heard"] == Heard.REFUSED_LIMIT)
    helped = np.isin(diary["decision_id"], np.array(sorted(booked.rescued), np.int64)) | (
        short & (diary["heard"] == Heard.APPROVED_LESS)
    )
    bad = interval(int((helped & is_crime_column(diary["crime"])).sum()), int(helped.sum()))
    return [
        Ratio("R-010", "orders refused for want of limit", interval(int(refused.sum()), len(short)),
              interval(int((refused & good).sum()), int(good.sum())), "halved at equal loss",
              "true: of the good orders alone; whether that is fewer takes a twin city (`honghua bench shortage`)"),
        Ratio("R-010", "orders beyond the limit that were decided one by one", interval(int(helped.sum()), int((helped | refused).sum())),
              interval(int((helped & good).sum()), int(((helped | refused) & good).sum())), "≥ 50 %",
              f"a limit for the order, or less with consent; crimes among them {bad[1]:.1%} ({bad[0]:.1%} … {bad[2]:.1%})"),
    ]  # fmt: skip


def judge_couriers(lived: Lived) -> Ratio:
    """Couriers who buy on credit, and what they owe beyond its day, beside everybody."""
    diary, citizens = lived.diary, lived.actor.registry.citizens
    buyers = np.unique(diary["customer"][diary["granted_minor"] > 0])
    courier = np.flatnonzero(citizens.occupation == COURIER)
    hits = int(np.isin(courier, buyers).sum())
    owed = np.where(lived.screens.due_day < lived.day, lived.screens.due_minor, 0)
    out = np.zeros(len(owed), np.int64)
    np.add.at(out, diary["customer"], diary["granted_minor"])
    loss, all_loss = owed[courier].sum() / max(out[courier].sum(), 1), owed.sum() / max(out.sum(), 1)
    how = f"couriers with an approved purchase; overdue per yuan lent {loss:.2%}, everybody {all_loss:.2%}; nobody tells the platform"
    return Ratio(
        "R-073",
        "couriers with credit in online scenes",
        None,
        interval(hits, len(courier)),
        "> 60 % at the portfolio's loss",
        how,
    )


PEOPLE: Final = (
    ("R-291", "mean loan, yuan", "loan_mean_yuan", "8,500 ± 2 %"), ("R-291", "borrowers under 40", "borrowers_under_40", "70 ± 2 %"),
    ("R-292", "mean monthly debt, yuan", "debt_mean_yuan", "7,700 ± 2 %"),
    ("R-292", "short of money within a year", "short_last_year", "39 ± 2 %"),
    ("R-293", "users of 24 … 35", "users_24_to_35", "about 70 %"),
    ("R-293", "users in cities of tier 1 … 3", "users_in_big_cities", "> 50 %"),
)  # fmt: skip


def judge_people(lived: Lived) -> list[Ratio]:
    """The population beside what was reported; a small city scatters around it."""
    figures = calibration_figures(lived.actor.registry.citizens)
    how = "of this city's people; the platform is told nothing of it (room customers)"
    return [Ratio(number, name, None, round(figures[key], 4), goal, how) for number, name, key, goal in PEOPLE]


WAITING: Final = (
    Ratio("R-072", "KS by segment against one model for all", None, None, "better in each segment", "", "lab"),
    Ratio("R-185", "new citizens recognised", None, None, "precision and recall", "", "lab"),
    Ratio("R-100", "forged documents found", None, None, "of generators unseen", "", "materials"),
    Ratio("Q-care", "late payers fewer by the bill assistant", None, None, "effect with interval", "", "care"),
)

__all__ = ["Booked", "Lived", "Ratio", "judge_city", "read_booked"]
