"""What can be measured on a clip without any fitting: motion of face and background, pulse, blinks, screens and prints, the mouth.

Where the face is in the frame is given by a layout: a real adapter finds it, our synthetic clips have it at one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.customers.biometrics.ports import Clip, Frames

Floats = NDArray[np.float64]
Box = tuple[slice, slice]
PULSE_HZ: Final = (0.8, 2.0)  # 48 … 120 beats a minute
DARK: Final = 0.25  # what is darker than its surroundings by so much is an open mouth
MEASURES: Final = (
    "sharpness", "flicker", "parallax", "pulse", "pulse_agrees", "blinks", "edge_noise", "contrast", "mouth_moves",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in a frame, rows and columns."""

    face: Box
    left_cheek: Box
    right_cheek: Box
    eyes: Box
    mouth: Box
    background: Box
    edge: Box


def measure(clip: Clip, layout: Layout) -> Floats:
    """float64[MEASURES] of one clip."""
    frames = clip.frames.astype(np.float64)
    still = frames.mean(axis=0)
    left, right = (cut(frames, box).mean(axis=(1, 2)) for box in (layout.left_cheek, layout.right_cheek))
    mean = frames.mean(axis=(1, 2))
    steps = np.diff(mean)
    moved, behind = find_shifts(cut(frames, layout.face)), find_shifts(cut(frames, layout.background))
    apart = np.abs(moved - behind).mean() / (np.abs(moved).mean() + np.abs(behind).mean() + 1e-3)
    jumps = np.abs(np.diff(cut(frames, layout.edge), axis=0)).mean()
    calm = np.abs(np.diff(cut(frames, layout.face), axis=0)).mean()
    opening, _ = track_mouth(clip, layout)
    return np.array([
        np.log(find_sharpness(still) + 1e-6),
        np.log(np.mean(np.abs(steps[1:] - steps[:-1])) + 1e-6),
        apart,
        find_pulse((left + right) / 2, clip.rate_hz),
        correlate(band(left, clip.rate_hz), band(right, clip.rate_hz)),
        count_blinks(cut(frames, layout.eyes).mean(axis=(1, 2))),
        np.log((jumps + 1e-6) / (calm + 1e-6)),
        float(cut(frames, layout.face).std()),
        float(opening.std()),
    ])  # fmt: skip


def cut(frames: Floats | Frames, box: Box) -> Floats:
    """A place of all frames."""
    return np.asarray(frames[:, box[0], box[1]], np.float64)


def find_sharpness(still: Floats) -> float:
    """Energy of what changes from one pixel to the next but one: dots of a print, lines of a screen."""
    across = still[:, 1:-1] - (still[:, :-2] + still[:, 2:]) / 2
    down = still[1:-1] - (still[:-2] + still[2:]) / 2
    return float((across**2).mean() + (down**2).mean())


def find_shifts(frames: Floats) -> Floats:
    """float64[frames − 1, 2]: how far a place moves from frame to frame, pixels, by least squares on its slopes (Lucas and Kanade 1981)."""
    still = frames.mean(axis=0)
    down, across = np.gradient(still)
    slopes = np.column_stack([down.ravel(), across.ravel()])
    offsets = (frames - still).reshape(len(frames), -1)
    found, *_ = np.linalg.lstsq(slopes, -offsets.T, rcond=None)
    return np.asarray(np.diff(found.T, axis=0))


def band(signal: Floats, rate_hz: float) -> Floats:
    """A signal as far as its changes are a pulse's."""
    spectrum = np.fft.rfft(signal - signal.mean())
    at = np.fft.rfftfreq(len(signal), 1.0 / rate_hz)
    spectrum[(at < PULSE_HZ[0]) | (at > PULSE_HZ[1])] = 0
    return np.asarray(np.fft.irfft(spectrum, len(signal)))


def find_pulse(signal: Floats, rate_hz: float) -> float:
    """Share of a signal's power that lies at its strongest beat, 0 … 1."""
    power = np.abs(np.fft.rfft(signal - signal.mean())) ** 2
    at = np.fft.rfftfreq(len(signal), 1.0 / rate_hz)
    inside = (at >= PULSE_HZ[0]) & (at <= PULSE_HZ[1])
    whole = power[at > PULSE_HZ[0] / 2].sum()
    return float(power[inside].max(initial=0.0) / whole) if whole > 0 else 0.0


def correlate(one: Floats, two: Floats) -> float:
    """Their correlation, 0 where one of them is still."""
    spread = one.std() * two.std()
    return float(((one - one.mean()) * (two - two.mean())).mean() / spread) if spread > 0 else 0.0


def count_blinks(eyes: Floats) -> float:
    """How deep the deepest dip of the eyes' brightness is against the usual noise."""
    usual = np.median(np.abs(eyes - np.median(eyes))) + 1e-4
    return float(np.log1p((np.median(eyes) - eyes.min()) / usual))


def track_mouth(clip: Clip, layout: Layout) -> tuple[Floats, Floats]:
    """(height, width) of the dark of an open mouth in every frame, float64[frames] each, in pixels."""
    mouth = cut(clip.frames, layout.mouth)
    usual = np.quantile(mouth, 0.9, axis=(1, 2), keepdims=True)
    dark = np.clip(usual - mouth, 0.0, 2 * DARK) / DARK
    return dark.sum(axis=1).max(axis=1), dark.max(axis=1).sum(axis=1)


__all__ = ["MEASURES", "Layout", "cut", "measure", "track_mouth"]
