"""Online = offline: the kernels and SQL on DuckDB give the same bits on all values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from honghua.features.api import FeatureStore, sql_of, sql_values
from honghua.features.core import FeatureSet, Ratio, Window
from honghua.features.tests.streams import SCHEMA, STREAMS, feature_set, random_events

SET = feature_set()
WITHOUT_REVERSAL = FeatureSet(
    SCHEMA, [one for one in SET.definitions if isinstance(one, Window) and not one.reverse_on_refund]
)


def unlike(found, wanted, names):
    """(name, row, found, wanted) where bits differ; entropy, which takes logarithms, may differ in its last bit."""
    ulps = np.abs(found.view(np.int32).astype(np.int64) - wanted.view(np.int32))
    allowed = np.array([1 if name.endswith("entropy") else 0 for name in names])
    bad = (ulps > allowed) & ~(np.isnan(found) & np.isnan(wanted))
    return [(names[v], int(i), float(found[i, v]), float(wanted[i, v])) for i, v in zip(*np.nonzero(bad), strict=True)]


def check(chosen, events):
    wanted = FeatureStore(chosen).values(events)
    assert unlike(sql_values(chosen, events), wanted, chosen.names) == []
    return wanted


@pytest.mark.parametrize("seed", [1, 2])
def test_online_is_offline_with_late_rows_and_refunds(seed):
    values = check(SET, random_events(seed, 400))
    assert np.isfinite(values).any(axis=0).all(), "each value was there at least once"


def test_online_is_offline_without_strays():
    check(WITHOUT_REVERSAL, random_events(3, 400, late_share=0.0))


@given(STREAMS)
@settings(max_examples=5)
def test_online_is_offline_on_odd_streams(events):
    check(SET, events)


def test_strays_are_joined_only_where_there_are_any():
    assert "stray" not in sql_of(WITHOUT_REVERSAL, strays=False)
    assert "stray" in sql_of(WITHOUT_REVERSAL)
    late = random_events(4, 200, late_share=0.3)
    check(WITHOUT_REVERSAL, late)


def test_ratios_alone_need_no_key():
    chosen = FeatureSet(SCHEMA, [Ratio("own", "amount_minor", "hour")])
    events = random_events(5, 60)
    values = check(chosen, events)
    read = np.isin(events[:, 1], (1, 3)) & (events[:, 7] > 0)
    assert values[read, 0].tolist() == (events[read, 2] / events[read, 7]).astype(np.float32).tolist()
