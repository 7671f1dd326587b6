"""Regulatory ratios and concentration limits: a rule names two figures and a bound; what breaks it says what is done about it.

Rules are data with a source, a grade and the days on which they hold (`credit/data/prudence_rules.toml`, after rules.md §3 and §4).
A ratio whose figure nobody told is *unknown*, never fine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from honghua.base.errors import BadInput

PPM: Final = 1_000_000
Status = Literal["kept", "broken", "unknown", "nothing"]
# What a breach does. alert: people are told; the others stop new business of that kind until the ratio holds again.
ACTIONS: Final = ("alert", "stop_openings", "stop_raises", "stop_key")
GRADES: Final = ("A", "B", "C", "U")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One bound. With `largest_of` it is about the largest key of a dimension (merchant, region …), else about one figure.

    least_ppm and most_ppm bound part ÷ whole; most_minor bounds an amount. Exactly one of the three is given.
    """

    name: str
    part: str = ""
    whole: str = ""
    largest_of: str = ""
    least_ppm: int | None = None
    most_ppm: int | None = None
    most_minor: int | None = None
    action: str = "alert"
    source: str
    grade: str
    since: dt.date
    until: dt.date | None = None

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.least_ppm, self.most_ppm, self.most_minor) if bound is not None]
        if len(bounds) != 1 or bounds[0] < 0:
            raise BadInput(f"rule {self.name}: exactly one bound of least_ppm, most_ppm and most_minor is given")
        if bool(self.part) == bool(self.largest_of):
            raise BadInput(f"rule {self.name}: it is about a part or about the largest of a dimension")
        if self.most_minor is None and not self.whole:
            raise BadInput(f"rule {self.name}: a share needs its whole")
        if self.action not in ACTIONS or self.grade not in GRADES or not self.source:
            raise BadInput(f"rule {self.name}: action, grade or source is missing or unknown")
        if self.action == "stop_key" and not self.largest_of:
            raise BadInput(f"rule {self.name}: only the key of a dimension can be stopped")

    def holds_on(self, day: dt.date) -> bool:
        """Whether the rule is in force on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured: amounts by name, and amounts by dimension and key; minor units."""

    amounts: Mapping[str, int]
    groups: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One rule held against the figures. value is ppm or, for `most_minor`, minor units; key: whom it is about; missing: untold figures."""

    rule: Rule
    status: Status
    value: int | None = None
    key: str = ""
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        rule = self.rule
        unit = "minor" if rule.most_minor is not None else "ppm"
        bound = next(b for b in (rule.least_ppm, rule.most_ppm, rule.most_minor) if b is not None)
        return {
            "name": rule.name,
            "status": self.status,
            "value": self.value,
            "unit": unit,
            "bound": bound,
            "bound_is": "least" if rule.least_ppm is not None else "most",
            "key": self.key,
            "missing": list(self.missing),
            "action": rule.action,
            "source": rule.source,
            "grade": rule.grade,
        }


def read_ratios(rules: Iterable[Rule], figures: Figures, *, on: dt.date) -> tuple[Reading, ...]:
    """Every rule in force on a day. A dimension gives one reading for each of its broken keys, or one for its largest."""
    return tuple(reading for rule in rules if rule.holds_on(on) for reading in _read(rule, figures))


def _read(rule: Rule, figures: Figures) -> list[Reading]:
    missing = _find_missing(rule, figures)
    if missing:
        return [Reading(rule=rule, status="unknown", missing=missing)]
    whole = figures.amounts[rule.whole] if rule.whole else 0
    if not rule.largest_of:
        return [_judge(rule, figures.amounts[rule.part], whole, key="")]
    group = figures.groups[rule.largest_of]
    if not group:
        return [Reading(rule=rule, status="nothing")]
    readings = [_judge(rule, amount, whole, key=key) for key, amount in sorted(group.items(), key=lambda one: -one[1])]
    broken = [reading for reading in readings if reading.status == "broken"]
    return broken or readings[:1]


def _find_missing(rule: Rule, figures: Figures) -> tuple[str, ...]:
    names = [name for name in (rule.part, rule.whole) if name and name not in figures.amounts]
    if rule.largest_of and rule.largest_of not in figures.groups:
        names.append(rule.largest_of)
    return tuple(names)


def _judge(rule: Rule, part: int, whole: int, *, key: str) -> Reading:
    """Exact: part ÷ whole is compared as whole numbers; the ppm shown are rounded down."""
    if rule.most_minor is not None:
        return Reading(rule=rule, status="broken" if part > rule.most_minor else "kept", value=part, key=key)
    if whole <= 0:
        return Reading(rule=rule, status="nothing", key=key)
    if rule.least_ppm is not None:
        is_broken = part * PPM < rule.least_ppm * whole
    else:
        assert rule.most_ppm is not None, "a rule has one bound"
        is_broken = part * PPM > rule.most_ppm * whole
    return Reading(rule=rule, status="broken" if is_broken else "kept", value=part * PPM // whole, key=key)


__all__ = ["ACTIONS", "Figures", "Reading", "Rule", "Status", "read_ratios"]
