"""Reading cases of dated rules: choices, flags, moments and the days that they fall on in China."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, TypeVar

from honghua.app.case_kinds.reading import Case, Fields, Unsupported, to_day
from honghua.base.clock import CHINA
from honghua.base.errors import BadInput
from honghua.base.rates import PPM

T = TypeVar("T")

COMMENTS: Final = frozenset(
    {"note", "notes", "comment", "why", "title", "currency"}
)  # read by people only, or by every kind
YES_NO: Final[Mapping[str, bool]] = {"yes": True, "no": False, "true": True, "false": False}


def read_inputs(case: Case, *known: str) -> Fields:
    """The inputs of a case whose every name is one of `known`; Unsupported names one that no rule here reads."""
    return only(case.fields, *known)


def only(fields: Fields, *known: str) -> Fields:
    """The same for an object inside the inputs: an answer that passed over a circumstance would be worse than none."""
    strange = sorted(fields.values.keys() - set(known) - COMMENTS)
    if strange:
        raise Unsupported(
            f"{fields.place}.{strange[0]} is no input that is read here; known: {', '.join(sorted(known))}"
        )
    return fields


def fold_word(word: str) -> str:
    """A word as the tables of known ones have it: case, spaces and hyphens do not matter."""
    return word.strip().lower().replace(" ", "_").replace("-", "_")


def read_choice(fields: Fields, *names: str, known: Mapping[str, T], default: T | None = None) -> T:
    """What a word stands for, folded. Unsupported for a word that is not known."""
    if default is not None and fields.get(*names) is None:
        return default
    word = fold_word(fields.text(*names))
    folded = {name.lower(): value for name, value in known.items()}
    if word not in folded:
        raise Unsupported(f"{fields.place}.{names[0]} {word!r}: known are {', '.join(sorted(known))}")
    return folded[word]


def read_flag(fields: Fields, *names: str, default: bool) -> bool:
    """true or false, also as "yes" and "no"."""
    value = fields.get(*names)
    if value is None:
        return default
    found = value if isinstance(value, bool) else YES_NO.get(str(value).strip().lower())
    if found is None:
        raise BadInput(f"{fields.place}.{names[0]} {value!r} is neither true nor false")
    return found


def find_day(fields: Fields, *names: str) -> dt.date | None:
    """A date that may be left out or null."""
    return None if fields.get(*names) is None else fields.day(*names)


def find_local_day(fields: Fields, *names: str, zone: dt.tzinfo = CHINA) -> dt.date | None:
    """A date, or the date on which a time with its zone falls in China; None when left out or null."""
    value = fields.get(*names)
    if value is None:
        return None
    place = f"{fields.place}.{names[0]}"
    if isinstance(value, str) and ("T" in value or " " in value.strip()):
        return to_moment(value, place).astimezone(zone).date()
    return to_day(value, place)


def read_local_day(fields: Fields, *names: str, zone: dt.tzinfo = CHINA) -> dt.date:
    """The same where a day is needed."""
    fields.need(*names)
    day = find_local_day(fields, *names, zone=zone)
    assert day is not None, "it was there"
    return day


def read_month(fields: Fields, *names: str) -> dt.date:
    """The first day of a month written 2026-03 (or of the month of a date)."""
    text = fields.text(*names)
    return to_day(f"{text}-01" if len(text) == len("2026-03") else text, f"{fields.place}.{names[0]}").replace(day=1)


def to_moment(value: Any, place: str) -> dt.datetime:
    """An aware time of its ISO text; BadInput when it has no zone, since nobody knows what it means."""
    try:
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise BadInput(f"{place} {value!r} is not a time such as 2026-03-31T23:59:59+08:00")
    if moment.tzinfo is None:
        raise BadInput(f"{place} {value!r} has no zone: write +08:00 behind it")
    return moment


def major(minor: int, *, digits: int = 2) -> Fraction:
    """An amount as answers give it: major units, exact."""
    return Fraction(minor, 10**digits)


def iso(day: dt.date | None) -> str | None:
    """A date as answers give it."""
    return None if day is None else day.isoformat()


def read_ppm(fields: Fields, *names: str) -> int:
    """Per cent as millionths; Unsupported for what is finer."""
    ppm = fields.percent(*names) * PPM
    if ppm.denominator != 1:
        raise Unsupported(f"{fields.place}.{names[0]} is finer than a millionth")
    return int(ppm)
