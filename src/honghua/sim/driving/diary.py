"""What was tried and how it ended, beside what is true about it: read by evaluation, never by the platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from honghua.sim.core.draft import Draft, Ints

DIARY_FILE: Final = "diary.parquet"
WORDS: Final = (
    "none",
    "approved",
    "approved_less",
    "step_up",
    "review",
    "delayed",
    "refused",
)  # the platform's first word
COLUMNS: Final = (
    "act", "at_us", "customer", "merchant", "category", "wanted_minor", "granted_minor", "heard", "word", "short", "decision_id", "crime",
    "ring",
)  # fmt: skip
NO_WORD: Final = 0


@dataclass(slots=True)
class Diary:
    """Tried orders in parallel columns; `crime` and `ring` as in drafts. short = refused or cut because the limit was too small."""

    parts: list[NDArray[np.int64]] = field(default_factory=list)

    def note(self, rows: Draft, **found: NDArray[Any]) -> None:
        """Orders of a draft with what became of them: granted_minor, heard, word, short, decision_id."""
        columns = {
            "act": rows["act"], "at_us": rows["at_us"], "customer": rows["customer"], "merchant": rows["merchant"],
            "category": rows["category"], "crime": rows["crime"], "ring": rows["ring"], **found,
        }  # fmt: skip
        self.parts.append(np.stack([np.asarray(columns[name], np.int64) for name in COLUMNS], axis=1))

    def columns(self) -> dict[str, Ints]:
        """All of it, by column: the last word on each act, in order of time."""
        rows = np.concatenate([np.zeros((0, len(COLUMNS)), np.int64), *self.parts])
        _, last = np.unique(rows[::-1, 0], return_index=True)
        rows = rows[np.sort(len(rows) - 1 - last)]
        rows = rows[np.argsort(rows[:, 1], kind="stable")]
        return {name: rows[:, k] for k, name in enumerate(COLUMNS)}

    def save(self, folder: Path) -> Path:
        """Written as parquet into a folder that only evaluation reads."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / DIARY_FILE
        pq.write_table(pa.table(self.columns()), path, compression="zstd")
        return path


def read_diary(folder: Path) -> dict[str, Ints]:
    """What `Diary.save` wrote, by column."""
    table = pq.read_table(folder / DIARY_FILE)
    return {name: table[name].to_numpy() for name in COLUMNS}


__all__ = ["DIARY_FILE", "WORDS", "Diary", "read_diary"]
