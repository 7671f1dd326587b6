"""Compiled loops of the fraud room: memories of entities, tail surprise."""

from __future__ import annotations

from honghua.fraud.core.kernels.joining import join
from honghua.fraud.core.kernels.memory import rebuild
from honghua.fraud.core.kernels.scoring import score_rows
from honghua.fraud.core.kernels.sensing import sense
from honghua.fraud.core.kernels.surprise import detector_surprise, tail_surprise

__all__ = ["detector_surprise", "join", "rebuild", "score_rows", "sense", "tail_surprise"]
