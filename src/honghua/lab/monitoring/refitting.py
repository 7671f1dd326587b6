"""A run without agents: refit forest and scorecard on what is known lately, examine them, file them as challengers for a person to approve.

How much of the past still teaches is chosen on rows, not assumed: windows of the last 1, 2, 3 … cycles are fitted, and the one that ranks
the end of the fitting rows best is kept. The trial's rows are later than all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput, Refusal
from honghua.lab.monitoring.monitor import Protected
from honghua.lab.monitoring.pairing import KINDS, Refitted, keep_forest, load_refitted, refit_card
from honghua.lab.monitoring.reasons import RunReason
from honghua.models.api import Model, auc, build_model, train_forest
from honghua.models.examining.api import (
    Examination,
    ExaminationBounds,
    ExaminedRows,
    Groups,
    Rival,
    Window,
    examine_candidate,
)
from honghua.models.registry import api as registry
from honghua.store.database import run_unit

WINDOWS: Final = (1, 2, 3, 6, 12)  # cycles of the past that may teach
TRIAL_SHARE: Final = 0.4  # of the newest cycle's rows, its last days
TUNING_SHARE: Final = 0.3  # of the newest cycle's other rows, the last of them: choose window and number of trees
ROWS_MIN: Final = 200
ONES_MIN: Final = 20
HISTORY: Final = dt.timedelta(days=2 * 366)
PARAMS: Final[Mapping[str, Any]] = {"num_leaves": 7, "learning_rate": 0.08, "min_data_in_leaf": 20}
MAKER: Final = "agent:refitter"
Predict = Callable[[NDArray[np.float32]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Refit:
    """What became of a run: of the two models the version that did best out of time, with its trial; or the sentence that says why there is
    none. window: cycles that taught it; filed: both versions."""

    reason: RunReason
    version_id: int | None
    trial: registry.Trial | None
    window: int
    told: str
    filed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RefitTerms:
    """seed of the fits; monotone: directions that every refit keeps; bounds of its examination."""

    seed: int
    monotone: Mapping[str, int] = field(default_factory=dict)
    bounds: ExaminationBounds = field(default_factory=ExaminationBounds)


@dataclass(slots=True, eq=False)
class Refitter:
    """Implements `Runs` on a connection without an open transaction. runs: what became of each, by its id, which is the reason's key."""

    conn: psycopg.Connection
    terms: RefitTerms
    protected: Protected
    now: dt.datetime
    runs: dict[str, Refit] = field(default_factory=dict)

    def open_run(self, reason: RunReason) -> str:
        """Refit at once; the same key is the same run."""
        if reason.key not in self.runs:
            self.runs[reason.key] = run_unit(self.conn, lambda conn: self._refit(conn, reason))
        return reason.key

    def _refit(self, conn: psycopg.Connection, reason: RunReason) -> Refit:
        champion = registry.find_champion(conn, reason.segment, reason.purpose)
        if champion is None or champion.kind not in KINDS:
            return Refit(reason, None, None, 0, f"this runner refits a {' or a '.join(KINDS)} that holds a seat")
        past = read_past(conn, champion, now=self.now)
        parts = split_past(past)
        if isinstance(parts, Refusal):
            return Refit(reason, None, None, 0, parts.sentence)
        pair, window = fit_both(past, parts, champion.columns, self.terms)
        fitted = past, parts, window
        groups = self.protected.groups(past.keys[parts.trial])
        rival = Rival(champion.digest, predict_of(conn, champion)(past.x[parts.trial]))
        tried = [(one, examine_refit(one, fitted, rival, (groups, self.terms))) for one in pair]
        filings = [make_filing(champion, one, found, fitted, reason.key) for one, found in tried]
        rows = [registry.file_version(conn, filing, now=self.now) for filing in filings]
        retire_older(conn, rows, now=self.now)
        return self._seat(conn, reason, [found for _, found in tried], (rows, window))

    def _seat(
        self,
        conn: psycopg.Connection,
        reason: RunReason,
        found: list[Examination],
        filed: tuple[list[registry.VersionRow], int],
    ) -> Refit:
        rows, window = filed
        ids = tuple(row.version_id for row in rows)
        said = []
        best: tuple[float, int] | None = None
        for place, (row, one) in enumerate(zip(rows, found, strict=True)):
            answer = registry.challenge(conn, row.version_id, person=MAKER, why=reason.sentences[0], now=self.now)
            if isinstance(answer, Refusal):
                said.append(f"{row.kind}: {'; '.join(one.problems) or answer.sentence}")
            elif best is None or one.auc.mid > best[0]:
                best = one.auc.mid, place
        if best is None:
            return Refit(reason, ids[-1], None, window, "; ".join(said), ids)
        trial = registry.trial_of(found[best[1]])
        return Refit(reason, ids[best[1]], trial, window, "it waits for a person's word", ids)


