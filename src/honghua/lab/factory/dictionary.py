"""The data dictionary: which event tables there are, what their columns mean, who may not be looked at, and when a fact is known."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from honghua.base.errors import BadInput
from honghua.features.core import ASKED, ENTITIES, OPS, UNITS, Condition, Schema, parse_span

SLUG: Final = re.compile(
    r"[a-z](?:_?[a-z0-9]+)*"
)  # one underscore between parts, never two: two part the words of a name
SLUG_MAX: Final = 20
KINDS_MAX: Final = ASKED - 1
CLOCK: Final = ("hour", "weekday", "monthday")
_DELAY: Final = re.compile(r"([0-9]{1,5})([mhd])")
_JOINS: Final = ("_per_", "_vs_", "_x_")  # parts of names that mean something else
RESERVED: Final = ("ever", "share")


@dataclass(frozen=True, slots=True)
class Words:
    """What a thing is called and means. text: everything that may be said about it, for finding by meaning."""

    en: str
    zh: str = ""
    meaning: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(part for part in (self.en, self.zh, self.meaning) if part)


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric column. slot: the column of the stream that holds it; scale: what one unit of the file is in whole numbers; bands:
    thresholds (in whole numbers) at which filters cut; date: days since 1970-01-01."""

    name: str
    column: str
    slot: str
    words: Words
    scale: float = 1.0
    bands: tuple[int, ...] = ()
    date: bool = False
    measured: bool = True
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Category:
    """A column of words, kept as numbers 1 … k by `groups`: name of a group → the words of the file that are in it. -1 = another word.

    closed: groups that no variable may ask for (health …); flag: a column of yes and no.
    """

    name: str
    column: str
    slot: str
    words: Words
    groups: Mapping[str, tuple[str, ...]]
    told: Mapping[str, Words]
    closed: tuple[str, ...] = ()
    protected: bool = False

    def code(self, group: str) -> int:
        """The number of a group."""
        return list(self.groups).index(group) + 1


