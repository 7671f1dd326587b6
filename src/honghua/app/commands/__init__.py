"""One module per verb: `register(verbs)` adds its arguments, `run(args, settings)` returns the exit status."""

from __future__ import annotations

from types import ModuleType

from honghua.app.commands import account, bench, cases, db, decision, demo, eod, ledger, replay, statement, verify

VERBS: tuple[ModuleType, ...] = (
    demo,
    bench,
    db,
    eod,
    replay,
    ledger,
    statement,
    account,
    decision,
    verify,
    cases,
)
