"""What is asked: keys and a time, row by row – everybody on a day, an event at its own place, the last device that somebody used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.features.core import ABSENT, ASKED, MISSING
from honghua.lab.factory.dictionary import Dictionary
from honghua.lab.factory.kernels import find_ends
from honghua.lab.factory.stream import Stream

Ints = NDArray[np.int64]
SEEN_DAYS: Final = 90


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """n rows. keys: entity → int64[n], 0 = absent; as_of_us int64[n]: everything known up to and including this moment counts.

    bound int64[n] or None: events with a number in the stream below it count, even where others became known at the same moment.
    """

    keys: Mapping[str, Ints]
    as_of_us: Ints
    bound: Ints | None = None

    def __len__(self) -> int:
        return len(self.as_of_us)

    def take(self, places: Ints) -> Rows:
        """Some of the rows."""
        bound = None if self.bound is None else self.bound[places]
        return Rows({name: keys[places] for name, keys in self.keys.items()}, self.as_of_us[places], bound)

    def bounds(self, stream: Stream) -> Ints:
        """int64[n]: how many of the stream's events each row may see."""
        found = np.searchsorted(stream.columns["at_us"], self.as_of_us, side="right").astype(np.int64)
        return found if self.bound is None else np.minimum(found, self.bound)


def snapshot_rows(
    stream: Stream, as_of_us: Sequence[int], *, entity: str = "customer", seen_days: int = SEEN_DAYS
) -> Rows:
    """Everybody seen in the days before, at each of the moments."""
    at, keys, times = stream.columns["at_us"], [], []
    for moment in as_of_us:
        start, end = np.searchsorted(at, [moment - seen_days * DAY_US, moment], side="right").tolist()
        seen = np.unique(stream.columns[entity][start:end])
        seen = seen[seen != ABSENT]
        keys.append(seen)
        times.append(np.full(len(seen), moment, np.int64))
    if not keys or not sum(len(one) for one in keys):
        raise BadInput("nobody was seen before any of these moments", code="NOBODY_SEEN")
    return Rows({entity: np.concatenate(keys)}, np.concatenate(times))


def event_rows(stream: Stream, table: str, *, picked: Ints | None = None) -> Rows:
    """Rows at the events of a table, themselves included. picked: places among that table's events, in the stream's order."""
    described = stream.dictionary.table(table)
    if described is None:
        raise BadInput(f"no table {table!r} in the dictionary", code="NO_TABLE")
    places = np.flatnonzero(stream.columns["kind"] == described.kind)
    places = places if picked is None else places[picked]
    keys = {entity: stream.columns[entity][places] for entity in described.entities}
    return Rows(keys, stream.columns["at_us"][places], places.astype(np.int64) + 1)


def with_last(stream: Stream, rows: Rows, entities: Sequence[str], *, of: str = "customer") -> Rows:
    """The rows with further keys: the last device, shop … that the customer had used by then; absent where there was none."""
    keys = dict(rows.keys)
    order = np.argsort(stream.columns[of], kind="stable")
    owner = stream.columns[of][order]
    bounds = rows.bounds(stream)
    for entity in entities:
        used = order[stream.columns[entity][order] != ABSENT]
        owners = owner[stream.columns[entity][order] != ABSENT]
        begin = np.searchsorted(owners, rows.keys[of], side="left").astype(np.int64)
        stop = np.searchsorted(owners, rows.keys[of], side="right").astype(np.int64)
        end = np.zeros(len(rows), np.int64)
        find_ends(used, begin, stop, bounds, end)
        some = (end > begin) & (rows.keys[of] != ABSENT)
        found = np.zeros(len(rows), np.int64)
        found[some] = stream.columns[entity][used[end[some] - 1]]
        keys[entity] = found
    return replace(rows, keys=keys)


def probe_events(dictionary: Dictionary, rows: Rows) -> Ints:
    """int64[n, width]: the rows as events that only ask (kind ASKED), for the online store."""
    schema = dictionary.schema
    out = np.zeros((len(rows), schema.width), np.int64)
    out[:, 0] = out[:, 3] = rows.as_of_us
    out[:, 1] = ASKED
    for name in dictionary.numbers:
        out[:, schema.place(name)] = MISSING
    for entity, keys in rows.keys.items():
        out[:, schema.place(entity)] = keys
    return out


__all__ = ["Rows", "event_rows", "probe_events", "snapshot_rows", "with_last"]
