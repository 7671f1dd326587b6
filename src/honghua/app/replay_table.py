"""Read a table of card purchases (parquet or CSV) for `honghua replay`: columns by map or by name, every row checked before any is booked."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.base.errors import BadInput, Problem
from honghua.base.money import CURRENCY_DIGITS

AMOUNT_MINOR_MAX: Final = 10**12  # one purchase: ten billion yuan; more is a mistake in the file
PROBLEMS_SHOWN: Final = 20
ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "id": ("transaction_id", "tx_id", "trans_num", "purchase_id", "id"),
    "at": ("tx_datetime", "datetime", "trans_date_trans_time", "timestamp", "time", "date", "at"),
    "customer": ("customer_id", "customer", "cc_num", "card_id", "account_id", "source"),
    "merchant": ("terminal_id", "merchant_id", "merchant", "shop_id", "shop", "target"),
    "amount": ("tx_amount", "amount_minor", "amount", "amt"),
    "category": ("category", "goods_category", "mcc"),
    "currency": ("currency",),
}
REQUIRED: Final = ("id", "at", "customer", "merchant", "amount")


@dataclass(frozen=True, slots=True)
class TableMap:
    """How to read the file: column names, money unit, time zone of naive times, and what the file does not say."""

    columns: Mapping[str, str] = field(default_factory=dict)
    currency: str = "CNY"
    unit: str = "major"
    timezone: str = "Asia/Shanghai"
    category: str = "general"
    limit_minor: int = 1_000_000
    repayment: Mapping[str, float] = field(default_factory=lambda: {"full": 0.70, "minimum": 0.15, "late": 0.12, "never": 0.03})


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseTable:
    """Checked purchases in time order. ids, customers, merchants, categories: lists of text; at_us int64[n] microseconds UTC;
    day int64[n] business day number in the file's zone; amount_minor int64[n]; digest names file and map."""

    ids: list[str]
    customers: list[str]
    merchants: list[str]
    categories: list[str]
    at_us: NDArray[np.int64]
    day: NDArray[np.int64]
    amount_minor: NDArray[np.int64]
    digest: bytes

    def __len__(self) -> int:
        return len(self.ids)


def read_map(path: Path | None) -> TableMap:
    """The map from TOML tables [columns], [money], [book], [repayment]; the defaults without a file. Unknown keys are errors."""
    if path is None:
        return TableMap()
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"map {path}: {error}", code="BAD_MAP") from error
    allowed = {"columns": set(ALIASES), "money": {"currency", "unit"}, "book": {"timezone", "category", "limit_minor"}, "repayment": {"full", "minimum", "late", "never"}}
    values: dict[str, Any] = {}
    for table, entries in body.items():
        if table not in allowed or not isinstance(entries, dict):
            raise BadInput(f"map {path}: unknown table [{table}]; known: {', '.join(allowed)}", code="BAD_MAP")
        unknown = set(entries) - allowed[table]
        if unknown:
            raise BadInput(f"map {path}: unknown key {sorted(unknown)[0]} in [{table}]; known: {', '.join(sorted(allowed[table]))}", code="BAD_MAP")
        values |= {table: entries} if table in ("columns", "repayment") else entries
    table_map = TableMap(**values)
    check_map(table_map, path)
    return table_map


