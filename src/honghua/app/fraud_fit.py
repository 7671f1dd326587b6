"""Fitting and scoring of any table: fold the events through the sensor in blocks, keep what training needs, bounded in memory."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.app.replay_map import TableMap
from honghua.app.tables.past import Past, Reach, as_dict, check_labels, choose_rows, find_reach, silence_of
from honghua.app.tables.stream import SCORED, Stream, Waiting, described, sense_blocks
from honghua.app.tables.table import EventTable, TableSpec, build_events, describe_table, open_table
from honghua.base.clock import DAY_US
from honghua.base.errors import IntegrityBroken
from honghua.fraud.api import (
    Chosen,
    FitSettings,
    FraudModel,
    RiskSensor,
    Scores,
    SensorSize,
    choose_for,
    examine,
    fit_fraud,
)
from honghua.fraud.core import Value, say

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
LOOK_ROWS: Final = 1_000_000  # at the end of a long table, that values are chosen on …
LOOK_FRAUDS: Final = 2_000  # … or more, until there are so many frauds
COLD_PART: Final = 0.2  # of these pass before one is used: windows and graph are empty
ENTITIES_MAX: Final = 2_000_000
NODES_MIN: Final = 200_000
EDGES_MIN, EDGES_MAX = 1_000_000, 8_000_000
AHEAD: Final = 4
CONTENTS: Final = "until.json"
KEYS_MAX: Final = 1_000_000
KEYS_BYTES: Final = 2_500_000_000  # of all groups of windows together …
KEY_BYTES: Final = 600  # … at so many for a key
REASONS_SAID: Final = 4
SCORE_BLOCK: Final = 100_000


@dataclass(slots=True, eq=False)
class ScoreTable:
    """Scores in the file's order; reasons int32[n, 4] columns and float32[n, 4] values, −1 = none."""

    ids: pa.Array
    fused: NDArray[np.float64]
    crowd: NDArray[np.float64]
    rhythm: NDArray[np.float64]
    merchant: NDArray[np.float64]
    reasons: NDArray[np.int32]
    said: Floats
    values: tuple[Value, ...]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Phases:
    """What each phase of a fit took, told on stderr as it ends."""

    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def end(self, name: str) -> None:
        """The phase that ends now."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self.began, 2)
        self.began = now
        print(f"honghua: {name}: {self.seconds[name]:,.1f} s", file=sys.stderr)


def fit_table(path: Path, table_map: TableMap, *, label: str, until: str, out: Path, seed: int) -> dict[str, Any]:
    """Fit on the rows with time ≤ until whose labels have arrived by then; write model, table description and sensor state.

    Two passes: the first senses everything there is to sense and chooses what tells on this table; the second senses only that, of as many
    more rows as the memory then holds, and leaves the state from which scoring goes on.
    """
    phases = Phases()
    table, last_us = read_for_fit(path, table_map, label=label, until=until)
    phases.end("read")
    past, reach = read_past(table, last_us, until)
    size = size_for(past.events, table.spec)
    unreported = float(table_map.labels.get("unreported", 0.0))
    settings = FitSettings(seed=seed, silence_days=silence_of(past), unreported=unreported)
    settings = replace(settings, chosen=choose(table, past, reach, size, settings))
    assert settings.chosen is not None
    phases.end("choose values")
    sensed = len(table.spec.plan.names) + len(table.spec.extras)
    table = table.reading(settings.chosen.names)
    sensor = RiskSensor(table.spec.plan, size=size)
    kept, weight, values = gather(sensor, table.extras, past, reach, seed)
    told, counters = described(sensor, table), sensor.counters()
    save_past(out, table, sensor, last_us, reach)
    del sensor  # training wants the memory
    phases.end("sense")
    labels = past.labels[kept]
    fitted = fit_fraud(values, labels, described=told, weight=weight, settings=settings)
    phases.end("fit")
    examination = examine(fitted, values, labels, described=told, weight=weight, at_us=past.events[kept, 0])
    fitted.model.save(out / "model")
    examination.save(out / "model")
    phases.end("examine")
    contents = {
        "until_us": last_us,
        "told_us": reach.told_us,
        "rows": len(past.events),
        "events": digest_of(past.events),
        "size": asdict(size),
    }
    (out / CONTENTS).write_text(json.dumps(contents) + "\n")
    return {
        "rows": len(past.events), "labelled": int((past.labels >= 0).sum()), "positives": int((past.labels == 1).sum()),
        "features": sensed, "features_read": len(told), "valid": dict(fitted.valid), "trained_on": len(kept), "trees": dict(fitted.rounds),
        "entities": list(table.spec.entities), "digest": fitted.model.digest.hex(), "sensor": counters,
        "delay_days": table.spec.delay_us / DAY_US, "labels_end": as_dict(reach, last_us), "phases": phases.seconds,
        "battery": {"passed": examination.passed, "problems": list(examination.problems)},
        "notices": [*table.notices, *([reach.why] if reach.why else [])],
    }  # fmt: skip


def read_past(table: EventTable, last_us: int, until: str) -> tuple[Past, Reach]:
    """What was known at last_us, and how far its labels reach."""
    assert table.labels is not None
    rows = int(np.searchsorted(table.events[:, 0], last_us, side="right"))
    arrived = np.where(table.arrives_us[:rows] <= last_us, table.labels[:rows], np.int8(-1))
    check_labels(table.labels, arrived, until)
    past = Past(table.events[:rows], arrived, table.arrives_us[:rows])
    reach = find_reach(past, last_us)
    return past.up_to(reach.told_us), reach


def choose(table: EventTable, past: Past, reach: Reach, size: SensorSize, settings: FitSettings) -> Chosen:
    """What a model of this table should read, of all that can be sensed; a long table is looked at in its later part."""
    frauds = np.flatnonzero(past.labels == 1)
    first = max(0, len(past.labels) - LOOK_ROWS)
    if first and len(frauds) > LOOK_FRAUDS:
        first = min(first, int(frauds[-LOOK_FRAUDS]))
    elif first:
        first = 0
    some = past.since(first)
    sensor = RiskSensor(table.spec.plan, size=size)
    kept, weight, values = gather(
        sensor, table.extras[first:], some, reach, settings.seed, cold=round(COLD_PART * len(some.labels)) if first else 0
    )  # fmt: skip
    return choose_for(values, some.labels[kept], described=described(sensor, table), weight=weight, settings=settings)


def gather(
    sensor: RiskSensor, extras: Floats, past: Past, reach: Reach, seed: int, *, cold: int = 0
) -> tuple[Ints, NDArray[np.float64], Floats]:
    """Sense the whole past in order and keep the values of rows to train on, none of the first `cold`: rows, weights, values."""
    width = len(sensor.names) + extras.shape[1]
    kept, weight = choose_rows(past.up_to(reach.taught_us), width, seed)
    kept, weight = kept[kept >= cold], weight[kept >= cold]
    values = np.empty((len(kept), width), np.float32)
    filled = 0
    for found, place in sense_blocks(sensor, Stream.of(past.events, past.labels, past.arrives_us), extras):
        end = filled + int(np.searchsorted(kept[filled:], place[-1], side="right")) if len(place) else filled
        values[filled:end] = found[np.searchsorted(place, kept[filled:end])]
        filled = end
    return kept, weight, values


def read_for_fit(path: Path, table_map: TableMap, *, label: str, until: str) -> tuple[EventTable, int]:
    """The table as events, its columns as read no longer in memory; `until` in the events' microseconds."""
    raw = open_table(path, table_map, label=label, spec=None)
    spec, last_us = describe_table(raw, table_map, until=until)
    return build_events(raw, spec, table_map), last_us


