"""Shapes of a day: how dense orders come, as shares of the mean, over a day that begins at BEGINS_HOUR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shape = Callable[[Floats], Floats]  # place in the day 0 … 1 → density; the mean is 1

BEGINS_HOUR: Final = 18  # the evening before
MIDNIGHT: Final = (24 - BEGINS_HOUR) / 24  # place in the day at which the business date moves on, and the sale begins
PEAK: Final = 10.0  # times the mean
PLATEAU: Final = 0.012  # of the day at the peak
FADE: Final = 0.018  # of the day until it is down to a third
STEPS: Final = 20_000
# Weights of the hours of an ordinary day, local.
HOURS: Final = (4, 2.5, 1.5, 1, 0.7, 0.8, 1.5, 3, 4, 5, 6, 6, 6.5, 6, 5, 5, 5, 5, 5.5, 6, 7, 8, 7.5, 6)


def ordinary(place: Floats) -> Floats:
    """A day without a sale: the hours' weights, smoothly joined."""
    hours = np.array([*HOURS, HOURS[0]], np.float64)
    hour = (BEGINS_HOUR + 24 * place) % 24
    return np.asarray(np.interp(hour, np.arange(25), hours) / hours[:-1].mean())


def double11(place: Floats) -> Floats:
    """11 November: at midnight PEAK times the mean, then it fades into a day."""
    since = place - MIDNIGHT
    wave = np.where(since < PLATEAU, 1.0, np.exp(-(since - PLATEAU) / FADE))
    wave = np.where(since >= 0, wave, 0.0)
    rest = (1 - PEAK * (PLATEAU + FADE)) / (1 - PLATEAU - FADE)
    return np.maximum(PEAK * wave, ordinary(place) * rest)


SHAPES: Final[Mapping[str, Shape]] = {"double11": double11, "ordinary": ordinary}


def of_ordinary(shape: Shape, place: Floats) -> Floats:
    """How much of the density at a place would come on an ordinary day, 0 … 1: the rest is the wave."""
    return np.asarray(np.minimum(ordinary(place) / np.maximum(shape(place), 1e-9), 1.0))


def draw_places(rng: np.random.Generator, shape: Shape, n: int) -> Floats:
    """n places in the day, ascending, drawn from a shape."""
    edges = np.linspace(0, 1, STEPS + 1)
    density = shape((edges[:-1] + edges[1:]) / 2)
    running = np.concatenate([[0.0], np.cumsum(density)])
    return np.sort(np.interp(rng.random(n), running / running[-1], edges))


__all__ = ["BEGINS_HOUR", "MIDNIGHT", "PEAK", "SHAPES", "Shape", "draw_places", "of_ordinary"]
