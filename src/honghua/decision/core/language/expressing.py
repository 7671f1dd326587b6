"""Expressions of the language: Python's syntax tree read into ours, with kinds checked. Nothing of the text is ever executed."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from honghua.decision.core.language.expressions import Apply, Const, Expression, Named, Ref, unfolded
from honghua.decision.core.problems import PolicyProblem
from honghua.decision.core.vocabulary import ARM_PREFIX, LIST_PREFIX, Kind, Vocabulary

EXACT_MAX: Final = 2**53  # beyond it a float64 no longer holds every integer
DEPTH_MAX: Final = 60
CALLS: Final = (
    "yuan", "minor", "percent", "min", "max", "abs", "floor", "floor_to", "between", "is_missing", "coalesce", "count_true", "on_list",
    "arm", "value",
)  # fmt: skip
_ARITHMETIC: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARING: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_MIXED: Final = "KIND_MIXED"


class Unreadable(Exception):
    """This expression cannot be read; the problem is already noted."""


class ExpressionReader:
    """Reads expressions one after the other; keeps names, what was used, and every problem."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.names: dict[str, Named] = {}
        self.used: set[str] = set()
        self.problems: list[PolicyProblem] = []
        self._depth = 0
        self._inputs = {i.name: Ref(place, i) for place, i in enumerate(vocabulary)}

    def fail(self, node: ast.AST, code: str, message: str) -> Unreadable:
        """Note a problem; raise what is returned."""
        self.problems.append(PolicyProblem(getattr(node, "lineno", 1), code, message))
        return Unreadable()

    def find_input(self, name: str) -> Ref | None:
        """An input of the vocabulary."""
        return self._inputs.get(name)

    def read(self, node: ast.expr) -> Expression:
        """One expression; Unreadable when it is not one."""
        self._depth += 1
        try:
            if self._depth > DEPTH_MAX:
                raise self.fail(node, "TOO_LARGE", f"nested more than {DEPTH_MAX} deep; give parts of it names")
            return self._read(node)
        finally:
            self._depth -= 1

    def _read(self, node: ast.expr) -> Expression:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name | ast.Attribute):
            return self._name(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.BoolOp):
            word = "and" if isinstance(node.op, ast.And) else "or"
            sides = self.read_all(node.values)
            for side, value in zip(sides, node.values):
                self.want(value, side, Kind.FLAG, f"`{word}` joins conditions")
            return join(word, sides)
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.IfExp):
            condition, then, other = self.read_all([node.test, node.body, node.orelse])
            self.want(node.test, condition, Kind.FLAG, "what stands after `if` is a condition")
            then, other, kind = self.same_kind(node, [then, other])
            return Apply("if", (condition, then, other), kind)
        if isinstance(node, ast.Call):
            return self._call(node)
        raise self.fail(node, "SYNTAX", f"`{ast.unparse(node)}` is not part of the language")

    def read_all(self, nodes: Iterable[ast.expr]) -> list[Expression]:
        """Several expressions; all are read even when one fails, so that every problem is told."""
        found: list[Expression] = []
        broken = False
        for node in nodes:
            try:
                found.append(self.read(node))
            except Unreadable:
                broken = True
        if broken:
            raise Unreadable
        return found

    def want(self, node: ast.AST, expression: Expression, kind: Kind, why: str) -> None:
        """Note when an expression is of another kind."""
        if expression.kind != kind:
            raise self.fail(node, _MIXED, f"{why}, this is {_told(expression.kind)}{_hint(expression.kind, kind)}")

    def same_kind(self, node: ast.AST, sides: list[Expression]) -> tuple[Expression, Expression, Kind]:
        """Two values of one kind, 0 being money too where money is wanted."""
        left, right = sides
        if left.kind == right.kind and left.kind != Kind.CATEGORY:
            return left, right, left.kind
        if left.kind == Kind.MONEY and _is_zero(right):
            return left, Const(0.0, Kind.MONEY, "0"), Kind.MONEY
        if right.kind == Kind.MONEY and _is_zero(left):
            return Const(0.0, Kind.MONEY, "0"), right, Kind.MONEY
        hint = "; an amount is written yuan(500) or minor(50000)" if Kind.MONEY in (left.kind, right.kind) else ""
        raise self.fail(node, _MIXED, f"{_told(left.kind)} and {_told(right.kind)} do not go together{hint}")

    def constant_of(self, node: ast.expr, kind: Kind, why: str) -> Const:
        """A constant of this kind; `0` is money too."""
        value = unfolded(self.read(node))
        if _is_zero(value) and kind == Kind.MONEY:
            return Const(0.0, Kind.MONEY, "0")
        self.want(node, value, kind, why)
        if not isinstance(value, Const):
            raise self.fail(node, "NOT_CONSTANT", f"{why}: write it as a constant")
        return value

    def text_of(self, node: ast.expr, why: str) -> str:
        """A text in quotes."""
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            raise self.fail(node, "SYNTAX", f"{why} is a text in quotes")
        return node.value

    def level_of(self, node: ast.expr, category: Expression) -> Const:
        """A level of a category, named by a text."""
        levels = dict(category.input.levels) if isinstance(category, Ref) else {}
        word = self.text_of(node, "a level of a category")
        if word not in levels:
            raise self.fail(node, "UNKNOWN_LEVEL", f'"{word}" is no level here{_meant(word, levels)}')
        return Const(float(levels[word]), Kind.CATEGORY, word)

    def _constant(self, node: ast.Constant) -> Const:
        value = node.value
        if isinstance(value, bool):
            return Const(float(value), Kind.FLAG, str(value))
        if isinstance(value, int | float):
            if not abs(value) <= EXACT_MAX:
                raise self.fail(node, "TOO_LARGE", "a number beyond 2**53, where numbers are no longer exact")
            return Const(float(value), Kind.NUMBER, repr(value))
        raise self.fail(node, "SYNTAX", f"{value!r} has no place here; texts are compared with categories only")

    def _name(self, node: ast.Name | ast.Attribute) -> Expression:
        word = ast.unparse(node)
        if word in self.names:
            self.used.add(word)
            return self.names[word]
        found = self.find_input(word)
        if found is None:
            raise self.fail(
                node, "UNKNOWN_NAME", f"unknown name `{word}`{_meant(word, [*self.names, *self._inputs])}; names stand above their use"
            )  # fmt: skip
        return found

    def _unary(self, node: ast.UnaryOp) -> Expression:
        value = self.read(node.operand)
        if isinstance(node.op, ast.Not):
            self.want(node, value, Kind.FLAG, "`not` turns a condition round")
            return Apply("not", (value,), Kind.FLAG)
        if isinstance(node.op, ast.USub) and value.kind in (Kind.NUMBER, Kind.MONEY):
            if isinstance(value, Const):
                return Const(-value.value, value.kind, f"-{value.word}")
            return Apply("neg", (value,), value.kind)
        raise self.fail(node, "SYNTAX", f"`{ast.unparse(node)}` is not part of the language")

    def _binary(self, node: ast.BinOp) -> Expression:
        operation = _ARITHMETIC.get(type(node.op))
        if operation is None:
            raise self.fail(node, "SYNTAX", f"`{ast.unparse(node)}`: only + - * / are part of the language")
        sides = self.read_all([node.left, node.right])
        left, right = sides
        if operation in "+-":
            left, right, kind = self.same_kind(node, sides)
            if kind == Kind.FLAG:
                raise self.fail(node, _MIXED, "conditions cannot be added; count_true(a, b, …) counts them")
            return Apply(operation, (left, right), kind)
        kinds = (left.kind, right.kind)
        if not set(kinds) <= {Kind.MONEY, Kind.NUMBER}:
            raise self.fail(node, _MIXED, f"{_told(left.kind)} {operation} {_told(right.kind)} means nothing")
        if operation == "*":
            if kinds == (Kind.MONEY, Kind.MONEY):
                raise self.fail(node, _MIXED, "money × money means nothing")
            return Apply("*", (left, right), Kind.MONEY if Kind.MONEY in kinds else Kind.NUMBER)
        if kinds == (Kind.NUMBER, Kind.MONEY):
            raise self.fail(node, _MIXED, "a number / money means nothing")
        if isinstance(unfolded(right), Const) and _is_zero(unfolded(right)):
            raise self.fail(node, "CONSTANT", "division by zero is always missing")
        return Apply("/", (left, right), Kind.MONEY if kinds == (Kind.MONEY, Kind.NUMBER) else Kind.NUMBER)

    def _compare(self, node: ast.Compare) -> Expression:
        operands = [node.left, *node.comparators]
        pairs = [
            self._compare_pair(node, operation, left, right)
            for operation, left, right in zip(node.ops, operands, operands[1:])
        ]
        return join("and", pairs)

    def _compare_pair(self, node: ast.Compare, operation: ast.cmpop, left: ast.expr, right: ast.expr) -> Expression:
        if isinstance(operation, ast.In | ast.NotIn):
            return self._within(node, left, right, negated=isinstance(operation, ast.NotIn))
        word = _COMPARING.get(type(operation))
        if word is None:
            raise self.fail(node, "SYNTAX", "compare with < <= > >= == != in")
        if _is_text(left):
            left, right = right, left  # "level" == category
        first = self.read(left)
        if first.kind == Kind.CATEGORY:
            if word not in ("==", "!="):
                raise self.fail(node, _MIXED, "categories have no order: use == != or in")
            second: Expression = self.level_of(right, unfolded(first)) if _is_text(right) else self.read(right)
            if second.kind != Kind.CATEGORY or not _same_levels(first, second):
                raise self.fail(node, _MIXED, "a category is compared with one of its levels, in quotes")
            return Apply(word, (first, second), Kind.FLAG)
        if _is_text(right):
            raise self.fail(right, _MIXED, f"a text is compared with a category, this is {_told(first.kind)}")
        one, other, kind = self.same_kind(node, [first, self.read(right)])
        if kind == Kind.FLAG:
            raise self.fail(node, _MIXED, "a condition is written `x` or `not x`, without ==")
        return Apply(word, (one, other), Kind.FLAG)

    def _within(self, node: ast.Compare, left: ast.expr, right: ast.expr, *, negated: bool) -> Expression:
        if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
            raise self.fail(node, "SYNTAX", "`in` looks in a bracket of constants: status in (1, 2)")
        value = self.read(left)
        choices: list[Expression] = []
        for choice in right.elts:
            if value.kind == Kind.CATEGORY:
                wanted = self.level_of(choice, unfolded(value))
            else:
                wanted = self.constant_of(choice, value.kind, "what stands in the bracket is like what is compared")
            choices.append(Apply("==", (value, wanted), Kind.FLAG))
        found = join("or", choices)
        return Apply("not", (found,), Kind.FLAG) if negated else found

    def _call(self, node: ast.Call) -> Expression:
        word = ast.unparse(node.func)
        if word not in CALLS:
            raise self.fail(node, "UNKNOWN_CALL", f"unknown call `{word}`{_meant(word, CALLS)}")
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.fail(node, "SYNTAX", f"{word}() takes plain arguments")
        if word in _PREFIXES:
            return self._prepared(node, word)
        values = self.read_all(node.args)
        few, many = _ARGUMENTS[word]
        if not few <= len(values) <= many:
            raise self.fail(node, "SYNTAX", f"{word}() takes {few if few == many else f'at least {few}'} argument(s)")
        if word in ("yuan", "minor", "percent"):
            return self._unit(node, word, values[0])
        if word == "is_missing":
            return Apply("is_missing", (values[0],), Kind.FLAG)
        if word == "count_true":
            for value in values:
                self.want(node, value, Kind.FLAG, "count_true() counts conditions")
            one, zero = Const(1.0, Kind.NUMBER, "1"), Const(0.0, Kind.NUMBER, "0")
            return join("+", [Apply("if", (value, one, zero), Kind.NUMBER) for value in values], kind=Kind.NUMBER)
        if any(v.kind not in (Kind.MONEY, Kind.NUMBER) for v in values) and word != "coalesce":
            raise self.fail(node, _MIXED, f"{word}() takes money or numbers")
        return self._numeric(node, word, values)

    def _numeric(self, node: ast.Call, word: str, values: list[Expression]) -> Expression:
        if word in ("abs", "floor"):
            return Apply(word, (values[0],), values[0].kind)
        if word == "floor_to":
            value, unit, kind = self.same_kind(node, values)
            step = unfolded(unit)
            if not isinstance(step, Const) or step.value <= 0:
                raise self.fail(node, "NOT_CONSTANT", "floor_to(x, unit): the unit is a constant above 0")
            return Apply("*", (Apply("floor", (Apply("/", (value, unit), Kind.NUMBER),), Kind.NUMBER), unit), kind)
        if word == "between":
            value, low, _ = self.same_kind(node, values[:2])
            value, high, _ = self.same_kind(node, [value, values[2]])
            return join("and", [Apply(">=", (value, low), Kind.FLAG), Apply("<=", (value, high), Kind.FLAG)])
        found = values[0]
        for value in values[1:]:
            left, right, kind = self.same_kind(node, [found, value])
            found = Apply(word, (left, right), kind)
        return found

    def _unit(self, node: ast.Call, word: str, value: Expression) -> Const:
        if not isinstance(value, Const) or value.kind != Kind.NUMBER:
            raise self.fail(node, "NOT_CONSTANT", f"{word}() takes a number written out")
        exact = Fraction(repr(value.value))  # as written: yuan(0.1) is 10 minor units
        if word == "percent":
            return Const(float(exact / 100), Kind.NUMBER, f"percent({value.word})")
        minor = exact * 100 if word == "yuan" else exact
        if minor.denominator != 1 or abs(minor) > EXACT_MAX:
            raise self.fail(node, "TOO_LARGE", f"{word}({value.word}) is no whole number of minor units below 2**53")
        return Const(float(minor), Kind.MONEY, f"{word}({value.word})")

    def _prepared(self, node: ast.Call, word: str) -> Ref:
        if len(node.args) != 1:
            raise self.fail(node, "SYNTAX", f'{word}("name") takes one name')
        name = self.text_of(node.args[0], f"the name in {word}()")
        prefix = _PREFIXES[word]
        found = self.find_input(prefix + name)
        if found is None:
            known = [i.removeprefix(prefix) for i in self._inputs if i.startswith(prefix)]
            raise self.fail(node, "UNKNOWN_NAME", f'{word}("{name}"): there is none of this name{_meant(name, known)}')
        return found


