"""Any table of transactions as events: columns by map or name, times and amounts by the table's own scale, labels when they arrive."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honghua.app.replay_map import TableMap
from honghua.app.tables.columns import ENTITY_PURPOSES, find_fraud_columns
from honghua.app.tables.file import as_floats, as_texts, column_names, read_columns
from honghua.app.tables.times import DAY_US, TimeScale, guess_scale, instants_of, local_parts
from honghua.base.errors import BadInput, IntegrityBroken
from honghua.base.money import CURRENCY_DIGITS
from honghua.features.core import MISSING, EventKind, Schema, keys_of_texts
from honghua.fraud.core import LEVELS_MAX, LIVE_NUMBERS, RiskPlan

Ints = NDArray[np.int64]
ROWS_NAMED: Final = 10
AMOUNT_MAX: Final = 2**40 - 1
FINE_AMOUNT: Final = 100  # minor units that the middle amount should have at least
LEVELS_OF_ENTITY: Final = 40
NUMBER_BITS: Final = 2.0**52
DIGITS_MAX: Final = 6
KIND_NAMES: Final = {
    "purchase": EventKind.PURCHASE, "refund": EventKind.REFUND, "transfer": EventKind.TRANSFER, "limit_raised": EventKind.LIMIT_RAISED,
}  # fmt: skip
FRAUD_TEXTS: Final = ("1", "true", "yes", "y", "t", "fraud", "fraudulent", "bad")
CLEAR_TEXTS: Final = ("0", "false", "no", "n", "f", "clear", "legit", "legitimate", "genuine", "normal", "good", "-1")


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What fitting fixed about the table, for scoring alike. `numbers`, `categories`: column → name in the schema."""

    entities: tuple[str, ...]
    amount_scale: float
    time: TimeScale
    timezone: str
    hours: bool
    numbers: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    label: str | None = None
    delay_us: int = 0

    @property
    def schema(self) -> Schema:
        """The event table's schema."""
        hours = ("hour", "weekday") if self.hours else ()
        return Schema(self.entities, (*hours, *self.numbers.values(), *self.categories.values()))

    @property
    def plan(self) -> RiskPlan:
        """What the sensor reads of it."""
        return RiskPlan(self.schema, scales=self.scales, levels=self.levels)

    def save(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """As saved."""
        try:
            told = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise IntegrityBroken(f"{path} is no saved table description") from error
        told["time"] = TimeScale(**told["time"])
        told["entities"] = tuple(told["entities"])
        told["levels"] = {name: tuple(keys) for name, keys in told["levels"].items()}
        return cls(**told)


@dataclass(frozen=True, slots=True, eq=False)
class EventTable:
    """Events in order of time (ties: of the file). place int64[n]: the file row of each event; ids in the file's order.

    labels int8[n] 1 fraud, 0 clear, −1 unknown, None without such a column; arrives_us int64[n]; time float64 or instants as given.
    """

    spec: TableSpec
    events: Ints
    place: Ints
    ids: pa.Array
    labels: NDArray[np.int8] | None
    arrives_us: Ints
    notices: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.events)


@dataclass(slots=True)
class Raw:
    """Columns as read, by purpose, and what to tell about them."""

    names: dict[str, str]
    columns: dict[str, pa.Array]
    rows: int
    notices: list[str] = field(default_factory=list)

    def get(self, purpose: str) -> pa.Array | None:
        """The column of a purpose."""
        return self.columns.get(self.names.get(purpose, ""))


def open_table(path: Path, table_map: TableMap, *, label: str | None, spec: TableSpec | None) -> Raw:
    """Find and read the columns. With a spec, only what it knows; what it knows and the file lacks is told as absent."""
    present = column_names(path)
    wanted = label if label is not None else spec.label if spec and spec.label in present else None
    if spec is not None:
        present_map = {p: c for p, c in table_map.columns.items() if p != "label" or c in present}
        table_map = TableMap(
            **{**{f: getattr(table_map, f) for f in TableMap.__dataclass_fields__}, "columns": present_map}
        )
    names = find_fraud_columns(present, table_map, label=wanted)
    if spec is not None and spec.label not in present:
        names.pop("label", None)
    extra = [*table_map.numbers, *table_map.categories]
    if spec is not None:
        extra = [name for name in (*spec.numbers, *spec.categories) if name in present]
    columns = read_columns(path, [*names.values(), *extra])
    rows = len(next(iter(columns.values())))
    if rows == 0:
        raise BadInput(f"{path}: there are no rows", code="EMPTY_FILE")
    raw = Raw(names, columns, rows)
    said = ", ".join(f"{purpose} = {column}" for purpose, column in names.items())
    raw.notices.append(f"columns: {said}")
    unused = [name for name in present if name not in columns]
    if unused and spec is None:
        raw.notices.append(f"columns not used (name them in the map under numbers or categories): {', '.join(unused)}")
    if "id" not in names:
        raw.notices.append("no column of ids: the row number, from 1, is the id")
    return raw


