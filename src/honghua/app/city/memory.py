"""A town's memory between runs: who people are by now and what they wait for, written every morning beside the database.

The book is the truth about money; this file only lets the same people go on. It is our own, in the operator's state folder.
"""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honghua.app.robots.refitting import Refit
from honghua.sim.api import CityActor


@dataclass(slots=True)
class Morning:
    """The town after a day has begun and before anybody wants anything."""

    day: int
    actor: CityActor
    platform: dict[str, Any]
    refits: list[Refit]


def save_morning(morning: Morning, path: Path) -> None:
    """Written aside and put in place in one step: a kill leaves the morning before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_bytes(pickle.dumps(morning))
    os.replace(aside, path)


def find_morning(path: Path) -> Morning | None:
    """The last one written; None where there is none or another version wrote it."""
    try:
        found = pickle.loads(path.read_bytes())  # noqa: S301  our own file, in the operator's own folder
    except (OSError, EOFError, AttributeError, ImportError, TypeError, pickle.UnpicklingError):
        return None
    return found if isinstance(found, Morning) else None


__all__ = ["Morning", "find_morning", "save_morning"]
