"""Looking for somebody in every store: all tables, in text, JSON and bytes, and files; in the clear and in usual disguises (R-267).

What an erasure has left is found here, or is not there. A digest without a key counts: an identity number can be guessed from it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from honghua.customers.conduct.fields import read_columns
from honghua.customers.core.personal import CHINA, Field

PIECE: Final = 1 << 20
SHORTEST: Final = 4  # a family name alone is nobody's trace


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a value was found: table and column, or file; in which disguise; how many rows (1 for a file)."""

    place: str
    field: str
    disguise: str
    rows: int


def disguise(values: Mapping[Field, str]) -> dict[tuple[str, str], bytes]:
    """(field, disguise) → bytes to look for: in the clear, without +86, as hex and base64, as plain SHA-256 in bytes and hex."""
    found: dict[tuple[str, str], bytes] = {}
    for field, value in values.items():
        local = value.removeprefix(CHINA)
        for text in {value, local}:
            if len(text.encode()) < SHORTEST:
                continue
            plain, digest = text.encode(), hashlib.sha256(text.encode()).digest()
            name = str(field) if text == value else f"{field} without its country"
            found |= {
                (name, "clear"): plain, (name, "hex"): plain.hex().encode(), (name, "base64"): base64.b64encode(plain).rstrip(b"="),
                (name, "sha256"): digest, (name, "sha256 in hex"): digest.hex().encode(), (name, "utf-16"): text.encode("utf-16-be"),
            }  # fmt: skip
    return found


def trace_in_tables(conn: psycopg.Connection, values: Mapping[Field, str]) -> list[Trace]:
    """Every column of free form of every table that holds a value in any disguise. Reads all rows."""
    wanted = disguise(values)
    return [
        Trace(f"{table}.{column}", field, how, rows)
        for table, columns in read_columns(conn).items()
        for column in sorted(columns)
        for (field, how), rows in _count(conn, table, column, wanted).items()
    ]


def _count(
    conn: psycopg.Connection, table: str, column: str, wanted: Mapping[tuple[str, str], bytes]
) -> dict[tuple[str, str], int]:
    """Rows of one column by what was found in them; one pass over the table."""
    parts = [sql.SQL("count(*) FILTER (WHERE position(%s::bytea IN seen) > 0)") for _ in wanted]
    query = sql.SQL(
        "SELECT {} FROM (SELECT CASE WHEN pg_typeof({column}) = 'bytea'::regtype THEN {column}::text::bytea"
        " ELSE convert_to({column}::text, 'UTF8') END AS seen FROM {table} WHERE {column} IS NOT NULL) AS rows"
    ).format(sql.SQL(", ").join(parts), column=sql.Identifier(column), table=sql.Identifier(table))
    row = conn.execute(query, list(wanted.values())).fetchone()
    assert row is not None, "a SELECT of counts"
    return {name: int(count) for name, count in zip(wanted, row, strict=True) if count}


def trace_in_files(folder: Path, values: Mapping[Field, str]) -> list[Trace]:
    """Every file under a folder that holds a value in any disguise: the server's own pages and logs, snapshots, keys."""
    wanted = disguise(values)
    keep = max((len(one) for one in wanted.values()), default=1) - 1
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        hits: set[tuple[str, str]] = set()
        for piece in _pieces(path, keep):
            hits |= {name for name, one in wanted.items() if name not in hits and one in piece}
        found += [Trace(str(path), field, how, 1) for field, how in sorted(hits)]
    return found


def _pieces(path: Path, keep: int) -> Iterator[bytes]:
    """A file's bytes in pieces that overlap by `keep`."""
    try:
        with path.open("rb") as file:
            rest = b""
            while part := file.read(PIECE):
                yield rest + part
                rest = part[-keep:] if keep else b""
    except (FileNotFoundError, PermissionError):
        return  # a file of the server at work came and went; sockets and locks are not ours to read


__all__ = ["Trace", "disguise", "trace_in_files", "trace_in_tables"]
