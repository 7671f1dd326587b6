"""Charts drawn on the server as SVG: no script, no inline style, a title for screen readers and the figures behind "details".

Values are numbers; `write` turns one into the text that people read. Colours come from the style sheet by class (`s0` … `s7`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

Write = Callable[[float], str]
Points = Sequence[tuple[str, float]]
Series = Sequence[tuple[str, Sequence[float]]]

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 80, 12, 16, 34
COLOURS: Final = 8
LABELS_MAX: Final = 12
TICKS: Final = 4


LEGEND_ENTRY: Final = Markup(
    '<li><svg class="swatch" viewBox="0 0 12 12" aria-hidden="true"><rect class="s{}" width="12" height="12" rx="3"/></svg>'
    "{}</li>"
)
GRID_LINE: Final = Markup(
    '<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>'
    '<text class="tick" x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>'
)
LABEL: Final = Markup('<text class="{}" x="{:.1f}" y="{}" text-anchor="middle">{}</text>')
ARC: Final = Markup(
    '<circle class="arc s{}" cx="110" cy="110" r="88" stroke-dasharray="{:.2f} {:.2f}" transform="rotate({:.2f} 110 110)">'
    "<title>{}</title></circle>"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A kind of drawing (a class of the style sheet) and the size of its coordinates."""

    kind: str
    width: int
    height: int


PLOT: Final = Frame("plot", WIDTH, HEIGHT)
ROUND: Final = Frame("donut", 220, 220)


def plain(value: float) -> str:
    """A number as it is."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to heights of the plot."""

    low: float
    high: float

    def y(self, value: float) -> float:
        """The height of a value, from the top."""
        share = (value - self.low) / (self.high - self.low)
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)

    def ticks(self) -> list[float]:
        """Round values to draw lines at."""
        return [self.low + (self.high - self.low) * k / TICKS for k in range(TICKS + 1)]


def make_scale(values: Iterable[float]) -> Scale:
    """A scale from zero (or below) to a round number above everything."""
    found = [0.0, *values]
    low, high = min(found), max(found)
    step = nice_step((high - low) / TICKS)
    low_step = math.floor(low / step)
    high_step = max(math.ceil(high / step), low_step + TICKS)
    return Scale(low_step * step, high_step * step)


def nice_step(rough: float) -> float:
    """1, 2, 2.5 or 5 times a power of ten, not below `rough`."""
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))


