"""Models that fill the slot `credit`, kept with decisions: written by whoever releases one, run by engines, replays and explanations.

Such a model is a folder of files as `models.api.save_model` writes them (a scorecard is compiled to trees before it is kept), with one
more that says what it is. It is kept, examined and answered for as every model that judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.decision import store_judged
from honghua.decision.core.slots.placing import CREDIT, PlacedSlot, find_unread, place_slot
from honghua.decision.kept_models import read_model_files, write_files
from honghua.fraud.api import BATTERY
from honghua.models.api import Model, load_model, save_model

SLOT_FILE: Final = "slot.json"
FOLDER: Final = "slot"  # of the model's own files, so that no other kind of model is taken for one
PART_LEAST: Final = 5e-5  # of log-odds: a smaller part is no reason


class SlotWord(msgspec.Struct, frozen=True, kw_only=True):
    """What a kept model of a slot says of itself. kind: scorecard or forest. says: of whom the chance is. source: the run that made it.

    scale: (points to double, score at the base, odds of the base) of a scorecard's points; None where it has none.
    """

    kind: str
    says: str
    source: str
    digest: str
    slot: str = CREDIT
    scale: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SlotModel:
    """A model of the slot, ready to score."""

    word: SlotWord
    model: Model

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it reads: inputs and signals of an engine by their names."""
        return self.model.names

    def place(self, inputs: tuple[str, ...], signals: tuple[str, ...]) -> PlacedSlot | None:
        """It on a layout; None where that lacks a column that it reads."""
        return place_slot(self.names, self.model.predict, inputs=inputs, signals=signals)

    def tell(self, row: NDArray[np.float32]) -> str:
        """Its word on one row float32[1, R], with the columns that raised the chance most and by how much."""
        said = self.model.predict_explained(row)
        chance = float(said.probability[0])
        reasons = [
            f"{self.names[k]} = {row[0, k]:,.6g} ({self._worth(part)})"
            for k, part in zip(said.reasons[0].tolist(), said.parts[0].tolist(), strict=True)
            if k >= 0 and part >= PART_LEAST
        ]
        why = f" because of {', '.join(reasons)}" if reasons else ""
        return f"{self.word.slot} {chance:.4f} by a {self.word.kind}{self._points(chance)}{why}"

    def _points(self, chance: float) -> str:
        if self.word.scale is None or not 0.0 < chance < 1.0:
            return ""
        to_double, base, odds = self.word.scale
        factor = to_double / np.log(2.0)
        return f", {base - factor * (np.log(chance / (1.0 - chance)) + np.log(odds)):.0f} points"

    def _worth(self, part: float) -> str:
        slope = float(self.model.calibration.knots[0]) if len(self.model.calibration.knots) else 1.0
        if self.word.scale is None:
            return f"{slope * part:+.2f} of log-odds"
        return f"{-self.word.scale[0] / np.log(2.0) * slope * part:+.1f} points"


def keep_slot_model(
    conn: psycopg.Connection, made: SlotModel, *, battery: Mapping[str, object], beside: Mapping[str, bytes]
) -> bytes:
    """Keep a model of the slot with its examination, in the caller's transaction; its digest. BadInput where the word, the examination and
    the model are not of each other.

    battery: digest (hex), passed, problems, as every kept examination tells. beside: further files, the engine's plan above all.
    """
    digest = made.model.digest
    if made.word.digest != digest.hex() or battery.get("digest") != digest.hex():
        raise BadInput("word, examination and model are not of each other", code="BAD_SLOT_MODEL")
    with TemporaryDirectory() as place:
        folder = Path(place) / FOLDER
        save_model(made.model, folder)
        files = {f"{FOLDER}/{path.name}": path.read_bytes() for path in sorted(folder.iterdir())}
    told = {SLOT_FILE: msgspec.json.encode(made.word), BATTERY: msgspec.json.encode(dict(battery))}
    store_judged.save_model(conn, digest, {**files, **told, **beside})
    return digest


def find_slot_model(files: Mapping[str, bytes]) -> SlotModel | None:
    """The model of kept files; None where they are none of a slot. IntegrityBroken where they are not what was kept."""
    if SLOT_FILE not in files:
        return None
    word = msgspec.json.decode(files[SLOT_FILE], type=SlotWord)
    with TemporaryDirectory() as place:
        write_files({path: content for path, content in files.items() if path.startswith(f"{FOLDER}/")}, Path(place))
        model = load_model(Path(place) / FOLDER)
    if model.digest.hex() != word.digest:
        raise IntegrityBroken(f"the files of model {word.digest[:16]} are another model's")
    return SlotModel(word, model)


def get_slot_model(conn: psycopg.Connection, digest: bytes) -> SlotModel:
    """A kept model of the slot; NotFound when it is not kept, BadInput when it is of another kind."""
    found = find_slot_model(read_model_files(conn, digest))
    if found is None:
        raise BadInput(f"model {digest.hex()[:16]} fills no slot {CREDIT}", code="NO_SLOT_MODEL")
    return found


def find_ungiven(conn: psycopg.Connection, digest: bytes) -> tuple[str, ...]:
    """Columns that a kept model of the slot reads and the engine which ran last does not give; none where none ever ran."""
    inputs, signals = store_judged.find_inputs(conn), store_judged.find_signals(conn)
    if not inputs:
        return ()
    return find_unread(get_slot_model(conn, digest).names, inputs=tuple(inputs), signals=signals)


__all__ = [
    "SLOT_FILE",
    "SlotModel",
    "SlotWord",
    "find_slot_model",
    "find_ungiven",
    "get_slot_model",
    "keep_slot_model",
]
