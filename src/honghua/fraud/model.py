"""The fitted model: three detectors and two fusions (with and without late labels), scored by row, saved to a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import IntegrityBroken
from honghua.fraud.core.fusion import Line, surprise_voices
from honghua.fraud.core.plan import DETECTORS, SILENCE, Family, Value
from honghua.fraud.core.scoring import Part, ScorePlan, plan_scores
from honghua.fraud.core.tails import Tail
from honghua.models.api import Model, load_model, save_model

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
FORMAT: Final = 1
REASONS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Of n rows: probabilities float64[n, 4], fused and of each detector; reasons int32[n, 4] columns of the values, −1 = none.

    surprise float64[n, 3]: −log10 of how seldom each detector sees such a row; worst int32[n, 3]: the value that says so.
    with_labels bool[n]: whether the fused score is that of the model which reads late labels.
    """

    columns: Doubles
    reasons: NDArray[np.int32]
    surprise: Doubles
    worst: NDArray[np.int32]
    with_labels: NDArray[np.bool_]

    @property
    def fused(self) -> Doubles:
        """float64[n]."""
        return self.columns[:, 0]

    @property
    def crowd(self) -> Doubles:
        """float64[n]."""
        return self.columns[:, 1]

    @property
    def rhythm(self) -> Doubles:
        """float64[n]."""
        return self.columns[:, 2]

    @property
    def merchant(self) -> Doubles:
        """float64[n]."""
        return self.columns[:, 3]


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """One detector: the tail that needs no label, a monotone forest where labels taught one, and the line that joins them."""

    tail: Tail
    model: Model | None
    line: Line

    def voices(self, values: Floats) -> tuple[Doubles, NDArray[np.int32]]:
        """float64[n, 3] surprise, alarm, margin of the forest; int32[n] worst column."""
        surprise, worst = self.tail.surprise(values)
        margin = np.zeros(len(values))
        if self.model is not None:
            self.model.forest.score_into(np.ascontiguousarray(values[:, self.tail.columns]), margin)
        return np.column_stack([surprise_voices(surprise), margin]), worst


@dataclass(frozen=True, slots=True, eq=False)
class Fusion:
    """A forest over some columns of the values and the three surprises, and the line over its margin and the detectors' voices."""

    columns: NDArray[np.int64]
    model: Model | None
    line: Line

    def matrix(self, values: Floats, voices: Sequence[Doubles]) -> Floats:
        """The forest's rows."""
        surprises = np.column_stack([voice[:, 0] for voice in voices]).astype(np.float32)
        return np.ascontiguousarray(np.hstack([values[:, self.columns], surprises]))


