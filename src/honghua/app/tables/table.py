"""Any table of transactions as events: columns by map or name, times and amounts by the table's own scale, labels when they arrive."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honghua.app.replay_map import JOINT, TableMap
from honghua.app.tables.columns import ENTITY_PURPOSES, Found, find_fraud_columns
from honghua.app.tables.extras import SAMPLE, Extra, Fitting, choose_extras, common_texts, covered, extra_values
from honghua.app.tables.file import as_floats, as_texts, column_names, read_columns
from honghua.app.tables.labels import read_labels, usual_delay
from honghua.app.tables.times import TimeScale, guess_scale, instants_of, is_counted, join_times, local_parts
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput, IntegrityBroken
from honghua.base.money import CURRENCY_DIGITS
from honghua.features.core import MISSING, EventKind, Schema, keys_of_texts
from honghua.fraud.core import LEVELS_MAX, RiskPlan

Ints = NDArray[np.int64]
AMOUNT_MAX: Final = 2**40 - 1
FINE_AMOUNT: Final = 100  # minor units that the middle amount should have at least
AMOUNTS_MIN: Final = 0.5  # of the rows must have an amount
LEVELS_COVER: Final = 0.5  # of the rows that the commonest names of an entity must cover to be told apart
NAMES_AT_ONCE: Final = 500_000
NUMBER_BITS: Final = 2.0**52
DIGITS_MAX: Final = 6
LIVE: Final = ("available_minor", "limit_minor", "credit")  # numbers that the memories read, by name
KIND_NAMES: Final = {
    "purchase": EventKind.PURCHASE, "refund": EventKind.REFUND, "transfer": EventKind.TRANSFER, "limit_raised": EventKind.LIMIT_RAISED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What fitting fixed about the table, for scoring alike. live: numbers of the schema; extras: read beside the events; reads: what is
    sensed, None = everything."""

    entities: tuple[str, ...]
    amount_scale: float
    time: TimeScale
    timezone: str
    hours: bool
    live: tuple[str, ...] = ()
    extras: tuple[Extra, ...] = ()
    scales: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    label: str | None = None
    delay_us: int = 0
    reads: tuple[str, ...] | None = None

    @property
    def schema(self) -> Schema:
        """The event table's schema."""
        return Schema(self.entities, (*(("hour", "weekday") if self.hours else ()), *self.live))

    @property
    def plan(self) -> RiskPlan:
        """What the sensor reads of it."""
        whole = RiskPlan(self.schema, scales=self.scales, levels=self.levels)
        return whole if self.reads is None else whole.reading(self.reads)

    def reading(self, names: Collection[str]) -> TableSpec:
        """The same table for a model that reads no more than these values."""
        extras = tuple(extra for extra in self.extras if extra.value.name in names)
        return replace(self, extras=extras, reads=tuple(name for name in self.plan.names if name in names))

    def save(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """As saved."""
        try:
            told = json.loads(path.read_text())
            told["time"] = TimeScale(**told["time"])
            told["entities"], told["live"] = tuple(told["entities"]), tuple(told["live"])
            told["reads"] = None if told.get("reads") is None else tuple(told["reads"])
            told["levels"] = {name: tuple(keys) for name, keys in told["levels"].items()}
            told["extras"] = tuple(
                Extra(e["name"], e["kind"], tuple(e["columns"]), tuple(e["levels"])) for e in told["extras"]
            )
            return cls(**told)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IntegrityBroken(f"{path} is no saved table description") from error


@dataclass(frozen=True, slots=True, eq=False)
class EventTable:
    """Events in order of time (ties: of the file). place int64[n]: the file row of each event; ids in the file's order.

    extras float32[n, E] as the spec names them; labels int8[n] 1 fraud, 0 clear, −1 unknown, None without such a column;
    arrives_us int64[n].
    """

    spec: TableSpec
    events: Ints
    extras: NDArray[np.float32]
    place: Ints
    ids: pa.Array
    labels: NDArray[np.int8] | None
    arrives_us: Ints
    notices: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.events)

    def reading(self, names: Collection[str]) -> EventTable:
        """The same table with no more than these values beside the events, and a plan that senses no more than these."""
        kept = [k for k, extra in enumerate(self.spec.extras) if extra.value.name in names]
        return replace(self, spec=self.spec.reading(names), extras=np.ascontiguousarray(self.extras[:, kept]))


@dataclass(slots=True)
class Raw:
    """Columns as read, by purpose, and what to tell about them."""

    names: dict[str, str]
    columns: dict[str, pa.Array]
    present: list[str]
    rows: int
    notices: list[str] = field(default_factory=list)

    def get(self, purpose: str) -> pa.Array | None:
        """The column of a purpose."""
        return self.columns.get(self.names.get(purpose, ""))

    @property
    def others(self) -> dict[str, pa.Array]:
        """Columns that serve no purpose."""
        purposes = {part for name in self.names.values() for part in (name, *name.split(JOINT))}
        return {name: column for name, column in self.columns.items() if name not in purposes}


