"""What the register holds, and the gate in front of a champion's seat."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from honghua.base.errors import BadInput, Refusal
from honghua.models.core.intervals import Interval


class Status(StrEnum):
    """Where a version stands. Retired is the end, but for a champion that is rolled back to."""

    CANDIDATE = "candidate"
    CHALLENGER = "challenger"
    CHAMPION = "champion"
    RETIRED = "retired"


LIVE = (Status.CHALLENGER, Status.CHAMPION)


class Examined(Protocol):
    """An examination, or what a run kept of one."""

    @property
    def digest(self) -> bytes:
        """Of the model that was examined."""
        ...

    @property
    def passed(self) -> bool:
        """Whether it may stand beside the champion."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence per failed check."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Plain values, as `Examination.as_json` lays them out."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class KeptExamination:
    """An examination as a run kept it: `Examination.as_json`, read back."""

    told: Mapping[str, Any]

    def __post_init__(self) -> None:
        wanted = {"digest", "passed", "problems", "rows", "ones", "auc", "comparison", "window", "fairness"}
        if missing := sorted(wanted - self.told.keys()):
            raise BadInput(f"this is no examination: {', '.join(missing)} are missing", code="BAD_EXAMINATION")

    @property
    def digest(self) -> bytes:
        """Of the model that was examined."""
        return bytes.fromhex(self.told["digest"])

    @property
    def passed(self) -> bool:
        """Whether it may stand beside the champion."""
        return self.told["passed"] is True

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence per failed check."""
        return tuple(self.told["problems"])

    def as_json(self) -> dict[str, Any]:
        """What was kept."""
        return dict(self.told)


@dataclass(frozen=True, slots=True, eq=False)
class Filing:
    """A model to be filed. files: path → bytes, among them `DRIFT_FILE` (models.api.pack_reference), or the night cannot watch it.

    data_digest: 32 bytes that name the rows of the fitting; run_id: of the run that made it; parent: the version that it grew out of.
    """

    segment: str
    purpose: str
    kind: str
    digest: bytes
    columns: tuple[str, ...]
    files: Mapping[str, bytes]
    figures: Mapping[str, Any]
    data_digest: bytes
    run_id: str
    fitted_until: dt.date
    made_by: str
    examination: Examined | None = None
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version as it stands."""

    version_id: int
    segment: str
    purpose: str
    number: int
    kind: str
    digest: bytes
    columns: tuple[str, ...]
    figures: Mapping[str, Any]
    passed: bool
    data_digest: bytes
    run_id: str
    parent: int | None
    fitted_until: dt.date
    made_by: str
    made_at: dt.datetime
    status: Status
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ActRow:
    """One change of a version's standing. before "" = it was filed."""

    act_id: int
    version_id: int
    before: str
    after: str
    person: str
    why: str
    evidence: Mapping[str, Any]
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class PromotionBounds:
    """win_low: what the low end of the paired AUC difference must exceed; ones_min: defaults that a trial needs (grade U: ours)."""

    win_low: float = 0.0
    ones_min: int = 30


