"""A partner that leaves is bought out even over a bound: written down with each loan, told once, and nothing new is shared over it."""

from __future__ import annotations

import datetime as dt

from honghua.base.errors import Refusal
from honghua.decision.api import deliver_alerts, list_alerts
from honghua.funding import api as funding
from honghua.funding.core import OWN, FundingBase
from honghua.funding.core.transferring import CONCENTRATION
from honghua.funding.invariants import check_funding
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 1)
TIGHT = FundingBase(on=DAY, tier1_minor=200_000, loans_minor=10**9)  # 50,000 of ours may be out with one partner


def buy_back(c, seller):
    wish = funding.Proposal(seller=seller, buyer=OWN, price_ppm=1_000_000, agreement="EXIT-1")
    made = funding.propose_transfer(c, wish, person="ann", why="the agreement ended", now=NOW)
    assert isinstance(made, funding.Transfer)
    funding.decide_transfer(c, made.transfer_id, approve=True, person="bob", why="as agreed", now=NOW)
    page = funding.transfer_page(c, made.transfer_id, on=DAY, now=NOW)
    funding.transfer_page(c, made.transfer_id, on=DAY, now=NOW)
    return made.transfer_id, page


def test_whoever_leaves_is_bought_out(conn):
    def lend(c, loan):
        made = funding.allocate(c, loan=loan, channel="joint-three", principal_minor=100_000, on=DAY, now=NOW)
        assert not isinstance(made, Refusal)
        return [share.lender for share in made.shares]

    def begin(c):
        funding.report_base(c, TIGHT, source="test", now=NOW)
        return lend(c, "L")

    seller = run_unit(conn, begin)[1]
    kept, page = run_unit(conn, lambda c: buy_back(c, seller))
    assert (page.sold, page.kept) == (0, 1), "while it stays, the bound holds"
    assert funding.count_kept(conn, kept) == [(CONCENTRATION, 1)]
    assert deliver_alerts(conn, now=NOW) == 0
    run_unit(conn, lambda c: funding.act_on_partner(c, seller, "exit", person="ann", why="agreed", now=NOW))
    over, page = run_unit(conn, lambda c: buy_back(c, seller))
    assert (page.sold, page.kept) == (1, 0)
    assert funding.count_over(conn, over) == [(CONCENTRATION, 1)]
    assert deliver_alerts(conn, now=NOW) == 1
    (told,) = run_unit(conn, list_alerts)
    assert CONCENTRATION in told.sentence
    assert "the agreement ended" in told.sentence
    assert run_unit(conn, lambda c: lend(c, "M")) == [OWN], "nothing new is shared while the bound is passed"
    assert (
        run_unit(conn, lambda c: funding.act_on_partner(c, seller, "end", person="ann", why="over", now=NOW)) == "ended"
    )
    assert [check for check in check_funding(conn) if not check.ok] == []
