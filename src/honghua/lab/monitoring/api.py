"""Door of the part: a night over all seats, the reasons it finds, the port to whoever runs, and a runner that refits by itself."""

from __future__ import annotations

from honghua.lab.monitoring.monitor import MonitorBounds, Night, Protected, compare_live, find_reasons, watch_seats
from honghua.lab.monitoring.pairing import KINDS, Refitted, load_forest, load_refitted, pack_forest
from honghua.lab.monitoring.reasons import RunReason, Runs, make_key
from honghua.lab.monitoring.refitting import (
    MAKER,
    Parts,
    Past,
    Refit,
    Refitter,
    RefitTerms,
    digest_rows,
    examine_refit,
    fit_best,
    fit_both,
    make_filing,
    predict_of,
    read_past,
    retire_older,
    split_past,
)

__all__ = [
    "KINDS", "MAKER", "MonitorBounds", "Night", "Parts", "Past", "Protected", "Refit", "RefitTerms", "Refitted", "Refitter", "RunReason",
    "Runs", "compare_live", "digest_rows", "examine_refit", "find_reasons", "fit_best", "fit_both", "load_forest", "load_refitted",
    "make_filing", "make_key", "pack_forest", "predict_of", "read_past", "retire_older", "split_past", "watch_seats",
]  # fmt: skip
