"""Part door: flat files and arrays as tables, and the schema that a model remembers of them."""

from __future__ import annotations

from honghua.lab.tables.reading import build_table, read_for_scoring, read_ids, read_table
from honghua.lab.tables.records import MISSING, Column, Kind, Table, Unread
from honghua.lab.tables.schema import Remembered, Schema, describe, encode

__all__ = [
    "MISSING",
    "Column",
    "Kind",
    "Remembered",
    "Schema",
    "Table",
    "Unread",
    "build_table",
    "describe",
    "encode",
    "read_for_scoring",
    "read_ids",
    "read_table",
]
