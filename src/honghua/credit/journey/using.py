"""Steps 6 … 8: a purchase is drawn (held), scanned again and paid out to the shop, and stands in the books. Subject: the order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import psycopg

from honghua.base.errors import NotFound, Refusal
from honghua.credit import store as books_store
from honghua.credit.core.commands import AuthorisePurchase, CapturePurchase, Scene, VoidAuthorisation
from honghua.credit.core.journey import Step
from honghua.credit.journey.asking import Done
from honghua.credit.journey.books import Answer
from honghua.credit.journey.hooks.using import BookingHook, DrawdownHook, PayoutHook
from honghua.credit.journey.setting import JourneySite
from honghua.credit.journey.store import StepRow
from honghua.credit.journey.taking import Taken, Taking, get_contract, make_moment, read_state, take_step
from honghua.funding import api as funding
from honghua.merchants import api as merchants
from honghua.merchants.core import judge_sale
from honghua.store.database import run_unit

WAITING_OUTCOMES = frozenset({"step_up", "review", "delayed"})
SHOWN = (
    "outcome",
    "code",
    "purchase_id",
    "decision_id",
    "suspension_id",
    "reason",
    "reasons",
    "held_minor",
    "expires_on",
)


def draw(
    conn: psycopg.Connection, site: JourneySite, taking: Taking, *, scene: Scene | None = None, now: dt.datetime
) -> Taken:
    """Step 6: the purchase of taking.subject (the order) is judged and held. asked: amount_minor, merchant, category."""
    contract = get_contract(conn, taking.contract_id)
    command = AuthorisePurchase(
        key=f"contract:{contract.contract_id}:draw:{taking.key}", customer=contract.line, order=taking.subject,
        amount_minor=int(taking.asked["amount_minor"]), merchant=str(taking.asked["merchant"]), category=str(taking.asked["category"]),
        scene=scene,
    )  # fmt: skip

    def deed() -> Done:
        closed = judge_sale(
            merchants.find_standings(conn, [command.merchant]).get(command.merchant), command.amount_minor
        )
        if closed is not None:
            return Done(
                decided={"amount_minor": command.amount_minor, "merchant": command.merchant}, refusal=closed.code
            )
        answer = site.books.submit(command)
        decided = {"amount_minor": command.amount_minor} | {name: answer[name] for name in SHOWN if name in answer}
        if answer["outcome"] == "refused":
            return Done(decided=decided, refusal=str(answer["code"]))
        if answer["outcome"] in WAITING_OUTCOMES:
            return Done(decided=decided, referral="PURCHASE_WAITS")
        return Done(decided=decided, account_id=find_account_id(conn, contract.line), fact_id=int(answer["fact_id"]))

    return take_step(conn, DrawdownHook(site), taking, deed, now=now, business_on=books_store.get_business_day(conn))


def pay_out(conn: psycopg.Connection, site: JourneySite, taking: Taking, *, now: dt.datetime) -> Taken:
    """Step 7: after the second scan the hold becomes debt and the shop is paid, once, at once; a bank that is silent is asked again.

    The shop's money goes with its daily settlement where it cannot go at once; `decided["payout"]` says which.
    """
    contract = get_contract(conn, taking.contract_id)
    _, rows = read_state(conn, taking.contract_id)
    drawn = get_drawn(rows, taking.subject)
    business_on = books_store.get_business_day(conn)
    purchase_id = int(drawn.decided["purchase_id"])

    def deed() -> Done:
        capture = CapturePurchase(
            key=f"contract:{contract.contract_id}:capture:{taking.subject}", customer=contract.line, purchase_id=purchase_id,
            amount_minor=int(taking.asked.get("amount_minor", drawn.decided["amount_minor"])),
        )  # fmt: skip
        answer = site.books.submit(capture)
        if answer["outcome"] == "refused":
            return Done(decided={"purchase_id": purchase_id}, refusal=str(answer["code"]))
        account_id = find_account_id(conn, contract.line)
        captured = funding.BoughtOnCredit(
            purchase_id=purchase_id, fact_id=int(answer["fact_id"]), account_id=account_id, principal_minor=capture.amount_minor,
            on=business_on,
        )  # fmt: skip
        route = site.find_route(contract.line, business_on)
        # whose route is in force is shared by the follower of the books, within the route's bounds and quota
        lent = _share(conn, site, captured, now) if route is None else {"lenders": {}, "routed": route.channel}
        paid = _pay_shop(conn, site, f"contract:{contract.contract_id}:payout:{taking.subject}", purchase_id, now)
        decided = {"purchase_id": purchase_id, "captured_minor": capture.amount_minor, **lent, **paid}
        if paid["payout"] in ("refused", "disputed"):
            return Done(
                decided=decided, referral="PAYOUT_FAILED", account_id=account_id, fact_id=int(answer["fact_id"])
            )
        return Done(decided=decided, account_id=account_id, fact_id=int(answer["fact_id"]))

    scanned = site.approver.scan(conn, make_moment(contract, taking, rows, now=now, business_on=business_on))
    return take_step(conn, PayoutHook(scanned), taking, deed, now=now, business_on=business_on)


def _share(conn: psycopg.Connection, site: JourneySite, bought: funding.BoughtOnCredit, now: dt.datetime) -> Answer:
    """Who lends a purchase, by the site's channel; where that breaks the rules in force, we alone."""

    def share(c: psycopg.Connection) -> Answer:
        refused = ""
        for channel in (site.channel, funding.DIRECT):
            made = funding.allocate_purchase(c, bought, channel=channel, now=now)
            if not isinstance(made, Refusal):
                shares = {part.lender: part.principal_minor for part in made.shares}
                return {"lenders": shares} | ({"channel_refused": refused} if refused else {})
            refused = made.code
        return {"lenders": {}, "channel_refused": refused}

    return run_unit(conn, share)


