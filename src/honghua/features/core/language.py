"""The language of windows: what a value is, in words, checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

import msgspec

from honghua.features.core.plan import Plan, compile_plan
from honghua.features.core.schema import ENTITIES, EventKind, Schema
from honghua.features.core.spans import EVER, Span, parse_span
from honghua.features.core.terms import LIFETIME, OPS, REVERSIBLE, Condition, Term

AGGREGATES: Final = (
    "count", "sum", "mean", "max", "min", "std", "distinct", "entropy", "last", "since", "first_seen",
)  # fmt: skip
ZERO_WHEN_EMPTY: Final = ("count", "sum", "distinct")
WITHOUT_VALUE: Final = ("count", "since", "first_seen")
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
DEFINITIONS_MAX: Final = 4096


class BadDefinition(ValueError):
    """A definition that means nothing; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Window:
    """One aggregate of the events of one key over a span of event time, read at each event.

    name       its column
    key        one entity or a pair of them; a row where one of them is absent has no value (NaN)
    aggregate  count, sum, mean, max, min, std (of the population), distinct (linear counting on 64 bits: ± 4 % at 30, saturates
               near 270), entropy (nats, of 16 hashed buckets), and over "ever" only: last, since, first_seen (seconds)
    value      "amount_minor" or a number; for distinct and entropy an entity, too. What is missing or absent does not take part
    window     "5m" … "90d", or "ever". A span of length W with hop h covers [floor((t - W) / h) h, t]: W to W + h
    where      conditions that all hold: (column, op, constant), op one of == != < <= > >= multiple_of; a missing number fails all
    include_current    whether the event itself takes part
    empty      "missing" or "zero": the value when nothing took part; None = zero for count, sum, distinct, else missing
    reverse_on_refund  a REFUND takes back one event of its own amount at its origin_at_us (count, sum, mean, std)
    """

    name: str
    key: tuple[str, ...]
    aggregate: str
    _: KW_ONLY
    value: str = "amount_minor"
    window: str = EVER
    where: tuple[Condition, ...] = ()
    include_current: bool = True
    empty: str | None = None
    reverse_on_refund: bool = False


@dataclass(frozen=True, slots=True)
class Ratio:
    """(over + weight × prior) / (under - less + weight): own history, a share, a smoothed rate.

    over, under, less: names of values defined before, or "amount_minor" or a number of the event itself. NaN when an operand is
    missing, when the divisor is 0, or when `support` (a value) is below `support_min`.
    """

    name: str
    over: str
    under: str
    _: KW_ONLY
    less: str | None = None
    prior: float = 0.0
    weight: float = 0.0
    support: str | None = None
    support_min: float = 0.0


Definition = Window | Ratio


class FeatureSet:
    """Checked definitions over a schema, in the order of their columns. Immutable; `digest` names what it means."""

    def __init__(self, schema: Schema, definitions: Sequence[Definition]) -> None:
        self.schema = schema
        self.definitions = tuple(definitions)
        problems = check_definitions(schema, self.definitions)
        if problems:
            raise BadDefinition("; ".join(problems))
        self.names = tuple(definition.name for definition in self.definitions)

    @cached_property
    def digest(self) -> bytes:
        """sha256 of the schema and all definitions: 32 bytes."""
        said = [
            [type(definition).__name__, {k: v for k, v in asdict(definition).items() if k != "_"}]
            for definition in self.definitions
        ]
        body = {"schema": self.schema.columns, "entities": len(self.schema.entities), "definitions": said}
        return sha256(msgspec.json.encode(body, order="deterministic")).digest()

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """The windows among the definitions, with everything resolved: columns, microseconds, hop, what an empty one reads."""
        return tuple(
            resolve(self.schema, place, definition)
            for place, definition in enumerate(self.definitions)
            if isinstance(definition, Window)
        )

    @cached_property
    def quotients(self) -> tuple[tuple[int, Ratio], ...]:
        """The ratios among the definitions, each with its column."""
        return tuple((k, one) for k, one in enumerate(self.definitions) if isinstance(one, Ratio))

    @cached_property
    def plan(self) -> Plan:
        """The arrays that the kernels walk."""
        return compile_plan(self.schema, self.names, self.terms, [(k, asdict(one)) for k, one in self.quotients])


def resolve(schema: Schema, place: int, window: Window) -> Term:
    """A checked window in numbers."""
    empty = window.empty or ("zero" if window.aggregate in ZERO_WHEN_EMPTY else "missing")
    value = "kind" if window.aggregate == "count" else window.value
    if window.aggregate in ("since", "first_seen"):
        value = "at_us"
    return Term(
        place=place,
        key=tuple(schema.place(entity) for entity in window.key),
        aggregate=window.aggregate,
        column=schema.place(value),
        of_entity=value in schema.entities,
        span=parse_span(window.window),
        where=tuple((schema.place(column), op, int(constant)) for column, op, constant in window.where),
        include_current=window.include_current,
        zero_when_empty=empty == "zero",
        reverse=window.reverse_on_refund,
    )