# Inputs by their name in quotes: lists, experiments, and names that Python could not read.
_PREFIXES: Final = {"on_list": LIST_PREFIX, "arm": ARM_PREFIX, "value": ""}
_ARGUMENTS: Final = {
    "yuan": (1, 1), "minor": (1, 1), "percent": (1, 1), "min": (2, 32), "max": (2, 32), "abs": (1, 1), "floor": (1, 1), "floor_to": (2, 2),
    "between": (3, 3), "is_missing": (1, 1), "coalesce": (2, 32), "count_true": (1, 64),
}  # fmt: skip


def join(operation: str, sides: list[Expression], *, kind: Kind = Kind.FLAG) -> Expression:
    """A chain as a balanced tree of pairs, so that a long one is not deep; one alone stays as it is."""
    if len(sides) == 1:
        return sides[0]
    middle = (len(sides) + 1) // 2
    return Apply(
        operation, (join(operation, sides[:middle], kind=kind), join(operation, sides[middle:], kind=kind)), kind
    )


def _is_zero(expression: Expression) -> bool:
    return isinstance(expression, Const) and expression.value == 0 and expression.kind == Kind.NUMBER


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _same_levels(first: Expression, second: Expression) -> bool:
    if isinstance(second, Const):
        return True
    one, other = unfolded(first), unfolded(second)
    return isinstance(one, Ref) and isinstance(other, Ref) and one.input.levels == other.input.levels


def _told(kind: Kind) -> str:
    return {Kind.FLAG: "a condition", Kind.CATEGORY: "a category"}.get(
        kind, f"{'' if kind == Kind.MONEY else 'a '}{kind}"
    )


def _hint(kind: Kind, wanted: Kind) -> str:
    if wanted == Kind.FLAG:
        return "; compare it with something"
    return "; an amount is written yuan(500) or minor(50000)" if wanted == Kind.MONEY and kind == Kind.NUMBER else ""


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean `{close[0]}`?)" if close else ""
