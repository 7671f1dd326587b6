"""What may stand in an address: numbers of things, days and whole numbers, within what database and calendar can hold."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final

from fastapi import Path

from honghua.base.errors import BadInput

ID_MAX: Final = 2**63 - 1
NUMBER_CHARS_MAX: Final = 18
FIRST_DAY: Final = dt.date(1970, 1, 1)  # a year on either side is still a day, whatever a page adds or takes away
LAST_DAY: Final = dt.date(9000, 1, 1)

Id = Annotated[int, Path(ge=0, le=ID_MAX)]
"""The number of a thing in a path."""


def read_day(text: str | None) -> dt.date | None:
    """An ISO date of a query, None where none was given; BadInput for what is none."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = dt.date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadInput(f"{text[:20]!r} is no date; write it as 2026-11-21", code="DATE_INVALID")
    return day


def read_number(text: str | None) -> int | None:
    """A whole number of a query, None where none was given; BadInput for what is none."""
    plain = (text or "").strip()
    if not plain:
        return None
    if not plain.isascii() or not plain.isdigit() or len(plain) > NUMBER_CHARS_MAX:
        raise BadInput(f"{plain[:20]!r} is no whole number", code="NUMBER_INVALID")
    return int(plain)
