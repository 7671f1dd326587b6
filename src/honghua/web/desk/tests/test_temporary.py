"""Batches of temporary limits on the desk: two persons, undone before the start; and the job that offers them looks again."""

from __future__ import annotations

import datetime as dt

import numpy as np

from honghua.allocation.api import solve
from honghua.app.clockwork.temporary import check_turns, make_offerer
from honghua.credit import api as credit
from honghua.limits import api as limits
from honghua.limits.response import api as response
from honghua.store.database import run_unit
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.roles import Role
from honghua.web.tests.doors import open_account

PEOPLE = ("安", "博", "陈")
TERMS = response.CampaignTerms(margin_ppm=50_000, loss_minor=10, drawn_minor=10, asking_minor=1, marketing_minor=10)


def propose(site, name="618"):
    solved = solve(np.zeros((3, 1)), np.zeros((3, 1, 1), np.int64), np.array([1], np.int64))
    allotment = response.Allotment(np.array([10_000, 20_000, 0]), np.array([0, 0, 6], np.int8), solved)

    def work(conn):
        today = credit.get_business_day(conn)
        batch = response.Batch(name=name, from_on=today, until_on=today + dt.timedelta(days=20), terms=TERMS, told={})
        signed = limits.Signed("sam", "the feast")
        return response.propose_temporary(conn, batch, allotment, PEOPLE, signed, now=site.clock.now())

    with site.pool.connection() as conn:
        return run_unit(conn, work)


def test_two_persons_and_undoing_before_the_start(site, browser):
    enter(browser, site, Role.STRATEGIST, "sam")
    assert "No temporary limits were proposed yet." in browser.get("/desk/temporary").text
    row = propose(site)
    page = browser.get("/desk/temporary").text
    assert "waits for approval" in page
    assert "2 of 3 customers chosen" in page
    assert "would be expected to lose more than it earns" in page
    place, digest = f"/desk/temporary/{row.campaign_id}/answer", row.digest.hex()
    assert "SAME_PERSON" in follow(browser, browser.send(site, place, word="approve", why="mine", digest=digest))
    enter(browser, site, Role.OPERATIONS, "otto")
    assert "give a reason" in follow(browser, browser.send(site, place, word="approve", why="", digest=digest))
    assert "DIGEST_DIFFERS" in follow(browser, browser.send(site, place, word="approve", why="ok", digest="0" * 64))
    assert "Approved: 618." in follow(browser, browser.send(site, place, word="approve", why="ok", digest=digest))
    assert "Nothing had gone out." in follow(browser, browser.send(site, place, word="end", why="no", digest=digest))
    assert "TEMPORARY_ANSWERED" in follow(browser, browser.send(site, place, word="approve", why="ok", digest=digest))
    assert read(site, lambda conn: limits.get_temporary(conn, row.campaign_id)).state == "undone"


def test_the_job_looks_at_each_customer_again(site):
    for name in PEOPLE:
        open_account(site, name, limit_minor=100_000)
    row = propose(site, "double 11")
    now = site.clock.now()
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: response.answer_temporary(
            c, row.campaign_id, limits.Signed("otto", "ok"), approved=True, digest=row.digest.hex(), now=now))  # fmt: skip
        assert "nothing is offered" in make_offerer(None)(conn, now)
        assert make_offerer(site.secrets)(conn, now) == "0 temporary limits offered, 2 customers left out"
        assert limits.count_reasons(conn, row.campaign_id)[1] == {"NO_CONSENT": 2}
        conn.rollback()
        assert make_offerer(site.secrets)(conn, now) == "nothing to offer"
        codes = run_unit(conn, lambda c: check_turns(
            c, site.registry, site.secrets.vault, [("安", 10_000)], on=credit.get_business_day(c)))  # fmt: skip
    assert codes == {"安": "NO_CONSENT"}
