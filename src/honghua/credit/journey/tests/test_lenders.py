"""Who will lend is named in the contract, before consent, as the routing in force has it for this very customer (R-234)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg
import pytest

from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.funding import api as funding
from honghua.funding.core import parse_routings, place_customer
from tests.verify.contracts import make_site, meet_kim

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
