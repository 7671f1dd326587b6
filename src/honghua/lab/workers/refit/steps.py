"""The workers of a refit: Monitor, Modeller, Validator, Releaser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg

from honghua.agents.api import FOLDER, Context, Done, Outcome, Refused, SendBack, Slot
from honghua.base.errors import Refusal
from honghua.lab.api import CANDIDATE
from honghua.lab.monitoring.api import (
    MAKER,
    Parts,
    Past,
    Refitted,
    examine_refit,
    fit_both,
    load_refitted,
    make_filing,
    predict_of,
    retire_older,
)
from honghua.lab.workers.refit.seat import Seat, SeatTold
from honghua.lab.workers.validator import tell_row
from honghua.models.examining.api import Rival
from honghua.models.registry import api as registry

LOOK: Final = "look at the seat"
FIT: Final = "fit both models again"
EXAMINE: Final = "examine the refits"
FILE: Final = "file the challengers"
SEAT: Final = "seat the champion"
MOVED: Final = "more outcomes are known by now than when the run looked"
SOMEBODY: Final = "somebody else"  # in place of the person who will be asked: the register compares names only


@dataclass(frozen=True, slots=True)
class LookAtSeat:
    """Who holds the seat, and which rows have outcomes."""

    seat: Seat
    agent: str = "Monitor"
    step: str = LOOK
    reads: tuple[Slot, ...] = ()
    writes: tuple[Slot, ...] = (Slot("seat"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        told = self.seat.look()
        if isinstance(told, Refusal):
            return Refused((told.sentence,))
        context.write_json("seat", msgspec.to_builtins(told))
        span = f"from {told.first_on} to {told.last_on}"
        return Done(
            (f"version {told.number}, a {told.kind}; {told.rows:,} rows with outcomes {span}, {told.ones:,} defaulted",)
        )


def read_seat(context: Context) -> SeatTold:
    """The seat as the run found it."""
    return context.read_json("seat", SeatTold)


@dataclass(frozen=True, slots=True)
class RefitModels:
    """Scorecard and forest on the window of the past that teaches best; rows of the trial are not touched."""

    seat: Seat
    agent: str = "Modeller"
    step: str = FIT
    reads: tuple[Slot, ...] = (Slot("seat"),)
    writes: tuple[Slot, ...] = (Slot("candidates", FOLDER), Slot("fit"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        told = read_seat(context)
        found = self.seat.rows_of(told)
        if found is None:
            return SendBack(LOOK, (MOVED,))
        past, parts = found
        terms = replace(self.seat.terms, seed=int(context.rng("fit").integers(2**31)))
        pair, window = fit_both(past, parts, self.seat.champion(told).columns, terms)
        folder = context.scratch / "candidates"
        for one in pair:
            (folder / one.kind).mkdir(parents=True)
            for name, content in one.files.items():
                (folder / one.kind / name).write_bytes(content)
        context.write_folder("candidates", folder)
        rows = len(parts.fitting(window))
        context.write_json("fit", {
            "window": window, "rows": rows, "trial_rows": len(parts.trial), "accepted": list(pair[0].subject.names),
            "digests": {one.kind: one.subject.digest.hex() for one in pair},
        })  # fmt: skip
        return Done(
            (f"the last {window} cycles taught best: {rows:,} rows; {len(parts.trial):,} later ones try the models",)
        )


@dataclass(frozen=True, slots=True)
class ExamineRefits:
    """Both refits against the champion on later rows, with protected traits where somebody told them."""

    seat: Seat
    agent: str = "Validator"
    step: str = EXAMINE
    reads: tuple[Slot, ...] = (Slot("seat"), Slot("candidates", FOLDER), Slot("fit"))
    writes: tuple[Slot, ...] = (Slot("examination"), Slot("leaderboard"))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        told = read_seat(context)
        rows = self.seat.rows_of(told)
        if rows is None:
            return SendBack(LOOK, (MOVED,))
        past, parts = rows
        window = int(context.read_json("fit", dict[str, Any])["window"])
        champion = self.seat.champion(told)
        rival = Rival(champion.digest, predict_of(self.seat.conn, champion)(past.x[parts.trial]))
        groups = self.seat.protected.groups(past.keys[parts.trial])
        terms = replace(self.seat.terms, seed=int(context.rng("examine").integers(2**31)))
        found = {
            one.kind: examine_refit(one, (past, parts, window), rival, (groups, terms))
            for one in load_pair(context.lay("candidates"))
        }
        context.write_json("examination", {kind: one.as_json() for kind, one in found.items()})
        context.write_json("leaderboard", [tell_row(kind, one) for kind, one in found.items()])
        problems = tuple(f"{kind}: {one}" for kind, e in found.items() for one in e.problems)
        if not any(one.passed for one in found.values()):
            return Refused(problems)
        said = [
            f"{kind} passed {len(one.checks)} checks; AUC {one.auc.mid:.3f}"
            for kind, one in found.items()
            if one.passed
        ]
        unknown = () if groups else ("nobody told a protected trait of these rows: fairness is not known",)
        return Done((*said, *problems, *unknown))


def load_pair(folder: Path) -> list[Refitted]:
    """Both models out of a run's folder."""
    return [
        load_refitted(place.name, {path.name: path.read_bytes() for path in sorted(place.iterdir())})
        for place in sorted(folder.iterdir())
    ]


