"""The model card of any candidate: what it is for, how good, how sure, how stable, how fair it is, as a dict and as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

import numpy as np

from honghua.models.card import Purpose, find_largest, tell_purpose, tell_scores
from honghua.models.examining.examination import Examination
from honghua.models.plots import (
    plot_band,
    plot_bars,
    plot_histogram,
    plot_ks,
    plot_reliability,
    plot_roc,
    plot_steps,
)

CURVE_POINTS: Final = 100
STYLE: Final = (
    "body{font:14px/1.45 system-ui,sans-serif;max-width:76em;margin:2em auto;padding:0 1em;color:#222}"
    "h1{margin-bottom:.2em}h2{margin-top:1.6em;border-bottom:1px solid #ddd}table{border-collapse:collapse}"
    "th,td{padding:.2em .8em;vertical-align:top;text-align:left;border-bottom:1px solid #eee}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}"
    ".plots{display:flex;flex-wrap:wrap;gap:1em}.bad{color:#b3261e;font-weight:600}.good{color:#1b6e3c;font-weight:600}"
    "@media print{body{margin:0}}"
)


def candidate_card(
    found: Examination,
    purpose: Purpose,
    *,
    points: Sequence[Mapping[str, Any]] = (),
    importance: Mapping[str, float] | None = None,
    rejects: str = "",
) -> dict[str, Any]:
    """The card as plain JSON values.

    points       of a scorecard: one entry per bin with characteristic, bin, rows, rate, points (`Scorecard.table`)
    importance   of a forest: column → gain                 rejects   how the refused came in (`Augmented.told`)
    """
    y, scores = np.asarray(found.y), found.scores
    return {
        **tell_purpose(purpose),
        "rejects": rejects or "nobody said how the refused came in",
        **found.as_json(),
        **tell_scores(y, scores),
        **_tell_curves(y, scores),
        "points": [dict(one) for one in points],
        "importance": find_largest(dict(importance or {})),
    }


def _tell_curves(y: np.ndarray[Any, Any], scores: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    """ROC and the classes' distributions at a hundred scores."""
    cuts = np.unique(np.quantile(scores, np.linspace(0.0, 1.0, CURVE_POINTS + 1), method="inverted_cdf"))
    ones, zeros = np.sort(scores[y == 1]), np.sort(scores[y == 0])
    below = [np.searchsorted(part, cuts, side="right") / max(len(part), 1) for part in (zeros, ones)]
    return {
        "curves": {
            "scores": cuts.tolist(), "zeros": below[0].tolist(), "ones": below[1].tolist(),
            "false": [1.0, *(1.0 - below[0]).tolist()], "true": [1.0, *(1.0 - below[1]).tolist()],
        }
    }  # fmt: skip


def candidate_html(card: Mapping[str, Any]) -> str:
    """The card as one page that needs nothing else."""
    verdict = '<span class="good">passed</span>' if card["passed"] else '<span class="bad">FAILED</span>'
    return "\n".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            f"<title>{escape(card['name'])}</title><style>{STYLE}</style>",
            f"<h1>{escape(card['name'])}</h1>",
            f"<p>A {escape(card['kind'])}; its examination: {verdict} ({len(card['checks'])} checks).</p>",
            _list("Problems", card["problems"]),
            _list("Mind", card["notes"]),
            _table(("", ""), [(key, card[key]) for key in ("use", "limits", "fitted_on", "rejects", "digest")]),
            f"<h2>On {card['rows']:,} later rows, {card['ones']:,} of them ones</h2>",
            _table(("figure", "found"), [(key, _told(value)) for key, value in card["figures"].items()]),
            _compared(card["comparison"]),
            f'<div class="plots">{"".join(_plots(card))}</div>',
            _terms(card["terms"]),
            *(_fairness(one) for one in card["fairness"]),
            _drift(card),
            _points(card["points"]),
            "<h2>Checks</h2>",
            _table(
                ("", "check", "found", "bound", "problem"),
                [
                    ("passed" if c["passed"] else "FAILED", c["check"], c["found"], c["bound"], c["problem"])
                    for c in card["checks"]
                ],
            ),
            "</html>\n",
        ]
    )


