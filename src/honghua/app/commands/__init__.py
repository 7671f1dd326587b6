"""One module per verb, of the verb's name: `register(verbs)` adds its arguments, `run(args, settings)` returns the exit status.

A verb is loaded when it is called: a glance at a statement need not wait for the trainers of models, nor does the list of verbs, whose
sentences stand here.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Final

FOLDERS: Final = {
    "running": {
        "demo": "a small city lives on the platform, in a database of its own (honghua_demo)",
        "serve": "serve API and pages until SIGTERM; SIGHUP replaces every process, one by one",
        "staff": "users of staff and of merchants: add, list, lock, roles …",
        "partner": "programs of others that may call the API: add, key, revoke …",
        "privacy": "what is kept about people and why; proof that the erased are gone",
        "bench": "measure a promise of the speed budget",
        "db": "start, stop, look at, migrate or reset the database",
        "jobs": "what runs by the clock: run it, or see how it stands",
        "sim": "the simulated city: its files, its drill, its report",
        "gateway": "fake counterparties on this machine, which also fail when they are told to",
    },
    "books": {
        "eod": "end of day: close | status | quarantine | release",
        "replay": "live through a table of purchases (parquet or CSV)",
        "ledger": "read, seal and export the journal",
        "statement": "an account as its owner wants to read it",
        "account": "drive one account by hand: open, buy, capture, refund, repay, instal …",
        "verify": "recompute every invariant of the book; exit 1 when one is broken",
        "cases": "run a file of published schedules, rates and refunds against our own",
        "journey": "a customer through all twelve steps, from the first offer to the write-off",
        "bureau": "the credit bureau: file, show, object, repair",
        "contact": "write down a contact with a debtor; outside hours and frequency it is refused",
        "merchants": "shops: admit and watch over them, report the state's subsidy, differences with the bank",
    },
    "risk": {
        "decision": "show a recorded decision, or judge recorded figures again",
        "review": "purchases that wait for a person: list, claim, decide",
        "policy": "check a policy, show what it says, or backtest it",
        "release": "propose, approve, activate and roll back policies; steer them",
        "lists": "deny, allow and exclusion lists: add, remove, show, import",
        "alerts": "what people should know: list, and say that you have seen it",
        "fraud": "fit and apply the fraud detectors to a table of transactions (parquet or CSV)",
        "prudence": "ratios, expected loss, stress: the book as its supervisor sees it",
        "approval": "applications: measure on simulated applicants, batch offers, replay, who waits",
        "rulebook": "approval and limits: propose a rulebook, approve it, put it in force, roll back, show",
        "models": "the register of models: list, show, promote, roll back, retire",
        "screen": "gangs among applications: fit and file a scorer, replay its decisions",
    },
    "lab": {
        "lab": "from tables to models, from raw events to a signed release candidate",
    },
}
VERBS: Final = {verb: sentence for verbs in FOLDERS.values() for verb, sentence in verbs.items()}


def load_verb(name: str) -> ModuleType:
    """The module behind a verb of `VERBS`."""
    folder = next(folder for folder, verbs in FOLDERS.items() if name in verbs)
    return import_module(f"{__name__}.{folder}.{name}")
