"""The registry of what is kept about people: table by table, whose it is, what for, on which ground, and for how long (R-265).

`data/fields.csv` is the registry. `find_unregistered` holds it against a database: a table that it does not know, a text, JSON or bytes
column that it does not name (there personal data creeps in), and a name that no longer exists are problems.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Final

import psycopg

FREE_FORM: Final = ("text", "jsonb", "json", "bytea", "_text", "varchar")
NONE: Final = "-"


class About(StrEnum):
    """Whose it is. sealed: readable under a person's own key only; index: a keyed digest; key: what opens what is sealed."""

    PERSON = "person"
    SEALED = "sealed"
    INDEX = "index"
    KEY = "key"
    STAFF = "staff"
    BUSINESS = "business"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Registered:
    """One table. texts: its columns of free form, each named; the others are numbers, days and flags of the same purpose."""

    table: str
    texts: tuple[str, ...]
    about: About
    purpose: str
    basis: str
    retention: str

    @property
    def is_personal(self) -> bool:
        """Whether it tells anything of a natural person."""
        return self.about not in (About.NOBODY, About.BUSINESS)


def load_registry() -> tuple[Registered, ...]:
    """The registry, in the order of its file."""
    text = (files("honghua.customers") / "data" / "fields.csv").read_text(encoding="utf-8")
    return tuple(
        Registered(
            row["table"],
            tuple(row["texts"].split()),
            About(row["about"]),
            row["purpose"],
            row["basis"],
            row["retention"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def find_unregistered(conn: psycopg.Connection, registry: tuple[Registered, ...]) -> list[str]:
    """Everything that registry and database do not agree on, and every personal row without purpose, ground or retention."""
    known = {row.table: row for row in registry}
    there = read_columns(conn)
    problems = [f"{table} is not in the registry" for table in there if table not in known]
    problems += [f"{table} is registered and does not exist" for table in known if table not in there]
    for table, columns in there.items():
        row = known.get(table)
        if row is None:
            continue
        problems += [f"{table}.{name} is not in the registry" for name in sorted(columns - set(row.texts))]
        problems += [f"{table}.{name} is registered and does not exist" for name in sorted(set(row.texts) - columns)]
    for row in registry:
        said = (row.purpose, row.basis, row.retention)
        if row.is_personal and any(not part or part == NONE for part in said):
            problems.append(f"{row.table} has no purpose, ground or retention")
    return problems


def read_columns(conn: psycopg.Connection) -> dict[str, set[str]]:
    """Columns of free form of every table of ours; partitions stand under their parent."""
    rows = conn.execute(
        "SELECT c.relname, a.attname FROM pg_class AS c LEFT JOIN (pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid"
        " AND t.typname = ANY(%s)) ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1, 2",
        [list(FREE_FORM)],
    )
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).update({column} if column else ())
    return found
