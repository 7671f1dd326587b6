"""Door of guarded cities: lived through against somebody who says no."""

from __future__ import annotations

from honghua.sim.core.guarded.guards import Guard, OpenDoor, PlainGuard, is_judged
from honghua.sim.core.guarded.playing import Played, PlayPlan, play

__all__ = ["Guard", "OpenDoor", "PlainGuard", "PlayPlan", "Played", "is_judged", "play"]
