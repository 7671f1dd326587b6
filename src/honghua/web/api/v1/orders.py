"""A purchase as its facts tell it, for the partner whose shop it was."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.base.clock import from_micros
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.store.facts import FactColumns, read_facts_of_purchases
from honghua.web.api.partners import Partner
from honghua.web.problems import Trouble

BEGINNINGS: Final = {
    FactKind.PURCHASE_AUTHORISED: "authorised",
    FactKind.PURCHASE_CAPTURED: "bought",
    FactKind.PURCHASE_REFUSED: "refused",
    FactKind.PURCHASE_SUSPENDED: "suspended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """One purchase, or the attempt at one. began: how; amounts minor units, of everything that has happened since."""

    purchase_id: int
    customer: str
    merchant: str
    order: str
    began: str
    began_at: dt.datetime
    asked_minor: int
    held_minor: int
    bought_minor: int
    refunded_minor: int
    is_reported: bool


def get_order(conn: psycopg.Connection, partner: Partner, purchase_id: int) -> OrderView:
    """One purchase of a partner's shop; Trouble PURCHASE_UNKNOWN for any other, whether it exists or not."""
    facts = read_facts_of_purchases(conn, np.array([purchase_id], np.int64))
    first = next((i for i, kind in enumerate(facts.kind.tolist()) if FactKind(kind) in BEGINNINGS), None)
    if first is None:
        raise Trouble("PURCHASE_UNKNOWN", "there is no such purchase")
    account_id, merchant_id = int(facts.account_id[first]), int(facts.counterparty_id[first])
    refs = ledger.find_refs(conn, owner_ids=[account_id, merchant_id])
    if refs.get(merchant_id) not in partner.merchants:
        raise Trouble("PURCHASE_UNKNOWN", "there is no such purchase")
    return fold_order(facts, first, customer=refs[account_id], merchant=refs[merchant_id])


def fold_order(facts: FactColumns, first: int, *, customer: str, merchant: str) -> OrderView:
    """The sums of a purchase over its facts, without those undone."""
    undone = set(facts.reverses_fact_id.tolist()) - {0}
    sums = dict.fromkeys(FactKind, 0)
    used = reported = 0
    offsets = facts.args_offsets
    for i, (fact_id, number) in enumerate(zip(facts.fact_id.tolist(), facts.kind.tolist(), strict=True)):
        kind = FactKind(number)
        if fact_id in undone:
            continue
        sums[kind] += int(facts.amount_minor[i])
        if kind is FactKind.PURCHASE_CAPTURED:
            used += int(facts.args_values[offsets[i]])  # released_minor: what the capture took off the hold
        elif kind is FactKind.FRAUD_REPORTED:
            reported = int(facts.args_values[offsets[i]])
    held = sums[FactKind.PURCHASE_AUTHORISED] - sums[FactKind.AUTHORISATION_RELEASED] - used
    return OrderView(
        purchase_id=int(facts.purchase_id[first]),
        customer=customer,
        merchant=merchant,
        order=facts.reference[first] or "",
        began=BEGINNINGS[FactKind(int(facts.kind[first]))],
        began_at=from_micros(int(facts.happened_at[first])),
        asked_minor=int(facts.amount_minor[first]),
        held_minor=held,
        bought_minor=sums[FactKind.PURCHASE_CAPTURED],
        refunded_minor=sums[FactKind.PURCHASE_REFUNDED],
        is_reported=bool(reported),
    )


__all__ = ["OrderView", "get_order"]
