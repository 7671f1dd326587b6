"""Reading the inputs of a case: figures exactly as written, and a sentence that names the place when one is wrong."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from honghua.base.errors import BadInput
from honghua.base.money import currency_digits
from honghua.base.rates import TEXT_CHARS_MAX, parse_fraction

DEFAULT_CURRENCY = "USD"
POWER_MAX = 60
ITEMS_MAX = 5_000

_SCIENTIFIC = re.compile(r"([+-]?[0-9.]+)[eE]([+-]?[0-9]{1,3})\Z")
_TERM = re.compile(r"\s*([*/]?)\s*([+-]?[0-9.]+(?:[eE][+-]?[0-9]{1,3})?)")


class Unsupported(Exception):
    """A shape or a question that no rule here covers: the case is skipped, with this sentence."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a kind may see of a case: its inputs, the layout asked for, and other cases' inputs by id."""

    category: str
    inputs: Any
    wants_list: bool
    row_order: tuple[str, ...]
    inputs_of: Callable[[str], Any]

    @property
    def fields(self) -> Fields:
        """The inputs as named fields; BadInput when they are not an object."""
        return Fields.of(self.inputs, "inputs")


class Answers(Mapping[str, Any]):
    """Figures by name, each computed when it is asked for; a name that is not known is Unsupported."""

    def __init__(self, **known: Callable[[], Any]) -> None:
        self._known = known

    def __getitem__(self, name: str) -> Any:
        if name in self._known:
            return self._known[name]()
        raise Unsupported("no rule for it; known: " + ", ".join(self._known))

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of the file with its place in it, for messages."""

    values: Mapping[str, Any]
    place: str

    @classmethod
    def of(cls, value: Any, place: str) -> Fields:
        """The object at a place; BadInput when something else stands there."""
        if not isinstance(value, Mapping):
            raise BadInput(f"{place} is {_kind_of(value)}, an object is wanted")
        return cls(value, place)

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def get(self, *names: str) -> Any:
        """The first of the names that is there (and not null), or None."""
        return next((self.values[name] for name in names if self.values.get(name) is not None), None)

    def need(self, *names: str) -> Any:
        """The same; BadInput when none of them is there."""
        value = self.get(*names)
        if value is None:
            raise BadInput(f"{self.place}.{names[0]} is missing")
        return value

    def number(self, *names: str, default: Fraction | None = None) -> Fraction:
        """An exact number: "9.69", "0.08/12", 12, 365.25, [19, 30]."""
        if default is not None and self.get(*names) is None:
            return default
        return to_number(self.need(*names), f"{self.place}.{names[0]}")

    def whole(self, *names: str, default: int | None = None) -> int:
        """A whole number."""
        value = self.number(*names, default=None if default is None else Fraction(default))
        if value.denominator != 1:
            raise BadInput(f"{self.place}.{names[0]} must be whole, not {value}")
        return int(value)

    def money(self, *names: str, default: int | None = None) -> int:
        """Minor units of an amount in major units, two decimals unless inputs.currency says otherwise."""
        if default is not None and self.get(*names) is None:
            return default
        return to_minor(self.need(*names), f"{self.place}.{names[0]}", digits=self.digits)

    def percent(self, *names: str) -> Fraction:
        """A percentage as a fraction of one."""
        return self.number(*names) / 100

    def day(self, *names: str) -> dt.date:
        """A date written 2024-01-31."""
        return to_day(self.need(*names), f"{self.place}.{names[0]}")

    def days(self, *names: str) -> list[dt.date]:
        """A list of dates."""
        return [to_day(item, f"{self.place}.{names[0]}[{k}]") for k, item in enumerate(self.list_(*names))]

    def text(self, *names: str, default: str | None = None) -> str:
        """A string."""
        value = self.need(*names) if default is None else self.get(*names)
        if value is None:
            assert default is not None
            return default
        if not isinstance(value, str):
            raise BadInput(f"{self.place}.{names[0]} is {_kind_of(value)}, a text is wanted")
        return value

    def list_(self, *names: str) -> list[Any]:
        """A list of at most ITEMS_MAX items."""
        value = self.need(*names)
        if not isinstance(value, list):
            raise BadInput(f"{self.place}.{names[0]} is {_kind_of(value)}, a list is wanted")
        if len(value) > ITEMS_MAX:
            raise BadInput(f"{self.place}.{names[0]} has {len(value)} items, at most {ITEMS_MAX} are read")
        return value

    def objects(self, *names: str) -> list[Fields]:
        """A list of objects."""
        return [Fields.of(item, f"{self.place}.{names[0]}[{k}]") for k, item in enumerate(self.list_(*names))]

    @property
    def digits(self) -> int:
        """Decimals of the case's money."""
        return currency_digits(self.text("currency", default=DEFAULT_CURRENCY))


def to_number(value: Any, place: str) -> Fraction:
    """An exact number of a JSON number, a decimal string, a product or quotient of them, or a pair [a, b] = a/b."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | list):
        raise BadInput(f"{place} is {_kind_of(value)}, a number is wanted")
    if isinstance(value, list):
        if len(value) != 2:
            raise BadInput(f"{place} has {len(value)} parts, [numerator, denominator] is wanted")
        return _quotient(to_number(value[0], place), to_number(value[1], place), place)
    text = repr(value) if isinstance(value, float) else str(value)
    if len(text) > TEXT_CHARS_MAX:
        raise BadInput(f"{place} is {len(text)} characters long, at most {TEXT_CHARS_MAX} are read")
    text = text.replace(" ", "").removesuffix("%")
    result: Fraction | None = None
    position = 0
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None or bool(match[1]) == (result is None):
            raise BadInput(f"{place} {value!r} is not a number")
        factor = _plain(match[2], place)
        result = factor if result is None else result * factor if match[1] == "*" else _quotient(result, factor, place)
        position = match.end()
    if result is None:
        raise BadInput(f"{place} is empty, a number is wanted")
    return result


def to_minor(value: Any, place: str, *, digits: int = 2) -> int:
    """Minor units of an amount in major units; BadInput when it is finer than a minor unit."""
    minor = to_number(value, place) * 10**digits
    if minor.denominator != 1:
        raise BadInput(f"{place} {value!r} has more than {digits} decimals")
    return int(minor)


def to_day(value: Any, place: str) -> dt.date:
    """A date written 2024-01-31."""
    if not isinstance(value, str):
        raise BadInput(f"{place} is {_kind_of(value)}, a date such as 2024-01-31 is wanted")
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise BadInput(f"{place} {value[:TEXT_CHARS_MAX]!r} is not a date such as 2024-01-31") from None


def _plain(text: str, place: str) -> Fraction:
    match = _SCIENTIFIC.match(text)
    try:
        if match is None:
            return parse_fraction(text)
        power = int(match[2])
        if abs(power) > POWER_MAX:
            raise BadInput("")
        return parse_fraction(match[1]) * Fraction(10) ** power
    except BadInput:
        raise BadInput(f"{place} {text!r} is not a number that is read here") from None


def _quotient(a: Fraction, b: Fraction, place: str) -> Fraction:
    if b == 0:
        raise BadInput(f"{place} divides by zero")
    return a / b


def _kind_of(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return "nothing" if value is None else names.get(type(value), "of another kind")
