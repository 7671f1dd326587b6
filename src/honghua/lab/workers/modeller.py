"""The Modeller: the table of the chosen variables at every row, and champion and challenger fitted on the rows to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from honghua.agents.api import FOLDER, TABLE, Context, Done, Outcome, Slot
from honghua.lab.factory.api import compute
from honghua.lab.fitting.api import Candidates, FitSettings, fit_candidates, save_candidates
from honghua.lab.tables.api import Table, build_table
from honghua.lab.workers.columns_file import pack_columns, unpack_columns
from honghua.lab.workers.drawing import Drawn
from honghua.lab.workers.segmenter import Events, read_drawn

AGENT: Final = "Modeller"
FIT: Final = "fit the models"
LEAVE_OUT: Final = "leave out "  # how a remark begins that names a column: "leave out NAME: why"
THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class ComputeTable:
    """The chosen variables, each by what was known at its row's time."""

    events: Events
    agent: str = AGENT
    step: str = "compute the table"
    reads: tuple[Slot, ...] = (Slot("source"), Slot("rows", TABLE), Slot("variables"))
    writes: tuple[Slot, ...] = (Slot("table", TABLE),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        stream = self.events.check_same(context.read_json("source", dict[str, Any]))
        names = context.read_json("variables", dict[str, Any])["winners"]
        drawn = read_drawn(context)
        values = np.concatenate([compute(stream, names, drawn.rows(part)) for part in range(3)])
        context.write("table", pack_columns({name: values[:, place] for place, name in enumerate(names)}))
        return Done((f"{len(names)} variables at {len(values):,} rows",))


@dataclass(frozen=True, slots=True)
class FitModels:
    """Scorecard and forest on one table; a remark that names a column leaves it out from then on."""

    agent: str = AGENT
    step: str = FIT
    reads: tuple[Slot, ...] = (Slot("rows", TABLE), Slot("table", TABLE))
    writes: tuple[Slot, ...] = (Slot("candidates", FOLDER), Slot("fit"), Slot("out_of_fold", TABLE))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        drawn = read_drawn(context)
        left = tuple(dict.fromkeys(name for remark in context.remarks for name in find_left_out(remark.reasons)))
        table = make_table(context, drawn, 0)
        seed = int(context.rng("fit").integers(2**31))
        found = fit_candidates(table, FitSettings(seed=seed, threads=THREADS, leave_out=left, refit=False))
        folder = context.scratch / "candidates"
        save_candidates(found, folder)
        context.write_folder("candidates", folder)
        folds = found.out_of_fold
        context.write("out_of_fold", pack_columns({
            "row": folds.rows, "y": folds.y, "champion": folds.champion, "challenger": folds.challenger,
        }))  # fmt: skip
        context.write_json("fit", tell_fit(found, left))
        reasons = [f"{name} {figures.kind}: AUC {figures.auc:.3f}" for name, figures in figures_of(found).items()]
        reasons += [f"left out on remark: {', '.join(left)}"] if left else []
        return Done((f"{len(found.screening.accepted)} columns accepted", *reasons))


def find_left_out(reasons: tuple[str, ...]) -> list[str]:
    """Columns that remarks say to leave out."""
    return [one.removeprefix(LEAVE_OUT).partition(":")[0] for one in reasons if one.startswith(LEAVE_OUT)]


def make_table(context: Context, drawn: Drawn, part: int) -> Table:
    """The computed variables of a part as the fitters' table. Today's rows have no outcome, which a table must have: they are read with the
    rows to learn from, and their own outcome is nobody's to use."""
    chosen = (drawn.part == part) | (drawn.part == 0) if part == 2 else drawn.part == part
    columns = {name: column[chosen] for name, column in unpack_columns(context.read("table")).items()}
    target = np.maximum(drawn.bad[chosen], 0).astype(np.uint8)
    times = drawn.as_of_us[chosen]
    dated = len(np.unique(times)) > 1  # rows of one date have no later ones among them
    table = build_table(columns, target=target, time=times if dated else None, target_name="bad")
    return table.take(np.flatnonzero(drawn.part[chosen] == part))


def figures_of(found: Candidates) -> dict[str, Any]:
    """Both models' figures by role."""
    return {"champion": found.champion_figures, "challenger": found.challenger_figures}


def tell_fit(found: Candidates, left: tuple[str, ...]) -> dict[str, Any]:
    """What the fit says of itself, without durations."""
    return {
        "figures": {
            role: {"kind": f.kind, "auc": [f.auc_low, f.auc, f.auc_high], "ks": f.ks, "brier": f.brier, "ece": f.ece, "slope": f.slope}
            for role, f in figures_of(found).items()
        },
        "accepted": list(found.screening.accepted), "left_out": list(left),
        "dropped": [{"name": one.name, "why": one.why} for one in found.screening.dropped],
        "suspected": [{"name": one.name, "left_out": one.left_out} for one in found.screening.suspected],
        "verdict": found.verdict,
    }  # fmt: skip


__all__ = ["FIT", "LEAVE_OUT", "ComputeTable", "FitModels", "figures_of", "find_left_out", "make_table"]
