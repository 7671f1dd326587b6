"""All tables of a dictionary as one stream of events, in the order in which they became known.

What a table says of a moment is known a delay later; the stream's time is when it was known, so that a window, a row's time and the
future's cut all speak of knowledge. What is known from the beginning stands at time 0. Cost: 8 bytes a column and event.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.features.api import ABOVE
from honghua.features.core import ABSENT, MISSING, Schema, keys_of_texts
from honghua.lab.factory.dictionary import CLOCK, Category, Dictionary, Number, Table

Ints = NDArray[np.int64]
HOUR_US: Final = 3_600_000_000
MONDAY_SHIFT: Final = 3  # 1 January 1970 was a Thursday
SECONDS_PER_US: Final = 1_000_000


@dataclass(frozen=True, eq=False)
class Stream:
    """columns: name → int64[rows] of `schema`, rows in order of at_us (when known), ties in order of tables and of their files.

    names: entity → (keys int64[k] rising, texts) of the raw ids, for the entities that were asked for. notes: what was read, in sentences.
    """

    dictionary: Dictionary
    columns: Mapping[str, Ints]
    names: Mapping[str, tuple[Ints, pa.Array]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many events."""
        return len(self.columns["at_us"])

    @property
    def schema(self) -> Schema:
        """The online event table."""
        return self.dictionary.schema

    @cached_property
    def first_us(self) -> int:
        """When the first event became known; what was known from the beginning (time 0) does not count. 0 when there is none."""
        at = self.columns["at_us"]
        place = int(np.searchsorted(at, 1))
        return int(at[place]) if place < len(at) else 0

    @cached_property
    def last_us(self) -> int:
        """When the last event became known."""
        return int(self.columns["at_us"][-1]) if self.rows else 0

    def customers(self, *, entity: str = "customer") -> Ints:
        """All keys of an entity, rising."""
        keys: Ints = np.unique(self.columns[entity])
        present: Ints = keys[keys != ABSENT]
        return present

    def keys_of(self, entity: str, raw: Sequence[Any]) -> Ints:
        """The keys of raw ids as the files have them."""
        if entity not in self.columns:
            raise BadInput(f"no entity {entity!r} in the stream", code="NO_ENTITY")
        return keys_of_texts([_text(one) for one in raw])

    def name_of(self, entity: str, keys: Ints) -> tuple[str, ...]:
        """The raw ids of keys, as texts; the key itself where its id was never read."""
        known, texts = self.names.get(entity, (np.zeros(0, np.int64), pa.array([], pa.string())))
        if not len(known):
            return tuple(str(key) for key in keys.tolist())
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        found = texts.take(pa.array(place)).to_pylist()
        same = (known[place] == keys).tolist()
        return tuple(text if here else str(key) for text, here, key in zip(found, same, keys.tolist(), strict=True))

    def until(self, last_us: int) -> Stream:
        """The same stream as it was known at last_us: the future cut off."""
        end = int(np.searchsorted(self.columns["at_us"], last_us, side="right"))
        return replace(self, columns={name: column[:end] for name, column in self.columns.items()})

    def matrix(self, *, start: int = 0, stop: int | None = None) -> Ints:
        """int64[n, width] of some events, as the online store takes them."""
        end = self.rows if stop is None else stop
        out = np.empty((end - start, self.schema.width), np.int64)
        for place, name in enumerate(self.schema.columns):
            out[:, place] = self.columns[name][start:end]
        return out


