"""Candidates as a folder: schema, scorecard, forest, predictions, and what was found; and scoring by such a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.lab.fitting.candidates import Candidates, Pair, Predictions
from honghua.lab.tables.api import Schema, Table, encode
from honghua.models.api import load_model, save_model
from honghua.models.scorecard.api import load_card, save_card

FORMAT: Final = 1
TOLD_FILE: Final = "candidates.json"
ROWS_FILE: Final = "{name}.npz"
FINAL, EXAMINED = "final", "examined"
CARD, FOREST = "champion", "challenger"
BLOCK: Final = 200_000  # rows scored at a time


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Candidates read from a folder: as much as scoring needs, and what was told of them."""

    schema: Schema
    pair: Pair
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Of n rows: both candidates' probability float64[n], and up to four names of columns that raised the challenger's most."""

    champion: NDArray[np.float64]
    challenger: NDArray[np.float64]
    reasons: list[list[str]]


def save_candidates(candidates: Candidates, folder: Path | str) -> None:
    """Write the folder; the same candidates give the same bytes. candidates.json comes last, so a torn folder is not taken for one."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    (place / TOLD_FILE).unlink(missing_ok=True)
    pairs = {FINAL: candidates.pair}
    if candidates.examined is not candidates.pair:
        pairs[EXAMINED] = candidates.examined
    for name, pair in pairs.items():
        save_card(pair.champion, place / name / CARD)
        save_model(pair.challenger, place / name / FOREST)
    for name, rows in (("report", candidates.report), ("out_of_fold", candidates.out_of_fold)):
        np.savez(
            place / ROWS_FILE.format(name=name), rows=rows.rows, y=rows.y, champion=rows.champion, challenger=rows.challenger
        )  # fmt: skip
    told = {"format": FORMAT, "schema": candidates.schema.as_dict(), **tell(candidates)}
    (place / TOLD_FILE).write_text(
        json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8"
    )


def tell(candidates: Candidates) -> dict[str, Any]:
    """What was found, for JSON: figures, columns used and not used with the reason, steps, verdict."""
    screening, gain = candidates.screening, candidates.difference
    return {
        "champion": candidates.champion_figures.as_dict(),
        "challenger": candidates.challenger_figures.as_dict(),
        "difference": {"auc": _finite(gain.mid), "low": _finite(gain.low), "high": _finite(gain.high)},
        "accepted": [name for name in screening.accepted if name not in screening.doubtful],
        "used_in_doubt": list(screening.doubtful),
        "dropped": [asdict(one) for one in screening.dropped],
        "suspected_leaks": [asdict(one) for one in screening.suspected],
        "steps": [asdict(step) for step in candidates.steps],
        "verdict": candidates.verdict,
        "fit": dict(candidates.told),
        "scorecard": candidates.pair.champion.table(),
    }


def load_candidates(folder: Path | str) -> Loaded:
    """The candidates of a folder; BadInput when it holds none, IntegrityBroken when a file is not what was saved."""
    place = Path(folder)
    try:
        told = json.loads((place / TOLD_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadInput(f"{place} holds no candidates of a lab run: {problem}", code="BAD_MODEL") from problem
    if told.get("format") != FORMAT:
        raise BadInput(f"{place}: format {told.get('format')} is not known", code="BAD_MODEL")
    pair = Pair(load_card(place / FINAL / CARD), load_model(place / FINAL / FOREST))
    return Loaded(Schema.from_dict(told["schema"]), pair, told)


def load_predictions(folder: Path | str, name: str) -> Predictions:
    """The predictions "report" or "out_of_fold" of a folder."""
    try:
        with np.load(Path(folder) / ROWS_FILE.format(name=name)) as file:
            return Predictions(file["rows"], file["y"], file["champion"], file["challenger"])
    except (OSError, ValueError, KeyError) as problem:
        raise BadInput(f"{folder} holds no predictions {name}", code="BAD_MODEL") from problem


def score(candidates: Candidates | Loaded, table: Table) -> Scored:
    """Score every row of a table that holds the schema's columns."""
    pair, names = candidates.pair, candidates.schema.names
    champion, challenger = np.empty(table.rows), np.empty(table.rows)
    reasons: list[list[str]] = []
    for start in range(0, table.rows, BLOCK):
        places = np.arange(start, min(start + BLOCK, table.rows))
        x = encode(table.take(places), candidates.schema)
        champion[places] = pair.champion.predict(x)
        said = pair.challenger.predict_explained(x)
        challenger[places] = said.probability
        reasons += [[names[k] for k in row if k >= 0] for row in said.reasons.tolist()]
    return Scored(champion, challenger, reasons)


def _finite(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None


__all__ = ["Loaded", "Scored", "load_candidates", "load_predictions", "save_candidates", "score", "tell"]
