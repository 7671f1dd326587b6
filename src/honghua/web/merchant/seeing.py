"""What the merchants' pages show: rows with the words for what happened, statuses of campaigns, figures of effects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, OwnerKind
from honghua.merchants.api import Budget, Movement, OrderRow
from honghua.merchants.core import Arm, Campaign
from honghua.web.ui.writing import Writing

WORD_OF: Final = {
    FactKind.PURCHASE_CAPTURED: "sold",
    FactKind.PURCHASE_REFUNDED: "refunded",
    FactKind.MERCHANT_PAID: "paid_out",
    FactKind.PAYOUT_RETURNED: "came_back",
    FactKind.CAMPAIGN_WITHHELD: "withheld",
    FactKind.CAMPAIGN_RELEASED: "released",
}
PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ShownMovement:
    """A movement, the word for it, and how its order stands: what is known of it as a real trade; None where it is no sale."""

    row: Movement
    word: str
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class ShownCampaign:
    """A campaign, what is left of it, and how it stands: planned, running, paused, spent or over."""

    campaign: Campaign
    budget: Budget
    status: str


def find_merchant_id(conn: psycopg.Connection, merchant: str) -> int:
    """The merchant's id in the journal; 0 before its first order."""
    return ledger.find_owners(conn, kind=OwnerKind.MERCHANT, refs=[merchant]).get(merchant, 0)


def read_payable(conn: psycopg.Connection, merchant_id: int) -> int:
    """What the books owe a merchant now, minor units."""
    if not merchant_id:
        return 0
    return -int(ledger.read_balances(conn, np.array([merchant_id], np.int64))[0, Component.MERCHANT_PAYABLE])


def show_movement(row: Movement, *, orders: Mapping[int, OrderRow] | None = None) -> ShownMovement:
    """With its word, and how its order stands where that is known."""
    order = (orders or {}).get(row.purchase_id) if row.kind == FactKind.PURCHASE_CAPTURED else None
    return ShownMovement(row, WORD_OF.get(FactKind(row.kind), "changed"), order.state if order else None)


def show_campaign(campaign: Campaign, budget: Budget, *, now: dt.datetime) -> ShownCampaign:
    """With its status."""
    draft = campaign.draft
    if now >= draft.ends_at:
        status = "over"
    elif not campaign.is_open:
        status = "paused"
    elif budget.left_minor <= 0:
        status = "spent"
    else:
        status = "planned" if now < draft.starts_at else "running"
    return ShownCampaign(campaign, budget, status)


def write_interval(writing: Writing, currency: str, pattern: str) -> Callable[[tuple[float, float, float]], str]:
    """(low, estimate, high) in minor units as a sentence."""

    def write(three: tuple[float, float, float]) -> str:
        low, middle, high = (writing.money(round(minor), currency) for minor in three)
        return pattern.format(low=low, middle=middle, high=high)

    return write


def write_points(writing: Writing, pattern: str) -> Callable[[tuple[float, float, float]], str]:
    """(low, estimate, high) of a share as percentage points."""

    def write(three: tuple[float, float, float]) -> str:
        low, middle, high = (writing.count(round(100 * share, 1)) for share in three)
        return pattern.format(low=low, middle=middle, high=high)

    return write


def write_share(writing: Writing) -> Callable[[Arm], str]:
    """An arm's conversion; a dash for an empty one."""
    return lambda arm: writing.percent(round(arm.conversion * PPM), places=1) if arm.people else "–"


def write_mean(writing: Writing, currency: str) -> Callable[[Arm], str]:
    """What an arm's people spent on average; a dash for an empty one."""
    return lambda arm: writing.money(round(arm.mean_minor), currency) if arm.people else "–"
