"""Pictures of the lab: the frontier as two plots over the loss, and an interval as a line; SVG without script or inline style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from honghua.web.ui.charts import Write, make_scale

WIDTH: Final = 640
HEIGHT: Final = 300
LEFT, RIGHT, TOP, BOTTOM = 118, 18, 24, 52
INTERVAL_WIDTH, INTERVAL_HEIGHT = 200, 24
SVG: Final = Markup('<svg class="plot frontier" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
TICK_Y: Final = Markup(
    '<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/><text class="tick" x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>'
)
TICK_X: Final = Markup('<text class="tick{}" x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
DOT: Final = Markup('<circle class="point {}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>')
BAR: Final = Markup('<line class="{}" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>')
NAME: Final = Markup('<text class="axis" x="{}" y="{}" text-anchor="{}">{}</text>')
PATH: Final = Markup('<polyline class="line s0" points="{}"/>')


@dataclass(frozen=True, slots=True)
class Dot:
    """One strategy in the picture. kind: chosen, feasible or broken; said: its figures in words."""

    x: float
    y: float
    kind: str
    said: str


@dataclass(frozen=True, slots=True)
class Axes:
    """What the two ways are called and how their figures are written. bound: of x, a constraint, None = none; spread: (low, high) of x and
    of y at the chosen point on orders never seen, None = not told."""

    title: str
    x_name: str
    y_name: str
    write_x: Write
    write_y: Write
    bound: float | None = None
    spread_x: tuple[float, float] | None = None
    spread_y: tuple[float, float] | None = None


def draw_frontier(axes: Axes, dots: Sequence[Dot]) -> Markup:
    """The strategies by loss (x) and by something gained (y), the chosen one ringed, with its interval as a cross, and the loss bound."""
    spans_x, spans_y = axes.spread_x or (), axes.spread_y or ()
    across = make_scale([*(dot.x for dot in dots), *spans_x, *([axes.bound] if axes.bound is not None else [])])
    up = make_scale([*(dot.y for dot in dots), *spans_y])

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - across.low) / (across.high - across.low)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - up.low) / (up.high - up.low))

    parts = [
        *(TICK_Y.format(LEFT, WIDTH - RIGHT, y(t), LEFT - 6, y(t) + 5, axes.write_y(t)) for t in up.ticks()),
        *(
            TICK_X.format(" alternate" if k % 2 else "", x(t), HEIGHT - BOTTOM + 20, axes.write_x(t))
            for k, t in enumerate(across.ticks())
        ),
        NAME.format(WIDTH - RIGHT, HEIGHT - 6, "end", axes.x_name), NAME.format(LEFT, TOP - 9, "start", axes.y_name),
    ]  # fmt: skip
    if axes.bound is not None:
        parts.append(BAR.format("bound", x(axes.bound), x(axes.bound), TOP, HEIGHT - BOTTOM))
    parts.append(PATH.format(" ".join(f"{x(dot.x):.1f},{y(dot.y):.1f}" for dot in dots)))
    for dot in dots:
        parts.append(DOT.format(dot.kind, x(dot.x), y(dot.y), 7 if dot.kind == "chosen" else 4, dot.said))
    chosen = next((dot for dot in dots if dot.kind == "chosen"), None)
    if chosen is not None and axes.spread_x and axes.spread_y:
        (left, right), (low, high) = axes.spread_x, axes.spread_y
        parts.append(BAR.format("spread", x(left), x(right), y((low + high) / 2), y((low + high) / 2)))
        parts.append(BAR.format("spread", x((left + right) / 2), x((left + right) / 2), y(low), y(high)))
    return SVG.format(WIDTH, HEIGHT, axes.title, Markup("").join(parts))


def draw_interval(label: str, triple: tuple[float, float, float], bounds: tuple[float, float]) -> Markup:
    """A figure as a dot on the line of its interval, between the least and the most of all that stand beside it."""
    least, most = bounds
    whole = (most - least) or 1.0

    def x(value: float) -> float:
        return 6 + (INTERVAL_WIDTH - 12) * (min(max(value, least), most) - least) / whole

    low, mid, high = triple
    middle = INTERVAL_HEIGHT / 2
    parts = [
        BAR.format("track", 0, INTERVAL_WIDTH, middle, middle), BAR.format("spread", x(low), x(high), middle, middle),
        DOT.format("chosen", x(mid), middle, 4, label),
    ]  # fmt: skip
    return Markup('<svg class="interval" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        INTERVAL_WIDTH, INTERVAL_HEIGHT, label, Markup("").join(parts)
    )


__all__ = ["Axes", "Dot", "draw_frontier", "draw_interval"]
