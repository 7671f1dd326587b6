"""The risk engine: senses events into its state, scores them with the released model, and lets the policy in force judge.

Knows no database: whoever drives it brings events, `Judge` and model, and records what came out. One writer at a time. Without
a policy in force it is not used at all; without a model its scores are missing and the account's rules judge on their own.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput, IntegrityBroken
from honghua.decision.core.clearing import Clearing
from honghua.decision.core.engine_inputs import ACCOUNT_INPUTS, SCORE_INPUTS, engine_vocabulary
from honghua.decision.core.judging import Group, Judge, Prepared
from honghua.decision.core.outcomes import Verdict
from honghua.decision.watching import EngineTerms
from honghua.features.core import Schema
from honghua.fraud.api import FraudModel, RiskSensor, SensorSize
from honghua.fraud.core import RiskPlan

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
FORMAT: Final = 2
REASONS: Final = 4
CHUNK_BYTES: Final = 1 << 22
SUMMED_AT_ONCE: Final = 4
ACCOUNT: Final = len(ACCOUNT_INPUTS)
SCORED: Final = slice(ACCOUNT, ACCOUNT + len(SCORE_INPUTS))


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What fixes an engine's state, beside its plan. silent_days: unlabelled purchases count as cleared then, 0 = never.

    values: names of sensed values that policies may read.
    """

    size: SensorSize = field(default_factory=SensorSize)
    silent_days: int = field(default=0)
    values: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class Sensed:
    """A batch as the engine sees it: events int64[n, C], values float32[n, V], scores float64[n, 4] (NaN: no model), reasons int32[n, 4].

    reasons are columns of the values, −1 = none. prepared: ready to be judged, None where no judge was given.
    """

    events: Ints
    values: Floats
    scores: Doubles
    reasons: NDArray[np.int32]
    prepared: Prepared | None

    def __len__(self) -> int:
        return len(self.events)


