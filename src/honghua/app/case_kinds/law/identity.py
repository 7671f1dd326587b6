"""Resident identity numbers (GB 11643-1999): what a number says on a day, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from honghua.app.case_kinds.law.reading import find_day, iso, read_inputs
from honghua.app.case_kinds.reading import Answers, Case
from honghua.base.errors import BadInput
from honghua.customers.core import read_id_number

NUMBER: Final = ("number", "id_number", "national_id", "text")
FRONT: Final = ("front", "first_17", "without_check_digit")
ON: Final = ("on", "as_of", "today")
NO_DAY: Final = dt.date(2026, 11, 22)  # of what does not depend on it


def id_number(case: Case) -> Answers:
    """The reading of a number, or the check digit of its first 17."""
    fields = read_inputs(case, *NUMBER, *FRONT, *ON)
    front = fields.get(*FRONT)
    if front is not None:
        return Answers(check_digit=lambda: read_id_number(f"{fields.text(*FRONT)}0", on=NO_DAY).check_digit)
    text = fields.text(*NUMBER)
    on = find_day(fields, *ON)
    reading = read_id_number(text, on=on or NO_DAY)
    return Answers(
        valid=lambda: reading.is_valid,
        problem=lambda: reading.problem or None,
        check_digit=lambda: reading.check_digit or None,
        region=lambda: reading.region or None,
        region_code=lambda: reading.region or None,
        province=lambda: reading.province or None,
        birth_date=lambda: iso(reading.born_on),
        born_on=lambda: iso(reading.born_on),
        sex=lambda: reading.sex or None,
        age=lambda: need_day(reading.age, on),
        adult=lambda: need_day(reading.is_adult, on),
    )


def need_day(value: int | None, on: dt.date | None) -> int | None:
    """What depends on the day that it is asked for: BadInput where none was given."""
    if on is None:
        raise BadInput("inputs.on is missing: an age is of a day")
    return value