def check_map(table_map: TableMap, path: Path) -> None:
    """Refuse a map that makes no sense."""
    if table_map.unit not in ("major", "minor"):
        raise BadInput(f"map {path}: unit must be major or minor", code="BAD_MAP")
    if table_map.currency not in CURRENCY_DIGITS:
        raise BadInput(f"map {path}: unknown currency {table_map.currency}", code="UNKNOWN_CURRENCY")
    shares = list(table_map.repayment.values())
    if abs(sum(shares) - 1) > 1e-9 or min(shares) < 0:
        raise BadInput(f"map {path}: the shares in [repayment] must be ≥ 0 and sum to 1, not {sum(shares)}", code="BAD_MAP")
    try:
        ZoneInfo(table_map.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise BadInput(f"map {path}: unknown time zone {table_map.timezone}", code="BAD_MAP") from error


def read_table(path: Path, table_map: TableMap, *, limit: int | None = None) -> tuple[PurchaseTable | None, list[Problem]]:
    """The checked table, or None with every problem found (row numbers count data rows from 1). Raises BadInput for an unreadable file."""
    raw = load_file(path)
    names = find_columns(raw.column_names, table_map)
    if limit is not None:
        raw = raw.slice(0, limit)
    if raw.num_rows == 0:
        raise BadInput(f"{path}: there are no rows", code="EMPTY_FILE")
    problems: list[Problem] = []
    ids = as_text(raw, names["id"], problems)
    customers, merchants = as_text(raw, names["customer"], problems), as_text(raw, names["merchant"], problems)
    at_us = as_instants(raw, names["at"], ZoneInfo(table_map.timezone), problems)
    amounts = as_minor(raw, names["amount"], table_map, problems)
    categories = as_text(raw, names["category"], problems) if "category" in names else [table_map.category] * raw.num_rows
    check_order(ids, at_us, names, problems)
    check_currency(raw, names, table_map, problems)
    if problems:
        return None, sorted(problems, key=lambda problem: (problem.row, problem.column))
    digest = hashlib.sha256()
    for part in (repr(table_map).encode(), at_us.tobytes(), amounts.tobytes(), *("\0".join(x).encode() for x in (ids, customers, merchants, categories))):
        digest.update(hashlib.sha256(part).digest())
    return PurchaseTable(ids, customers, merchants, categories, at_us, local_days(at_us, table_map.timezone), amounts, digest.digest()), []


def load_file(path: Path) -> pa.Table:
    """The file as an Arrow table, by its ending."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file", code="NO_FILE")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pq.read_table(path)
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            parse = pacsv.ParseOptions(delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
            return pacsv.read_csv(path, parse_options=parse)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{path}: the file is damaged, cut short or not what its name says: {str(error).splitlines()[0]}", code="BAD_FILE") from error
    raise BadInput(f"{path}: only .parquet and .csv files can be replayed", code="BAD_FILE")


def find_columns(present: list[str], table_map: TableMap) -> dict[str, str]:
    """Which column serves which purpose: by the map, else by a well-known name."""
    by_lower = {name.lower(): name for name in present}
    found: dict[str, str] = {}
    for purpose, aliases in ALIASES.items():
        wanted = table_map.columns.get(purpose)
        if wanted is not None:
            if wanted not in present:
                raise BadInput(f"the map names column {wanted!r} for {purpose}, but the file has: {', '.join(present)}", code="BAD_COLUMNS")
            found[purpose] = wanted
        else:
            match = next((by_lower[alias] for alias in aliases if alias in by_lower), None)
            if match is not None:
                found[purpose] = match
    missing = [purpose for purpose in REQUIRED if purpose not in found]
    if missing:
        raise BadInput(
            f"no column found for {', '.join(missing)}; the file has: {', '.join(present)}. Name them in a map: [columns] {missing[0]} = \"…\"",
            code="BAD_COLUMNS",
        )
    return found


def add_problems(problems: list[Problem], rows: NDArray[np.bool_], column: str, code: str, message: str) -> None:
    """One problem per marked row; beyond a bound the rest is only counted by the caller's exit."""
    for row in np.flatnonzero(rows)[: 10 * PROBLEMS_SHOWN]:
        problems.append(Problem(int(row) + 1, code, message, column))


def as_text(raw: pa.Table, name: str, problems: list[Problem]) -> list[str]:
    """A column as text; empty and missing values are problems."""
    column = raw.column(name)
    text = pc.cast(column, pa.string()) if not pa.types.is_string(column.type) else column
    values = text.to_pylist()
    add_problems(problems, np.array([value is None or value == "" for value in values]), name, "VALUE_MISSING", "the value is missing")
    return [value or "" for value in values]


def as_instants(raw: pa.Table, name: str, zone: ZoneInfo, problems: list[Problem]) -> NDArray[np.int64]:
    """A column of times as microseconds since 1970 UTC; naive times are read in the zone."""
    column = raw.column(name).combine_chunks()
    if pa.types.is_string(column.type):
        parsed = pc.strptime(pc.utf8_slice_codeunits(pc.replace_substring(column, "T", " "), 0, 19), format="%Y-%m-%d %H:%M:%S", unit="us", error_is_null=True)
        column = parsed
    elif pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("us"))
    if not pa.types.is_timestamp(column.type):
        raise BadInput(f"column {name} is {column.type}, not a time", code="BAD_COLUMNS")
    missing = np.asarray(pc.is_null(column))
    add_problems(problems, missing, name, "TIME_INVALID", "the time is missing or not of the form 2026-11-11 20:00:00")
    if column.type.tz is None:
        column = pc.assume_timezone(column, str(zone), ambiguous="earliest", nonexistent="earliest")
    micros = pc.cast(column, pa.timestamp("us", tz="UTC"), safe=False)
    return np.asarray(pc.fill_null(pc.cast(micros, pa.int64()), 0)).astype(np.int64)


