"""Shares of few rows with their intervals: Wilson's for one, Newcombe's for a difference, Katz's for a ratio."""

from __future__ import annotations

from math import exp, log, sqrt

from honghua.base.shares import Z, find_share
from honghua.models.core.intervals import Interval


def share_interval(ones: int, rows: int) -> Interval:
    """ones / rows with Wilson's 95 % interval (Wilson, JASA 22 (1927) 209); all NaN without rows."""
    if rows == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    return Interval(*find_share(ones, rows))


def difference_interval(one: Interval, two: Interval) -> Interval:
    """Difference one − two of two shares, from their own intervals (Newcombe, Statistics in Medicine 17 (1998) 873, method 10)."""
    mid = one.mid - two.mid
    down = sqrt((one.mid - one.low) ** 2 + (two.high - two.mid) ** 2)
    up = sqrt((one.high - one.mid) ** 2 + (two.mid - two.low) ** 2)
    return Interval(mid - down, mid, mid + up)


def ratio_interval(ones: tuple[int, int], rows: tuple[int, int]) -> Interval:
    """(ones[0] / rows[0]) / (ones[1] / rows[1]) with Katz's 95 % interval (Biometrics 34 (1978) 469), half a row richer at 0."""
    a, b = (float(count) for count in ones)
    n, m = (float(count) for count in rows)
    if min(n, m) == 0 or b == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    mid = (a / n) / (b / m)
    if a == 0:
        a, n = a + 0.5, n + 0.5
    reach = Z * sqrt(max(1 / a - 1 / n + 1 / b - 1 / m, 0.0))
    middle = log((a / n) / (b / m))
    return Interval(min(exp(middle - reach), mid), mid, exp(middle + reach))
