"""A campaign as a merchant writes it, what is wrong with a draft, and which orders a campaign covers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from honghua.base.errors import Problem

PAYER_MERCHANT, PAYER_PLATFORM = 2, 3  # as in credit's plans
EVERY_DAY: Final = 0b111_1111
DAY_MINUTES: Final = 1_440
NAME_MAX, CATEGORIES_MAX, PERIODS_MAX = 100, 200, 12
AMOUNT_MAX: Final = 10**12  # minor units
LONGEST: Final = dt.timedelta(days=400)
HOLDOUT_MAX_PPM: Final = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a merchant asks for. Amounts minor units; instants aware; weekdays: bit 0 = Monday; minutes of the local day.

    categories: goods that take part, none = all. least/most: of one order. daily_minor: the stop-loss, fees of one day, 0 = none.
    holdout_ppm: customers to whom it is not shown, so that what it brings can be known.
    """

    merchant: str
    name: str
    periods: tuple[int, ...]
    starts_at: dt.datetime
    ends_at: dt.datetime
    budget_minor: int
    categories: tuple[str, ...] = ()
    payer: int = PAYER_MERCHANT
    least_minor: int = 0
    most_minor: int = AMOUNT_MAX
    weekdays: int = EVERY_DAY
    from_minute: int = 0
    until_minute: int = DAY_MINUTES
    daily_minor: int = 0
    holdout_ppm: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign that was accepted. is_open: neither paused nor ended by a person."""

    campaign_id: int
    draft: Draft
    made_by: str
    is_open: bool = field(default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An order that looks for a campaign. at: aware; zone: in which weekdays and hours of campaigns are meant."""

    merchant: str
    customer: str
    category: str
    amount_minor: int
    at: dt.datetime
    zone: dt.tzinfo


def check_draft(draft: Draft, *, offered: Collection[int], now: dt.datetime) -> tuple[Problem, ...]:
    """What is wrong with a draft, field by field (`Problem.column`); empty when it may run. offered: periods that the product has."""
    found: list[tuple[str, str, str]] = []
    if not 1 <= len(draft.name.strip()) <= NAME_MAX or not draft.name.isprintable():
        found.append(("name", "NAME_INVALID", f"a name has 1 … {NAME_MAX} printable characters"))
    if not draft.periods or len(draft.periods) > PERIODS_MAX or not set(draft.periods) <= set(offered):
        found.append(("periods", "PERIODS_NOT_OFFERED", f"choose among {sorted(offered)} instalments"))
    if len(draft.categories) > CATEGORIES_MAX or not all(draft.categories):
        found.append(("categories", "CATEGORIES_INVALID", f"at most {CATEGORIES_MAX} categories, none of them empty"))
    if draft.payer not in (PAYER_MERCHANT, PAYER_PLATFORM):
        found.append(("payer", "PAYER_INVALID", "the merchant or the platform pays"))
    if not 0 <= draft.least_minor <= draft.most_minor <= AMOUNT_MAX:
        found.append(("least_minor", "AMOUNTS_INVALID", "the smallest order may not exceed the largest"))
    if not draft.starts_at < draft.ends_at <= draft.starts_at + LONGEST:
        found.append(("ends_at", "DATES_INVALID", f"it ends after it starts and runs at most {LONGEST.days} days"))
    elif draft.ends_at <= now:
        found.append(("ends_at", "DATES_PAST", "it would be over already"))
    if not 1 <= draft.weekdays <= EVERY_DAY:
        found.append(("weekdays", "WEEKDAYS_INVALID", "choose at least one day of the week"))
    if not 0 <= draft.from_minute < draft.until_minute <= DAY_MINUTES:
        found.append(("until_minute", "HOURS_INVALID", "the hours of a day end after they begin"))
    if not 0 < draft.budget_minor <= AMOUNT_MAX:
        found.append(("budget_minor", "BUDGET_INVALID", "a budget is above zero"))
    if not 0 <= draft.daily_minor <= draft.budget_minor:
        found.append(("daily_minor", "STOP_LOSS_INVALID", "one day's cap may not exceed the budget; 0 means none"))
    if not 0 <= draft.holdout_ppm <= HOLDOUT_MAX_PPM:
        found.append(("holdout_ppm", "HOLDOUT_INVALID", "hold out 0 … 50 % of customers"))
    return tuple(Problem(1, code, message, column) for column, code, message in found)


def covers(campaign: Campaign, asked: Asked) -> bool:
    """Whether an order is one that the campaign pays for. Start and `from` are inside, end and `until` are not."""
    draft = campaign.draft
    local = asked.at.astimezone(asked.zone)
    return (
        campaign.is_open
        and draft.merchant == asked.merchant
        and draft.starts_at <= asked.at < draft.ends_at
        and (not draft.categories or asked.category in draft.categories)
        and draft.least_minor <= asked.amount_minor <= draft.most_minor
        and bool(draft.weekdays >> local.weekday() & 1)
        and draft.from_minute <= local.hour * 60 + local.minute < draft.until_minute
    )
