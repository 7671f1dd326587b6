"""A run without agents: refit the champion's forest on what is known lately, examine it, file it as challenger for a person to approve.

How much of the past still teaches is chosen on rows, not assumed: windows of the last 1, 2, 3 … cycles are fitted, and the one that ranks
the end of the fitting rows best is kept. The trial's rows are later than all of them.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput, Refusal
from honghua.lab.monitoring.monitor import Protected
from honghua.lab.monitoring.reasons import RunReason
from honghua.models.api import (
    Model,
    auc,
    build_model,
    forest_subject,
    load_model,
    measure_reference,
    pack_reference,
    save_model,
    train_forest,
)
from honghua.models.examining.api import (
    Examination,
    ExaminationBounds,
    ExaminedRows,
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


@dataclass(frozen=True, slots=True)
class Refit:
    """What became of a run: a version with its trial, or the sentence that says why there is none. window: cycles that taught it."""

    reason: RunReason
    version_id: int | None
    trial: registry.Trial | None
    window: int
    told: str


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
        if champion is None or champion.kind != "forest":
            return Refit(reason, None, None, 0, "this runner refits forests that hold a seat")
        past = read_past(conn, champion, now=self.now)
        parts = split_past(past)
        if isinstance(parts, Refusal):
            return Refit(reason, None, None, 0, parts.sentence)
        model, window = fit_best(past, parts, champion.columns, self.terms)
        found = self._examine(conn, champion, model, (past, parts, window))
        row = registry.file_version(conn, _filing(champion, model, found, (past, parts, window), reason), now=self.now)
        self._retire_older(conn, row)
        answer = registry.challenge(conn, row.version_id, person=MAKER, why=reason.sentences[0], now=self.now)
        if isinstance(answer, Refusal):
            return Refit(reason, row.version_id, None, window, "; ".join(found.problems) or answer.sentence)
        return Refit(reason, row.version_id, registry.trial_of(found), window, "it waits for a person's word")

    def _retire_older(self, conn: psycopg.Connection, row: registry.VersionRow) -> None:
        """Whoever this runner put beside the champion before, and nobody approved, makes room."""
        beside = registry.list_versions(
            conn, segment=row.segment, purpose=row.purpose, status=registry.Status.CHALLENGER
        )
        for one in beside:
            if one.made_by == MAKER and one.version_id != row.version_id:
                registry.retire(
                    conn, one.version_id, person=MAKER, why=f"version {row.number} knows more", now=self.now
                )

    def _examine(
        self, conn: psycopg.Connection, champion: registry.VersionRow, model: Model, fitted: tuple[Past, Parts, int]
    ) -> Examination:
        past, parts, window = fitted
        trial, own = parts.trial, parts.fitting(window)
        days = past.days[trial]
        rival = load_forest(registry.load_files(conn, champion.version_id)).predict(past.x[trial])
        rows = ExaminedRows(
            past.x[own], past.x[trial], past.ones[trial].astype(np.float64), monotone=self.terms.monotone,
            groups=self.protected.groups(past.keys[trial]), rival=Rival(champion.digest, rival),
            window=Window(past.days[own].max().item(), days.min().item(), days.max().item()),
        )  # fmt: skip
        return examine_candidate(forest_subject(model), rows, seed=self.terms.seed, bounds=self.terms.bounds)


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


def _filing(
    champion: registry.VersionRow,
    model: Model,
    found: Examination,
    fitted: tuple[Past, Parts, int],
    reason: RunReason,
) -> registry.Filing:
    past, parts, window = fitted
    own = parts.fitting(window)
    reference = measure_reference(past.x[own], model.predict(past.x[own]), names=model.names)
    data = past.keys[own].tobytes() + past.x[own].tobytes() + past.ones[own].tobytes()
    return registry.Filing(
        segment=champion.segment, purpose=champion.purpose, kind="forest", digest=model.digest, columns=model.names,
        files={**pack_forest(model), registry.DRIFT_FILE: pack_reference(reference)},
        figures={"auc": found.auc.as_list(), "rows": len(own), "window": window}, data_digest=registry.digest_files({"rows": data}),
        run_id=reason.key, fitted_until=past.days[own].max().item(), made_by=MAKER, examination=found, parent=champion.version_id,
    )  # fmt: skip


def pack_forest(model: Model) -> dict[str, bytes]:
    """The files of a forest, path → bytes."""
    with tempfile.TemporaryDirectory() as place:
        save_model(model, place)
        return {path.name: path.read_bytes() for path in sorted(Path(place).iterdir())}


def load_forest(files: Mapping[str, bytes]) -> Model:
    """The forest among a version's files."""
    with tempfile.TemporaryDirectory() as place:
        for path, content in files.items():
            (Path(place) / Path(path).name).write_bytes(content)
        return load_model(place)
