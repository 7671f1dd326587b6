"""Campaigns: a merchant starts, pauses and ends them; checkout asks which of them pays, and keeps its fee free until the books answer.

A fee is reserved under the purchase's own key before the purchase is sent to the books, and settled by what the books remember under that
key: a crash between the two can only keep money free for a while, never promise it twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.base.errors import BadInput, Conflict, NotFound, Problem
from honghua.decision.core import compute_shares, make_salt
from honghua.features.core import key_of_text
from honghua.merchants import store_campaigns as store
from honghua.merchants.core.campaigns import Asked, Campaign, Draft, check_draft, covers
from honghua.merchants.store_campaigns import Budget, CampaignAct, Reservation
from honghua.store.commands import StoredCommand, find_commands
from honghua.store.ids import allocate

RUNNING_MAX: Final = 200  # campaigns of one merchant at one moment that checkout looks at
LIST_MAX: Final = 200
SETTLED_AT_ONCE: Final = 5_000
LAPSES_AFTER: Final = dt.timedelta(minutes=15)  # a key that the books have not met by then
ACTS: Final = {"pause": "paused", "resume": "resumed", "end": "ended"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A campaign that pays for an order, and for which numbers of instalments."""

    campaign: Campaign
    periods: tuple[int, ...]


def start_campaign(
    conn: psycopg.Connection, draft: Draft, *, made_by: str, offered: Collection[int], now: dt.datetime
) -> tuple[int, tuple[Problem, ...]]:
    """(id, no problems) of a new campaign, or (0, what is wrong with the draft). In the caller's transaction."""
    problems = check_draft(draft, offered=offered, now=now)
    if problems:
        return 0, problems
    campaign_id = int(allocate(conn, "merchants_campaign_id", 1)[0])
    store.insert_campaigns(conn, draft, [(campaign_id, draft.merchant)], made_by=made_by)
    return campaign_id, ()


def act_on(conn: psycopg.Connection, campaign_id: int, *, merchant: str, act: str, person: str, why: str) -> Campaign:
    """Pause, resume or end a campaign of this merchant; what was promised before stays promised.

    NotFound for another's campaign, BadInput without a reason, Conflict when it was ended or is so already.
    """
    if act not in ACTS:
        raise BadInput(f"{act!r}: {', '.join(ACTS)} is what can be done", code="ACT_UNKNOWN")
    if not why.strip():
        raise BadInput("say why", code="REASON_MISSING")
    campaign = get_campaign(conn, campaign_id, merchant=merchant)
    if store.has_ended(conn, campaign_id):
        raise Conflict("this campaign was ended; start another", code="CAMPAIGN_ENDED")
    changed = store.set_open(conn, campaign_id, is_open=act == "resume")
    if not changed and not (act == "end" and not campaign.is_open):
        raise Conflict(
            f"this campaign is {'running' if campaign.is_open else 'paused'} already", code="CAMPAIGN_SO_ALREADY"
        )
    store.insert_act(conn, campaign_id, act=ACTS[act], person=person, why=why)
    return get_campaign(conn, campaign_id, merchant=merchant)


def get_campaign(conn: psycopg.Connection, campaign_id: int, *, merchant: str) -> Campaign:
    """One campaign of this merchant; NotFound for any other."""
    campaign = store.find_campaign(conn, campaign_id)
    if campaign is None or campaign.draft.merchant != merchant:
        raise NotFound(f"no campaign {campaign_id}", code="CAMPAIGN_UNKNOWN")
    return campaign


def list_campaigns(
    conn: psycopg.Connection, merchant: str, *, before: int | None = None, limit: int = 50
) -> list[tuple[Campaign, Budget]]:
    """A merchant's campaigns with what is left of each, the newest first; `before` pages on."""
    if not 1 <= limit <= LIST_MAX:
        raise BadInput(f"1 … {LIST_MAX} campaigns at a time")
    found = store.list_of_merchant(conn, merchant, before=before or np.iinfo(np.int64).max, limit=limit)
    budgets = store.find_budgets(conn, [campaign.campaign_id for campaign in found])
    return [(campaign, budgets[campaign.campaign_id]) for campaign in found]


def count_live(conn: psycopg.Connection, *, at: dt.datetime) -> int:
    """Campaigns of all merchants that run at a moment and are open. Reads all of them: seconds where there are millions."""
    return store.count_live(conn, at=at)


def get_budget(conn: psycopg.Connection, campaign_id: int) -> Budget:
    """What a campaign has and took."""
    budget = store.find_budgets(conn, [campaign_id]).get(campaign_id)
    if budget is None:
        raise NotFound(f"no campaign {campaign_id}", code="CAMPAIGN_UNKNOWN")
    return budget


def list_acts(conn: psycopg.Connection, campaign_id: int) -> list[CampaignAct]:
    """What people did to a campaign, in order."""
    return store.list_acts(conn, campaign_id)


