"""Lenders at the desk: who sees what, rows that differ are shown, a sale takes two persons and is refused in words."""

from __future__ import annotations

import datetime as dt

from honghua.base.errors import Refusal
from honghua.credit import api as credit
from honghua.funding import api as funding
from honghua.funding.core import FundingBase
from honghua.store.database import run_unit
from honghua.web.desk.acts import list_acts
from honghua.web.desk.rights import RIGHTS
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.roles import DESK_READERS, Role
from honghua.web.tests.doors import NOON, open_account

PAGE = "/desk/lenders"


def lend(site):
    """Two loans with the first partner, told to its books on the day before the business date; it got one amount wrong."""
    open_account(site, "李雷")
    with site.pool.connection() as conn:
        today = run_unit(conn, credit.get_business_day)
        day = today - dt.timedelta(days=1)
        base = FundingBase(on=day, tier1_minor=10**12, loans_minor=10**13)

        def share(c):
            funding.report_base(c, base, source="test", now=NOON)
            for loan, channel in (("L1", "joint-p01"), ("L2", "joint-p01"), ("L3", "joint-p02")):
                funding.allocate(c, loan=loan, channel=channel, principal_minor=1_000_00, on=day, now=NOON)

        run_unit(conn, share)
        wrong = funding.FakePartner("p01", seed=1, faults={"changes_amount": 1.0})
        run = funding.reconcile(conn, wrong, "p01", day, now=NOON)
    assert run.differences == {"amount": 2}
    return day


def test_the_page_for_who_may_see_it_in_both_languages(site, browser):
    for role in sorted(DESK_READERS):
        for language in ("zh", "en"):
            enter(browser, site, role, "ann")
            browser.cookies.set("honghua_language", language)
            assert browser.get(PAGE).status_code == (200 if role in RIGHTS["desk.lenders"] else 403)
    enter(browser, site, Role.AUDITOR, "eve")
    page = browser.get(PAGE).text
    assert "No loan is shared with anybody yet" in page
    assert "No day was looked at yet" in page
    assert "<button" not in page.split("<main")[1]
    for path in (f"{PAGE}/act", f"{PAGE}/breach", f"{PAGE}/transfers", f"{PAGE}/transfers/1/decide"):
        assert browser.send(site, path, why="I may not").status_code == 403


def test_rows_that_differ_are_shown_until_both_books_agree(site, browser):
    day = lend(site)
    enter(browser, site, Role.AUDITOR, "eve")
    page = browser.get(PAGE).text
    assert "2 days of partners do not agree yet" in page, "one differs, one was not looked at"
    for words in ("L1:lent", "another amount or event", "CN¥650.00", "CN¥650.01", "not looked at", "示范01银行"):
        assert words in page
    with site.pool.connection() as conn:
        systems = {name: funding.FakePartner(name, seed=2) for name in ("p01", "p02")}
        assert all(not one.differences for one in funding.reconcile_all(conn, systems, until=day, now=NOON))
    page = browser.get(PAGE).text
    assert "0 differences" in page
    assert "another amount or event" not in page


def test_a_partner_leaves_by_a_sale_that_another_person_allows(site, browser):
    lend(site)
    enter(browser, site, Role.OPERATIONS, "otto")
    acted = browser.send(site, f"{PAGE}/act", lender="p01", act="exit", why="agreed")
    assert "leaving" in follow(browser, acted)
    ended = browser.send(site, f"{PAGE}/act", lender="p01", act="end", why="agreed")
    assert "PARTNER_HAS_LOANS" in follow(browser, ended)
    sale = {"seller": "p01", "buyer": "own", "price": "98.5", "agreement": "SALE-7", "why": "it leaves"}
    for wrong in (
        {"price": "much"},
        {"price": "201"},
        {"price": "1.00001"},
        {"price": "NaN"},
        {"buyer": "p01"},
        {"why": ""},
    ):
        answer = browser.send(site, f"{PAGE}/transfers", **{**sale, **wrong})
        assert answer.status_code == 422, wrong
    assert "TRANSFER_EMPTY" in follow(browser, browser.send(site, f"{PAGE}/transfers", **{**sale, "seller": "p05"}))
    page = follow(browser, browser.send(site, f"{PAGE}/transfers", **sale))
    assert "No. 1: 示范01银行 → 红花消费金融" in page
    assert "98.5%" in page
    assert "Allow</button>" not in page, "not one's own"
    own_word = browser.send(site, f"{PAGE}/transfers/1/decide", decision="approve", why="me too")
    assert "TWO_PERSONS" in follow(browser, own_word)
    enter(browser, site, Role.STRATEGIST, "ann")
    assert "Allow</button>" in browser.get(PAGE).text
    page = follow(browser, browser.send(site, f"{PAGE}/transfers/1/decide", decision="approve", why="agreed"))
    assert "under way" in page
    with site.pool.connection() as conn:
        today = run_unit(conn, credit.get_business_day)
        while not run_unit(conn, lambda c: funding.transfer_page(c, 1, on=today, now=NOON)).is_last:
            pass
    page = browser.get(PAGE).text
    assert "2 parts sold, principal CN¥1,300.00, price CN¥1,280.50; 0 kept" in page
    enter(browser, site, Role.OPERATIONS, "otto")
    assert "ended" in follow(browser, browser.send(site, f"{PAGE}/act", lender="p01", act="end", why="nothing is out"))
    outcomes = [one.outcome for one in read(site, lambda conn: list_acts(conn, subject="partner p01"))]
    assert outcomes == ["done", "done", "refused", "done"], "newest first: end, proposal, end too early, exit"


def test_a_breach_is_a_warning_or_with_the_duty_s_number_suspension(site, browser):
    lend(site)
    enter(browser, site, Role.OPERATIONS, "otto")
    wish = {"lender": "p02", "duty": "funds late", "why": "two days"}
    for wrong in ({"duty": "was rude"}, {"lender": "own"}, {"why": " "}):
        assert "Please give a reason" in follow(browser, browser.send(site, f"{PAGE}/breach", **{**wish, **wrong}))
    assert read(site, lambda conn: funding.list_acts(conn, "p02")) == []
    page = follow(browser, browser.send(site, f"{PAGE}/breach", **wish))
    assert "a warning; the partner stands where it stood" in page
    assert "suspended</span>" not in page
    page = follow(browser, browser.send(site, f"{PAGE}/breach", **{**wish, "why": "a week"}))
    assert "the partner is suspended" in page
    assert all(words in page for words in ("suspended</span>", "breach: funds late", "two days", "a week", "otto"))
    base = read(site, credit.get_business_day)
    with site.pool.connection() as conn:
        work = {"loan": "L9", "channel": "joint-p02", "principal_minor": 1_000_00, "on": base, "now": NOON}
        shared = run_unit(conn, lambda c: funding.allocate(c, **work))
    assert not isinstance(shared, Refusal)
    assert all(part.lender != "p02" for part in shared.shares), "a partner that is suspended lends nothing new"
    page = follow(browser, browser.send(site, f"{PAGE}/breach", **{**wish, "duty": "charged the borrower"}))
    assert "a warning; the partner stands where it stood" in page, "it is suspended already"
    assert [act.outcome for act in read(site, lambda conn: list_acts(conn, subject="partner p02"))] == ["done"] * 3
