"""A model as a folder: the booster's text, and a small JSON file with names, calibration and the digest that both must give."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.models.core.calibration import Calibration, CalibrationKind
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


def write_atomically(path: Path, text: str) -> None:
    """All or nothing: a neighbour file is written and moved over."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(text, encoding="utf-8", newline="\n")
    os.replace(draft, path)