def as_minor(raw: pa.Table, name: str, table_map: TableMap, problems: list[Problem]) -> NDArray[np.int64]:
    """A column of amounts as whole minor units within bounds. Zero passes: each such purchase is refused as one, with its code."""
    column = raw.column(name).combine_chunks()
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_decimal(column.type)):
        raise BadInput(f"column {name} is {column.type}, not a number", code="BAD_COLUMNS")
    values = np.asarray(pc.fill_null(pc.cast(column, pa.float64(), safe=False), np.nan), dtype=np.float64)
    factor = 10 ** CURRENCY_DIGITS[table_map.currency] if table_map.unit == "major" else 1
    scaled = values * factor
    bad = ~np.isfinite(scaled)
    add_problems(problems, bad, name, "AMOUNT_INVALID", "the amount is missing or not a number")
    scaled = np.where(bad, 1.0, scaled)
    add_problems(problems, scaled < 0, name, "AMOUNT_NEGATIVE", "the amount is negative (a refund is not a purchase)")
    add_problems(problems, scaled > AMOUNT_MINOR_MAX, name, "AMOUNT_TOO_LARGE", f"the amount exceeds {AMOUNT_MINOR_MAX // factor:,}")
    whole = np.rint(np.clip(scaled, -1e15, 1e15))
    add_problems(problems, np.abs(scaled - whole) > 1e-4, name, "AMOUNT_TOO_FINE", f"the amount has more digits than {table_map.currency} has")
    return whole.astype(np.int64)


def check_order(ids: list[str], at_us: NDArray[np.int64], names: Mapping[str, str], problems: list[Problem]) -> None:
    """Ids are unique, times do not go back."""
    seen: dict[str, int] = {}
    for row, value in enumerate(ids, start=1):
        if value and seen.setdefault(value, row) != row:
            problems.append(Problem(row, "ID_DUPLICATE", f"id {value} was used before, in row {seen[value]}", names["id"]))
    back = np.zeros(len(at_us), np.bool_)
    back[1:] = (np.diff(at_us) < 0) & (at_us[1:] != 0)
    add_problems(problems, back, names["at"], "TIME_DISORDER", "the time lies before that of the row above; sort the file by time")


def check_currency(raw: pa.Table, names: Mapping[str, str], table_map: TableMap, problems: list[Problem]) -> None:
    """A currency column must say the book's currency everywhere."""
    if "currency" not in names:
        return
    values = raw.column(names["currency"]).to_pylist()
    add_problems(
        problems, np.array([value != table_map.currency for value in values]), names["currency"], "CURRENCY_UNKNOWN",
        f"the book is kept in {table_map.currency}; another currency can't be booked in it",
    )  # fmt: skip


def local_days(at_us: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """Day numbers of instants in a zone."""
    instants = pa.array(at_us, pa.timestamp("us", tz="UTC"))
    local = pc.local_timestamp(pc.cast(instants, pa.timestamp("us", tz=timezone)))
    return np.asarray(pc.cast(pc.floor_temporal(local, unit="day"), pa.timestamp("us")).cast(pa.int64())) // 86_400_000_000


__all__ = ["PROBLEMS_SHOWN", "PurchaseTable", "TableMap", "read_map", "read_table"]
