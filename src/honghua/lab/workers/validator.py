"""The Validator: examines both models on rows that nothing was chosen on, and sends work back with the column that is to be left out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.agents.api import FOLDER, TABLE, Context, Done, Outcome, Refused, SendBack, Slot
from honghua.base.clock import DAY_US, from_micros
from honghua.lab.fitting.api import Loaded, load_candidates
from honghua.lab.tables.api import encode
from honghua.lab.workers.drawing import Drawn
from honghua.lab.workers.modeller import FIT, LEAVE_OUT, make_table
from honghua.lab.workers.protecting import read_groups
from honghua.lab.workers.question import Question
from honghua.lab.workers.segmenter import Events, read_drawn
from honghua.models.api import Purpose, Subject, forest_subject, measure_reference, pack_reference
from honghua.models.examining.api import (
    Examination,
    ExaminedRows,
    Groups,
    Rival,
    StabilityReport,
    Window,
    candidate_card,
    candidate_html,
    examine_candidate,
    scorecard_subject,
)

AGENT: Final = "Validator"
MOVED_PSI: Final = 0.25  # N. Siddiqi, Credit Risk Scorecards, 2006: above it a distribution has shifted (grade C)
FEWEST_COLUMNS: Final = 3  # with fewer, a column that tells of a protected trait is a problem for people


@dataclass(frozen=True, slots=True)
class Examine:
    """Battery, stability, fairness, calibration and comparison, on the later rows."""

    events: Events
    question: Question
    agent: str = AGENT
    step: str = "examine the models"
    reads: tuple[Slot, ...] = (Slot("source"), Slot("rows", TABLE), Slot("table", TABLE), Slot("candidates", FOLDER))
    writes: tuple[Slot, ...] = (
        Slot("examination"),
        Slot("leaderboard"),
        Slot("references", FOLDER),
        Slot("model_cards", FOLDER),
    )

    def run(self, context: Context) -> Outcome:
        """See the class."""
        drawn = read_drawn(context)
        loaded = load_candidates(context.lay("candidates"))
        fitting, later = (encode(make_table(context, drawn, part), loaded.schema) for part in (0, 1))
        y = drawn.bad[drawn.part == 1]
        groups = read_groups(self.events, drawn, part=1)
        seed = int(context.rng("examine").integers(2**31))
        found: dict[str, Examination] = {}
        for role, subject in subjects_of(loaded).items():
            rival = Rival(found["champion"].digest, found["champion"].scores) if found else None
            rows = ExaminedRows(fitting, later, y, groups=groups, rival=rival, window=find_window(drawn, self.question))
            found[role] = examine_candidate(subject, rows, seed=seed)
        remarks = [
            one for role, e in found.items() for one in find_remarks(e, (loaded.schema.names, later), groups, role)
        ]
        context.write_json("examination", {role: e.as_json() for role, e in found.items()})
        context.write_json("leaderboard", [tell_row(role, e) for role, e in found.items()])
        write_references(context, loaded, fitting)
        write_cards(context, self.question, loaded, found)
        problems = [f"{role}: {one}" for role, e in found.items() for one in e.problems]
        if not problems:
            return Done(
                tuple(
                    f"{role} passed {len(e.checks)} checks; AUC {e.auc.mid:.3f} on later rows"
                    for role, e in found.items()
                )
            )
        if not remarks or len(loaded.schema.names) - len(set(remarks)) < FEWEST_COLUMNS:
            return Refused(tuple(problems))
        return SendBack(FIT, (*dict.fromkeys(remarks), *problems))


def subjects_of(loaded: Loaded) -> dict[str, Subject]:
    """Both models as the battery sees them, the champion first."""
    return {"champion": scorecard_subject(loaded.pair.champion), "challenger": forest_subject(loaded.pair.challenger)}


def write_references(context: Context, loaded: Loaded, fitting: NDArray[Any]) -> None:
    """What rows and scores looked like at the fitting, a file a model: the night measures drift against it."""
    folder = context.scratch / "references"
    folder.mkdir()
    for role, subject in subjects_of(loaded).items():
        kept = measure_reference(np.asarray(fitting, np.float32), subject.predict(fitting), names=subject.names)
        (folder / f"{role}.npz").write_bytes(pack_reference(kept))
    context.write_folder("references", folder)


def write_cards(context: Context, question: Question, loaded: Loaded, found: dict[str, Examination]) -> None:
    """A page a model, with its plots."""
    folder = context.scratch / "cards"
    folder.mkdir()
    said = f"the chance that a customer {question.target.says}"
    limits = "fitted on those who were let buy: of those who were refused nothing is known"
    for role, one in found.items():
        purpose = Purpose(f"{question.name} {role}", said, limits, "rows of earlier dates, each by what was known then")
        points = loaded.pair.champion.table() if role == "champion" else ()
        card = candidate_card(one, purpose, points=points, rejects="ignored: only granted purchases have an outcome")
        (folder / f"{role}.html").write_text(candidate_html(card), encoding="utf-8")
    context.write_folder("model_cards", folder)


def find_window(drawn: Drawn, question: Question) -> Window:
    """Days of the last outcome that was learnt from, and of the later rows."""
    learnt, later = drawn.as_of_us[drawn.part == 0], drawn.as_of_us[drawn.part == 1]
    ends = int(learnt.max()) + (question.target.within_days - 1) * DAY_US
    return Window(_day(ends), _day(int(later.min())), _day(int(later.max())))


def _day(at_us: int) -> dt.date:
    return from_micros(at_us).date()


def find_remarks(
    found: Examination, columns: tuple[tuple[str, ...], NDArray[Any]], groups: tuple[Groups, ...], role: str
) -> list[str]:  # fmt: skip
    """Columns to leave out: those that moved where the score moved, and the one that tells most of a trait that is treated unlike."""
    names, later = columns
    remarks = []
    if found.stability.problems:
        for name, value in find_moved(found.stability):
            remarks.append(f"{LEAVE_OUT}{name}: the {role}'s score moved, and this column moved (PSI {value:.3f})")
    for report in found.fairness:
        if not report.passed:
            group = next(one for one in groups if one.name == report.name)
            name, told = find_proxy(names, later, group)
            remarks.append(
                f"{LEAVE_OUT}{name}: the {role} treats {report.name} unlike, and this column tells of it ({told:.3f})"
            )
    return remarks


def find_moved(report: StabilityReport) -> list[tuple[str, float]]:
    """Columns whose PSI says that they are distributed otherwise than at the fitting, the worst first; the worst alone where none does."""
    worst: dict[str, float] = {}
    for one in report.slices:
        for name, value in one.columns.items():
            worst[name] = max(value, worst.get(name, 0.0))
    ranked = sorted(worst.items(), key=lambda one: (-one[1], one[0]))
    return [one for one in ranked if one[1] > MOVED_PSI] or ranked[:1]


def find_proxy(names: tuple[str, ...], later: NDArray[Any], group: Groups) -> tuple[str, float]:
    """The column whose ranks go most with a trait: the largest |correlation|."""
    told = group.codes >= 0
    trait = group.codes[told].astype(np.float64)
    best = ("", 0.0)
    for name, column in zip(names, np.asarray(later, np.float64)[told].T, strict=True):
        ranks = np.argsort(
            np.argsort(np.where(np.isnan(column), -np.inf, column), kind="stable"), kind="stable"
        ).astype(np.float64)
        if trait.std() and ranks.std():
            size = abs(float(np.corrcoef(ranks, trait)[0, 1]))
            best = max(best, (name, size), key=lambda one: one[1])
    return best


def tell_row(role: str, found: Examination) -> dict[str, Any]:
    """A line of the leaderboard, on the later rows."""
    return {
        "name": f"{role} ({found.kind})", "kind": found.kind, "role": role, "auc": found.auc.as_list(), "ks": found.ks,
        "ece": found.reliability.ece, "passed": found.passed, "digest": found.digest.hex(), "note": "; ".join(found.notes[:2]),
    }  # fmt: skip


__all__ = ["Examine", "find_proxy", "subjects_of"]