def describe_table(raw: Raw, table_map: TableMap, *, until: str) -> tuple[TableSpec, int]:
    """What the part of the table up to `until` says of its scales; the instant of `until` in the events' microseconds."""
    column = raw.columns[raw.names["at"]]
    scale, last_us = guess_scale(column, raw.names["at"], table_map, until, raw.notices)
    at_us = instants_of(column, scale, table_map.timezone, raw.names["at"])
    past = at_us <= last_us
    if not past.any():
        raise BadInput(f"no row lies at or before {until}", code="NOTHING_TO_FIT")
    entities = tuple(purpose for purpose in ENTITY_PURPOSES if purpose in raw.names)
    if not entities:
        entities = ("customer",)
        raw.notices.append("no column names anybody: every row stands for itself, only its own numbers are compared")
    taken: list[str] = []
    numbers = {name: _schema_name(name, taken) for name in table_map.numbers}
    categories = {name: _schema_name(name, taken) for name in table_map.categories}
    scales = {numbers[name]: _number_scale(as_floats(raw.columns[name])[past]) for name in numbers}
    levels = {categories[name]: common_keys(as_texts(raw.columns[name]), past, LEVELS_MAX) for name in categories}
    for purpose in ("category", "region", "device"):
        if purpose in entities:
            texts = as_texts(raw.columns[raw.names[purpose]])
            if pc.count_distinct(texts).as_py() <= LEVELS_OF_ENTITY:
                levels[purpose] = common_keys(texts, past, LEVELS_MAX)
    delay = float(table_map.labels.get("delay_days", 0))
    if "label_at" not in raw.names and "delay_days" not in table_map.labels:
        raw.notices.append(
            "[labels] delay_days is not in the map: labels count as known right after their event's time (delay 0); "
            "where they come later in truth, say so, or the figures flatter"
        )
    return TableSpec(
        entities=entities, amount_scale=amount_scale(raw, table_map, past), time=scale, timezone=table_map.timezone, hours=scale.has_hours,
        numbers=numbers, categories=categories, scales=scales, levels=levels, label=raw.names.get("label"),
        delay_us=round(delay * (DAY_US if scale.named else scale.unit_us)),
    ), last_us  # fmt: skip


def _schema_name(column: str, taken: list[str]) -> str:
    slug = "".join(c if c.isalnum() and c.isascii() else "_" for c in column.lower())
    name = column if column in LIVE_NUMBERS else f"x{len(taken)}_{slug}"[:60]
    taken.append(name)
    return name


def _number_scale(values: NDArray[np.float64]) -> float:
    """The worth of one step when a number is kept as a whole number: 1 for whole numbers, else as fine as fits."""
    known = values[np.isfinite(values)]
    if len(known) == 0 or (known == np.rint(known)).all():
        return 1.0
    top = float(np.abs(known).max())
    digits = min(DIGITS_MAX, int(math.log10(NUMBER_BITS / max(top, 1e-9))))
    return 10.0**-digits


def amount_scale(raw: Raw, table_map: TableMap, past: NDArray[np.bool_]) -> float:
    """Minor units of 1 in the amount column: of the currency; finer for tiny amounts, coarser for giant ones."""
    name = raw.names["amount"]
    digits = table_map.digits(name) if table_map.currency in CURRENCY_DIGITS else 2
    values = np.abs(as_floats(raw.columns[name])[past])
    known = values[np.isfinite(values) & (values > 0)]
    scale = 10.0**digits
    if len(known):
        while np.median(known) * scale < FINE_AMOUNT and scale < 10**9 and table_map.unit == "":
            scale *= 10
        while known.max() * scale > AMOUNT_MAX:
            scale /= 10
    return scale


def common_keys(texts: pa.Array, past: NDArray[np.bool_], limit: int) -> tuple[int, ...]:
    """The keys of the commonest values of the past, the commonest first; ties by text."""
    counts = pc.value_counts(texts.filter(pa.array(past)).drop_null())
    pairs = sorted(((-c.as_py(), v.as_py()) for v, c in zip(counts.field(0), counts.field(1), strict=True)))[:limit]
    return tuple(int(key) for key in keys_of_texts([text for _, text in pairs]))


def keys_of_column(column: pa.Array) -> Ints:
    """int64[n] entity keys, 0 where the value is missing."""
    coded = as_texts(column).dictionary_encode()
    words = keys_of_texts(coded.dictionary.to_pylist())
    codes = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    return np.append(words, 0)[codes]


