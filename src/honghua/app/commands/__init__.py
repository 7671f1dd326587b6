"""One module per verb, of the verb's name: `register(verbs)` adds its arguments, `run(args, settings)` returns the exit status.

A verb is loaded when it is called: a glance at a statement need not wait for the trainers of models.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Final

FOLDERS: Final = {
    "running": ("demo", "serve", "staff", "partner", "privacy", "bench", "db", "jobs", "sim", "gateway"),
    "books": ("eod", "replay", "ledger", "statement", "account", "verify", "cases", "journey", "bureau"),
    "risk": (
        "decision",
        "review",
        "policy",
        "release",
        "lists",
        "alerts",
        "fraud",
        "prudence",
        "approval",
        "rulebook",
        "models",
    ),
    "lab": ("lab",),
}
VERBS: Final = tuple(verb for verbs in FOLDERS.values() for verb in verbs)


def load_verb(name: str) -> ModuleType:
    """The module behind a verb of `VERBS`."""
    folder = next(folder for folder, verbs in FOLDERS.items() if name in verbs)
    return import_module(f"{__name__}.{folder}.{name}")
