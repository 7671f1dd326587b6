"""One module per verb, of the verb's name: `register(verbs)` adds its arguments, `run(args, settings)` returns the exit status.

A verb is loaded when it is called: a glance at a statement need not wait for the trainers of models.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Final

VERBS: Final = (
    "demo",
    "bench",
    "db",
    "eod",
    "replay",
    "ledger",
    "statement",
    "account",
    "decision",
    "review",
    "policy",
    "release",
    "lists",
    "alerts",
    "jobs",
    "fraud",
    "sim",
    "verify",
    "cases",
)


def load_verb(name: str) -> ModuleType:
    """The module behind a verb of `VERBS`."""
    return import_module(f"{__name__}.{name}")
