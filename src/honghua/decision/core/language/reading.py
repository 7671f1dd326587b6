"""The text of a policy: names, lanes, rules and decision tables, read by Python's own parser and never executed.

\"\"\"What this policy is for.\"\"\"
used_share = amount_minor / available_minor
with score:
    risky = step_up("RISK_STEP_UP", kind="face", when=fused >= 0.9, missing=skip)
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final

from honghua.decision.core.language.expressing import CALLS, EXACT_MAX, ExpressionReader, Unreadable, join
from honghua.decision.core.language.expressions import (
    Apply,
    Const,
    Expression,
    Named,
    Policy,
    Ref,
    Rule,
    Said,
    Span,
    Table,
    TableRow,
    can_be_missing,
    give_name,
    inputs_of,
    unfolded,
)
from honghua.decision.core.outcomes import Lane, Outcome
from honghua.decision.core.problems import PolicyProblem, PolicyProblems
from honghua.decision.core.vocabulary import AMOUNT, Kind, Vocabulary

SOURCE_BYTES_MAX: Final = 400_000
NODES_MAX: Final = 40_000
RULES_MAX: Final = 2_000
MINUTES_MAX: Final = 7 * 24 * 60
DIMENSIONS_MAX: Final = 6

LANES: Final = {lane.name.lower(): lane for lane in Lane}
# What a rule may say, besides its code: the word for its detail, whether it names a figure.
SAYINGS: Final = {
    "approve": (Outcome.APPROVE, "", ""), "refuse": (Outcome.REFUSE, "", ""), "step_up": (Outcome.STEP_UP, "kind", ""),
    "review": (Outcome.REVIEW, "queue", ""), "delay": (Outcome.DELAY, "warning", "minutes"),
    "approve_less": (Outcome.APPROVE_LESS, "", "amount"), "temporary_limit": (Outcome.TEMPORARY_LIMIT, "", "amount"),
}  # fmt: skip
_HINDRANCES: Final = {Outcome.REFUSE, Outcome.REVIEW, Outcome.STEP_UP, Outcome.DELAY}
ALLOWED: Final = {
    Lane.HARD_DENY: {Outcome.REFUSE}, Lane.ALLOW_LIST: {Outcome.APPROVE}, Lane.EXCLUSIONS: _HINDRANCES,
    Lane.SCORE: _HINDRANCES | {Outcome.APPROVE}, Lane.MATRIX: _HINDRANCES | {Outcome.APPROVE},
    Lane.AMOUNT: _HINDRANCES | {Outcome.APPROVE, Outcome.APPROVE_LESS, Outcome.TEMPORARY_LIMIT},
}  # fmt: skip
GUARD: Final = "inputs_present"  # the rule that every policy begins with
INPUT_MISSING: Final = "INPUT_MISSING"  # the reason where a value that is never missing is missing


@dataclass(frozen=True, slots=True)
class _Words:
    """The keyword arguments of a rule that are not part of what it says."""

    when: ast.expr | None
    missing: ast.expr | None
    shadow: bool
    amounts: dict[str, ast.expr]


def read_policy(name: str, source: str, vocabulary: Vocabulary) -> tuple[Policy, list[PolicyProblem]]:
    """The policy of a text as far as it can be read, and everything wrong with reading it; PolicyProblems when it is no Python."""
    assert vocabulary.find(AMOUNT), f"the vocabulary needs the input {AMOUNT}"
    try:
        if len(source.encode()) > SOURCE_BYTES_MAX:
            raise PolicyProblems(name, [PolicyProblem(1, "TOO_LARGE", f"more than {SOURCE_BYTES_MAX:,} bytes")])
        tree = ast.parse(source.removeprefix("\ufeff"))  # some editors begin a text with this mark
    except UnicodeEncodeError:
        raise PolicyProblems(name, [PolicyProblem(1, "SYNTAX", "not readable: this is no UTF-8 text")]) from None
    except SyntaxError as error:
        raise PolicyProblems(name, [PolicyProblem(error.lineno or 1, "SYNTAX", f"not readable: {error.msg}")]) from None
    except (RecursionError, MemoryError, ValueError):
        raise PolicyProblems(name, [PolicyProblem(1, "TOO_LARGE", "nested too deeply")]) from None
    if sum(1 for _ in ast.walk(tree)) > NODES_MAX:
        raise PolicyProblems(name, [PolicyProblem(1, "TOO_LARGE", "too long; split the policy or use tables")])
    for node in ast.walk(tree):  # Python itself cannot print the largest integers that it reads
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) > EXACT_MAX:
            beyond = "a number beyond 2**53, where numbers are no longer exact"
            raise PolicyProblems(name, [PolicyProblem(node.lineno, "TOO_LARGE", beyond)])
    reader = _PolicyReader(vocabulary)
    try:
        return reader.read(tree), reader.problems
    except RecursionError:
        raise PolicyProblems(name, [PolicyProblem(1, "TOO_LARGE", "nested too deeply")]) from None


class _PolicyReader:
    """Walks the statements of one text."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._expressions = ExpressionReader(vocabulary)
        self.problems = self._expressions.problems
        self._fail = self._expressions.fail
        self._vocabulary = vocabulary
        self._lines: dict[str, int] = {}  # every name given, with its line
        self._rules: list[Rule] = []
        self._tables: list[Table] = []
        self._lane: Lane | None = None

    def read(self, tree: ast.Module) -> Policy:
        title = ast.get_docstring(tree, clean=True)
        body = tree.body[1:] if title is not None else tree.body
        if not (title or "").strip():
            self.problems.append(PolicyProblem(1, "SYNTAX", 'begin with """what this policy is for"""'))
        for statement in body:
            try:
                self._statement(statement)
            except Unreadable:
                continue
        for name in self._expressions.names:
            if name not in self._expressions.used:
                line = self._lines[name]
                self.problems.append(PolicyProblem(line, "UNUSED_NAME", f"`{name}` is never used: use or drop it"))
        rules = [*self._guard(), *self._rules]
        if len(rules) > RULES_MAX:
            self.problems.append(PolicyProblem(1, "TOO_LARGE", f"more than {RULES_MAX:,} rules"))
        numbered = tuple(_renumbered(rule, k) for k, rule in enumerate(rules))
        return Policy(title or "", tuple(self._expressions.names.values()), numbered, tuple(self._tables))

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            self._claim(node, name)
            self._expressions.names[name] = give_name(name, self._expressions.read(node.value))
        elif isinstance(node, ast.With):
            self._read_lane(node)
        else:
            raise self._fail(node, "SYNTAX", "only `name = expression` and `with LANE:` stand here")

    def _claim(self, node: ast.AST, name: str) -> None:
        if name in self._lines:
            raise self._fail(
                node, "ASSIGNED_TWICE", f"`{name}` was given in line {self._lines[name]}; a name is given once"
            )
        taken = name in LANES or name in SAYINGS or name in CALLS or name in ("skip", "fires", "cell", "table", GUARD)
        if taken or self._expressions.find_input(name) is not None:
            raise self._fail(node, "ASSIGNED_TWICE", f"`{name}` already means something: choose another name")
        self._lines[name] = getattr(node, "lineno", 1)

    def _read_lane(self, node: ast.With) -> None:
        word = ast.unparse(node.items[0].context_expr)
        lane = LANES.get(word)
        if lane is None or len(node.items) > 1 or node.items[0].optional_vars is not None:
            raise self._fail(node, "LANE", f"`with {word}`: the lanes are {', '.join(LANES)}")
        if self._lane is not None and lane <= self._lane:
            raise self._fail(node, "LANE", f"each lane stands once, in the order {', '.join(LANES)}")
        self._lane = lane
        for statement in node.body:
            try:
                self._read_rule(statement, lane)
            except Unreadable:
                continue

    def _read_rule(self, node: ast.stmt, lane: Lane) -> None:
        if not (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name)
        ):  # fmt: skip
            raise self._fail(node, "SYNTAX", 'a rule is written: name = refuse("CODE", when=…, missing=…)')
        name, call, word = node.targets[0].id, node.value, node.value.func.id
        self._claim(node, name)
        if word == "table":
            self._read_table(name, call, lane)
        elif word in SAYINGS:
            words = self._words(call)
            if words.when is None:
                raise self._fail(call, "SYNTAX", f"{word}() needs when=condition")
            when = self._condition(words.when)
            said = self._say(call, lane, bare=False)
            missing = self._missing(call, words.missing, said, lane, whether=(when, said.figure))
            self._rules.append(Rule(0, name, lane, when, said, missing, words.shadow, call.lineno))
        else:
            raise self._fail(call, "UNKNOWN_CALL", f"`{word}` is no outcome: {', '.join(SAYINGS)}, table")

    def _condition(self, node: ast.expr) -> Expression:
        when = self._expressions.read(node)
        self._expressions.want(node, when, Kind.FLAG, "when= is a condition")
        return when

    def _given(self, call: ast.Call) -> dict[str, ast.expr]:
        """The keyword arguments, each once: Python's parser lets doubles pass, and the last would count in silence."""
        given: dict[str, ast.expr] = {}
        for keyword in call.keywords:
            if keyword.arg is None:
                raise self._fail(call, "SYNTAX", "write the arguments out, without **")
            if keyword.arg in given:
                raise self._fail(keyword, "SYNTAX", f"{keyword.arg}= stands twice")
            given[keyword.arg] = keyword.value
        return given

    def _words(self, call: ast.Call) -> _Words:
        given = self._given(call)
        shadow = given.get("shadow")
        if shadow is not None and not (isinstance(shadow, ast.Constant) and isinstance(shadow.value, bool)):
            raise self._fail(shadow, "SYNTAX", "shadow= is True or False")
        is_shadow = isinstance(shadow, ast.Constant) and shadow.value is True
        return _Words(given.get("when"), given.get("missing"), is_shadow, given)

    def _say(self, node: ast.expr, lane: Lane, *, bare: bool) -> Said:
        """An outcome; `bare`: inside a table or after missing=, where `approve()` needs no code and when= has no place."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in SAYINGS:
            raise self._fail(node, "UNKNOWN_CALL", f"an outcome is one of {', '.join(f'{s}(…)' for s in SAYINGS)}")
        word = node.func.id
        outcome, detail_word, figure_word = SAYINGS[word]
        known = {detail_word, figure_word} | (set() if bare else {"when", "missing", "shadow"})
        given = self._given(node)
        for keyword in given:
            if keyword not in known or not keyword:
                raise self._fail(node, "SYNTAX", f"{word}() does not know {keyword}=")
        if outcome not in ALLOWED[lane]:
            allowed = ", ".join(s for s, (o, _, _) in SAYINGS.items() if o in ALLOWED[lane])
            raise self._fail(node, "OUTCOME_NOT_IN_LANE", f"{word}() has no place in {lane.name.lower()}: {allowed}")
        code = ""
        if len(node.args) == 1:
            code = self._expressions.text_of(node.args[0], "the reason code")
        if len(node.args) > 1 or (not code and (node.args or not (bare and outcome == Outcome.APPROVE))):
            raise self._fail(node, "REASON_UNKNOWN", f'{word}("CODE", …) names its reason code')
        for wanted in (detail_word, figure_word):
            if wanted and wanted not in given:
                raise self._fail(node, "SYNTAX", f"{word}() needs {wanted}=")
        detail = self._expressions.text_of(given[detail_word], f"{detail_word}=") if detail_word else ""
        return Said(outcome, code, detail, self._figure(given[figure_word], outcome) if figure_word else None)

    def _figure(self, node: ast.expr, outcome: Outcome) -> Expression:
        if outcome != Outcome.DELAY:
            amount = self._expressions.read(node)
            self._expressions.want(node, amount, Kind.MONEY, "amount= is money")
            return amount
        minutes = self._expressions.constant_of(node, Kind.NUMBER, "minutes= is a number")
        if minutes.value != int(minutes.value) or not 1 <= minutes.value <= MINUTES_MAX:
            raise self._fail(node, "SYNTAX", f"minutes= is a whole number from 1 to {MINUTES_MAX:,}")
        return minutes

    def _missing(
        self, call: ast.AST, node: ast.expr | None, said: Said, lane: Lane, *, whether: tuple[Expression | None, ...]
    ) -> Said | None:
        """What is said when it cannot be told whether the rule holds."""
        if node is None:
            unsure = [e for e in whether if e is not None and can_be_missing(e)]
            if unsure:
                names = sorted({r.input.name for e in unsure for r in inputs_of(e) if r.input.may_be_missing}) or [
                    "a quotient"
                ]
                raise self._fail(
                    call, "MISSING_POLICY", f"{', '.join(names)} can be missing: say missing=skip, missing=fires or missing=outcome"
                )  # fmt: skip
            return None if said.outcome == Outcome.APPROVE else said  # not to be reached: stay on the safe side
        if isinstance(node, ast.Name) and node.id == "skip":
            return None
        if isinstance(node, ast.Name) and node.id == "fires":
            return said
        return self._say(node, lane, bare=True)

    def _read_table(self, name: str, call: ast.Call, lane: Lane) -> None:
        words = self._words(call)
        if (
            not set(words.amounts) <= {"rows", "missing", "otherwise", "shadow"}
            or not 1 <= len(call.args) <= DIMENSIONS_MAX
        ):
            raise self._fail(call, "SYNTAX", "table(value, …, rows={cell[…]: outcome, …}, missing=…, otherwise=…)")
        dimensions: list[Expression] = [
            d if isinstance(d, Ref | Named) else self._inner_name(f"{name}[value {k + 1}]", d)
            for k, d in enumerate(self._expressions.read_all(call.args))
        ]
        rows = words.amounts.get("rows")
        if not isinstance(rows, ast.Dict) or not rows.keys:
            raise self._fail(call, "SYNTAX", "rows= is {cell[low:high, …]: outcome, …}")
        unknown = join("or", [Apply("is_missing", (d,), Kind.FLAG) for d in dimensions])
        missing = self._inner_name(f"{name}[unknown]", unknown)
        known = self._inner_name(f"{name}[known]", Apply("not", (missing,), Kind.FLAG))
        if words.missing is not None or any(can_be_missing(d) for d in dimensions):
            fallback = Said(Outcome.REFUSE, INPUT_MISSING)
            said = self._missing(call, words.missing, fallback, lane, whether=tuple(dimensions))
            if said is fallback:
                raise self._fail(call, "MISSING_POLICY", "a table says missing=skip or missing=outcome")
            if said is not None:
                self._rules.append(
                    Rule(0, f"{name}[missing]", lane, missing, said, None, words.shadow, call.lineno, name)
                )
        self._add_rows(name, rows, dimensions, known, (lane, words))

    def _inner_name(self, name: str, expression: Expression) -> Named:
        """A name that the text cannot say: brackets are no part of one."""
        self._expressions.used.add(name)
        self._expressions.names[name] = give_name(name, expression)
        return self._expressions.names[name]

    def _add_rows(
        self, name: str, rows: ast.Dict, dimensions: list[Expression], known: Named, where: tuple[Lane, _Words]
    ) -> None:
        lane, words = where
        found: list[TableRow] = []
        for k, (key, value) in enumerate(zip(rows.keys, rows.values)):
            try:
                spans = self._spans(key or value, dimensions)
                said = self._say(value, lane, bare=True)
            except Unreadable:
                continue
            found.append(TableRow(spans, getattr(key, "lineno", value.lineno)))
            bounds = [b for d, s in zip(dimensions, spans) for b in _bounds(d, s)]
            when, line = join("and", [known, *bounds]), found[-1].line
            self._rules.append(Rule(0, f"{name}[{k + 1}]", lane, when, said, None, words.shadow, line, name))
        otherwise = words.amounts.get("otherwise")
        if otherwise is not None and not (isinstance(otherwise, ast.Name) and otherwise.id == "skip"):
            said = self._say(otherwise, lane, bare=True)
            self._rules.append(
                Rule(0, f"{name}[otherwise]", lane, known, said, None, words.shadow, otherwise.lineno, name)
            )
        complete = otherwise is None and len(found) == len(rows.keys)
        self._tables.append(Table(name, tuple(dimensions), tuple(found), complete, rows.lineno))

    def _spans(self, key: ast.expr, dimensions: list[Expression]) -> tuple[Span, ...]:
        if not (isinstance(key, ast.Subscript) and isinstance(key.value, ast.Name) and key.value.id == "cell"):
            raise self._fail(key, "SYNTAX", "a row begins with cell[low:high, …]")
        parts = key.slice.elts if isinstance(key.slice, ast.Tuple) else [key.slice]
        if len(parts) != len(dimensions):
            raise self._fail(key, "SYNTAX", f"this table has {len(dimensions)} value(s), this row {len(parts)}")
        return tuple(self._span(part, dimension) for part, dimension in zip(parts, dimensions))

    def _span(self, node: ast.expr, dimension: Expression) -> Span:
        if isinstance(node, ast.Slice):
            if node.step is not None or (dimension.kind in (Kind.FLAG, Kind.CATEGORY) and (node.lower or node.upper)):
                raise self._fail(
                    node, "SYNTAX", "a span is low:high, of money or numbers; low belongs to it, high does not"
                )
            why = "a bound is like the value that it bounds"
            low, high = (
                self._expressions.constant_of(end, dimension.kind, why).value if end is not None else other
                for end, other in ((node.lower, float("-inf")), (node.upper, float("inf")))
            )
            if low >= high:
                raise self._fail(node, "TABLE_ROW_EMPTY", "low is not below high: nothing falls into this row")
            return Span(low, high)
        if dimension.kind == Kind.CATEGORY:
            level = self._expressions.level_of(node, unfolded(dimension)).value
            return Span(level, level + 1)
        if dimension.kind == Kind.FLAG:
            value = self._expressions.constant_of(node, Kind.FLAG, "a condition is True or False").value
            return Span(value, value + 1)
        raise self._fail(node, "SYNTAX", "money and numbers are given as spans low:high")

    def _guard(self) -> list[Rule]:
        """The first rule of every policy: refuse where a value that is never missing is missing; such a vector is broken."""
        read = {r.input.name: r for rule in self._rules for r in _all_inputs(rule)}
        amount = self._expressions.find_input(AMOUNT)
        if amount is not None:
            read[AMOUNT] = amount
        sure = [
            Apply("is_missing", (r,), Kind.FLAG)
            for r in sorted(read.values(), key=lambda r: r.place)
            if not r.input.may_be_missing
        ]
        if not sure:
            return []
        said = Said(Outcome.REFUSE, INPUT_MISSING)
        return [Rule(0, GUARD, Lane.HARD_DENY, join("or", list(sure)), said, said, False, 1)]


def _all_inputs(rule: Rule) -> list[Ref]:
    figures = [said.figure for said in (rule.then, rule.missing) if said is not None and said.figure is not None]
    return [r for e in (rule.when, *figures) for r in inputs_of(e)]


def _bounds(dimension: Expression, span: Span) -> list[Expression]:
    """The conditions low ≤ x and x < high, or x == level."""
    kind = dimension.kind
    if span.low == float("-inf") and span.high == float("inf"):
        return []
    if kind == Kind.FLAG:
        return [dimension if span.low == 1 else Apply("not", (dimension,), Kind.FLAG)]
    if kind == Kind.CATEGORY:
        source = unfolded(dimension)
        words = {number: word for word, number in source.input.levels} if isinstance(source, Ref) else {}
        return [Apply("==", (dimension, Const(span.low, kind, words.get(int(span.low), ""))), Kind.FLAG)]
    found: list[Expression] = []
    if span.low != float("-inf"):
        found.append(Apply(">=", (dimension, Const(span.low, kind, _word(span.low, kind))), Kind.FLAG))
    if span.high != float("inf"):
        found.append(Apply("<", (dimension, Const(span.high, kind, _word(span.high, kind))), Kind.FLAG))
    return found


def _word(value: float, kind: Kind) -> str:
    return f"minor({value:.0f})" if kind == Kind.MONEY else f"{value:g}"


def _renumbered(rule: Rule, number: int) -> Rule:
    return Rule(number, rule.name, rule.lane, rule.when, rule.then, rule.missing, rule.shadow, rule.line, rule.table)
