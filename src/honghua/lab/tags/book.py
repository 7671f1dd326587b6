"""The book of tags of `data/tags.csv`, checked: each tag's definition, evidence, refresh and sensitivity, and what none may read."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from honghua.base.errors import BadInput
from honghua.lab.tags.rules import Rule, parse_rule

DATA: Final = Path(__file__).parent / "data"
SENSITIVITIES: Final = (
    "ordinary",
    "personal",
    "financial",
)  # all are of a person; financial = about money owed, held or refused
REFRESHES: Final = (
    "fact",
    "night",
)  # with each fact; and where a quantile is compared with: which quantile, once a night


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag. credit: a trait for credit decisions and limits; truth: the question of evaluation that it answers, "" = none is known."""

    name: str
    zh: str
    en: str
    group: str
    credit: bool
    rule: Rule
    definition: str
    refresh: str
    sensitivity: str
    truth: str

    @property
    def evidence(self) -> tuple[str, ...]:
        """The variables that speak for it."""
        return self.rule.variables


@dataclass(frozen=True, slots=True)
class TagBook:
    """All tags, and what none of them may read: words that stand in names of columns, scenes and tables."""

    tags: tuple[Tag, ...]
    forbidden: tuple[tuple[str, str], ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable that some tag reads, each once."""
        return tuple(dict.fromkeys(name for tag in self.tags for name in tag.evidence))

    def find(self, name: str) -> Tag | None:
        """A tag by name."""
        return next((tag for tag in self.tags if tag.name == name), None)


def read_tags(*, folder: Path = DATA) -> TagBook:
    """The tags of `tags.csv` and the words of `forbidden.toml`; BadInput with every line that is wrong."""
    problems: list[str] = []
    tags = []
    with (folder / "tags.csv").open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            try:
                tags.append(_tag(row))
            except (BadInput, KeyError, ValueError) as error:
                problems.append(f"line {line}: {error}")
    names = [tag.name for tag in tags]
    problems += [f"{name}: named twice" for name in sorted({name for name in names if names.count(name) > 1})]
    if problems:
        raise BadInput("; ".join(problems), code="BAD_TAGS")
    told = tomllib.loads((folder / "forbidden.toml").read_text(encoding="utf-8"))
    forbidden = tuple((str(word), str(one["why"])) for one in told["trait"] for word in one["words"])
    return TagBook(tuple(tags), forbidden)


def _tag(row: dict[str, str]) -> Tag:
    rule = parse_rule(row["rule"])
    refresh = "night" if rule.quantiles else "fact"
    if (
        row["sensitivity"] not in SENSITIVITIES
        or row["credit"] not in ("0", "1")
        or not (row["zh"] and row["en"] and row["definition"])
    ):
        raise ValueError("needs zh, en and definition, credit 0 or 1, and a sensitivity of " + ", ".join(SENSITIVITIES))
    return Tag(
        row["name"], row["zh"], row["en"], row["group"], row["credit"] == "1", rule, row["definition"], refresh, row["sensitivity"],
        row["truth"],
    )  # fmt: skip


__all__ = ["DATA", "REFRESHES", "SENSITIVITIES", "Tag", "TagBook", "read_tags"]
