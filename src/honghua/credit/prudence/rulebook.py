"""Reading rules of prudence and the operator's own figures from TOML: every fault named, nothing guessed."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from honghua.base.errors import BadInput
from honghua.credit.core.prudence.ratios import Rule
from honghua.credit.core.terms import AMOUNT_MINOR_MAX

FILE_BYTES_MAX: Final = 2**20
RULE_FIELDS: Final = frozenset(field.name for field in fields(Rule))
# What the book cannot know of itself: the company's balance sheet.
TOLD: Final = frozenset({
    "guaranteed_minor", "liquid_assets_minor", "liquid_liabilities_minor", "tier1_minor", "exposures_minor", "net_capital_minor",
    "risk_weighted_minor", "interbank_minor", "allowance_minor", "investments_minor",
})  # fmt: skip


def load_rules(*, path: Path | None = None) -> tuple[Rule, ...]:
    """The rules of a file, or those that ship. BadInput names the rule and what is wrong with it."""
    document = _read(path, files("honghua.credit").joinpath("data/prudence_rules.toml").read_bytes())
    rows = document.get("rule", [])
    if set(document) - {"rule"} or not isinstance(rows, list):
        raise BadInput("a file of rules holds [[rule]] tables and nothing else")
    rules = tuple(_make_rule(row) for row in rows)
    names = [rule.name for rule in rules]
    if len(set(names)) != len(names):
        raise BadInput("two rules have one name")
    return rules


@cache
def load_service_categories() -> frozenset[str]:
    """The goods categories that are service consumption (R-024)."""
    document = _read(None, files("honghua.credit").joinpath("data/service_categories.toml").read_bytes())
    return frozenset(document["categories"])


def load_told(path: Path | None) -> dict[str, int]:
    """The operator's own figures, minor units by name; empty without a file."""
    if path is None:
        return {}
    document = _read(path, b"")
    for name, value in document.items():
        if name not in TOLD:
            raise BadInput(f"{path}: no such figure: {name}; known: {', '.join(sorted(TOLD))}")
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= AMOUNT_MINOR_MAX:
            raise BadInput(f"{path}: {name} is a whole number of minor units from 0 to {AMOUNT_MINOR_MAX}")
    return dict(document)


def _read(path: Path | None, shipped: bytes) -> dict[str, Any]:
    try:
        if path is not None and path.stat().st_size > FILE_BYTES_MAX:
            raise BadInput(f"{path}: larger than {FILE_BYTES_MAX >> 10} KB")
        body = shipped if path is None else path.read_bytes()
        return tomllib.loads(body.decode("utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: not TOML ({error})") from None


def _make_rule(row: Any) -> Rule:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise BadInput("each rule is a table with a name")
    unknown = set(row) - RULE_FIELDS
    if unknown:
        raise BadInput(f"rule {row['name']}: no such field: {', '.join(sorted(unknown))}")
    for name, kind in (("since", dt.date), ("source", str), ("grade", str)):
        if not isinstance(row.get(name), kind):
            raise BadInput(f"rule {row['name']}: {name} is missing or of the wrong kind")
    for name in ("least_ppm", "most_ppm", "most_minor"):
        if name in row and (not isinstance(row[name], int) or isinstance(row[name], bool)):
            raise BadInput(f"rule {row['name']}: {name} is a whole number")
    return Rule(**row)


__all__ = ["TOLD", "load_rules", "load_told"]
