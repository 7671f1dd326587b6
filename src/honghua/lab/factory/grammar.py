"""The grammar of derived variables: every name that a dictionary allows, what it means, and the way back from a name to its meaning.

    customer__sum_amount__purchases__dining__night__30d     amounts of night-time dining purchases of the customer in 30 days
    customer__count__purchases__dining__30d__share          of all purchases in 30 days, the share that was dining
    customer__mean_amount__purchases__7d_vs_30d             the last week's mean against the last month's
    customer__sum_amount__repayments_per_purchases__90d     what was repaid of what was bought
    customer_vs_merchant__mean_amount__purchases__30d       the customer's mean against that of the shop's customers

Parts are parted by two underscores: key, aggregate and number, table, filters in the order of the dictionary, window. Nothing is
computed here, and nothing is stored: names are made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Final

from honghua.base.errors import BadInput
from honghua.features.core import EVER, NAME, Definition, Ratio, Window
from honghua.lab.factory.dictionary import Dictionary, Filter, Table

PARTS: Final = "__"
PAIR: Final = "_x_"
AGAINST: Final = "_vs_"
PER: Final = "_per_"
SHARE: Final = "share"
AGGREGATE_NAMES: Final = {
    "count": "count", "sum": "sum", "mean": "mean", "max": "max", "min": "min", "std": "std", "distinct": "distinct",
    "entropy": "entropy", "last": "last", "since": "since", "firstseen": "first_seen",
}  # fmt: skip
OF_NUMBERS: Final = ("sum", "mean", "max", "min", "std")
OF_ENTITIES: Final = ("distinct", "entropy")
ADDITIVE: Final = ("count", "sum")
TRENDING: Final = ("count", "sum", "mean", "max")
SAID: Final = {
    "count": ("number of", "次数"), "sum": ("total of", "总额"), "mean": ("average", "平均"), "max": ("largest", "最大"),
    "min": ("smallest", "最小"), "std": ("spread of", "波动"), "distinct": ("different", "不同个数"), "entropy": ("variety of", "分散度"),
    "last": ("latest", "最近一次"), "since": ("time since the latest of", "距最近一次时间"),
    "first_seen": ("time since the first of", "距首次时间"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregate: of `value` (a number or an entity of the table, "" where none) over the events of a key within a window."""

    key: tuple[str, ...]
    aggregate: str
    value: str
    table: str
    filters: tuple[str, ...]
    window: str

    @property
    def name(self) -> str:
        """Its name."""
        said = next(name for name, aggregate in AGGREGATE_NAMES.items() if aggregate == self.aggregate)
        told = f"{said}_{self.value}" if self.value else said
        return PARTS.join((PAIR.join(self.key), told, self.table, *self.filters, self.window))


@dataclass(frozen=True, slots=True)
class Quotient:
    """One measure over another; shape: share, trend, across or peer. NaN where the divisor is 0 or either is not known."""

    over: Measure
    under: Measure
    shape: str

    @property
    def name(self) -> str:
        """Its name."""
        parts = self.over.name.split(PARTS)
        if self.shape == "share":
            return PARTS.join((*parts, SHARE))
        if self.shape == "trend":
            return PARTS.join((*parts[:-1], f"{self.over.window}{AGAINST}{self.under.window}"))
        if self.shape == "across":
            return PARTS.join((*parts[:2], f"{self.over.table}{PER}{self.under.table}", *parts[3:]))
        return PARTS.join((f"{self.over.key[0]}{AGAINST}{self.under.key[0]}", *parts[1:]))


