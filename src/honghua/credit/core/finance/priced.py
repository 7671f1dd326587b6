"""What a contract costs at the price that it was approved at (R-091): fees of instalments and interest of a day, never above that price.

The price is a yearly all-in rate with interest on interest, as the cost table shows it (PBOC notice 2021/3; rules.md §2). Everything is
rounded down: what is asked comes to the price or to less, to the last minor unit.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final

from honghua.base.money import split_even
from honghua.base.rates import PPM

DIGITS: Final = 40
MONTHS: Final = 12
YEAR_DAYS: Final = 365
FEES_KEPT: Final = 1 << 14


def daily_ppm(price_ppm: int) -> int:
    """The interest of a day that a yearly price comes to with interest on interest, in ppm, rounded down."""
    with localcontext(prec=DIGITS):
        return int(((1 + Decimal(price_ppm) / PPM) ** (Decimal(1) / YEAR_DAYS) - 1) * PPM)


@lru_cache(maxsize=FEES_KEPT)
def fee_within(price_ppm: int, periods: int, principal_minor: int) -> int:
    """The largest fee of a plan of equal months whose yearly cost is not above the price, minor units; periods ≥ 1, principal > 0.

    The plan is the one that customers get: both remainders in its first month. Annuity: fee = n·P·r/(1 − (1+r)^−n) − P.
    """
    with localcontext(prec=DIGITS):
        rate = (1 + Decimal(price_ppm) / PPM) ** (Decimal(1) / MONTHS) - 1
        if not rate:
            return 0
        discounts = [(1 + rate) ** -k for k in range(1, periods + 1)]
        fee = int(periods * principal_minor / sum(discounts) - principal_minor)
        while fee > 0:
            paid = zip(split_even(principal_minor, periods), split_even(fee, periods), strict=True)
            over = sum(((a + b) * d for (a, b), d in zip(paid, discounts, strict=True)), Decimal(0)) - principal_minor
            if over <= 0:
                break
            fee -= max(1, int(over))
    return max(fee, 0)


__all__ = ["daily_ppm", "fee_within"]
