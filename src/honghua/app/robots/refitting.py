"""The fraud model of a book that nobody watches: fitted on what the platform knows itself, released by two named robots.

What they learn from is in `known`. The robots go through the same maker–checker as people, and their acts say that they are none.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.robots.alarm_budget import AlarmBudget, Lines
from honghua.app.robots.known import Known, draw_one_in, read_known
from honghua.base.errors import BadInput
from honghua.credit.api import RiskDesk, RiskSetup, keep_model
from honghua.decision import api as decision
from honghua.decision.core import POLICIES, engine_vocabulary
from honghua.fraud.api import Examination, FitSettings, Fitted, FraudModel, examine, fit_fraud
from honghua.fraud.core import Value

POLICY: Final = "purchase-risk"
POSITIVES_MIN: Final = 20
RARE_SHARE: Final = 0.005  # of rows: a gap in fewer is rare
THREADS: Final = 1  # the same trees on every machine


@dataclass(frozen=True, slots=True)
class Incomplete:
    """What a house knows of its labels: so many frauds stay untold, as part of those that are told, and why it thinks so."""

    unreported: float
    why: str

    def __post_init__(self) -> None:
        """BadInput where nobody says why: a guess that nobody stands for teaches whatever it wants to."""
        if not 0 < self.unreported < math.inf or not self.why.strip():
            raise BadInput("incomplete labels need a share above 0 and a reason", code="BAD_SETTING")


@dataclass(frozen=True, slots=True)
class Refit:
    """What one refit was made of and brought. unreported: what it was told of frauds that nobody reports."""

    name: str
    day: int
    rows: int
    positives: int
    seconds: float
    valid: Mapping[str, float | None]
    problems: tuple[str, ...] = ()
    unreported: float = 0.0

    @property
    def released(self) -> bool:
        """Whether the model is in force."""
        return not self.problems


def has_rare_gaps(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """bool[n]: rows that lack what nearly all others have. A forest learns no way for so few (an order held although nothing was
    available), and the examination refuses a model that would guess."""
    gaps = np.isnan(values)
    count = gaps.sum(axis=0)
    rare = (count > 0) & (count < RARE_SHARE * len(values))
    return np.asarray(gaps[:, rare].any(axis=1), np.bool_)


@dataclass(frozen=True, slots=True)
class Robots:
    """Two of them, who are no persons and say so, and the seed of their fits. budget: what risk may hold up; None = the shipped policy.

    incomplete: where labels are known to be incomplete; None takes clear purchases at their word.
    """

    maker: decision.Act
    checker: decision.Act
    seed: int
    budget: AlarmBudget | None = None
    incomplete: Incomplete | None = None

    @property
    def unreported(self) -> float:
        """Frauds among the clear purchases, as part of those that are told."""
        return 0.0 if self.incomplete is None else self.incomplete.unreported

    def fit_settings(self) -> FitSettings:
        """How models are fitted here."""
        return FitSettings(seed=self.seed, threads=THREADS, unreported=self.unreported)

    def start_policy(self, conn: psycopg.Connection, setup: RiskSetup, *, name: str) -> None:
        """Where nobody judges yet: the policy without a model. The account rules decide until the first refit."""
        if decision.find_lineup(conn) is None:
            vocabulary = engine_vocabulary()
            source = POLICIES[POLICY] if self.budget is None else self.budget.unfitted().source()
            self.put_in_force(conn, decision.Proposal(name, source, vocabulary, features_digest=setup.plan.digest))

    def refit(self, conn: psycopg.Connection, desk: RiskDesk, known: Known, *, name: str, day: int) -> Refit | None:
        """Fit on frozen records and release; None when it was done before or too few frauds are known. day: of whoever counts."""
        if any(row.name == name for row in decision.list_releases(conn)):
            return None
        if np.count_nonzero(known.labels == 1) < POSITIVES_MIN:
            return None
        started = time.perf_counter()
        names, described = desk.engine.sensor.names, desk.engine.sensor.values
        ids, values, _ = decision.read_frozen(conn, known.decision_ids.tolist(), signals=names)
        place = np.searchsorted(known.decision_ids, ids)
        fitted, examination = self.fit(values, known.take(place), described)
        if not examination.passed and (usual := ~has_rare_gaps(values)).any():
            fitted, examination = self.fit(values[usual], known.take(place[usual]), described)
        if examination.passed:
            lines = self.draw_lines(conn, desk, fitted.model, known)
            self.release(conn, desk.setup, (name, lines), fitted.model, examination)
        seconds = round(time.perf_counter() - started, 2)
        return Refit(
            name,
            day,
            fitted.labelled,
            fitted.positives,
            seconds,
            fitted.valid,
            tuple(examination.problems),
            self.unreported,
        )

    def fit(self, values: NDArray[np.float32], known: Known, described: Sequence[Value]) -> tuple[Fitted, Examination]:
        """A model of these rows, and what its examination said."""
        settings = self.fit_settings()
        labels, weight = known.labels, known.weight
        fitted = fit_fraud(values, labels, described=described, weight=weight, settings=settings)
        return fitted, examine(fitted, values, labels, described=described, weight=weight, at_us=known.at_us)

    def draw_lines(self, conn: psycopg.Connection, desk: RiskDesk, model: FraudModel, known: Known) -> Lines | None:
        """The budget's lines on the latest orders, whatever became of them, without those that taught the model."""
        if self.budget is None:
            return None
        names, columns = desk.engine.sensor.names, desk.setup.plan.schema.columns
        newest = decision.list_newest(conn, limit=self.budget.rows)
        fresh = newest[~np.isin(newest, known.decision_ids)]
        ids, values, _ = decision.read_frozen(conn, fresh.tolist(), signals=names)
        _, events = decision.read_events(conn, ids, columns)
        return self.budget.draw(model.score(values).fused, events[:, columns.index("amount_minor")])

    def redraw(self, conn: psycopg.Connection, desk: RiskDesk, budget: AlarmBudget, *, name: str) -> bool:
        """The model in force with lines drawn anew, on the scores that the latest orders were given; whether there was something to draw.

        A crowd that is unlike the days before moves all scores together: the share that is held up stays what the house can look at.
        """
        champion = decision.find_champion(conn)
        if (
            champion is None
            or not champion.model_digest
            or any(row.name == name for row in decision.list_releases(conn))
        ):
            return False
        names, columns = desk.engine.sensor.names, desk.setup.plan.schema.columns
        ids, _, scores = decision.read_frozen(
            conn, decision.list_newest(conn, limit=budget.rows).tolist(), signals=names
        )
        _, events = decision.read_events(conn, ids, columns)
        lines = budget.draw(scores, events[:, columns.index("amount_minor")])
        if not lines.rules():
            return False
        self.put_in_force(conn, make_proposal(desk.setup, name, lines, champion.model_digest))
        return True

    def release(
        self,
        conn: psycopg.Connection,
        setup: RiskSetup,
        named: tuple[str, Lines | None],
        model: FraudModel,
        examination: Examination,
    ) -> None:
        """Keep the model with its examination and put it in force, with the lines of the budget where there are some."""
        name, lines = named
        with conn.transaction():
            digest = keep_model(conn, model, setup)
            decision.keep_beside(conn, digest, examination.files())
            self.put_in_force(conn, make_proposal(setup, name, lines, digest))

    def put_in_force(self, conn: psycopg.Connection, proposal: decision.Proposal) -> None:
        """Proposed by one, approved and activated by the other; running engines see it at their next batch."""
        maker = self.maker
        if self.incomplete is not None:
            told = f"{maker.why}; told that {self.unreported:g} frauds stay untold per one told: {self.incomplete.why}"
            maker = replace(maker, why=told)
        with conn.transaction():
            row = decision.propose(conn, proposal, maker)
            decision.review(conn, row.release_id, self.checker, approved=True)
            decision.activate(conn, row.release_id, self.checker, role=decision.Role.CHAMPION)


def make_proposal(setup: RiskSetup, name: str, lines: Lines | None, model_digest: bytes) -> decision.Proposal:
    """A model's policy: the lines of a budget, or the shipped one without."""
    return decision.Proposal(
        name, POLICIES[POLICY] if lines is None else lines.source(), engine_vocabulary(values=setup.settings.values),
        features_digest=setup.plan.digest, model_digest=model_digest, reference_ppm={} if lines is None else lines.reference_ppm(),
    )  # fmt: skip


__all__ = ["POLICY", "Incomplete", "Known", "Refit", "Robots", "draw_one_in", "read_known"]