Variable = Measure | Quotient


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a variable comes from: tables, columns of their files as table.column, the measures that it divides, and what it means."""

    name: str
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    operands: tuple[str, ...]
    en: str
    zh: str


class Factory:
    """All variables of a dictionary. Immutable; costs nothing until names are asked for."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary

    @cached_property
    def count(self) -> int:
        """How many variables there are."""
        return sum(1 for _ in self.variables())

    def names(self) -> Iterator[str]:
        """All names, in a fixed order."""
        return (variable.name for variable in self.variables())

    def variables(self) -> Iterator[Variable]:
        """All variables, in a fixed order."""
        for table in self.dictionary.tables:
            for measure in self._measures(table):
                yield measure
                yield from self._quotients(measure)
        yield from self._across()

    def find(self, name: str) -> Variable:
        """What a name means; BadInput when it means nothing here."""
        try:
            found = self._parse(name)
        except (ValueError, IndexError, StopIteration, KeyError):
            found = None
        if found is None or found.name != name or self._problem(found):
            raise BadInput(f"no variable {name!r} in the dictionary {self.dictionary.name}", code="NO_VARIABLE")
        return found

    def _measures(self, table: Table) -> Iterator[Measure]:
        entities = tuple(entity for entity in self.dictionary.entities if entity in table.entities)
        keys: list[tuple[str, ...]] = [(entity,) for entity in entities]
        keys += [pair for pair in self.dictionary.pairs if set(pair) <= set(entities) and not table.profile]
        for place, key in enumerate(keys):
            for chosen in self._filterings(table, wide=place == 0, single=len(key) == 1):
                for aggregate, value in self._aggregates(table, key, chosen):
                    for window in self._windows(table, aggregate):
                        yield Measure(key, aggregate, value, table.name, chosen, window)

    def _filterings(self, table: Table, *, wide: bool, single: bool) -> Iterator[tuple[str, ...]]:
        """No filter, one, and for the first entity (whom the dictionary is about) two of different families."""
        yield ()
        if single:
            yield from ((one.name,) for one in table.filters)
        if wide and not table.profile:
            for one, other in combinations(table.filters, 2):
                if one.family != other.family:
                    yield one.name, other.name

    def _aggregates(self, table: Table, key: tuple[str, ...], chosen: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        numbers = [one.name for one in table.numbers if one.measured and not one.protected]
        if table.profile:
            yield from (("last", name) for name in numbers if not chosen)
            yield from (("count", ""),) if chosen else ()
            return
        yield "count", ""
        if len(chosen) > 1:
            yield from ((aggregate, "amount") for aggregate in ("sum", "mean", "max") if "amount" in numbers)
            return
        measured = [one.name for one in table.numbers if one.measured and not one.protected and not one.date]
        yield from ((aggregate, name) for name in measured for aggregate in OF_NUMBERS)
        others = [entity for entity in self.dictionary.entities if entity in table.entities and entity not in key]
        yield from ((aggregate, entity) for entity in others for aggregate in OF_ENTITIES)
        yield "since", ""
        yield "first_seen", ""
        yield from (("last", name) for name in numbers)

    def _windows(self, table: Table, aggregate: str) -> tuple[str, ...]:
        return (EVER,) if table.profile or aggregate in ("last", "since", "first_seen") else self.dictionary.windows

    def _quotients(self, measure: Measure) -> Iterator[Quotient]:
        table = self.dictionary.table(measure.table)
        if table is None or table.profile or len(measure.key) > 1:
            return
        if measure.filters and measure.aggregate in ADDITIVE and measure.value in ("", "amount"):
            yield Quotient(measure, replace(measure, filters=()), "share")
        if len(measure.filters) > 1 or measure.aggregate not in TRENDING:
            return
        for short, long in self.dictionary.trends:
            if measure.window == short:
                yield Quotient(measure, replace(measure, window=long), "trend")
        for one, other in self.dictionary.peers:
            if measure.key == (one,) and other in table.entities and measure.value in ("", "amount"):
                yield Quotient(measure, replace(measure, key=(other,)), "peer")

    def _across(self) -> Iterator[Quotient]:
        for across in self.dictionary.across:
            over, under = self.dictionary.table(across.over), self.dictionary.table(across.under)
            assert over is not None, "checked with the dictionary"
            assert under is not None, "checked with the dictionary"
            both = [
                entity for entity in self.dictionary.entities if entity in over.entities and entity in under.entities
            ]
            values = ["", *(["amount"] if over.number("amount") and under.number("amount") else [])]
            for entity in both:
                for value in values:
                    for window in self.dictionary.windows:
                        aggregate = "sum" if value else "count"
                        measure = Measure((entity,), aggregate, value, over.name, (), window)
                        yield Quotient(measure, replace(measure, table=under.name), "across")

    def _parse(self, name: str) -> Variable | None:
        key, told, table, *rest = name.split(PARTS)
        share = rest[-1] == SHARE
        window = rest[-2] if share else rest[-1]
        filters = tuple(rest[: -2 if share else -1])
        said, _, value = told.partition("_")
        windows, keys, tables = window.split(AGAINST), key.split(AGAINST), table.split(PER)
        over = Measure(tuple(keys[0].split(PAIR)), AGGREGATE_NAMES[said], value, tables[0], filters, windows[0])
        if share:
            return Quotient(over, replace(over, filters=()), "share")
        if len(windows) == 2:
            return Quotient(over, replace(over, window=windows[1]), "trend")
        if len(tables) == 2:
            return Quotient(over, replace(over, table=tables[1]), "across")
        if len(keys) == 2:
            return Quotient(over, replace(over, key=(keys[1],)), "peer")
        return over

    def _problem(self, found: Variable) -> bool:
        """Whether the grammar does not make it."""
        over = found.over if isinstance(found, Quotient) else found
        table = self.dictionary.table(over.table)
        if table is None:
            return True
        if isinstance(found, Quotient) and found.shape == "across":
            return not any(one == found for one in self._across())
        entities = tuple(entity for entity in self.dictionary.entities if entity in table.entities)
        known = over.key in [(entity,) for entity in entities] or (
            over.key in self.dictionary.pairs and set(over.key) <= set(entities)
        )
        wide = bool(entities) and over.key == entities[:1]
        return (
            not known
            or not self._filters_fit(table, over, wide=wide)
            or (over.aggregate, over.value) not in list(self._aggregates(table, over.key, over.filters))
            or over.window not in self._windows(table, over.aggregate)
            or (isinstance(found, Quotient) and found not in list(self._quotients(over)))
        )

    def _filters_fit(self, table: Table, measure: Measure, *, wide: bool) -> bool:
        chosen = [table.filter(name) for name in measure.filters]
        if any(one is None for one in chosen) or (measure.filters and len(measure.key) > 1):
            return False
        if len(chosen) < 2:
            return True
        order = [one.name for one in table.filters]
        families = {one.family for one in chosen if one is not None}
        in_order = list(measure.filters) == sorted(measure.filters, key=order.index)
        return len(chosen) == 2 and wide and not table.profile and len(families) == 2 and in_order

    def filters_of(self, measure: Measure) -> tuple[Filter, ...]:
        """The filters of a measure that the grammar made."""
        table = self.dictionary.table(measure.table)
        assert table is not None, "a measure of the grammar"
        found = tuple(table.filter(name) for name in measure.filters)
        return tuple(one for one in found if one is not None)

    def lineage(self, name: str) -> Lineage:
        """Where a variable comes from and what it means, in English and Chinese."""
        variable = self.find(name)
        measures = measures_of(variable)
        tables = tuple(dict.fromkeys(measure.table for measure in measures))
        columns = tuple(dict.fromkeys(column for measure in measures for column in self._columns(measure)))
        en, zh = (self._say(variable, chinese=chinese) for chinese in (False, True))
        operands = tuple(measure.name for measure in measures) if isinstance(variable, Quotient) else ()
        return Lineage(name, tables, columns, operands, en, zh)

    def _columns(self, measure: Measure) -> Iterator[str]:
        table = self.dictionary.table(measure.table)
        assert table is not None, "a measure of the grammar"
        slots = {one.slot: one.column for one in table.described}
        yield from (f"{table.name}.{table.entities[entity]}" for entity in measure.key)
        if measure.value:
            number = table.number(measure.value)
            yield f"{table.name}.{number.column if number else table.entities[measure.value]}"
        for one in self.filters_of(measure):
            yield from (f"{table.name}.{slots.get(column, table.time)}" for column, _, _ in one.where)
        if table.time:
            yield f"{table.name}.{table.time}"

    def _say(self, variable: Variable, *, chinese: bool) -> str:
        if isinstance(variable, Quotient):
            between = {
                "share": ("as a share of all", "占比"),
                "trend": ("against", "对比"),
                "across": ("over", "除以"),
                "peer": ("against", "对比"),
            }
            over, under = self._say(variable.over, chinese=chinese), self._say(variable.under, chinese=chinese)
            return f"{over} {between[variable.shape][chinese]} {under}"
        table = self.dictionary.table(variable.table)
        assert table is not None, "a measure of the grammar"
        number = table.number(variable.value)
        value = number.words if number else self.dictionary.entities.get(variable.value)
        told = [SAID[variable.aggregate][chinese], *([value.zh if chinese else value.en] if value else [])]
        told += [table.words.zh if chinese else table.words.en]
        told += [one.words.zh if chinese else one.words.en for one in self.filters_of(variable)]
        owner = " × ".join(
            self.dictionary.entities[entity].zh if chinese else self.dictionary.entities[entity].en
            for entity in variable.key
        )
        when = ("", "") if variable.window == EVER else (f"within {variable.window}", f"近{variable.window}")
        return " ".join(part for part in (*told, ("of the " if not chinese else "") + owner, when[chinese]) if part)


def measures_of(variable: Variable) -> tuple[Measure, ...]:
    """What a variable is made of: itself, or what it divides."""
    return (variable.over, variable.under) if isinstance(variable, Quotient) else (variable,)


def definition_of(factory: Factory, measure: Measure) -> Window:
    """A measure in the language of the online store, under its name."""
    table = factory.dictionary.table(measure.table)
    assert table is not None, "a measure of the grammar"
    number = table.number(measure.value)
    value = number.slot if number else (measure.value or "amount_minor")
    where = (("kind", "==", table.kind), *(one for chosen in factory.filters_of(measure) for one in chosen.where))
    return Window(measure.name, measure.key, measure.aggregate, value=value, window=measure.window, where=where)


def definitions_of(factory: Factory, names: tuple[str, ...]) -> tuple[Definition, ...]:
    """The same for any variables, in their order; what a quotient divides stands before it."""
    found: dict[str, Definition] = {}
    for name in names:
        variable = factory.find(name)
        if isinstance(variable, Quotient):
            for measure in measures_of(variable):
                found.setdefault(measure.name, definition_of(factory, measure))
            found.setdefault(name, Ratio(name, variable.over.name, variable.under.name))
        else:
            found.setdefault(name, definition_of(factory, variable))
    return tuple(found.values())


def name_fits(name: str) -> bool:
    """Whether the online language takes a name."""
    return bool(NAME.fullmatch(name))


__all__ = [
    "AGGREGATE_NAMES", "Factory", "Lineage", "Measure", "Quotient", "Variable", "definition_of", "definitions_of", "measures_of",
    "name_fits",
]  # fmt: skip
