"""What a model remembers of its columns: enough to read the same columns of another file and to make rows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from honghua.base.errors import IntegrityBroken
from honghua.lab.tables.records import Column, Float32, Kind, Table


@dataclass(frozen=True, slots=True)
class Remembered:
    """A column's name, kind and words."""

    name: str
    kind: Kind
    words: tuple[str, ...] = ()

    def empty(self) -> Column:
        """The column without rows, as what is read must be like."""
        kind = np.int32 if self.kind.has_words else np.float64
        return Column(self.name, self.kind, np.zeros(0, kind), self.words)


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns that a model reads, in the order of its rows."""

    columns: tuple[Remembered, ...]
    target_name: str
    target_words: tuple[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of the columns whose values in a row are codes."""
        return tuple(column.name for column in self.columns if column.kind.has_words)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = [{"name": c.name, "kind": str(c.kind), "words": list(c.words)} for c in self.columns]
        return {"columns": told, "target_name": self.target_name, "target_words": list(self.target_words)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Schema:
        """What `as_dict` told; IntegrityBroken when it is something else."""
        try:
            columns = tuple(Remembered(c["name"], Kind(c["kind"]), tuple(c["words"])) for c in told["columns"])
            zero, one = told["target_words"]
            return cls(columns, told["target_name"], (zero, one))
        except (KeyError, TypeError, ValueError) as problem:
            raise IntegrityBroken(f"this is no schema of a table: {problem!r}") from problem


def describe(table: Table, names: tuple[str, ...]) -> Schema:
    """The schema of some of a table's columns."""
    columns = (table.column(name) for name in names)
    remembered = tuple(Remembered(c.name, c.kind, c.words) for c in columns)
    return Schema(remembered, table.target_name, table.target_words)


def encode(table: Table, schema: Schema) -> Float32:
    """Rows float32[n, F] in C order. Numbers as they are, NaN = missing; a word as its code in the schema, a missing one as the code
    after the last, one that the schema does not know as NaN.
    """
    out = np.empty((table.rows, len(schema.columns)), np.float32)
    for k, remembered in enumerate(schema.columns):
        column = table.column(remembered.name)
        if not column.kind.has_words:
            out[:, k] = np.clip(column.values, -3e38, 3e38)
            continue
        known = {word: code for code, word in enumerate(remembered.words)}
        codes = np.array(
            [*(known.get(word, np.nan) for word in column.words), np.nan, len(remembered.words)], np.float32
        )
        out[:, k] = codes[column.values]  # MISSING is the last of them, UNKNOWN the one before
    return out


__all__ = ["Remembered", "Schema", "describe", "encode"]