def open_table(path: Path, table_map: TableMap, *, label: str | None, spec: TableSpec | None) -> Raw:
    """Find and read the columns. With a spec, only what it knows; what it knows and the file lacks is told as absent."""
    present = column_names(path)
    if spec is not None:
        table_map = keep_present(table_map, present)
    wanted = label if label is not None else spec.label if spec and spec.label in present else None
    found = find_fraud_columns(present, table_map, label=wanted)
    if spec is not None and spec.label not in present:
        found.names.pop("label", None)
    sources = found.sources
    if spec is not None:
        extra = [name for one in spec.extras for name in one.columns] + list(spec.live)
        extra = [name for name in dict.fromkeys(extra) if name in present]
        texts: Collection[str] = {one.columns[0] for one in spec.extras if one.kind == "category"}
    else:
        free = present if table_map.others == "use" else (*table_map.numbers, *table_map.categories)
        extra = [name for name in free if name not in sources and name not in table_map.ignore]
        texts = table_map.categories
    guessed = {name for name in extra if name not in texts and name not in sources}
    columns = read_columns(path, [*sources, *extra], guessed=guessed)
    rows = len(next(iter(columns.values())))
    if rows == 0:
        raise BadInput(f"{path}: there are no rows", code="EMPTY_FILE")
    join_columns(columns, found)
    at = found.names["at"]
    if (
        not pa.types.is_string(columns[at].type)
        and not pa.types.is_temporal(columns[at].type)
        and not is_counted(columns[at])
    ):
        columns[at] = as_texts(columns[at])  # 20260131
    raw = Raw(found.names, columns, present, rows)
    raw.notices.append("columns: " + ", ".join(f"{purpose} = {column}" for purpose, column in raw.names.items()))
    if "id" not in raw.names:
        raw.notices.append("no column of ids: the row number, from 1, is the id")
    return raw


def keep_present(table_map: TableMap, present: Collection[str]) -> TableMap:
    """The map without columns that this file lacks, which are absent then; but time and amount must be there."""

    def has(purpose: str, column: str) -> bool:
        parts = table_map.joined.get(purpose, (column,))
        return purpose in ("at", "amount") or all(part in present for part in parts)

    kept = {purpose: column for purpose, column in table_map.columns.items() if has(purpose, column)}
    numbers, categories, ignore = (
        tuple(name for name in names if name in present)
        for names in (table_map.numbers, table_map.categories, table_map.ignore)
    )
    joined = {purpose: parts for purpose, parts in table_map.joined.items() if purpose in kept}
    return replace(table_map, columns=kept, joined=joined, numbers=numbers, categories=categories, ignore=ignore)


def join_columns(columns: dict[str, pa.Array], found: Found) -> None:
    """Make the columns that consist of several."""
    for purpose, name in found.names.items():
        parts = [columns[part] for part in found.joined.get(name, ())]
        if parts and purpose == "at":
            columns[name] = join_times(parts)
        elif parts:
            columns[name] = pc.binary_join_element_wise(
                *(as_texts(part) for part in parts), " " if purpose == "id" else "\x1f"
            )