def build_events(raw: Raw, spec: TableSpec, table_map: TableMap) -> EventTable:
    """The event table. Raises BadInput that names rows whose time or amount is missing."""
    schema, rows = spec.schema, raw.rows
    at_us = instants_of(raw.columns[raw.names["at"]], spec.time, spec.timezone, raw.names["at"])
    events = np.zeros((rows, schema.width), np.int64)
    events[:, 0] = events[:, 3] = at_us
    events[:, 1] = kinds_of(raw, table_map)
    amounts = as_floats(raw.columns[raw.names["amount"]])
    name_rows(~np.isfinite(amounts), raw.names["amount"], "the amount is missing or not a number")
    if (amounts < 0).any():
        raw.notices.append(f"{int((amounts < 0).sum()):,} negative amounts are read without their sign")
    events[:, 2] = np.minimum(np.rint(np.abs(amounts) * spec.amount_scale), AMOUNT_MAX)
    for entity in spec.entities:
        column = raw.get(entity)
        if column is None:
            raw.notices.append(f"the model was fitted with a {entity}; this table has none: absent")
            continue
        events[:, schema.place(entity)] = keys_of_column(column)
    if spec.hours:
        events[:, schema.place("hour")], events[:, schema.place("weekday")] = local_parts(at_us, spec.timezone)
    for column, name in spec.numbers.items():
        values = as_floats(raw.columns[column]) if column in raw.columns else np.full(rows, np.nan)
        scaled = np.clip(np.rint(values / spec.scales.get(name, 1.0)), -(2.0**62), 2.0**62)
        events[:, schema.place(name)] = np.where(np.isnan(scaled), MISSING, np.nan_to_num(scaled).astype(np.int64))
    for column, name in spec.categories.items():
        keys = keys_of_column(raw.columns[column]) if column in raw.columns else np.zeros(rows, np.int64)
        events[:, schema.place(name)] = np.where(keys == 0, MISSING, keys)
    labels, arrives_us = read_labels(raw, spec, table_map, at_us)
    ids = raw.get("id")
    texts = as_texts(ids) if ids is not None else pa.array(np.arange(1, rows + 1)).cast(pa.string())
    order = np.argsort(at_us, kind="stable")
    if (order != np.arange(rows)).any():
        raw.notices.append("the rows are not in order of time: they are taken in it, ties as in the file")
    if ids is not None and pc.count_distinct(texts).as_py() < rows:
        raw.notices.append("some ids occur more than once: every row is an event of its own")
    return EventTable(
        spec, np.ascontiguousarray(events[order]), order, ids if ids is not None else texts, None if labels is None else labels[order],
        arrives_us[order], tuple(raw.notices),
    )  # fmt: skip


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


def read_labels(raw: Raw, spec: TableSpec, table_map: TableMap, at_us: Ints) -> tuple[NDArray[np.int8] | None, Ints]:
    """Labels int8[n] (1, 0, −1 unknown) or None, and when each arrives."""
    arrives = at_us + spec.delay_us
    told = raw.get("label_at")
    if told is not None:
        missing = np.asarray(pc.is_null(told))
        filled = instants_of(told, spec.time, spec.timezone, raw.names["label_at"], missing_ok=True)
        arrives = np.where(missing, arrives, np.maximum(filled, at_us))
    column = raw.get("label")
    if column is None:
        return None, arrives
    texts = pc.utf8_lower(as_texts(column))
    settings: dict[str, Sequence[Any]] = dict(table_map.labels)
    fraud = {str(v).lower() for v in settings.get("fraud", FRAUD_TEXTS)}
    clear = {str(v).lower() for v in settings.get("clear", CLEAR_TEXTS)} - fraud
    unknown = {str(v).lower() for v in settings.get("unlabelled", ())}
    labels = np.full(raw.rows, -1, np.int8)
    coded = texts.dictionary_encode()
    words = coded.dictionary.to_pylist()
    meaning = [-1 if w is None or w in unknown else 1 if w in fraud else 0 if w in clear else -1 for w in words]
    codes = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    labels[:] = np.append(np.array(meaning, np.int8), np.int8(-1))[codes]
    other = int((labels < 0).sum())
    if other:
        odd = [w for w, m in zip(words, meaning, strict=True) if m < 0 and w is not None][:5]
        raw.notices.append(f"{other:,} rows have no label{f' (values such as {odd})' if odd else ''}")
    return labels, arrives


def name_rows(bad: NDArray[np.bool_], column: str, message: str) -> None:
    """BadInput that names the marked rows (data rows count from 1)."""
    if bad.any():
        rows = np.flatnonzero(bad)
        shown = ", ".join(str(row + 1) for row in rows[:ROWS_NAMED].tolist())
        more = f" and {len(rows) - ROWS_NAMED:,} more" if len(rows) > ROWS_NAMED else ""
        raise BadInput(f"column {column}: {message} in row {shown}{more}", code="VALUE_MISSING")


__all__ = ["EventTable", "Raw", "TableSpec", "build_events", "describe_table", "open_table"]
