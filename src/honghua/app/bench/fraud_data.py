"""What the fraud benches share: a table sensed once, with labels as they arrive, and the folder of data that is not ours."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.fraud_fit import size_for
from honghua.app.replay_map import TableMap
from honghua.app.tables.stream import Stream, described, sense_blocks
from honghua.app.tables.table import EventTable, build_events, describe_table, open_table
from honghua.fraud.api import RiskSensor
from honghua.fraud.core import Value

DATA: Final = Path(__file__).resolve().parents[5] / "shared" / "data"
SEED: Final = 20261122


@dataclass(frozen=True, slots=True, eq=False)
class SensedTable:
    """Events in order of time, labels int64[n] (1, 0, −1), values float32[n, V] and what they are."""

    table: EventTable
    labels: NDArray[np.int64]
    values: NDArray[np.float32]
    described: tuple[Value, ...]


def add_arguments(benches: Any, name: str, about: str) -> argparse.ArgumentParser:
    """The arguments that both benches have."""
    parser: argparse.ArgumentParser = benches.add_parser(name, help=about)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of measuring data")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=2)
    return parser


def skipped(path: Path) -> dict[str, Any]:
    """What a bench says when the data is not there."""
    return {"skipped": f"{path} is absent; name the folder of measuring data with --data"}


def sense_file(path: Path, table_map: TableMap, *, label: str, until: str) -> SensedTable:
    """Sense a whole table as `honghua fraud score` would; `until` fixes its scales."""
    raw = open_table(path, table_map, label=label, spec=None)
    spec, _ = describe_table(raw, table_map, until=until)
    table = build_events(raw, spec, table_map)
    assert table.labels is not None
    sensor = RiskSensor(spec.plan, size=size_for(table.events, spec))
    told = described(sensor, table)
    values = np.empty((len(table), len(told)), np.float32)
    for found, rows in sense_blocks(sensor, Stream.of(table.events, table.labels, table.arrives_us), table.extras):
        values[rows] = found
    return SensedTable(table, table.labels.astype(np.int64), values, told)


__all__ = ["SensedTable", "add_arguments", "sense_file", "skipped"]
