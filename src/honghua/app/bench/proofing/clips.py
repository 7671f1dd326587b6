"""Synthetic clips of faces: people, what they say, and eight ways to attack. Drawn from a seed; nobody's face, no camera.

A face is a sum of smooth waves; a speaker's mouth follows a curve per digit, scaled and hurried in their own way. What the attacks leave
behind (no depth, no pulse, dots, lines, seams) is put in by hand, stronger and weaker: the figures are about this world and no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.customers.biometrics.api import Clip, Layout

Floats = NDArray[np.float64]
SIDE: Final = 28
RATE_HZ: Final = 12.0
DIGITS: Final = 6
FRAMES_A_DIGIT: Final = 14
FRAMES: Final = DIGITS * FRAMES_A_DIGIT
WAVES: Final = 24
LAYOUT: Final = Layout(
    face=(slice(4, 17), slice(6, 22)), left_cheek=(slice(12, 17), slice(7, 12)), right_cheek=(slice(12, 17), slice(16, 21)),
    eyes=(slice(8, 11), slice(8, 20)), mouth=(slice(17, 25), slice(8, 20)), background=(slice(0, 28), slice(0, 4)),
    edge=(slice(4, 24), slice(4, 6)),
)  # fmt: skip
# How each attack is made: what it lacks or leaves, 0 … 1. `says` the digits asked for or not; `own`: the attacker's own face.
SPECIES: Final[dict[str, dict[str, float]]] = {
    "print_photo": {"depth": 0.0, "pulse": 0.0, "blink": 0.0, "dots": 1.0, "mouth": 0.0, "says": 0},
    "print_cut_mouth": {"depth": 0.0, "pulse": 0.0, "blink": 0.0, "dots": 0.8, "mouth": 1.0, "says": 1},
    "replay_screen": {"depth": 0.0, "pulse": 0.3, "blink": 1.0, "lines": 1.0, "mouth": 1.0, "says": 0},
    "replay_fine_screen": {"depth": 0.0, "pulse": 0.5, "blink": 1.0, "lines": 0.35, "mouth": 1.0, "says": 0},
    "deepfake_plain": {"depth": 1.0, "pulse": 0.1, "blink": 0.5, "seam": 1.0, "mouth": 0.9, "says": 1},
    "deepfake_fine": {"depth": 1.0, "pulse": 0.4, "blink": 0.8, "seam": 0.35, "mouth": 1.0, "says": 1},
    "stolen_device": {"depth": 1.0, "pulse": 1.0, "blink": 1.0, "mouth": 1.0, "says": 1, "own": 1},
    "stolen_device_lookalike": {"depth": 1.0, "pulse": 1.0, "blink": 1.0, "mouth": 1.0, "says": 1, "own": 0.5},
}
UNSEEN: Final = ("print_cut_mouth", "replay_fine_screen", "deepfake_fine")  # no detector is fitted on these
LIVE: Final = {"depth": 1.0, "pulse": 1.0, "blink": 1.0, "mouth": 1.0, "says": 1.0}


@dataclass(frozen=True, slots=True)
class Person:
    """One face (weights of waves) and one way of speaking."""

    face: Floats
    loudness: float
    hurry: float


def make_person(seed: int, *labels: int | str) -> Person:
    """Somebody."""
    rng = derive_rng(seed, "person", *labels)
    return Person(rng.normal(0, 1, WAVES), float(rng.uniform(0.75, 1.3)), float(rng.uniform(-0.12, 0.12)))


def blend(one: Person, other: Person, share: float) -> Person:
    """Somebody whose face is that of `one` but for a share of another's: a look-alike."""
    return Person((1 - share) * one.face + share * other.face, other.loudness, other.hurry)


def draw_digits(rng: Generator) -> str:
    """What the challenge asks for."""
    return "".join(str(one) for one in rng.integers(0, 10, DIGITS))


def film(who: Person, said: str, how: dict[str, float], rng: Generator) -> Clip:
    """One clip of somebody who says digits, by an attack's traits or `LIVE`."""
    time = np.arange(FRAMES) / RATE_HZ
    light = 1 + rng.normal(0, 0.06) + 0.12 * rng.normal() * np.linspace(-1, 1, SIDE)[None, :]
    face = 0.55 + 0.10 * np.tensordot(who.face + rng.normal(0, 0.12, WAVES), _waves(), axes=1) / np.sqrt(WAVES / 6)
    room = 0.4 + 0.12 * np.tensordot(rng.normal(0, 1, WAVES), _waves(), axes=1)
    sway = np.cumsum(rng.normal(0, 0.10, (FRAMES, 2)), axis=0)
    behind = sway * (1 - how["depth"]) + 0.1 * np.cumsum(rng.normal(0, 0.10, (FRAMES, 2)), axis=0) * how["depth"]
    beat = 0.006 * how["pulse"] * np.sin(2 * np.pi * (rng.uniform(0.9, 1.7) * time + rng.uniform()))
    frames = np.empty((FRAMES, SIDE, SIDE))
    opening = _speak(who, said, rng) * how["mouth"]
    lids = _blink(rng) * how["blink"]
    for k in range(FRAMES):
        frame = _shift(room, behind[k])
        skin = _shift(face, sway[k]) + beat[k]
        skin[LAYOUT.eyes] -= 0.18 * lids[k]
        frame[3:26, 5:23] = skin[3:26, 5:23]
        _open_mouth(frame, opening[k])
        frames[k] = frame
    frames = frames * light + rng.normal(0, 0.006, frames.shape)
    return Clip(np.clip(_spoil(frames, how, rng), 0, 1).astype(np.float32), RATE_HZ)


