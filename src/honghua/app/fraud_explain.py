"""Why one event scores as it does: values in words, and the exact events behind each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from honghua.app.fraud_fit import open_scorer
from honghua.app.replay_map import TableMap
from honghua.app.tables.file import as_texts
from honghua.app.tables.stream import sense_blocks
from honghua.base.errors import NotFound
from honghua.fraud.core import DETECTORS, Value, find_evidence, say


def explain_event(folder: Path, path: Path, table_map: TableMap, *, event_id: str) -> dict[str, Any]:
    """Fold the table up to the event and tell its scores, reasons and edges (ids of events). NotFound without such an id."""
    scorer = open_scorer(folder, path, table_map)
    table, model = scorer.table, scorer.model
    ids = as_texts(table.ids)
    place = pc.index(ids, event_id).as_py()
    if place < 0:
        raise NotFound(f"no event has the id {event_id}")
    row = int(np.flatnonzero(table.place == place)[0])
    values = np.empty((0, len(model.values)), np.float32)
    for found, rows in sense_blocks(scorer.sensor, scorer.stream, table.extras):
        if row in rows:
            values = found[rows == row]
            break
    scores = model.score(values)

    def told(column: int) -> dict[str, Any]:
        value: Value = model.values[column]
        edges = find_evidence(table.events, row, value, table.spec.schema)
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
        "reasons": [told(int(c)) for c in scores.reasons[0] if c >= 0], "notices": list(scorer.notices),
    }  # fmt: skip


__all__ = ["explain_event"]
