"""The engines with nothing but a city's events: `python -m tests.apart.engine_alone EVENTS_FOLDER OUT_FOLDER TRUTH_FILE`.

Locks itself in, imports every module of every engine, learns and judges from the events; then tries in several ways to open the
truth, whose place it is told, and prints as JSON what came of it all.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

import honghua
from honghua.decision.api import DecisionEngine, EngineSettings
from honghua.decision.core import LIVE_SCHEMA
from honghua.features.core import EventKind
from honghua.fraud.api import FitSettings, RiskSensor, SensorSize, fit_fraud
from honghua.fraud.core import RiskPlan
from tests.apart import landlock

HERE = Path(honghua.__file__).resolve().parent
READERS = ("app", "sim")
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/opt")
SIZE = SensorSize(entities=20_000, nodes=20_000, edges=100_000, keys=20_000)


def lock_in(events_folder: Path, out: Path) -> None:
    """Read own code, libraries and the events; write compiled kernels and what is told; open nothing else."""
    readable = [Path(sys.prefix), Path(sys.base_prefix), HERE.parents[1], *map(Path, SYSTEM), events_folder]
    landlock.lock_in(readable, [HERE / "__pycache__", Path("/dev"), out])


def import_engines() -> list[str]:
    """Every module of every room but those that evaluate."""
    found = []
    for path in sorted(HERE.rglob("*.py")):
        parts = path.relative_to(HERE.parent).with_suffix("").parts
        if len(parts) > 2 and parts[1] not in READERS and "tests" not in parts:
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
            importlib.import_module(found[-1])
    return found


def learn_and_judge(events: np.ndarray) -> dict[str, Any]:
    """Fit on what the labels among the events say, then judge the same events."""
    plan = RiskPlan(LIVE_SCHEMA, windows=False)
    sensor = RiskSensor(plan, size=SIZE)
    values = sensor.sense(events)
    kind, customer = events[:, LIVE_SCHEMA.place("kind")], events[:, LIVE_SCHEMA.place("customer")]
    told = events[kind == EventKind.FRAUD_REPORTED]
    reported = set(zip(told[:, 3].tolist(), told[:, LIVE_SCHEMA.place("customer")].tolist()))
    rows = np.flatnonzero(np.isin(kind, (EventKind.PURCHASE, EventKind.TRANSFER)))
    labels = np.array([(events[k, 0], customer[k]) in reported for k in rows.tolist()], np.int64)
    settings = FitSettings(rounds=5, detector_rounds=5, threads=1, refit=False)
    fitted = fit_fraud(values[rows], labels, described=sensor.values, settings=settings)
    engine = DecisionEngine(plan, settings=EngineSettings(SIZE), model=fitted.model)
    sensed = engine.sense(events, np.arange(len(events)))
    return {
        "events": len(events),
        "labels": int(labels.sum()),
        "scored": int(np.isfinite(sensed.scores[rows, 0]).sum()),
    }


def try_to_open(truth: Path) -> dict[str, str]:
    """What each attempt ended with: the name of the error, or "opened"."""
    ways: dict[str, Callable[[], object]] = {
        "open": truth.read_bytes, "list": lambda: list(truth.parent.iterdir()), "arrow": lambda: pq.read_table(truth),
        "dataset": lambda: pyarrow.dataset.dataset(truth).to_table(), "map": lambda: pa.memory_map(str(truth)),
        "numpy": lambda: np.fromfile(truth, np.uint8), "write": lambda: truth.write_bytes(b""),
    }  # fmt: skip
    found = {}
    for name, way in ways.items():
        try:
            way()
        except OSError as problem:
            found[name] = type(problem).__name__
        else:
            found[name] = "opened"
    return found


def main(events_folder: Path, out: Path, truth: Path) -> None:
    """Lock in, run, try, tell."""
    lock_in(events_folder, out)
    modules = import_engines()
    table = pq.read_table(events_folder)
    events = np.stack([table[name].to_numpy() for name in LIVE_SCHEMA.columns], axis=1)
    told = learn_and_judge(np.ascontiguousarray(events))
    told |= {"modules": modules, "of_the_city": [name for name in sys.modules if name.startswith("honghua.sim")]}
    told["truth"] = try_to_open(truth)
    (out / "told.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
