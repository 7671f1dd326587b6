"""A fitted scorer as plain numbers: the same values give the same bits, whichever library fitted it and whoever computes it later.

Sums go from left to right in Python floats: no batch, no thread and no version of a library changes their order. Under 1,000 products
an application.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.fraud.applications.describing import FAMILIES
from honghua.fraud.screening.describing import name_values

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Row = tuple[float, ...]
FORMAT: Final = 1
SHARES: Final = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # of honest applications that pass a line


@dataclass(frozen=True, slots=True)
class Screened:
    """One application's answer. score: chance of a gang's; pushes: (family, log-odds), the strongest first; unknown: families not told."""

    score: float
    pushes: tuple[tuple[str, float], ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScorer:
    """families: name and width, in order of the values; columns of those it reads, mean and scale of each; layers of (weights by input,
    bias): rectified but for the last, which has one output, a log-odds. typical: of every value, what honest ones have; lines: share of
    honest ones -> score.
    """

    kind: str
    trained_on: str
    names: tuple[str, ...]
    families: tuple[tuple[str, int], ...]
    columns: tuple[int, ...]
    mean: Row
    scale: Row
    layers: tuple[tuple[tuple[Row, ...], Row], ...]
    typical: Row
    lines: tuple[tuple[float, float], ...]

    @property
    def fits(self) -> bool:
        """Whether it reads the values that are described today."""
        return self.names == name_values()

    @property
    def digest(self) -> bytes:
        """32 bytes that name what it computes."""
        return hashlib.sha256(self.dump()).digest()

    def line(self, share: float) -> float:
        """The score that this share of honest applications passes; BadInput for a share without a line."""
        found = dict(self.lines).get(share)
        if found is None:
            raise BadInput(f"no line for {share}: there are {[one for one, _ in self.lines]}", code="LINE_UNKNOWN")
        return found

    def screen(self, values: Sequence[float | None]) -> Screened:
        """The answer to one application's values; None or NaN = not told: what is usual."""
        if len(values) != len(self.names):
            raise BadInput(f"{len(self.names)} values are read, {len(values)} came", code="BAD_SHAPE")
        missing = [value is None or math.isnan(value) for value in values]
        row = [
            usual if gone or value is None else float(value)
            for value, usual, gone in zip(values, self.typical, missing, strict=True)
        ]
        whole = self._log_odds(row)
        pushes: list[tuple[str, float]] = []
        unknown: list[str] = []
        start = 0
        for family, width in self.families:
            mine = range(start, start + width)
            start += width
            if not set(mine) & set(self.columns):
                continue
            if any(missing[k] for k in mine):
                unknown.append(family)
            usual_row = [self.typical[k] if k in mine else value for k, value in enumerate(row)]
            pushes.append((family, whole - self._log_odds(usual_row)))
        pushes.sort(key=lambda one: (-one[1], one[0]))
        return Screened(_to_chance(whole), tuple(pushes), tuple(unknown))

    def _log_odds(self, row: Sequence[float]) -> float:
        told = [(row[k] - mean) / scale for k, mean, scale in zip(self.columns, self.mean, self.scale, strict=True)]
        for number, (weights, bias) in enumerate(self.layers):
            sums = list(bias)
            for value, outgoing in zip(told, weights, strict=True):
                for k, weight in enumerate(outgoing):
                    sums[k] += value * weight
            is_last = number == len(self.layers) - 1
            told = sums if is_last else [max(one, 0.0) for one in sums]
        return told[0]

    def dump(self) -> bytes:
        """As it is kept; `load_scorer` reads it."""
        told = {
            "format": FORMAT, "kind": self.kind, "trained_on": self.trained_on, "names": self.names,
            "families": self.families, "columns": self.columns,
            "mean": self.mean, "scale": self.scale, "layers": self.layers, "typical": self.typical, "lines": self.lines,
        }  # fmt: skip
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def load_scorer(data: bytes) -> KeptScorer:
    """The scorer that was dumped; IntegrityBroken for anything else."""
    try:
        told = json.loads(data)
        if told.pop("format") != FORMAT:
            raise ValueError("another format")
        scorer = KeptScorer(**{name: _freeze(value) for name, value in told.items()})
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise IntegrityBroken(f"this is no kept scorer of applications: {problem}") from problem
    if scorer.dump() != data:
        raise IntegrityBroken("a kept scorer reads back as another one")
    return scorer


def keep_scorer(scorer: Any, values: Floats, bad: Flags, held: Flags, *, kind: str, trained_on: str) -> KeptScorer:
    """Plain numbers of a `fraud.applications.ApplicationScorer` whose learner is a scaler before a network or a logistic regression.

    values float64[n, all families] and bad bool[n] of its training rows, held bool[n] those that no fit has seen: lines are drawn there.
    BadInput for another learner.
    """
    steps = [step for _, step in getattr(scorer.learner, "steps", ())]
    if len(steps) != 2 or not hasattr(steps[0], "scale_"):
        raise BadInput("a scaler and a learner are kept, nothing else", code="LEARNER_UNKNOWN")
    scaler, learner = steps
    kept = KeptScorer(
        kind=kind, trained_on=trained_on, names=name_values(), families=tuple(FAMILIES.items()),
        columns=tuple(int(k) for k in scorer.columns),
        mean=_row(scaler.mean_), scale=_row(scaler.scale_), layers=_layers_of(learner), typical=_row(values[~held & ~bad].mean(axis=0)),
        lines=(),
    )  # fmt: skip
    honest = np.array([kept.screen(row).score for row in values[held & ~bad].tolist()])
    lines = tuple((share, float(np.quantile(honest, 1.0 - share))) for share in SHARES)
    return replace(kept, lines=lines)


def _layers_of(learner: Any) -> tuple[tuple[tuple[Row, ...], Row], ...]:
    """A network's layers, or the one of a logistic regression."""
    if hasattr(learner, "coefs_"):
        if learner.activation != "relu" or learner.out_activation_ != "logistic":
            raise BadInput("a network of rectified units with one logistic output is kept", code="LEARNER_UNKNOWN")
        pairs = zip(learner.coefs_, learner.intercepts_, strict=True)
        return tuple((tuple(_row(one) for one in weights), _row(bias)) for weights, bias in pairs)
    if hasattr(learner, "coef_") and len(learner.coef_) == 1:
        return ((tuple((float(one),) for one in learner.coef_[0]), _row(learner.intercept_)),)
    raise BadInput("neither a network nor a logistic regression", code="LEARNER_UNKNOWN")


def _row(values: Any) -> Row:
    return tuple(float(one) for one in values)


def _freeze(value: Any) -> Any:
    return tuple(_freeze(one) for one in value) if isinstance(value, list) else value


def _to_chance(log_odds: float) -> float:
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    grown = math.exp(max(log_odds, -700.0))
    return grown / (1.0 + grown)


__all__ = ["SHARES", "KeptScorer", "Screened", "keep_scorer", "load_scorer"]
