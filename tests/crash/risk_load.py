"""A replay under the risk engine, to be killed at any moment: `python -m tests.crash.risk_load STATE_DIR DATABASE`.

A made-up town with late labels: units are small, a model is released every week, snapshots are frequent. Started again, it goes on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from honghua.app import replay, replay_risk
from honghua.app.replay import Beside, replay_table
from honghua.app.replay_map import TableMap
from honghua.app.replay_table import PurchaseTable
from honghua.app.robots import refitting
from honghua.credit import engine
from honghua.store.database import open_database
from honghua.store.settings import StoreSettings

DAY_US = 86_400_000_000
FIRST = 17_900  # a day number
TABLE_MAP = TableMap(labels={"delay_days": 3}, timezone="UTC")
SEED = 5


def make_table(*, rows: int = 3_000, days: int = 24, customers: int = 40) -> PurchaseTable:
    """Three customers who are frauds every other time; the same rows every time."""
    rng = np.random.default_rng(SEED)
    day = np.sort(rng.integers(0, days, rows)) + FIRST
    names = [f"C{k}" for k in rng.integers(0, customers, rows).tolist()]
    labels = [1 if name in ("C1", "C2", "C3") and k % 2 else 0 for k, name in enumerate(names)]
    return PurchaseTable(
        ids=[f"t{k}" for k in range(rows)], customers=names, merchants=[f"m{k % 7}" for k in range(rows)],
        categories=["general"] * rows, at_us=day * DAY_US + np.arange(rows), day=day,
        amount_minor=rng.integers(100, 5_000, rows), digest=b"r" * 32, labels=np.array(labels, np.int8),
        scenes={"device": [f"d{k % 11}" for k in range(rows)]},
    )  # fmt: skip


def snapshot_folder(settings: StoreSettings) -> Path:
    """Where the engine of a database keeps its snapshots."""
    return settings.state_dir / "risk" / settings.database_name


def main() -> None:
    """Live through the town, or through what is left of it."""
    replay.BATCH, refitting.POSITIVES_MIN, replay_risk.NEGATIVES_ONE_IN = 40, 5, 2  # type: ignore[misc]
    engine.SNAPSHOT_EVERY = 300  # type: ignore[misc]
    settings = StoreSettings(state_dir=Path(sys.argv[1]), database_name=sys.argv[2])
    with open_database(settings) as database:
        beside = Beside(snapshots=snapshot_folder(settings))
        replay_table(database, make_table(), TABLE_MAP, source="risk load", seed=SEED, beside=beside)


if __name__ == "__main__":
    main()
