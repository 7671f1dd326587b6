"""Transfers: all parts of one lender go to another, or to us, so that a partner can leave; proposed by one person, allowed by another.

What one loan moves, what each lender is told and what the customer is told are one transaction, page by page: killed at any moment, it
goes on. The journal knows nothing of it: the customer owes what they owed, to the same account.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.base.errors import BadInput, NotFound, Refusal
from honghua.decision.api import Told, raise_alert
from honghua.funding import store, store_following, store_reached
from honghua.funding import store_transfers as rows
from honghua.funding.core.agreements import OWN
from honghua.funding.core.bounds import Standing, choose_rules
from honghua.funding.core.transferring import OfferedLoan, Sale, SalePlan, plan_sale
from honghua.funding.lending import load_book
from honghua.funding.naming import find_named
from honghua.funding.store_transfers import HeldPart, Transfer, TransferNotice
from honghua.ledger import api as ledger

LOANS_AT_ONCE: Final = 500
PRICE_PPM_MAX: Final = 2_000_000
Send = Callable[[psycopg.Connection, TransferNotice, dt.datetime], object]


@dataclass(frozen=True, slots=True)
class TransferPage:
    """One page. told: customers who hear of it now; is_last: every loan was looked at."""

    sold: int
    kept: int
    told: tuple[TransferNotice, ...]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A sale of all parts of a lender. price_ppm: of the principal out; agreement: the number of the contract of sale."""

    seller: str
    buyer: str
    price_ppm: int
    agreement: str


def propose_transfer(
    conn: psycopg.Connection, wish: Proposal, *, person: str, why: str, now: dt.datetime
) -> Transfer | Refusal:
    """Put a sale before a second person; in the caller's transaction. BadInput for a price or words that make no sense.

    Refused: our own part is not sold (joint loans need it), a buyer that may not lend, nothing to sell, or a sale of the seller is open.
    """
    partners = load_book().partners
    if wish.seller not in partners or wish.buyer not in partners or wish.seller == wish.buyer:
        raise NotFound(f"no sale from {wish.seller!r} to {wish.buyer!r}", code="PARTNER_UNKNOWN")
    if not 0 <= wish.price_ppm <= PRICE_PPM_MAX:
        raise BadInput(f"a price is 0 … {PRICE_PPM_MAX // 10_000} % of the principal", code="PRICE_INVALID")
    if not person.strip() or not why.strip() or not wish.agreement.strip():
        raise BadInput("say who you are, why, and under which agreement", code="REASON_MISSING")
    if wish.seller == OWN:
        return Refusal("TRANSFER_OWN", "Our own part of a joint loan is not sold: at least 30 % of it stays with us.")
    standing = store.read_standings(conn).get(wish.buyer, Standing.ACTIVE)
    if wish.buyer != OWN and standing is not Standing.ACTIVE:
        return Refusal("TRANSFER_BUYER", f"The buyer is {standing.value}: it takes no new loans.")
    rows.lock_seller(conn, wish.seller)
    if rows.list_open(conn, seller=wish.seller):
        return Refusal("TRANSFER_OPEN", "Another transfer of this lender is not over yet.")
    if not rows.sum_held(conn, wish.seller)[0]:
        return Refusal("TRANSFER_EMPTY", "This lender holds no part of any loan.")
    number = rows.insert_transfer(
        conn,
        {
            "seller": wish.seller, "buyer": wish.buyer, "price_ppm": wish.price_ppm, "agreement": wish.agreement, "person": person,
            "why": why, "now": now,
        },
    )  # fmt: skip
    return get_transfer(conn, number)


def decide_transfer(
    conn: psycopg.Connection, transfer_id: int, *, approve: bool, person: str, why: str, now: dt.datetime
) -> Transfer | Refusal:
    """The second person's word; in the caller's transaction. Refused for the person who proposed it, and once it is decided."""
    if not person.strip() or not why.strip():
        raise BadInput("say who you are and why", code="REASON_MISSING")
    rows.lock_seller(conn, get_transfer(conn, transfer_id).seller)
    known = get_transfer(conn, transfer_id)
    if known.word:
        return Refusal("TRANSFER_DECIDED", "This transfer was decided before.")
    if known.person == person:
        return Refusal("TWO_PERSONS", "Whoever proposes a transfer does not decide it.")
    rows.insert_word(conn, transfer_id, "approve" if approve else "reject", said=(person, why), now=now)
    return get_transfer(conn, transfer_id)


def get_transfer(conn: psycopg.Connection, transfer_id: int) -> Transfer:
    """One transfer; NotFound."""
    found = rows.find_transfer(conn, transfer_id)
    if found is None:
        raise NotFound(f"no transfer {transfer_id}", code="TRANSFER_UNKNOWN")
    return found


def list_approved(conn: psycopg.Connection) -> list[int]:
    """Transfers that are allowed and not over, the oldest first."""
    return [one.transfer_id for one in rows.list_open(conn) if one.word == "approve"]


