"""`honghua lab profile`: what is kept of a customer in words, for a purpose that is written into the log of accesses."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from honghua.app.settings import Settings


def register(parts: Any) -> None:
    """Arguments of the part."""
    part: argparse.ArgumentParser = parts.add_parser(
        "profile", help="what is kept of a customer in words, read for a purpose that the customer can see"
    )
    part.add_argument("customer")
    part.add_argument("--by", required=True, metavar="PERSON", help="who reads it")
    part.add_argument("--purpose", required=True, help="care, dispute or fraud_review")
    part.add_argument("--json", action="store_true", help="one JSON object on stdout")
    part.set_defaults(run=run_part)


def run_part(args: argparse.Namespace, settings: Settings) -> int:
    """Write the look down, tell."""
    return int(import_module("honghua.app.lab.profiles").run_profile(args, settings))
