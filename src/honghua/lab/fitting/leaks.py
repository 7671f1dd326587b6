"""Columns that know the outcome. Evidence is stated; what is only odd is kept and said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.lab.fitting.singles import Single
from honghua.lab.tables.api import Column, Kind, Table

COPY_AUC: Final = 0.97  # alone better than any honest column of a credit table that we know of (best: .864)
COPY_MISSING_MAX: Final = 0.5
STRONG_AUC: Final = 0.88
STRONG_GAP: Final = 0.12
ODD_AUC: Final = 0.80
ODD_GAP: Final = 0.15  # above the next honest column: between what is kept in doubt and what is left out
HONEST_MAX: Final = 0.72
REPORT_GAP: Final = 0.10
NAMED_AUC: Final = 0.60
PURITY: Final = 0.97  # share of one outcome among the rows of a mark …
COVERED: Final = 0.25  # … that covers so much of that outcome
MARKED_MIN: Final = 15
LATER_SHARE: Final = 0.05
# Words of columns that are written after the outcome; by themselves they prove nothing.
AFTERWARDS: Final = re.compile(
    r"recover(y|ies|ed)|charge_?d?_?off|write_?off|written_?off|collection|default_?(date|time|day)|outcome|settle(d|ment)|"
    r"last_p(ay)?m(en)?t|total_rec|out_prncp|loan_status|final_status|closed_|_closed|bankrupt(ed)?_on|lgd|loss_given|foreclos|"
    r"post_|after_|future_|next_month|target|label|repaid_total|days_to_default|hardship_after",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A column that may know the outcome: whether it was left out, and the evidence in words."""

    name: str
    left_out: bool
    evidence: str


def find_leaks(table: Table, singles: Sequence[Single], *, trust: Sequence[str] = ()) -> tuple[Suspicion, ...]:
    """Suspicions of a table's columns; those that a person vouches for (`trust`) are kept and said."""
    honest = _largest_honest([one.value_auc for one in singles])
    found = []
    for one in singles:
        column = table.column(one.name)
        sure = _find_proof(column, one, table) or _find_excess(one, honest)
        if sure:
            vouched = one.name in trust
            found.append(
                Suspicion(one.name, not vouched, sure + ("; kept: a person vouches for it" if vouched else ""))
            )
            continue
        odd = _find_oddity(column, one, table, singles)
        if odd:
            found.append(Suspicion(one.name, False, f"{odd}; kept, as it may be honest: have its origin looked at"))
    return tuple(found)


def _find_proof(column: Column, one: Single, table: Table) -> str:
    y = table.labels
    best = max(one.auc, one.value_auc)
    if one.auc >= COPY_AUC or (one.value_auc >= COPY_AUC and one.missing < COPY_MISSING_MAX):
        return f"alone it ranks rows it was not learnt on with AUC {best:.3f}: it is the target in other words"
    marked = _find_mark(column, y)
    if marked:
        return marked
    if AFTERWARDS.search(column.name) and best >= NAMED_AUC:
        return f"its name says that it is written after the outcome, and alone it reaches AUC {best:.3f}"
    later = _share_later(column, table)
    if later >= LATER_SHARE and one.auc >= NAMED_AUC:
        return f"{later:.0%} of its dates are later than {table.time_name}, and alone it reaches AUC {one.auc:.3f}"
    return ""


def _find_mark(column: Column, y: NDArray[Any]) -> str:
    """A mark that nearly only one outcome bears, and much of that outcome: filled or empty, the common value or another."""
    lost = column.missing
    marks = {"filled": ~lost, "empty": lost}
    there = column.values[~lost]
    if len(there):
        values, counts = np.unique(there, return_counts=True)
        common = values[int(np.argmax(counts))]
        told = column.words[int(common)] if column.kind.has_words else f"{common:g}"
        marks |= {
            f"other than {told}": ~lost & (column.values != common),
            f"equal to {told}": ~lost & (column.values == common),
        }
    for outcome, word in ((1, "ones"), (0, "zeros")):
        bearers = y == outcome
        base = float(bearers.mean())
        for told, mark in marks.items():
            rows = int(mark.sum())
            if rows < MARKED_MIN or rows == len(y):
                continue
            purity, covered = float(bearers[mark].mean()), float(mark[bearers].mean())
            # Where nearly all rows are of one outcome, purity says nothing: the other outcome must then be nearly absent by far.
            surprise = (1.0 - purity) < (1.0 - base) / 10.0
            enough = covered >= COVERED and (outcome == 1 or base < 0.5 or covered >= 2 * COVERED)
            if purity >= PURITY and surprise and enough and rows * (1.0 - base) >= MARKED_MIN:
                share = f"{purity:.1%} are {word}, {covered:.0%} of all {word}"
                return f"where it is {told} ({rows:,} rows) {share}: it is written after the outcome"
    return ""


def _find_excess(one: Single, honest: float) -> str:
    gap = one.value_auc - honest
    strong = one.value_auc >= STRONG_AUC and gap >= STRONG_GAP
    odd = one.value_auc >= ODD_AUC and gap >= ODD_GAP and honest <= HONEST_MAX
    if strong or odd:
        return f"alone its values reach AUC {one.value_auc:.3f}, where the best of the others has {honest:.3f}: too good to be known before"
    return ""


def _find_oddity(column: Column, one: Single, table: Table, singles: Sequence[Single]) -> str:
    others = max((other.auc for other in singles if other.name != one.name), default=0.5)
    if one.auc >= ODD_AUC - 0.05 and one.auc - others >= REPORT_GAP:
        return f"alone it reaches AUC {one.auc:.3f}, the next column {others:.3f}"
    later = _share_later(column, table)
    if later >= LATER_SHARE:
        return f"{later:.0%} of its dates are later than {table.time_name}"
    if AFTERWARDS.search(column.name) and one.p < 0.001:
        return f"its name may say that it is written after the outcome (alone: AUC {one.auc:.3f})"
    return ""


def _largest_honest(figures: Sequence[float]) -> float:
    """The highest figure below the widest gap that sets an upper group apart; the second highest where there is no such gap."""
    ranked = sorted(figures, reverse=True)
    if len(ranked) < 2:
        return 0.5
    upper = [k for k in range(len(ranked) - 1) if ranked[k] >= ODD_AUC]
    widest = max(upper, key=lambda k: ranked[k] - ranked[k + 1], default=0)
    return ranked[widest + 1]


def _share_later(column: Column, table: Table) -> float:
    if column.kind is not Kind.DATE or table.time is None or abs(float(np.median(table.time))) < 1e13:
        return 0.0
    there = ~column.missing
    days = table.time[there] / 86_400_000_000
    return float(np.mean(column.values[there] > days + 1.0)) if there.any() else 0.0


__all__ = ["Suspicion", "find_leaks"]
