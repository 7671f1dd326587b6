"""People and a merchant in the book: a campaign that pays, two settlements, one customer who left, so that their checks have work."""

from __future__ import annotations

import datetime as dt

import psycopg

from honghua.credit.api import get_business_day
from honghua.customers import api as customers
from honghua.lab.profiles import api as profiles
from honghua.merchants import api as merchants
from honghua.merchants.core import Asked, Draft
from honghua.store.database import run_unit

LOSING = 3  # a seed that loses the order whose fee the platform pays
ZONE = dt.timezone(dt.timedelta(hours=8))
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)


def offer_instalments(conn: psycopg.Connection, *, key: str, fee_minor: int, now: dt.datetime) -> None:
    """A campaign of the shop, and the fee of jun's purchase kept free under its key."""
    draft = Draft(
        merchant="shop", name="new year", periods=(3,), starts_at=now - dt.timedelta(days=1), ends_at=now + dt.timedelta(days=9),
        budget_minor=10 * fee_minor, holdout_ppm=0,
    )  # fmt: skip
    asked = Asked(merchant="shop", customer="jun", category="general", amount_minor=60_000, at=now, zone=ZONE)

    def work(c: psycopg.Connection) -> None:
        _, problems = merchants.start_campaign(c, draft, made_by="ann", offered=(3,), now=now)
        assert problems == ()
        (offer,) = merchants.find_offers(c, asked)
        assert merchants.reserve(c, offer, asked, key=key, plan=(3, fee_minor))

    run_unit(conn, work)


def settle_merchants(conn: psycopg.Connection, *, now: dt.datetime) -> None:
    """Up to the day before the business date, and paid out."""
    merchants.catch_up_wholly(conn, now=now)
    today = get_business_day(conn)
    prove_orders(conn, today, now=now)
    merchants.catch_up_wholly(conn, now=now)
    day = today - dt.timedelta(days=1)
    merchants.settle_closed_day(conn, day, business_on=today, currency="CNY", now=now)
    bank = merchants.FakePayoutBank(1, day=merchants.bank_day(now), label=f" {today}")
    merchants.pay_out(conn, bank, now=now)
    bank.close_day()
    merchants.reconcile_days(conn, bank, business_on=today, now=now + dt.timedelta(days=1))


def prove_orders(conn: psycopg.Connection, today: dt.date, *, now: dt.datetime) -> None:
    """Half of the orders are real; of the others the platform's money is withheld, and a person finds that the oldest never was one."""
    books, late = merchants.Books(today, "CNY"), now + dt.timedelta(days=20)
    looked = merchants.look_at_orders(conn, merchants.FakeEvidenceSource(LOSING, {"lost": 0.5}), books, now=late)
    flagged = merchants.list_flagged(conn)
    if not looked.orders or any(row.decided_by for row in flagged):
        return
    oldest = min(row.purchase_id for row in flagged if row.platform_minor == 0)
    found = merchants.Finding(is_real=False, person="rita", why="nobody lives there")
    run_unit(conn, lambda c: merchants.say_of_order(c, oldest, found, books, now=late))
    newest = max(row.purchase_id for row in flagged if row.purchase_id != oldest)
    for person in ("rita", "sam"):
        seen = merchants.Finding(is_real=True, person=person, why="the customer showed it")
        run_unit(conn, lambda c, seen=seen: merchants.say_of_order(c, newest, seen, books, now=late))  # type: ignore[misc]
    assert merchants.get_order(conn, newest).state == "proved"


def meet_people(conn: psycopg.Connection, *, now: dt.datetime) -> None:
    """Two customers give their numbers; one leaves for good."""

    def work(c: psycopg.Connection) -> None:
        customers.register(c, VAULT, "13800138000", now=now, customer="anna")
        gone = customers.register(c, VAULT, "13800138001", now=now)
        customers.erase_person(c, gone, last_dealt_on=None, now=now)
        profiles.forget_person(c, gone, now=now)

    run_unit(conn, work)
