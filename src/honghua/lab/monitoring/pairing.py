"""The two models of a refit: a forest on the window that ranks best, and a scorecard on the same rows, which people can read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.models.api import Model, Subject, forest_subject, load_model, measure_reference, pack_reference, save_model
from honghua.models.examining.api import scorecard_subject
from honghua.models.registry.api import DRIFT_FILE
from honghua.models.scorecard.api import CardSettings, Field, Scorecard, fit_scorecard, load_card, save_card

T = TypeVar("T")

FOREST: Final = "forest"
SCORECARD: Final = "scorecard"
KINDS: Final = (SCORECARD, FOREST)  # what can hold a seat and be refitted; the first is the one that people read


@dataclass(frozen=True, slots=True, eq=False)
class Refitted:
    """A model as the battery sees it, with the files that the register keeps, the drift reference among them."""

    kind: str
    subject: Subject
    files: Mapping[str, bytes]


def keep_forest(model: Model, x: NDArray[np.float32]) -> Refitted:
    """x float32[n, F]: the rows that it was fitted on, for the drift reference."""
    return _keep(FOREST, forest_subject(model), pack_forest(model), x)


def refit_card(
    x: NDArray[np.float32], ones: NDArray[np.bool_], columns: tuple[str, ...], monotone: Mapping[str, int]
) -> Refitted:
    """A scorecard of rows float32[n, F] in the forest's columns, with the same promised directions."""
    fields = [Field(name, direction=int(monotone.get(name, 0))) for name in columns]
    card = fit_scorecard(x, ones.astype(np.float64), fields, CardSettings())
    return _keep(SCORECARD, scorecard_subject(card), pack_card(card), x)


def _keep(kind: str, subject: Subject, files: Mapping[str, bytes], x: NDArray[np.float32]) -> Refitted:
    reference = measure_reference(x, subject.predict(x), names=subject.names)
    return Refitted(kind, subject, {**files, DRIFT_FILE: pack_reference(reference)})


def load_refitted(kind: str, files: Mapping[str, bytes]) -> Refitted:
    """A model out of its files; BadInput for a kind that is not refitted here."""
    if kind not in KINDS:
        raise BadInput(f"a model of kind {kind!r} is not one that is fitted here", code="BAD_MODEL")
    subject = forest_subject(load_forest(files)) if kind == FOREST else scorecard_subject(_in_folder(files, load_card))
    return Refitted(kind, subject, dict(files))


def pack_forest(model: Model) -> dict[str, bytes]:
    """The files of a forest, path → bytes."""
    with tempfile.TemporaryDirectory() as place:
        save_model(model, place)
        return {path.name: path.read_bytes() for path in sorted(Path(place).iterdir())}


def load_forest(files: Mapping[str, bytes]) -> Model:
    """The forest among a version's files."""
    return _in_folder(files, load_model)


def pack_card(card: Scorecard) -> dict[str, bytes]:
    """The files of a scorecard, path → bytes."""
    with tempfile.TemporaryDirectory() as place:
        save_card(card, place)
        return {path.name: path.read_bytes() for path in sorted(Path(place).iterdir())}


def _in_folder(files: Mapping[str, bytes], load: Callable[[str], T]) -> T:
    with tempfile.TemporaryDirectory() as place:
        for path, content in files.items():
            (Path(place) / Path(path).name).write_bytes(content)
        return load(place)


__all__ = [
    "FOREST", "KINDS", "SCORECARD", "Refitted", "keep_forest", "load_forest", "load_refitted", "pack_card", "pack_forest", "refit_card",
]  # fmt: skip
