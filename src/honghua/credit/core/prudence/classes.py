"""Five-class risk classification on its own: what the fold's kernel says of an account that is so late, was so bad, is so restructured.

No second arithmetic: a state is laid out and `measures.classify` reads it, which is what every account passes through.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from honghua.base.dates import to_day
from honghua.base.errors import BadInput
from honghua.credit.core.kernels.measures import classify
from honghua.credit.core.layout import (
    D_DUE,
    D_MINIMUM,
    D_REVOLVING,
    DUE,
    H_AS_OF,
    H_CLASS,
    H_CURE,
    H_DUES,
    H_RESTRUCTURED,
    H_STATUS,
    HEAD,
    STATUS_ACTIVE,
    STATUS_WRITTEN_OFF,
)
from honghua.credit.core.terms import ProductTerms

CLASSES: Final = (1, 2, 3, 4, 5)  # normal, attention, substandard, doubtful, loss
# rules.md §8: banks by the 2023 order (grade A), bank cards by the 2011 rule art. 92 (A); which one a consumer-finance company
# uses is graded U, so the table is chosen by the terms.
TABLES: Final[dict[str, tuple[int, int, int, int]]] = {"2023": (1, 91, 271, 361), "cards_2011": (1, 91, 121, 181)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a class depends on. before: the class until now; days are business dates, None = it never was.

    overdue_since: the due day of the oldest unpaid minimum. arrears_paid_on: since when nothing is overdue any more.
    """

    on: dt.date
    overdue_since: dt.date | None = None
    before: int = 1
    arrears_paid_on: dt.date | None = None
    restructured_on: dt.date | None = None
    is_written_off: bool = False


def use_table(terms: ProductTerms, table: str) -> ProductTerms:
    """The same terms with the day thresholds of a table; BadInput for a table that nobody wrote."""
    if table not in TABLES:
        raise BadInput(f"no such table of classes: {table}; known: {', '.join(TABLES)}", code="CLASS_TABLE_UNKNOWN")
    attention, substandard, doubtful, loss = TABLES[table]
    return replace(
        terms,
        class_attention_dpd=attention,
        class_substandard_dpd=substandard,
        class_doubtful_dpd=doubtful,
        class_loss_dpd=loss,
    )


def find_class(standing: Standing, terms: ProductTerms) -> int:
    """The risk class 1 … 5 on that day. Sources: 2023 order art. 6, 13–18 and card rule of 2011 art. 92 (rules.md §8)."""
    if standing.before not in CLASSES:
        raise BadInput("a class is 1 … 5")
    if standing.overdue_since is not None and standing.overdue_since > standing.on:
        raise BadInput("nobody is overdue since a day to come")
    head, dues = np.zeros(HEAD, np.int64), np.zeros((1, DUE), np.int64)
    head[H_STATUS] = STATUS_WRITTEN_OFF if standing.is_written_off else STATUS_ACTIVE
    head[H_AS_OF] = to_day(standing.on)
    head[H_CLASS] = standing.before
    if standing.overdue_since is not None:
        head[H_DUES] = 1
        dues[0, D_DUE], dues[0, D_MINIMUM], dues[0, D_REVOLVING] = to_day(standing.overdue_since), 1, 1
    elif standing.arrears_paid_on is not None:
        head[H_CURE] = to_day(standing.arrears_paid_on)
    if standing.restructured_on is not None:
        head[H_RESTRUCTURED] = to_day(standing.restructured_on)
    classify(head, dues, terms.vector())
    return int(head[H_CLASS])


__all__ = ["CLASSES", "TABLES", "Standing", "find_class", "use_table"]
