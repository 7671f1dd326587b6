"""`honghua lab PART`: the strategy lab. The parts only read their words; what loads trainers is in `app.lab`."""

from __future__ import annotations

from typing import Any, Final

from honghua.app.commands.lab import approve, build, evals, limits, profiles, run, score, show, temporary, traits

PARTS: Final = (run, score, build, limits, temporary, show, approve, traits, profiles, evals)


def register(verbs: Any) -> None:
    """Add the verb and its parts."""
    parser = verbs.add_parser("lab")
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    for part in PARTS:
        part.register(parts)