def retire_older(conn: psycopg.Connection, rows: list[registry.VersionRow], *, now: dt.datetime) -> None:
    """Whoever this runner put beside the champion before, and nobody approved, makes room for these versions of one seat."""
    newest = rows[-1]
    beside = registry.list_versions(
        conn, segment=newest.segment, purpose=newest.purpose, status=registry.Status.CHALLENGER
    )
    for one in beside:
        if one.made_by == MAKER and one.version_id not in {row.version_id for row in rows}:
            registry.retire(conn, one.version_id, person=MAKER, why=f"version {newest.number} knows more", now=now)


def predict_of(conn: psycopg.Connection, row: registry.VersionRow) -> Predict:
    """What a filed forest or scorecard says of rows."""
    return load_refitted(row.kind, registry.load_files(conn, row.version_id)).subject.predict


def fit_both(past: Past, parts: Parts, columns: tuple[str, ...], terms: RefitTerms) -> tuple[tuple[Refitted, ...], int]:
    """Scorecard and forest on the window that taught the forest best; and the window."""
    model, window = fit_best(past, parts, columns, terms)
    own = parts.fitting(window)
    card = refit_card(past.x[own], past.ones[own], columns, terms.monotone)
    return (card, keep_forest(model, past.x[own])), window


def examine_refit(
    one: Refitted, fitted: tuple[Past, Parts, int], rival: Rival, by: tuple[tuple[Groups, ...], RefitTerms]
) -> Examination:
    """A refit on the trial's rows, which are later than all that it has seen. rival: the champion on the same rows; by: groups, terms."""
    past, parts, window = fitted
    trial, own = parts.trial, parts.fitting(window)
    days, (groups, terms) = past.days[trial], by
    rows = ExaminedRows(
        past.x[own], past.x[trial], past.ones[trial].astype(np.float64), monotone=terms.monotone, groups=groups, rival=rival,
        window=Window(past.days[own].max().item(), days.min().item(), days.max().item()),
    )  # fmt: skip
    return examine_candidate(one.subject, rows, seed=terms.seed, bounds=terms.bounds)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """All rows of a seat whose outcome is known, by day and key."""

    days: NDArray[np.datetime64]
    keys: NDArray[np.int64]
    x: NDArray[np.float32]
    ones: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Places in a `Past`: the trial's rows, those that tune, those that teach; cycle int64[n] counts back from the newest, which is 0."""

    trial: NDArray[np.int64]
    tuning: NDArray[np.int64]
    teaching: NDArray[np.int64]
    cycle: NDArray[np.int64]

    def every(self) -> NDArray[np.int64]:
        """All rows of all parts."""
        return np.sort(np.concatenate([self.trial, self.tuning, self.teaching]))

    def taught(self, window: int) -> NDArray[np.int64]:
        """Teaching rows of the last `window` cycles."""
        return self.teaching[self.cycle[self.teaching] < window]

    def fitting(self, window: int) -> NDArray[np.int64]:
        """All rows that a model of this window has seen."""
        return np.sort(np.concatenate([self.taught(window), self.tuning]))


def read_past(conn: psycopg.Connection, champion: registry.VersionRow, *, now: dt.datetime) -> Past:
    """Rows of the seat, whoever scored them; a row scored by two versions is there once."""
    since = now.date() - HISTORY
    rows = [
        registry.read_labelled(conn, one.version_id, since=since)
        for one in registry.list_versions(conn, segment=champion.segment, purpose=champion.purpose)
        if one.columns == champion.columns
    ]
    keys = np.concatenate([one.keys for one in rows])
    _, first = np.unique(keys, return_index=True)
    days = np.concatenate([one.days for one in rows])[first]
    order = first[np.lexsort((keys[first], days))]
    return Past(
        np.concatenate([one.days for one in rows])[order], keys[order],
        np.ascontiguousarray(np.concatenate([one.x for one in rows])[order], np.float32),
        np.concatenate([one.ones for one in rows])[order],
    )  # fmt: skip


