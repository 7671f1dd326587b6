"""Comparing our answer with the published one: the tolerance sentence, and our figures in the published layout."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from honghua.app.case_kinds.reading import Unsupported
from honghua.base.errors import BadInput
from honghua.base.rates import ceil_, floor_, round_half_even, round_half_up, to_decimal

PLACES_SHOWN_MAX = 12
FIGURE_CHARS_MAX = 80
DIFFERENCES_SHOWN_MAX = 5

Kind = Literal["exact", "within", "relative", "places"]

_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,2})?"
_SUM = re.compile(r"[0-9]+(/[0-9]+)?(\+[0-9]+(/[0-9]+)?)*")
_PLACES = re.compile(r"(?:([0-9]+)\s*(?:dp|d\.p\.|decimals?|decimal places?|places?))")
_ROUNDINGS = {
    "half up": round_half_up,
    "half even": round_half_even,
    "down": lambda value: floor_(abs(value)) * (1 if value >= 0 else -1),
    "truncat": lambda value: floor_(abs(value)) * (1 if value >= 0 else -1),
    "floor": floor_,
    "ceil": ceil_,
}


class Exactly(dict[str, Any]):
    """An object whose every key counts: one that was not expected is a difference."""


class Expression(str):
    """A sum of fractions such as "1+1/12+3/365", equal to every other way of writing the same terms."""


class Unrounded(Fraction):
    """A figure that is rounded only to be printed: "exact" means equal in the decimals that were published."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """One rule: exact; within an absolute or relative distance; or equal once rounded to places."""

    kind: Kind
    size: Fraction = Fraction(0)
    places: int = 0
    rounding: str = ""

    def allows(self, ours: Fraction, expected: Fraction) -> bool:
        """Whether the two figures agree."""
        gap = abs(ours - expected)
        if self.kind == "places":
            if self.rounding:
                return Fraction(to_decimal(ours, self.places, rounding=_ROUNDINGS[self.rounding])) == expected
            return gap <= Fraction(1, 2 * 10**self.places)
        return gap <= (self.size * abs(expected) if self.kind == "relative" else self.size)


def parse_tolerance(sentence: Any) -> tuple[Tolerance, ...]:
    """The rules that a sentence states: "exact", "exact to 0.01", "1e-9", "0", "round half up to 1 dp", "0.01 / 1e-6" …

    Nothing stated means exact. Several rules belong to figures of different precision. BadInput when it says none.
    """
    if sentence is None:
        return (Tolerance("exact"),)
    text = f"{sentence}".strip().lower()
    if isinstance(sentence, bool | list | dict) or not text:
        raise BadInput(f"tolerance {sentence!r} is not a sentence or a number")
    if text.startswith("exact"):
        grid = re.search(rf"({_NUMBER})", text)
        return (Tolerance("within", Fraction(grid[1]) / 2),) if grid and Fraction(grid[1]) else (Tolerance("exact"),)
    leading = re.match(
        rf"(?:±|\+/-|<=?|≤|abs(?:olute)?\b|within\b|tol(?:erance)?\b|rel(?:ative)?\b|[\s:])*({_NUMBER})", text
    )
    if leading and not _PLACES.match(text, leading.start(1)):
        kind: Kind = "relative" if re.search(r"\brel", text) else "within"
        sizes = [leading[1], *re.findall(rf"(?:/|,|;|\bor\b|\band\b)\s*({_NUMBER})", text[leading.end() :])]
        scale = Fraction(1, 100) if re.match(rf"[^0-9]*{_NUMBER}\s*(?:cents?|minor)\b", text) else Fraction(1)
        return tuple(Tolerance(kind, Fraction(size) * scale) for size in sizes)
    places = _PLACES.search(text)
    if places is None:
        raise BadInput(f"tolerance {sentence!r} names no distance and no decimal places")
    rounding = next((name for name in _ROUNDINGS if name in text.replace("-", " ").replace("_", " ")), "")
    return (Tolerance("places", places=int(places[1]), rounding=rounding),)


@dataclass(slots=True)
class Comparison:
    """`ours` in the layout of `expected`, and the differences, each with its place."""

    rules: tuple[Tolerance, ...]
    differences: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    compared: int = 0

    def layer(self, ours: Any, expected: Any, place: str) -> Any:
        """Compare one value, whatever its layout, and return ours as it would be written there."""
        if isinstance(expected, Mapping):
            return self._object(ours, expected, place)
        if isinstance(expected, list):
            return self._list(ours, expected, place)
        return self._leaf(ours, expected, place)

    def _object(self, ours: Any, expected: Mapping[str, Any], place: str) -> Any:
        if not isinstance(ours, Mapping):
            return self._unlike(ours, f"{place} is an object there")
        result: dict[str, Any] = {}
        self.compared += isinstance(ours, Exactly)
        if not expected and not isinstance(ours, Exactly):
            self.differences.append(f"{place} asks for nothing")
        for key, wanted in expected.items():
            try:
                value = ours[key]
            except (KeyError, Unsupported) as reason:
                if isinstance(ours, Exactly):
                    self.differences.append(f"{place}.{key}: ours has none, expected {wanted!r}")
                else:
                    self.unknown.append(f"{place}.{key}" + (f" ({reason})" if isinstance(reason, Unsupported) else ""))
                continue
            result[key] = self.layer(value, wanted, f"{place}.{key}")
        if isinstance(ours, Exactly):
            for key in ours.keys() - expected.keys():
                result[key] = written(ours[key], None)
                self.differences.append(f"{place}.{key}: ours {result[key]!r}, expected none")
        return result

    def _list(self, ours: Any, expected: list[Any], place: str) -> Any:
        if not isinstance(ours, list | tuple):
            return self._unlike(ours, f"{place} is a list there")
        self.compared += not expected  # that there are none is asked, too
        chosen = _by_number(ours, expected)
        if len(chosen) != len(expected):
            self.differences.append(f"{place}: ours has {len(chosen)} items, expected {len(expected)}")
        both = [self.layer(a, b, f"{place}[{k}]") for k, (a, b) in enumerate(zip(chosen, expected))]
        return both + [written(extra, None) for extra in chosen[len(expected) :]]

    def _leaf(self, ours: Any, expected: Any, place: str) -> Any:
        shown = written(ours, expected)
        self.compared += 1
        if not self._agrees(ours, expected):
            self.differences.append(f"{place}: ours {_full(ours)}, expected {expected}")
        return shown

    def _agrees(self, ours: Any, expected: Any) -> bool:
        if isinstance(ours, Expression):
            return isinstance(expected, str) and _terms(ours) == _terms(expected)
        if ours is None or isinstance(ours, bool | str | list | tuple | Mapping):
            return bool(ours == expected)
        special = _special(ours)
        if special is not None:
            return special == ("nan" if expected is None else f"{expected}".strip().lower().removeprefix("+"))
        wanted = _figure(expected)
        if wanted is None:
            return False
        rule = self._rule(expected)
        if isinstance(ours, Unrounded) and rule.kind == "exact":
            ours = to_decimal(ours, _decimals(expected))
        return rule.allows(Fraction(ours), wanted)

    def _rule(self, expected: Any) -> Tolerance:
        """Of several rules the one whose distance fits the figure's decimals best."""
        decimals = _decimals(expected)
        return min(self.rules, key=lambda rule: abs(math.log10(rule.size or Fraction(1, 10**9)) + decimals))

    def _unlike(self, ours: Any, difference: str) -> Any:
        self.differences.append(difference)
        return written(ours, None)