@dataclass(frozen=True, slots=True)
class Filter:
    """A named condition on a table's events; filters of one family exclude or contain each other and are never joined."""

    name: str
    family: str
    where: tuple[Condition, ...]
    words: Words


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of event. file: in the folder of the data; only: column → the values that make a row one of these events; time: the
    column of when it happened, "" for what is known from the beginning (profile: attributes, one row a key); delay_us: until it is
    known."""

    name: str
    kind: int
    words: Words
    file: str
    entities: Mapping[str, str]
    numbers: tuple[Number, ...]
    categories: tuple[Category, ...]
    filters: tuple[Filter, ...]
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    time: str = ""
    delay_us: int = 0
    clock: bool = False

    @property
    def profile(self) -> bool:
        """Whether it holds attributes instead of events."""
        return not self.time

    @property
    def described(self) -> tuple[Number | Category, ...]:
        """Its numbers and categories, the protected ones too."""
        return (*self.numbers, *self.categories)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file that are read: nothing that is protected."""
        used = [self.time, *self.only, *self.entities.values()]
        used += [one.column for one in self.described if not one.protected]
        return tuple(dict.fromkeys(name for name in used if name))

    def number(self, name: str) -> Number | None:
        """A measured number by name."""
        return next((one for one in self.numbers if one.name == name and one.measured and not one.protected), None)

    def filter(self, name: str) -> Filter | None:
        """A filter by name."""
        return next((one for one in self.filters if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Across:
    """A table's sums and counts over another's: what was repaid of what was bought."""

    over: str
    under: str
    words: Words


@dataclass(frozen=True)
class Dictionary:
    """All tables; windows and trends that the grammar uses; pairs of entities; peers: entities whose habit a key's is held against."""

    name: str
    timezone: str
    currency: str
    entities: Mapping[str, Words]
    tables: tuple[Table, ...]
    windows: tuple[str, ...]
    trends: tuple[tuple[str, str], ...]
    across: tuple[Across, ...]
    pairs: tuple[tuple[str, str], ...]
    peers: tuple[tuple[str, str], ...]
    text: str

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The columns of the stream beside time, kind, amount and entities."""
        slots = [one.slot for table in self.tables for one in table.described if not one.protected]
        clock = CLOCK if any(table.clock for table in self.tables) else ()
        return tuple(dict.fromkeys((*clock, *(slot for slot in slots if slot != "amount_minor"))))

    @cached_property
    def schema(self) -> Schema:
        """The event table that the online store is fed."""
        return Schema(tuple(self.entities), self.numbers)

    @cached_property
    def digest(self) -> bytes:
        """sha256 of the text: 32 bytes."""
        return sha256(self.text.encode()).digest()

    @cached_property
    def protected(self) -> tuple[str, ...]:
        """table.column of what no variable may read."""
        return tuple(f"{table.name}.{one.name}" for table in self.tables for one in table.described if one.protected)

    def table(self, name: str) -> Table | None:
        """A table by name."""
        return next((one for one in self.tables if one.name == name), None)


def read_dictionary(path: Path) -> Dictionary:
    """The dictionary of a TOML file; BadInput with every problem that it has."""
    try:
        return parse_dictionary(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", code="NO_DICTIONARY") from error


def shipped_dictionary(name: str) -> Dictionary:
    """One that comes with the program: "city" (files of `honghua sim make`) or "handbook" (the Fraud Detection Handbook's table)."""
    return read_dictionary(Path(__file__).parent / "data" / f"{name}.toml")


def parse_dictionary(text: str) -> Dictionary:
    """The same from its text."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"the dictionary is no TOML: {error}", code="BAD_DICTIONARY") from error
    problems: list[str] = []
    try:
        found = _dictionary(told, text, problems)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"the dictionary lacks or mistakes {error}", code="BAD_DICTIONARY") from error
    problems += _check(found)
    if problems:
        raise BadInput("; ".join(problems), code="BAD_DICTIONARY")
    return found


def _dictionary(told: Mapping[str, Any], text: str, problems: list[str]) -> Dictionary:
    clock = {name: _filter(name, str(one["where"][0][0]), one) for name, one in told.get("clock", {}).items()}
    tables = tuple(_table(name, one, clock, problems) for name, one in told["tables"].items())
    grammar = told.get("grammar", {})
    return Dictionary(
        name=str(told["name"]), timezone=str(told.get("timezone", "UTC")), currency=str(told.get("currency", "CNY")),
        entities={name: _words(name, one) for name, one in told["entities"].items()}, tables=tables,
        windows=tuple(grammar.get("windows", ("1d", "3d", "7d", "14d", "30d", "60d", "90d", "180d", "ever"))),
        trends=tuple((a, b) for a, b in grammar.get("trends", (("7d", "30d"), ("30d", "90d"), ("30d", "180d")))),
        across=tuple(Across(one["over"], one["under"], _words(f"{one['over']} per {one['under']}", one)) for one in told.get("across", ())),
        pairs=tuple((a, b) for a, b in grammar.get("pairs", ())), peers=tuple((a, b) for a, b in grammar.get("peers", ())),
        text=text,
    )  # fmt: skip


def _words(name: str, told: Mapping[str, Any]) -> Words:
    return Words(str(told.get("en", name.replace("_", " "))), str(told.get("zh", "")), str(told.get("meaning", "")))


def _filter(name: str, family: str, told: Mapping[str, Any]) -> Filter:
    where = tuple((str(column), str(op), int(value)) for column, op, value in told["where"])
    return Filter(name, family, where, _words(name, told))


def _delay(text: str) -> int:
    found = _DELAY.fullmatch(text)
    if not found:
        raise ValueError(f"delay {text!r}: 0m, 6h, 7d …")
    return int(found[1]) * UNITS[found[2]]


def _table(name: str, told: Mapping[str, Any], clock: Mapping[str, Filter], problems: list[str]) -> Table:
    numbers = tuple(_number(key, one) for key, one in told.get("numbers", {}).items())
    categories = tuple(_category(key, one) for key, one in told.get("categories", {}).items())
    filters = [_filter(key, one.get("family", key), one) for key, one in told.get("filters", {}).items()]
    filters += [one for number in numbers for one in _bands(number)]
    filters += [one for category in categories for one in _groups(category)]
    own_clock = bool(told.get("clock", bool(clock))) and bool(told.get("time"))
    if own_clock:
        filters += clock.values()
    if not told.get("time") and not told.get("always_known"):
        problems.append(f"table {name}: name its time column, or say always_known = true and mean it")
    return Table(
        name=name, kind=int(told["kind"]), words=_words(name, told), file=str(told["file"]), entities=dict(told["entities"]),
        numbers=numbers, categories=categories, filters=tuple(filters),
        only={column: tuple(str(value) for value in values) for column, values in told.get("only", {}).items()},
        time=str(told.get("time", "")), delay_us=_delay(str(told.get("delay", "0m"))), clock=own_clock,
    )  # fmt: skip


def _number(name: str, told: Mapping[str, Any]) -> Number:
    slot = "amount_minor" if name == "amount" else str(told.get("slot", name))
    return Number(
        name, str(told.get("column", name)), slot, _words(name, told), scale=float(told.get("scale", 1)),
        bands=tuple(int(one) for one in told.get("bands", ())), date=bool(told.get("date", False)),
        measured=bool(told.get("measured", True)), protected=bool(told.get("protected", False)),
    )  # fmt: skip


def _category(name: str, told: Mapping[str, Any]) -> Category:
    groups = told["groups"]
    if isinstance(groups, list):
        groups = {str(word): {"words": [word]} for word in groups}
    members = {
        key: tuple(str(word) for word in (one["words"] if isinstance(one, dict) else one))
        for key, one in groups.items()
    }
    words = {key: _words(key, one if isinstance(one, dict) else {}) for key, one in groups.items()}
    return Category(
        name, str(told.get("column", name)), str(told.get("slot", name)), _words(name, told), members, words,
        closed=tuple(told.get("closed", ())), protected=bool(told.get("protected", False)),
    )  # fmt: skip


def _bands(number: Number) -> list[Filter]:
    if number.protected:
        return []
    return [
        Filter(f"{number.name}_{said}_{band}", number.name, ((number.slot, op, band),), Words(
            f"{number.words.en} {english} {band}", f"{number.words.zh}{chinese}{band}"))
        for band in number.bands
        for said, op, english, chinese in (("from", ">=", "from", "至少"), ("below", "<", "below", "低于"))
    ]  # fmt: skip


def _groups(category: Category) -> list[Filter]:
    if category.protected:
        return []
    return [
        Filter(group, category.name, ((category.slot, "==", category.code(group)),), category.told[group])
        for group in category.groups
        if group not in category.closed
    ]


def _check(found: Dictionary) -> list[str]:
    """What is wrong, a sentence each."""
    said = [f"no entity {name!r}; there are {', '.join(ENTITIES)}" for name in found.entities if name not in ENTITIES]
    if said or not found.entities:
        return said or ["[entities] names nobody"]
    for window in found.windows:
        try:
            parse_span(window)
        except ValueError as problem:
            said.append(str(problem))
    said += [f"trend {a}/{b}: both are windows of the grammar" for a, b in found.trends if {a, b} - set(found.windows)]
    said += [
        f"entities {a}, {b} of a pair or of peers are not in the dictionary"
        for a, b in (*found.pairs, *found.peers)
        if {a, b} - set(found.entities)
    ]
    names = {table.name for table in found.tables}
    said += [
        f"across: no table {one!r}" for pair in found.across for one in (pair.over, pair.under) if one not in names
    ]
    kinds = [table.kind for table in found.tables]
    said += [f"kind {kind} is used twice" for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1})]
    for table in found.tables:
        said += [f"table {table.name}: {one}" for one in _table_problems(found, table)]
    return said


def _table_problems(found: Dictionary, table: Table) -> list[str]:
    said = []
    if not 1 <= table.kind <= KINDS_MAX:
        said.append(f"kind is 1 … {KINDS_MAX}")
    said += [f"entity {name!r} is not in [entities]" for name in table.entities if name not in found.entities]
    names = [table.name, *(one.name for one in table.numbers), *(one.name for one in table.filters)]
    said += [
        f"{name!r} is no name: a-z, 0-9 and single _, at most {SLUG_MAX} letters"
        for name in names
        if not good_slug(name)
    ]
    filters = [one.name for one in table.filters]
    said += [
        f"two filters are called {name!r}" for name in sorted({name for name in filters if filters.count(name) > 1})
    ]
    for one in table.filters:
        said += [
            f"filter {one.name}: no column {column!r}"
            for column, _, _ in one.where
            if column not in found.schema.columns
        ]
        said += [f"filter {one.name}: no comparison {op!r}" for _, op, _ in one.where if op not in OPS]
    slots: Sequence[str] = [one.slot for one in table.described]
    said += [
        f"two columns share the slot {slot!r}" for slot in sorted({slot for slot in slots if slots.count(slot) > 1})
    ]
    return said


def good_slug(name: str) -> bool:
    """Whether a name may be a part of a variable's."""
    joined = any(join in f"_{name}_" for join in _JOINS)
    return bool(SLUG.fullmatch(name)) and len(name) <= SLUG_MAX and not joined and name not in RESERVED


__all__ = [
    "CLOCK", "Across", "Category", "Dictionary", "Filter", "Number", "Table", "Words", "good_slug", "parse_dictionary",
    "read_dictionary", "shipped_dictionary",
]  # fmt: skip
