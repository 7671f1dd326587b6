"""The files of a city: events by day, people and shops as a lender may know them, the truth elsewhere, and a page on the columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.features.core import EventKind
from honghua.sim.core.almanac import ZONE_US
from honghua.sim.core.citizens import OCCUPATIONS, new_citizens
from honghua.sim.core.draft import US_PER_DAY, US_PER_HOUR, Ints
from honghua.sim.core.life import DAY_COLUMNS, Registry
from honghua.sim.core.market import keys_of
from honghua.sim.core.shops import CATEGORIES
from honghua.sim.core.truth import split_truth
from honghua.sim.core.typologies import ALL_TYPOLOGIES

EVENTS_FILE: Final = "events.parquet"
PEOPLE_FILE: Final = "people.parquet"
SHOPS_FILE: Final = "shops.parquet"
SCHEMA_PAGE: Final = "SCHEMA.md"
MAP_FILE: Final = "events.map.toml"
TRUTH_FILE: Final = "truth.parquet"
COMPRESSION: Final = {"compression": "zstd", "compression_level": 1}
KINDS: Final = ("", *(kind.name.lower() for kind in EventKind))  # by number
MONDAY_SHIFT: Final = 3  # 1 January 1970 was a Thursday
AT: Final = pa.timestamp("us", tz="UTC")


class Column:
    """One column of events.parquet: its Arrow type and what it says; source: the column of a day that it is made from."""

    __slots__ = ("kind", "meaning", "name", "source")

    def __init__(self, name: str, kind: pa.DataType, source: str, meaning: str) -> None:
        self.name, self.kind, self.source, self.meaning = name, kind, source, meaning


NAMES_OF: Final = pa.dictionary(pa.int16(), pa.string())
COLUMNS: Final = (
    Column("id", pa.int64(), "", "number of the event, from 1, in order of time"),
    Column("at", AT, "at_us", "when it happened, UTC"),
    Column("kind", NAMES_OF, "kind", "purchase, refund, transfer, repayment, limit_raised, refused (a purchase that was not granted), "
        "fraud_reported, cleared (labels that arrive late, in part, and now and then by mistake)"),
    Column("amount_minor", pa.int64(), "amount_minor", "fen; of a refused purchase: what was asked for; of limit_raised: by how much"),
    Column("origin_at", AT, "origin_at_us", "of refund, fraud_reported, cleared: when the purchase or transfer happened; else null"),
    Column("customer", pa.int64(), "customer", "key of the person who acts; the same person as payee has the same key"),
    Column("merchant", pa.int64(), "merchant", "key of the shop; null where none takes part"),
    Column("device", pa.int64(), "device", "key of the phone or tablet"),
    Column("address", pa.int64(), "address", "key of the network address"),
    Column("payee", pa.int64(), "payee", "key of who receives a transfer; null otherwise"),
    Column("category", NAMES_OF, "category", "kind of goods; null where none"),
    Column("scene", NAMES_OF, "scene", "code of the spending scene, finer than the category; null where none"),
    Column("region", pa.int16(), "region", "number of the city region where it happened, from 1"),
    Column("items", pa.int16(), "items", "goods in the basket; null where no shop takes part"),
    Column("instalments", pa.int8(), "instalments", "months wished, 0 = with the next bill"),
    Column("credit", pa.int8(), "credit", "1 = on credit (or asked for it), 0 = own money"),
    Column("available_minor", pa.int64(), "available_minor", "left of the limit before the event (of limit_raised: after it)"),
    Column("limit_minor", pa.int64(), "limit_minor", "limit before the event (of limit_raised: after it)"),
    Column("hour", pa.int8(), "", "hour in Shanghai, 0 … 23"),
    Column("weekday", pa.int8(), "", "in Shanghai, 0 = Monday"),
)  # fmt: skip
TRUTH_COLUMNS: Final = pa.schema(
    [("id", pa.int64()), ("fraud", pa.bool_()), ("typology", NAMES_OF), ("ring", pa.int32())]
)
ENCODED: Final = ("id", "at", "origin_at")  # differences are small
WORDS: Final = (
    "kind",
    "merchant",
    "category",
    "scene",
    "region",
    "items",
    "instalments",
    "credit",
    "limit_minor",
    "hour",
    "weekday",
)


class EventWriter:
    """Writes days in their order, a row group each. Use as a context; `events` counts what was written."""

    def __init__(self, registry: Registry, out: Path, truth: Path) -> None:
        self.events = 0
        self._kinds, self._scenes = pa.array(KINDS), pa.array(registry.plan.scenes.code)
        self._categories = pa.array([one.name for one in CATEGORIES])
        schema = pa.schema([(one.name, one.kind) for one in COLUMNS])
        encoding = dict.fromkeys(ENCODED, "DELTA_BINARY_PACKED")
        self._file = pq.ParquetWriter(
            out / EVENTS_FILE, schema, use_dictionary=list(WORDS), column_encoding=encoding, **COMPRESSION
        )
        self._beside = pq.ParquetWriter(truth / TRUTH_FILE, TRUTH_COLUMNS, **COMPRESSION)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._beside.close()

    def write_day(self, events: Ints) -> None:
        """One day: int64[len(DAY_COLUMNS), n] in order of time."""
        n = events.shape[1]
        values = dict(zip(DAY_COLUMNS, events, strict=True))
        number = np.arange(self.events + 1, self.events + n + 1)
        self.events += n
        columns = [number if one.name == "id" else self._column(one, values) for one in COLUMNS]
        table = pa.table(dict(zip((one.name for one in COLUMNS), columns)), schema=self._file.schema)
        self._file.write_table(table, row_group_size=max(n, 1))
        marked = (values["ring"] != 0) | (values["crime"] != 0)
        self._beside.write_table(truth_table(number[marked], values["crime"][marked], values["ring"][marked]))

    def _column(self, one: Column, values: dict[str, Ints]) -> Any:
        if one.name in ("hour", "weekday"):
            local = values["at_us"] + ZONE_US
            hours = local // US_PER_HOUR % 24
            return (hours if one.name == "hour" else (local // US_PER_DAY + MONDAY_SHIFT) % 7).astype(np.int8)
        column = values[one.source]
        if one.name in ("kind", "category", "scene"):
            names = {"kind": self._kinds, "category": self._categories, "scene": self._scenes}[one.name]
            return named(column - 1 if one.name == "category" else column, names)
        if one.kind == AT:
            same = column == values["at_us"] if one.name == "origin_at" else None
            return pa.array(column, pa.int64(), mask=same).view(AT)
        absent = column == 0 if one.name in ("merchant", "payee", "device", "address") else None
        if one.name == "items":
            absent = values["merchant"] == 0
        return pa.array(column.astype(one.kind.to_pandas_dtype()), mask=absent)


def named(numbers: Ints, names: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """A column of names by number; null where the number is negative."""
    indices = pa.array(numbers.astype(np.int16), mask=numbers < 0)
    return pa.DictionaryArray.from_arrays(indices, names if isinstance(names, pa.Array) else pa.array(names))


def truth_table(number: Ints, crime: Ints, ring: Ints) -> pa.Table:
    """What is true of the events with these numbers."""
    truth = split_truth(crime, ring, tuple(ALL_TYPOLOGIES))
    columns = [number, truth.fraud, named(truth.typology, truth.names), ring.astype(np.int32)]
    return pa.table(columns, schema=TRUTH_COLUMNS)


def write_people(registry: Registry, out: Path) -> Path:
    """What a lender may know of the people; the file."""
    citizens, plan = registry.citizens, registry.plan
    n = plan.people
    columns = {
        "customer": keys_of(plan.seed, "person", np.arange(n)),
        "born_on": _dates(plan.first_day, citizens.born_day),
        "female": citizens.female,
        "occupation": named(citizens.occupation.astype(np.int64), [one.name for one in OCCUPATIONS]),
        "region": citizens.people.region.astype(np.int16) + np.int16(1),
        "tier": citizens.tier,
        "new_citizen": new_citizens(citizens, 0),
        "has_card": citizens.has_card,
        "lenders_elsewhere": citizens.loans,
        "debt_elsewhere_minor": citizens.debt_minor,
        "line_on": _dates(plan.first_day, citizens.line_day, last=plan.days),
    }
    pq.write_table(pa.table(columns), out / PEOPLE_FILE, **COMPRESSION)
    return out / PEOPLE_FILE


def write_shops(registry: Registry, out: Path) -> Path:
    """All shops; the file."""
    shops, plan = registry.shops.shops, registry.plan
    columns = {
        "merchant": keys_of(plan.seed, "shop", np.arange(len(shops))),
        "category": named(shops.category, [one.name for one in CATEGORIES]),
        "scene": named(registry.shops.scene.astype(np.int64), plan.scenes.code),
        "region": (shops.region + 1).astype(np.int16),
        "online": shops.online,
        "opens_hour": shops.opens_hour.astype(np.int8),
        "closes_hour": shops.closes_hour.astype(np.int8),
        "opened_on": _dates(plan.first_day, shops.opened_day),
    }
    pq.write_table(pa.table(columns), out / SHOPS_FILE, **COMPRESSION)
    return out / SHOPS_FILE


def _dates(first_day: dt.date, day: NDArray[Any], *, last: int = 10**6) -> pa.Array:
    """Dates of days of the plan; null for those that do not come within the plan."""
    epoch = (first_day - dt.date(1970, 1, 1)).days
    return pa.array((day + epoch).astype(np.int32), mask=np.asarray(day >= last)).view(pa.date32())


PAGE: Final = """# {events:,} events of a made-up city

