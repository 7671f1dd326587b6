"""From a question to variables: which table, number, aggregate, filters, span, key and shape it speaks of, and what exists of these."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Final

from honghua.base.errors import BadInput
from honghua.lab.factory.api import Factory, Measure, Quotient, Variable
from honghua.lab.factory.dictionary import Filter, Table
from honghua.lab.knowledge.words import Said, aliases_of, best, meant, take_apart, without

DATA: Final = Path(__file__).parent / "data"
TAKEN: Final = 3  # best options of each slot that are combined
WINDOW_DEFAULT: Final = "90d"
PASSING: Final = 0.6
SEVERAL: Final = 1.5  # an alias of more than one word
OWNER: Final = r"(?:at|of|on|about|by|from) (?:this|the|that|the same|one|a) "
_DAYS: Final = re.compile(r"(\d+)\s*(days?|d\b|天|日)")
WITHOUT_VALUE: Final = ("count", "since", "first_seen")


@dataclass(frozen=True, slots=True)
class Option:
    """One reading of a slot and how strongly the question says it."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """A variable that the question may mean."""

    variable: Variable
    score: float
    why: tuple[str, ...]


class Asker:
    """Reads questions against one dictionary."""

    def __init__(self, factory: Factory) -> None:
        self.factory, self.dictionary = factory, factory.dictionary

    @cached_property
    def sayings(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """The synonyms of aggregates, windows, shapes and kinds."""
        return tomllib.loads((DATA / "synonyms.toml").read_text(encoding="utf-8"))

    def ask(self, question: str, *, top: int) -> tuple[Found, ...]:
        """The variables that the question may mean, the likeliest first."""
        low = question.lower()
        windows = self._windows(low)
        said = take_apart(self._without_spans(low))
        shapes = self._said(low, "shapes")
        found: dict[str, Found] = {}
        for table in self._tables(said):
            for one in self._read(said, low, table, windows, shapes):
                if one.variable.name not in found or found[one.variable.name].score < one.score:
                    found[one.variable.name] = one
        return tuple(
            sorted(found.values(), key=lambda one: (-one.score, len(one.variable.name), one.variable.name))[:top]
        )

    def _tables(self, said: Said) -> list[tuple[Table, float]]:
        scored = [
            (table, best(said, aliases_of(table.words.en, table.words.zh, table.words.meaning)))
            for table in self.dictionary.tables
        ]
        own = [
            (
                table,
                score
                + max(
                    (
                        best(said, aliases_of(n.words.en, n.words.zh, n.words.meaning))
                        for n in table.numbers
                        if n.measured
                    ),
                    default=0.0,
                )
                / 2,
            )
            for table, score in scored
        ]
        main = self.dictionary.tables[
            0
        ]  # what everything is about is said in passing, too: another table that is named is meant
        if any(score >= 1 for table, score in scored if table is not main):
            own = [(table, score - PASSING if table is main else score) for table, score in own]
        return sorted(own, key=lambda one: -one[1])[:TAKEN]

    def _read(
        self, said: Said, low: str, of: tuple[Table, float], windows: list[Option], shapes: list[Option]
    ) -> Iterator[Found]:
        table, strength = of
        aggregates = self._said(low, "aggregates")
        keys = self._keys(said, low, table)
        values = [
            (value, chosen)
            for value in self._values(said, table)
            for chosen in self._filters(self._left(said, table, value), table)
        ]
        for aggregate, (value, chosen), key in product(self._aggregates(aggregates, table), values, keys):
            said_of = 0.0 if aggregate.name in WITHOUT_VALUE else value.score
            score = strength * 2 + aggregate.score + said_of + key.score + sum(one.score for one in chosen)
            why = (table.name, aggregate.name, value.name, *(one.name for one in chosen))
            names = tuple(
                one.name for one in sorted(chosen, key=lambda one: [f.name for f in table.filters].index(one.name))
            )
            for variable, more in self._variables(
                Measure((key.name,), aggregate.name, value.name, table.name, names, ""), windows, shapes
            ):
                yield Found(variable, score + more, tuple(part for part in why if part))

    def _variables(
        self, draft: Measure, windows: list[Option], shapes: list[Option]
    ) -> Iterator[tuple[Variable, float]]:
        value = "" if draft.aggregate in WITHOUT_VALUE else draft.value
        fits = (draft.aggregate in WITHOUT_VALUE) or (draft.aggregate in ("distinct", "entropy")) == (
            draft.value in self.dictionary.entities
        )
        if not fits:
            return
        spans = windows or [Option(WINDOW_DEFAULT, 0.0), Option("ever", 0.0)]
        for span in [*spans, Option("ever", -0.5)]:
            measure = Measure(draft.key, draft.aggregate, value, draft.table, draft.filters, span.name)
            yield from self._known(measure, span.score)
            for shape in shapes:
                for quotient in self._shaped(measure, shape.name, windows):
                    yield from self._known(quotient, span.score + 2 * shape.score)

    def _shaped(self, measure: Measure, shape: str, windows: list[Option]) -> Iterator[Quotient]:
        if shape == "share":
            yield Quotient(measure, _with(measure, filters=()), "share")
        elif shape == "trend":
            for other in windows:
                if other.name != measure.window:
                    yield Quotient(measure, _with(measure, window=other.name), "trend")
        else:
            for across in self.dictionary.across:
                if across.over == measure.table:
                    yield Quotient(measure, _with(measure, table=across.under), "across")

    def _known(self, variable: Variable, score: float) -> Iterator[tuple[Variable, float]]:
        try:
            yield self.factory.find(variable.name), score
        except BadInput:
            return

    def _said(self, low: str, group: str) -> list[Option]:
        """Which of a group's names the question says; a saying inside a longer one that is said does not count."""
        hits = [
            (alias, name)
            for name, aliases in self.sayings[group].items()
            for alias in aliases
            if _stands_in(alias, low)
        ]
        inner = {alias for alias, _ in hits for longer, _ in hits if alias != longer and alias in longer}
        scores: dict[str, float] = {}
        for alias, name in hits:
            if alias not in inner:
                scores[name] = max(scores.get(name, 0.0), 1.0 + 0.1 * len(alias.split()))
        return [Option(name, score) for name, score in scores.items()]

    def _windows(self, low: str) -> list[Option]:
        told = [f"{days}d" for days, _ in _DAYS.findall(low)]
        named = [one.name for one in self._said(low, "windows")]
        return [Option(name, 1.0) for name in dict.fromkeys([*told, *named]) if name in self.dictionary.windows]

    def _aggregates(self, said: list[Option], table: Table) -> list[Option]:
        if table.profile:
            return [Option("last", 0.5)]
        return said or [Option("count", 0.3), Option("sum", 0.2)]

    def _values(self, said: Said, table: Table) -> list[Option]:
        numbers = [
            Option(one.name, best(said, aliases_of(one.words.en, one.words.zh, one.words.meaning)))
            for one in table.numbers
            if one.measured and not one.protected
        ]
        entities = [Option(name, self._entity(said, name)) for name in table.entities]
        scored = sorted([one for one in (*numbers, *entities) if one.score > 0], key=lambda one: -one.score)[:TAKEN]
        plain = Option("amount", 0.1)
        return scored if any(one.name == "amount" for one in scored) else [*scored, plain]

    def _entity(self, said: Said, name: str) -> float:
        words = self.dictionary.entities[name]
        return best(said, aliases_of(words.en, words.zh, words.meaning))

    def _left(self, said: Said, table: Table, value: Option) -> Said:
        """What a question still says when the number that it names by several words is taken out."""
        number = table.number(value.name)
        if number is None or value.score < SEVERAL:
            return said
        aliases = aliases_of(number.words.en, number.words.zh, number.words.meaning)
        return without(said, max(aliases, key=lambda alias: meant(said, alias)))

    def _keys(self, said: Said, low: str, table: Table) -> list[Option]:
        """Whose events: the first entity of the dictionary, unless another is named as the owner ("at this shop")."""
        first = next(entity for entity in self.dictionary.entities if entity in table.entities)
        others = [
            Option(name, self._entity(said, name) + self._owner(low, name)) for name in table.entities if name != first
        ]
        return [Option(first, 0.5), *(one for one in others if one.score > 0)]

    def _owner(self, low: str, name: str) -> float:
        words = self.dictionary.entities[name]
        aliases = aliases_of(words.en, words.zh, words.meaning)
        owned = any(alias.isascii() and re.search(OWNER + re.escape(alias), low) for alias in aliases)
        begins = any(not alias.isascii() and low.startswith(alias) for alias in aliases)
        return 1.5 if owned or begins else 0.0

    def _without_spans(self, low: str) -> str:
        """The question without the words of its spans of time, so that a month is no number of instalments."""
        for alias in sorted(
            (alias for some in self.sayings["windows"].values() for alias in some), key=len, reverse=True
        ):
            if _stands_in(alias, low):
                low = low.replace(alias, " ")
        return _DAYS.sub(" ", low)

    def _filters(self, said: Said, table: Table) -> list[tuple[Option, ...]]:
        """No filter, or one or two of different families that the question says."""
        scored = [Option(one.name, self._filter(said, one)) for one in table.filters]
        strong = sorted([one for one in scored if one.score >= 1.0], key=lambda one: -one.score)[: TAKEN + 1]
        family = {one.name: one.family for one in table.filters}
        pairs = [
            (one, other)
            for place, one in enumerate(strong)
            for other in strong[place + 1 :]
            if family[one.name] != family[other.name]
        ]
        return [(), *((one,) for one in strong), *pairs]

    def _filter(self, said: Said, one: Filter) -> float:
        return best(said, aliases_of(one.words.en, one.words.zh, one.words.meaning))


def _with(measure: Measure, *, filters: tuple[str, ...] | None = None, window: str = "", table: str = "") -> Measure:
    return Measure(
        measure.key, measure.aggregate, measure.value, table or measure.table, measure.filters if filters is None else filters,
        window or measure.window,
    )  # fmt: skip


def _stands_in(alias: str, low: str) -> bool:
    if alias.isascii():
        return re.search(rf"(?<![a-z]){re.escape(alias)}(?![a-z])", low) is not None
    return alias in low


__all__ = ["Asker", "Found"]
