"""What the limits room gives the auditor to look at: applications, second looks, a coupon, a cap, a follower that went by."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import psycopg

from honghua.credit.api import Registry, execute
from honghua.credit.core import commands as c
from honghua.credit.limiting.following import Follower, follow_limits
from honghua.limits import api as limits
from honghua.limits.core import Applicant, LimitTerms, Moment, Rulebook, Scan, Scope


def release_a_rulebook(conn: psycopg.Connection, *, on: dt.date, now: dt.datetime) -> None:
    """ann proposes dearer operations, bo approves and puts them in force, and takes them back."""
    at = Moment(on=on, now=now)
    with conn.transaction():
        book = replace(Rulebook(), terms=LimitTerms(version=2, operations_ppm=30_000))
        made = limits.propose_rulebook(conn, book, limits.Signed("ann", "dearer servers"), now=now)
        said = limits.Signed("bo", "seen the bill")
        limits.review_rulebook(conn, made.release_id, said, approved=True, digest=book.digest.hex(), now=now)
        limits.activate_rulebook(conn, made.release_id, said, at=at, from_on=on)
        limits.roll_back_rulebook(conn, limits.Signed("bo", "not yet"), at=at)


def bind_some(conn: psycopg.Connection, registry: Registry, *, on: dt.date, now: dt.datetime) -> None:
    """hui applies, claims a coupon and buys with it beyond the limit; gao caps the own spending; mia waits for a person and gets one."""
    at, book = Moment(on=on, now=now), Rulebook()
    good = Applicant(
        customer="hui", age_years=40, identity=0.99, has_file=1, income_minor=3_000_000, debt_service_minor=0, lenders=1, worst_24m=0,
        months_known=60, orders_12m=40, dpd_max_24m=0,
    )  # fmt: skip
    release_a_rulebook(conn, on=on, now=now)
    with conn.transaction():
        approved = limits.apply(conn, book, good, key="verify:hui", at=at)
        limits.second_scan(conn, book, approved.application_id, Scan(lenders=1), at=at)
        waiting = limits.apply(
            conn, book, Applicant(customer="mia", age_years=30, identity=0.7, months_known=12), key="verify:mia", at=at
        )
        limits.settle_application(
            conn, book, waiting.application_id, limits.Word(reviewer="rita", approve=True, why="called"), now=now
        )
        wanted = limits.Wanted(
            key="verify:coupon", customer="hui", scope=Scope("fridges", ("appliances",)), amount_minor=50_000, from_on=on,
            until_on=on + dt.timedelta(days=9), taken_minor=1_000_000, coupon="618",
        )  # fmt: skip
        limits.claim(conn, limits.give(conn, wanted, now=now).grant_id, customer="hui", at=at)
    free = int(execute(conn, registry, [fridge("f0", 10_000_000)], now=now)[0]["available_minor"])
    commands = [
        fridge("f1", free + 20_000),
        c.Repay(key="verify:paid", customer="hui", amount_minor=free + 20_000),
        c.SetSpendingCap(key="verify:cap", customer="gao", cap_minor=500_000),
    ]
    answers = execute(conn, registry, commands, now=now)
    assert [answer["outcome"] for answer in answers] == ["approved", "done", "done"], answers
    follow_limits(conn, registry, Follower(), now=now)


def fridge(order: str, amount: int) -> c.BuyNow:
    return c.BuyNow(
        key=f"verify:{order}", customer="hui", amount_minor=amount, merchant="shop", order=order, category="appliances"
    )
