"""Small plots as inline SVG: no script, no font, no resource from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT, MARGIN = 360, 240, 34
NAMES_SHOWN = 8  # beyond, names under columns would run into each other
INK, FIRST, SECOND, PALE = "#333", "#b3261e", "#2b6cb0", "#ddd"


def plot_reliability(said: Sequence[float], seen: Sequence[float]) -> str:
    """Share of ones over mean probability, both axes up to the largest; the diagonal is perfect."""
    top = max([*said, *seen, 1e-9])
    points = [(_x(a / top), _y(b / top)) for a, b in zip(said, seen)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{FIRST}"/>' for x, y in points)
    diagonal = f'<line x1="{_x(0):.1f}" y1="{_y(0):.1f}" x2="{_x(1):.1f}" y2="{_y(1):.1f}" stroke="{PALE}"/>'
    curve = f'<polyline points="{line}" fill="none" stroke="{FIRST}"/>'
    return _frame(diagonal + curve + dots, "Reliability", f"said (0 … {top:.3g})", "seen")


def plot_bars(names: Sequence[str], values: Sequence[float], *, title: str, unit: str) -> str:
    """One horizontal bar per name, in the order given."""
    row = 18
    height = MARGIN + row * max(len(names), 1) + 8
    top = max([*values, 1e-12])
    bars = []
    for k, (name, value) in enumerate(zip(names, values)):
        y = MARGIN + row * k
        long = max(value, 0.0) / top * (WIDTH - 200)
        bars.append(f'<rect x="150" y="{y}" width="{long:.1f}" height="12" fill="{SECOND}"/>')
        bars.append(
            f'<text x="145" y="{y + 10}" text-anchor="end" font-size="10" fill="{INK}">{escape(name[:26])}</text>'
        )
        bars.append(f'<text x="{152 + long:.1f}" y="{y + 10}" font-size="9" fill="{INK}">{value:.3g}</text>')
    return _svg("".join(bars), f"{title} ({unit})", height)


def plot_histogram(edges: Sequence[float], zeros: Sequence[int], ones: Sequence[int]) -> str:
    """Rows per score bin of each class, each class scaled to its own largest bin."""
    count = len(zeros)
    wide = (WIDTH - 2 * MARGIN) / max(count, 1)
    parts = []
    for counts, colour, shift in ((zeros, SECOND, 0.0), (ones, FIRST, 0.5)):
        top = max([*counts, 1])
        for k, value in enumerate(counts):
            high = value / top * (HEIGHT - 2 * MARGIN)
            x = MARGIN + wide * (k + shift)
            parts.append(
                f'<rect x="{x:.1f}" y="{HEIGHT - MARGIN - high:.1f}" width="{wide * 0.45:.1f}" height="{high:.1f}" fill="{colour}"/>'
            )
    return _frame("".join(parts), "Scores by class", f"{edges[0]:.3g} … {edges[-1]:.3g}; blue 0, red 1", "rows")


def plot_roc(false: Sequence[float], true: Sequence[float], *, auc: float) -> str:
    """Share of ones found over share of zeros alarmed; the diagonal is chance."""
    diagonal = f'<line x1="{_x(0):.1f}" y1="{_y(0):.1f}" x2="{_x(1):.1f}" y2="{_y(1):.1f}" stroke="{PALE}"/>'
    return _frame(diagonal + _line(false, true, FIRST), f"ROC, AUC {auc:.3f}", "zeros alarmed", "ones found")


def plot_ks(scores: Sequence[float], zeros: Sequence[float], ones: Sequence[float], *, ks: float) -> str:
    """Share of each class at or below every score; the bar stands where they are furthest apart, ks is how far on all rows."""
    top = max([*scores, 1e-9])
    shown = [score / top for score in scores]
    gaps = [a - b for a, b in zip(zeros, ones)]
    k = max(range(len(gaps)), key=gaps.__getitem__)
    bar = (
        f'<line x1="{_x(shown[k]):.1f}" y1="{_y(ones[k]):.1f}" x2="{_x(shown[k]):.1f}" y2="{_y(zeros[k]):.1f}"'
        f' stroke="{INK}" stroke-dasharray="3 2"/>'
    )
    lines = _line(shown, zeros, SECOND) + _line(shown, ones, FIRST)
    return _frame(
        lines + bar, f"KS {ks:.3f}, near {scores[k]:.3g}", f"score (0 … {top:.3g}); blue 0, red 1", "share below"
    )


def plot_steps(names: Sequence[str], values: Sequence[float], *, bound: float, title: str, unit: str) -> str:
    """One column per slice of time, in order, and the bound as a dashed line."""
    top = max([*values, bound * 1.2, 1e-9])
    wide = (WIDTH - 2 * MARGIN) / max(len(values), 1)
    parts = []
    for k, (name, value) in enumerate(zip(names, values)):
        high = value / top * (HEIGHT - 2 * MARGIN)
        x = MARGIN + wide * k
        colour = FIRST if value > bound else SECOND
        told = f"{escape(name)}: {value:.3g}"
        parts.append(
            f'<rect x="{x + wide * 0.1:.1f}" y="{HEIGHT - MARGIN - high:.1f}" width="{wide * 0.8:.1f}" height="{high:.1f}"'
            f' fill="{colour}"><title>{told}</title></rect>'
        )
        if len(values) <= NAMES_SHOWN:
            parts.append(
                f'<text x="{x + wide / 2:.1f}" y="{HEIGHT - MARGIN + 11}" text-anchor="middle" font-size="8" fill="{INK}">'
                f"{escape(name[:10])}</text>"
            )
    y = _y(bound / top)
    parts.append(
        f'<line x1="{MARGIN}" y1="{y:.1f}" x2="{WIDTH - MARGIN}" y2="{y:.1f}" stroke="{INK}" stroke-dasharray="3 2"/>'
    )
    return _frame("".join(parts), title, f"bound {bound:g}", unit)


def plot_band(
    places: Sequence[float],
    middle: Sequence[float],
    band: tuple[Sequence[float], Sequence[float]],
    *,
    title: str,
    below: str,
) -> str:
    """A curve between its low and high line."""
    top, far = max([*band[1], 1e-9]), max([*places, 1e-9])
    shown = [place / far for place in places]
    around = [*zip(shown, band[1]), *reversed(list(zip(shown, band[0])))]
    points = " ".join(f"{_x(x):.1f},{_y(y / top):.1f}" for x, y in around)
    area = f'<polygon points="{points}" fill="{SECOND}" fill-opacity="0.2"/>'
    return _frame(area + _line(shown, [value / top for value in middle], SECOND), title, below, f"0 … {top:.3g}")


def _line(xs: Sequence[float], ys: Sequence[float], colour: str) -> str:
    points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in zip(xs, ys))
    return f'<polyline points="{points}" fill="none" stroke="{colour}"/>'


def _frame(body: str, title: str, below: str, beside: str) -> str:
    axes = (
        f'<polyline points="{MARGIN},{MARGIN} {MARGIN},{HEIGHT - MARGIN} {WIDTH - MARGIN},{HEIGHT - MARGIN}" fill="none" stroke="{INK}"/>'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 10}" text-anchor="middle" font-size="10" fill="{INK}">{escape(below)}</text>'
        f'<text x="10" y="{HEIGHT / 2}" font-size="10" fill="{INK}" transform="rotate(-90 10 {HEIGHT / 2})">{escape(beside)}</text>'
    )
    return _svg(axes + body, title, HEIGHT)


def _svg(body: str, title: str, height: int) -> str:
    head = f'<text x="{MARGIN}" y="20" font-size="13" fill="{INK}">{escape(title)}</text>'
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{escape(title)}">{head}{body}</svg>'


def _x(share: float) -> float:
    return MARGIN + share * (WIDTH - 2 * MARGIN)


def _y(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)
