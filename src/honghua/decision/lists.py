"""Lists: deny, allow, exclusions and whatever else a policy asks `on_list("name")` for. Entries come and go by append-only events."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.base.clock import to_micros
from honghua.base.errors import BadInput, NotFound, Problem
from honghua.decision import store_control as store
from honghua.decision import store_policy
from honghua.decision.core.listing import ListBook
from honghua.decision.releases import Act
from honghua.features.core import ENTITIES, key_of_text

LIST_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
LABEL_LENGTH_MAX: Final = 200
IMPORT_ROWS_MAX: Final = 5_000_000
RAW_KEY: Final = re.compile(r"#(\d+)", re.ASCII)

FindKey = Callable[[str, str], int]
"""(entity, label) → the key that events carry."""


@dataclass(frozen=True, slots=True)
class ListName:
    """One list, and the kind of entity that an act is about."""

    name: str
    entity: str

    def __post_init__(self) -> None:
        if not LIST_NAME.fullmatch(self.name):
            raise BadInput(
                f"{self.name!r} is no name for a list: small letters, digits and _", code="LIST_NAME_INVALID"
            )
        if self.entity not in ENTITIES:
            raise BadInput(f"no such entity: {self.entity}; entities are {', '.join(ENTITIES)}", code="ENTITY_UNKNOWN")


@dataclass(frozen=True, slots=True)
class Listed:
    """What is to stand on a list, and until when (None: until removed)."""

    label: str
    expires_at: dt.datetime | None = field(default=None)


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """An entry as people see it."""

    list: str
    entity: str
    label: str
    key: int
    expires_at: dt.datetime | None
    why: str
    person: str
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Who stands on one list after a change: kind of entity and key → until when, microseconds since 1970 UTC."""

    change_id: int
    ends_us: Mapping[tuple[str, int], int]


def is_label(text: str) -> bool:
    """Whether a text can name an entity."""
    return 1 <= len(text) <= LABEL_LENGTH_MAX and not any(c in text for c in "\0\r\n")


def find_key(entity: str, label: str) -> int:
    """The key of a text, or `#123` for the key 123 itself; BadInput for what no event carries."""
    if entity not in ENTITIES:
        raise BadInput(f"no such entity: {entity}; entities are {', '.join(ENTITIES)}", code="ENTITY_UNKNOWN")
    if not is_label(label):
        raise BadInput(f"a key has 1 … {LABEL_LENGTH_MAX} characters on one line, no zero byte", code="KEY_INVALID")
    raw = RAW_KEY.fullmatch(label)
    key = int(raw[1]) if raw else key_of_text(label)
    if not 0 < key < 2**63:
        raise BadInput(f"{label!r} is no {entity}: a key is 1 … 2**63 - 1", code="KEY_INVALID")
    return key


def add_entries(
    conn: psycopg.Connection, where: ListName, entries: Sequence[Listed], act: Act, *, find: FindKey = find_key
) -> int:
    """Put entities on a list, as one act; an entry that is there already gets the new expiry. Returns how many."""
    rows = [
        (
            find(where.entity, e.label.strip()),
            e.label.strip(),
            None if e.expires_at is None else to_micros(e.expires_at),
        )
        for e in entries
    ]
    if not rows:
        raise BadInput("nothing to add", code="NOTHING_TO_ADD")
    subject = f"{where.name}: {len(rows)} {where.entity}" + (f" {rows[0][1]}" if len(rows) == 1 else "")
    change_id = store_policy.add_change(conn, action="list add", subject=subject, person=act.person, why=act.why)
    unique = {row[0]: row for row in rows}
    store.insert_list_events(conn, change_id, where.name, where.entity, list(unique.values()), added=True)
    return len(unique)


