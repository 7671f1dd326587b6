"""Expressions and outcomes as people read them, with values put in where they are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from honghua.decision.core.language.expressions import COMPARISONS, Const, Expression, Named, Ref, Said
from honghua.decision.core.outcomes import Outcome
from honghua.decision.core.vocabulary import ARM_PREFIX, LIST_PREFIX, Kind

_BINDING: Final = {
    "or": 1,
    "and": 2,
    "not": 3,
    **dict.fromkeys(COMPARISONS, 4),
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "neg": 7,
}
Value = float | None
Told = Callable[[Ref | Named], Value]


def say_expression(expression: Expression, *, told: Told | None = None) -> str:
    """The expression as text; `told` gives the values of inputs and names, shown in brackets."""
    return _say(expression, told, 0)


def say_value(value: Value, expression: Expression) -> str:
    """A value as people read it."""
    if value is None:
        return "missing"
    if expression.kind == Kind.FLAG:
        return "yes" if value else "no"
    levels = levels_of(expression)
    if levels:
        return f'"{levels[int(value)]}"' if value in levels else f"{value:g}?"
    if expression.kind == Kind.MONEY:
        return f"{value:,.10g}" if abs(value) >= 1e15 or value != int(value) else f"{int(value):,}"
    return f"{value:,.10g}"


def say_outcome(said: Said) -> str:
    """An outcome with its code and detail."""
    parts = [
        said.outcome.name.lower(),
        *([said.code] if said.code else []),
        *([f"({said.detail})"] if said.detail else []),
    ]
    if said.figure is not None:
        parts.append(f"{said.minutes} min" if said.outcome == Outcome.DELAY else say_expression(said.figure))
    return " ".join(parts)


def levels_of(expression: Expression) -> dict[int, str]:
    """Words of a category by number."""
    while isinstance(expression, Named):
        expression = expression.expression
    return {number: word for word, number in expression.input.levels} if isinstance(expression, Ref) else {}


def _say(expression: Expression, told: Told | None, outer: int) -> str:
    if isinstance(expression, Const):
        if expression.kind == Kind.CATEGORY:
            return f'"{expression.word}"'
        return expression.word or f"{expression.value:g}"
    if isinstance(expression, Ref | Named):
        name = expression.name if isinstance(expression, Named) else _input_name(expression.input.name)
        return name if told is None else f"{name}[{say_value(told(expression), expression)}]"
    operation, arguments = expression.operation, expression.arguments
    binding = _BINDING.get(operation)
    if operation == "if":
        condition, then, other = (_say(a, told, 8) for a in arguments)
        text, binding = f"{then} if {condition} else {other}", 0
    elif binding is None:
        return f"{operation}({', '.join(_say(a, told, 0) for a in arguments)})"
    elif len(arguments) == 1:
        text = f"{'not ' if operation == 'not' else '-'}{_say(arguments[0], told, binding)}"
    else:
        right = binding + (operation not in ("and", "or"))
        text = f"{_say(arguments[0], told, binding)} {operation} {_say(arguments[1], told, right)}"
    return f"({text})" if binding < outer else text


def _input_name(name: str) -> str:
    if name.startswith(LIST_PREFIX):
        return f'on_list("{name.removeprefix(LIST_PREFIX)}")'
    return f'arm("{name.removeprefix(ARM_PREFIX)}")' if name.startswith(ARM_PREFIX) else name
