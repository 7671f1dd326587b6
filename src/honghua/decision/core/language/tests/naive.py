"""The meaning of a policy's text by another mind: Python's syntax tree walked for one vector, nothing shared with the language's code.

Written from what is documented, not from the compiler. None is missing; a vector is a dict of floats by input name.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

LANES = ("hard_deny", "allow_list", "exclusions", "score", "matrix", "amount")
STRICTNESS = {"approve": 0, "temporary_limit": 1, "approve_less": 1, "step_up": 2, "delay": 3, "review": 4, "refuse": 5}
MOST = 2**53


class Naive:
    """One policy text on vectors. levels: input → {word: number}; flags: names of the inputs that are true or false;
    sure: inputs that are never missing."""

    def __init__(self, source, *, levels, flags, sure):
        self.body: list[Any] = ast.parse(source).body
        self.levels, self.flags, self.sure = levels, flags, sure

    def judge(self, vector, off=()):
        """(outcome, code, detail, minutes, amount, extra, names that fired, names unknown)."""
        self.vector = {k: None if math.isnan(v) else float(v) for k, v in vector.items()}
        self.defined, self.stand, self.less, self.fired, self.unknown = {}, None, None, [], []
        self.reads, self.off, self.closed, self.refused, self.allowed = set(), off, set(), False, False
        rules = []
        for node in self.body:
            if kind(node) == "Assign":
                self.defined[node.targets[0].id] = node.value
            elif kind(node) == "With":
                lane = ast.unparse(node.items[0].context_expr)
                rules += [(lane, s.targets[0].id, s.value) for s in node.body]
        broken = any(self.vector[name] is None for name in self.read_by(rules) & self.sure)
        if broken:
            self.say("inputs_present", "hard_deny", ("refuse", "INPUT_MISSING", "", 0, None), unsure=False)
        for lane, name, call in rules:
            (self.table if call.func.id == "table" else self.rule)(lane, name, call)
        return self.finish()

    def read_by(self, rules):
        """Every input that a rule reads, through names, and the amount."""
        found, seen = {"amount_minor"}, set()
        waiting = [call for _, _, call in rules]
        node: Any
        while waiting:
            for node in ast.walk(waiting.pop()):
                if kind(node) == "Call" and ast.unparse(node.func) in ("on_list", "arm", "value"):
                    found.add({"on_list": "on_list.", "arm": "arm.", "value": ""}[node.func.id] + node.args[0].value)
                elif kind(node) == "Name" and node.id in self.defined and node.id not in seen:
                    seen.add(node.id)
                    waiting.append(self.defined[node.id])
                elif kind(node) == "Name" and node.id in self.vector:
                    found.add(node.id)
        return found

    def outcome(self, call):
        """(word, code, detail, minutes, amount) as an outcome is written."""
        given = {k.arg: k.value for k in call.keywords}
        detail = next((given[w].value for w in ("kind", "queue", "warning") if w in given), "")
        minutes = int(self.value(given["minutes"])) if "minutes" in given else 0
        amount = (self.value(given["amount"]),) if "amount" in given else None
        return call.func.id, call.args[0].value if call.args else "", detail, minutes, amount

    def rule(self, lane, name, call):
        given = {k.arg: k.value for k in call.keywords}
        held, then = self.value(given["when"]), self.outcome(call)
        if held and then[4] is not None and then[4][0] is None:
            held = None
        if held is None:
            missing = given.get("missing")
            if isinstance(missing, ast.Call):
                then = self.outcome(missing)
            elif missing is None:
                then = None if then[0] == "approve" else then
            elif missing.id == "skip":
                then = None
            self.unknown.append(name)
        if held is not False and then is not None:
            shadow = "shadow" in given and given["shadow"].value
            self.say(name, lane, then, unsure=held is None, shadow=shadow)

    def table(self, lane, name, call):
        given = {k.arg: k.value for k in call.keywords}
        values = [self.value(d) for d in call.args]
        shadow = "shadow" in given and given["shadow"].value
        if None in values:
            if isinstance(given.get("missing"), ast.Call):
                self.say(f"{name}[missing]", lane, self.outcome(given["missing"]), unsure=False, shadow=shadow)
            return
        for k, (key, said) in enumerate(zip(given["rows"].keys, given["rows"].values)):
            parts = key.slice.elts if isinstance(key.slice, ast.Tuple) else [key.slice]
            if all(self.inside(v, p, d) for v, p, d in zip(values, parts, call.args)):
                self.say(f"{name}[{k + 1}]", lane, self.outcome(said), unsure=False, shadow=shadow)
        if isinstance(given.get("otherwise"), ast.Call):
            self.say(f"{name}[otherwise]", lane, self.outcome(given["otherwise"]), unsure=False, shadow=shadow)

    def inside(self, value, part, dimension):
        if isinstance(part, ast.Slice):
            low = -math.inf if part.lower is None else self.value(part.lower)
            return low <= value and (part.upper is None or value < self.value(part.upper))
        if isinstance(part.value, str):
            return value == self.levels[self.category(dimension)][part.value]
        return bool(value) == part.value

    def say(self, name, lane, said, *, unsure, shadow=False):
        """A rule has something to say; whether it is heard depends on who spoke before."""
        self.fired.append(name)
        skipped = self.allowed and lane in ("exclusions", "score", "matrix")
        if shadow or name in self.off or self.refused or lane in self.closed or skipped:
            return
        self.closed.add(lane)
        self.allowed |= lane == "allow_list"
        if said[0] in ("approve_less", "temporary_limit"):
            self.less = said
            return
        if self.stand is None or STRICTNESS[said[0]] > STRICTNESS[self.stand[0]]:
            self.stand = said
        self.refused |= said[0] == "refuse"

    def finish(self):
        asked = whole(self.vector["amount_minor"])
        said = self.stand or ("approve", "", "", 0, None)
        granted, extra = asked, 0
        if said[0] == "refuse":
            granted = 0
        elif self.less is not None:
            figure = whole(self.less[4][0])
            if self.less[0] == "temporary_limit":
                extra = figure
                said = self.less if extra and STRICTNESS[said[0]] == 0 else said
            else:
                granted = min(asked, figure)
                if granted == 0:
                    said = ("refuse", *self.less[1:])
                elif granted < asked and STRICTNESS[said[0]] == 0:
                    said = self.less
        return *said[:4], granted, extra, sorted(self.fired), sorted(self.unknown)

    def category(self, node):
        while kind(node) == "Name" and node.id in self.defined:
            node = self.defined[node.id]
        return ("arm." + node.args[0].value) if kind(node) == "Call" else ast.unparse(node)

    def value(self, node):
        """None, a float, or a truth value."""
        found = getattr(self, "of_" + type(node).__name__.lower())(node)
        return None if isinstance(found, float) and math.isnan(found) else found

    def of_constant(self, node):
        return node.value if isinstance(node.value, bool | str) else float(node.value)

    def of_name(self, node):
        return self.value(self.defined[node.id]) if node.id in self.defined else self.of_input(node.id)

    def of_input(self, name):
        value = self.vector[name]
        return (None if value is None else value != 0) if name in self.flags else value

    def of_unaryop(self, node):
        value = self.value(node.operand)
        if value is None:
            return None
        return not value if isinstance(node.op, ast.Not) else -value

    def of_boolop(self, node):
        values, decisive = [self.value(v) for v in node.values], isinstance(node.op, ast.Or)
        return decisive if decisive in values else None if None in values else not decisive

    def of_ifexp(self, node):
        held = self.value(node.test)
        return None if held is None else self.value(node.body if held else node.orelse)

    def of_binop(self, node):
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Div):
            return None if right == 0 else left / right
        return (
            left + right
            if isinstance(node.op, ast.Add)
            else left - right
            if isinstance(node.op, ast.Sub)
            else left * right
        )

    def of_compare(self, node):
        found, sides = [], [node.left, *node.comparators]
        for op, left, right in zip(node.ops, sides, sides[1:]):
            if isinstance(op, ast.In | ast.NotIn):
                some = [self.compare(ast.Eq(), left, choice) for choice in right.elts]
                held = True if True in some else None if None in some else False
                found.append(held if isinstance(op, ast.In) or held is None else not held)
            else:
                found.append(self.compare(op, left, right))
        return False if False in found else None if None in found else True

    def compare(self, op, left, right):
        one, other = self.value(left), self.value(right)
        if isinstance(one, str):
            left, right, one, other = right, left, other, one
        if isinstance(other, str):
            other = float(self.levels[self.category(left)][other])
        if one is None or other is None:
            return None
        return {"Lt": one < other, "LtE": one <= other, "Gt": one > other, "GtE": one >= other, "Eq": one == other,
                "NotEq": one != other}[type(op).__name__]  # fmt: skip

    def of_call(self, node):
        word = node.func.id
        if word in ("on_list", "arm", "value"):
            return self.of_input({"on_list": "on_list.", "arm": "arm.", "value": ""}[word] + node.args[0].value)
        values = [self.value(a) for a in node.args]
        if word == "is_missing":
            return values[0] is None
        if word == "coalesce":
            return next((v for v in values if v is not None), None)
        if word in ("yuan", "percent"):  # as written: 0.07 yuan are 7 minor units
            exact = Fraction(repr(values[0])) * (100 if word == "yuan" else Fraction(1, 100))
            return float(exact)
        if word == "between":
            low, high = (None if None in (values[0], v) else v for v in values[1:])
            sides = [None if low is None else values[0] >= low, None if high is None else values[0] <= high]
            return False if False in sides else None if None in sides else True
        if None in values:
            return None
        return CALCULATED[word](values)


CALCULATED: dict[str, Callable[..., float]] = {
    "minor": lambda v: v[0], "min": min, "max": max, "abs": lambda v: abs(v[0]), "floor": lambda v: down(v[0]),
    "floor_to": lambda v: down(v[0] / v[1]) * v[1], "count_true": lambda v: float(sum(v)),
}  # fmt: skip


def kind(node):
    return type(node).__name__


def down(value):
    return value if math.isinf(value) else float(math.floor(value))


def whole(value):
    return 0 if value is None or value < 1 else math.floor(min(value, MOST))
