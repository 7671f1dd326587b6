"""Who will lend is named in the contract, before consent, as the routing in force has it for this very customer (R-234)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg
import pytest

from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.funding import api as funding
from honghua.funding.core import FundingBase, parse_routings, place_customer
from honghua.funding.invariants import check_funding
from honghua.store.database import run_unit
from tests.verify.contracts import make_site, meet_kim, sign_contract
from tests.verify.sharing import agree_to

DAY = dt.date(2026, 1, 5)
NOW = dt.datetime(2026, 1, 5, 2, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)


def make_routings(*days_and_shares: tuple[dt.date, str, int]) -> tuple[funding.Routing, ...]:
    rows = [
        {
            "effective_on": day,
            "source": "test",
            "route": [{"channel": channel, "share_ppm": share, "quota_day_minor": 10**9, "named_in": "clause 5"}],
        }
        for day, channel, share in days_and_shares
    ]
    return parse_routings(rows, channels=funding.load_book().channels, source="test")


@pytest.fixture
def site(conn: psycopg.Connection) -> journey.JourneySite:
    credit.start_book(conn, day=DAY)
    return make_site(conn, credit.open_registry(conn), VAULT, now=NOW)


def test_the_lenders_of_the_route_in_force_are_named_before_consent(
    conn: psycopg.Connection, site: journey.JourneySite
) -> None:
    number = meet_kim(conn, site, now=NOW)
    alone = journey.write_contract(conn, site, number)
    assert alone.lender == site.lender
    place = place_customer("kim")
    begun, later = DAY, DAY + dt.timedelta(days=9)
    routed = replace(site, routings=make_routings((begun, "joint-three", place + 1), (later, "joint-p04", 1_000_000)))
    text = journey.write_contract(conn, routed, number)
    partners = funding.name_lenders("joint-three")
    assert len(partners) == 3
    assert text.lender == "、".join(one.brand for one in partners)
    (clause,) = [words for title, words in text.clauses if title == "五、共同出资"]
    assert all(one.name in clause and one.brand in clause and one.reporter in clause for one in partners)
    assert not any(one.name in clause for one in funding.name_lenders("joint-p04")[1:]), "that routing is not in force"
    assert text.digest() != alone.digest(), "what is signed says who lends"

    missed = replace(site, routings=make_routings((begun, "joint-three", place)))  # one place short of kim
    future = replace(site, routings=make_routings((later, "joint-three", 1_000_000)))
    for other in (missed, future):
        assert journey.write_contract(conn, other, number) == alone


def test_only_lenders_that_a_signed_contract_names_share_what_its_customer_buys(conn: psycopg.Connection) -> None:
    credit.start_book(conn, day=DAY)
    registry = credit.open_registry(conn)
    base = FundingBase(on=DAY, tier1_minor=10**12, loans_minor=10**12)
    run_unit(conn, lambda k: funding.report_base(k, base, source="test", now=NOW))
    opened = c.OpenAccount(key="o", customer="before", limit_minor=900_000)  # when nobody routed anything
    credit.execute(conn, registry, [opened], now=NOW)
    sign_contract(conn, registry, VAULT, now=NOW, routings=make_routings((DAY, "joint-three", 1_000_000)))
    assert funding.find_named(conn, ["kim", "before"]) == {"kim": {"p01", "p02"}}

    def buy(customer: str, order: str) -> str:
        wish = c.BuyNow(key=order, customer=customer, amount_minor=10_000, merchant="M", order=order, category="books")
        (answer,) = credit.execute(conn, registry, [wish], now=NOW)
        return f"purchase:{answer['purchase_id']}:{answer['fact_id']}"

    def follow(channel: str) -> tuple[int, int]:
        routings = make_routings((DAY, channel, 1_000_000))
        done = run_unit(conn, lambda k: funding.follow_books(k, routings=routings, now=NOW))
        return done.shared, done.unnamed

    loans = [buy("kim", "k1"), buy("before", "b1")]
    assert follow("joint-three") == (1, 1)
    buy("kim", "k2")
    assert follow("joint-p04") == (0, 1), "a routing of later has other lenders than the contract"
    run_unit(
        conn,
        lambda k: funding.name_in_contract(k, document="d", customer="before", channel="joint-p04", now=NOW),
    )
    buy("before", "b2")
    assert follow("joint-p04") == (0, 1), "shown is not signed"
    assert run_unit(conn, lambda k: funding.sign_named(k, "d", now=NOW))
    loans.append(buy("before", "b3"))
    assert follow("joint-p04") == (1, 0), "what was bought before is not shared afterwards"
    shares = [funding.get_allocation(conn, loan).shares for loan in (loans[0], loans[2])]
    assert [[one.lender for one in mine] for mine in shares] == [["own", "p01", "p02"], ["own", "p04"]]
    assert [check for check in check_funding(conn) if not check.ok] == []


def test_a_channel_with_one_lender_too_many_is_shared_without_it(conn: psycopg.Connection) -> None:
    credit.start_book(conn, day=DAY)
    registry = credit.open_registry(conn)
    base = FundingBase(on=DAY, tier1_minor=10**12, loans_minor=10**12)
    run_unit(conn, lambda k: funding.report_base(k, base, source="test", now=NOW))
    opened = c.OpenAccount(key="o", customer="li", limit_minor=900_000)
    wish = c.BuyNow(key="b", customer="li", amount_minor=10_000, merchant="M", order="b", category="books")
    _, answer = credit.execute(conn, registry, [opened, wish], now=NOW)
    agree_to(conn, "li", "joint-p01", now=NOW)
    three = make_routings((DAY, "joint-three", 1_000_000))
    run_unit(conn, lambda k: funding.follow_books(k, routings=three, now=NOW))
    made = funding.get_allocation(conn, f"purchase:{answer['purchase_id']}:{answer['fact_id']}")
    assert [(one.lender, one.principal_minor) for one in made.shares] == [("own", 6_500), ("p01", 3_500)]
    assert made.reasons == ("p02: is not named in the customer's contract",)
