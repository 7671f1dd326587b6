"""The tree of a policy: what the text means once it is read. Four kinds of node; every one knows its kind of value and its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from honghua.decision.core.outcomes import Lane, Outcome
from honghua.decision.core.vocabulary import Input, Kind


@dataclass(frozen=True, slots=True)
class Const:
    """A number written in the text; `word` is how people say it (a level, yuan(5))."""

    value: float
    kind: Kind
    word: str = ""


@dataclass(frozen=True, slots=True)
class Ref:
    """An input of the vector."""

    place: int
    input: Input

    @property
    def kind(self) -> Kind:
        """Kind of its value."""
        return self.input.kind


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A name of the policy, standing for its expression: a chain of names is as deep as the text is long, so what is asked often
    is kept."""

    name: str
    expression: Expression
    inputs: tuple[Ref, ...]
    unsure: bool  # can be missing
    low: float  # no value is below
    high: float

    @property
    def kind(self) -> Kind:
        """Kind of its value."""
        return self.expression.kind


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """An operation on values: see OPERATIONS."""

    operation: str
    arguments: tuple[Expression, ...]
    kind: Kind
    levels: tuple[tuple[str, int], ...] = ()


Expression = Const | Ref | Named | Apply

# Missing (NaN) follows one rule: an operation on something missing is missing, except for `and` with a false side, `or` with a true
# side, is_missing and coalesce. x / 0 is missing. Flags are 1.0 and 0.0.
COMPARISONS: Final = ("<", "<=", ">", ">=", "==", "!=")
OPERATIONS: Final = (
    *COMPARISONS, "and", "or", "not", "if", "+", "-", "*", "/", "neg", "abs", "min", "max", "floor", "is_missing", "coalesce",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """An outcome as a rule says it. `figure`: the amount, the limit for this order, or the minutes of a delay."""

    outcome: Outcome
    code: str
    detail: str = ""
    figure: Expression | None = None

    @property
    def minutes(self) -> int:
        """Of a delay; 0 for others."""
        return int(self.figure.value) if self.outcome == Outcome.DELAY and isinstance(self.figure, Const) else 0


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule: when it holds it says `then`; when that cannot be told it says `missing` (None: it stays silent)."""

    number: int
    name: str
    lane: Lane
    when: Expression
    then: Said
    missing: Said | None
    shadow: bool
    line: int
    table: str = ""  # the table that it is a row of

    @property
    def code(self) -> str:
        """Its reason."""
        return self.then.code

    @property
    def outcome(self) -> Outcome:
        """What it says when it holds."""
        return self.then.outcome

    @property
    def unsure(self) -> bool:
        """Whether a missing input can leave open if it holds."""
        return can_be_missing(self.when) or (self.then.figure is not None and can_be_missing(self.then.figure))


@dataclass(frozen=True, slots=True)
class Span:
    """The values low ≤ x < high of one dimension of a table."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class TableRow:
    """One row: a span per dimension, and the line."""

    spans: tuple[Span, ...]
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A decision table before it is taken apart into rules; `complete`: no `otherwise`, so the rows must leave no gap."""

    name: str
    dimensions: tuple[Expression, ...]
    rows: tuple[TableRow, ...]
    complete: bool
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A text that was read: its names in order, rules in the order of lanes, tables."""

    title: str
    names: tuple[Named, ...]
    rules: tuple[Rule, ...]
    tables: tuple[Table, ...]


def give_name(name: str, expression: Expression) -> Named:
    """A name for an expression."""
    inputs = {r.place: r for r in inputs_of(expression)}
    return Named(
        name, expression, tuple(inputs[p] for p in sorted(inputs)), can_be_missing(expression), *range_of(expression)
    )


def inputs_of(expression: Expression) -> Iterator[Ref]:
    """Every input that an expression reads, names looked through; some more than once."""
    if isinstance(expression, Ref):
        yield expression
    elif isinstance(expression, Named):
        yield from expression.inputs
    elif isinstance(expression, Apply):
        for argument in expression.arguments:
            yield from inputs_of(argument)


def can_be_missing(expression: Expression) -> bool:
    """Whether the value can be missing: cautious, so "yes" may be wrong and "no" never is for vectors that keep the vocabulary."""
    if isinstance(expression, Const):
        return False
    if isinstance(expression, Ref):
        return expression.input.may_be_missing
    if isinstance(expression, Named):
        return expression.unsure
    if expression.operation == "is_missing":
        return False
    if expression.operation == "coalesce":
        return all(can_be_missing(a) for a in expression.arguments)
    if expression.operation == "/" and not _is_nonzero(expression.arguments[1]):
        return True
    return any(can_be_missing(a) for a in expression.arguments)


def _is_nonzero(expression: Expression) -> bool:
    expression = unfolded(expression)
    if isinstance(expression, Const):
        return expression.value != 0
    return isinstance(expression, Ref) and (expression.input.low > 0 or expression.input.high < 0)


def canonical(expression: Expression) -> list[Any]:
    """The expression as nested lists, names by name: the same for any lay-out of the text and any version of Python."""
    if isinstance(expression, Const):
        return ["const", expression.value.hex(), expression.kind.value]
    if isinstance(expression, Ref):
        return ["input", expression.input.name]
    if isinstance(expression, Named):
        return ["name", expression.name]
    return [expression.operation, *(canonical(a) for a in expression.arguments)]


def canonical_said(said: Said | None) -> list[Any] | None:
    """An outcome as a list."""
    if said is None:
        return None
    return [int(said.outcome), said.code, said.detail, None if said.figure is None else canonical(said.figure)]


def canonical_policy(policy: Policy) -> list[Any]:
    """The whole policy as lists: what the digest is made of. Dimensions of tables are names, rows are rules."""
    return [
        policy.title,
        [[n.name, canonical(n.expression)] for n in policy.names],
        [
            [r.name, int(r.lane), canonical(r.when), canonical_said(r.then), canonical_said(r.missing), r.shadow]
            for r in policy.rules
        ],
    ]


def unfolded(expression: Expression) -> Expression:
    """The expression behind a name."""
    while isinstance(expression, Named):
        expression = expression.expression
    return expression


def range_of(expression: Expression) -> tuple[float, float]:
    """Bounds that no value leaves: as narrow as is easily told, else −inf … inf."""
    if isinstance(expression, Const):
        return expression.value, expression.value
    if isinstance(expression, Named):
        return expression.low, expression.high
    if isinstance(expression, Ref):
        return _input_range(expression.input)
    if expression.kind == Kind.FLAG:
        return 0.0, 1.0
    bounds = [range_of(a) for a in expression.arguments]
    operation = expression.operation
    lows, highs = [b[0] for b in bounds], [b[1] for b in bounds]
    found = _UNBOUNDED
    if operation == "+":
        found = (sum(lows), sum(highs))
    elif operation == "-":
        found = (lows[0] - highs[1], highs[0] - lows[1])
    elif operation == "neg":
        found = (-highs[0], -lows[0])
    elif operation in ("min", "max"):
        choose = min if operation == "min" else max
        found = (choose(lows), choose(highs))
    elif operation in ("if", "coalesce"):
        chosen = slice(1, None) if operation == "if" else slice(None)
        found = (min(lows[chosen]), max(highs[chosen]))
    elif operation == "abs":
        found = (max(0.0, lows[0], -highs[0]), max(abs(lows[0]), abs(highs[0])))
    return found if found[0] <= found[1] else _UNBOUNDED  # NaN of inf − inf: not told


def _input_range(given: Input) -> tuple[float, float]:
    if given.kind == Kind.FLAG:
        return 0.0, 1.0
    if given.levels:
        numbers = [number for _, number in given.levels]
        return float(min(numbers)), float(max(numbers))
    return given.low, given.high


_UNBOUNDED: Final = (float("-inf"), float("inf"))
