"""A contract in the book: offered, proven, applied for, approved, read and signed; its account opened by it and nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import psycopg

from honghua.credit import core as c
from honghua.credit.api import Registry, execute, get_business_day
from honghua.credit.core import BUSINESS_PRODUCT
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import Business, ConsentKind, Profile, Sector, find_check_digit, find_licence_check
from honghua.funding.api import Routing
from honghua.merchants.api import FakePayoutBank
from honghua.store.database import run_unit

FRONT = "11010519900307451"
LICENCE_FRONT = "92110105MA0054321"
READ_MS = 20_000


class Books:
    """The book of the test."""

    def __init__(self, conn: psycopg.Connection, registry: Registry, now: dt.datetime) -> None:
        self.conn, self.registry, self.now = conn, registry, now

    def submit(self, command: c.Command) -> dict[str, Any]:
        return execute(self.conn, self.registry, [command], now=self.now)[0]


def make_site(
    conn: psycopg.Connection, registry: Registry, vault: customers.Vault, *, now: dt.datetime,
    approver: journey.Approver | None = None,
) -> journey.JourneySite:  # fmt: skip
    """What the journey stands on, with fakes that do not fail."""
    books = Books(conn, registry, now)
    return journey.JourneySite(
        vault=vault,
        identity=customers.IdentityCheck(vault=vault, provider=customers.FakeIdentityProvider(1)),
        books=books,
        evidence=journey.CountedEvidence(registry, books),
        registry=registry,
        bank=FakePayoutBank(1),
        approver=approver or journey.StartingApprover(vault=vault),
    )


def meet_kim(conn: psycopg.Connection, site: journey.JourneySite, *, now: dt.datetime) -> int:
    """A person who agreed to everything, and the number of a contract just begun."""

    def work(k: psycopg.Connection) -> int:
        customers.publish_texts(k, now=now)
        customers.register(k, site.vault, "13900139000", now=now, customer="kim")
        said = [
            customers.Said(kind=text.kind, version=text.version, is_given=True, read_ms=READ_MS)
            for text in customers.list_texts(k)
        ]
        customers.say(k, "kim", said, channel="test", now=now)
        suited = Profile(is_adult=True, is_student=False, income_minor=900_000, debt_service_minor=0, lenders=0)
        customers.write_profile(k, site.vault, "kim", suited, said_by="kim", now=now)
        return journey.begin_contract(k, "kim", product="huabei", key="kim", now=now)

    return run_unit(conn, work)


def make_evidence() -> customers.Evidence:
    number = FRONT + find_check_digit(FRONT)
    return customers.Evidence(
        name="金示例", national_id=number, phone="13900139000", card="6222021234567890123", clip="clip", device="d", address="a"
    )  # fmt: skip


def sign_contract(
    conn: psycopg.Connection, registry: Registry, vault: customers.Vault, *, now: dt.datetime,
    approver: journey.Approver | None = None, routings: tuple[Routing, ...] = (),
) -> tuple[journey.JourneySite, int]:  # fmt: skip
    """Steps 1 … 5 of kim."""
    site = replace(make_site(conn, registry, vault, now=now, approver=approver), routings=routings)
    contract_id = meet_kim(conn, site, now=now)

    def taking(step: journey.Step, **asked: Any) -> journey.Taking:
        return journey.Taking(contract_id=contract_id, step=step, key=step.name, asked=asked)

    offer = customers.Offer(name="new year", channel="message", key="offer to kim")
    steps = [
        journey.offer_credit(conn, site, contract_id, offer, now=now),
        journey.prove_identity(conn, site, taking(journey.Step.PROOFING, proof="kim"), make_evidence(), now=now),
        journey.apply_for_credit(conn, site, taking(journey.Step.APPLICATION, asked_minor=300_000), now=now),
        journey.approve(conn, site, taking(journey.Step.APPROVAL), now=now),
    ]
    run_unit(conn, lambda k: customers.bind_device(k, "kim", bytes(range(32)), proof_key="kim", now=now))
    shown = journey.show_contract(conn, site, contract_id, read_seconds=10, now=now)
    later = now + dt.timedelta(milliseconds=READ_MS)
    signing = taking(journey.Step.CONTRACT)
    steps.append(
        journey.sign_contract(conn, site, signing, shown_digest=shown.shown_digest, read_ms=READ_MS, now=later)
    )
    assert [getattr(step, "outcome", step) for step in steps] == ["passed"] * 5, steps
    assert get_business_day(conn) == steps[-1].business_on  # type: ignore[union-attr]
    return site, contract_id


def sign_business(conn: psycopg.Connection, registry: Registry, site: journey.JourneySite, *, now: dt.datetime) -> None:
    """Steps 2 … 5 of the line for kim's business, what it buys for the trade, and a shop of kim's own."""
    cafe = Business(
        name="示例小馆", licence=LICENCE_FRONT + find_licence_check(LICENCE_FRONT), sector=Sector.CATERING, takings_minor=8_000_000,
        shops=("kims-cafe",),
    )  # fmt: skip
    number = run_unit(conn, lambda k: begin_business(k, site, cafe, now=now))

    def taking(step: journey.Step, by: str = journey.SYSTEM, **asked: Any) -> journey.Taking:
        return journey.Taking(contract_id=number, step=step, key=f"{step.name} {by}", asked=asked, decided_by=by)

    steps = [
        journey.prove_identity(conn, site, taking(journey.Step.PROOFING, proof="kim"), make_evidence(), now=now),
        journey.apply_for_credit(conn, site, taking(journey.Step.APPLICATION, asked_minor=300_000), now=now),
        journey.approve(conn, site, taking(journey.Step.APPROVAL), now=now),
        journey.approve(conn, site, taking(journey.Step.APPROVAL, by="ann"), now=now),
    ]
    shown = journey.show_contract(conn, site, number, read_seconds=10, now=now)
    signing = taking(journey.Step.CONTRACT)
    later = now + dt.timedelta(milliseconds=READ_MS)
    steps.append(
        journey.sign_contract(conn, site, signing, shown_digest=shown.shown_digest, read_ms=READ_MS, now=later)
    )
    assert [getattr(step, "outcome", step) for step in steps] == ["passed"] * 2 + ["referred"] + ["passed"] * 2, steps
    orders = [
        c.BuyNow(key=f"trade {goods}", customer="kim~business", order=goods, amount_minor=30_000, merchant="shop", category=goods)
        for goods in ("stock", "freight")
    ]  # fmt: skip
    assert {answer["outcome"] for answer in execute(conn, registry, orders, now=later)} == {"approved"}


def begin_business(conn: psycopg.Connection, site: journey.JourneySite, business: Business, *, now: dt.datetime) -> int:
    """A contract of the business product, with what its owner says of the business."""
    customers.write_business(conn, site.vault, "kim", business, said_by="kim", now=now)
    return journey.begin_contract(conn, "kim", product=BUSINESS_PRODUCT, key="kim business", now=now)


def withdraw(conn: psycopg.Connection, customer: str, kind: ConsentKind, *, now: dt.datetime) -> None:
    """Take a yes back."""
    run_unit(
        conn,
        lambda k: customers.say(
            k, customer, [customers.Said(kind=kind, version=1, is_given=False)], channel="test", now=now
        ),
    )