def size_for(events: Ints, spec: TableSpec) -> SensorSize:
    """Bounds of memory, fixed by the fitted rows and kept for every scoring: several times what they hold, for what comes after them.

    What grows as it is used is bounded alike for all tables; the graph takes its room at once.
    """
    schema = spec.schema
    distinct = sum(len(np.unique(events[:, schema.place(entity)])) for entity in spec.entities)
    ties = sum(entity in ("merchant", "device", "address", "payee") for entity in spec.entities)
    room = KEYS_BYTES // (KEY_BYTES * len(spec.plan.feature_set.plan.keys))
    return SensorSize(
        entities=ENTITIES_MAX,
        nodes=int(np.clip(AHEAD * distinct, NODES_MIN, ENTITIES_MAX)),
        edges=int(np.clip(AHEAD * len(events) * ties, EDGES_MIN, EDGES_MAX)),
        keys=min(KEYS_MAX, room),
    )


def save_past(out: Path, table: EventTable, sensor: RiskSensor, last_us: int, reach: Reach) -> None:
    """Table description, state at `until`, and labels of the fitted rows, for a file that lacks them and for what comes later."""
    out.mkdir(parents=True, exist_ok=True)
    (out / CONTENTS).unlink(missing_ok=True)  # written last: a folder cut short holds no model
    sensor.save(out / "state")
    assert table.labels is not None
    rows = int(np.searchsorted(table.events[:, 0], last_us, side="right"))
    labels = trusted(table.labels, table.events[:, 0], (reach.told_us, last_us))[:rows]
    waiting = (labels >= 0) & (table.arrives_us[:rows] > last_us)
    np.savez_compressed(
        out / "labels.npz", labels=labels, arrives=table.arrives_us[:rows], waiting=np.flatnonzero(waiting),
        events=table.events[:rows][waiting],
    )  # fmt: skip
    table.spec.save(out / "table.json")


