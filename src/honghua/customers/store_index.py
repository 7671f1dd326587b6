"""All SQL about the generation of the blind indexes, and their moving to the next one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import psycopg

TABLES: Final = ("customers_index", "customers_link")


def find_state(conn: psycopg.Connection, *, to_change: bool) -> tuple[int, bytes] | None:
    """(generation, proof of its keys), held against whoever moves all indexes, or for moving them; None where nothing was ever written."""
    query = "SELECT generation, proof FROM customers_index_key"
    row = conn.execute(query + (" FOR UPDATE" if to_change else " FOR SHARE")).fetchone()
    return None if row is None else (int(row[0]), bytes(row[1]))


def insert_state(conn: psycopg.Connection, generation: int, proof: bytes) -> None:
    """The first generation that counts here; who is faster is right."""
    conn.execute(
        "INSERT INTO customers_index_key (generation, proof) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [generation, proof],
    )


def update_state(conn: psycopg.Connection, generation: int, proof: bytes) -> None:
    """All indexes lie in this generation now."""
    conn.execute("UPDATE customers_index_key SET generation = %s, proof = %s", [generation, proof])


def has_indexes(conn: psycopg.Connection) -> bool:
    """Whether anything was ever indexed."""
    row = conn.execute("SELECT EXISTS (SELECT FROM customers_index) OR EXISTS (SELECT FROM customers_link)").fetchone()
    return row is not None and bool(row[0])


def open_digests(conn: psycopg.Connection, table: str) -> psycopg.ServerCursor[tuple[str, bytes]]:
    """A cursor over kinds and digests of a table as they are at this moment."""
    assert table in TABLES, "a name of ours"
    cursor = conn.cursor(name=f"digests_of_{table}")
    cursor.execute(f"SELECT DISTINCT kind, digest FROM {table}")  # noqa: S608
    return cursor


def move(conn: psycopg.Connection, table: str, moves: Sequence[tuple[str, bytes, bytes]]) -> int:
    """Put, of each (kind, before, after), the second digest where the first lies; how many rows."""
    assert table in TABLES, "a name of ours"
    query = (
        f"UPDATE {table} AS one SET digest = move.after"  # noqa: S608
        " FROM unnest(%s::text[], %s::bytea[], %s::bytea[]) AS move (kind, before, after)"
        " WHERE one.kind = move.kind AND one.digest = move.before"
    )
    return conn.execute(query, [list(column) for column in zip(*moves, strict=True)]).rowcount