def written(ours: Any, expected: Any) -> Any:
    """Our value as JSON would hold it, with the decimals and the type of the expected one."""
    if ours is None or isinstance(ours, bool):
        return ours
    if isinstance(ours, str):
        return str(ours)
    if isinstance(ours, Mapping):
        return {key: written(value, None) for key, value in ours.items()}
    if isinstance(ours, list | tuple):
        return [written(value, None) for value in ours]
    special = _special(ours)
    if special is not None:
        return special
    value = Fraction(ours)
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return value.numerator if isinstance(expected, int) and value.denominator == 1 else float(value)
    if expected is not None and _figure(expected) is not None:
        return f"{to_decimal(value, _decimals(expected)):f}"
    return _full(ours)


def _by_number(ours: Any, expected: list[Any]) -> list[Any]:
    """Rows that carry their number "n" are matched by it, so that a part of a schedule may be asked for."""
    if not expected or not all(isinstance(item, Mapping) and "n" in item for item in (*ours, *expected)):
        return list(ours)
    wanted = [item["n"] for item in expected]
    return [row for number in wanted for row in ours if row["n"] == number]


def _figure(value: Any) -> Fraction | None:
    text = str(value).lower()
    return Fraction(text) if re.fullmatch(rf"[+-]?{_NUMBER}", text) and len(text) <= FIGURE_CHARS_MAX else None


def _special(value: Any) -> str | None:
    if not isinstance(value, Decimal) or value.is_finite():
        return None
    return "nan" if value.is_nan() else "inf" if value > 0 else "-inf"


def _decimals(expected: Any) -> int:
    exponent = Decimal(str(expected)).as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _terms(text: str) -> list[Fraction] | None:
    """The terms of a sum of fractions, the zero ones left out; None when it is no such sum."""
    plain = text.replace(" ", "")
    if len(plain) > FIGURE_CHARS_MAX or not _SUM.fullmatch(plain):
        return None
    terms = [term.split("/") for term in plain.split("+")]
    if any(len(term) > 1 and int(term[1]) == 0 for term in terms):
        return None
    return sorted(value for value in (Fraction(int(term[0]), int([*term, "1"][1])) for term in terms) if value)


def _full(value: Any) -> str:
    """A figure with as many decimals as it has, up to PLACES_SHOWN_MAX, and at least two."""
    if not isinstance(value, int | Decimal | Fraction) or _special(value) is not None:
        return f"{value}"
    text = f"{to_decimal(Fraction(value), PLACES_SHOWN_MAX):f}".rstrip("0")
    whole, _, rest = text.partition(".")
    return whole if isinstance(value, int) else f"{whole}.{rest.ljust(2, '0')}"
