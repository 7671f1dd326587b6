"""The file of the truth about people: joined by key, and none of its columns among what a lender may know."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq

from honghua.sim.core.citizens import Lift
from honghua.sim.core.citizens.records import Stage
from honghua.sim.core.life import settle_city
from honghua.sim.core.people_truth import Horizon, people_truth
from honghua.sim.core.plan import CityPlan
from honghua.sim.event_files import write_people
from honghua.sim.people_file import PEOPLE_TRUTH_FILE, write_people_truth
from honghua.sim.scene_file import standard_scenes

JOINED_BY = "customer"


def test_truth_joins_by_key_and_says_what_the_public_file_does_not(tmp_path):
    registry = settle_city(CityPlan(standard_scenes(), people=400, days=10, seed=8))
    who = np.flatnonzero(registry.citizens.line_day < 0)[:50]
    truth = people_truth(registry, who, np.full(len(who), 3_000_00), Horizon(days=12, draws=1))
    public = pq.read_table(write_people(registry, tmp_path))
    path = write_people_truth(registry, truth, tmp_path / "truth")
    assert path == tmp_path / "truth" / PEOPLE_TRUTH_FILE
    beside = pq.read_table(path)
    assert set(beside.column_names) & set(public.column_names) == {JOINED_BY}
    keys = public[JOINED_BY].to_pylist()
    assert beside[JOINED_BY].to_pylist() == [keys[one] for one in who]
    assert beside["income_minor"].to_pylist() == registry.citizens.base_minor[who].tolist()
    assert beside["rent_minor"].to_pylist() == registry.citizens.rent_minor[who].tolist()
    assert beside["stage"].to_pylist() == [Stage(one).name.lower() for one in registry.citizens.stage[who]]
    reminder = np.array(beside["lift_reminder"].to_pylist())
    assert np.allclose(reminder, registry.citizens.lifts[who, Lift.REMINDER])
