"""`bench features` on small sizes: its keys stay and nothing differs from the twin and SQL. No timings here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from honghua.app.bench.features import SCHEMA, count_differing, made_up_events, narrow
from honghua.app.bench.features_twin import twin_values
from honghua.app.cli import build_parser
from honghua.app.settings import Settings
from honghua.base.errors import BadInput
from honghua.features.core import FeatureSet
from honghua.store.settings import StoreSettings


def run(capsys, *words):
    args = build_parser().parse_args(["bench", "features", *words, "--json"])
    assert args.run(args, Settings(store=StoreSettings(Path("unused")))) == 0
    return json.loads(capsys.readouterr().out)


def test_its_keys_stay_and_nothing_differs(capsys):
    told = run(capsys, "--events", "3000", "--entities", "400", "--sample", "1000")
    assert set(told) >= {
        "events_per_s_core", "values", "entities", "bytes_per_entity", "mismatches", "python_events_per_s",
        "duckdb_events_per_s", "polars_events_per_s",
    }  # fmt: skip
    assert (told["values"], told["mismatches"], told["sql_mismatches"]) == (66, 0, 0)
    assert told["wide_values"] >= 200
    assert told["compared_events"] == 1000
    assert told["entities"] <= 400 + 2
    assert told["evicted"] == 0


def test_a_difference_would_be_counted():
    values = twin_values(FeatureSet(SCHEMA, narrow()), made_up_events(50, 40, seed=1))
    other = values.copy()
    assert count_differing(values, other) == 0
    other[3, 0] += 1
    other[4, 1] = np.nan
    assert count_differing(values, other) == 2


def test_sizes_that_make_no_sense(capsys):
    with pytest.raises(BadInput, match="at least 100 entities"):
        run(capsys, "--events", "500", "--sample", "1000")
