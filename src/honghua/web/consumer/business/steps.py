"""What a customer's business page reads, and the steps of a contract for a business: those of every contract, with the proof there is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from honghua.credit import api as credit
from honghua.credit.core import BUSINESS_PRODUCT, PURPOSES, Purpose, line_of
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import Business, ProofVerdict
from honghua.store.database import run_unit
from honghua.web.consumer.joining import steps
from honghua.web.consumer.joining.steps import Place, Standing

NO_EVIDENCE = customers.Evidence(
    name="", national_id="", phone="", card="", clip=""
)  # a proof that stands asks nobody again


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessView:
    """Everything on the page. account None before the contract; proof: the key of the proven identity, "" where there is none."""

    line: str
    standing: Standing
    proof: str
    business: Business | None
    account: credit.AccountView | None
    goods: tuple[str, ...]


def read_view(
    conn: psycopg.Connection, vault: customers.Vault, registry: credit.Registry, customer: str
) -> BusinessView:
    """What there is of a customer's business line. NotFound for nobody."""
    line = line_of(customer, Purpose.BUSINESS)
    proven = [row.key for row in customers.list_proofs(conn, customer) if row.verdict == ProofVerdict.PROVEN]
    found = customers.find_business(conn, vault, customer)
    return BusinessView(
        line=line,
        standing=steps.read_standing(conn, customer, product=BUSINESS_PRODUCT),
        proof=proven[-1] if proven and customers.is_proven(conn, customer) else "",
        business=None if found is None else found[1],
        account=credit.find_account_view(conn, registry, line),
        goods=tuple(sorted(PURPOSES.business | PURPOSES.either)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An application for the business line: for which business, how much, and the proof of identity that there is."""

    business: Business
    asked_minor: int
    proof: str


def apply(
    conn: psycopg.Connection, site: journey.JourneySite, customer: str, wish: Wish, *, now: dt.datetime
) -> Standing:
    """Steps 2 … 4, as far as they go; a form sent twice takes each once. conn is outside a transaction."""

    def begin(c: psycopg.Connection) -> None:
        customers.write_business(c, site.vault, customer, wish.business, said_by=customer, now=now)
        if not steps.list_of(c, customer, product=BUSINESS_PRODUCT):
            key = f"web:{customer}:{BUSINESS_PRODUCT}"
            journey.begin_contract(c, customer, product=BUSINESS_PRODUCT, key=key, now=now)

    run_unit(conn, begin)
    standing = steps.read_standing(conn, customer, product=BUSINESS_PRODUCT)
    if standing.place is Place.IDENTITY:
        taking = standing.taking(journey.Step.PROOFING, proof=wish.proof)
        journey.prove_identity(conn, site, taking, NO_EVIDENCE, now=now)
        standing = steps.read_standing(conn, customer, product=BUSINESS_PRODUCT)
    if standing.place is Place.APPLICATION:
        steps.apply(conn, site, standing, wish.asked_minor, now=now)
        standing = steps.read_standing(conn, customer, product=BUSINESS_PRODUCT)
    if standing.place is Place.APPROVAL:
        steps.judge(conn, site, standing, now=now)
        standing = steps.read_standing(conn, customer, product=BUSINESS_PRODUCT)
    return standing
