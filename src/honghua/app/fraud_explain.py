"""Why one event scores as it does: values in words, and the exact events behind each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from honghua.app.fraud_fit import add_waiting, sense_blocks, size_for
from honghua.app.replay_map import TableMap
from honghua.app.tables.file import as_texts
from honghua.app.tables.table import TableSpec, build_events, open_table
from honghua.base.errors import NotFound
from honghua.fraud.api import FraudModel, RiskSensor
from honghua.fraud.core import DETECTORS, Value, find_evidence, merge_labels, say


def explain_event(folder: Path, path: Path, table_map: TableMap, *, event_id: str) -> dict[str, Any]:
    """Fold the table up to the event and tell its scores, reasons and edges (ids of events). NotFound without such an id."""
    spec, model = TableSpec.load(folder / "table.json"), FraudModel.load(folder / "model")
    table = build_events(open_table(path, table_map, label=None, spec=spec), spec, table_map)
    ids = as_texts(table.ids)
    place = pc.index(ids, event_id).as_py()
    if place < 0:
        raise NotFound(f"no event has the id {event_id}")
    row = int(np.flatnonzero(table.place == place)[0])
    events = table.events[: row + 1]
    labels = table.labels[: row + 1] if table.labels is not None else np.full(row + 1, -1, np.int8)
    merged, source = merge_labels(events, labels, table.arrives_us[: row + 1])
    continued = int(events[0, 0]) > int(json.loads((folder / "until.json").read_text())["until_us"])
    sensor = (
        RiskSensor.load(folder / "state", spec.plan)
        if continued
        else RiskSensor(spec.plan, size=size_for(table.events, spec))
    )
    if continued:
        merged, source = add_waiting(folder, merged, source)
    values = np.empty((0, len(sensor.names)), np.float32)
    for found, rows in sense_blocks(sensor, merged, source):
        if row in rows:
            values = found[rows == row]
    scores = model.score(values)

    def told(column: int) -> dict[str, Any]:
        value: Value = model.values[column]
        edges = find_evidence(events, row, value, spec.schema)
        return {
            "value": value.name, "words": say(value.name), "is": float(values[0, column]), "family": value.family.value,
            "edges": [ids[int(k)].as_py() for k in table.place[edges]],
        }  # fmt: skip

    detectors = {
        family.value: {
            "score": float(getattr(scores, family.value)[0]), "surprise": float(scores.surprise[0, k]),
            "evidence": [told(int(c)) for c in scores.worst[0, k : k + 1] if c >= 0],
        }
        for k, family in enumerate(DETECTORS)
    }  # fmt: skip
    return {
        "id": event_id, "score": float(scores.fused[0]), "with_labels": bool(scores.with_labels[0]), "detectors": detectors,
        "reasons": [told(int(c)) for c in scores.reasons[0] if c >= 0], "notices": list(table.notices),
    }  # fmt: skip


__all__ = ["explain_event"]
