"""One module per verb: `register(verbs)` adds its arguments, `run(args, settings)` returns the exit status."""

from __future__ import annotations

from types import ModuleType

from honghua.app.commands import bench, cases, db, eod, ledger, replay, verify

VERBS: tuple[ModuleType, ...] = (
    bench,
    db,
    eod,
    replay,
    ledger,
    verify,
    cases,
)