def trusted(labels: NDArray[np.int8], at_us: Ints, untold_us: tuple[int, int]) -> NDArray[np.int8]:
    """The labels; of rows between these two times, that nobody has told a fraud says nothing."""
    untold = (labels == 0) & (at_us > untold_us[0]) & (at_us <= untold_us[1])
    return np.where(untold, np.int8(-1), labels)


def digest_of(events: Ints) -> str:
    """sha256 of a table of events."""
    found = sha256()
    for start in range(0, len(events), SCORE_BLOCK):
        found.update(events[start : start + SCORE_BLOCK].tobytes())
    return found.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """All that scores one table: the model, and the sensor and stream from where they begin."""

    model: FraudModel
    table: EventTable
    sensor: RiskSensor
    stream: Stream
    state: str
    labels: str
    notices: tuple[str, ...]


def open_scorer(folder: Path, path: Path, table_map: TableMap) -> Scorer:
    """The table, to be scored from the saved state or from the start.

    A table that begins after the fitting time goes on from the saved state; one that holds the fitted rows is folded from its start, with
    the labels of the fit where it has none of its own.
    """
    try:
        told = json.loads((folder / CONTENTS).read_text())
        until_us, fitted, size = int(told["until_us"]), int(told["rows"]), SensorSize(**told["size"])
        told_us = int(told["told_us"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IntegrityBroken(f"{folder} holds no fitted fraud model") from error
    spec, model = TableSpec.load(folder / "table.json"), FraudModel.load(folder / "model")
    table = build_events(open_table(path, table_map, label=None, spec=spec), spec, table_map)
    notices = list(table.notices)
    past = int(np.searchsorted(table.events[:, 0], until_us, side="right"))
    labels = np.full(len(table), -1, np.int8)
    if table.labels is not None:
        labels = trusted(table.labels, table.events[:, 0], (told_us, until_us))
    arrives, source = (
        table.arrives_us,
        "not in the file" if table.labels is None else "in the file: used from their arrival on",
    )
    continued = int(table.events[0, 0]) >= until_us and past < fitted
    waiting = None
    sensor = RiskSensor.load(folder / "state", spec.plan) if continued else RiskSensor(spec.plan, size=size)
    with np.load(folder / "labels.npz") as known:
        if continued:
            late = known["waiting"]
            waiting = Waiting(known["events"], known["labels"][late], known["arrives"][late])
        elif table.labels is None and past == fitted and digest_of(table.events[:past]) == told.get("events"):
            labels[:past], arrives = known["labels"], np.concatenate([known["arrives"], arrives[past:]])
            source = "not in the file: those of the fit, from their arrival on"
        elif past < fitted:
            text = f"the file has {past:,} of the {fitted:,} rows that were fitted on: what it lacks is not known while scoring."
            notices.append(f"{text} Give all rows, or only rows after the fit, to which the saved state goes on")
    stream = Stream.of(table.events, labels, arrives, waiting=waiting)
    state = "continued from the end of fitting" if continued else "folded from the start of the file"
    return Scorer(model, table, sensor, stream, state, source, tuple(notices))


def score_table(folder: Path, path: Path, table_map: TableMap) -> ScoreTable:
    """Score every row of a table with a fitted model. A row's score depends on rows before it and on labels arrived before it."""
    scorer = open_scorer(folder, path, table_map)
    table, model, n = scorer.table, scorer.model, len(scorer.table)
    result = ScoreTable(
        table.ids, np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.full((n, REASONS_SAID), -1, np.int32),
        np.full((n, REASONS_SAID), np.nan, np.float32), model.values,
    )  # fmt: skip
    started, fresh = time.perf_counter(), 0
    for values, rows in sense_blocks(scorer.sensor, scorer.stream, table.extras):
        scores = model.score(values)
        fresh += int(scores.with_labels.sum())
        place_scores(result, scores, values, table.place[rows])
    elsewhere = ~np.isin(table.events[:, 1], SCORED)
    for column in (result.fused, result.crowd, result.rhythm, result.merchant):
        column[table.place[elsewhere]] = np.nan
    result.reasons[table.place[elsewhere]] = -1
    seconds = time.perf_counter() - started
    result.facts = {
        "rows": n, "seconds": round(seconds, 3), "events_per_s": round(n / max(seconds, 1e-9)), "state": scorer.state,
        "labels": scorer.labels, "rows_scored_with_labels": fresh, "rows_scored_without_labels": n - fresh,
        "sensor": scorer.sensor.counters(), "digest": model.digest.hex(), "notices": list(scorer.notices),
    }  # fmt: skip
    return result


def place_scores(result: ScoreTable, scores: Scores, values: Floats, rows: Ints) -> None:
    """Into the rows of the file."""
    result.fused[rows], result.crowd[rows] = scores.fused, scores.crowd
    result.rhythm[rows], result.merchant[rows] = scores.rhythm, scores.merchant
    result.reasons[rows] = scores.reasons[:, :REASONS_SAID]
    known = scores.reasons[:, :REASONS_SAID] >= 0
    picked = np.take_along_axis(values, np.maximum(scores.reasons[:, :REASONS_SAID], 0), axis=1)
    result.said[rows] = np.where(known, picked, np.nan)


def write_scores(result: ScoreTable, path: Path) -> None:
    """One row per event in the file's order: id, score, crowd, rhythm, merchant, reasons (list of texts, the strongest first)."""
    words = [say(value.name) for value in result.values]
    columns = {"score": result.fused, "crowd": result.crowd, "rhythm": result.rhythm, "merchant": result.merchant}
    reasons_type = pa.list_(pa.string())
    schema = pa.schema(
        [("id", result.ids.type), *((name, pa.float64()) for name in columns), ("reasons", reasons_type)]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, len(result.fused), SCORE_BLOCK):
            part = slice(start, start + SCORE_BLOCK)
            said = [
                [f"{words[c]}: {v:.4g}" for c, v in zip(cs, vs, strict=True) if c >= 0]
                for cs, vs in zip(result.reasons[part].tolist(), result.said[part].tolist(), strict=True)
            ]
            arrays = [result.ids[part], *(pa.array(column[part], from_pandas=True) for column in columns.values())]
            writer.write_table(pa.table([*arrays, pa.array(said, reasons_type)], schema=schema))


__all__ = ["ScoreTable", "Scorer", "fit_table", "open_scorer", "score_table", "size_for", "write_scores"]