@dataclass(frozen=True, slots=True)
class FileChallengers:
    """Both filed, those that passed beside the champion; the one that the register would let take the seat is asked for.

    Safe to do again: the same run filing the same model finds its version.
    """

    seat: Seat
    agent: str = "Releaser"
    step: str = FILE
    reads: tuple[Slot, ...] = (Slot("seat"), Slot("candidates", FOLDER), Slot("fit"), Slot("examination"))
    writes: tuple[Slot, ...] = (Slot("versions"), Slot(CANDIDATE))

    def run(self, context: Context) -> Outcome:
        """See the class."""
        told, conn, now = read_seat(context), self.seat.conn, self.seat.clock.now()
        rows = self.seat.rows_of(told)
        if rows is None:
            return SendBack(LOOK, (MOVED,))
        examination = context.read_json("examination", dict[str, Any])
        window = int(context.read_json("fit", dict[str, Any])["window"])
        with conn.transaction():
            filed = self._file(load_pair(context.lay("candidates")), (*rows, window), told, examination)
            retire_older(conn, filed, now=now)
            stand = [self._challenge(row) for row in filed]
            verdicts = [judge_win(conn, row, examination[row.kind]) for row in stand]
        versions = [
            {
                "version": row.version_id,
                "number": row.number,
                "kind": row.kind,
                "status": row.status.value,
                "why_not": why,
            }
            for row, why in zip(stand, verdicts, strict=True)
        ]
        context.write_json("versions", versions)
        said = tuple(
            f"{row.kind}: version {row.number}, {row.status.value}{why and ': ' + why}"
            for row, why in zip(stand, verdicts, strict=True)
        )
        winners = [row for row, why in zip(stand, verdicts, strict=True) if not why]
        if not winners:
            return Refused((*said, "none of them may take the seat; what passed runs beside the champion"))
        best = max(winners, key=lambda row: float(examination[row.kind]["auc"][1]))
        context.write_json(CANDIDATE, tell_candidate(told, best, examination, self.seat.params.key))
        return Done(said)

    def _file(
        self, pair: list[Refitted], fitted: tuple[Past, Parts, int], told: SeatTold, examination: Mapping[str, Any]
    ) -> list[registry.VersionRow]:
        champion, now = self.seat.champion(told), self.seat.clock.now()
        key = self.seat.params.key
        return [
            registry.file_version(
                self.seat.conn,
                make_filing(champion, one, registry.KeptExamination(examination[one.kind]), fitted, key),
                now=now,
            )
            for one in pair
        ]

    def _challenge(self, row: registry.VersionRow) -> registry.VersionRow:
        """Beside the champion if it passed; as it stands if not."""
        if row.status is not registry.Status.CANDIDATE or not row.passed:
            return row
        why = f"refitted by run {self.seat.params.key}"
        answer = registry.challenge(self.seat.conn, row.version_id, person=MAKER, why=why, now=self.seat.clock.now())
        return row if isinstance(answer, Refusal) else answer


def judge_win(conn: psycopg.Connection, row: registry.VersionRow, examined: Mapping[str, Any]) -> str:
    """Why the register would not let it take the seat; "" where it would."""
    champion = registry.find_champion(conn, row.segment, row.purpose)
    trial = registry.trial_of(registry.KeptExamination(examined))
    wrong = registry.judge_promotion(row, champion, trial, person=SOMEBODY, bounds=registry.PromotionBounds())
    return wrong.sentence if wrong else ""


def tell_candidate(
    told: SeatTold, best: registry.VersionRow, examination: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """What is signed and looked at."""
    return {
        "name": f"refit of {told.segment} / {told.purpose}", "question": "may this version take the seat of the champion?",
        "version": best.version_id, "number": best.number, "kind": best.kind, "instead_of": told.number, "reason": key,
        "models": {kind: {name: found[name] for name in ("digest", "kind", "passed")} for kind, found in examination.items()},
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeatChampion:
    """After the click. Safe to do again. Where the register does not let it any more (another took the seat meanwhile), the run ends."""

    seat: Seat
    agent: str = "Releaser"
    step: str = SEAT
    reads: tuple[Slot, ...] = (Slot(CANDIDATE), Slot("examination"), Slot("approval"))
    writes: tuple[Slot, ...] = (Slot("release"),)

    def run(self, context: Context) -> Outcome:
        """See the class."""
        candidate, approval = (context.read_json(name, dict[str, Any]) for name in (CANDIDATE, "approval"))
        conn, now = self.seat.conn, self.seat.clock.now()
        found = registry.KeptExamination(context.read_json("examination", dict[str, Any])[candidate["kind"]])
        with conn.transaction():
            row = registry.get_version(conn, candidate["version"])
            if row.status is not registry.Status.CHAMPION:
                word = (approval["person"], approval["why"])
                answer = registry.promote(conn, row.version_id, registry.trial_of(found), word=word, now=now)
                if isinstance(answer, Refusal):
                    return Refused((f"the word stands, and the register does not let it: {answer.sentence}",))
        context.write_json("release", {
            "name": candidate["name"], "version": candidate["version"], "role": "champion", "approved_by": approval["person"],
        })  # fmt: skip
        return Done((f"version {candidate['number']} is champion instead of version {candidate['instead_of']}",))


__all__ = ["ExamineRefits", "FileChallengers", "LookAtSeat", "RefitModels", "SeatChampion"]
