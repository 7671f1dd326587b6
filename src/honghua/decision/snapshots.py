"""Snapshots of the engine's state in a folder: written beside, checked, then renamed; the two newest are kept."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from honghua.base.errors import IntegrityBroken

T = TypeVar("T")
KEPT: Final = 2
NAME: Final = re.compile(r"at-(\d{20})")


def save_snapshot(folder: Path, write: Callable[[Path], None], *, fact_id: int) -> Path:
    """Write the state that has learnt every fact up to `fact_id`; a half-written one is never taken for whole."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"at-{fact_id:020d}"
    beside = folder / "writing"
    shutil.rmtree(beside, ignore_errors=True)
    write(beside)
    shutil.rmtree(final, ignore_errors=True)
    beside.rename(final)
    for _, old in list_snapshots(folder)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def list_snapshots(folder: Path) -> list[tuple[int, Path]]:
    """(fact id, folder) of the snapshots there, newest first."""
    found = [(int(match[1]), path) for path in folder.glob("at-*") if (match := NAME.fullmatch(path.name))]
    return sorted(found, reverse=True)


def load_newest(folder: Path, restore: Callable[[Path], T], *, up_to: int | None = None) -> tuple[T, int] | None:
    """The newest sound snapshot with its fact id, None when there is none: one that is damaged or of another plan is passed over.

    up_to: the last fact there is; a snapshot beyond it is of another database.
    """
    for fact_id, path in list_snapshots(folder):
        if up_to is not None and fact_id > up_to:
            continue
        try:
            return restore(path), fact_id
        except (IntegrityBroken, OSError, ValueError, KeyError):
            continue
    return None


__all__ = ["list_snapshots", "load_newest", "save_snapshot"]
