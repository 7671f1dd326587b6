"""Use cases of the city: markets as standard parquet, the truth in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from honghua.sim.core import Market, MarketPlan, Truth, make_market

EVENTS_FILE: Final = "events.parquet"
TRUTH_FILE: Final = "truth.parquet"


def write_market(market: Market, folder: Path) -> Path:
    """Write what engines may see, one column per column of the schema; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = {name: market.events[:, place] for place, name in enumerate(market.schema.columns)}
    pq.write_table(pa.table(columns), folder / EVENTS_FILE, compression="zstd")
    return folder / EVENTS_FILE


def write_truth(truth: Truth, folder: Path) -> Path:
    """Write the truth row by row beside the events, into a folder that engines do not get; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    names = pa.array([*truth.names, ""])
    columns = {
        "fraud": truth.fraud,
        "typology": names.take(pa.array(truth.typology % len(names))),  # -1 takes the empty last
        "ring": truth.ring,
        "told_at_us": truth.told_at_us,
    }
    pq.write_table(pa.table(columns), folder / TRUTH_FILE, compression="zstd")
    return folder / TRUTH_FILE


__all__ = ["EVENTS_FILE", "TRUTH_FILE", "MarketPlan", "make_market", "write_market", "write_truth"]