def split_past(past: Past) -> Parts | Refusal:
    """The newest cycle's last days try the model, the days before them tune it, all earlier ones teach; no day is on two sides."""
    months = past.days.astype("datetime64[M]").astype(np.int64)
    cycle = months.max(initial=0) - months
    newest = np.flatnonzero(cycle == 0)
    days = past.days[newest]
    first_trial = _cut(days, 1.0 - TRIAL_SHARE)
    first_tuning = _cut(days[days < first_trial], 1.0 - TUNING_SHARE)
    trial = np.flatnonzero(past.days >= first_trial)
    tuning = np.flatnonzero((past.days >= first_tuning) & (past.days < first_trial))
    teaching = np.flatnonzero(past.days < first_tuning)
    for part in (trial, tuning, teaching):
        ones = int(past.ones[part].sum())
        if len(part) < ROWS_MIN or min(ones, len(part) - ones) < ONES_MIN:
            return Refusal(
                "REFIT_TOO_FEW", f"{len(past.days):,} rows with outcomes are too few to teach, tune and try a model"
            )
    return Parts(trial, tuning, teaching, cycle)


def _cut(days: NDArray[np.datetime64], share: float) -> np.datetime64:
    """The first day after this share of the rows."""
    if len(days) == 0:
        return np.datetime64("9999-12-31", "D")
    cut: np.datetime64 = days[min(int(len(days) * share), len(days) - 1)]
    return cut


def fit_best(past: Past, parts: Parts, columns: tuple[str, ...], terms: RefitTerms) -> tuple[Model, int]:
    """The model of the window that ranks the tuning rows best, refitted with them; log loss stops its growth, which calibrates it."""
    best: tuple[float, int, int] | None = None
    tuning, y = past.x[parts.tuning], past.ones[parts.tuning].astype(np.float64)
    for window in WINDOWS:
        rows = parts.taught(window)
        if len(rows) < ROWS_MIN or min(int(past.ones[rows].sum()), int((~past.ones[rows]).sum())) < ONES_MIN:
            continue
        trained = train_forest(
            past.x[rows], past.ones[rows].astype(np.float64), names=columns, valid=(tuning, y), seed=terms.seed,
            monotone=terms.monotone, params=PARAMS, rounds=300, patience=30, num_threads=1,
        )  # fmt: skip
        reached = auc(y, trained.forest.score(tuning))
        if best is None or reached > best[0]:
            best = (reached, window, trained.rounds)
    if best is None:
        raise BadInput("no window of the past has enough rows", code="REFIT_NO_WINDOW")
    _, window, rounds = best
    rows = parts.fitting(window)
    final = train_forest(
        past.x[rows], past.ones[rows].astype(np.float64), names=columns, seed=terms.seed, monotone=terms.monotone,
        params=PARAMS, rounds=rounds, num_threads=1,
    )  # fmt: skip
    return build_model(final.forest), window


def make_filing(
    champion: registry.VersionRow, one: Refitted, found: registry.Examined, fitted: tuple[Past, Parts, int], run_id: str
) -> registry.Filing:
    """A refit as the register files it; found: its examination, or what a run kept of it."""
    past, parts, window = fitted
    own = parts.fitting(window)
    return registry.Filing(
        segment=champion.segment, purpose=champion.purpose, kind=one.kind, digest=one.subject.digest, columns=tuple(one.subject.names),
        files=one.files, figures={"auc": found.as_json()["auc"], "rows": len(own), "window": window}, data_digest=digest_rows(past, own),
        run_id=run_id, fitted_until=past.days[own].max().item(), made_by=MAKER, examination=found, parent=champion.version_id,
    )  # fmt: skip


def digest_rows(past: Past, rows: NDArray[np.int64]) -> bytes:
    """What names these rows and their outcomes."""
    data = past.keys[rows].tobytes() + past.x[rows].tobytes() + past.ones[rows].tobytes()
    return registry.digest_files({"rows": data})
