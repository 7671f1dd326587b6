"""The file of a month: JSON lines, a header and one record a line, made and read here. The format stands in this room's README.

A file is a pure function of its header and records, so it can be made again bit by bit and its digest held against the one we keep.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from honghua.base.errors import BadInput, Problem
from honghua.base.money import format_minor, parse_minor
from honghua.bureau.core.codes import ACCOUNT_TYPES, CLASSES, OVERDUE, STATUSES, TRADES, AccountType
from honghua.bureau.core.records import Record
from honghua.bureau.core.strip import month_after

FORMAT: Final = "honghua-bureau/1"
LINES_MAX: Final = 2_000_000
AMOUNTS: Final = (
    "line_minor", "used_minor", "balance_minor", "due_minor", "paid_minor", "overdue_minor", "overdue_most_minor",
)  # fmt: skip
DAYS: Final = ("opened_on", "ended_on", "last_paid_on", "overdue_from", "cleared_on", "carried_cleared_on")
MAY_BE_NULL: Final = frozenset(DAYS) - {"opened_on"}
FIELDS: Final = frozenset(
    {
        "account_id",
        "version",
        "days_past_due",
        "risk_class",
        "trades",
        "customer",
        "account_type",
        "currency",
        "status",
        *DAYS,
        *(name.removesuffix("_minor") for name in AMOUNTS),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says of itself."""

    file_id: int
    reporter: str
    month: dt.date
    records: int


def compose_file(header: Header, rows: Sequence[tuple[int, Record]]) -> bytes:
    """The file of some (version, record)s, by account; UTF-8, one JSON object a line with its keys in order."""
    first = {
        "format": FORMAT, "file": header.file_id, "reporter": header.reporter, "month": f"{header.month:%Y-%m}", "records": len(rows),
    }  # fmt: skip
    assert header.records == len(rows), "a header counts its records"
    lines = [first, *(_line(version, record) for version, record in sorted(rows, key=lambda row: row[1].account_id))]
    text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for line in lines)
    return text.encode()


def compute_digest(body: bytes) -> bytes:
    """sha256 of a file."""
    return hashlib.sha256(body).digest()


def read_file(body: bytes) -> tuple[Header, list[tuple[int, Record]], list[Problem]]:
    """Header, good rows, and problems by line (1-based). BadInput when even the header cannot be read."""
    try:
        lines = body.decode("utf-8").splitlines()
        header = _header(json.loads(lines[0]))
    except (UnicodeDecodeError, ValueError, KeyError, IndexError, TypeError) as error:
        raise BadInput(f"not a file of {FORMAT}: {error}", code="FILE_INVALID") from None
    rows: list[tuple[int, Record]] = []
    problems: list[Problem] = []
    seen: set[int] = set()
    for number, line in enumerate(lines[1 : LINES_MAX + 1], start=2):
        try:
            version, record = _record(json.loads(line), header)
        except (BadInput, ValueError, TypeError) as error:
            problems.append(Problem(number, "RECORD_INVALID", str(error)))
            continue
        if record.account_id in seen:
            problems.append(Problem(number, "RECORD_TWICE", f"account {record.account_id} stands there twice"))
        seen.add(record.account_id)
        rows.append((version, record))
    if header.records != len(lines) - 1:
        problems.append(Problem(1, "COUNT_WRONG", f"{header.records} records promised, {len(lines) - 1} there"))
    return header, rows, problems


def _header(values: Mapping[str, Any]) -> Header:
    if values["format"] != FORMAT:
        raise ValueError(f"format {values['format']!r}")
    month = dt.date.fromisoformat(f"{values['month']}-01")
    return Header(
        file_id=int(values["file"]), reporter=str(values["reporter"]), month=month, records=int(values["records"])
    )


def _line(version: int, record: Record) -> dict[str, Any]:
    return {
        "account_id": record.account_id,
        "version": version,
        "customer": record.customer,
        "account_type": record.account_type.value,
        "currency": record.currency,
        "status": record.status,
        "days_past_due": record.days_past_due,
        "risk_class": record.risk_class,
        "trades": list(record.trades),
        **{name: day.isoformat() if (day := getattr(record, name)) is not None else None for name in DAYS},
        **{name.removesuffix("_minor"): format_minor(getattr(record, name), record.currency) for name in AMOUNTS},
    }


def _record(values: Any, header: Header) -> tuple[int, Record]:
    if not isinstance(values, dict) or values.keys() != FIELDS:
        odd = sorted(FIELDS ^ values.keys()) if isinstance(values, dict) else "not an object"
        raise BadInput(f"fields differ: {odd}")
    _check_codes(values)
    days = {name: None if values[name] is None else dt.date.fromisoformat(values[name]) for name in DAYS}
    if days["opened_on"] is None or not days["opened_on"] < month_after(header.month, 1):
        raise BadInput("opened_on: after the month")
    amounts = {name: parse_minor(values[name.removesuffix("_minor")], values["currency"]) for name in AMOUNTS}
    if (values["status"] in OVERDUE) != (values["days_past_due"] > 0):
        raise BadInput(f"status {values['status']} with {values['days_past_due']} days past due")
    record = Record(
        account_id=int(values["account_id"]), customer=values["customer"], month=header.month, reporter=header.reporter,
        account_type=AccountType(values["account_type"]), currency=values["currency"], opened_on=days["opened_on"],
        ended_on=days["ended_on"], last_paid_on=days["last_paid_on"], overdue_from=days["overdue_from"],
        cleared_on=days["cleared_on"],
        carried_cleared_on=days["carried_cleared_on"], status=values["status"], days_past_due=int(values["days_past_due"]),
        risk_class=int(values["risk_class"]), trades=tuple(values["trades"]), **amounts,
    )  # fmt: skip
    return int(values["version"]), record


def _check_codes(values: Mapping[str, Any]) -> None:
    for name, table in (("account_type", ACCOUNT_TYPES), ("status", STATUSES), ("risk_class", CLASSES)):
        if str(values[name]) not in table.meanings:
            raise BadInput(f"{name}: no code {values[name]!r}")
    for trade in values["trades"]:
        if str(trade) not in TRADES.meanings:
            raise BadInput(f"trades: no code {trade!r}")
    if not values["customer"] or int(values["version"]) < 1:
        raise BadInput("a record names its customer and its version")
