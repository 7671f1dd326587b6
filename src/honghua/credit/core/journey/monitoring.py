"""What monitoring finds in a contract's life: in order, to be watched, in arrears (R-057). Pure; bounds are configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CURRENT: Final = "current"
WATCH: Final = "watch"
ARREARS: Final = "arrears"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRules:
    """Early warnings before anything is late; own bounds (U). usage_ppm: used to granted. minimum_run: bills in a row of which only the
    minimum was paid. due_days: a bill unpaid so few days before its due day."""

    usage_ppm: int = 900_000
    minimum_run: int = 2
    due_days: int = 1


WATCH_RULES: Final = WatchRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What monitoring sees of an account. Amounts in minor units; days_to_due None = nothing is due."""

    days_past_due: int
    used_minor: int
    limit_minor: int
    due_unpaid_minor: int = 0
    days_to_due: int | None = None
    bills_carried: int = 0
    shares_identity: bool = False


def judge_watch(looked: Looked, *, rules: WatchRules = WATCH_RULES) -> tuple[str, tuple[str, ...]]:
    """(finding, reasons in a fixed order). In arrears from the first day after a missed minimum."""
    reasons = []
    if looked.days_past_due > 0:
        reasons.append("WATCH_PAST_DUE")
    if looked.used_minor * 1_000_000 > looked.limit_minor * rules.usage_ppm:
        reasons.append("WATCH_USAGE")
    if looked.bills_carried >= rules.minimum_run:
        reasons.append("WATCH_MINIMUM_ONLY")
    if looked.due_unpaid_minor > 0 and looked.days_to_due is not None and 0 <= looked.days_to_due <= rules.due_days:
        reasons.append("WATCH_DUE_SOON")
    if looked.shares_identity:
        reasons.append("WATCH_SHARED_IDENTITY")
    if looked.days_past_due > 0:
        return ARREARS, tuple(reasons)
    return (WATCH if reasons else CURRENT), tuple(reasons)