@dataclass(frozen=True, slots=True)
class Charts:
    """The charts with the words around them in one language."""

    figures_word: str
    label_word: str
    figure_word: str

    def bars(self, title: str, points: Points, *, write: Write = plain) -> Markup:
        """One bar per label."""
        scale = make_scale(value for _, value in points)
        slot = (WIDTH - LEFT - RIGHT) / max(len(points), 1)
        parts = [_grid(scale, write), _labels([label for label, _ in points], slot)]
        for k, (label, value) in enumerate(points):
            x = LEFT + slot * k + slot * 0.15
            parts.append(
                _bar(x, slot * 0.7, scale.y(max(value, 0)), scale.y(min(value, 0)), f"{label}: {write(value)}", 0)
            )
        return self._figure(title, parts, [(label, [write(value)]) for label, value in points], [self.figure_word])

    def stacked(self, title: str, labels: Sequence[str], series: Series, *, write: Write = plain) -> Markup:
        """One bar per label, made of one part per series; values ≥ 0."""
        totals = [sum(values[k] for _, values in series) for k in range(len(labels))]
        scale = make_scale(totals)
        slot = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
        parts = [_grid(scale, write), _labels(labels, slot)]
        for k, label in enumerate(labels):
            below = 0.0
            for i, (name, values) in enumerate(series):
                if not values[k]:
                    continue
                text = f"{label}, {name}: {write(values[k])}"
                parts.append(
                    _bar(LEFT + slot * (k + 0.12), slot * 0.76, scale.y(below + values[k]), scale.y(below), text, i)
                )
                below += values[k]
        return self._with_legend(title, parts, labels, series, write)

    def lines(self, title: str, labels: Sequence[str], series: Series, *, write: Write = plain) -> Markup:
        """One line per series over common labels."""
        scale = make_scale(value for _, values in series for value in values)
        slot = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
        parts = [_grid(scale, write), _labels(labels, slot)]
        for i, (_, values) in enumerate(series):
            places = [(LEFT + slot * (k + 0.5), scale.y(value)) for k, value in enumerate(values)]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            parts.append(Markup('<polyline class="line s{}" points="{}"/>').format(i % COLOURS, path))
            if len(places) <= 2 * LABELS_MAX:
                parts += [
                    Markup('<circle class="dot s{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(i % COLOURS, x, y)
                    for x, y in places
                ]
        return self._with_legend(title, parts, labels, series, write)

    def waterfall(self, title: str, steps: Points, *, total: str, write: Write = plain) -> Markup:
        """From nothing, step by step up or down, to the total, which is drawn under its word."""
        ends, level = [], 0.0
        for _, value in steps:
            ends.append((level, level + value))
            level += value
        scale = make_scale([end for pair in ends for end in pair])
        shown = [
            *((label, low, high, 1 if high < low else 0) for (label, _), (low, high) in zip(steps, ends)),
            (total, 0.0, level, 2),
        ]
        slot = (WIDTH - LEFT - RIGHT) / len(shown)
        parts = [_grid(scale, write), _labels([label for label, *_ in shown], slot)]
        for k, (label, low, high, colour) in enumerate(shown):
            top, bottom = scale.y(max(low, high)), scale.y(min(low, high))
            parts.append(
                _bar(LEFT + slot * (k + 0.15), slot * 0.7, top, bottom, f"{label}: {write(high - low)}", colour)
            )
        rows = [(label, [write(value)]) for label, value in (*steps, (total, level))]
        return self._figure(title, parts, rows, [self.figure_word])

    def donut(self, title: str, points: Points, *, centre: str = "", under: str = "", write: Write = plain) -> Markup:
        """Shares of a whole as a ring, with a word in its middle; values ≥ 0."""
        whole = sum(value for _, value in points) or 1.0
        parts, start = [Markup('<circle class="track" cx="110" cy="110" r="88"/>')], 0.0
        for i, (label, value) in enumerate(points):
            if value > 0:
                parts.append(_arc(start, value / whole, i, f"{label}: {write(value)}"))
            start += value / whole
        parts += [
            Markup('<text class="centre" x="110" y="{}" text-anchor="middle">{}</text>').format(
                108 if under else 117, centre
            ),
            Markup('<text class="under" x="110" y="134" text-anchor="middle">{}</text>').format(under),
        ]
        rows = [(label, [write(value)]) for label, value in points]
        return self._figure(title, parts, rows, [self.figure_word], names=[label for label, _ in points], frame=ROUND)

    def sparkline(self, title: str, values: Sequence[float]) -> Markup:
        """A line as small as a word; what it means stands beside it."""
        low, high = min(values, default=0), max(values, default=0)
        spread = (high - low) or 1
        step = 116 / max(len(values) - 1, 1)
        path = " ".join(f"{2 + step * k:.1f},{26 - 24 * (value - low) / spread:.1f}" for k, value in enumerate(values))
        return Markup(
            '<svg class="sparkline" viewBox="0 0 120 28" role="img" aria-label="{}"><polyline class="line s0" points="{}"/></svg>'
        ).format(title, path)

    def _with_legend(
        self, title: str, parts: list[Markup], labels: Sequence[str], series: Series, write: Write
    ) -> Markup:
        rows = [(label, [write(values[k]) for _, values in series]) for k, label in enumerate(labels)]
        names = [name for name, _ in series]
        return self._figure(title, parts, rows, names, names=names)

    def _figure(
        self,
        title: str,
        parts: Sequence[Markup],
        rows: Sequence[tuple[str, Sequence[str]]],
        heads: Sequence[str],
        *,
        names: Sequence[str] = (),
        frame: Frame = PLOT,
    ) -> Markup:
        drawing = Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
            frame.kind, frame.width, frame.height, title, Markup("").join(parts)
        )
        legend = Markup("").join(LEGEND_ENTRY.format(i % COLOURS, name) for i, name in enumerate(names))
        table = _table(self.label_word, heads, rows)
        return Markup(
            '<figure class="chart"><figcaption>{}</figcaption>{}{}<details><summary>{}</summary>{}</details></figure>'
        ).format(
            title,
            drawing,
            Markup('<ul class="legend">{}</ul>').format(legend) if names else "",
            self.figures_word,
            table,
        )


def _grid(scale: Scale, write: Write) -> Markup:
    return Markup("").join(
        GRID_LINE.format(LEFT, WIDTH - RIGHT, scale.y(tick), LEFT - 6, scale.y(tick) + 4, write(tick))
        for tick in scale.ticks()
    )


def _labels(labels: Sequence[str], slot: float) -> Markup:
    every = max(1, math.ceil(len(labels) / LABELS_MAX))
    return Markup("").join(
        LABEL.format("tick alternate" if (k // every) % 2 else "tick", LEFT + slot * (k + 0.5), HEIGHT - 12, label)
        for k, label in enumerate(labels)
        if k % every == 0
    )


def _bar(x: float, width: float, top: float, bottom: float, text: str, colour: int) -> Markup:
    return Markup('<rect class="bar s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"><title>{}</title></rect>').format(
        colour % COLOURS, x, top, width, max(bottom - top, 0.5), text
    )  # fmt: skip


def _arc(start: float, share: float, colour: int, text: str) -> Markup:
    around = 2 * math.pi * 88
    drawn = max(share * around - 2, 1)
    return ARC.format(colour % COLOURS, drawn, around - drawn, start * 360 - 90, text)


def _table(label_word: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Markup:
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in (label_word, *heads))
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            label, Markup("").join(Markup('<td class="number">{}</td>').format(cell) for cell in cells)
        )
        for label, cells in rows
    )
    return Markup('<table class="small"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(head, body)


__all__ = ["Charts", "make_scale", "nice_step", "plain"]
