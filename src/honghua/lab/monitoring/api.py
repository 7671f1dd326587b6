"""Door of the part: a night over all seats, the reasons it finds, the port to whoever runs, and a runner that refits by itself."""

from __future__ import annotations

from honghua.lab.monitoring.monitor import MonitorBounds, Night, Protected, compare_live, find_reasons, watch_seats
from honghua.lab.monitoring.reasons import RunReason, Runs, make_key
from honghua.lab.monitoring.refitting import (
    Refit,
    Refitter,
    RefitTerms,
    fit_best,
    load_forest,
    pack_forest,
    read_past,
    split_past,
)

__all__ = [
    "MonitorBounds",
    "Night",
    "Protected",
    "Refit",
    "RefitTerms",
    "Refitter",
    "RunReason",
    "Runs",
    "compare_live",
    "find_reasons",
    "fit_best",
    "load_forest",
    "make_key",
    "pack_forest",
    "read_past",
    "split_past",
    "watch_seats",
]
