"""The truth about people as a file of the truth's folder: propensities under stated limits, means, stage of life, character and answers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from honghua.sim.core.citizens import Lift
from honghua.sim.core.citizens.records import LifeEvent, Stage
from honghua.sim.core.life import Registry
from honghua.sim.core.market import keys_of
from honghua.sim.core.people import RHYTHMS
from honghua.sim.core.people_truth import PeopleTruth
from honghua.sim.event_files import named

PEOPLE_TRUTH_FILE: Final = "people_truth.parquet"


def write_people_truth(registry: Registry, truth: PeopleTruth, folder: Path) -> Path:
    """Write one row a person, by customer key as in the public files, into a folder that engines do not get; the file."""
    citizens, who = registry.citizens, truth.who
    columns = {
        "customer": keys_of(registry.plan.seed, "person", who),
        "limit_minor": truth.limit_minor,
        "default_share": truth.default_share,
        "late_share": truth.late_share,
        "draws": np.full(len(who), truth.draws, np.int32),
        "income_minor": citizens.base_minor[who],
        "costs_minor": citizens.costs_minor[who],
        "spend_minor": citizens.spend_minor[who],
        "wallet_minor": citizens.wallet_minor[who],
        "rent_minor": citizens.rent_minor[who],
        "stage": named(citizens.stage[who].astype(np.int64), [one.name.lower() for one in Stage]),
        "life_event": named(citizens.event[who].astype(np.int64), [one.name.lower() for one in LifeEvent]),
        "rhythm": named(citizens.people.rhythm[who].astype(np.int64), [one.name for one in RHYTHMS]),
        "short_last_year": citizens.short_last_year[who],
        "will": truth.will,
        "mindful": truth.mindful,
        **{f"lift_{one.name.lower()}": truth.lifts[:, one] for one in Lift},
    }
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), folder / PEOPLE_TRUTH_FILE, compression="zstd")
    return folder / PEOPLE_TRUTH_FILE


__all__ = ["PEOPLE_TRUTH_FILE", "write_people_truth"]
