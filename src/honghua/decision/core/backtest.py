"""A bundle over vectors as they were, against what was decided then or what another bundle says: counted in parts, added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core import kernels
from honghua.decision.core.compile import Bundle, codes_of, judge_batch
from honghua.decision.core.experiment import PPM
from honghua.decision.core.outcomes import LETS_BUY, Outcome, Verdicts

OUTCOMES: Final = 8
EXAMPLES_MAX: Final = 20  # kept of new refusals, and of new approvals
ALL: Final = ("all",)
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """Some decisions as they were. `start` is the number of the first; loss_chance float64[n], segments int64[n] and ids int64[n]
    (by which examples are named instead of by their row) may be absent."""

    start: int
    vectors: Floats
    outcome: Ints
    amount_minor: Ints
    loss_chance: Floats | None = field(default=None)
    segments: Ints | None = field(default=None)
    ids: Ints | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Example:
    """One decision that comes out differently."""

    row: int
    before: str
    after: str
    code: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted: the arrays of kernels.tally_rows, and examples in the order of rows."""

    counts: Ints
    sums: Ints
    rules: Ints
    groups: Ints
    losses: Floats
    refused: tuple[Example, ...] = ()
    approved: tuple[Example, ...] = ()

    def plus(self, later: Tally) -> Tally:
        """Two tallies of the same bundle as one; `later` has the later rows."""
        return Tally(
            self.counts + later.counts, self.sums + later.sums, self.rules + later.rules, self.groups + later.groups,
            self.losses + later.losses, (self.refused + later.refused)[:EXAMPLES_MAX], (self.approved + later.approved)[:EXAMPLES_MAX],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gate:
    """How much a policy may change before a backtest says no; shares 0 … 1, None is no limit."""

    flip_share_max: float | None = None
    refusal_rise_max: float | None = None  # in share points
    refusal_share_max: float | None = None
    loss_rise_max: float | None = None  # relative to the expected loss before
    segment_refusal_rise_max: float | None = None  # of the segment that it hits hardest


def empty_tally(bundle: Bundle, *, segments: int = 1) -> Tally:
    """Nothing counted yet."""
    rules = np.zeros((max(1, len(bundle.rules)), 5), np.int64)
    return Tally(
        np.zeros((OUTCOMES, OUTCOMES), np.int64), np.zeros((2, OUTCOMES, OUTCOMES), np.int64), rules,
        np.zeros((segments, 6), np.int64), np.zeros((segments, 2)),
    )  # fmt: skip


def tally_part(bundle: Bundle, part: Part, *, off: NDArray[np.uint8] | None = None, segments: int = 1) -> Tally:
    """Judge a part anew and count. The two kernels hold no GIL, so parts can run on threads."""
    verdicts = judge_batch(bundle, part.vectors, off=off)
    n = len(part.vectors)
    tally = empty_tally(bundle, segments=segments)
    before = np.stack([part.outcome, part.amount_minor], axis=1).astype(np.int64, copy=False)
    assert not n or (before[:, 0].min() > 0 and before[:, 0].max() < OUTCOMES), "outcomes are numbers of Outcome"
    groups = np.zeros(n, np.int64) if part.segments is None else part.segments
    assert not n or (groups.min() >= 0 and groups.max() < segments), "segments are numbered from 0"
    chance = np.full(n, np.nan) if part.loss_chance is None else part.loss_chance
    kernels.tally_rows(
        verdicts.figures,
        verdicts.fired,
        before,
        chance,
        groups,
        tally.counts,
        tally.sums,
        tally.rules,
        tally.groups,
        tally.losses,
    )
    after = verdicts.outcome
    refused = np.flatnonzero((after == Outcome.REFUSE) & (part.outcome != Outcome.REFUSE))
    granted = np.isin(after, LETS_BUY) & ~np.isin(part.outcome, LETS_BUY)
    return Tally(
        tally.counts, tally.sums, tally.rules, tally.groups, tally.losses, _examples(bundle, part, verdicts, refused),
        _examples(bundle, part, verdicts, np.flatnonzero(granted)),
    )  # fmt: skip


def compute_report(bundle: Bundle, tally: Tally, *, segments: Sequence[str] = ALL) -> dict[str, Any]:
    """The tally for people and JSON: outcome matrix, rules, segments, amounts, expected loss, examples."""
    total = tally.groups.sum(0)
    loss = tally.losses.sum(0)
    n = max(1, int(total[0]))
    return {
        "decisions": int(total[0]), "flip_share": int(total[3]) / n, "refusal_share_before": int(total[1]) / n,
        "refusal_share_after": int(total[2]) / n, "amount_before_minor": int(total[4]), "amount_after_minor": int(total[5]),
        "expected_loss_before_minor": round(float(loss[0])), "expected_loss_after_minor": round(float(loss[1])),
        "matrix": _matrix(tally),
        "rules": [
            {"rule": rule.name, "code": rule.code, "lane": rule.lane.name.lower(), "shadow": rule.shadow, **_rule_row(row, n)}
            for rule, row in zip(bundle.rules, tally.rules.tolist())
        ],
        "segments": [
            {"segment": name, **_segment_row(group, losses)}
            for name, group, losses in zip(segments, tally.groups.tolist(), tally.losses.tolist())
            if group[0]
        ],
        "new_refusals": [_example_row(e) for e in tally.refused], "new_approvals": [_example_row(e) for e in tally.approved],
    }  # fmt: skip


def compute_reference(bundle: Bundle, tally: Tally) -> dict[str, int]:
    """Rule → in how many of a million decisions it stood in the customer's way: what the brake measures a release against."""
    n = max(1, int(tally.groups[:, 0].sum()))
    return {
        rule.name: -(-int(row[4]) * PPM // n)
        for rule, row in zip(bundle.rules, tally.rules.tolist())
        if not rule.shadow
    }


def check_gate(report: Mapping[str, Any], gate: Gate) -> list[str]:
    """What the change does beyond the limits, as sentences; none when it may pass."""
    rise = report["refusal_share_after"] - report["refusal_share_before"]
    before, after = report["expected_loss_before_minor"], report["expected_loss_after_minor"]
    loss_rise = (after - before) / before if before else (float("inf") if after else 0.0)
    worst = max(report["segments"], key=lambda s: s["refusal_rise"], default={"segment": "none", "refusal_rise": 0.0})
    found = [
        ("flip share", report["flip_share"], gate.flip_share_max), ("rise of the refusal share", rise, gate.refusal_rise_max),
        ("refusal share", report["refusal_share_after"], gate.refusal_share_max),
        ("rise of expected loss", loss_rise, gate.loss_rise_max),
        (f"rise of the refusal share in segment {worst['segment']}", worst["refusal_rise"], gate.segment_refusal_rise_max),
    ]  # fmt: skip
    return [
        f"{name} {value:.6g} is above {limit:.6g}"
        for name, value, limit in found
        if limit is not None and value > limit
    ]


def _examples(bundle: Bundle, part: Part, verdicts: Verdicts, rows: NDArray[np.intp]) -> tuple[Example, ...]:
    some = rows[:EXAMPLES_MAX]
    codes = codes_of(
        bundle, Verdicts(verdicts.figures[some], verdicts.fired[some], verdicts.unknown[some], verdicts.off)
    )
    return tuple(
        Example(
            part.start + int(k) if part.ids is None else int(part.ids[k]), Outcome(int(part.outcome[k])).name.lower(),
            Outcome(int(verdicts.outcome[k])).name.lower(), code,
            int(part.amount_minor[k] if verdicts.outcome[k] == Outcome.REFUSE else verdicts.amount_minor[k]),
        )
        for k, code in zip(some, codes)
    )  # fmt: skip


def _matrix(tally: Tally) -> list[dict[str, Any]]:
    return [
        {
            "before": Outcome(int(was)).name.lower(), "after": Outcome(int(now)).name.lower(), "decisions": int(tally.counts[was, now]),
            "amount_before_minor": int(tally.sums[0, was, now]), "amount_after_minor": int(tally.sums[1, was, now]),
        }
        for was, now in np.argwhere(tally.counts)
    ]  # fmt: skip


def _rule_row(row: list[int], n: int) -> dict[str, Any]:
    spoke, decided, flipped, refused, hindered = row
    return {
        "spoke": spoke,
        "spoke_share": spoke / n,
        "decided": decided,
        "flipped": flipped,
        "flip_rate": flipped / decided if decided else 0.0,
        "new_refusals": refused,
        "hindered": hindered,
    }


def _segment_row(group: list[int], losses: list[float]) -> dict[str, Any]:
    n, refused_before, refused_after, flipped, amount_before, amount_after = group
    return {
        "decisions": n, "flip_share": flipped / n, "refusal_share_before": refused_before / n, "refusal_share_after": refused_after / n,
        "refusal_rise": (refused_after - refused_before) / n, "amount_before_minor": amount_before, "amount_after_minor": amount_after,
        "expected_loss_before_minor": round(losses[0]), "expected_loss_after_minor": round(losses[1]),
    }  # fmt: skip


def _example_row(example: Example) -> dict[str, Any]:
    return {
        "row": example.row, "before": example.before, "after": example.after, "code": example.code, "amount_minor": example.amount_minor,
    }  # fmt: skip
