"""A market goes to one file, its truth to another."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq

from honghua.sim import api
from honghua.sim.core import MarketPlan, make_market


def test_truth_goes_to_a_file_of_its_own(tmp_path):
    market, truth = make_market(MarketPlan(people=400, days=10, seed=3, rings=1))
    events = pq.read_table(api.write_market(market, tmp_path / "market"))
    beside = pq.read_table(api.write_truth(truth, tmp_path / "secret"))
    assert tuple(events.column_names) == market.schema.columns
    assert np.array_equal(np.stack([column.to_numpy() for column in events.columns], axis=1), market.events)
    assert beside.num_rows == events.num_rows
    names = np.array(beside["typology"].to_pylist())
    assert set(names[truth.typology == -1]) == {""}
    assert set(names[truth.fraud]) <= set(truth.names)
    assert sorted(path.name for path in (tmp_path / "market").iterdir()) == [api.EVENTS_FILE]
