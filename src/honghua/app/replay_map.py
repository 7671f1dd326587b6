"""The map of `honghua replay --map FILE`: which column is which, and what the file of purchases does not say itself."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from honghua.base.errors import BadInput
from honghua.base.money import CURRENCY_DIGITS
from honghua.credit.core import ProductTerms

LIMIT_MINOR_MAX: Final = ProductTerms().limit_minor_max  # no account is opened with more
SHARES_TOLERANCE: Final = 1e-9
ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "id": ("transaction_id", "tx_id", "trans_num", "purchase_id", "id"),
    "at": ("tx_datetime", "datetime", "trans_date_trans_time", "timestamp", "time", "date", "at"),
    "customer": ("customer_id", "customer", "cc_num", "card_id", "account_id", "source"),
    "merchant": ("terminal_id", "merchant_id", "merchant", "shop_id", "shop", "target"),
    "amount": ("tx_amount", "amount_minor", "amount", "amt"),
    "category": ("category", "goods_category", "mcc"),
    "currency": ("currency",),
    "device": ("device_id", "device", "device_fingerprint"),
    "address": ("address_id", "address", "ip_address", "ip"),
    "payee": ("payee_id", "payee", "beneficiary_id", "beneficiary"),
    "region": ("region", "location", "city"),
}
FRAUD_PURPOSES: Final = (
    "kind",
    "label",
    "label_at",
)  # read by `honghua fraud`, named in a map or found by its own names
REQUIRED: Final = ("id", "at", "customer", "merchant", "amount")
LISTS: Final = ("numbers", "categories", "ignore")  # of columns, read by `honghua fraud`
JOINED: Final = ("id", "at", "customer", "merchant", "device", "address", "payee", "category", "region")
KEYS: Final[dict[str, dict[str, tuple[type, ...]]]] = {
    "columns": dict.fromkeys((*ALIASES, *FRAUD_PURPOSES), (str, list))
    | dict.fromkeys(LISTS, (list,))
    | {"others": (str,)},
    "money": {"currency": (str,), "unit": (str,)},
    "book": {"timezone": (str,), "category": (str,), "limit_minor": (int,)},
    "repayment": dict.fromkeys(("full", "minimum", "late", "never"), (int, float)),
    "labels": {
        "delay_days": (int, float),
        "unlabelled": (list,),
        "fraud": (list,),
        "clear": (list,),
        "unreported": (int, float),
    },
    "time": {"unit": (str,)},
    "kinds": dict.fromkeys(("purchase", "refund", "transfer", "limit_raised"), (list,)),
}
JOINT: Final = " + "  # between the names of columns that make one together
UNREPORTED_MAX: Final = 10  # frauds that nobody reports, for one that is
TIME_UNITS: Final = ("us", "ms", "s", "minute", "hour", "day", "step")


@dataclass(frozen=True, slots=True)
class TableMap:
    """How to read the file: column names, money unit, time zone of naive times, and what the file does not say.

    unit: "major", "minor", or "" = minor for a column that is called amount_minor, else major.
    Of `honghua fraud` only: joined (purposes made of several columns), numbers, categories (further columns that a model reads), ignore
    (never read), others ("use" or "ignore": columns that the map does not name), labels ([labels] delay_days, unreported and which
    values mean what), time_unit ([time] unit of whole-number times, "" = guessed) and kinds ([kinds] values of the kind column).
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    currency: str = "CNY"
    unit: str = ""
    timezone: str = "Asia/Shanghai"
    category: str = "general"
    limit_minor: int = 1_000_000
    repayment: Mapping[str, float] = field(
        default_factory=lambda: {"full": 0.70, "minimum": 0.15, "late": 0.12, "never": 0.03}
    )
    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    others: str = "use"
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    time_unit: str = ""
    kinds: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def digits(self, amount_column: str) -> int:
        """How many digits after the point the amounts of a column have in minor units."""
        unit = self.unit or ("minor" if amount_column.lower() == "amount_minor" else "major")
        return CURRENCY_DIGITS[self.currency] if unit == "major" else 0


def read_map(path: Path | None) -> TableMap:
    """The map from TOML tables [columns], [money], [book], [repayment]; the defaults without a file.

    Raises BadInput for unknown keys and for what makes no sense.
    """
    if path is None:
        return TableMap()
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"map {path}: {error}", code="BAD_MAP") from error
    values: dict[str, Any] = {}
    for name in LISTS:  # lists at the top of the file mean the same as in [columns]
        if name in body:
            body.setdefault("columns", {}).setdefault(name, body.pop(name))
    for table, entries in body.items():
        if table not in KEYS or not isinstance(entries, dict):
            raise BadInput(f"map {path}: unknown table [{table}]; known: {', '.join(KEYS)}", code="BAD_MAP")
        _check_entries(path, table, entries)
        values |= {table: entries} if table in ("columns", "repayment", "labels", "kinds") else _flat(table, entries)
    columns = values.setdefault("columns", {})
    for name in LISTS:
        values[name] = tuple(columns.pop(name, ()))
    values["others"] = columns.pop("others", "use")
    values["joined"] = {purpose: tuple(told) for purpose, told in columns.items() if isinstance(told, list)}
    columns |= {purpose: JOINT.join(map(str, names)) for purpose, names in values["joined"].items()}
    table_map = TableMap(**values)
    _check_sense(table_map, path)
    return table_map