def transfer_page(
    conn: psycopg.Connection, transfer_id: int, *, on: dt.date, now: dt.datetime, limit: int = LOANS_AT_ONCE
) -> TransferPage:
    """Move the next loans of an approved transfer, as of the business date; in the caller's transaction.

    The follower of the books waits meanwhile. What it learns later of a day before this one counts from this one, for who holds the loan
    then. Loans that the law or the customer's contract does not let go stay where they are, each with its reason; those of a lender that
    leaves come back to us whatever the bounds say, and a breach is told.
    """
    store_following.lock_cursor(conn)
    after, is_over = rows.lock_run(conn, transfer_id)
    transfer = get_transfer(conn, transfer_id)
    loans = [] if is_over else rows.list_held(conn, transfer, after=after, limit=limit)
    if not loans and after and not is_over:  # what was lent meanwhile may stand before the place
        loans = rows.list_held(conn, transfer, after="", limit=limit)
    if not loans:
        if not is_over:
            rows.end_run(conn, transfer_id, now=now)
        return TransferPage(0, 0, (), is_last=True)
    store.lock_loans(conn, loans)
    accounts = rows.list_accounts(conn, loans)
    refs = ledger.find_refs(conn, owner_ids=sorted(set(accounts.values())))
    plan = _plan(conn, transfer, loans, {loan: refs.get(account, "") for loan, account in accounts.items()}, on)
    group = "" if transfer.buyer == OWN else load_book().partners[transfer.buyer].group
    rows.move_parts(conn, transfer, plan.sold, group=group, day=on, now=now)
    rows.keep_parts(conn, transfer_id, plan.kept)
    if plan.over:
        _tell_breach(conn, transfer, plan, now=now)
    store.save_exposures(conn, plan.grown)
    rows.move_run(conn, transfer_id, plan.sold, len(plan.kept), after_loan=loans[-1])
    touched = sorted({accounts[one.loan] for one in plan.sold if one.loan in accounts})
    store_reached.mark(conn, [(account, on) for account in touched])
    to = [(account, refs[account]) for account in touched if account in refs]
    told = rows.insert_notices(conn, transfer_id, to, say_transfer(transfer, on), now=now)
    return TransferPage(len(plan.sold), len(plan.kept), tuple(told), is_last=False)


def _tell_breach(conn: psycopg.Connection, transfer: Transfer, plan: SalePlan, *, now: dt.datetime) -> None:
    """A buy-back at an exit that passes a bound: kept with each loan, told to people once a transfer and bound."""
    rows.insert_over(conn, transfer.transfer_id, plan.over)
    for bound in sorted({one.why for one in plan.over}):
        sentence = f"{bound}: bought back all the same, since {transfer.seller} leaves ({transfer.why}); nothing new is shared over it"
        key = f"funding_over:{transfer.transfer_id}:{bound}"
        raise_alert(conn, Told("funding", key, transfer.seller, sentence, now), now=now)


def _plan(
    conn: psycopg.Connection, transfer: Transfer, loans: Sequence[str], customers: dict[str, str], on: dt.date
) -> SalePlan:
    """What of these loans may go; their parts and the exposures are locked from here on."""
    partners = load_book().partners
    group = "" if transfer.buyer == OWN else partners[transfer.buyer].group
    exposures = store.lock_exposures(conn, sorted({*store.list_groups(conn, loans), *([group] if group else [])}))
    parts: dict[str, list[HeldPart]] = {}
    for part in rows.lock_parts(conn, loans):
        parts.setdefault(part.loan, []).append(part)
    named = find_named(conn, sorted(set(customers.values())))
    rules = choose_rules(on)
    assert not isinstance(rules, Refusal), "the loans were shared under rules of an earlier day"
    standing = store.read_standings(conn).get(transfer.seller, Standing.ACTIVE)
    sale = Sale(
        seller=transfer.seller, buyer=transfer.buyer, buyer_group=group, price_ppm=transfer.price_ppm,
        is_exit=standing is Standing.EXITING,
    )  # fmt: skip
    offered = [
        OfferedLoan(
            loan=loan, part=next(one.position for one in mine if one.position.lender == transfer.seller),
            holders={one.position.lender: one.group for one in mine},
            own_minor=sum(one.position.outstanding_minor for one in mine if one.position.lender == OWN),
            is_named=transfer.buyer in named.get(customers.get(loan, ""), frozenset()),
        )
        for loan, mine in sorted(parts.items())
    ]  # fmt: skip
    return plan_sale(sale, offered, exposures=exposures, base=store.find_base(conn, on), rules=rules)


def say_transfer(transfer: Transfer, on: dt.date) -> tuple[str, str]:
    """(Chinese, English): what the customer is told, without whom the new lender could not ask for anything (Civil Code 546)."""
    partners = load_book().partners
    seller, buyer = partners[transfer.seller], partners[transfer.buyer]
    chinese = (
        f"债权转让通知:自{on}起,您账户中由{seller.name}({seller.brand})出资的部分债权转让给{buyer.name}({buyer.brand})"
        f"。您的应还金额、费率、还款日和还款方式均不变,无需任何操作;今后该部分由新的债权人(征信报送机构 {buyer.reporter})报送。"
    )
    english = (
        f"Notice of transfer: from {on} on, the part of your debt that {seller.name} ({seller.brand}) lent belongs to {buyer.name}"
        f" ({buyer.brand}). What you owe, its price, your days and your ways to pay stay as they are; you need not do anything."
        f" The new lender reports its part under {buyer.reporter}."
    )
    return chinese, english


__all__ = [
    "LOANS_AT_ONCE", "Proposal", "Send", "Transfer", "TransferNotice", "TransferPage", "decide_transfer", "get_transfer", "list_approved",
    "propose_transfer", "say_transfer", "transfer_page",
]  # fmt: skip
