"""What can be told about a policy without running it: reasons, constant conditions, unreachable rules, gaps and overlaps of tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.decision.core.language.boxes import Box, Known, boxes_of, covers
from honghua.decision.core.language.expressions import (
    Expression,
    Named,
    Policy,
    Ref,
    Rule,
    Said,
    Span,
    Table,
    can_be_missing,
    range_of,
    unfolded,
)
from honghua.decision.core.language.reading import GUARD
from honghua.decision.core.outcomes import Lane, Outcome
from honghua.decision.core.problems import PolicyProblem
from honghua.decision.core.reasons import REASONS
from honghua.decision.core.vocabulary import Kind

CELLS_MAX: Final = 200_000
TOLD_MAX: Final = 5  # gaps or overlaps that are told of one table
INF: Final = float("inf")
_SAYS_NO: Final = (Outcome.REFUSE, Outcome.APPROVE_LESS)


def check_policy(policy: Policy) -> list[PolicyProblem]:
    """Every problem; none means that the policy may be compiled."""
    problems: list[PolicyProblem] = []
    for rule in policy.rules:
        problems += _check_reasons(rule)
    problems += _check_conditions(policy)
    for table in policy.tables:
        problems += _check_table(table)
    return problems


def _check_reasons(rule: Rule) -> Iterator[PolicyProblem]:
    said: list[Said] = [s for s in (rule.then, rule.missing) if s is not None]
    for code, outcome in sorted({(s.code, s.outcome) for s in said if s.code}):
        reason = REASONS.get(code)
        if reason is None:
            yield PolicyProblem(
                rule.line, "REASON_UNKNOWN", f"reason {code} stands in no table: add it to reasons.py first"
            )
        elif outcome in _SAYS_NO and not reason.is_adverse:
            yield PolicyProblem(
                rule.line, "REASON_NOT_ADVERSE", f"reason {code} has no statement for an adverse action, which {outcome.name.lower()} needs"
            )  # fmt: skip


def _check_conditions(policy: Policy) -> Iterator[PolicyProblem]:
    """Constant conditions, and rules forestalled wherever they hold. The generated first rule is left alone."""
    earlier: list[tuple[Rule, Box]] = []
    known: Known = {}
    for rule in policy.rules:
        if not rule.number and rule.name == GUARD:
            continue
        boxes = boxes_of(rule.when, known)
        told = False
        if boxes == [] and not rule.table:  # empty rows are told by the table
            told = True
            yield PolicyProblem(
                rule.line, "CONSTANT", f"{rule.name} can never hold: its condition is false for every value"
            )
        elif not rule.table and {} in (boxes or []):
            told = True
            yield PolicyProblem(
                rule.line, "CONSTANT", f"{rule.name} always holds: its condition is true for every value"
            )
        if boxes and not told and not rule.shadow and (rule.missing is None or not can_be_missing(rule.when)):
            hiding = _hiding(policy, rule, boxes, earlier)
            if hiding:
                names = ", ".join(f"{r.name} (line {r.line})" for r in hiding)
                yield PolicyProblem(
                    rule.line, "UNREACHABLE", f"{rule.name} is never reached: wherever it holds, {names} spoke before"
                )
        if not rule.shadow and (rule.then.figure is None or not can_be_missing(rule.then.figure)):
            earlier += [(rule, box) for box in boxes or []]


def _hiding(policy: Policy, rule: Rule, boxes: list[Box], earlier: list[tuple[Rule, Box]]) -> list[Rule]:
    """The earlier rules that together hold wherever this one does and keep it from speaking; none when there is a way through."""
    found: dict[int, Rule] = {}
    for box in boxes:
        over = next((r for r, other in earlier if covers(other, box) and _forestalls(policy, r, rule)), None)
        if over is None:
            return []
        found[over.number] = over
    return list(found.values())


def _forestalls(policy: Policy, first: Rule, then: Rule) -> bool:
    """Whether `then` has no say once `first` holds, whatever else does."""
    if first.lane == then.lane or first.lane == Lane.HARD_DENY:
        return True
    acting = [r for r in policy.rules if not r.shadow]
    if first.lane == Lane.ALLOW_LIST:
        return then.lane < Lane.AMOUNT
    before = [r for r in acting if r.lane == first.lane and r.number < first.number]
    if first.outcome != Outcome.REFUSE or any(not _only_refuses(r) for r in before):
        return False
    return then.lane < Lane.AMOUNT or all(r.lane != Lane.ALLOW_LIST for r in acting)


def _only_refuses(rule: Rule) -> bool:
    """Whether it says nothing milder, also when it cannot be told whether it holds."""
    return all(said.outcome == Outcome.REFUSE for said in (rule.then, rule.missing) if said is not None)


def _check_table(table: Table) -> Iterator[PolicyProblem]:
    """Every combination of values falls into exactly one row: cut the space at all bounds and count the rows over each piece."""
    pieces = [_pieces(d, [row.spans[k] for row in table.rows]) for k, d in enumerate(table.dimensions)]
    if np.prod([len(p) for p in pieces], dtype=float) > CELLS_MAX:
        yield PolicyProblem(
            table.line, "TOO_LARGE", f"table {table.name} has more than {CELLS_MAX:,} cells: take it apart"
        )
        return
    owner = np.full([len(p) for p in pieces], -1, np.int64)
    pairs: dict[tuple[int, int], tuple[int, ...]] = {}
    for k, row in enumerate(table.rows):
        inside = [(p[:, 0] >= s.low) & (p[:, 1] <= s.high) for p, s in zip(pieces, row.spans)]
        area = np.ix_(*inside)
        for other in np.unique(owner[area]):
            if other >= 0:
                cell = np.argwhere((owner == other) & _mask(inside))[0]
                pairs.setdefault((int(other), k), tuple(cell.tolist()))
        if owner[area].size == 0:
            yield PolicyProblem(
                row.line, "TABLE_ROW_EMPTY", f"row {k + 1} of {table.name} lies outside what its values can be"
            )
        owner[area] = k
    for (one, other), cell in list(pairs.items())[:TOLD_MAX]:
        where = _region(table, pieces, cell)
        yield PolicyProblem(
            table.rows[other].line,
            "TABLE_OVERLAP",
            f"rows {one + 1} and {other + 1} of {table.name} both hold for {where}",
        )
    if table.complete:
        for gap in np.argwhere(owner < 0)[:TOLD_MAX]:
            where = _region(table, pieces, tuple(gap.tolist()))
            yield PolicyProblem(
                table.line, "TABLE_GAP", f"no row of {table.name} holds for {where}: add one, or say otherwise="
            )


def _mask(inside: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    found = np.ones([1] * len(inside), np.bool_)
    for k, part in enumerate(inside):
        found = found & part.reshape([-1 if j == k else 1 for j in range(len(inside))])
    return found


def _pieces(dimension: Expression, spans: list[Span]) -> NDArray[np.float64]:
    """The values of one dimension cut at every bound: [low, high) pairs, only those that can occur."""
    source = unfolded(dimension)
    if dimension.kind == Kind.FLAG:
        return np.array([[0.0, 1.0], [1.0, 2.0]])
    if isinstance(source, Ref) and source.input.levels:
        return np.array([[float(number), float(number) + 1] for _, number in source.input.levels])
    bounds = sorted({-INF, INF, *(s.low for s in spans), *(s.high for s in spans)})
    low, high = range_of(dimension)
    return np.array([[a, b] for a, b in pairwise(bounds) if b > low and a <= high])


def _region(table: Table, pieces: list[NDArray[np.float64]], cell: tuple[int, ...]) -> str:
    return " and ".join(_told(d, *p[k].tolist()) for d, p, k in zip(table.dimensions, pieces, cell))


def _told(dimension: Expression, low: float, high: float) -> str:
    source = unfolded(dimension)
    name = dimension.name if isinstance(dimension, Named) else source.input.name if isinstance(source, Ref) else "value"
    if dimension.kind == Kind.FLAG:
        return name if low == 1 else f"not {name}"
    if isinstance(source, Ref) and source.input.levels:
        return f'{name} "{next(word for word, number in source.input.levels if number == low)}"'
    if low == -INF:
        return f"{name} < {high:,.10g}" if high < INF else f"any {name}"
    if f"{low:.10g}" == f"{high:.10g}":  # a gap as fine as floats
        return f"{low!r} ≤ {name} < {high!r}"
    return f"{name} ≥ {low:,.10g}" if high == INF else f"{low:,.10g} ≤ {name} < {high:,.10g}"
