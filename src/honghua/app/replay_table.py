"""The checked table of purchases for `honghua replay`: each row is looked at before any is booked; bad ones are named."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from honghua.app.replay_file import PROBLEMS_KEPT, RawColumns, add_problem, load_file
from honghua.app.replay_map import TableMap, read_map
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput, Problem
from honghua.facts.kinds import SCENE

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

AMOUNT_MINOR_MAX: Final = 10**12  # one purchase: ten billion yuan; more is a mistake in the file
FLOAT_ERROR: Final = 1e-15  # relative: what sums and products of amounts leave in the last bits of a double
FLOAT32_MINOR_MAX: Final = 2**23  # beyond, a 32-bit float can't tell one minor unit from the next
WHOLE_FLOAT_MAX: Final = 2.0**53
TEXT_LENGTH_MAX: Final = 100  # an id becomes part of an idempotency key
PROBLEMS_SHOWN: Final = 20
TIME_MIN: Final = int(dt.datetime(1990, 1, 1, tzinfo=dt.UTC).timestamp())
TIME_MAX: Final = int(dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp())
DAYS_MAX: Final = 4_000  # of one file: what a replay closes one by one
PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
NAIVE_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 — naive on purpose: the map's zone comes later
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)
NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseTable:
    """Checked purchases in time order.

    ids, customers, merchants, categories: lists of text; at_us int64[n] microseconds UTC; day int64[n] business day
    number in the file's zone; amount_minor int64[n]; digest names file and map. scenes: texts per entity that the file tells
    of a purchase (device, address, payee, region), "" = absent. labels int8[n]: 1 fraud, 0 clear, −1 unknown; None = no column.
    """

    ids: list[str]
    customers: list[str]
    merchants: list[str]
    categories: list[str]
    at_us: Ints
    day: Ints
    amount_minor: Ints
    digest: bytes
    scenes: Mapping[str, list[str]] = field(default_factory=dict)
    labels: NDArray[np.int8] | None = field(default=None)

    def __len__(self) -> int:
        return len(self.ids)


def read_table(
    path: Path, table_map: TableMap, *, limit: int | None = None
) -> tuple[PurchaseTable | None, list[Problem]]:
    """The checked table, or None with the problems found (row numbers count data rows from 1).

    At most `PROBLEMS_KEPT` problems of a kind are kept. Raises BadInput for an unreadable file, wrong columns, or
    `limit` < 1.
    """
    if limit is not None and limit < 1:
        raise BadInput("the limit must be at least 1 row", code="BAD_LIMIT")
    raw = load_file(path, table_map, limit=limit)
    if raw.rows == 0:
        raise BadInput(f"{path}: there are no rows", code="EMPTY_FILE")
    if raw.problems:
        return None, sorted(raw.problems, key=lambda problem: problem.row)
    problems: list[Problem] = []
    texts = [as_text(raw, purpose, problems) for purpose in ("id", "customer", "merchant")]
    texts.append(as_text(raw, "category", problems) if "category" in raw.names else [table_map.category] * raw.rows)
    at_us, at_bad = as_instants(raw, ZoneInfo(table_map.timezone), problems)
    amounts = as_minor(raw, table_map, problems)
    check_ids(texts[0], raw.names["id"], problems)
    check_order(at_us, at_bad, raw.names["at"], problems)
    check_currency(raw, table_map, problems)
    scenes: dict[str, list[str]] = {str(n): as_scene(raw, n, problems) for n in SCENE if n in raw.names}
    labels = as_labels(raw, table_map) if "label" in raw.names else None
    if problems:
        return None, sorted(problems, key=lambda problem: (problem.row, problem.column))
    days = local_days(at_us, table_map.timezone)
    if days[-1] - days[0] >= DAYS_MAX:
        span = f"from {day_text(days[0])} to {day_text(days[-1])}"
        raise BadInput(f"{path}: the rows go {span}: more than {DAYS_MAX:,} days", code="TIME_IMPLAUSIBLE")
    digest = hashlib.sha256()
    said = b"" if labels is None else labels.tobytes()
    told = [*texts, *scenes.values()]
    for part in (
        repr(table_map).encode(),
        at_us.tobytes(),
        amounts.tobytes(),
        said,
        *("\0".join(x).encode() for x in told),
    ):
        digest.update(hashlib.sha256(part).digest())
    ids, customers, merchants, categories = texts
    return PurchaseTable(
        ids, customers, merchants, categories, at_us, days, amounts, digest.digest(), scenes, labels
    ), []


def mark(problems: list[Problem], rows: Bools, column: str, code: str, message: str) -> None:
    """One problem per marked row, up to a bound."""
    for row in np.flatnonzero(rows)[:PROBLEMS_KEPT].tolist():
        problems.append(Problem(row + 1, code, message, column))


def as_text(raw: RawColumns, purpose: str, problems: list[Problem]) -> list[str]:
    """A column as text; values that are missing, too long or no name of anything are problems."""
    column, name = raw.columns[purpose], raw.names[purpose]
    if pa.types.is_floating(column.type):  # whole numbers beside gaps, as data frames keep them
        numbers = np.asarray(pc.fill_null(column, np.nan).cast(pa.float64()))
        present = ~np.isnan(numbers)
        odd = present & ((np.abs(numbers) > WHOLE_FLOAT_MAX) | (numbers != np.floor(numbers)))
        mark(problems, odd, name, "ID_INVALID", "the value is a fraction or too long for a number: store it as text")
        values = [str(int(x)) if ok else "" for x, ok in zip(numbers, present & ~odd, strict=True)]
        mark(problems, ~present, name, "VALUE_MISSING", "the value is missing")
        return values
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type) or pa.types.is_null(column.type)):
        raise BadInput(f"column {name} is {column.type}; text or whole numbers are wanted", code="BAD_COLUMNS")
    values = [value or "" for value in pc.cast(column, pa.string()).to_pylist()]
    mark(problems, np.array([not value.strip() for value in values]), name, "VALUE_MISSING", "the value is missing")
    long = np.array([len(value) > TEXT_LENGTH_MAX for value in values])
    mark(problems, long, name, "TEXT_TOO_LONG", f"the text has more than {TEXT_LENGTH_MAX} characters")
    odd = np.array([not value.isprintable() and CONTROL.search(value) is not None for value in values])
    mark(problems, odd, name, "TEXT_INVALID", "the text has a control character or a line break in it")
    return values


def as_scene(raw: RawColumns, purpose: str, problems: list[Problem]) -> list[str]:
    """A column of texts that may be absent."""
    column, name = raw.columns[purpose], raw.names[purpose]
    if pa.types.is_floating(column.type):
        column = pc.cast(column, pa.int64(), safe=False)
    values = [(value or "").strip() for value in pc.cast(column, pa.string()).to_pylist()]
    bad = np.array([len(value) > TEXT_LENGTH_MAX or (value != "" and not value.isprintable()) for value in values])
    mark(problems, bad, name, "TEXT_INVALID", f"the text is longer than {TEXT_LENGTH_MAX} or not printable")
    return values


def as_labels(raw: RawColumns, table_map: TableMap) -> NDArray[np.int8]:
    """1 fraud, 0 clear, −1 unknown: by the map's [labels], else 1 and 0, true and false."""
    values = pc.cast(raw.columns["label"], pa.string()).to_pylist()
    told = {str(v).lower(): 1 for v in table_map.labels.get("fraud", ("1", "1.0", "true"))}
    told |= {str(v).lower(): 0 for v in table_map.labels.get("clear", ("0", "0.0", "false"))}
    told |= {str(v).lower(): -1 for v in table_map.labels.get("unlabelled", ())}
    return np.array([told.get((value or "").strip().lower(), -1) for value in values], np.int8)


