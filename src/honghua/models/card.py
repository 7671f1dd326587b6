"""The model card: what a model is, on what it was fitted, how good and how sure it is, as a dict and as one HTML page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from importlib import import_module
from typing import Any, Final

import numpy as np

from honghua.models.battery import BatteryReport, Evidence
from honghua.models.core.drift import measure_reference, psi
from honghua.models.core.forest import Float32, Float64
from honghua.models.core.intervals import auc_interval, bootstrap
from honghua.models.core.metrics import average_precision, ks
from honghua.models.core.model import Model
from honghua.models.core.reliability import measure_reliability
from honghua.models.plots import plot_bars, plot_histogram, plot_reliability
from honghua.models.training import Trained

TOP: Final = 15
SCORE_BINS: Final = 20


@dataclass(frozen=True, slots=True)
class Purpose:
    """What people must say about a model, since no program knows it."""

    name: str
    use: str
    limits: str
    fitted_on: str


def model_card(
    model: Model, trained: Trained, battery: BatteryReport, *, evidence: Evidence, purpose: Purpose, fitting: Float32
) -> dict[str, Any]:
    """The card as plain JSON values. `fitting` are rows of the fitting, `evidence` later ones; PSI compares the two."""
    answers = model.predict(evidence.x)
    return {
        **tell_purpose(purpose),
        "digest": model.digest.hex(),
        "trees": model.forest.trees,
        "leaves": model.forest.leaves,
        "bytes": model.forest.size_bytes,
        "calibration": model.calibration.kind.name,
        "features": list(model.names),
        "monotone": dict(trained.monotone),
        "categorical": list(trained.categorical),
        "params": {key: str(value) for key, value in sorted(trained.params.items())},
        "fitting": {"rows": trained.rows, "positives": trained.positives, "rounds": trained.rounds},
        **tell_scores(np.asarray(evidence.y), answers, weight=evidence.weight),
        "importance": find_largest(dict(zip(model.names, trained.gain))),
        "psi": find_largest(_psi_by_feature(model, fitting, evidence.x)),
        **tell_battery(battery),
    }


def tell_purpose(purpose: Purpose) -> dict[str, Any]:
    """The part of a card that people write."""
    return {"name": purpose.name, "use": purpose.use, "limits": purpose.limits, "fitted_on": purpose.fitted_on}


def tell_scores(y: np.ndarray[Any, Any], answers: Float64, *, weight: Float64 | None = None) -> dict[str, Any]:
    """The part of a card that is measured on later rows: y int[n], their probabilities float64[n], how many each row stands for."""
    seen = measure_reliability(y, answers, weight=weight)
    edges = np.linspace(0.0, max(float(answers.max()), 1e-9), SCORE_BINS + 1)
    mass = np.ones(len(y)) if weight is None else weight

    def precision(labels: np.ndarray[Any, Any], rows: np.ndarray[Any, Any]) -> float:
        return average_precision(labels, answers[rows], weight=mass[rows])

    return {
        "figures": {
            "rows": len(y),
            "positives": int(y.sum()),
            "auc": auc_interval(y, answers).as_list(),
            "average_precision": bootstrap(precision, y, np.arange(len(y)), seed=1).as_list(),
            "ks": ks(y, answers, weight=mass),
            "brier": float(np.average((answers - y) ** 2, weights=mass)),
            "ece": seen.ece,
            "slope": seen.slope,
            "slope_error": seen.slope_error,
        },
        "reliability": {"said": list(seen.said), "seen": list(seen.seen), "rows": list(seen.rows)},
        "scores": {
            "edges": edges.tolist(),
            "zeros": np.histogram(answers[y == 0], edges)[0].tolist(),
            "ones": np.histogram(answers[y == 1], edges)[0].tolist(),
        },
    }


def tell_battery(battery: BatteryReport) -> dict[str, Any]:
    """The part of a card that says whether the model may decide."""
    checks = [
        {"check": c.name, "passed": c.passed, "found": c.found, "bound": c.bound, "problem": c.problem}
        for c in battery.checks
    ]
    return {"battery": checks, "passed": battery.passed}


def measure_gain(model: Model) -> dict[str, float]:
    """What each feature brought to the forest while it was fitted, from the booster's text."""
    lightgbm = import_module("lightgbm")  # loaded when cards are made: no decision needs it
    gain = lightgbm.Booster(model_str=model.forest.text).feature_importance("gain")
    return dict(zip(model.names, (float(value) for value in gain)))


def card_html(card: dict[str, Any]) -> str:
    """The card as one page that needs nothing else."""
    plots = [
        *_plot_scores(card),
        plot_bars(list(card["importance"]), list(card["importance"].values()), title="Importance", unit="gain"),
        plot_bars(list(card["psi"]), list(card["psi"].values()), title="Drift since the fitting", unit="PSI"),
    ]
    facts = [
        (key, card[key])
        for key in (
            "use",
            "limits",
            "fitted_on",
            "digest",
            "trees",
            "leaves",
            "bytes",
            "calibration",
            "monotone",
            "params",
        )
        if key in card
    ]
    facts += [*card["fitting"].items()]
    checks = [
        ("passed" if c["passed"] else "FAILED", c["check"], c["found"], c["bound"], c["problem"])
        for c in card["battery"]
    ]
    return "\n".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f"<title>{escape(card['name'])}</title>",
            "<style>body{font:14px sans-serif;max-width:60em;margin:2em auto}td{padding:.2em .8em;vertical-align:top}</style>",
            f"<h1>{escape(card['name'])}</h1>",
            f"<p>{'Passed' if card['passed'] else 'FAILED'} its battery of {len(checks)} checks.</p>",
            _table(facts),
            "<h2>Figures on later rows</h2>",
            _table([(key, _told(value)) for key, value in card["figures"].items()]),
            *plots,
            "<h2>Battery</h2>",
            _table(checks),
            f"<h2>Features</h2><p>{escape(', '.join(card['features']))}</p></html>\n",
        ]
    )


def _plot_scores(card: dict[str, Any]) -> list[str]:
    """What was measured on later rows; nothing where there were too few labels to keep any back."""
    if not card["figures"]:
        return []
    return [
        plot_reliability(card["reliability"]["said"], card["reliability"]["seen"]),
        plot_histogram(card["scores"]["edges"], card["scores"]["zeros"], card["scores"]["ones"]),
    ]


def _told(value: Any) -> str:
    if isinstance(value, list):
        return " … ".join(f"{number:.4f}" for number in value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _table(rows: list[Any]) -> str:
    cells = ("".join(f"<td>{escape(_cell(cell))}</td>" for cell in row) for row in rows)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


def _cell(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def find_largest(values: dict[str, float]) -> dict[str, float]:
    """The fifteen largest, the largest first."""
    ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    return {name: float(value) for name, value in ranked[:TOP]}


def _psi_by_feature(model: Model, before: Float32, after: Float32) -> dict[str, float]:
    reference = measure_reference(before, model.predict(before), names=model.names)
    later = reference.count(after, model.predict(after))
    found = [psi(a, b) for a, b in zip(reference.counts, later)]
    return dict(zip([*model.names, "score"], found))
