"""Cuts columns into bins: optbinning finds the ranges whose weights rise, fall, or turn once; special codes and missing values stand apart.

Optimal binning: G. Navas-Palencia, "Optimal binning: mathematical programming formulation", arXiv:2001.08025 (2020).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.models.scorecard.card import Cutting, Float32, Float64

ROWS_MAX: Final = 60_000  # a cut is found on so many rows at most: more do not move it
SOLVER_SECONDS: Final = 600  # far more than it takes: a search that the clock cuts short would not repeat
SPECIAL_SHARE: Final = 0.005
SPECIALS: Final = (
    *(sign * (10.0**digits - 1.0) for digits in range(1, 9) for sign in (1.0, -1.0)),  # 9, −9, 99, −99 …
    *(-1.0, -2.0, -3.0, -6.0, -7.0, -8.0),
)
FREQUENT_SHARE: Final = 0.5  # of the rows: with fewer in frequent words, words are clustered by rate before the search
RARE_ROWS: Final = 20.0
APART: Final = 1.0  # a code stands outside the amounts by at least so many widths of their middle 98 %


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the rows: words of a category (the code after the last is "missing"), or None for a number; direction +1/−1 where
    declared; read: whether a card may read it.
    """

    name: str
    words: tuple[str, ...] | None = None
    direction: int = 0
    read: bool = True


@dataclass(frozen=True, slots=True)
class CutSettings:
    """bin_share: rows that a range holds at least; prebins: where the search starts."""

    bin_share: float = 0.05
    prebins: int = 20
    groups_share: float = 0.02