@dataclass(frozen=True, slots=True)
class Trial:
    """What a promotion stands on: rows later than the fitting. difference: candidate − champion, paired; None where there was no champion.

    fairness: column → whether it was judged and passed.
    """

    digest: bytes
    rival: bytes | None
    rows: int
    ones: int
    auc: Interval
    difference: Interval | None
    first_on: dt.date | None
    last_on: dt.date | None
    passed: bool
    fairness: Mapping[str, bool] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What is kept beside the act."""
        return {
            "digest": self.digest.hex(), "rival": None if self.rival is None else self.rival.hex(), "rows": self.rows,
            "ones": self.ones, "auc": self.auc.as_list(), "difference": None if self.difference is None else self.difference.as_list(),
            "first_on": None if self.first_on is None else self.first_on.isoformat(),
            "last_on": None if self.last_on is None else self.last_on.isoformat(),
            "passed": self.passed, "fairness": dict(self.fairness), "problems": list(self.problems),
        }  # fmt: skip


def trial_of(found: Examined) -> Trial:
    """The trial that an examination was, from its plain form: what a run kept as JSON gives the same trial as the examination itself."""
    told = found.as_json()
    against, window = told["comparison"], told["window"]
    return Trial(
        digest=bytes.fromhex(told["digest"]),
        rival=None if against is None else bytes.fromhex(against["rival"]),
        rows=told["rows"],
        ones=told["ones"],
        auc=_interval(told["auc"]),
        difference=None if against is None else _interval(against["difference"]),
        first_on=None if window is None else dt.date.fromisoformat(window[1]),
        last_on=None if window is None else dt.date.fromisoformat(window[2]),
        passed=told["passed"],
        fairness={one["name"]: one["passed"] for one in told["fairness"]},
        problems=tuple(told["problems"]),
    )


def _interval(told: Sequence[float | None]) -> Interval:
    low, mid, high = (float("nan") if value is None else float(value) for value in told)
    return Interval(low, mid, high)


def judge_promotion(
    row: VersionRow, champion: VersionRow | None, trial: Trial, *, person: str, bounds: PromotionBounds
) -> Refusal | None:
    """Why a version may not be champion, or None. Passed, out of time, better than the champion, fair, by a second person."""
    wrong = _find_unfit(row, trial) or _find_untimely(row, trial, bounds)
    if wrong is not None:
        return wrong
    wrong = _find_no_win(champion, trial, bounds)
    if wrong is not None:
        return wrong
    if not trial.fairness:
        return Refusal(
            "MODEL_FAIRNESS_UNKNOWN", "its trial looked at no protected column, so nobody knows whether it is fair"
        )
    unfair = [name for name, passed in trial.fairness.items() if not passed]
    if unfair:
        return Refusal("MODEL_UNFAIR", f"it is not shown to be fair by {', '.join(unfair)}")
    if person == row.made_by:
        return Refusal("MODEL_SAME_PERSON", f"{person} made it, so somebody else approves it")
    return None


def _find_unfit(row: VersionRow, trial: Trial) -> Refusal | None:
    if row.status is Status.RETIRED:
        return Refusal("MODEL_RETIRED", "it is retired; a champion that was retired is rolled back to, not promoted")
    if row.status is Status.CHAMPION:
        return Refusal("MODEL_IS_CHAMPION", "it is the champion already")
    if trial.digest != row.digest:
        return Refusal("MODEL_TRIAL_OTHER", f"the trial is of another model, {trial.digest.hex()[:16]}")
    if not (row.passed and trial.passed):
        said = "; ".join(trial.problems[:3]) or "nobody examined it when it was filed, or it failed"
        return Refusal("MODEL_NOT_EXAMINED", f"it has not passed its examination: {said}")
    return None


def _find_untimely(row: VersionRow, trial: Trial, bounds: PromotionBounds) -> Refusal | None:
    if trial.first_on is None or trial.first_on <= row.fitted_until:
        return Refusal(
            "MODEL_NOT_OUT_OF_TIME",
            f"the trial's rows are not all later than its fitting, which ended {row.fitted_until}",
        )
    if trial.ones < bounds.ones_min or trial.rows - trial.ones < bounds.ones_min:
        return Refusal(
            "MODEL_TRIAL_THIN",
            f"{trial.ones} of {trial.rows:,} rows defaulted: {bounds.ones_min} of either kind are needed",
        )
    return None


def _find_no_win(champion: VersionRow | None, trial: Trial, bounds: PromotionBounds) -> Refusal | None:
    if champion is None:
        if trial.auc.low > 0.5:
            return None
        return Refusal(
            "MODEL_NO_BETTER_THAN_CHANCE",
            f"nobody is champion, and it does not surely beat chance: AUC {trial.auc.low:.3f} …",
        )
    if trial.rival != champion.digest or trial.difference is None:
        return Refusal("MODEL_TRIAL_STALE", f"its trial was not against the champion, version {champion.number}")
    if not trial.difference.low > bounds.win_low:
        one = trial.difference
        return Refusal(
            "MODEL_NO_WIN",
            f"out of time it does not surely win against version {champion.number}: AUC {one.mid:+.4f}, between {one.low:+.4f} and"
            f" {one.high:+.4f}",
        )
    return None