class DecisionEngine:
    """State, model and judge. `sense` moves the state; `judge` only reads it."""

    def __init__(
        self, plan: RiskPlan, *, settings: EngineSettings | None = None, model: FraudModel | None = None
    ) -> None:
        self.plan, self.settings = plan, settings or EngineSettings()
        self.sensor = RiskSensor(plan, size=self.settings.size)
        silent = self.settings.silent_days
        self.clearing = Clearing(plan.schema.width, silent * DAY_US) if silent else None
        self.model: FraudModel | None = None
        self.current: Judge | None = None
        self.use(model)
        names = {name: i for i, name in enumerate(self.sensor.names)}
        unknown = [name for name in self.settings.values if name not in names]
        if unknown:
            raise BadInput(f"no such sensed value: {', '.join(unknown)}", code="UNKNOWN_VALUES")
        self._chosen = np.array([names[name] for name in self.settings.values], np.int64)

    def use(self, model: FraudModel | None) -> None:
        """Score with this model from now on; IntegrityBroken when it reads other values than are sensed."""
        if model is not None and model.names != self.sensor.names:
            raise IntegrityBroken("this model was fitted on other values than this engine senses")
        self.model = model

    @property
    def schema(self) -> Schema:
        """The columns of events."""
        return self.plan.schema

    def terms(self) -> EngineTerms:
        """What policies may read of this engine."""
        return EngineTerms(
            engine_vocabulary(values=self.settings.values, lists=()), self.sensor.names, self.schema.columns,
            model_digest=self.model.digest if self.model is not None else b"",
        )  # fmt: skip

    def sense(self, events: Ints, ids: Ints, *, judge: Judge | None = None) -> Sensed:
        """Take purchases int64[n, C] into the state, in order, and read and score them. ids int64[n] rise: labels name them later."""
        return self.score(events, self.absorb(events, ids), judge=judge)

    def absorb(self, events: Ints, ids: Ints) -> Floats:
        """Take purchases into the state without judging them: what a restart does with those of the past. Returns the values."""
        values = self._step(events)
        if self.clearing is not None:
            self.clearing.add(ids, events)
        return values

    def score(self, events: Ints, values: Floats, *, judge: Judge | None = None) -> Sensed:
        """Scores of sensed values; changes nothing."""
        scores, reasons = self._score(values)
        prepared = None
        self.current = judge
        if judge is not None:
            inputs = judge.make_room(len(events))
            inputs[:, SCORED] = scores
            if len(self._chosen):
                inputs[:, SCORED.stop : judge.force.base] = values[:, self._chosen]
            prepared = judge.fill(inputs, events, np.ascontiguousarray(events[:, 0]), signals=values)
        return Sensed(events, values, scores, reasons, prepared)

    def _score(self, values: Floats) -> tuple[Doubles, NDArray[np.int32]]:
        if self.model is None or not len(values):
            return np.full((len(values), len(SCORE_INPUTS)), np.nan), np.full((len(values), REASONS), -1, np.int32)
        return self.model.score_told(np.ascontiguousarray(values))

    def follow(self, events: Ints, labelled: Ints) -> None:
        """Learn events that are no purchases: refunds, repayments, limits, labels. labelled int64[k]: ids of purchases they settle."""
        if len(events):
            self._step(events)
        if self.clearing is not None and len(labelled):
            self.clearing.settle(labelled)

    def _step(self, events: Ints) -> Floats:
        if self.clearing is None or not len(events):
            return self.sensor.sense(np.ascontiguousarray(events))
        merged, places = self.clearing.merge(events)
        values = self.sensor.sense(np.ascontiguousarray(merged))
        return values if len(merged) == len(events) else np.ascontiguousarray(values[places])

    def judge(self, sensed: Sensed, row: int, account_inputs: Sequence[float]) -> Verdict:
        """The verdict on one row, with its account as it stands now."""
        assert sensed.prepared is not None, "sensed without a judge"
        assert self.current is not None, "sensed without a judge"
        sensed.prepared.inputs[row, :ACCOUNT] = account_inputs
        return self.current.one(sensed.prepared, row)

    def decide_batch(
        self, events: Ints, ids: Ints, account_inputs: Doubles, judge: Judge
    ) -> tuple[Sensed, list[Group]]:
        """Sense, score and judge a batch whose accounts don't change in between: what backtests and benches run."""
        sensed = self.sense(events, ids, judge=judge)
        assert sensed.prepared is not None, "a judge was given"
        sensed.prepared.inputs[:, :ACCOUNT] = account_inputs
        return sensed, judge.batch(sensed.prepared)

    def digest(self) -> bytes:
        """32 bytes that name the state: what all later values depend on."""
        found = sha256(self.sensor.digest())
        if self.clearing is not None:
            found.update(self.clearing.digest())
        return found.digest()

    def save(self, folder: Path) -> None:
        """Write the state to a folder, the table of contents last. The model is not in it: its release is kept elsewhere."""
        folder.mkdir(parents=True, exist_ok=True)
        contents = folder / "engine.json"
        contents.unlink(missing_ok=True)
        self.sensor.save(folder / "sensor")
        if self.clearing is not None:
            np.savez(folder / "clearing.npz", allow_pickle=False, **self.clearing.arrays())
        told = {**self._told(), "files": sum_files(folder, beside=contents)}
        contents.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")

    def _told(self) -> dict[str, object]:
        return {"format": FORMAT, "plan": self.plan.digest.hex(), "silent_days": self.settings.silent_days}

    @classmethod
    def restore(
        cls, folder: Path, plan: RiskPlan, *, settings: EngineSettings | None = None, model: FraudModel | None = None
    ) -> DecisionEngine:
        """The engine as it was saved; IntegrityBroken when the folder is cut short, changed, or made by another plan.

        What was written is what is read, by the sums of the files: the state's own digest takes longer than to fold a tail.
        """
        contents = folder / "engine.json"
        try:
            told = json.loads(contents.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise IntegrityBroken(f"{folder} holds no snapshot of an engine") from problem
        found = cls(plan, settings=settings, model=model)
        if told != {**found._told(), "files": sum_files(folder, beside=contents)}:
            raise IntegrityBroken(f"{folder} is not what its table of contents says")
        found.sensor = RiskSensor.load(folder / "sensor", plan)
        if found.clearing is not None:
            with np.load(folder / "clearing.npz") as arrays:
                found.clearing = Clearing.of_arrays(dict(arrays))
        return found


def sum_files(folder: Path, *, beside: Path) -> dict[str, int]:
    """CRC-32 of every file below a folder but one: against cut and rotten files, not against forgers."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != beside]
    with ThreadPoolExecutor(SUMMED_AT_ONCE) as pool:
        return dict(
            zip([path.relative_to(folder).as_posix() for path in paths], pool.map(sum_file, paths), strict=True)
        )


def sum_file(path: Path) -> int:
    """CRC-32 of a file; other threads go on meanwhile."""
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            total = zlib.crc32(chunk, total)
    return total


__all__ = ["DecisionEngine", "EngineSettings", "Sensed"]
