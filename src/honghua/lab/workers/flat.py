"""The flow of one flat table: read, fit champion and challenger, examine both on the rows that neither has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from honghua.agents.api import FOLDER, Context, Done, Flow, Outcome, Slot
from honghua.base.errors import Conflict
from honghua.lab.api import TABLE
from honghua.lab.fitting.api import (
    FitSettings,
    Loaded,
    Pair,
    fit_candidates,
    load_candidates,
    load_predictions,
    save_candidates,
    tell,
)
from honghua.lab.tables.api import Table, encode, read_table
from honghua.lab.workers.segmenter import digest_file
from honghua.lab.workers.validator import subjects_of, tell_row
from honghua.models.api import load_model
from honghua.models.examining.api import Examination, ExaminedRows, Rival, examine_candidate
from honghua.models.scorecard.api import load_card

EXAMINED_FOLDER: Final = (
    "examined"  # where `save_candidates` keeps the pair whose figures are told, when it was fitted once more
)
FITTING_ROWS_MAX: Final = 50_000  # of the development rows, for drift; a longer table says nothing more


@dataclass(frozen=True, slots=True, kw_only=True)
class TableParams:
    """What a run of this flow is opened with, as plain JSON: where the table lies, its columns, and how it is fitted."""

    data: str
    target: str
    time: str | None = None
    row_id: str | None = None
    positive: str | None = None
    monotone: dict[str, int] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    refit: bool = True
    threads: int = 2

    def fit_settings(self, seed: int) -> FitSettings:
        """For the fitters."""
        return FitSettings(
            seed=seed, threads=self.threads, monotone=self.monotone, leave_out=self.leave_out, trust=self.trust, refit=self.refit
        )  # fmt: skip


@dataclass(slots=True)
class FlatTable:
    """The table, read once a process; a new process reads it again, and it must be the same file."""

    params: TableParams
    _table: Table | None = field(default=None, init=False)

    def read(self) -> Table:
        """The table; BadInput where it cannot be read."""
        if self._table is None:
            told = self.params
            self._table = read_table(
                Path(told.data), target=told.target, time=told.time, row_id=told.row_id, positive=told.positive
            )
        return self._table

    def check_same(self, source: Mapping[str, Any]) -> Table:
        """The table, if its file is the one that the run began with; Conflict when not."""
        if (
            Path(self.params.data).stat().st_size != source["bytes"]
            or digest_file(Path(self.params.data)) != source["sha256"]
        ):
            raise Conflict(f"{self.params.data} is not the table that this run began with", code="SOURCE_CHANGED")
        return self.read()


@dataclass(frozen=True, slots=True)
class ReadTable:
    """Says what there is, by content."""

    flat: FlatTable
    agent: str = "Segmenter"
    step: str = "read the table"
    reads: tuple[Slot, ...] = ()
    writes: tuple[Slot, ...] = (Slot("source"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        table, path = self.flat.read(), Path(self.flat.params.data)
        context.write_json("source", {
            "file": path.name, "bytes": path.stat().st_size, "sha256": digest_file(path), "rows": table.rows,
            "columns": len(table.columns) + len(table.unread), "target_rate": round(float(table.labels.mean()), 6),
            "target_words": list(table.target_words), "notes": list(table.notes),
        })  # fmt: skip
        return Done(
            (f"{table.rows:,} rows, {len(table.columns)} columns, {table.labels.mean():.2%} ones", *table.notes)
        )


@dataclass(frozen=True, slots=True)
class FitTable:
    """Both candidates; the fitter's own steps are told as reasons."""

    flat: FlatTable
    agent: str = "Modeller"
    step: str = "fit the candidates"
    reads: tuple[Slot, ...] = (Slot("source"),)
    writes: tuple[Slot, ...] = (Slot("candidates", FOLDER), Slot("fit"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        table = self.flat.check_same(context.read_json("source", dict[str, Any]))
        found = fit_candidates(table, self.flat.params.fit_settings(context.seed))
        folder = context.scratch / "candidates"
        save_candidates(found, folder)
        context.write_folder("candidates", folder)
        context.write_json("fit", tell(found))
        return Done(tuple(f"{one.name}: {one.what}" for one in found.steps))


@dataclass(frozen=True, slots=True)
class ExamineTable:
    """Battery, stability and comparison of the examined pair on the report rows; a flat table is a study, so nothing is sent back."""

    flat: FlatTable
    agent: str = "Validator"
    step: str = "examine the candidates"
    reads: tuple[Slot, ...] = (Slot("source"), Slot("candidates", FOLDER))
    writes: tuple[Slot, ...] = (Slot("examination"), Slot("leaderboard"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        table = self.flat.check_same(context.read_json("source", dict[str, Any]))
        folder = context.lay("candidates")
        loaded, report = load_examined(folder), load_predictions(folder, "report")
        fitting = np.setdiff1d(np.arange(table.rows), report.rows)
        if len(fitting) > FITTING_ROWS_MAX:
            fitting = np.sort(context.rng("fitting").choice(fitting, FITTING_ROWS_MAX, replace=False))
        x, later = (encode(table.take(places), loaded.schema) for places in (fitting, report.rows))
        seed = int(context.rng("examine").integers(2**31))
        found: dict[str, Examination] = {}
        for role, subject in subjects_of(loaded).items():
            rival = Rival(found["champion"].digest, found["champion"].scores) if found else None
            found[role] = examine_candidate(subject, ExaminedRows(x, later, report.y, rival=rival), seed=seed)
        context.write_json("examination", {role: one.as_json() for role, one in found.items()})
        context.write_json("leaderboard", [tell_row(role, one) for role, one in found.items()])
        passed = [f"{role} passed its {len(one.checks)} checks" for role, one in found.items() if one.passed]
        return Done((*passed, *(f"{role}: {problem}" for role, one in found.items() for problem in one.problems)))


def load_examined(folder: Path) -> Loaded:
    """The pair whose figures are told: the one beside the final pair where that was fitted once more on all rows."""
    loaded, place = load_candidates(folder), folder / EXAMINED_FOLDER
    if not place.is_dir():
        return loaded
    return Loaded(loaded.schema, Pair(load_card(place / "champion"), load_model(place / "challenger")), loaded.told)


def to_table_params(params: TableParams) -> dict[str, Any]:
    """As plain JSON, for the run's first entry."""
    plain: dict[str, Any] = msgspec.to_builtins(params)
    return plain


def make_table_flow(params: Mapping[str, Any], *, flat: FlatTable | None = None) -> Flow:
    """The steps of a run that was opened with these params. It has no gate: nothing is released from a study. flat: where it was read."""
    flat = flat or FlatTable(msgspec.convert(dict(params), TableParams))
    return Flow(TABLE, (ReadTable(flat), FitTable(flat), ExamineTable(flat)), verdict="fitted and examined")


__all__ = ["FlatTable", "TableParams", "make_table_flow", "to_table_params"]