def as_instants(raw: RawColumns, zone: ZoneInfo, problems: list[Problem]) -> tuple[Ints, Bools]:
    """The column of times as microseconds since 1970 UTC, and which rows have none; naive times are of the zone."""
    column, name = raw.columns["at"], raw.names["at"]
    if pa.types.is_string(column.type):
        micros, naive, missing = parse_times(column.to_pylist())
    elif pa.types.is_timestamp(column.type) or pa.types.is_date(column.type) or pa.types.is_null(column.type):
        micros, naive, missing = scale_times(column)
    else:
        raise BadInput(f"column {name} is {column.type}, not a time", code="BAD_COLUMNS")
    mark(problems, missing, name, "TIME_INVALID", "the time is missing or not of the form 2026-11-11 20:00:00")
    out = ~missing & ((micros < TIME_MIN * 10**6) | (micros >= TIME_MAX * 10**6))
    mark(problems, out, name, "TIME_IMPLAUSIBLE", "the time lies before 1990 or after 2099")
    micros = np.where(missing | out, TIME_MIN * 10**6, micros)
    local = pa.array(micros, pa.timestamp("us"))
    placed = pc.assume_timezone(local, str(zone), ambiguous="earliest", nonexistent="earliest")
    return np.where(naive, np.asarray(placed.cast(pa.int64())), micros), missing | out