def _pay_shop(conn: psycopg.Connection, site: JourneySite, key: str, purchase_id: int, now: dt.datetime) -> Answer:
    currency = site.registry.newest_terms.currency
    ordered = run_unit(
        conn,
        lambda c: merchants.order_payout(
            c, key=key, purchase_id=purchase_id, business_on=books_store.get_business_day(c), currency=currency, now=now
        ),
    )
    if isinstance(ordered, Refusal):
        return {"payout": "with_settlement", "why": ordered.code, "bank": site.bank.name}
    sent = merchants.send_payout(conn, site.bank, key, now=now)
    return {"payout": str(sent.state), "ordered_minor": sent.amount_minor, "payout_key": key, "bank": site.bank.name}


def book(conn: psycopg.Connection, site: JourneySite, taking: Taking, *, now: dt.datetime) -> Taken:
    """Step 8: what the journal holds of the purchase, and whether the contract's own books balance."""
    contract = get_contract(conn, taking.contract_id)
    _, rows = read_state(conn, taking.contract_id)
    paid = next((row for row in reversed(rows) if (row.step, row.subject) == (Step.PAYOUT, taking.subject)), None)
    if paid is None or paid.fact_id is None:
        raise NotFound("this purchase was not captured", code="PURCHASE_UNKNOWN")

    def deed() -> Done:
        decided = {"purchase_id": paid.decided["purchase_id"], "booked_minor": paid.decided["captured_minor"]}
        return Done(decided=decided, account_id=find_account_id(conn, contract.line), fact_id=paid.fact_id)

    return take_step(conn, BookingHook(site), taking, deed, now=now, business_on=books_store.get_business_day(conn))


def give_back(conn: psycopg.Connection, site: JourneySite, taking: Taking) -> Answer:
    """Void the hold of a purchase whose payout stays refused; the books' answer."""
    contract = get_contract(conn, taking.contract_id)
    _, rows = read_state(conn, taking.contract_id)
    purchase_id = int(get_drawn(rows, taking.subject).decided["purchase_id"])
    key = f"contract:{contract.contract_id}:void:{taking.subject}"
    return site.books.submit(VoidAuthorisation(key=key, customer=contract.line, purchase_id=purchase_id))


def get_drawn(rows: Sequence[StepRow], subject: str) -> StepRow:
    """The drawdown of a purchase; NotFound where it never passed."""
    found = next((r for r in rows if (r.step, r.subject, r.outcome) == (Step.DRAWDOWN, subject, "passed")), None)
    if found is None:
        raise NotFound(f"order {subject!r} was not drawn under this contract", code="PURCHASE_UNKNOWN")
    return found


def find_account_id(conn: psycopg.Connection, customer: str) -> int:
    """The customer's account; NotFound without one."""
    found = books_store.find_account_ids(conn, [customer])
    if customer not in found:
        raise NotFound(f"{customer} has no credit account", code="ACCOUNT_UNKNOWN")
    return found[customer]
