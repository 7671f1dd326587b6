"""A strategy in the policy language: a decision table over chance and amount, alone or in the matrix lane of a policy that judges now."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Final

from honghua.base.errors import BadInput
from honghua.decision.core import Input, Kind, Vocabulary
from honghua.lab.strategy.cells import Grid
from honghua.lab.strategy.plans import Plan

AMOUNT: Final = "amount_minor"
LANE: Final = "with matrix:\n"
LANES: Final = "with "
FEN: Final = 100
MISSING: Final = 'review("INPUT_MISSING", queue="credit")'


def admission_vocabulary(plan: Plan) -> Vocabulary:
    """The words of an admission policy: what is asked for, and the chance."""
    return Vocabulary((
        Input(AMOUNT, Kind.MONEY, may_be_missing=False, low=1), Input(plan.score, Kind.NUMBER, low=0, high=1),
    ))  # fmt: skip


def write_table(plan: Plan, grid: Grid, actions: Sequence[int], *, missing: str) -> str:
    """The lane's text: neighbouring bands of one action are one row, so that a person reads what matters."""
    amounts, bands = grid.shape
    has_amounts = amounts > 1
    lines = []
    for size in range(amounts):
        amount = _span(grid.amount_minor.tolist(), size, size + 1, _money)
        begin = 0
        row = [actions[size * bands + band] for band in range(bands)]
        for band in range(1, bands + 1):
            if band == bands or row[band] != row[begin]:
                chance = _span(grid.chance.tolist(), begin, band, repr)
                cell = f"{chance}, {amount}" if has_amounts else chance
                lines.append(f"        cell[{cell}]: {plan.actions[row[begin]].text},\n")
                begin = band
    values = f"{plan.score}, {AMOUNT}" if has_amounts else plan.score
    return f"{LANE}    by_risk = table({values}, missing={missing}, rows={{\n{''.join(lines)}    }})\n"


def _span(bounds: list[float], first: int, last: int, write: Callable[[float], str]) -> str:
    """A span from bound first − 1 to bound last − 1, open at the ends."""
    low = write(bounds[first - 1]) if first else ""
    high = write(bounds[last - 1]) if last <= len(bounds) else ""
    return f"{low}:{high}"


def _money(minor: float) -> str:
    assert minor % FEN == 0, "bounds of amount are whole yuan"
    return f"yuan({int(minor) // FEN})"


def write_admission(plan: Plan, table: str, title: str) -> str:
    """A policy of its own: the table and nothing else."""
    return f'"""{title}"""\n\n{table}'


def replace_matrix(frame: str, table: str) -> str:
    """The incumbent's text with this table as its matrix lane; BadInput where it has none, or several."""
    lines = frame.splitlines(keepends=True)
    starts = [k for k, line in enumerate(lines) if line.strip() == LANE.strip() and not line.startswith((" ", "\t"))]
    if len(starts) != 1:
        raise BadInput(
            f"the incumbent policy has {len(starts)} matrix lanes; a strategy replaces exactly one", code="NO_MATRIX"
        )
    first = starts[0]
    later = (k for k in range(first + 1, len(lines)) if lines[k].startswith(LANES))
    end = next(later, len(lines))
    gap = "" if end == len(lines) else "\n"
    return "".join(lines[:first]) + table + gap + "".join(lines[end:])


def diff_policies(old: str, new: str) -> tuple[str, ...]:
    """Lines of a unified diff with three lines around each change; empty where nothing changed."""
    return tuple(difflib.unified_diff(old.splitlines(), new.splitlines(), "champion", "candidate", lineterm=""))
