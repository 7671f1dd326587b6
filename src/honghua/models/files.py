"""A model as a folder: the booster's text, and a small JSON file with names, calibration and the digest that both must give."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.models.core.calibration import Calibration, CalibrationKind
from honghua.models.core.drift import DriftMonitor, DriftReference
from honghua.models.core.forest import Forest
from honghua.models.core.model import Model, build_model

FORMAT: Final = 1
BOOSTER_FILE: Final = "booster.txt"
MODEL_FILE: Final = "model.json"


def save_model(model: Model, folder: Path | str) -> None:
    """Write the model into `folder`, which is made; model.json comes last, so a torn folder is not taken for a model."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    calibration = model.calibration
    told: dict[str, Any] = {
        "format": FORMAT,
        "digest": model.digest.hex(),
        "names": list(model.names),
        "calibration": {
            "kind": calibration.kind.name,
            # Hexadecimal floats: what is read is bit for bit what was written.
            "knots": [value.hex() for value in calibration.knots.tolist()],
            "values": [value.hex() for value in calibration.values.tolist()],
        },
    }
    write_atomically(place / BOOSTER_FILE, model.forest.text)
    write_atomically(place / MODEL_FILE, json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def load_model(folder: Path | str) -> Model:
    """The model of the folder; IntegrityBroken when it is not the one that was saved."""
    place = Path(folder)
    try:
        told = json.loads((place / MODEL_FILE).read_text(encoding="utf-8"))
        text = (place / BOOSTER_FILE).read_text(encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise BadInput(f"{place} holds no model: {problem}", code="BAD_MODEL") from problem
    if told.get("format") != FORMAT:
        raise BadInput(f"{place}: format {told.get('format')} is not known", code="BAD_MODEL")
    curve = told["calibration"]
    calibration = Calibration(
        CalibrationKind[curve["kind"]],
        np.array([float.fromhex(value) for value in curve["knots"]], np.float64),
        np.array([float.fromhex(value) for value in curve["values"]], np.float64),
    )
    model = build_model(Forest.from_text(text, names=told["names"]), calibration=calibration)
    if model.digest.hex() != told["digest"]:
        raise IntegrityBroken(f"{place}: the files do not give the digest {told['digest']}")
    return model


def pack_reference(reference: DriftReference) -> bytes:
    """What the fitting's values looked like, as the bytes of a file."""
    place = io.BytesIO()
    np.savez_compressed(
        place, allow_pickle=False, names=np.array(reference.names, np.str_), edges=reference.edges,
        counts=reference.counts, score=np.array([reference.score_mean, reference.score_sd]),
    )  # fmt: skip
    return place.getvalue()


def unpack_reference(data: bytes) -> DriftReference:
    """What `pack_reference` wrote; IntegrityBroken when it is something else."""
    try:
        with np.load(io.BytesIO(data)) as told:
            mean, sd = told["score"].tolist()
            return DriftReference(tuple(told["names"].tolist()), told["edges"], told["counts"], mean, sd)
    except (OSError, ValueError, KeyError) as problem:
        raise IntegrityBroken("these bytes hold no reference of drift") from problem


def pack_counts(monitor: DriftMonitor) -> bytes:
    """What a monitor has counted so far, as bytes; the reference is kept elsewhere."""
    place = io.BytesIO()
    np.savez_compressed(
        place, allow_pickle=False, counts=monitor.counts, present=monitor.present_at_us, changed=monitor.changed_at_us,
        last=monitor.last, sums=np.array([monitor.rows, monitor.score_sum]),
    )  # fmt: skip
    return place.getvalue()


def unpack_counts(reference: DriftReference, data: bytes) -> DriftMonitor:
    """A monitor that goes on where another stopped; IntegrityBroken when it counted against another reference."""
    monitor = DriftMonitor(reference)
    try:
        with np.load(io.BytesIO(data)) as told:
            counts, sums = told["counts"], told["sums"].tolist()
            ages = told["present"], told["changed"], told["last"]
    except (OSError, ValueError, KeyError) as problem:
        raise IntegrityBroken("these bytes hold no counts of drift") from problem
    if counts.shape != monitor.counts.shape:
        raise IntegrityBroken("these counts were made against another reference")
    monitor.counts, monitor.rows, monitor.score_sum = counts, int(sums[0]), float(sums[1])
    monitor.present_at_us, monitor.changed_at_us, monitor.last = ages
    return monitor


def write_atomically(path: Path, text: str) -> None:
    """All or nothing: a neighbour file is written and moved over."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8", newline="\n")
    os.replace(draft, path)
