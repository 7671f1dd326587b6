"""What is true of a city's people, as questions that tags answer. Evaluation only: read from the truth's folder, which no engine gets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.lab.factory.api import Rows, Stream

Flags = NDArray[np.bool_]
PEOPLE: Final = "people.parquet"
TRUTH: Final = "people_truth.parquet"
LOW, HIGH = 1 / 3, 0.8  # of the people: who counts as having little, and much
LIFTS: Final = ("free_months", "price", "limit", "campaign")
COURIERS: Final = ("courier", "parcel courier")
DRIVERS: Final = ("ride-hailing driver", "truck driver")
OWN_MASTERS: Final = ("self-employed", "online seller")


def truths_of(city: Path, truth: Path, stream: Stream, rows: Rows) -> Mapping[str, Flags | None]:
    """Question → bool[n] for the rows' customers."""
    public, beside = (_columns(path, stream, rows) for path in (city / PEOPLE, truth / TRUTH))
    stage, event, rhythm, work = beside["stage"], beside["life_event"], beside["rhythm"], public["occupation"]
    child = np.isin(stage, ("small_child", "school_child"))
    found: dict[str, Flags | None] = {
        "stage:small_child": stage == "small_child", "stage:school_child": stage == "school_child", "stage:child": child,
        "stage:no_child": ~child, "stage:single": stage == "single", "stage:family": child | (stage == "couple"),
        "stage:elder": np.isin(stage, ("empty_nest", "retired")), "stage:student": work == "student",
        "event:wedding": event == "wedding", "event:move_or_renovation": np.isin(event, ("move", "renovation")),
        "tenant": beside["rent_minor"] > 0, "new_citizen": public["new_citizen"].astype(np.bool_),
        "occupation:courier": np.isin(work, COURIERS), "occupation:driver": np.isin(work, DRIVERS),
        "occupation:self": np.isin(work, OWN_MASTERS), "short_last_year": beside["short_last_year"].astype(np.bool_),
    }  # fmt: skip
    found |= {f"rhythm:{name}": rhythm == name for name in ("office", "shift", "home", "night")}
    for question, column in (("income", "income_minor"), ("will", "will"), ("mindful", "mindful")):
        values = beside[column].astype(np.float64)
        found[f"{question}:low"] = values <= np.quantile(values, LOW)
        found[f"{question}:high"] = values >= np.quantile(values, HIGH)
    for name in LIFTS:  # true effects on each person, which no file tells but the truth's
        lift = beside[f"lift_{name}"].astype(np.float64)
        found[f"answers:{name}:low"] = lift <= np.quantile(lift, LOW)
        found[f"answers:{name}:high"] = lift >= np.quantile(lift, HIGH)
    return found


def _columns(path: Path, stream: Stream, rows: Rows) -> dict[str, NDArray[Any]]:
    """The file's columns in the order of the rows."""
    table = pq.read_table(path)
    keys = stream.keys_of("customer", table["customer"].to_pylist())
    order = np.argsort(keys)
    place = order[np.searchsorted(keys[order], rows.keys["customer"])]
    names = [name for name in table.column_names if name != "customer"]
    return {name: np.asarray(table[name].to_pylist(), dtype=None)[place] for name in names}


__all__ = ["truths_of"]
