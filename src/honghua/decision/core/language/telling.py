"""One decision told rule by rule: what each looked at, whether it held, why not, and who spoke. Plain Python over the tree: the third
opinion on the kernel."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from honghua.decision.core.language.expressions import (
    Apply,
    Const,
    Expression,
    Named,
    Policy,
    Ref,
    Rule,
    Said,
    inputs_of,
)
from honghua.decision.core.language.saying import Value, say_expression, say_outcome, say_value
from honghua.decision.core.outcomes import SEVERITY, Lane, Outcome, Verdict
from honghua.decision.core.vocabulary import Kind

EXACT_MAX: Final = 2**53
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_CALCULATE: Final[dict[str, Callable[..., float]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "neg": operator.neg, "abs": abs, "min": min, "max": max,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule on this vector. state: held | not held | unknown; `spoke`: it had its say in its lane; `silent` says why one that had
    something to say did not: shadow, off, an earlier rule spoke, lane not run."""

    number: int
    name: str
    lane: str
    state: str
    spoke: bool
    silent: str
    condition: str  # with the values that were seen
    says: str
    missing: tuple[str, ...]  # inputs without a value


@dataclass(frozen=True, slots=True)
class Trace:
    """The verdict with the story of every rule and the values of every name."""

    verdict: Verdict
    rules: tuple[RuleTrace, ...]
    names: tuple[tuple[str, str, str], ...]  # name, expression with values, value

    def lines(self, *, every: bool = False) -> list[str]:
        """For people: the verdict, then the rules that had something to say (`every`: all)."""
        v = self.verdict
        said = f"{v.outcome.name.lower()} {v.code}".strip() + (f" ({v.detail})" if v.detail else "")
        amounts = f", {v.amount_minor:,} minor units" + (
            f", {v.extra_minor:,} more for this order" if v.extra_minor else ""
        )
        found = [said + amounts + (f", after {v.minutes} minutes" if v.minutes else "")]
        found += [f"  {name} = {text} = {value}" for name, text, value in self.names]
        lane = ""
        for rule in self.rules:
            if not every and rule.state == "not held":
                continue
            if rule.lane != lane:
                lane = rule.lane
                found.append(f"{lane}:")
            mark = "→" if rule.spoke else "·"
            lacking = f", missing {', '.join(rule.missing)}" if rule.missing and rule.state == "unknown" else ""
            note = f" [{rule.silent}]" if rule.silent else ""
            found.append(f"  {mark} {rule.name}: {rule.condition} — {rule.state}{lacking}: {rule.says}{note}")
        return found


def explain_policy(policy: Policy, vector: Sequence[float], amount_place: int, off: Sequence[int]) -> Trace:
    """Judge one vector in plain Python and tell how."""
    teller = _Teller(policy, vector, off)
    for name in policy.names:  # in their order: a chain of them is as deep as the text is long
        teller.value(name)
    rules = tuple(teller.tell(rule) for rule in policy.rules)
    names = tuple(
        (n.name, say_expression(n.expression, told=teller.value), say_value(teller.value(n), n))
        for n in policy.names
        if "[" not in n.name
    )
    return Trace(teller.verdict(vector[amount_place]), rules, names)