def load_stream(
    dictionary: Dictionary, source: Path | Mapping[str, Path], *, named: Sequence[str] = ("customer",)
) -> Stream:
    """Read every table of the dictionary: from the files of a folder, or each table from a file of its own (parquet or csv).

    named: entities whose raw ids are kept. BadInput names the table and the column that is missing or cannot be read.
    """
    parts: list[dict[str, Ints]] = []
    texts: dict[str, list[tuple[Ints, pa.Array]]] = {name: [] for name in named if name in dictionary.entities}
    notes: list[str] = []
    paths = {
        one.name: source / one.file if isinstance(source, Path) else source.get(one.name) for one in dictionary.tables
    }
    for path in dict.fromkeys(paths.values()):
        mine = [table for table in dictionary.tables if paths[table.name] == path]
        if path is None or not path.exists():
            notes += [f"table {table.name} is absent: no variable of it knows anything" for table in mine]
            continue
        whole = _open(path, mine)
        for table in mine:
            part = _read_table(dictionary, table, _events_of(whole, table), texts)
            notes.append(f"table {table.name}: {len(part['at_us']):,} events")
            parts.append(part)
    if not parts:
        raise BadInput("none of the dictionary's tables is there", code="NO_TABLES")
    at = np.concatenate([part["at_us"] for part in parts])
    order = np.argsort(at, kind="stable")
    columns = {"at_us": at[order]}
    for name in dictionary.schema.columns[1:]:
        columns[name] = np.concatenate([part.pop(name) for part in parts])[order]
    return Stream(dictionary, columns, {name: _merge(known) for name, known in texts.items()}, tuple(notes))


def _open(path: Path, tables: Sequence[Table]) -> pa.Table:
    """The columns that these tables read of one file."""
    try:
        data = ds.dataset(path, format="csv" if path.suffix.lower() in (".csv", ".txt") else "parquet")
        for table in tables:
            missing = [name for name in table.columns if name not in data.schema.names]
            if missing:
                raise BadInput(
                    f"table {table.name}: {path.name} has no column {', '.join(missing)}", code="BAD_COLUMNS"
                )
        return data.to_table(columns=list(dict.fromkeys(name for table in tables for name in table.columns)))
    except pa.ArrowInvalid as error:
        raise BadInput(f"table {tables[0].name}: {path.name} cannot be read: {error}", code="BAD_FILE") from error


def _events_of(whole: pa.Table, table: Table) -> pa.Table:
    """The rows that are events of this table."""
    chosen: Any = None
    for column, values in table.only.items():
        codes, texts = _encoded(whole[column])
        wanted = np.append(np.isin(texts.to_pylist(), values), False)
        one = wanted[codes]
        chosen = one if chosen is None else chosen & one
    found = whole.select(list(table.columns))
    return found if chosen is None else found.filter(pa.array(chosen))


def _read_table(
    dictionary: Dictionary, table: Table, found: pa.Table, texts: Mapping[str, list[tuple[Ints, pa.Array]]]
) -> dict[str, Ints]:
    n = found.num_rows
    happened = np.zeros(n, np.int64) if table.profile else _instants(found[table.time], table.name)
    part = {"at_us": happened + table.delay_us, "kind": np.full(n, table.kind, np.int64), "origin_at_us": happened}
    part["amount_minor"] = np.zeros(n, np.int64)
    for entity in dictionary.entities:
        part[entity] = np.zeros(n, np.int64)
        if entity in table.entities:
            part[entity], known = _keys(found[table.entities[entity]])
            if entity in texts:
                texts[entity].append(known)
    for slot in dictionary.numbers:
        part[slot] = np.full(n, MISSING, np.int64)
    for number in table.numbers:
        if not number.protected:
            part[number.slot] = _numbers(found[number.column], number, table.name)
    for category in table.categories:
        if not category.protected:
            part[category.slot] = _codes(found[category.column], category)
    if table.clock:
        part.update(zip(CLOCK, clock_of(happened, dictionary.timezone), strict=True))
    return part


