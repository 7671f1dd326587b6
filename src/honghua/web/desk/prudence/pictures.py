"""Small pictures of figures against their bounds: SVG without script or inline style; colours come from the style sheet by class."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

WIDTH: Final = 400
HEIGHT: Final = 26
BEYOND: Final = 1.2  # the picture reaches so far beyond its largest figure
SVG: Final = Markup('<svg class="against" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
RECT: Final = Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}" rx="3"/>')
LINE: Final = Markup('<line class="{}" x1="{:.1f}" x2="{:.1f}" y1="1" y2="{}"/>')


def draw_against(label: str, value: int | None, bound: int, *, is_least: bool, is_broken: bool) -> Markup:
    """A figure as a bar, its bound as a line, and what is allowed as ground: right of a least, left of a most."""
    whole = max(value or 0, bound, 1) * BEYOND
    line = WIDTH * bound / whole
    allowed = (line, WIDTH - line) if is_least else (0.0, line)
    parts = [RECT.format("track", 0, 5, WIDTH, 16), RECT.format("allowed", allowed[0], 5, allowed[1], 16)]
    if value is not None:
        width = max(WIDTH * max(value, 0) / whole, 2)
        parts.append(RECT.format("is broken" if is_broken else "is kept", 0, 8, width, 10))
    parts.append(LINE.format("bound", line, line, HEIGHT - 1))
    return SVG.format(WIDTH, HEIGHT, label, Markup("").join(parts))


def draw_range(label: str, values: tuple[int, ...], whole: int, *, bound: int | None = None) -> Markup:
    """From the low quantile to the high one as a band, the middle as a mark; below zero stands at the left edge."""
    low, middle, high = (WIDTH * min(max(value, 0), whole) / max(whole, 1) for value in values)
    is_broken = bound is not None and values[1] < bound
    parts = [
        RECT.format("track", 0, 5, WIDTH, 16),
        RECT.format("is broken" if is_broken else "is range", low, 8, max(high - low, 2), 10),
        LINE.format("middle", middle, middle, HEIGHT - 1),
    ]
    if bound is not None:
        place = WIDTH * min(bound, whole) / max(whole, 1)
        parts.append(LINE.format("bound", place, place, HEIGHT - 1))
    return SVG.format(WIDTH, HEIGHT, label, Markup("").join(parts))


__all__ = ["BEYOND", "draw_against", "draw_range"]
