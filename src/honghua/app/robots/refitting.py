"""The fraud model of a book that nobody watches: fitted on what the platform knows itself, released by two named robots.

Labels are the facts that arrived: a purchase that somebody reported or a reviewer refused is a fraud, one that went through and that nobody
has reported for long enough is clear. Both are taken from the same time: where frauds are known up to this morning and clear purchases
only up to the week before last, whatever tells the date tells the label, and a fitted model takes everything new for a fraud.
The robots go through the same maker–checker as people, and their acts say that they are none.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.robots.alarm_budget import AlarmBudget, Lines
from honghua.base.clock import DAY_US
from honghua.credit.api import RiskDesk, RiskSetup, keep_model
from honghua.decision import api as decision
from honghua.decision.core import POLICIES, Outcome, engine_vocabulary
from honghua.facts.kinds import FactKind
from honghua.fraud.api import Examination, FitSettings, Fitted, FraudModel, examine, fit_fraud
from honghua.fraud.core import Value
from honghua.store.facts import FactColumns, read_facts_after

Ints = NDArray[np.int64]
POLICY: Final = "purchase-risk"
PAGE: Final = 200_000  # facts read at once
POSITIVES_MIN: Final = 20
RARE_SHARE: Final = 0.005  # of rows: a gap in fewer is rare
THREADS: Final = 1  # the same trees on every machine
BOUGHT: Final = (FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_AUTHORISED)
FRAUD: Final = 1  # first argument of FRAUD_REPORTED; 0 = cleared
DENIED: Final = 2  # second argument of SUSPENSION_SETTLED
REFUSED_BY_PERSON: Final = (FactKind.SUSPENSION_SETTLED, (int(Outcome.REVIEW), DENIED))


@dataclass(frozen=True, slots=True)
class Known:
    """Purchases whose labels are in: decision_ids rising, labels 1 = fraud, weight: how many purchases a row stands for, at_us."""

    decision_ids: Ints
    labels: NDArray[np.int8]
    weight: NDArray[np.float64]
    at_us: Ints

    def take(self, rows: Ints) -> Known:
        """Some of them."""
        return Known(self.decision_ids[rows], self.labels[rows], self.weight[rows], self.at_us[rows])


@dataclass(frozen=True, slots=True)
class Refit:
    """What one refit was made of and brought."""

    name: str
    day: int
    rows: int
    positives: int
    seconds: float
    valid: Mapping[str, float | None]
    problems: tuple[str, ...] = ()

    @property
    def released(self) -> bool:
        """Whether the model is in force."""
        return not self.problems


def read_known(conn: psycopg.Connection, *, now_us: int, silent_days: int, one_in: int) -> Known:
    """From the facts, of purchases so long ago: those that were reported or refused by a reviewer, and one in so many of those that went
    through in silence."""
    bought: list[Ints] = []
    held: list[Ints] = []
    frauds: list[Ints] = []
    cursor = 0
    while len(facts := read_facts_after(conn, cursor, limit=PAGE)):
        cursor = int(facts.fact_id[-1])
        told = np.stack([facts.purchase_id, facts.happened_at], axis=1)
        bought.append(told[np.isin(facts.kind, BOUGHT) & (facts.command_id == facts.purchase_id)])
        held.append(told[facts.kind == FactKind.PURCHASE_SUSPENDED])
        frauds += [_find_frauds(facts, FactKind.FRAUD_REPORTED, (FRAUD,)), _find_frauds(facts, *REFUSED_BY_PERSON)]
    is_told = np.unique(np.concatenate([np.zeros(0, np.int64), *frauds]))
    stopped = np.concatenate([np.zeros((0, 2), np.int64), *held])
    rows = np.concatenate([*bought, stopped[np.isin(stopped[:, 0], is_told)]])
    rows = rows[np.unique(rows[:, 0], return_index=True)[1]]
    is_fraud = np.isin(rows[:, 0], is_told)
    kept = (rows[:, 1] < now_us - silent_days * DAY_US) & (is_fraud | draw_one_in(rows[:, 0], one_in))
    weight = np.where(is_fraud[kept], 1.0, float(one_in))
    return Known(rows[kept, 0], is_fraud[kept].astype(np.int8), weight, rows[kept, 1])


def _find_frauds(facts: FactColumns, kind: FactKind, begins: tuple[int, ...]) -> Ints:
    """The purchases of facts of a kind whose arguments begin so."""
    says = np.flatnonzero(facts.kind == kind)
    for place, value in enumerate(begins):
        says = says[facts.args_values[facts.args_offsets[says] + place] == value]
    return facts.purchase_id[says]


def draw_one_in(numbers: Ints, one_in: int) -> NDArray[np.bool_]:
    """One in so many, bool[n]: by the numbers alone, so the same ones in every run."""
    found: NDArray[np.bool_] = (numbers * 2_654_435_761 % 2**32 >> 12) % one_in == 0
    return found


def has_rare_gaps(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """bool[n]: rows that lack what nearly all others have. A forest learns no way for so few (an order held although nothing was
    available), and the examination refuses a model that would guess."""
    gaps = np.isnan(values)
    count = gaps.sum(axis=0)
    rare = (count > 0) & (count < RARE_SHARE * len(values))
    return np.asarray(gaps[:, rare].any(axis=1), np.bool_)


@dataclass(frozen=True, slots=True)
class Robots:
    """Two of them, who are no persons and say so, and the seed of their fits. budget: what risk may hold up; None = the shipped policy."""

    maker: decision.Act
    checker: decision.Act
    seed: int
    budget: AlarmBudget | None = None

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
        return Refit(name, day, fitted.labelled, fitted.positives, seconds, fitted.valid, tuple(examination.problems))

    def fit(self, values: NDArray[np.float32], known: Known, described: Sequence[Value]) -> tuple[Fitted, Examination]:
        """A model of these rows, and what its examination said."""
        settings = FitSettings(seed=self.seed, threads=THREADS)
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
        with conn.transaction():
            row = decision.propose(conn, proposal, self.maker)
            decision.review(conn, row.release_id, self.checker, approved=True)
            decision.activate(conn, row.release_id, self.checker, role=decision.Role.CHAMPION)


def make_proposal(setup: RiskSetup, name: str, lines: Lines | None, model_digest: bytes) -> decision.Proposal:
    """A model's policy: the lines of a budget, or the shipped one without."""
    return decision.Proposal(
        name, POLICIES[POLICY] if lines is None else lines.source(), engine_vocabulary(values=setup.settings.values),
        features_digest=setup.plan.digest, model_digest=model_digest, reference_ppm={} if lines is None else lines.reference_ppm(),
    )  # fmt: skip


__all__ = ["POLICY", "Known", "Refit", "Robots", "draw_one_in", "read_known"]