def _spoil(frames: Floats, how: dict[str, float], rng: Generator) -> Floats:
    """What prints, screens and swapped faces leave in a picture."""
    rows, columns = np.indices((SIDE, SIDE))
    if "dots" in how:
        dots = np.cos(np.pi * rows) * np.cos(np.pi * columns)
        frames = 0.5 + (frames - 0.5) * (1 - 0.2 * how["dots"]) + 0.020 * how["dots"] * rng.uniform(0.5, 1.3) * dots
    if "lines" in how:
        turn = rng.uniform(2.4, 3.0)
        drift = rng.uniform(0.5, 2.5) * np.arange(FRAMES)
        lines = np.cos(turn * rows[None] + 0.4 * columns[None] + drift[:, None, None])
        refresh = 0.010 * (-1.0) ** np.arange(FRAMES) * rng.uniform(0.4, 1.4)
        frames = frames + how["lines"] * (0.018 * lines + refresh[:, None, None])
    if "seam" in how:
        strength = 0.05 * how["seam"] * rng.uniform(0.5, 1.4)
        frames = frames.copy()
        for box in ((slice(4, 24), slice(4, 6)), (slice(4, 24), slice(22, 24))):
            frames[:, box[0], box[1]] += rng.normal(0, strength, frames[:, box[0], box[1]].shape)
    return frames


_WAVES: list[Floats] = []


def _waves() -> Floats:
    """float64[WAVES, SIDE, SIDE]: the smooth waves of which all faces here are made; the same in every run."""
    if not _WAVES:
        grid = np.linspace(0, np.pi, SIDE)
        pairs = [(i, j) for i in range(1, 7) for j in range(1, 7)][:WAVES]
        _WAVES.append(np.array([np.outer(np.cos(i * grid), np.cos(j * grid)) for i, j in pairs]))
    return _WAVES[0]


def _shift(picture: Floats, by: Floats) -> Floats:
    """A picture moved by part of a pixel, to the first order of its slopes."""
    down, across = np.gradient(picture)
    return np.asarray(picture - by[0] * down - by[1] * across)


def _speak(who: Person, said: str, rng: Generator) -> Floats:
    """float64[FRAMES, 2]: height and width of the mouth, 0 … 1."""
    curves = []
    for digit in said:
        shape = derive_rng(0, "viseme", int(digit)).normal(0, 1, (2, 4))  # how a digit looks: the same for everybody
        at = np.clip(np.linspace(0, 1, FRAMES_A_DIGIT) ** (1 + who.hurry + rng.normal(0, 0.06)), 0, 1)
        waves = np.array([np.sin((k + 1) * np.pi * at) for k in range(4)])
        curve = shape @ waves / 2.0 + rng.normal(0, 0.10, (2, 1)) * np.sin(np.pi * at)
        curves.append(np.clip(0.5 + 0.5 * who.loudness * curve, 0, 1) * np.sin(np.pi * at) ** 0.3)
    return np.concatenate(curves, axis=1).T


def _open_mouth(frame: Floats, opening: Floats) -> None:
    """Darken an open mouth: `opening` height and width, 0 … 1."""
    rows, columns = np.indices((SIDE, SIDE))
    height, width = 0.3 + 2.8 * opening[0], 1.5 + 3.5 * opening[1]
    inside = ((rows - 21) / height) ** 2 + ((columns - 13.5) / width) ** 2
    frame -= 0.30 * np.clip(1.5 - inside, 0, 1) * (opening[0] > 0.02)


def _blink(rng: Generator) -> Floats:
    """float64[FRAMES]: 1 where lids are closed; nobody keeps them open for the whole clip."""
    lids = np.zeros(FRAMES)
    for at in rng.integers(3, FRAMES - 3, 1 + int(rng.poisson(1.0))):
        lids[at : at + 2] = 1.0
    return lids


__all__ = ["LAYOUT", "LIVE", "SPECIES", "UNSEEN", "Person", "blend", "draw_digits", "film", "make_person"]