def parse_times(values: Sequence[str | None]) -> tuple[Ints, Bools, Bools]:
    """Texts of ISO 8601 as (microseconds since 1970, whether they name no zone, whether they are no time)."""
    micros = np.zeros(len(values), np.int64)
    naive, bad = np.ones(len(values), np.bool_), np.zeros(len(values), np.bool_)
    for i, value in enumerate(values):
        try:
            at = dt.datetime.fromisoformat((value or "").strip())
            naive[i] = at.tzinfo is None
            micros[i] = (at - (NAIVE_EPOCH if at.tzinfo is None else EPOCH)) // MICROSECOND
        except ValueError:
            bad[i] = True
    return micros, naive, bad


def scale_times(column: pa.Array) -> tuple[Ints, Bools, Bools]:
    """Stored times as `parse_times` gives them; what does not fit into microseconds is put out of range."""
    missing = np.asarray(pc.is_null(column))
    if pa.types.is_null(column.type):
        return np.zeros(len(column), np.int64), missing, missing
    if pa.types.is_date(column.type):
        column = column.cast(pa.date32()).cast(pa.timestamp("s"))
    stored = np.asarray(pc.fill_null(column.cast(pa.int64()), 0)).astype(np.int64)
    per_second = PER_SECOND[column.type.unit]
    bounded = np.clip(stored, (TIME_MIN - 1) * per_second, TIME_MAX * per_second)
    micros = bounded // (per_second // 10**6) if per_second > 10**6 else bounded * (10**6 // per_second)
    return micros, np.full(len(column), column.type.tz is None), missing


def as_minor(raw: RawColumns, table_map: TableMap, problems: list[Problem]) -> Ints:
    """The column of amounts as whole minor units within bounds. Zero passes: that purchase alone is refused later."""
    column, name = raw.columns["amount"], raw.names["amount"]
    digits = table_map.digits(name)
    if pa.types.is_string(column.type) or pa.types.is_decimal(column.type) or pa.types.is_null(column.type):
        minor, bad, fine = exact_minor(column.to_pylist(), digits)
    elif pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        minor, bad, fine = float_minor(column, digits)
    else:
        raise BadInput(f"column {name} is {column.type}, not a number", code="BAD_COLUMNS")
    mark(problems, bad, name, "AMOUNT_INVALID", "the amount is missing or not a number such as 57.16")
    mark(problems, minor < 0, name, "AMOUNT_NEGATIVE", "the amount is negative (a refund is not a purchase)")
    high = f"the amount exceeds {AMOUNT_MINOR_MAX // 10**digits:,}"
    mark(problems, minor > AMOUNT_MINOR_MAX, name, "AMOUNT_TOO_LARGE", high)
    many = "the amount is no whole number"
    if digits:
        many = f"the amount has more digits after the point than {table_map.currency} has"
    mark(problems, fine & (np.abs(minor) <= AMOUNT_MINOR_MAX), name, "AMOUNT_TOO_FINE", many)
    return minor


