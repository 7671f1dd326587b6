"""`honghua lab traits`: protected traits for the night's comparison of groups; nothing that fits a model can read them."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

from honghua.app.settings import Settings


def register(parts: Any) -> None:
    """Arguments of the part."""
    part: argparse.ArgumentParser = parts.add_parser(
        "traits", help="keep protected traits for comparing groups at night, erase them, or say what is kept"
    )
    part.add_argument("--file", type=Path, default=None, metavar="FILE", help="parquet with the key and the columns")
    part.add_argument(
        "--key", default="key", metavar="COLUMN", help="whole numbers, as scores are noted under (%(default)s)"
    )
    part.add_argument(
        "--customer",
        default="",
        metavar="COLUMN",
        help="customers' references instead of keys: their traits go with them when they leave",
    )
    part.add_argument("--column", action="append", default=[], help="a trait to keep; may be repeated")
    part.add_argument("--source", default="", help="who told it, and on what ground; kept beside it")
    part.add_argument("--forget", action="store_true", help="erase every trait of the keys of the file")
    part.add_argument("--json", action="store_true", help="one JSON object on stdout")
    part.set_defaults(run=run_part)


def run_part(args: argparse.Namespace, settings: Settings) -> int:
    """Keep, erase, tell."""
    return int(import_module("honghua.app.lab.traits").run_traits(args, settings))