def _flat(table: str, entries: Mapping[str, Any]) -> dict[str, Any]:
    return {"time_unit": entries["unit"]} if table == "time" and "unit" in entries else dict(entries)


def _check_entries(path: Path, table: str, entries: Mapping[str, object]) -> None:
    for key, value in entries.items():
        kinds = KEYS[table].get(key)
        if kinds is None:
            known = ", ".join(sorted(KEYS[table]))
            raise BadInput(f"map {path}: unknown key {key} in [{table}]; known: {known}", code="BAD_MAP")
        if not isinstance(value, kinds) or isinstance(value, bool):
            wanted = (
                "text"
                if str in kinds
                else "a list"
                if list in kinds
                else "a number"
                if float in kinds
                else "a whole number"
            )
            raise BadInput(f"map {path}: {key} in [{table}] must be {wanted}, not {value!r}", code="BAD_MAP")


def _check_sense(table_map: TableMap, path: Path) -> None:
    if table_map.unit not in ("major", "minor", ""):
        raise BadInput(f"map {path}: unit must be major or minor", code="BAD_MAP")
    if table_map.currency not in CURRENCY_DIGITS:
        raise BadInput(f"map {path}: unknown currency {table_map.currency}", code="UNKNOWN_CURRENCY")
    if not 1 <= table_map.limit_minor <= LIMIT_MINOR_MAX:
        raise BadInput(f"map {path}: limit_minor must be 1 … {LIMIT_MINOR_MAX:,}", code="BAD_MAP")
    if table_map.time_unit not in (*TIME_UNITS, ""):
        raise BadInput(f"map {path}: [time] unit must be one of {', '.join(TIME_UNITS)}", code="BAD_MAP")
    if table_map.labels.get("delay_days", 0) < 0:
        raise BadInput(f"map {path}: [labels] delay_days must be 0 or more", code="BAD_MAP")
    if not 0 <= table_map.labels.get("unreported", 0) <= UNREPORTED_MAX:
        raise BadInput(f"map {path}: [labels] unreported must be 0 … {UNREPORTED_MAX}", code="BAD_MAP")
    named = (
        *table_map.numbers,
        *table_map.categories,
        *table_map.ignore,
        *(n for ns in table_map.joined.values() for n in ns),
    )
    if not all(isinstance(name, str) for name in named):
        raise BadInput(f"map {path}: lists in [columns] are of column names", code="BAD_MAP")
    for purpose, names in table_map.joined.items():
        if purpose not in JOINED or not names:
            text = f"map {path}: {purpose} in [columns] must be text; of several columns can be: {', '.join(JOINED)}"
            raise BadInput(text, code="BAD_MAP")
    if table_map.others not in ("use", "ignore"):
        raise BadInput(f'map {path}: others in [columns] must be "use" or "ignore"', code="BAD_MAP")
    if not table_map.category:
        raise BadInput(f"map {path}: category must not be empty", code="BAD_MAP")
    shares = list(table_map.repayment.values())
    if not all(0 <= share <= 1 for share in shares) or not math.isclose(sum(shares), 1, abs_tol=SHARES_TOLERANCE):
        text = f"map {path}: the shares in [repayment] must be ≥ 0 and sum to 1, not {sum(shares)}"
        raise BadInput(text, code="BAD_MAP")
    try:
        ZoneInfo(table_map.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise BadInput(f"map {path}: unknown time zone {table_map.timezone}", code="BAD_MAP") from error


def find_columns(present: list[str], table_map: TableMap) -> dict[str, str]:
    """Which column serves which purpose: by the map, else by a well-known name. Raises BadInput when one is missing."""
    by_lower = {name.lower(): name for name in present}
    found: dict[str, str] = {}
    for purpose, aliases in ALIASES.items():
        wanted = table_map.columns.get(purpose)
        match = wanted if wanted is not None else next((by_lower[a] for a in aliases if a in by_lower), None)
        if match is None:
            continue
        if purpose in table_map.joined:
            raise BadInput(f"a replay reads {purpose} from one column, the map names {match}", code="BAD_COLUMNS")
        if match not in present:
            text = f"the map names column {match!r} for {purpose}, but the file has: {', '.join(present)}"
            raise BadInput(text, code="BAD_COLUMNS")
        if present.count(match) > 1:
            raise BadInput(f"the file has {present.count(match)} columns called {match!r}", code="BAD_COLUMNS")
        found[purpose] = match
    missing = [purpose for purpose in REQUIRED if purpose not in found]
    if missing:
        text = f"no column found for {', '.join(missing)}; the file has: {', '.join(present)}."
        if len(present) == 1 and (";" in present[0] or "\t" in present[0]):
            text += " A .csv file is read with commas between its columns, a .tsv file with tabs."
        raise BadInput(f'{text} Name them in a map: [columns] {missing[0]} = "…"', code="BAD_COLUMNS")
    return found


__all__ = ["ALIASES", "JOINT", "REQUIRED", "TIME_UNITS", "TableMap", "find_columns", "read_map"]