def cut_field(
    x: Float32, y: NDArray[Any], place: int, field: Field, settings: CutSettings
) -> tuple[Cutting, tuple[str, ...]]:
    """The cutting of one column and the label of each bin; rows float32[n, F], y 0 or 1."""
    step = max(1, -(-len(y) // ROWS_MAX))
    values, labels = x[::step, place].astype(np.float64), np.asarray(y)[::step]
    if field.words is not None:
        return _cut_words(values, labels, place, field, settings)
    there = ~np.isnan(values)
    specials = () if field.direction else find_specials(values[there])  # a declared direction binds every number
    plain = there & ~np.isin(values, specials)
    edges = _find_edges(values[plain], labels[plain], field, settings)
    bins = len(edges) + 1 + len(specials) + 1
    told = [_say_range(edges, k) for k in range(len(edges) + 1)]
    return Cutting(field.name, place, edges, specials, None, bins), (*told, *(f"= {v:g}" for v in specials), "missing")


def cut_evenly(x: Float32, place: int, field: Field, ranges: int) -> tuple[Cutting, tuple[str, ...]]:
    """The cutting of a column of numbers into so many ranges of about equal size at most, and the label of each bin."""
    values = x[:, place].astype(np.float64)
    there = values[~np.isnan(values)]
    specials = () if field.direction else find_specials(there)
    plain = np.sort(there[~np.isin(there, specials)])
    # An edge is a value that a row has, so 32 and 64 bits agree.
    edges = np.unique(plain[np.arange(1, ranges) * len(plain) // ranges]) if len(plain) else np.zeros(0)
    edges = edges[edges > plain[0]] if len(plain) else edges
    told = [_say_range(edges, k) for k in range(len(edges) + 1)]
    bins = len(edges) + 1 + len(specials) + 1
    return Cutting(field.name, place, edges, specials, None, bins), (*told, *(f"= {v:g}" for v in specials), "missing")


def find_specials(values: Float64) -> tuple[float, ...]:
    """Values that are codes: such numbers as −9 or 999, frequent, and far outside all other values."""
    if len(values) == 0:
        return ()
    unique, counts = np.unique(values, return_counts=True)
    frequent = unique[counts >= max(5.0, SPECIAL_SHARE * len(values))]
    found: list[float] = []
    for value in [v for v in frequent.tolist() if v in SPECIALS]:
        rest = unique[~np.isin(unique, [*found, value]) & ~np.isin(unique, SPECIALS)]
        if len(rest) < 2:
            continue
        low, high = np.quantile(values[np.isin(values, rest)], [0.01, 0.99])
        beyond = APART * (high - low)
        if (value < 0 <= rest[0]) or value < rest[0] - beyond or value > rest[-1] + beyond:
            found.append(value)
    return tuple(sorted(found))


def _find_edges(values: Float64, labels: NDArray[Any], field: Field, settings: CutSettings) -> Float64:
    if len(np.unique(values)) < 2 or len(np.unique(labels)) < 2:
        return np.zeros(0)
    trend = {1: "ascending", -1: "descending", 0: "auto"}[field.direction]
    binner = _optimal(field.name, dtype="numerical", trend=trend, settings=settings, rows=len(values))
    found = _fitted(binner, values, labels)
    # Rows are float32: an edge is the smallest float32 that stands above it, so that 32 and 64 bits agree.
    return np.unique(np.asarray(found, np.float64).astype(np.float32).astype(np.float64))


def _cut_words(
    values: Float64, labels: NDArray[Any], place: int, field: Field, settings: CutSettings
) -> tuple[Cutting, tuple[str, ...]]:
    words = (*(field.words or ()), "missing")
    groups = np.full(len(words), -1, np.int64)
    lost = np.isnan(values) | (values == len(words) - 1)
    codes = values[~lost].astype(np.int64)
    parts: list[list[int]] = [np.unique(codes).tolist()] if len(codes) else []
    if len(parts) and len(parts[0]) > 1 and len(np.unique(labels[~lost])) == 2:
        # Groups are ordered by their rate, so rising is the only way.
        binner = _optimal(field.name, dtype="categorical", trend="ascending", settings=settings, rows=len(codes))
        cluster = _cluster_words(codes, labels[~lost], settings)
        found = _fitted(binner, cluster[codes], labels[~lost])
        known = np.array(parts[0])
        parts = [known[np.isin(cluster[known], part)].tolist() for part in found] or parts
    for k, part in enumerate(parts):
        groups[part] = k
    groups[-1] = len(parts)
    told = [", ".join(words[code] for code in part[:6]) + (" …" if len(part) > 6 else "") for part in parts]
    return Cutting(field.name, place, np.zeros(0), (), groups, len(parts) + 1), (*told, "missing")


def _cluster_words(codes: NDArray[np.int64], labels: NDArray[Any], settings: CutSettings) -> NDArray[np.int64]:
    """What the search takes as one word, by code: each word itself, or, where most rows have rare words, words of a like rate.

    A word's rate is drawn towards the mean as if RARE_ROWS more rows had it, so that a rare one cannot stand at an end by luck.
    """
    rows, ones = np.bincount(codes), np.bincount(codes, weights=labels)
    if rows[rows >= settings.groups_share * len(codes)].sum() >= FREQUENT_SHARE * len(codes):
        return np.arange(len(rows), dtype=np.int64)
    rates = (ones + RARE_ROWS * labels.mean()) / (rows + RARE_ROWS)
    order = np.argsort(rates, kind="stable")
    before = np.cumsum(rows[order]) - rows[order]
    cluster = np.empty(len(rows), np.int64)
    cluster[order] = before * settings.prebins // len(codes)
    return cluster


def _optimal(name: str, *, dtype: str, trend: str, settings: CutSettings, rows: int) -> Any:
    share = max(settings.bin_share, min(0.5, 20.0 / max(rows, 1)))
    more = {"cat_cutoff": settings.groups_share} if dtype == "categorical" else {"max_n_prebins": settings.prebins}
    return _load().OptimalBinning(
        name=name,
        dtype=dtype,
        solver="cp",
        monotonic_trend=trend,
        min_prebin_size=share,
        time_limit=SOLVER_SECONDS,
        **more,
    )


def _fitted(binner: Any, values: NDArray[Any], labels: NDArray[Any]) -> Sequence[Any]:
    with np.errstate(all="ignore"):
        binner.fit(values, labels)
    return list(binner.splits)


def _load() -> Any:
    """optbinning, whose import loads a solver that complains about another one on stderr."""
    with contextlib.redirect_stderr(io.StringIO()):
        return import_module("optbinning")


def _say_range(edges: Float64, k: int) -> str:
    if len(edges) == 0:
        return "any"
    if k == 0:
        return f"< {edges[0]:g}"
    return f"≥ {edges[-1]:g}" if k == len(edges) else f"{edges[k - 1]:g} … < {edges[k]:g}"


__all__ = ["CutSettings", "Field", "cut_evenly", "cut_field", "find_specials"]
