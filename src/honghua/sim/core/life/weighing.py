"""How much memory a city takes: the bytes of every array that stands or moves in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from honghua.sim.core.life.cell import Cell
from honghua.sim.core.life.life import Life
from honghua.sim.core.life.registry import Registry


def weigh_registry(registry: Registry) -> int:
    """Bytes of what stands still."""
    return _weigh([registry])


def weigh_cells(cells: Sequence[Cell]) -> int:
    """Bytes of what moves, with what is kept for later days."""
    lives = [actor for cell in cells for actor in cell.crowd.actors if isinstance(actor, Life)]
    moving: list[Any] = [cell.settler for cell in cells]
    for life in lives:
        kept = [one.columns for drafts in life.later.due.values() for one in drafts]
        moving += [life.standing, life.members, life.sends_per_day, *kept]
    return _weigh(moving)


def _weigh(things: Iterable[Any]) -> int:
    """Bytes of all arrays that can be reached, each counted once."""
    seen: set[int] = set()
    total = 0
    left = list(things)
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            total += one.nbytes
        elif is_dataclass(one):
            left += [getattr(one, field.name) for field in fields(one)]
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, (tuple, list)):
            left += one
    return total


__all__ = ["weigh_cells", "weigh_registry"]
