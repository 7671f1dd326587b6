"""A customer from all sides: account, bills, plans, purchases, decisions, suspensions, ties and the person, masked until asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.base.errors import HonghuaError, NotFound
from honghua.credit import api as credit
from honghua.customers import api as customers
from honghua.customers.core import Field
from honghua.decision import api as decision
from honghua.ledger import api as ledger
from honghua.ledger.core import OwnerKind
from honghua.web.desk.acts import DeskAct, list_acts
from honghua.web.desk.drawing import draw, refused, told
from honghua.web.desk.risk.naming import FeedRow, name_rows
from honghua.web.ground import Site, site_of
from honghua.web.roles import Role
from honghua.web.ui.forms import read_form
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/customers")
SHOWN: Final = 50
DECISIONS: Final = 25
HISTORY: Final = 60
TIE_DAYS: Final = 90
# For what each role may read somebody's data in the clear; the law's own duties need somebody else's page.
PURPOSES: Final[dict[Role, tuple[customers.Purpose, ...]]] = {
    Role.CARE: (customers.Purpose.CARE, customers.Purpose.IDENTITY_CHECK, customers.Purpose.DISPUTE),
    Role.COLLECTOR: (customers.Purpose.COLLECTION, customers.Purpose.IDENTITY_CHECK),
    Role.REVIEWER: (customers.Purpose.FRAUD_REVIEW, customers.Purpose.IDENTITY_CHECK),
}


@dataclass(frozen=True, slots=True)
class Customer:
    """Everything about one customer."""

    account: credit.AccountView
    statements: tuple[credit.StatementView, ...]
    history: tuple[credit.HistoryItem, ...]
    decisions: tuple[FeedRow, ...]
    suspensions: tuple[Any, ...]
    ties: tuple[credit.Tie, ...]
    listed: tuple[decision.ShownEntry, ...]
    masked: dict[Field, str]
    accesses: tuple[customers.AccessRow, ...]
    acts: tuple[DeskAct, ...]


@router.get("", name="desk.customers")
async def search(request: Request, *, q: str = Query("", max_length=200)) -> Response:
    """Find a customer by the reference; the first of all without one."""
    wanted = q.strip()

    def read(conn: psycopg.Connection) -> list[ledger.OwnerView]:
        found = ledger.list_owners(conn, ref=wanted or None, limit=SHOWN * 4)
        return [one for one in found if one.kind is OwnerKind.CREDIT_ACCOUNT][:SHOWN]

    return await draw(request, "desk/customers.html", owners=await site_of(request).read(read), q=wanted)


@router.get("/{customer}", name="desk.customer")
async def show(request: Request, customer: str) -> Response:
    """One customer."""
    site = site_of(request)
    found = await site.read(lambda conn: find_customer(conn, site, customer))
    if found is None:
        raise NotFound(f"{customer!r} has no credit account", code="ACCOUNT_UNKNOWN")
    return await draw(request, "desk/customer.html", one=found, purposes=purposes_of(request), clear=None)


@router.post("/{customer}/reveal", name="desk.customer_reveal")
async def reveal(request: Request, customer: str) -> Response:
    """Show the personal fields in the clear, once, for a purpose that is written down with the reader's name."""
    form = await read_form(request)
    site, person = site_of(request), viewer_of(request).subject
    allowed = {purpose.value for purpose in purposes_of(request)}
    purpose = form.choice("purpose", allowed)
    if not form.is_good:
        return told(request, "desk.customer", "desk.purpose_needed", tone="bad", customer=customer)
    access = customers.Access(person, customers.Purpose(purpose))
    try:
        clear = await site.write(
            lambda conn: customers.reveal(conn, site.vault, customer, list(Field), access, now=site.clock.now())
        )
    except HonghuaError as error:
        return refused(request, "desk.customer", error, customer=customer)
    found = await site.read(lambda conn: find_customer(conn, site, customer))
    if found is None:
        raise NotFound(f"{customer!r} has no credit account", code="ACCOUNT_UNKNOWN")
    return await draw(request, "desk/customer.html", one=found, purposes=purposes_of(request), clear=clear)


def purposes_of(request: Request) -> tuple[customers.Purpose, ...]:
    """For what this person may ask."""
    found = [purpose for role in sorted(viewer_of(request).roles) for purpose in PURPOSES.get(role, ())]
    return tuple(dict.fromkeys(found))


def find_customer(conn: psycopg.Connection, site: Site, customer: str) -> Customer | None:
    """All sides of a customer; None for one without an account."""
    account = credit.find_account_view(conn, site.registry, customer)
    if account is None:
        return None
    now = site.clock.now()
    judged = decision.list_judged(conn, decision.FeedFilter(account_id=account.account_id), limit=DECISIONS)
    ties = credit.list_ties(conn, account.account_id, since=now - dt.timedelta(days=TIE_DAYS), until=now)
    listed = [
        e
        for e in decision.list_entries(conn, name=None, now=now, limit=20_000)
        if (e.entity, e.label) == ("customer", customer)
    ]
    masked = customers.show_masked(conn, site.vault, customer)
    return Customer(
        account, tuple(credit.list_statements(conn, site.registry, customer, limit=24)),
        tuple(reversed(credit.list_history(conn, site.registry, customer, limit=HISTORY))), tuple(name_rows(conn, judged.rows)),
        tuple(credit.list_suspensions(conn, account.account_id, limit=20)), tuple(ties), tuple(listed), masked,
        tuple(customers.list_access(conn, customer)) if masked else (), tuple(list_acts(conn, subject=f"customer {customer}")),
    )  # fmt: skip


__all__ = ["router"]
