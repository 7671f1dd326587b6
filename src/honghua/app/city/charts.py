"""Pictures for the city's pages as inline SVG: lines over time, and shares with their intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

WIDE, HIGH, LEFT, TOP, BOTTOM = 1000, 240, 64, 28, 30
INK, DIM, GRID = "#1d2129", "#667085", "#e4e7ec"
COLOURS: Final = ("#2f5d9b", "#c0362c", "#2e7d4f", "#b7791f")
TICKS: Final = 4
ROW: Final = 24
Marks = Sequence[tuple[float, str]]


def plot_lines(
    title: str,
    x: Sequence[float],
    lines: Mapping[str, Sequence[float | None]],
    *,
    unit: str,
    marks: Marks = (),
    log: bool = False,
) -> str:
    """Lines over seconds; gaps where a value is None. marks: moments with their names. log: decades on the upright axis."""
    values = [value for line in lines.values() for value in line if value is not None and (value > 0 or not log)]
    top = max(values, default=1.0) or 1.0
    low = min(values, default=0.1) if log else 0.0
    end = max(x, default=1.0) or 1.0

    def place(at: float, value: float) -> tuple[float, float]:
        high = (
            (math.log10(max(value, low)) - math.log10(low)) / max(math.log10(top / low), 1e-9) if log else value / top
        )
        return LEFT + (WIDE - LEFT - 12) * at / end, TOP + (HIGH - TOP - BOTTOM) * (1 - high)

    parts = [_grid(low, top, log=log, unit=unit), _seconds(end)]
    for at, name in marks:
        x1, _ = place(min(at, end), top)
        parts.append(
            f'<line x1="{x1:.1f}" x2="{x1:.1f}" y1="{TOP}" y2="{HIGH - BOTTOM}" stroke="{DIM}" stroke-dasharray="4 3"/>'
        )
        parts.append(f'<text x="{x1 + 4:.1f}" y="{TOP + 11}" font-size="11" fill="{DIM}">{escape(name)}</text>')
    for colour, (name, line) in zip(COLOURS, lines.items()):
        for run in _runs(x, line):
            points = " ".join("{:.1f},{:.1f}".format(*place(at, value)) for at, value in run)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        del name
    legend = "".join(f'<tspan fill="{colour}" dx="14">— {escape(name)}</tspan>' for colour, name in zip(COLOURS, lines))
    head = f'<text x="{LEFT}" y="18" font-size="14" fill="{INK}">{escape(title)}{legend}</text>'
    return _svg(head + "".join(parts), title, HIGH)


def plot_intervals(title: str, rows: Mapping[str, Sequence[float]], *, goal: float | None = None) -> str:
    """One row per name: [low, share, high] of a share 0 … 1; goal: an upright line."""
    height = TOP + ROW * max(len(rows), 1) + 24
    left, span = 190, WIDE - 190 - 90
    parts = [f'<text x="12" y="18" font-size="14" fill="{INK}">{escape(title)}</text>']
    for k in range(5):
        at = left + span * k / 4
        parts.append(f'<line x1="{at}" x2="{at}" y1="{TOP}" y2="{height - 20}" stroke="{GRID}"/>')
        parts.append(
            f'<text x="{at}" y="{height - 6}" text-anchor="middle" font-size="11" fill="{DIM}">{k * 25} %</text>'
        )
    if goal is not None:
        at = left + span * goal
        parts.append(
            f'<line x1="{at}" x2="{at}" y1="{TOP}" y2="{height - 20}" stroke="{COLOURS[2]}" stroke-dasharray="4 3"/>'
        )
    for k, (name, (low, share, high)) in enumerate(rows.items()):
        y = TOP + ROW * k + ROW / 2
        parts.append(
            f'<text x="{left - 8}" y="{y + 4}" text-anchor="end" font-size="12" fill="{INK}">{escape(name)}</text>'
        )
        parts.append(
            f'<line x1="{left + span * low:.1f}" x2="{left + span * high:.1f}" y1="{y}" y2="{y}" '
            f'stroke="{COLOURS[0]}" stroke-width="3" opacity=".45"/>'
        )
        parts.append(f'<circle cx="{left + span * share:.1f}" cy="{y}" r="4.5" fill="{COLOURS[0]}"/>')
        parts.append(f'<text x="{left + span + 8}" y="{y + 4}" font-size="12" fill="{INK}">{share:.1%}</text>')
    return _svg("".join(parts), title, height)


def _runs(x: Sequence[float], line: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(x, line):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]


def _grid(low: float, top: float, *, log: bool, unit: str) -> str:
    if log:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(top))
        levels = [10.0**k for k in range(first, last + 1) if low <= 10.0**k <= top]
    else:
        levels = [top * k / TICKS for k in range(TICKS + 1)]
    parts = []
    for level in levels:
        high = (math.log10(level / low) / max(math.log10(top / low), 1e-9)) if log else level / top
        y = TOP + (HIGH - TOP - BOTTOM) * (1 - high)
        parts.append(f'<line x1="{LEFT}" x2="{WIDE - 12}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" font-size="11" fill="{DIM}">{level:,.4g}</text>'
        )
    parts.append(f'<text x="8" y="{HIGH - 8}" font-size="11" fill="{DIM}">{escape(unit)}</text>')
    return "".join(parts)


def _seconds(end: float) -> str:
    parts = []
    for k in range(7):
        at = LEFT + (WIDE - LEFT - 12) * k / 6
        parts.append(
            f'<text x="{at:.1f}" y="{HIGH - 10}" text-anchor="middle" font-size="11" fill="{DIM}">{end * k / 6:,.0f} s</text>'
        )
    return "".join(parts)


def _svg(body: str, title: str, height: float) -> str:
    return f'<svg viewBox="0 0 {WIDE} {height:.0f}" width="100%" role="img" aria-label="{escape(title)}">{body}</svg>'


__all__ = ["plot_intervals", "plot_lines"]
