"""The risk ratio of temporary limits, which is never told alone (R-037).

"0.6 times the risk of all" may only mean that the safest were asked. So the ratio stands in one record with its coverage and with what
the offers themselves brought, from customers who would have got one and were held out by lot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.shares import Z

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Ends = tuple[float, float, float]  # low, middle, high at 95 %

DEFAULTS_MIN: Final = 10


@dataclass(frozen=True, slots=True)
class TemporaryRisk:
    """ratio: default among those with a temporary limit over default among all; coverage: the share of customers who got one;
    incremental_minor: loss that one offer added, by the holdout. None of the three can be left out."""

    ratio: Ends
    coverage: float
    incremental_minor: Ends
    offered: int
    held_out: int

    def tell(self) -> str:
        """One sentence, as it may be quoted."""
        low, middle, high = self.ratio
        less, added, more = (value / 100 for value in self.incremental_minor)
        return (
            f"Customers with a temporary limit defaulted {middle:.2f} times as often as all ({low:.2f} … {high:.2f});"
            f" {self.coverage:.1%} of customers got one;"
            f" against {self.held_out:,} held out, an offer added {added:+.2f} of loss ({less:+.2f} … {more:+.2f})."
        )


def measure_temporary(got: Flags, held_out: Flags, defaulted: Flags, loss_minor: Ints) -> TemporaryRisk:
    """From all customers, n each: who got an offer, who would have and was held out by lot (not both), and what came of it.

    The interval of the ratio is that of the log of a ratio of shares (Katz 1978), the one of the increment Welch's. BadInput
    TEMPORARY_THIN where fewer than ten of those who got one, or of all, defaulted, or fewer than 30 were held out.
    """
    if (got & held_out).any():
        raise BadInput("nobody is both offered and held out", code="TEMPORARY_INVALID")
    n, offered, held = len(got), int(got.sum()), int(held_out.sum())
    bad, bad_all = int(defaulted[got].sum()), int(defaulted.sum())
    if min(bad, bad_all) < DEFAULTS_MIN or held < 30:
        raise BadInput("too few defaults or too few held out to say anything", code="TEMPORARY_THIN")
    ratio = (bad / offered) / (bad_all / n)
    half = Z * math.sqrt(1 / bad - 1 / offered + 1 / bad_all - 1 / n)
    a, b = loss_minor[got].astype(np.float64), loss_minor[held_out].astype(np.float64)
    added = float(a.mean() - b.mean())
    wide = Z * math.sqrt(a.var(ddof=1) / offered + b.var(ddof=1) / held)
    return TemporaryRisk(
        (ratio * math.exp(-half), ratio, ratio * math.exp(half)), offered / n, (added - wide, added, added + wide), offered, held
    )  # fmt: skip


__all__ = ["TemporaryRisk", "measure_temporary"]
