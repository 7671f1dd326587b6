"""What a campaign brought: who stood before it, what they spent afterwards, and what that says about cause and effect."""

from __future__ import annotations

import datetime as dt

import numpy as np
import psycopg

from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.merchants import store_campaigns, store_settlement
from honghua.merchants.campaigns import get_budget, get_campaign
from honghua.merchants.core.uplift import Uplift, estimate_uplift

AFTER: dt.timedelta = dt.timedelta(days=14)  # what is bought until so long after the campaign's end still counts


def measure_campaign(conn: psycopg.Connection, campaign_id: int, *, merchant: str, now: dt.datetime) -> Uplift:
    """Customers who were shown the campaign beside those held out of it, by what they spent at the merchant afterwards."""
    campaign = get_campaign(conn, campaign_id, merchant=merchant)
    seen = store_campaigns.read_exposures(conn, campaign_id)
    merchant_ids = ledger.find_owners(conn, kind=OwnerKind.MERCHANT, refs=[merchant])
    accounts = ledger.find_owners(conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=[customer for customer, _, _ in seen])
    rows = [(accounts[customer], at) for customer, _, at in seen if customer in accounts]
    until = min(now, campaign.draft.ends_at + AFTER)
    spent = store_settlement.sum_spent(conn, merchant_ids.get(merchant, 0), rows, until=until) if rows else {}
    amounts = np.array([max(0, spent.get(accounts.get(customer, 0), 0)) for customer, _, _ in seen], np.int64)
    held = np.array([is_held_out for _, is_held_out, _ in seen], np.bool_)
    budget = get_budget(conn, campaign_id)
    return estimate_uplift(amounts[~held], amounts[held], cost_minor=budget.spent_minor)
