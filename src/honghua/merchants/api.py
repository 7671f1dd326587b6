"""The merchants room's door: campaigns and what they brought, movements, settlements."""

from __future__ import annotations

from honghua.merchants.campaigns import (
    Offer,
    act_on,
    bear_periods,
    find_offers,
    get_budget,
    get_campaign,
    is_held_out,
    list_acts,
    list_campaigns,
    list_reservations,
    note_exposure,
    reserve,
    settle_reservations,
    start_campaign,
)
from honghua.merchants.effects import measure_campaign
from honghua.merchants.jobs import catch_up, catch_up_wholly, settle_closed_day
from honghua.merchants.paying import FakePayoutBank, PayoutAnswer, PayoutBank
from honghua.merchants.settling import (
    DaySum,
    SettlementStatement,
    follow_journal,
    get_statement,
    list_movements,
    list_of_purchase,
    list_settlements,
    pay_out,
    settle_day,
    sum_days,
)
from honghua.merchants.store_campaigns import Budget, CampaignAct, Reservation
from honghua.merchants.store_settlement import Movement, Settlement

__all__ = [
    "Budget",
    "CampaignAct",
    "DaySum",
    "FakePayoutBank",
    "Movement",
    "Offer",
    "PayoutAnswer",
    "PayoutBank",
    "Reservation",
    "Settlement",
    "SettlementStatement",
    "act_on",
    "bear_periods",
    "catch_up",
    "catch_up_wholly",
    "find_offers",
    "follow_journal",
    "get_budget",
    "get_campaign",
    "get_statement",
    "is_held_out",
    "list_acts",
    "list_campaigns",
    "list_movements",
    "list_of_purchase",
    "list_reservations",
    "list_settlements",
    "measure_campaign",
    "note_exposure",
    "pay_out",
    "reserve",
    "settle_closed_day",
    "settle_day",
    "settle_reservations",
    "start_campaign",
    "sum_days",
]