Made by `honghua sim make --people {people} --days {days} --seed {seed}`: {people:,} people from {first} to {last} (Shanghai's days).
Nobody in it exists. The same command gives the same bytes. Money is in fen (CNY minor units); times are UTC; keys are whole numbers without
order or meaning, the same in all files. What is true (crimes, rings) is not here: it was written into a folder of its own.

## events.parquet – one row group a day, in order of time
| column | type | meaning |
| --- | --- | --- |
{rows}

Labels are events of their own: they arrive late and in part. A table with one row a purchase or transfer and what was told of it by the
end, for `honghua fraud fit --events labelled.parquet --map events.map.toml --label reported --until …` (DuckDB, in this folder):
```sql
COPY (
  SELECT e.*, (r.at IS NOT NULL)::INT AS reported, r.at AS reported_at
  FROM 'events.parquet' e
  LEFT JOIN (SELECT customer, origin_at, min("at") AS at FROM 'events.parquet' WHERE kind = 'fraud_reported' GROUP BY ALL) r
    ON r.customer = e.customer AND r.origin_at = e.at AND e.kind IN ('purchase', 'transfer')
  WHERE e.kind IN ('purchase', 'refund', 'transfer', 'limit_raised')
  ORDER BY e.id
) TO 'labelled.parquet';
```

## people.parquet – what a lender may know
customer, born_on, female, occupation, region, tier (of the city: 1 … 4), new_citizen (came for work, a child's school or to
join a child, and has had no local hukou for three years; on the first day), has_card (of a bank), lenders_elsewhere and
debt_elsewhere_minor on the first day, line_on (since when they have or want a line; null = they live without one in these days).

## shops.parquet
merchant, category, scene, region, online, opens_hour, closes_hour (local, 0 and 24 = always), opened_on (before the first day =
long there).
"""
MAP: Final = """# Which column is which, for `honghua fraud fit|score --map`: of labelled.parquet, see SCHEMA.md.
[columns]
id = "id"
at = "at"
customer = "customer"
merchant = "merchant"
amount = "amount_minor"
device = "device"
address = "address"
payee = "payee"
category = "category"
region = "region"
kind = "kind"
numbers = ["available_minor", "limit_minor", "items", "instalments", "credit"]
label_at = "reported_at"
ignore = ["origin_at", "scene", "hour", "weekday"]
[money]
unit = "minor"
[kinds]
purchase = ["purchase"]
refund = ["refund"]
transfer = ["transfer"]
limit_raised = ["limit_raised"]
"""


def write_schema_page(registry: Registry, out: Path, *, events: int) -> Path:
    """SCHEMA.md, and the map by which our own commands read the events; the page."""
    plan = registry.plan
    rows = "\n".join(f"| {one.name} | {one.kind} | {one.meaning} |" for one in COLUMNS)
    last = plan.first_day + dt.timedelta(days=plan.days - 1)
    page = PAGE.format(
        events=events, people=plan.people, days=plan.days, seed=plan.seed, first=plan.first_day, last=last, rows=rows
    )
    (out / SCHEMA_PAGE).write_text(page, encoding="utf-8")
    (out / MAP_FILE).write_text(MAP, encoding="utf-8")
    return out / SCHEMA_PAGE


__all__ = [
    "COLUMNS", "EVENTS_FILE", "MAP_FILE", "PEOPLE_FILE", "SCHEMA_PAGE", "SHOPS_FILE", "TRUTH_FILE", "EventWriter", "truth_table",
    "write_people", "write_schema_page", "write_shops",
]  # fmt: skip