def check_definitions(schema: Schema, definitions: Sequence[Definition]) -> list[str]:
    """What is wrong with them, one sentence each; empty when all is well."""
    problems = []
    if not 0 < len(definitions) <= DEFINITIONS_MAX:
        problems.append(f"a set has 1 … {DEFINITIONS_MAX} definitions, not {len(definitions)}")
    seen: set[str] = set()
    for definition in definitions:
        said = _window_problems(schema, definition) if isinstance(definition, Window) else []
        if isinstance(definition, Ratio):
            said = _ratio_problems(schema, definition, seen)
        if not NAME.fullmatch(definition.name):
            said.append("a name is a-z, 0-9 and _, at most 80 letters, a letter first")
        elif definition.name in schema.columns:
            said.append("a column of the schema has this name")
        if definition.name in seen:
            said.append("named twice")
        seen.add(definition.name)
        problems.extend(f"{definition.name}: {one}" for one in said)
    return problems


def _window_problems(schema: Schema, window: Window) -> list[str]:
    said = []
    if not 1 <= len(window.key) <= 2 or len(set(window.key)) != len(window.key):
        said.append("a key is one entity or a pair of different ones")
    said += [f"no entity {entity!r} in the schema" for entity in window.key if entity not in schema.entities]
    if window.aggregate not in AGGREGATES:
        return [*said, f"no aggregate {window.aggregate!r}; there are {', '.join(AGGREGATES)}"]
    said += _value_problems(schema, window)
    span: Span | None = None
    try:
        span = parse_span(window.window)
    except ValueError as problem:
        said.append(str(problem))
    if span is not None and window.aggregate in LIFETIME and span.hop_us:
        said.append(f"{window.aggregate} is told over 'ever' only")
    if window.empty not in (None, "missing", "zero"):
        said.append("empty is 'missing' or 'zero'")
    for condition in window.where:
        said += _condition_problems(schema, condition)
    if window.reverse_on_refund:
        if window.aggregate not in REVERSIBLE:
            said.append(f"a refund cannot take back a {window.aggregate}; only {', '.join(REVERSIBLE)}")
        elif not any(c[0] == "kind" and c[1] == "==" and c[2] != EventKind.REFUND for c in window.where):
            said.append("reverse_on_refund needs a condition on what is refunded: ('kind', '==', 1)")
    return said


def _value_problems(schema: Schema, window: Window) -> list[str]:
    if window.aggregate in WITHOUT_VALUE:
        return [] if window.value == "amount_minor" else [f"{window.aggregate} takes no value"]
    if window.value in schema.entities:
        if window.aggregate in ("distinct", "entropy"):
            return []
        return [f"{window.aggregate} of an entity's key means nothing; distinct and entropy do"]
    if window.value == "amount_minor" or window.value in schema.numbers:
        return []
    return [f"no value {window.value!r}: amount_minor, {', '.join((*schema.entities, *schema.numbers))}"]


def _condition_problems(schema: Schema, condition: Any) -> list[str]:
    if not isinstance(condition, tuple) or len(condition) != 3:
        return [f"a condition is (column, op, constant), not {condition!r}"]
    column, op, constant = condition
    said = []
    if column not in schema.columns:
        said.append(f"no column {column!r} in a condition")
    if op not in OPS:
        said.append(f"no comparison {op!r}; there are {' '.join(OPS)}")
    if isinstance(constant, bool) or not isinstance(constant, int) or abs(constant) >= 2**62:
        said.append(f"a condition compares with a whole number, not {constant!r}")
    elif op == "multiple_of" and constant < 1:
        said.append("multiple_of wants a number above 0")
    return said


def _ratio_problems(schema: Schema, ratio: Ratio, before: set[str]) -> list[str]:
    known = {*before, "amount_minor", *schema.numbers}
    said = [
        f"no value {operand!r} before it"
        for operand in (ratio.over, ratio.under, ratio.less, ratio.support)
        if operand is not None and operand not in known
    ]
    if ratio.weight < 0:
        said.append("weight is 0 or more")
    if ratio.support is None and ratio.support_min:
        said.append("support_min without support")
    return said


__all__ = [
    "AGGREGATES",
    "ENTITIES",
    "BadDefinition",
    "Definition",
    "FeatureSet",
    "Ratio",
    "Window",
    "check_definitions",
]
