"""The scenes that come with the program, and others by file."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from honghua.sim.core.scenes import SceneBook, parse_scenes

SCENES_FILE: Final = Path(__file__).parent / "data" / "scenes.csv"


def read_scenes(path: Path) -> SceneBook:
    """Scenes of a file as `parse_scenes` describes it."""
    return parse_scenes(path.read_text(encoding="utf-8"))


@cache
def standard_scenes() -> SceneBook:
    """The scenes of `sim/data/scenes.csv`."""
    return read_scenes(SCENES_FILE)


__all__ = ["SCENES_FILE", "read_scenes", "standard_scenes"]