def _instants(column: pa.ChunkedArray, table: str) -> Ints:
    """Microseconds UTC; texts are ISO, dates are their midnight, whole numbers are seconds."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column = pc.cast(column, pa.timestamp("us"))
    if pa.types.is_integer(column.type):
        told = pc.multiply(pc.cast(column, pa.int64()), SECONDS_PER_US)
    elif pa.types.is_temporal(column.type):
        zone = getattr(column.type, "tz", None)
        told = pc.cast(pc.cast(column, pa.timestamp("us", tz=zone), safe=False), pa.int64())
    else:
        raise BadInput(f"table {table}: {kind} is no time", code="BAD_TIMES")
    if told.null_count:
        raise BadInput(f"table {table}: {told.null_count:,} rows have no time", code="BAD_TIMES")
    found: Ints = told.to_numpy().astype(np.int64)
    if len(found) and found.min() <= 0:
        raise BadInput(f"table {table}: times begin after 1970-01-01", code="BAD_TIMES")
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _encoded(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Codes int64[n] into the different values as texts; -1 = null."""
    whole = column.combine_chunks()
    coded = whole if pa.types.is_dictionary(whole.type) else pc.dictionary_encode(whole)
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, pc.cast(coded.dictionary, pa.string())


def _keys(column: pa.ChunkedArray) -> tuple[Ints, tuple[Ints, pa.Array]]:
    """The entity keys of a column, and which texts they stand for; a null is absent."""
    codes, texts = _encoded(column)
    keys = keys_of_texts(texts.to_pylist())
    return np.append(keys, ABSENT)[codes], (keys, texts)


def _numbers(column: pa.ChunkedArray, number: Number, table: str) -> Ints:
    if number.date:
        column = pc.cast(pc.cast(column, pa.date32()), pa.int32())
    try:
        values = pc.cast(column, pa.float64()).to_numpy()
    except pa.ArrowInvalid as error:
        raise BadInput(f"table {table}: {number.column} is no number: {error}", code="BAD_NUMBERS") from error
    scaled = np.rint(values * number.scale)
    known = np.isfinite(scaled)
    if known.any() and np.abs(scaled[known]).max() >= ABOVE:
        raise BadInput(
            f"table {table}: {number.column} goes beyond ± 2**40 whole units; choose a smaller scale",
            code="BAD_NUMBERS",
        )
    missing = (
        0 if number.slot == "amount_minor" else MISSING
    )  # the amount of an event is always known: 0 where it has none
    return np.where(known, np.where(known, scaled, 0).astype(np.int64), missing)


def _codes(column: pa.ChunkedArray, category: Category) -> Ints:
    """1 … k by group; -1 another word, MISSING a null."""
    codes, texts = _encoded(column)
    numbers = {word: category.code(group) for group, words in category.groups.items() for word in words}
    table = np.array([*(numbers.get(text, -1) for text in texts.to_pylist()), MISSING], np.int64)
    return table[codes]


def clock_of(happened: Ints, timezone: str) -> tuple[Ints, Ints, Ints]:
    """Hour, weekday (0 = Monday) and day of the month where the events happened."""
    local = happened + _offsets(happened, timezone)
    days = local // DAY_US
    dates = days.astype("datetime64[D]")
    monthday = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    return local // HOUR_US % 24, (days + MONDAY_SHIFT) % 7, monthday


def _offsets(happened: Ints, timezone: str) -> Ints:
    """What the clock of a zone is ahead, told hour by hour."""
    zone = ZoneInfo(timezone)
    hours, place = np.unique(happened // HOUR_US, return_inverse=True)
    ahead = [dt.datetime.fromtimestamp(int(hour) * 3600, zone).utcoffset() for hour in hours]
    offsets = np.array([round(one.total_seconds()) * SECONDS_PER_US if one else 0 for one in ahead], np.int64)
    return offsets[place]


def _merge(known: Sequence[tuple[Ints, pa.Array]]) -> tuple[Ints, pa.Array]:
    """Each key once with its text, rising."""
    keys = np.concatenate([one for one, _ in known]) if known else np.zeros(0, np.int64)
    texts = pa.concat_arrays([text for _, text in known]) if known else pa.array([], pa.string())
    rising, first = np.unique(keys, return_index=True)
    return rising, texts.take(pa.array(first))


__all__ = ["Stream", "load_stream"]
