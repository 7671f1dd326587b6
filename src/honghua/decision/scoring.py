"""Models that were kept with decisions, brought back: to be run in a replay, and to say in words what they saw."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import NotFound
from honghua.decision import store_judged
from honghua.decision.replaying import Scorer
from honghua.fraud.api import FraudModel

DETECTORS = ("crowd", "rhythm", "merchant")
CONTENTS = "fraud.json"  # the file that a kept fraud model always has


class KeptScorer:
    """A fraud model as replays and traces run it: from frozen signals to the scores that policies read."""

    __slots__ = ("model",)

    def __init__(self, model: FraudModel) -> None:
        self.model = model

    def score(self, signals: NDArray[np.float32]) -> Mapping[str, NDArray[np.float64]]:
        """signals float32[n, V] → float64[n] per score."""
        said = self.model.score(signals)
        return {"fused": said.fused, **{name: getattr(said, name) for name in DETECTORS}}

    def tell(self, signals: NDArray[np.float32]) -> tuple[str, ...]:
        """Each detector's score of one row with the value that surprised it most, then the fusion with its reasons."""
        said = self.model.score(signals)
        names, row = self.model.names, signals[0]
        lines = []
        for k, detector in enumerate(DETECTORS):
            worst = int(said.worst[0, k])
            why = f": {names[worst]} = {row[worst]:,.6g}" if worst >= 0 else ""
            lines.append(f"detector {detector} {getattr(said, detector)[0]:.4f}{why}")
        reasons = ", ".join(f"{names[k]} = {row[k]:,.6g}" for k in said.reasons[0].tolist() if k >= 0)
        return (*lines, f"fused {said.fused[0]:.4f}" + (f" because of {reasons}" if reasons else ""))


def find_scorer(files: Mapping[str, bytes]) -> Scorer | None:
    """The model of kept files, or None where they are no fraud model: a replay then judges on the frozen scores."""
    if CONTENTS not in files:
        return None
    with TemporaryDirectory() as place:
        write_files(files, Path(place))
        return KeptScorer(FraudModel.load(Path(place)))


def digest_files(files: Mapping[str, bytes]) -> bytes:
    """32 bytes that name a model by its files: their paths and contents."""
    said = hashlib.sha256()
    for path, content in sorted(files.items()):
        said.update(f"{path}\0{len(content)}\0".encode() + content)
    return said.digest()


def save_model(conn: psycopg.Connection, folder: Path, *, digest: bytes | None = None) -> bytes:
    """Keep a model's folder in the database under its digest (None: that of its files), so that replays need nothing else."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
    if not files:
        raise NotFound(f"{folder} holds no model", code="MODEL_UNKNOWN")
    name = digest_files(files) if digest is None else digest
    store_judged.save_model(conn, name, files)
    return name


def load_model(conn: psycopg.Connection, digest: bytes, folder: Path) -> None:
    """Write a kept model's files into a folder; NotFound when it is not kept."""
    files = store_judged.load_model(conn, digest)
    if not files:
        raise NotFound(f"model {digest.hex()[:16]} is not kept in this database", code="MODEL_UNKNOWN")
    write_files(files, folder)


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Kept files as a folder; paths stay inside it."""
    for path, content in files.items():
        place = (folder / path).resolve()
        assert place.is_relative_to(folder.resolve()), f"{path} leads out of the folder"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


__all__ = ["KeptScorer", "digest_files", "find_scorer", "load_model", "save_model", "write_files"]