def remove_entries(
    conn: psycopg.Connection, where: ListName, labels: Sequence[str], act: Act, *, find: FindKey = find_key
) -> int:
    """Take entities off a list; NotFound names the first that does not stand on it."""
    wanted = {find(where.entity, label.strip()): label.strip() for label in labels}
    there = {
        entry.key
        for entry in store.read_entries(conn, until_change=store_policy.read_last_change(conn))
        if (entry.name, entry.entity) == (where.name, where.entity)
    }
    for key, label in wanted.items():
        if key not in there:
            raise NotFound(f"{where.entity} {label!r} is not on the list {where.name}", code="NOT_LISTED")
    subject = f"{where.name}: {len(wanted)} {where.entity}" + (f" {labels[0]}" if len(wanted) == 1 else "")
    change_id = store_policy.add_change(conn, action="list remove", subject=subject, person=act.person, why=act.why)
    rows = [(key, label, None) for key, label in wanted.items()]
    store.insert_list_events(conn, change_id, where.name, where.entity, rows, added=False)
    return len(wanted)


def read_csv(lines: Iterable[str], *, now: dt.datetime) -> tuple[list[Listed], list[Problem]]:
    """Entries of a CSV with the columns `key` and, if wanted, `expires_at` (ISO, a day ends at its midnight UTC).

    Good rows and problems, each with its line; other columns are left alone.
    """
    reader = csv.DictReader(io.StringIO("".join(lines)) if not isinstance(lines, io.TextIOBase) else lines)
    if reader.fieldnames is None or "key" not in reader.fieldnames:
        return [], [Problem(1, "COLUMN_MISSING", "the first line names the columns, and one is `key`", "key")]
    good: list[Listed] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for row in _rows_of(reader):
        line = reader.line_num
        if isinstance(row, Problem):
            problems.append(row)
            break
        if len(good) + len(problems) >= IMPORT_ROWS_MAX:
            problems.append(Problem(line, "TOO_MANY_ROWS", f"more than {IMPORT_ROWS_MAX:,} rows: split the file"))
            break
        found = _read_row(row, line, now)
        if isinstance(found, Listed) and found.label in seen:
            found = Problem(line, "KEY_TWICE", f"{found.label!r} stands in an earlier row too", "key")
        if isinstance(found, Problem):
            problems.append(found)
        else:
            good.append(found)
            seen.add(found.label)
    return good, problems


def _rows_of(reader: csv.DictReader[str]) -> Iterator[dict[str, str] | Problem]:
    """The rows; where the reader cannot go on, as behind a quote that is never closed, a problem ends them."""
    try:
        yield from reader
    except csv.Error as error:
        yield Problem(reader.line_num, "ROW_UNREADABLE", f"{error}: is a quote open?", "key")


def _read_row(row: dict[str, str], line: int, now: dt.datetime) -> Listed | Problem:
    label = (row["key"] or "").strip()
    if not is_label(label):
        return Problem(line, "KEY_INVALID", f"a key has 1 … {LABEL_LENGTH_MAX} characters on one line", "key")
    text = (row.get("expires_at") or "").strip()
    if not text:
        return Listed(label)
    try:
        expires_at = read_instant(text)
    except BadInput as error:
        return Problem(line, error.code, str(error), "expires_at")
    if expires_at <= now:
        return Problem(line, "EXPIRED", f"{text} is past", "expires_at")
    return Listed(label, expires_at)


def read_instant(text: str) -> dt.datetime:
    """An ISO instant, or a day as its midnight; without a zone it is UTC. BadInput when it is neither."""
    try:
        found = dt.datetime.fromisoformat(text)
        return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{text!r} is no instant: write 2026-12-31 or 2026-12-31T18:00+08:00", code="INSTANT_INVALID"
        ) from error


def list_entries(conn: psycopg.Connection, *, name: str | None, now: dt.datetime, limit: int) -> list[ShownEntry]:
    """What stands on one list, or on all; expired entries are left out."""
    return [ShownEntry(*row) for row in store.list_entries(conn, name=name, now=now, limit=limit)]


def load_book(conn: psycopg.Connection, *, until_change: int) -> ListBook:
    """All lists in memory, as they stood after a change."""
    return ListBook(store.read_entries(conn, until_change=until_change))


def read_standing(conn: psycopg.Connection, name: str, *, known: Standing | None = None) -> Standing:
    """Who stands on a list by now, expired entries too; `known` again while no list changed since (one step into an index)."""
    last = store.read_last_list_change(conn)
    if known is not None and known.change_id == last:
        return known
    entries = store.read_entries(conn, until_change=last) if last else []
    return Standing(last, {(one.entity, one.key): one.expires_at_us for one in entries if one.name == name})