@dataclass(slots=True)
class _Teller:
    policy: Policy
    vector: Sequence[float]
    off: Sequence[int]
    known: dict[int, Value] = field(default_factory=dict)
    stand: tuple[Rule, Said] | None = None
    less: tuple[Rule, Said] | None = None
    spoken: set[Lane] = field(default_factory=set)
    fired: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)

    def value(self, expression: Expression) -> Value:
        """The value of an expression; None when it is missing."""
        if isinstance(expression, Named):
            if id(expression) not in self.known:
                self.known[id(expression)] = self.value(expression.expression)
            return self.known[id(expression)]
        if isinstance(expression, Const):
            return expression.value
        if isinstance(expression, Ref):
            given = float(self.vector[expression.place])
            if given != given:
                return None
            return float(given != 0) if expression.kind == Kind.FLAG else given
        return _apply(expression, [self.value(a) for a in expression.arguments])

    def tell(self, rule: Rule) -> RuleTrace:
        """Run one rule; it may speak."""
        held = self.value(rule.when)
        if held and rule.then.figure is not None and self.value(rule.then.figure) is None:
            held = None
        said = rule.missing if held is None else rule.then if held else None
        state = "unknown" if held is None else "held" if held else "not held"
        if held is None:
            self.unknown.append(rule.number)
        silent = ""
        if said is not None:
            self.fired.append(rule.number)
            silent = self._why_silent(rule)
            if not silent:
                self._speak(rule, said)
        told = said if said is not None else rule.then
        figures = [rule.then.figure] if rule.then.figure is not None else []
        lacking = {r.input.name for e in (rule.when, *figures) for r in inputs_of(e) if self.value(r) is None}
        return RuleTrace(
            rule.number, rule.name, rule.lane.name.lower(), state, said is not None and not silent, silent,
            say_expression(rule.when, told=self.value), say_outcome(told) if said or held is not None else "skip", tuple(sorted(lacking)),
        )  # fmt: skip

    def _why_silent(self, rule: Rule) -> str:
        if rule.shadow:
            return "shadow"
        if self.off[rule.number]:
            return "switched off"
        if self.stand is not None and self.stand[1].outcome == Outcome.REFUSE:
            return "already refused"
        if Lane.ALLOW_LIST in self.spoken and Lane.ALLOW_LIST < rule.lane < Lane.AMOUNT:
            return "on an allow list"
        return "an earlier rule of the lane spoke" if rule.lane in self.spoken else ""

    def _speak(self, rule: Rule, said: Said) -> None:
        self.spoken.add(rule.lane)
        if said.outcome in (Outcome.APPROVE_LESS, Outcome.TEMPORARY_LIMIT):
            self.less = (rule, said)
        elif self.stand is None or SEVERITY[said.outcome] > SEVERITY[self.stand[1].outcome]:
            self.stand = (rule, said)

    def verdict(self, amount: float) -> Verdict:
        """What stands in the end."""
        full, extra, deciding = _whole(amount), 0, self.stand
        granted = full
        outcome = Outcome.APPROVE if self.stand is None else self.stand[1].outcome
        if outcome == Outcome.REFUSE:
            granted = 0
        elif self.less is not None:
            said = self.less[1]
            figure = _whole(self.value(said.figure) if said.figure is not None else None)
            changed = figure < full if said.outcome == Outcome.APPROVE_LESS else figure > 0
            if said.outcome == Outcome.APPROVE_LESS:
                granted = min(figure, full)
            else:
                extra = figure
            if said.outcome == Outcome.APPROVE_LESS and granted == 0:
                outcome, deciding = Outcome.REFUSE, self.less
            elif changed and SEVERITY[outcome] == 0:
                outcome, deciding = said.outcome, self.less
        said_last = None if deciding is None else deciding[1]
        return Verdict(
            outcome=outcome, code="" if said_last is None else said_last.code, amount_minor=granted, extra_minor=extra,
            minutes=0 if said_last is None else said_last.minutes, detail="" if said_last is None else said_last.detail,
            rule=-1 if deciding is None else deciding[0].number, amount_rule=-1 if self.less is None else self.less[0].number,
            fired=tuple(self.fired), unknown=tuple(self.unknown), off=tuple(k for k, o in enumerate(self.off) if o),
        )  # fmt: skip


def _apply(node: Apply, values: list[Value]) -> Value:
    operation, first = node.operation, values[0]
    if operation == "is_missing":
        return float(first is None)
    if operation == "coalesce":
        return values[1] if first is None else first
    if operation in ("and", "or"):
        decisive = operation == "or"
        if any(v is not None and bool(v) == decisive for v in values):
            return float(decisive)
        return None if None in values else float(not decisive)
    if operation == "if":
        return None if first is None else values[1] if first else values[2]
    return _calculate(operation, [v for v in values if v is not None], len(values))


def _calculate(operation: str, present: list[float], wanted: int) -> Value:
    """What is missing as soon as one value is."""
    if len(present) < wanted or (operation == "/" and present[1] == 0):
        return None
    if operation == "not":
        return float(not present[0])
    if operation in _COMPARE:
        return float(_COMPARE[operation](*present))
    if operation == "floor":
        result = float(math.floor(present[0])) if math.isfinite(present[0]) else present[0]
    else:
        result = _CALCULATE[operation](*present)
    return None if result != result else result


def _whole(value: Value) -> int:
    if value is None or not value >= 1:
        return 0
    return math.floor(min(value, EXACT_MAX))
