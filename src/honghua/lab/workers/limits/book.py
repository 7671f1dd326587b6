"""The book of a run about limits, from three files: the book to learn levels from, the slice moved by lot, the customers to choose for.

Columns of each, minor units: `customer` (text), `person` (int64), `limit_minor` (as the policy in force gave it, before any factor),
`burden` (that limit in monthly incomes), `used_minor`, `loss_minor`, `defaulted`, the question's columns, and in the slice `arm`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.base.errors import BadInput, Conflict
from honghua.lab.workers.limits.question import LimitsQuestion
from honghua.lab.workers.segmenter import digest_file
from honghua.limits.response.api import Rows

BOOK: Final = "book.parquet"
SLICE: Final = "slice.parquet"
CUSTOMERS: Final = "customers.parquet"
FILES: Final = (BOOK, SLICE, CUSTOMERS)
ARM: Final = "arm"
PLAIN: Final = ("person", "limit_minor", "burden", "used_minor", "loss_minor", "defaulted")


@dataclass(frozen=True, slots=True, eq=False)
class LimitRows:
    """Rows of one file: labels of the customers, rows as the response takes them, who defaulted bool[n], arm int8[n] (slice only)."""

    labels: tuple[str, ...]
    rows: Rows
    defaulted: NDArray[np.bool_]
    arm: NDArray[np.int8]


@dataclass(slots=True)
class LimitBook:
    """The files of a folder, each read once a process; a process that begins anew reads them again, and they must be the same."""

    place: Path
    question: LimitsQuestion
    _read: dict[str, LimitRows] = field(default_factory=dict, init=False)

    def rows(self, file: str) -> LimitRows:
        """The rows of a file; BadInput where something lacks."""
        if file not in self._read:
            self._read[file] = read_rows(self.place / file, self.question, has_arms=file == SLICE)
        return self._read[file]

    def source(self) -> dict[str, Any]:
        """Sizes and digests."""
        found = {}
        for file in FILES:
            path = self.place / file
            if not path.is_file():
                raise BadInput(f"{self.place} holds no {file}", code="NO_TABLES")
            found[file] = {
                "bytes": path.stat().st_size,
                "sha256": digest_file(path),
                "rows": len(self.rows(file).labels),
            }
        return found

    def check_same(self, source: Mapping[str, Any]) -> None:
        """Conflict when a file is not the one that the run began with."""
        if self.source() != source:
            raise Conflict("the files of the book are not those that this run began with", code="SOURCE_CHANGED")


def read_rows(path: Path, question: LimitsQuestion, *, has_arms: bool) -> LimitRows:
    """The rows of one file; BadInput names the column that lacks, or what no row may be."""
    wanted = list(dict.fromkeys([*PLAIN, *question.columns, "customer", *([ARM] if has_arms else [])]))
    try:
        table = pq.read_table(path, columns=wanted)
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"{path}: {error}", code="FILE_UNREADABLE") from error
    lacking = [name for name in wanted if name not in table.column_names]
    if lacking:
        raise BadInput(f"{path} lacks {', '.join(lacking)}", code="BAD_COLUMNS")
    if any(table.column(name).null_count for name in (*PLAIN, "customer", *([ARM] if has_arms else []))):
        raise BadInput(f"{path}: nothing but the known columns may be missing", code="BAD_COLUMNS")
    column = {name: table.column(name).to_numpy() for name in wanted if name != "customer"}
    x = np.stack([np.asarray(column[name], np.float32) for name in question.columns], axis=1)
    whole = {name: np.asarray(column[name], np.int64) for name in ("person", "limit_minor", "used_minor", "loss_minor")}
    arm = np.asarray(column[ARM], np.int8) if has_arms else np.zeros(0, np.int8)
    if not len(x) or (whole["limit_minor"] <= 0).any() or min(whole["used_minor"].min(), whole["loss_minor"].min()) < 0:
        raise BadInput(f"{path}: limits are above 0, use and loss are 0 or more", code="BAD_ROWS")
    if has_arms and not ((arm >= 0) & (arm < len(question.lots.factors_ppm))).all():
        raise BadInput(f"{path}: an arm is the place of one of the factors", code="BAD_ROWS")
    rows = Rows(
        whole["person"], x, whole["limit_minor"], np.asarray(column["burden"], np.float64), whole["used_minor"], whole["loss_minor"]
    )  # fmt: skip
    return LimitRows(
        tuple(map(str, table.column("customer").to_pylist())), rows, np.asarray(column["defaulted"], np.bool_), arm
    )


__all__ = ["BOOK", "CUSTOMERS", "FILES", "SLICE", "LimitBook", "LimitRows", "read_rows"]
