"""Fitting and scoring of any table: fold the events through the sensor in blocks, keep what training needs, bounded in memory."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.app.replay_map import TableMap
from honghua.app.tables.table import EventTable, TableSpec, build_events, describe_table, open_table
from honghua.base.errors import BadInput, IntegrityBroken
from honghua.base.rng import derive_rng
from honghua.features.core import EventKind
from honghua.fraud.api import FitSettings, FraudModel, RiskSensor, Scores, SensorSize, fit_fraud
from honghua.fraud.core import Value, merge_labels, say

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
BLOCK: Final = 32_768
POSITIVES_MAX: Final = 150_000
VALUES_MAX: Final = 90_000_000  # of the training matrix: 360 MB
UNLABELLED_PART: Final = 0.2
ENTITIES_MAX: Final = 2_000_000
EDGES_MAX: Final = 8_000_000
KEYS_MAX: Final = 1_000_000
REASONS_SAID: Final = 4
SCORE_BLOCK: Final = 100_000
GAPS_OF_SILENCE: Final = 20


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


def fit_table(path: Path, table_map: TableMap, *, label: str, until: str, out: Path, seed: int) -> dict[str, Any]:
    """Fit on the rows with time ≤ until whose labels have arrived by then; write model, table description and sensor state."""
    raw = open_table(path, table_map, label=label, spec=None)
    spec, last_us = describe_table(raw, table_map, until=until)
    table = build_events(raw, spec, table_map)
    assert table.labels is not None
    rows = int(np.searchsorted(table.events[:, 0], last_us, side="right"))
    events, arrives = table.events[:rows], table.arrives_us[:rows]
    labels = np.where(arrives <= last_us, table.labels[:rows], -1)
    if not (labels == 1).any():
        raise BadInput(
            f"no fraud among the {rows:,} rows up to {until} whose labels have arrived: nothing can be learnt from",
            code="NO_FRAUD",
        )
    if not (labels == 0).any():
        raise BadInput(f"no row up to {until} is known as no fraud: nothing to compare with", code="NO_CLEAR")
    sensor = RiskSensor(spec.plan, size=size_for(events, spec))
    kept, weight = choose_rows(labels, events[:, 1], len(sensor.names), seed)
    values = np.empty((len(kept), len(sensor.names)), np.float32)
    started = time.perf_counter()
    merged, source = merge_labels(events, labels, arrives)
    filled = 0
    for found, place in sense_blocks(sensor, merged, source):
        wanted = (
            kept[filled : filled + int(np.searchsorted(kept[filled:], place[-1], side="right"))]
            if len(place)
            else kept[:0]
        )
        values[filled : filled + len(wanted)] = found[np.searchsorted(place, wanted)]
        filled += len(wanted)
    sensed_s = time.perf_counter() - started
    settings = FitSettings(seed=seed, silence_days=silence_of(events, labels, arrives))
    fitted = fit_fraud(values, labels[kept], described=sensor.values, weight=weight, settings=settings)
    save_fit(out, fitted.model, table, sensor, (rows, last_us))
    return {
        "rows": rows, "labelled": int((labels >= 0).sum()), "positives": int((labels == 1).sum()), "features": len(sensor.names),
        "valid": dict(fitted.valid), "trained_on": len(kept), "trees": dict(fitted.rounds), "entities": list(spec.entities),
        "sensed_per_s": round(len(merged) / max(sensed_s, 1e-9)), "digest": fitted.model.digest.hex(), "sensor": sensor.counters(),
        "delay_days": spec.delay_us / 86_400_000_000, "notices": list(table.notices),
    }  # fmt: skip


def sense_blocks(sensor: RiskSensor, merged: Ints, source: Ints) -> Iterator[tuple[Floats, Ints]]:
    """Values of the events (not of the labels) of each block, and their rows."""
    for start in range(0, len(merged), BLOCK):
        values = sensor.sense(merged[start : start + BLOCK])
        is_event = source[start : start + BLOCK] >= 0
        yield values[is_event], source[start : start + BLOCK][is_event]


def size_for(events: Ints, spec: TableSpec) -> SensorSize:
    """Bounds of memory for a table: all that it holds, so that nothing is forgotten, up to bounds that are the same for all tables."""
    schema = spec.schema
    distinct = [len(np.unique(events[:, schema.place(entity)])) for entity in spec.entities]
    ties = sum(entity in ("merchant", "device", "address", "payee") for entity in spec.entities)
    return SensorSize(
        entities=int(np.clip(2 * sum(distinct), 10_000, ENTITIES_MAX)),
        nodes=int(np.clip(2 * sum(distinct), 10_000, ENTITIES_MAX)),
        edges=int(np.clip(1.2 * len(events) * ties, 50_000, EDGES_MAX)),
        keys=int(np.clip(len(events) + 1, 10_000, KEYS_MAX)),
    )


def choose_rows(labels: NDArray[Any], kinds: Ints, width: int, seed: int) -> tuple[Ints, NDArray[np.float64]]:
    """Rows to train on, rising, and how many each stands for: all frauds, as many others as memory holds, some without a label."""
    rng = derive_rng(seed, "fraud rows")
    scored = np.isin(kinds, (EventKind.PURCHASE, EventKind.TRANSFER))
    room = VALUES_MAX // width
    chosen: list[Ints] = []
    weights: list[NDArray[np.float64]] = []
    for value, most in ((1, min(POSITIVES_MAX, room // 2)), (0, room // 2), (-1, int(room * UNLABELLED_PART))):
        rows = np.flatnonzero(scored & (labels == value))
        kept = rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))
        chosen.append(kept)
        weights.append(np.full(len(kept), len(rows) / max(len(kept), 1)))
    rows = np.concatenate(chosen)
    order = np.argsort(rows, kind="stable")
    return rows[order], np.concatenate(weights)[order]


def silence_of(events: Ints, labels: NDArray[Any], arrives: Ints) -> float:
    """After how many days without any label arriving the knowledge of labels is stale: many times the usual gap, a day at least."""
    told = np.unique(arrives[labels >= 0])
    gaps = np.diff(told)
    usual = float(np.quantile(gaps, 0.99)) if len(gaps) else 0.0
    return max(GAPS_OF_SILENCE * usual / 86_400_000_000, 1.0)


def save_fit(out: Path, model: FraudModel, table: EventTable, sensor: RiskSensor, end: tuple[int, int]) -> None:
    """Model, table description, state at `until`, and the labels that were still to arrive (they may be used from then on)."""
    rows, last_us = end
    model.save(out / "model")
    sensor.save(out / "state")
    assert table.labels is not None
    waiting = (table.labels[:rows] >= 0) & (table.arrives_us[:rows] > last_us)
    np.savez(
        out / "waiting.npz", events=table.events[:rows][waiting], labels=table.labels[:rows][waiting],
        arrives=table.arrives_us[:rows][waiting],
    )  # fmt: skip
    table.spec.save(out / "table.json")
    (out / "until.json").write_text(json.dumps({"until_us": last_us, "rows": rows}) + "\n")


def score_table(folder: Path, path: Path, table_map: TableMap) -> ScoreTable:
    """Score every row of a table with a fitted model. A row's score depends on rows before it and on labels arrived before it."""
    try:
        until_us = int(json.loads((folder / "until.json").read_text())["until_us"])
    except (OSError, ValueError, KeyError) as error:
        raise IntegrityBroken(f"{folder} holds no fitted fraud model") from error
    spec, model = TableSpec.load(folder / "table.json"), FraudModel.load(folder / "model")
    table = build_events(open_table(path, table_map, label=None, spec=spec), spec, table_map)
    continued = int(table.events[0, 0]) > until_us
    labels = table.labels if table.labels is not None else np.full(len(table), -1, np.int8)
    merged, source = merge_labels(table.events, labels, table.arrives_us)
    sensor = (
        RiskSensor.load(folder / "state", spec.plan)
        if continued
        else RiskSensor(spec.plan, size=size_for(table.events, spec))
    )
    if continued:
        merged, source = add_waiting(folder, merged, source)
    n = len(table)
    result = ScoreTable(
        table.ids, np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.full((n, REASONS_SAID), -1, np.int32),
        np.full((n, REASONS_SAID), np.nan, np.float32), model.values,
    )  # fmt: skip
    started, fresh = time.perf_counter(), 0
    for values, rows in sense_blocks(sensor, merged, source):
        scores = model.score(values)
        fresh += int(scores.with_labels.sum())
        place_scores(result, scores, values, table.place[rows])
    elsewhere = ~np.isin(table.events[:, 1], (EventKind.PURCHASE, EventKind.TRANSFER))
    for column in (result.fused, result.crowd, result.rhythm, result.merchant):
        column[table.place[elsewhere]] = np.nan
    result.reasons[table.place[elsewhere]] = -1
    seconds = time.perf_counter() - started
    result.facts = {
        "rows": n, "seconds": round(seconds, 3), "events_per_s": round(n / max(seconds, 1e-9)),
        "state": "continued from the end of fitting" if continued else "folded from the start of the file",
        "labels": "not in the file" if table.labels is None else "in the file: used from their arrival on",
        "rows_scored_with_labels": fresh,
        "rows_scored_without_labels": n - fresh, "sensor": sensor.counters(),
        "digest": model.digest.hex(), "notices": list(table.notices),
    }  # fmt: skip
    return result


def add_waiting(folder: Path, merged: Ints, source: Ints) -> tuple[Ints, Ints]:
    """Labels of fitted rows that were still to arrive join the stream at their time."""
    with np.load(folder / "waiting.npz") as waiting:
        told, about = merge_labels(waiting["events"], waiting["labels"], waiting["arrives"])
    told = told[about < 0]
    both = np.concatenate([merged, told])
    order = np.lexsort((np.concatenate([np.isin(merged[:, 1], (6, 7)), np.ones(len(told), np.bool_)]), both[:, 0]))
    return np.ascontiguousarray(both[order]), np.concatenate([source, np.full(len(told), -1)])[order]


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


__all__ = ["ScoreTable", "fit_table", "score_table", "write_scores"]
