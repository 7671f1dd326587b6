"""Coupons and offers by hand: two persons, within what risk approved, and nothing binds before the customer's yes."""

from __future__ import annotations

import psycopg
import pytest

from honghua.credit import api as credit
from honghua.limits import api as limits
from honghua.store.database import run_unit
from honghua.web.desk.giving import book
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.roles import Role
from honghua.web.tests.doors import open_account

ANN, BO, CHEN = "安", "博", "陈"


@pytest.fixture
def people(site):
    """Two whom risk assessed with room above their limits, one who was never assessed."""
    for name in (ANN, BO, CHEN):
        open_account(site, name, limit_minor=100_000)

    def work(conn: psycopg.Connection) -> None:
        for name, ceiling in ((ANN, 180_000), (BO, 130_000)):
            limits.assess(conn, name, ceiling, reason="APPLICATION", lenders=1, now=site.clock.now())

    with site.pool.connection() as conn:
        run_unit(conn, work)
    return site


def ask(site, browser, **more):
    form = {"kind": "coupon", "customers": f"{ANN}\n {BO} \n{CHEN}\n", "amount": "500", "why": "spring", "name": "bikes",
            "until_on": "2030-01-01", "categories": "e-bikes", "merchants": "", **more}  # fmt: skip
    return browser.send(site, "/desk/giving", **form)


def only(site):
    (found,) = read(site, lambda conn: book.list_givings(conn, is_waiting=True, limit=9))
    return found


def test_a_coupon_is_asked_by_one_given_by_another_and_taken_by_its_customer(people, browser):
    site = people
    enter(browser, site, Role.STRATEGIST, "sam")
    assert "Nothing waits." in browser.get("/desk/giving").text
    assert "number" in follow(browser, ask(site, browser))
    asked = only(site)
    own = follow(browser, browser.send(site, f"/desk/giving/{asked.giving_id}/decide", word="grant", why="mine"))
    assert "SAME_PERSON" in own
    with pytest.raises(psycopg.errors.CheckViolation), site.pool.connection() as conn:
        conn.execute(
            "UPDATE web_giving SET state = 'granted', decided_by = asked_by, decided_at = now(), decided_why = 'x'"
        )
    assert read(site, lambda conn: limits.list_grants(conn, ANN)) == []
    enter(browser, site, Role.OPERATIONS, "otto")
    assert "give a reason" in follow(
        browser, browser.send(site, f"/desk/giving/{asked.giving_id}/decide", word="grant", why="")
    )
    page = follow(browser, browser.send(site, f"/desk/giving/{asked.giving_id}/decide", word="grant", why="fits"))
    assert "1 of 3 have it" in page
    assert page.count("HEADROOM_SHORT") == 2, "one has too little room, one was never assessed"
    (coupon,) = read(site, lambda conn: limits.list_grants(conn, ANN))
    assert (coupon.amount_minor, coupon.state.value, coupon.scope.categories) == (50_000, "issued", ("e-bikes",))
    again = follow(browser, browser.send(site, f"/desk/giving/{asked.giving_id}/decide", word="grant", why="again"))
    assert "GIVING_DECIDED" in again
    assert len(read(site, lambda conn: limits.list_grants(conn, ANN))) == 1
    enter(browser, site, Role.AUDITOR, "eve")
    page = browser.get("/desk/giving").text
    assert "1 of 3 have it" in page
    assert "<form" not in page.partition("<main")[2].partition("</main")[0]


def test_a_raise_is_an_offer_within_the_ceiling(people, browser):
    site = people
    enter(browser, site, Role.OPERATIONS, "otto")
    raise_ = {"kind": "raise", "amount": "1500", "name": "", "until_on": "", "categories": ""}
    assert "number" in follow(browser, ask(site, browser, **raise_))
    number = only(site).giving_id
    enter(browser, site, Role.STRATEGIST, "sam")
    page = follow(browser, browser.send(site, f"/desk/giving/{number}/decide", word="grant", why="grown"))
    assert page.count("LIMIT_BEYOND_CEILING") == 2
    today = read(site, credit.get_business_day)
    (offer,) = read(site, lambda conn: limits.list_offers(conn, ANN, on=today))
    assert (offer.kind, offer.amount_minor, offer.state) == ("fixed", 150_000, "open")
    view = read(site, lambda conn: credit.find_account_view(conn, site.registry, ANN))
    assert view.limit.fixed_minor == 100_000, "nothing moved before the yes"
    enter(browser, site, Role.OPERATIONS, "otto")
    follow(browser, ask(site, browser, **raise_, customers=ANN))
    enter(browser, site, Role.STRATEGIST, "sam")
    refused = follow(
        browser, browser.send(site, f"/desk/giving/{only(site).giving_id}/decide", word="refuse", why="no")
    )
    assert "Refused." in refused
    assert len(read(site, lambda conn: limits.list_offers(conn, ANN, on=today))) == 1


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({"customers": "nobody"}, "no account of nobody"),
    ({"customers": f"{ANN}\n{ANN}"}, "each once"),
    ({"customers": ""}, "Please"),
    ({"amount": "0"}, "Please"),
    ({"until_on": "yesterday"}, "Please"),
    ({"until_on": "2001-01-01"}, "that day is over"),
    ({"categories": ""}, "categories or merchants"),
    ({"kind": "gold"}, "Please"),
    ({"why": " "}, "Please"),
)


def test_what_makes_no_sense_is_told_at_its_field(people, browser):
    enter(browser, people, Role.STRATEGIST, "sam")
    for wrong, said in WRONG:
        answer = ask(people, browser, **wrong)
        assert answer.status_code == 422, wrong
        assert said in answer.text
    assert read(people, lambda conn: book.list_givings(conn, is_waiting=True, limit=9)) == []
    today = read(people, credit.get_business_day)
    assert "number" in follow(browser, ask(people, browser, until_on=today.isoformat())), "the last day may be today"
    assert only(people).until_on == today
