"""What a table is in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput

Values = NDArray[Any]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Target = NDArray[np.uint8]

MISSING: Final = -1  # code of a missing word
UNKNOWN: Final = -2  # code of a word that the schema does not know


class Kind(StrEnum):
    """How a column is read; stored words."""

    NUMBER = "number"
    WHOLE = "whole"
    CATEGORY = "category"
    FLAG = "flag"
    DATE = "date"

    @property
    def has_words(self) -> bool:
        """Whether values are codes of words."""
        return self in (Kind.CATEGORY, Kind.FLAG)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of n rows.

    values  NUMBER, WHOLE, DATE (days since 1970-01-01): float64[n], NaN = missing
            CATEGORY, FLAG: int32[n] codes into `words`, −1 = missing, −2 = a word not known
    words   of CATEGORY and FLAG, in order of the alphabet; empty otherwise
    note    what was lost in reading it, as a sentence; empty where nothing was
    """

    name: str
    kind: Kind
    values: Values
    words: tuple[str, ...] = ()
    note: str = ""

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows have no value, or none that is known."""
        found: NDArray[np.bool_] = self.values < 0 if self.kind.has_words else np.isnan(self.values)
        return found

    def take(self, places: Int64) -> Column:
        """The same column of some rows."""
        return replace(self, values=self.values[places])


@dataclass(frozen=True, slots=True)
class Unread:
    """A column of the file that no model can use, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns beside target, time and id; rows in the file's order.

    places        int64[n]: which row of the file each row is (rows with a missing target are left out)
    target        uint8[n], None in a table read for scoring; target_words: what 0 and 1 were called in the file
    time          int64[n]: microseconds UTC, or the number itself where time is a whole number; None = no time column
    ids           text of each row's id, None = no id column
    unread, notes columns left in the file; sentences about what was read and decided
    """

    columns: tuple[Column, ...]
    places: Int64
    target: Target | None = None
    target_name: str = ""
    target_words: tuple[str, str] = ("0", "1")
    time_name: str = ""
    time: Int64 | None = None
    id_name: str = ""
    ids: tuple[str, ...] | None = None
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.places)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def labels(self) -> Target:
        """The target; BadInput when the table was read without one."""
        if self.target is None:
            raise BadInput("this table was read without a target", code="NO_TARGET")
        return self.target

    def column(self, name: str) -> Column:
        """The column of that name; BadInput when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise BadInput(f"the table has no column {name}", code="BAD_COLUMNS")

    def take(self, places: Int64) -> Table:
        """Some rows, in the order of `places` int64[m]."""
        return replace(
            self,
            columns=tuple(column.take(places) for column in self.columns),
            places=self.places[places],
            target=None if self.target is None else self.target[places],
            time=None if self.time is None else self.time[places],
            ids=None if self.ids is None else tuple(self.ids[int(k)] for k in places),
        )

    def without(self, names: Iterable[str]) -> Table:
        """The table without some columns."""
        gone = set(names)
        return replace(self, columns=tuple(column for column in self.columns if column.name not in gone))


__all__ = ["MISSING", "UNKNOWN", "Column", "Float32", "Float64", "Int64", "Kind", "Table", "Target", "Unread", "Values"]
