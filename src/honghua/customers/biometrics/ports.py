"""The ports of the biometric modules. A module that was not made for real cameras and faces is a stub and says so by `is_stub`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput

Frames = NDArray[np.float32]
FRAMES_MAX: Final = 600
SIDE_MAX: Final = 1_024


@dataclass(frozen=True, slots=True)
class Clip:
    """A recorded face: float32[frames, rows, columns], brightness 0 … 1, `rate_hz` frames a second; frames 1 … 600, sides ≤ 1,024."""

    frames: Frames = field(repr=False)
    rate_hz: float

    def __post_init__(self) -> None:
        shape = self.frames.shape
        if len(shape) != 3 or not 1 <= shape[0] <= FRAMES_MAX or max(shape[1:]) > SIDE_MAX or self.rate_hz <= 0:
            raise BadInput("a clip is frames × rows × columns, within bounds", code="CLIP_WRONG")


class LivenessDetector(Protocol):
    """Whether a living face was before the camera."""

    @property
    def name(self) -> str:
        """What records call it."""
        ...

    @property
    def is_stub(self) -> bool:
        """Whether it knows nothing of real cameras."""
        ...

    def score(self, clip: Clip) -> float:
        """0 … 1, the higher the more alive."""
        ...


class FaceMatcher(Protocol):
    """Whether two clips show one person."""

    @property
    def name(self) -> str:
        """What records call it."""
        ...

    @property
    def is_stub(self) -> bool:
        """Whether it knows nothing of real faces."""
        ...

    def score(self, enrolled: Clip, probe: Clip) -> float:
        """0 … 1, the higher the more alike."""
        ...


class LipReader(Protocol):
    """Which digits lips said."""

    @property
    def name(self) -> str:
        """What records call it."""
        ...

    @property
    def is_stub(self) -> bool:
        """Whether it knows nothing of real lips."""
        ...

    def read(self, clip: Clip, count: int) -> str:
        """As many digits as were asked for, as they were read."""
        ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """What scores must reach; digits_min of digits asked for must be read right. Set on clips of others than those it is judged on."""

    liveness: float
    face: float
    digits_min: int


@dataclass(frozen=True, slots=True)
class Biometrics:
    """The three modules with their bounds."""

    liveness: LivenessDetector
    face: FaceMatcher
    lips: LipReader
    bounds: Bounds

    @property
    def is_stub(self) -> bool:
        """Whether any of them is."""
        return self.liveness.is_stub or self.face.is_stub or self.lips.is_stub

    def is_alive(self, clip: Clip, digits: str) -> tuple[bool, float, int]:
        """(alive and saying these digits, liveness, how many digits were read right)."""
        score, read = self.liveness.score(clip), self.lips.read(clip, len(digits))
        right = sum(one == other for one, other in zip(read, digits, strict=True))
        return score >= self.bounds.liveness and right >= self.bounds.digits_min, score, right

    def is_same(self, enrolled: Clip, probe: Clip) -> tuple[bool, float]:
        """(one person, how alike)."""
        score = self.face.score(enrolled, probe)
        return score >= self.bounds.face, score


__all__ = ["Biometrics", "Bounds", "Clip", "FaceMatcher", "Frames", "LipReader", "LivenessDetector"]
