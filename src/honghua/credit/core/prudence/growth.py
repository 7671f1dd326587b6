"""Where growth is asked whether it may go on: broken ratios stop openings or raises until they hold again (R-094)."""

from __future__ import annotations

from typing import Final, Protocol

OPENINGS: Final = "stop_openings"
RAISES: Final = "stop_raises"


class Stops(Protocol):
    """Whoever knows what is stopped now."""

    def is_stopped(self, action: str) -> bool:
        """Whether a broken rule stops this."""
        ...


class NothingStopped:
    """A book without guardrails: tests of handlers, and replays of what was decided before."""

    def is_stopped(self, action: str) -> bool:
        """Never."""
        return False


__all__ = ["OPENINGS", "RAISES", "NothingStopped", "Stops"]