def exact_minor(values: Sequence[str | Decimal | None], digits: int) -> tuple[Ints, Bools, Bools]:
    """Texts and decimals as (minor units, cut just beyond the maximum; no number; more digits than the currency)."""
    minor = np.zeros(len(values), np.int64)
    bad, fine = np.zeros(len(values), np.bool_), np.zeros(len(values), np.bool_)
    for i, value in enumerate(values):
        text = format(value, "f") if isinstance(value, Decimal) else (value or "").strip()
        if NUMBER.fullmatch(text) is None:
            bad[i] = True
            continue
        whole, _, rest = text.partition(".")
        fine[i] = rest[digits:].strip("0") != ""
        units = int(whole + rest[:digits].ljust(digits, "0"))
        minor[i] = max(-AMOUNT_MINOR_MAX - 1, min(units, AMOUNT_MINOR_MAX + 1))
    return minor, bad, fine


def float_minor(column: pa.Array, digits: int) -> tuple[Ints, Bools, Bools]:
    """Binary numbers as `exact_minor`: the double nearest to 57.16 is 57.16, up to what sums leave in the last bits."""
    factor = 10**digits
    values = np.asarray(pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan), dtype=np.float64)
    bad = ~np.isfinite(values)
    values = np.clip(np.where(bad, 0.0, values), -(10.0**14), 10.0**14)
    whole = np.rint(values * factor)
    fine = np.abs(whole / factor - values) > FLOAT_ERROR * np.abs(values)
    if column.type.bit_width < np.dtype(np.float64).itemsize * 8 and pa.types.is_floating(column.type):
        own: Any = column.type.to_pandas_dtype()
        fine = ((whole / factor).astype(own) != values.astype(own)) | (np.abs(whole) > FLOAT32_MINOR_MAX)
    minor = np.clip(whole, -AMOUNT_MINOR_MAX - 1, AMOUNT_MINOR_MAX + 1).astype(np.int64)
    return minor, bad, fine


def check_ids(ids: Sequence[str], column: str, problems: list[Problem]) -> None:
    """Ids are unique: a file that holds a purchase twice would book it once and hide the other."""
    seen: dict[str, int] = {}
    found: list[Problem] = []
    for row, value in enumerate(ids, start=1):
        if value and seen.setdefault(value, row) != row:
            text = f"id {value} was used before, in row {seen[value]}"
            add_problem(found, Problem(row, "ID_DUPLICATE", text, column))
    problems += found


def check_order(at_us: Ints, bad: Bools, column: str, problems: list[Problem]) -> None:
    """Times do not go back."""
    good = np.flatnonzero(~bad)
    back = np.zeros(len(at_us), np.bool_)
    back[good[1:]] = np.diff(at_us[good]) < 0
    mark(problems, back, column, "TIME_DISORDER", "the time lies before that of a row above; sort the file by time")


def check_currency(raw: RawColumns, table_map: TableMap, problems: list[Problem]) -> None:
    """A currency column must say the book's currency everywhere."""
    if "currency" in raw.names:
        other = np.array([value != table_map.currency for value in raw.columns["currency"].to_pylist()])
        text = f"the book is kept in {table_map.currency}; another currency can't be booked in it"
        mark(problems, other, raw.names["currency"], "CURRENCY_UNKNOWN", text)


def local_days(at_us: Ints, timezone: str) -> Ints:
    """Day numbers of instants in a zone."""
    instants = pa.array(at_us, pa.timestamp("us", tz="UTC"))
    local = pc.local_timestamp(pc.cast(instants, pa.timestamp("us", tz=timezone)))
    days: Ints = np.asarray(local.cast(pa.int64())) // DAY_US
    return days


def day_text(day: int) -> str:
    """A day number as an ISO date."""
    return (EPOCH + dt.timedelta(days=int(day))).date().isoformat()


__all__ = ["PROBLEMS_KEPT", "PROBLEMS_SHOWN", "PurchaseTable", "TableMap", "read_map", "read_table"]
