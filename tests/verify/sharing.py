"""Loans shared with partners and a subsidy of the state in the book, so that their checks have work."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.base.errors import Refusal
from honghua.credit.api import get_business_day
from honghua.facts.kinds import FactKind
from honghua.funding import api as funding
from honghua.funding.core import FundingBase, MovementKind
from honghua.ledger.api import find_refs
from honghua.merchants import api as merchants
from honghua.merchants.core import SubsidyItem
from honghua.store.database import run_unit


def agree_to(conn: psycopg.Connection, customer: str, *channels: str, now: dt.datetime) -> None:
    """The customer signs a contract for each channel: the lenders that it names may share what they buy. In any transaction."""
    with conn.transaction():
        for channel in channels:
            document = f"contract of {customer}: {channel}"
            funding.name_in_contract(conn, document=document, customer=customer, channel=channel, now=now)
            funding.sign_named(conn, document, now=now)


def lend_together(conn: psycopg.Connection, *, now: dt.datetime) -> None:
    """A loan of three lenders that earns, is refunded and partly lost; an item whose interest the state bears in part."""
    today = get_business_day(conn)

    def share(c: psycopg.Connection) -> None:
        base = FundingBase(on=today, tier1_minor=10**12, loans_minor=10**13)
        funding.report_base(c, base, source="the book of this test", now=now)
        made = funding.allocate(c, loan="L1", channel="joint-three", principal_minor=100_001, on=today, now=now)
        assert not isinstance(made, Refusal)
        assert len(made.shares) == 3
        for kind, minor in (
            (MovementKind.INTEREST, 1_001),
            (MovementKind.REFUND, 30_000),
            (MovementKind.INTEREST_BACK, 301),
            (MovementKind.PRINCIPAL, 10_000),
            (MovementKind.WRITE_OFF, 20_000),
            (MovementKind.RECOVERY, 5_000),
        ):
            event = funding.LoanEvent(key=f"L1:{kind}", loan="L1", kind=kind, amount_minor=minor, on=today)
            funding.record(c, event, now=now)
        bought = c.execute(
            "SELECT purchase_id, fact_id, account_id, amount_minor FROM store_fact WHERE kind = %s ORDER BY fact_id DESC LIMIT 1",
            [FactKind.PURCHASE_CAPTURED],
        ).fetchone()
        assert bought is not None
        one = funding.BoughtOnCredit(
            purchase_id=bought[0], fact_id=bought[1], account_id=bought[2], principal_minor=bought[3], on=today
        )
        (customer,) = find_refs(c, owner_ids=[one.account_id]).values()
        agree_to(c, customer, "joint-p03", "joint-p04", now=now)
        shared = funding.allocate_purchase(c, one, channel="joint-p03", now=now)
        assert isinstance(shared, funding.Allocation)
        assert len(shared.shares) == 2

    run_unit(conn, share)
    run_unit(conn, lambda c: funding.follow_books(c, now=now))
    run_unit(conn, lambda c: sell(c, today=today, now=now))
    systems = {
        "p01": funding.FakePartner("p01", 1),
        "p02": funding.FakePartner("p02", 2),
        "p03": funding.FakePartner("p03", 3),
        "p04": funding.FakePartner("p04", 4),
    }
    assert all(not one.differences for one in funding.reconcile_all(conn, systems, until=today, now=now))
    settle_lenders(conn, today=today, now=now)
    run_unit(conn, lambda c: subsidise(c, today=today, now=now))


def settle_lenders(conn: psycopg.Connection, *, today: dt.date, now: dt.datetime) -> None:
    """What they are due is paid and collected, and the bank's statement ends it."""
    bank = funding.FakeLenderBank(1, now.date())
    run_unit(conn, lambda c: funding.order_settlements(c, until=today, currency="CNY", now=now))
    assert funding.send_settlements(conn, bank, now=now)["moved"] >= 3
    bank.close_day()
    (read,) = funding.read_statements(conn, bank, now=now + dt.timedelta(days=1))
    assert read.differences == {}


def sell(conn: psycopg.Connection, *, today: dt.date, now: dt.datetime) -> None:
    """The third partner sells what it has to the fourth."""
    wish = funding.Proposal(seller="p03", buyer="p04", price_ppm=990_000, agreement="SALE-1")
    made = funding.propose_transfer(conn, wish, person="ann", why="it leaves", now=now)
    assert isinstance(made, funding.Transfer)
    funding.decide_transfer(conn, made.transfer_id, approve=True, person="bob", why="agreed", now=now)
    assert funding.transfer_page(conn, made.transfer_id, on=today, now=now).sold == 1
    assert funding.transfer_page(conn, made.transfer_id, on=today, now=now).is_last


def subsidise(conn: psycopg.Connection, *, today: dt.date, now: dt.datetime) -> None:
    """One item, granted twice and partly refunded."""
    bought = dt.date(2026, 1, 5)
    terms = SubsidyItem(consumed_on=bought, amount_minor=3_650_000, rate_ppm=150_000)
    asked = merchants.Registration(
        item="tv", borrower="anna", merchant="shop", purchase_id=1, terms=terms, evidence="payout of the purchase"
    )
    parts = merchants.plan_parts("tv", 3_650_000, periods=3, fee_minor=83_950, consumed_on=bought)
    assert not isinstance(merchants.register_item(conn, asked, parts, now=now), Refusal)
    assert merchants.settle_subsidies(conn, business_on=today, currency="CNY", now=now) == 2
    assert merchants.refund_subsidy(conn, "tv", 365_000, key="refund 1", books=(today, "CNY"), now=now) > 0


def file_return(conn: psycopg.Connection, *, now: dt.datetime) -> None:
    """The month of those is reported."""
    today = get_business_day(conn)
    month = dt.date(2026, 3, 1)
    filed = run_unit(
        conn, lambda c: merchants.file_return(c, month, business_on=today, person="ann", now=now)
    )  # fmt: skip
    assert filed.granted_minor > 0 > filed.taken_back_minor
