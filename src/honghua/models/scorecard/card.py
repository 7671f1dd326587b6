"""A scorecard as arrays: scored by looking each value up, explained by the parts that were looked up."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import IntegrityBroken
from honghua.models.core import REASONS
from honghua.models.core.calibration import Calibration, CalibrationKind

FORMAT: Final = 1
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scale:
    """Points: `score_base` at odds of `odds_base` to one against the event; `points_to_double` more double them.

    The usual figures of the trade (N. Siddiqi, Credit Risk Scorecards, 2006, chapter 6); a house may choose others.
    """

    points_to_double: float = 20.0
    score_base: float = 600.0
    odds_base: float = 50.0

    @property
    def factor(self) -> float:
        """Points that one unit of the margin takes away."""
        return self.points_to_double / float(np.log(2.0))

    def points(self, margin: Float64) -> Float64:
        """Score of margins: higher is safer."""
        return self.score_base - self.factor * (margin + float(np.log(self.odds_base)))


@dataclass(frozen=True, slots=True, eq=False)
class Cutting:
    """How one column is cut. Bin numbers: the ranges or groups first, then one per special code, then missing; −1 = never seen.

    place     the column of a row that is read
    edges     float64[k], rising: a number v is in range j when edges[j − 1] ≤ v < edges[j]; k + 1 ranges
    specials  numbers that are codes and no amounts
    groups    int64[words]: the group of each code of a category (−1 = never seen); None for numbers
    """

    name: str
    place: int
    edges: Float64
    specials: tuple[float, ...]
    groups: Int64 | None
    bins: int

    def bins_of(self, x: Float32) -> Int64:
        """Bin number of each row of x float32[n, F]."""
        values = x[:, self.place].astype(np.float64)
        lost = np.isnan(values)
        if self.groups is not None:
            inside = (values > -1.0) & (values < len(self.groups))  # a code is cut to a whole number, as LightGBM does
            codes = np.where(inside, values, 0.0).astype(np.int64)
            return np.where(inside, self.groups[codes], -1)
        found = np.searchsorted(self.edges, values, side="right").astype(np.int64)
        for k, special in enumerate(self.specials):
            found[values == special] = len(self.edges) + 1 + k
        found[lost] = self.bins - 1
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Characteristic:
    """One cutting, or two that cross (bin = first × bins of the second + second), with what every bin adds to the margin.

    parts  float64[bins], their mean over the rows of the fitting is `mean`; labels: text per bin; rows, ones: of the fitting
    """

    cuttings: tuple[Cutting, ...]
    parts: Float64
    mean: float
    labels: tuple[str, ...]
    rows: Int64
    ones: Int64

    @property
    def name(self) -> str:
        """Name of the column, or of both."""
        return " × ".join(cutting.name for cutting in self.cuttings)

    def parts_of(self, bins: Mapping[str, Int64]) -> Float64:
        """Part of each row, given the bin numbers by cutting."""
        place = combine(self.cuttings, bins)
        return np.where(place >= 0, self.parts[np.maximum(place, 0)], self.mean)


def combine(cuttings: tuple[Cutting, ...], bins: Mapping[str, Int64]) -> Int64:
    """Bin number of a characteristic of one or two cuttings; −1 where one of them has none."""
    first = bins[cuttings[0].name]
    if len(cuttings) == 1:
        return first
    second = bins[cuttings[1].name]
    return np.where((first < 0) | (second < 0), -1, first * cuttings[1].bins + second)


@dataclass(frozen=True, slots=True, eq=False)
class Scorecard:
    """Immutable; safe to share between threads. Rows are float32[n, F] in the order of `names`, NaN = missing."""

    names: tuple[str, ...]
    characteristics: tuple[Characteristic, ...]
    intercept: float
    calibration: Calibration
    scale: Scale
    digest: bytes

    def margins(self, x: Float32) -> Float64:
        """Log-odds before calibration, float64[n]."""
        out: Float64 = self.parts(x).sum(axis=1) + self.intercept
        return out

    def parts(self, x: Float32) -> Float64:
        """What each characteristic added, float64[n, C] in C order."""
        cuttings = {cut.name: cut for one in self.characteristics for cut in one.cuttings}
        bins = {name: cut.bins_of(x) for name, cut in cuttings.items()}
        out = np.empty((len(x), len(self.characteristics)))
        for k, one in enumerate(self.characteristics):
            out[:, k] = one.parts_of(bins)
        return out

    def predict(self, x: Float32) -> Float64:
        """Probability of the event, float64[n]."""
        return self.calibration.apply(self.margins(x))

    def explain(self, x: Float32) -> tuple[Float64, Int32, Float32]:
        """Probability float64[n], four reasons int32[n, 4] (places in `characteristics`, −1 = none) and by how much their parts are above
        the mean, float32[n, 4].
        """
        parts = self.parts(x)
        above = parts - np.array([one.mean for one in self.characteristics])
        out = np.full((len(x), REASONS), -1, np.int32), np.zeros((len(x), REASONS), np.float32)
        if above.shape[1]:
            order = np.argsort(-above, axis=1, kind="stable")[:, :REASONS]
            found = np.take_along_axis(above, order, axis=1)
            out[0][:, : order.shape[1]] = np.where(found > 0, order, -1)
            out[1][:, : order.shape[1]] = np.where(found > 0, found, 0.0)
        return self.calibration.apply(parts.sum(axis=1) + self.intercept), *out

    def points(self, x: Float32) -> Float64:
        """Score on the scale, from the calibrated log-odds; higher is safer."""
        slope, shift = float(self.calibration.knots[0]), float(self.calibration.values[0])
        return self.scale.points(slope * self.margins(x) + shift)

    def table(self) -> list[dict[str, Any]]:
        """One entry per bin that a person can read: characteristic, bin, rows, share of ones, part, whole points beside the mean."""
        slope = float(self.calibration.knots[0])
        return [
            {"characteristic": one.name, "bin": label, "rows": int(rows), "rate": round(float(ones / rows), 6) if rows else None,
             "part": round(float(part), 6), "points": round(-self.scale.factor * slope * (float(part) - one.mean))}
            for one in self.characteristics
            for label, rows, ones, part in zip(one.labels, one.rows, one.ones, one.parts, strict=True)
        ]  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """For JSON; floats are hexadecimal, so what is read is bit for bit what was written."""
        return {**_told(self), "digest": self.digest.hex()}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Scorecard:
        """What `as_dict` told; IntegrityBroken when the digest does not fit."""
        try:
            if told["format"] != FORMAT:
                raise IntegrityBroken(f"a scorecard of format {told['format']} is not known")
            line = told["calibration"]
            card = build_scorecard(
                tuple(told["names"]), tuple(_characteristic(one) for one in told["characteristics"]),
                intercept=float.fromhex(told["intercept"]), line=(float.fromhex(line[0]), float.fromhex(line[1])),
                scale=Scale(**told["scale"]),
            )  # fmt: skip
            if card.digest.hex() != told["digest"]:
                raise IntegrityBroken("this scorecard does not give its digest")
        except (KeyError, TypeError, ValueError) as problem:
            raise IntegrityBroken(f"this is no scorecard: {problem!r}") from problem
        return card


def build_scorecard(
    names: tuple[str, ...],
    characteristics: tuple[Characteristic, ...],
    *,
    intercept: float,
    line: tuple[float, float],
    scale: Scale,
) -> Scorecard:
    """The scorecard with its digest; `line` is slope and intercept of the calibration."""
    calibration = Calibration(CalibrationKind.LOGISTIC, np.array([line[0]]), np.array([line[1]]))
    bare = Scorecard(names, characteristics, intercept, calibration, scale, b"")
    told = json.dumps(_told(bare), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Scorecard(names, characteristics, intercept, calibration, scale, hashlib.sha256(told.encode()).digest())


def _told(card: Scorecard) -> dict[str, Any]:
    line = float(card.calibration.knots[0]).hex(), float(card.calibration.values[0]).hex()
    return {
        "format": FORMAT, "names": list(card.names), "intercept": float(card.intercept).hex(), "calibration": list(line),
        "scale": asdict(card.scale),
        "characteristics": [
            {"cuttings": [_told_cutting(cut) for cut in one.cuttings], "parts": _hex(one.parts), "mean": float(one.mean).hex(),
             "labels": list(one.labels), "rows": one.rows.tolist(), "ones": one.ones.tolist()}
            for one in card.characteristics
        ],
    }  # fmt: skip


def _told_cutting(cut: Cutting) -> dict[str, Any]:
    groups = None if cut.groups is None else cut.groups.tolist()
    specials = [float(value).hex() for value in cut.specials]
    return {
        "name": cut.name,
        "place": cut.place,
        "edges": _hex(cut.edges),
        "specials": specials,
        "groups": groups,
        "bins": cut.bins,
    }


def _characteristic(told: Mapping[str, Any]) -> Characteristic:
    cuttings = tuple(
        Cutting(
            cut["name"], int(cut["place"]), _unhex(cut["edges"]), tuple(float.fromhex(v) for v in cut["specials"]),
            None if cut["groups"] is None else np.array(cut["groups"], np.int64), int(cut["bins"]),
        )
        for cut in told["cuttings"]
    )  # fmt: skip
    counts = np.array(told["rows"], np.int64), np.array(told["ones"], np.int64)
    return Characteristic(cuttings, _unhex(told["parts"]), float.fromhex(told["mean"]), tuple(told["labels"]), *counts)


def _hex(values: Float64) -> list[str]:
    return [float(value).hex() for value in values]


def _unhex(told: list[str]) -> Float64:
    return np.array([float.fromhex(value) for value in told], np.float64)


__all__ = ["Characteristic", "Cutting", "Scale", "Scorecard", "build_scorecard", "combine"]
