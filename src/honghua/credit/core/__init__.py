"""Door of the pure part: terms, commands, accounts, quotes, and the finance mathematics that they stand on."""

from __future__ import annotations

from honghua.credit.core.finance import (
    annuity,
    apr,
    chargeoff,
    daycount,
    delinquency,
    intervals,
    quote,
    refunds,
    regz,
    schedules,
    servicing,
    tvm,
)

__all__ = [
    "annuity",
    "apr",
    "chargeoff",
    "daycount",
    "delinquency",
    "intervals",
    "quote",
    "refunds",
    "regz",
    "schedules",
    "servicing",
    "tvm",
]
