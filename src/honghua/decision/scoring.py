"""Models that were kept with decisions, brought back: to be run in a replay, and to say in words what they saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.judging import Rescore
from honghua.decision.kept_models import unpack_model
from honghua.decision.replaying import Scorer, place_scorer
from honghua.fraud.api import FraudModel

DETECTORS = ("crowd", "rhythm", "merchant")
CONTENTS = "fraud.json"  # the file that a kept fraud model always has


class KeptScorer:
    """A fraud model as replays and traces run it: from frozen signals to the scores that policies read."""

    __slots__ = ("model",)

    def __init__(self, model: FraudModel) -> None:
        self.model = model

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of its rows."""
        return self.model.names

    @property
    def reads(self) -> tuple[str, ...]:
        """Those that some part of it reads; the others may be anything."""
        return self.model.reads

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
    return KeptScorer(unpack_model(files))


def find_rescore(files: Mapping[str, bytes], signals: Sequence[str]) -> Rescore | None:
    """A kept model as a shadow's own, reading signals of this layout; None where it reads what is not among them."""
    scorer = find_scorer(files)
    return None if scorer is None else place_scorer(scorer, signals)


__all__ = ["KeptScorer", "find_rescore", "find_scorer"]
