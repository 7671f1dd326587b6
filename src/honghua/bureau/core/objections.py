"""Objections: free, marked at once, answered in writing within the law's days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ObjectionKind(StrEnum):
    """What somebody says is wrong: a record, that an item was not repaired, or an inquiry."""

    RECORD = "record"
    REPAIR = "repair"
    INQUIRY = "inquiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionRule:
    """Days to answer, counted from the day after it was made (Civil Code art. 201). fee_minor: always 0."""

    days: int
    fee_minor: int
    source: str
    grade: str


RULES: Final[Mapping[ObjectionKind, ObjectionRule]] = {
    ObjectionKind.RECORD: ObjectionRule(days=20, fee_minor=0, source="rules.md §9 objection, art. 25", grade="A"),
    ObjectionKind.REPAIR: ObjectionRule(days=30, fee_minor=0, source="rules.md §10 mode", grade="A"),
    ObjectionKind.INQUIRY: ObjectionRule(days=20, fee_minor=0, source="rules.md §9 objection, art. 25", grade="A"),
}


def due_on(kind: ObjectionKind, opened_on: dt.date) -> dt.date:
    """The last day on which the answer is in time."""
    return opened_on + dt.timedelta(days=RULES[kind].days)