def _plots(card: Mapping[str, Any]) -> list[str]:
    curves, slices = card["curves"], card["stability"]["slices"]
    plots = [
        plot_roc(curves["false"], curves["true"], auc=card["figures"]["auc"][1]),
        plot_reliability(card["reliability"]["said"], card["reliability"]["seen"]),
        plot_histogram(card["scores"]["edges"], card["scores"]["zeros"], card["scores"]["ones"]),
        plot_ks(curves["scores"], curves["zeros"], curves["ones"], ks=card["figures"]["ks"]),
        plot_steps(
            [one["slice"] for one in slices], [one["score_psi"] for one in slices],
            bound=card["stability"]["bounds"]["score_psi"], title="Scores since the fitting, by slice", unit="PSI",
        ),
    ]  # fmt: skip
    if card["pd"] is not None:
        pd = card["pd"]
        title = "Default by month" + "".join(
            f", {month}: {told[1]:.1%}" for month, told in pd["by_month"].items() if told is not None
        )
        plots.append(
            plot_band(pd["months"], pd["pd"], (pd["low"], pd["high"]), title=title, below="months on book, with 95 %")
        )
    if card["importance"]:
        values = list(card["importance"].values())
        plots.append(plot_bars(list(card["importance"]), values, title="Importance", unit="gain"))
    return plots


def _terms(terms: Sequence[Mapping[str, Any]]) -> str:
    if not terms:
        return ""
    rows = [
        (f"{one['share']:.0%} of people score lower", _number(one["score"]), one["month"], _interval(one["pd"]))
        for one in terms
    ]
    return "<h2>Default by score and month</h2>" + _table(("who", "score", "by month", "probability"), rows)


def _fairness(report: Mapping[str, Any]) -> str:
    verdict = "passed" if report["passed"] else "FAILED" if report["is_judged"] else "could not be judged"
    rows = [
        (
            one["word"], f"{one['rows']:,}", _interval(one["approved"]), _interval(one["ratio"]), _interval(one["opportunity"]),
            _number(one["said"]), _interval(one["seen"]), _interval(one["auc"]), "" if one["judged"] else "too few",
        ) for one in report["groups"]
    ]  # fmt: skip
    head = ("group", "rows", "approved", "ratio to best", "good payers approved", "risk said", "risk seen", "AUC", "")
    told = f"<h2>Fairness by {escape(report['name'])}: {verdict}</h2>"
    return told + _table(head, rows) + _list("", report["problems"])


def _drift(card: Mapping[str, Any]) -> str:
    telling = card["adversarial"]
    named = ", ".join(f"{name} ({share:.0%})" for name, share in list(telling["columns"].items())[:5])
    apart = "can" if telling["is_apart"] else "cannot surely"
    said = f"A judge {apart} tell later rows from the fitting's: AUC {_interval(telling['auc'])}" + (
        f"; by {escape(named)}" if telling["is_apart"] else ""
    )
    return f"<h2>Drift</h2><p>{said}.</p>" + _list("Columns that moved", card["stability"]["moved"][:20])


def _points(points: Sequence[Mapping[str, Any]]) -> str:
    if not points:
        return ""
    rows = [
        (one["characteristic"], one["bin"], f"{one['rows']:,}", _share(one["rate"]), f"{one['points']:+d}")
        for one in points
    ]
    return "<h2>Points</h2>" + _table(("characteristic", "bin", "rows", "share of ones", "points"), rows)


def _compared(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    wins = "It ranks surely better than" if found["wins"] else "It does not surely rank better than"
    return f"<p>{wins} its rival {escape(found['rival'][:16])}: AUC difference {_interval(found['difference'])}.</p>"


def _list(title: str, sentences: Sequence[str]) -> str:
    if not sentences:
        return ""
    head = f"<p>{escape(title)}:</p>" if title else ""
    return head + "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in sentences) + "</ul>"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head) if any(head) else ""
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>" if top else f"<table>{body}</table>"


def _told(value: Any) -> str:
    if isinstance(value, list):
        return _interval(value)
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}"


def _interval(told: Sequence[float | None] | None) -> str:
    return "–" if told is None or told[1] is None else f"{_number(told[1])} ({_number(told[0])} … {_number(told[2])})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
