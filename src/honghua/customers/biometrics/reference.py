"""Reference modules, fitted on whatever clips they are given. They are stubs: nobody has fitted them on real cameras, faces or lips.

They show that the way around them – challenge, ports, bounds, verdict, figures – works, and give a bought module something to beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from honghua.customers.biometrics.measuring import Layout, cut, measure, track_mouth
from honghua.customers.biometrics.ports import Clip

Floats = NDArray[np.float64]
POINTS = 8  # of a digit's mouth curve
AXES_MAX = 40  # of a face


@dataclass(frozen=True, slots=True)
class ReferenceLiveness:
    """Logistic regression on `MEASURES`."""

    layout: Layout
    model: Pipeline = field(repr=False)
    name: str = "reference liveness (stub: synthetic clips only)"
    is_stub: bool = True

    def score(self, clip: Clip) -> float:
        """See `LivenessDetector.score`."""
        return float(self.model.predict_proba(measure(clip, self.layout)[None, :])[0, 1])


def fit_liveness(layout: Layout, alive: Sequence[Clip], attacks: Sequence[Clip]) -> ReferenceLiveness:
    """From clips of living faces and of attacks."""
    rows = np.array([measure(clip, layout) for clip in (*alive, *attacks)])
    labels = np.array([1] * len(alive) + [0] * len(attacks))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2_000, class_weight="balanced"))
    return ReferenceLiveness(layout, model.fit(rows, labels))


@dataclass(frozen=True, slots=True)
class ReferenceFace:
    """Distance along the axes that tell people apart (Belhumeur and others 1997), of the mean face without its light."""

    layout: Layout
    model: LinearDiscriminantAnalysis = field(repr=False)
    name: str = "reference face (stub: synthetic clips only)"
    is_stub: bool = True

    def score(self, enrolled: Clip, probe: Clip) -> float:
        """See `FaceMatcher.score`."""
        one, two = self.model.transform(np.array([see_face(enrolled, self.layout), see_face(probe, self.layout)]))
        return float(np.exp(-np.linalg.norm(one - two) / np.sqrt(len(one))))


def fit_faces(layout: Layout, people: Sequence[Sequence[Clip]]) -> ReferenceFace:
    """From several clips of each of many people."""
    rows = np.array([see_face(clip, layout) for clips in people for clip in clips])
    who = np.array([k for k, clips in enumerate(people) for _ in clips])
    model = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1, n_components=min(AXES_MAX, len(people) - 1))
    return ReferenceFace(layout, model.fit(rows, who))


def see_face(clip: Clip, layout: Layout) -> Floats:
    """The mean face without mouth and light: float64[pixels], its plane of brightness taken out, of length 1."""
    still = cut(clip.frames, layout.face).mean(axis=0)
    rows, columns = np.indices(still.shape)
    plane = np.column_stack([np.ones(still.size), rows.ravel(), columns.ravel()])
    flat = still.ravel() - plane @ np.linalg.lstsq(plane, still.ravel(), rcond=None)[0]
    return np.asarray(flat / (np.linalg.norm(flat) + 1e-9))


@dataclass(frozen=True, slots=True)
class ReferenceLips:
    """Linear discriminants on the mouth's curve while each digit is due."""

    layout: Layout
    model: Pipeline = field(repr=False)
    name: str = "reference lips (stub: synthetic clips only)"
    is_stub: bool = True

    def read(self, clip: Clip, count: int) -> str:
        """See `LipReader.read`."""
        return "".join(str(one) for one in self.model.predict(see_digits(clip, self.layout, count)))


def fit_lips(layout: Layout, spoken: Sequence[tuple[Clip, str]]) -> ReferenceLips:
    """From clips with what was said in them."""
    rows = np.concatenate([see_digits(clip, layout, len(said)) for clip, said in spoken])
    labels = np.array([int(one) for _, said in spoken for one in said])
    return ReferenceLips(layout, make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()).fit(rows, labels))


def see_digits(clip: Clip, layout: Layout, count: int) -> Floats:
    """float64[count, 2 × POINTS]: height and width of the mouth while each digit is due, each of `count` equal parts of the clip."""
    tracks = track_mouth(clip, layout)
    size = len(tracks[0]) / count
    at = [np.linspace(k * size, (k + 1) * size - 1, POINTS) for k in range(count)]
    frames = np.arange(len(tracks[0]))
    return np.array([np.concatenate([np.interp(where, frames, track) for track in tracks]) for where in at])


__all__ = ["ReferenceFace", "ReferenceLips", "ReferenceLiveness", "fit_faces", "fit_lips", "fit_liveness"]