def describe_table(raw: Raw, table_map: TableMap, *, until: str) -> tuple[TableSpec, int]:
    """What the part of the table up to `until` says of its scales; the instant of `until` in the events' microseconds."""
    column = raw.columns[raw.names["at"]]
    scale, last_us = guess_scale(column, raw.names["at"], table_map, until, raw.present, raw.notices)
    at_us = instants_of(column, scale, table_map.timezone, raw.names["at"])
    past = at_us <= last_us
    if not past.any():
        raise BadInput(f"no row lies at or before {until}: {told_span(column)}", code="NOTHING_TO_FIT")
    if past.all():
        raw.notices.append(f"all rows lie at or before {until}: {told_span(column)}")
    entities = tuple(purpose for purpose in ENTITY_PURPOSES if purpose in raw.names)
    if not entities:
        entities = ("customer",)
        raw.notices.append("no column names anybody: every row stands for itself, only its own numbers are compared")
    elif "customer" not in entities:
        raw.notices.append(
            "no column names the customer; if there is one, name it in the map: no habits are known without"
        )
    order = np.flatnonzero(past)
    order = order[np.argsort(at_us[order], kind="stable")]
    labels = (
        read_labels(raw.columns[raw.names["label"]], table_map, [])
        if "label" in raw.names
        else np.full(raw.rows, -1, np.int8)
    )
    step = max(1, -(-len(order) // SAMPLE))
    fitting = Fitting(order[::step], labels[order[::step]])
    live = tuple(name for name in LIVE if name in raw.others)
    extras = choose_extras(
        {name: values for name, values in raw.others.items() if name not in live}, fitting,
        numbers=table_map.numbers, categories=table_map.categories, notices=raw.notices,
    )  # fmt: skip
    amounts = as_floats(raw.columns[raw.names["amount"]])
    if (amounts[past] < 0).any():
        extras = (*extras, Extra("amount_negative", "negative", ()))
    return TableSpec(
        entities=entities, amount_scale=amount_scale(amounts[past], raw.names["amount"], table_map), time=scale,
        timezone=table_map.timezone, hours=scale.has_hours, live=live, extras=extras,
        scales={name: _number_scale(as_floats(raw.columns[name])[past]) for name in live},
        levels=entity_levels(raw, entities, fitting), label=raw.names.get("label"),
        delay_us=delay_of(raw, table_map, scale, np.where(past & (labels == 1), at_us, 0), last_us),
    ), last_us  # fmt: skip


def delay_of(raw: Raw, table_map: TableMap, scale: TimeScale, frauds_us: Ints, last_us: int) -> int:
    """How long after its event a label is known where no time is told for it. frauds_us int64[n]: times of frauds up to last_us, else 0.

    Who only tells when frauds became known tells nothing about clear rows: they are known once nearly all frauds of their time were.
    """
    if "delay_days" in table_map.labels:
        return round(float(table_map.labels["delay_days"]) * (DAY_US if scale.named else scale.unit_us))
    if "label_at" not in raw.names:
        raw.notices.append(
            "[labels] delay_days is not in the map: labels count as known right after their event's time (delay 0); "
            "where they come later in truth, say so, or the figures flatter"
        )
        return 0
    told = told_times(raw, scale, table_map.timezone)
    delay = usual_delay((told - frauds_us)[(frauds_us > 0) & (told >= frauds_us) & (told <= last_us)])
    raw.notices.append(
        f"rows without a time of their label count as known after {delay / DAY_US:,.1f} days, when 19 in 20 frauds are"
    )
    return delay


def entity_levels(raw: Raw, entities: Collection[str], fitting: Fitting) -> dict[str, tuple[int, ...]]:
    """Of entities with few names, or few common ones, which: the forest may tell these apart."""
    found = {}
    for purpose in entities:
        if purpose != "customer" and purpose in raw.names:
            seen = as_texts(fitting.of(raw.columns[raw.names[purpose]])).drop_null()
            if (
                len(seen)
                and covered(seen) >= LEVELS_COVER
                and (purpose in ("category", "region") or pc.count_distinct(seen).as_py() <= LEVELS_MAX)
            ):
                found[purpose] = tuple(int(key) for key in keys_of_texts(common_texts(seen)))
    return found


def told_span(column: pa.Array) -> str:
    """From when to when the times of a column are."""
    ends = pc.min_max(
        column if not pa.types.is_string(column.type) or not is_counted(column) else pa.array(as_floats(column))
    )
    return f"the times are {ends['min']} … {ends['max']}"


def _number_scale(values: NDArray[np.float64]) -> float:
    """The worth of one step when a number is kept as a whole number: 1 for whole numbers, else as fine as fits."""
    known = values[np.isfinite(values)]
    if len(known) == 0 or (known == np.rint(known)).all():
        return 1.0
    top = float(np.abs(known).max())
    digits = min(DIGITS_MAX, int(math.log10(NUMBER_BITS / max(top, 1e-9))))
    return 10.0**-digits


def amount_scale(amounts: NDArray[np.float64], name: str, table_map: TableMap) -> float:
    """Minor units of 1 in the amount column: of the currency; finer for tiny amounts, coarser for giant ones."""
    digits = table_map.digits(name) if table_map.currency in CURRENCY_DIGITS else 2
    values = np.abs(amounts)
    known = values[np.isfinite(values) & (values > 0)]
    scale = 10.0**digits
    if len(known):
        while np.median(known) * scale < FINE_AMOUNT and scale < 10**9 and table_map.unit == "":
            scale *= 10
        while known.max() * scale > AMOUNT_MAX:
            scale /= 10
    return scale


def keys_of_column(column: pa.Array) -> Ints:
    """int64[n] entity keys, 0 where the value is missing."""
    coded = as_texts(column).dictionary_encode()
    names = coded.dictionary
    parts = [keys_of_texts(names.slice(k, NAMES_AT_ONCE).to_pylist()) for k in range(0, len(names), NAMES_AT_ONCE)]
    words = np.concatenate([*parts, np.zeros(1, np.int64)])
    codes = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    return words[codes]


def build_events(raw: Raw, spec: TableSpec, table_map: TableMap) -> EventTable:
    """The event table. Raises BadInput that names rows whose time is missing."""
    schema, rows = spec.schema, raw.rows
    at_us = instants_of(raw.columns[raw.names["at"]], spec.time, spec.timezone, raw.names["at"])
    order = np.argsort(at_us, kind="stable")
    if (order != np.arange(rows)).any():
        raw.notices.append("the rows are not in order of time: they are taken in it, ties as in the file")
    events = np.zeros((rows, schema.width), np.int64)
    events[:, 0] = events[:, 3] = at_us[order]
    events[:, 1] = kinds_of(raw, table_map)[order]
    amounts = read_amounts(raw)
    events[:, 2] = np.minimum(np.rint(np.abs(np.nan_to_num(amounts[order])) * spec.amount_scale), AMOUNT_MAX)
    for entity in spec.entities:
        column = raw.get(entity)
        if column is not None:
            events[:, schema.place(entity)] = keys_of_column(column)[order]
        elif entity in raw.names or len(spec.entities) > 1:
            raw.notices.append(f"the model was fitted with a {entity}; this table has none: absent")
    if spec.hours:
        hour, weekday = local_parts(at_us[order], spec.timezone)
        events[:, schema.place("hour")], events[:, schema.place("weekday")] = hour, weekday
    for name in spec.live:
        values = as_floats(raw.columns[name]) if name in raw.columns else np.full(rows, np.nan)
        scaled = np.clip(np.rint(values[order] / spec.scales.get(name, 1.0)), -(2.0**62), 2.0**62)
        events[:, schema.place(name)] = np.where(np.isnan(scaled), MISSING, np.nan_to_num(scaled).astype(np.int64))
    absent = sorted({name for extra in spec.extras for name in extra.columns if name not in raw.columns})
    if absent:
        raw.notices.append(
            f"the model was fitted with columns that this table lacks: {', '.join(absent)}; their values are missing"
        )
    labels = read_labels(raw.columns[raw.names["label"]], table_map, raw.notices) if "label" in raw.names else None
    ids = raw.get("id")
    if ids is not None and pc.count_distinct(ids).as_py() < rows:
        raw.notices.append("some ids occur more than once: every row is an event of its own")
    return EventTable(
        spec, events, extra_values(spec.extras, raw.columns, amounts, at_us)[order], order,
        ids if ids is not None else pa.array(np.arange(1, rows + 1)).cast(pa.string()),
        None if labels is None else labels[order], label_times(raw, spec, at_us)[order], tuple(raw.notices),
    )  # fmt: skip


def read_amounts(raw: Raw) -> NDArray[np.float64]:
    """float64[n] as in the file, NaN where missing. BadInput when most are no numbers."""
    name = raw.names["amount"]
    amounts = as_floats(raw.columns[name])
    missing = np.flatnonzero(np.isnan(amounts))
    if len(missing) > (1 - AMOUNTS_MIN) * raw.rows:
        shown = ", ".join(str(row + 1) for row in missing[:3].tolist())
        raise BadInput(
            f"column {name}: most amounts are missing or no numbers, as in row {shown}", code="VALUE_MISSING"
        )
    if len(missing):
        raw.notices.append(f"{len(missing):,} amounts are missing or no numbers: read as 0")
    if (amounts < 0).any():
        raw.notices.append(
            f"{int((amounts < 0).sum()):,} negative amounts are read without their sign; the sign is a value of its own"
        )
    return amounts


def kinds_of(raw: Raw, table_map: TableMap) -> Ints:
    """int64[n] the kind of each row: a purchase unless the map's [kinds] says otherwise."""
    kinds = np.full(raw.rows, int(EventKind.PURCHASE))
    column = raw.get("kind")
    if column is None or not table_map.kinds:
        return kinds
    texts = np.asarray(as_texts(column).to_pylist(), object)
    for name, values in table_map.kinds.items():
        kinds[np.isin(texts, [str(value) for value in values])] = int(KIND_NAMES[name])
    return kinds


def label_times(raw: Raw, spec: TableSpec, at_us: Ints) -> Ints:
    """int64[n] when each label arrives: as the file says, else the delay after the event; never before the event."""
    told = told_times(raw, spec.time, spec.timezone)
    return np.where(told == 0, at_us + spec.delay_us, np.maximum(told, at_us))


def told_times(raw: Raw, time: TimeScale, timezone: str) -> Ints:
    """int64[n] when the file says that each label arrives, 0 where it says nothing."""
    told = raw.get("label_at")
    if told is None:
        return np.zeros(raw.rows, np.int64)
    alike = time.instants == (not is_counted(told))
    scale = time if alike else TimeScale(instants=not is_counted(told))
    filled = instants_of(told, scale, timezone, raw.names["label_at"], missing_ok=True)
    return np.where(np.asarray(pc.is_null(told)), 0, filled)


__all__ = ["EventTable", "Raw", "TableSpec", "build_events", "describe_table", "open_table"]