@dataclass(frozen=True, eq=False)
class FraudModel:
    """Immutable. `values` describe the columns it reads; `silence_days`: older knowledge of labels hands over to the other fusion."""

    values: tuple[Value, ...]
    detectors: Mapping[Family, Detector]
    late: Fusion
    blind: Fusion
    silence_days: float

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns, in order."""
        return tuple(value.name for value in self.values)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """The values that some part of it reads, in order: `plan.reading(model.reads)` senses no more than these."""
        used = [self.detectors[family].tail.columns for family in DETECTORS] + [self.late.columns, self.blind.columns]
        columns = np.union1d(np.concatenate(used), [self.names.index(SILENCE)])
        return tuple(self.names[int(k)] for k in columns)

    def placed(self, values: Sequence[Value]) -> FraudModel:
        """The same model for rows of other columns, among which are all that it reads; IntegrityBroken where one is missing."""
        names = {value.name: k for k, value in enumerate(values)}
        missing = [name for name in self.reads if name not in names]
        if missing:
            raise IntegrityBroken(f"the model reads {', '.join(missing[:REASONS])}, which is not sensed")
        place = np.array([names.get(name, -1) for name in self.names], np.int64)
        detectors = {
            family: replace(detector, tail=replace(detector.tail, columns=place[detector.tail.columns]))
            for family, detector in self.detectors.items()
        }
        late, blind = (replace(fusion, columns=place[fusion.columns]) for fusion in (self.late, self.blind))
        return FraudModel(tuple(values), detectors, late, blind, self.silence_days)

    def narrowed(self) -> FraudModel:
        """The same model for rows that hold nothing but what it reads: those of `plan.reading(model.reads)`."""
        wanted = set(self.reads)
        return self.placed([value for value in self.values if value.name in wanted])

    def score(self, values: Floats) -> Scores:
        """Scores of float32[n, V] as a RiskSensor gives them; each row by itself: the bits do not depend on the rows beside it."""
        n = len(values)
        found = Scores(np.empty((n, 1 + len(DETECTORS))), np.empty((n, REASONS), np.int32), *unread(n))
        out = found.columns, found.reasons, found.surprise, found.worst, found.with_labels
        self._plan.score_into(np.ascontiguousarray(values), out)
        return found

    def score_told(self, values: Floats) -> tuple[Doubles, NDArray[np.int32]]:
        """`columns` and `reasons` of `score`, without the rest: what a decision reads. values are C-contiguous."""
        n = len(values)
        columns, reasons = np.empty((n, 1 + len(DETECTORS))), np.empty((n, REASONS), np.int32)
        self._plan.score_into(values, (columns, reasons, *(self._unread if n == 1 else unread(n))))
        return columns, reasons

    @cached_property
    def _unread(self) -> tuple[NDArray[Any], ...]:
        return unread(1)

    @cached_property
    def _plan(self) -> ScorePlan:
        detectors = [self.detectors[family] for family in DETECTORS]
        parts = [Part(d.tail.columns, d.model, d.line, d.tail) for d in detectors]
        parts += [Part(f.columns, f.model, f.line, None) for f in (self.late, self.blind)]
        return plan_scores(parts, silence=self.names.index(SILENCE), silence_days=self.silence_days)

    @cached_property
    def digest(self) -> bytes:
        """sha256 of everything that a score depends on."""
        found = sha256(repr((self.values, self.silence_days)).encode())
        for family in DETECTORS:
            detector = self.detectors[family]
            for array in detector.tail.arrays().values():
                found.update(np.ascontiguousarray(array).tobytes())
            _update(found, detector.model, detector.line)
        for fusion in (self.late, self.blind):
            found.update(fusion.columns.tobytes())
            _update(found, fusion.model, fusion.line)
        return found.digest()

    def save(self, folder: Path) -> None:
        """Write to a folder; the table of contents last."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "fraud.json").unlink(missing_ok=True)
        lines: dict[str, Any] = {}
        for name, part in self._parts():
            if isinstance(part, Detector):
                arrays: dict[str, Any] = dict(part.tail.arrays())
                np.savez(folder / f"{name}_tail.npz", **arrays)
            lines[name] = {
                "bias": part.line.bias,
                "weights": part.line.weights.tolist(),
                "model": part.model is not None,
            }
            if isinstance(part, Fusion):
                lines[name]["columns"] = part.columns.tolist()
            if part.model is not None:
                save_model(part.model, folder / name)
        told = {
            "format": FORMAT, "digest": self.digest.hex(), "silence_days": self.silence_days, "lines": lines,
            "values": [[v.name, v.family.value, v.sign, v.entity] for v in self.values],
        }  # fmt: skip
        (folder / "fraud.json").write_text(json.dumps(told, indent=1) + "\n")

    def _parts(self) -> list[tuple[str, Detector | Fusion]]:
        return [*((f.value, self.detectors[f]) for f in DETECTORS), ("late", self.late), ("blind", self.blind)]

    @classmethod
    def load(cls, folder: Path) -> FraudModel:
        """The model as saved; IntegrityBroken when the folder is cut short or was changed."""
        try:
            told = json.loads((folder / "fraud.json").read_text())
        except (OSError, ValueError) as problem:
            raise IntegrityBroken(f"{folder} holds no saved fraud model") from problem
        if told.get("format") != FORMAT:
            raise IntegrityBroken(f"{folder} holds a fraud model of another format")
        parts: dict[str, tuple[Model | None, Line]] = {}
        for name, line in told["lines"].items():
            model = load_model(folder / name) if line["model"] else None
            parts[name] = (model, Line(line["bias"], np.array(line["weights"])))
        detectors = {}
        for family in DETECTORS:
            with np.load(folder / f"{family.value}_tail.npz") as arrays:
                detectors[family] = Detector(Tail(**arrays), *parts[family.value])
        late, blind = (
            Fusion(np.array(told["lines"][name]["columns"], np.int64), *parts[name]) for name in ("late", "blind")
        )
        values = tuple(Value(name, Family(family), sign, entity) for name, family, sign, entity in told["values"])
        found = cls(values, detectors, late, blind, told["silence_days"])
        if found.digest.hex() != told["digest"]:
            raise IntegrityBroken(f"{folder}: the fraud model is not what its digest says")
        return found


def unread(n: int) -> tuple[Doubles, NDArray[np.int32], NDArray[np.bool_]]:
    """Room for what of n rows' scores people ask for, and decisions do not: surprise, worst, with_labels."""
    return np.empty((n, len(DETECTORS))), np.empty((n, len(DETECTORS)), np.int32), np.empty(n, np.bool_)


def _update(found: Any, model: Model | None, line: Line) -> None:
    found.update(b"-" if model is None else model.digest)
    found.update(np.array([line.bias, *line.weights]).tobytes())


__all__ = ["Detector", "FraudModel", "Fusion", "Scores"]
