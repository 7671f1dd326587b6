"""The live features: state in memory, fed event by event, saved to a folder and taken up again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.features.core import layout as at
from honghua.features.core.kernels.stepping import step
from honghua.features.core.language import FeatureSet
from honghua.features.core.schema import Ints, Schema
from honghua.features.core.state import State, measure
from honghua.features.mapping import map_parts, write_parts

Values = NDArray[np.float32]
FORMAT: Final = 3
TABLES: Final = ("heads", "slabs")  # the state's small arrays; the large ones are mapped


class FeatureStore:
    """Feeds events to the state of a FeatureSet and reads its values. One writer at a time; deterministic; no clock.

    capacities: the most keys per group, as {"customer": 5_000_000, "customer+merchant": …}, else state.CAPACITY. A full group forgets
    the sixteenth of its keys that were unseen the longest (counted).
    """

    def __init__(self, feature_set: FeatureSet, *, capacities: Mapping[str, int] | None = None) -> None:
        self.feature_set = feature_set
        self.state = State(feature_set.plan, capacities)
        self._tables = feature_set.plan.tables

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the values."""
        return self.feature_set.names

    def step(self, events: Ints, out: Values) -> None:
        """Take events int64[n, C] in order and write their values into out float32[n, V].

        Rows of kind PURCHASE and TRANSFER are read, rows of kind ASKED are read and add nothing; the others change the state and get NaN.
        Rows come in the order of at_us, up to a lateness: a late event is added to the tile of its own time, and read at the latest
        time that its key has seen.
        BadInput, before anything changed: a wrong shape, a time below 0, a kind below 1, an amount beyond ± 2**40.
        """
        self.feature_set.schema.check(events)
        if out.shape != (events.shape[0], len(self.names)) or out.dtype != np.float32 or not out.flags.c_contiguous:
            raise BadInput(f"values go into a float32[{events.shape[0]}, {len(self.names)}], C-contiguous")
        status, block, group, item = step(events, out, 0, 0, 0, *self._tables, *self.state.arrays)
        while status != at.DONE:
            if status == at.BAD_EVENT:
                raise BadInput(_tell_bad(self.feature_set.schema, events, block, group))
            self.state.make_room(group)
            status, block, group, item = step(events, out, block, group, item, *self._tables, *self.state.arrays)

    def values(self, events: Ints) -> Values:
        """`step` into a new array."""
        out = np.empty((len(events), len(self.names)), np.float32)
        self.step(events, out)
        return out

    def forget(self, entity: str, values: Ints) -> int:
        """Forget every key with one of these values int64[n] of an entity, as if it had never been fed; how many keys went."""
        return self.state.forget(entity, values)

    def memory(self) -> dict[str, dict[str, Any]]:
        """Per key group: keys, row_bytes, slab_bytes, slot_bytes in use, bytes_per_key."""
        return {key: asdict(found) for key, found in measure(self.state).items()}

    def counters(self) -> dict[str, dict[str, int]]:
        """Per key group: live keys, looked_up, evicted, late events, dropped contributions (older than their longest window)."""
        columns = {
            "live": at.H_LIVE,
            "looked_up": at.H_SEEN,
            "evicted": at.H_EVICTED,
            "late": at.H_LATE,
            "dropped": at.H_DROPPED,
        }
        return {
            "+".join(key): {name: int(self.state.heads[g, column]) for name, column in columns.items()}
            for g, key in enumerate(self.feature_set.plan.keys)
        }

    def digest(self) -> bytes:
        """sha256 of the definitions and of what the next values depend on: 32 bytes."""
        return bytes(a ^ b for a, b in zip(self.feature_set.digest, self.state.digest(), strict=True))

    def save(self, folder: Path) -> None:
        """Write the state into new files, and a table of contents last."""
        folder.mkdir(parents=True, exist_ok=True)
        contents = folder / "features.json"
        contents.unlink(missing_ok=True)
        for name in TABLES:
            np.save(folder / f"{name}.npy", getattr(self.state, name))
        for name, parts in self.state.used().items():
            write_parts(folder / f"{name}.raw", parts)
        limits = {
            "+".join(key): limit for key, limit in zip(self.feature_set.plan.keys, self.state.limits, strict=True)
        }
        told = {
            "format": FORMAT,
            "definitions": self.feature_set.digest.hex(),
            "capacities": limits,
            "sizes": self._sizes(),
        }
        contents.write_text(json.dumps(told, indent=1) + "\n")

    def _sizes(self) -> dict[str, int]:
        """Words of the large arrays, as far as they are used."""
        return {name: sum(part.size for part in parts) for name, parts in self.state.used().items()}

    @classmethod
    def load(cls, folder: Path, feature_set: FeatureSet) -> FeatureStore:
        """The store as it was saved, mapped copy-on-write: the files have to stay, their pages are read when they are needed.

        IntegrityBroken when the folder is cut short or was made by other definitions; whether the files are still those that were
        saved is for the caller to know.
        """
        try:
            told = json.loads((folder / "features.json").read_text())
        except (OSError, ValueError) as problem:
            raise IntegrityBroken(f"{folder} holds no saved features") from problem
        if told.get("format") != FORMAT or told.get("definitions") != feature_set.digest.hex():
            raise IntegrityBroken(f"{folder} was saved by other definitions of features")
        store = cls(feature_set, capacities=told["capacities"])
        try:
            store.state.lay_out(*(np.load(folder / f"{name}.npy") for name in TABLES))
            if store._sizes() != told["sizes"]:
                raise ValueError("heads or slabs count other rows or tiles")
            for name, parts in store.state.used().items():
                map_parts(folder / f"{name}.raw", parts)
        except (OSError, ValueError) as problem:
            raise IntegrityBroken(f"{folder} is cut short, or its files do not fit each other") from problem
        store.state.enter_rows()
        return store


def _tell_bad(schema: Schema, events: Ints, row: int, column: int) -> str:
    return f"event {row}: {schema.columns[column]} = {events[row, column]} is out of bounds"


__all__ = ["FeatureStore"]
