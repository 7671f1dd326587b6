"""The job of the state's interest subsidy: ask for it where the bank's statement proves the purchase, settle, deduct, follow refunds."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final

import numpy as np
import psycopg

from honghua.app.clockwork.books import NOT_BEGUN, find_day
from honghua.app.clockwork.sweeping import take_all
from honghua.base.dates import from_day
from honghua.base.errors import Refusal
from honghua.base.rates import PPM, floor_
from honghua.credit import api as credit
from honghua.credit.core import Purpose, Repay, purpose_of
from honghua.credit.core import quote as quoting
from honghua.facts.kinds import ARGS_OF, FactKind
from honghua.ledger import api as ledger
from honghua.merchants import api as merchants
from honghua.merchants.core import SubsidyItem
from honghua.store.database import run_unit
from honghua.store.facts import read_facts_of_purchases
from honghua.store.wishes import WishState, settle_wish, take_wishes

DEDUCTED_AT_ONCE: Final = 1_000
ASKED_AT_ONCE: Final = 500
DEDUCTION_LEASE: Final = dt.timedelta(minutes=5)
STATE_SOURCE: Final = (
    9  # how a repayment fact names the treasury; credit.core.debiting has the numbers of customers' own sources
)
PAYER_CONSUMER: Final = 1
NOT_CONSUMPTION: Final = Refusal(
    "SUBSIDY_NOT_CONSUMPTION", "The state pays part of the interest of consumption, not of a business."
)
NO_PLAN: Final = Refusal("SUBSIDY_NO_PLAN", "This purchase was not bought in instalments with interest.")


def subsidise(conn: psycopg.Connection, now: dt.datetime) -> str:
    """All steps of a run, each in transactions of its own."""
    today = find_day(conn)
    if today is None:
        return NOT_BEGUN
    registry = credit.open_registry(conn)
    currency = registry.newest_terms.currency
    asked = take_all(lambda: run_unit(conn, lambda c: ask_state(c, now=now)), at_once=ASKED_AT_ONCE)
    at_once = merchants.SETTLED_AT_ONCE
    refunds = take_all(
        lambda: run_unit(conn, lambda c: merchants.follow_refunds(c, business_on=today, currency=currency, now=now)),
        at_once=at_once,
    )
    settled = take_all(
        lambda: run_unit(conn, lambda c: merchants.settle_subsidies(c, business_on=today, currency=currency, now=now)),
        at_once=at_once,
    )
    deducted = take_all(lambda: deduct(conn, registry, now=now), at_once=DEDUCTED_AT_ONCE)
    return f"{asked} purchases looked at, {refunds} refunds followed, {settled} interest parts settled, {deducted} deductions"


def ask_state(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Register purchases in instalments that the consumer pays for and that the bank's statement proves; how many were looked at."""
    found = merchants.list_unasked(conn, limit=ASKED_AT_ONCE)
    for paid in found:
        registered = ask_for(conn, paid, now=now)
        if isinstance(registered, Refusal):
            merchants.decline(conn, paid.purchase_id, registered.code, now=now)
    return len(found)


def ask_for(
    conn: psycopg.Connection, paid: merchants.PaidPurchase, *, now: dt.datetime
) -> merchants.SubsidyRow | Refusal:
    """One purchase: its plan as the fact tells it, its rate as the customer was quoted, its field as its merchant's scene says."""
    facts = read_facts_of_purchases(conn, np.array([paid.purchase_id], np.int64))
    captured = np.flatnonzero(facts.kind == FactKind.PURCHASE_CAPTURED)
    if len(captured) != 1:
        return NO_PLAN
    row = int(captured[0])
    start, end = int(facts.args_offsets[row]), int(facts.args_offsets[row + 1])
    args = dict(zip(ARGS_OF[FactKind.PURCHASE_CAPTURED], facts.args_values[start:end].tolist(), strict=False))
    periods, fee, amount = args.get("periods", 0), args.get("fee_minor", 0), int(facts.amount_minor[row])
    if periods < 2 or fee <= 0:
        return NO_PLAN
    quote = quoting.quote_plan(principal_minor=amount, n=periods, fee_total_minor=fee)
    account = int(facts.account_id[row])
    borrower = ledger.find_refs(conn, owner_ids=[account])[account]
    if purpose_of(borrower) is not Purpose.CONSUMPTION:
        return NOT_CONSUMPTION
    consumed_on = from_day(int(facts.value_on[row]))
    scene = merchants.load_scenes().find(paid.scenes[0])
    terms = SubsidyItem(
        consumed_on=consumed_on, amount_minor=amount, rate_ppm=floor_(Fraction(quote.cost.nominal) * PPM),
        field=scene.state_field if scene is not None else "", is_borne_by_consumer=args.get("payer") == PAYER_CONSUMER,
    )  # fmt: skip
    item = f"purchase:{paid.purchase_id}"
    asked = merchants.Registration(
        item=item, borrower=borrower, merchant=paid.merchant, purchase_id=paid.purchase_id,
        terms=terms, evidence=f"payout {paid.key} on the bank's statement",
    )  # fmt: skip
    parts = merchants.plan_parts(item, amount, periods=periods, fee_minor=fee, consumed_on=consumed_on)
    return merchants.register_item(conn, asked, parts, now=now)


def deduct(conn: psycopg.Connection, registry: credit.Registry, *, now: dt.datetime) -> int:
    """Take granted subsidies off what customers owe, each under the key of its wish; how many wishes were taken.

    An account that takes no repayment any more leaves its wish failed, with the code of the refusal: a person looks.
    """
    wishes = run_unit(
        conn, lambda c: take_wishes(c, merchants.DEDUCTION_WISH, DEDUCTED_AT_ONCE, now=now, lease=DEDUCTION_LEASE)
    )
    commands = [
        Repay(
            key=one.key, customer=one.body["customer"], amount_minor=one.body["amount_minor"], source=STATE_SOURCE, reference=one.key
        )
        for one in wishes
    ]  # fmt: skip
    answers = credit.execute(conn, registry, commands, now=now) if commands else []
    for one, answer in zip(wishes, answers, strict=True):
        state = WishState.DONE if answer["outcome"] == "done" else WishState.FAILED
        why = None if state is WishState.DONE else str(answer.get("code"))
        run_unit(conn, lambda c, one=one, state=state, why=why: settle_wish(c, one, state, now=now, error=why))  # type: ignore[misc]
    return len(wishes)