def is_held_out(campaign: Campaign, customer: str) -> bool:
    """Whether this customer is among those to whom the campaign is not shown: the same answer for ever."""
    if campaign.draft.holdout_ppm == 0:
        return False
    salt = make_salt("campaign", str(campaign.campaign_id))
    key = np.array([key_of_text(customer)], np.int64)
    return bool(compute_shares(salt, key)[0] < campaign.draft.holdout_ppm)


def find_offers(conn: psycopg.Connection, asked: Asked) -> list[Offer]:
    """Campaigns that pay for this order of this customer; one held out of a campaign is not offered it. Reads only."""
    return [Offer(c, c.draft.periods) for c in list_covering(conn, asked) if not is_held_out(c, asked.customer)]


def bear_periods(offers: Sequence[Offer]) -> dict[int, Offer]:
    """Who bears the fee of which number of instalments; of several campaigns the first, which is the oldest."""
    bearers: dict[int, Offer] = {}
    for offer in offers:
        for periods in offer.periods:
            bearers.setdefault(periods, offer)
    return bearers


def list_covering(conn: psycopg.Connection, asked: Asked) -> list[Campaign]:
    """Campaigns that cover an order, whoever is held out of them."""
    running = store.list_running(conn, asked.merchant, at=asked.at, limit=RUNNING_MAX)
    return [campaign for campaign in running if covers(campaign, asked)]


def note_exposure(conn: psycopg.Connection, asked: Asked) -> None:
    """Remember that a customer stood before the campaigns that cover this order, shown or held out: what effects are measured on."""
    rows = [(c.campaign_id, asked.customer, is_held_out(c, asked.customer)) for c in list_covering(conn, asked)]
    store.insert_exposures(conn, rows, at=asked.at)


def reserve(conn: psycopg.Connection, offer: Offer, asked: Asked, *, key: str, plan: tuple[int, int]) -> bool:
    """Keep the fee of a purchase free under its key; False when the campaign cannot pay it (any more). In the caller's transaction.

    plan: (periods, fee in minor units > 0). The same key again is the same reservation; with another order it is Conflict.
    """
    periods, fee_minor = plan
    campaign_id = offer.campaign.campaign_id
    assert fee_minor > 0, "a plan without a fee needs no campaign"
    day = asked.at.astimezone(asked.zone).date()
    kept = Reservation(
        key, campaign_id, asked.customer, asked.amount_minor, fee_minor, periods, day, "open", None, asked.at
    )
    may = periods in offer.periods and covers(offer.campaign, asked) and not is_held_out(offer.campaign, asked.customer)
    outcome, *standing = store.reserve(conn, kept) if may else _look_up(conn, key)
    if outcome == "known" and standing != [campaign_id, asked.customer, asked.amount_minor, periods]:
        raise Conflict(f"key {key!r} holds a reservation for another order", code="KEY_REUSED")
    return outcome != "none"


def _look_up(conn: psycopg.Connection, key: str) -> tuple[str, int, str, int, int]:
    """What `store.reserve` says of a key from before, where the campaign would not cover its order any more."""
    known = store.find_reservation(conn, key)
    if known is None or known.state == "released":
        return "none", 0, "", 0, 0
    return "known", known.campaign_id, known.customer, known.amount_minor, known.periods


def settle_reservations(conn: psycopg.Connection, *, now: dt.datetime, limit: int = SETTLED_AT_ONCE) -> tuple[int, int]:
    """(booked, released): ask the books what became of the keys of open reservations. In the caller's transaction.

    A key that they have not met is released after `LAPSES_AFTER`; whoever comes back with it reserves anew.
    """
    waiting = store.list_open(conn, until=now, limit=limit)
    answers = find_commands(conn, [one.key for one in waiting])
    booked = released = 0
    for one in waiting:
        purchase = bought_with(answers.get(one.key))
        if purchase is not None:
            purchase_id, fee_minor = purchase
            store.spend(conn, one, purchase_id=purchase_id, fee_minor=fee_minor, now=now)
            booked += 1
        elif one.key in answers or one.reserved_at + LAPSES_AFTER <= now:
            store.release(conn, one, now=now)
            released += 1
    return booked, released


def bought_with(command: StoredCommand | None) -> tuple[int, int] | None:
    """(purchase, fee) that the books remember under a key; None when nothing was bought."""
    if command is None or command.answer.get("outcome") not in ("approved", "done"):
        return None
    return int(command.answer["purchase_id"]), int(command.answer.get("fee_minor", 0))


def list_reservations(conn: psycopg.Connection, campaign_id: int, *, limit: int = 50) -> Sequence[Reservation]:
    """The newest purchases that a campaign paid for or was asked to."""
    if not 1 <= limit <= LIST_MAX:
        raise BadInput(f"1 … {LIST_MAX} at a time")
    return store.list_reservations(conn, campaign_id, limit=limit)
