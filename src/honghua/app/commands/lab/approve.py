"""`honghua lab publish|approve`: a run shown on the desk, and the one click of a person."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from honghua.app.settings import Settings

WORK: Final = "honghua.app.lab.approving"  # loads what reads models


def register(parts: Any) -> None:
    """Add the parts."""
    publish = parts.add_parser(
        "publish", help="copy a run into the database, for the desk; tables of people stay in the folder"
    )
    publish.set_defaults(run=run_publish)
    approve = parts.add_parser(
        "approve", help="the one click: a person lets a candidate judge a share of the customers"
    )
    approve.add_argument("--by", required=True, metavar="PERSON", help="who says so")
    approve.add_argument("--why", required=True, help="the reason, kept")
    approve.add_argument("--no", action="store_true", help="turn it down; the run ends")
    approve.set_defaults(run=run_approve)
    for part in (publish, approve):
        part.add_argument("out", type=Path, metavar="DIR")
        part.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run_publish(args: argparse.Namespace, settings: Settings) -> int:
    """Verify, then copy."""
    return int(import_module(WORK).run_publish(args, settings))


def run_approve(args: argparse.Namespace, settings: Settings) -> int:
    """Publish what is new, answer, and go on behind the gate in the database."""
    return int(import_module(WORK).run_approve(args, settings))
