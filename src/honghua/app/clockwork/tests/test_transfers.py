"""Loans that change lenders: to the cent, told to everybody, with the journal untouched, and the old lender out for good."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from honghua.app.clockwork.funding import make_follower, make_reconciler, make_seller
from honghua.app.clockwork.tests.test_shared_purchases import EVERYBODY, FIRST, NOW, Town, make_routings
from honghua.base.errors import BadInput, NotFound, Refusal
from honghua.credit import core as c
from honghua.funding import api as funding
from honghua.funding.core import OWN, FundingBase, MovementKind, Standing
from honghua.funding.invariants import check_funding
from honghua.store.database import run_unit
from tests.verify.sharing import agree_to

THREE = make_routings({"channel": "joint-three"})


class Market:
    """A town whose purchases are lent by three, and people who sell their parts."""

    def __init__(self, conn, seed, *, base=None):
        self.conn = conn
        self.town = Town(conn, seed, people=4, **({} if base is None else {"base": base}))
        for name in self.town.names:
            agree_to(conn, name, "joint-three", now=NOW)

    def live(self, steps=4):
        for _ in range(steps):
            self.town.buy(3)
            self.town.hold()
            self.town.disturb()
            self.town.disturb()
        self.follow()

    def follow(self):
        make_follower(THREE)(self.conn, NOW)

    def propose(self, seller="p01", buyer=OWN, price_ppm=1_000_000, person="ann"):
        wish = funding.Proposal(seller=seller, buyer=buyer, price_ppm=price_ppm, agreement="SALE-1")
        return run_unit(self.conn, lambda x: funding.propose_transfer(x, wish, person=person, why="it leaves", now=NOW))

    def decide(self, number, *, approve=True, person="bob"):
        return run_unit(
            self.conn,
            lambda x: funding.decide_transfer(x, number, approve=approve, person=person, why="agreed", now=NOW),
        )

    def page(self, number, limit):
        return run_unit(self.conn, lambda x: funding.transfer_page(x, number, on=FIRST, now=NOW, limit=limit))

    def sell(self, seller="p01", buyer=OWN, *, limit=30, **more):
        made = self.propose(seller, buyer, **more)
        assert isinstance(made, funding.Transfer), made
        assert self.decide(made.transfer_id).word == "approve"
        while not self.page(made.transfer_id, limit).is_last:
            self.assert_sound()
        return run_unit(self.conn, lambda x: funding.get_transfer(x, made.transfer_id))

    def parts(self):
        rows = self.conn.execute(
            "SELECT loan, lender, share_ppm, outstanding_minor, written_off_minor, earned_minor FROM funding_position"
        )
        return {(loan, lender): tuple(rest) for loan, lender, *rest in rows}

    def act(self, lender, act):
        return run_unit(
            self.conn, lambda x: funding.act_on_partner(x, lender, act, person="ann", why="agreed", now=NOW)
        )

    def journal(self):
        """Every byte of the journal and its balances."""
        digest = hashlib.sha256()
        for table in ("ledger_entry", "ledger_balance", "ledger_seal"):
            rows = self.conn.execute(f"SELECT t::text FROM {table} AS t ORDER BY t::text".encode())
            for (row,) in rows:
                digest.update(row.encode())
        return digest.hexdigest()

    def assert_sound(self):
        assert [check for check in check_funding(self.conn) if not check.ok] == []


def wholes(parts: dict[tuple[str, str], tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """loan -> the sums of all its parts."""
    found: dict[str, tuple[int, ...]] = {}
    for (loan, _), row in parts.items():
        found[loan] = tuple(map(sum, zip(found.get(loan, (0,) * len(row)), row, strict=True)))
    return found


def test_a_partner_leaves_its_loans_are_bought_back_and_life_goes_on_without_it(conn):
    market = Market(conn, 11)
    market.live()
    before, journal, first = market.parts(), market.journal(), funding.read_exposures(conn)
    assert market.act("p01", "exit") is Standing.EXITING
    done = market.sell(price_ppm=985_000)
    after = market.parts()
    assert market.journal() == journal
    assert wholes(after) == wholes(before)
    assert done.kept == 0
    assert done.sold == sum(lender == "p01" for _, lender in before) > 10
    assert done.principal_minor == sum(row[1] for (_, lender), row in before.items() if lender == "p01") > 0
    assert abs(done.price_minor - done.principal_minor * 0.985) <= done.sold / 2
    assert {row for (_, lender), row in after.items() if lender == "p01"} == {(0, 0, 0, 0)}
    bought = [loan for loan, lender in before if lender == "p01"]
    for loan in bought:
        for k in range(4):
            assert after[loan, OWN][k] == before[loan, OWN][k] + before[loan, "p01"][k], (
                "ours is what it was and what p01 had"
            )
    own = sum(after[loan, OWN][1] for loan, lender in after if lender == "p02")
    assert {group: minor for group, minor in funding.read_exposures(conn).items() if minor} == {"p02": own}
    assert first["p01"] > 0
    assert market.act("p01", "end") is Standing.ENDED

    told = conn.execute("SELECT count(*) FROM funding_movement WHERE lender = 'p01'").fetchone()
    for _ in range(8):  # refunds, repayments and reversals of what was repaid before the sale
        market.town.disturb()
    market.town.buy(3)
    market.follow()
    market.assert_sound()
    assert conn.execute("SELECT count(*) FROM funding_movement WHERE lender = 'p01'").fetchone() == told
    assert wholes(market.parts()) != wholes(after), "something did happen to these loans"
    systems = {lender: funding.FakePartner(lender, seed=3) for lender in ("p01", "p02")}
    assert make_reconciler(systems)(conn, NOW).endswith(" 0 do not agree yet")
    assert all(not one.differences for one in funding.reconcile_all(conn, systems, until=FIRST, now=NOW))
    kinds = {row.what.split()[-1]: row.amount_minor for row in systems["p01"].books[FIRST]}
    assert {"sold", "price_got"} <= kinds.keys()


def test_a_sale_to_another_partner_goes_as_far_as_contracts_and_bounds_let_it(conn):
    base = FundingBase(on=FIRST, tier1_minor=2_000_000, loans_minor=10**13)
    market = Market(conn, 12, base=base)
    everybody = [code for code, one in funding.load_book().channels.items() if one.partners == ("p03",)]
    full = 900_000  # of which a half is ours: not much more of the quarter of tier 1 is left for loans with p03
    run_unit(
        conn, lambda x: funding.allocate(x, loan="big", channel=everybody[0], principal_minor=full, on=FIRST, now=NOW)
    )
    named, other = market.town.names[0], market.town.names[1]
    agree_to(conn, named, *everybody, now=NOW)
    market.town.names = [named, other]
    for _ in range(12):
        market.town.buy(3)
    market.follow()
    journal = market.journal()
    done = market.sell("p01", "p03", limit=9)
    assert market.journal() == journal
    why = dict(sorted(funding.count_kept(conn, done.transfer_id), reverse=True))
    assert done.kept == sum(why.values())
    assert set(why) == {
        "the customer's contract does not name the buyer", "a partner's concentration would exceed its share of our capital",
    }  # fmt: skip
    assert 450_000 < funding.read_exposures(conn)["p03"] <= 500_000
    held = conn.execute(
        "SELECT DISTINCT p.customer FROM funding_position JOIN funding_purchase AS p USING (loan) WHERE lender = 'p03'"
    ).fetchall()
    assert held == [(named,)]
    ours = market.sell("p01", OWN)  # what we buy grows with the third lender, which is as concentrated as it may be
    assert (ours.sold + ours.kept, dict(funding.count_kept(conn, ours.transfer_id))) == (
        done.kept,
        {list(why)[1]: ours.kept},
    )
    rest = market.sell("p01", "p02")  # and so the third lender takes it: our own part does not grow
    assert (rest.sold, rest.kept) == (ours.kept, 0)
    assert market.act("p01", "exit") is Standing.EXITING
    assert market.act("p01", "end") is Standing.ENDED
    third = market.sell("p03", "p02")  # a part may be sold on, also to somebody who has one of the loan
    assert third.sold + third.kept == done.sold + 1
    market.town.disturb()
    market.follow()
    market.assert_sound()


def test_earnings_after_a_sale_are_the_buyers(conn):
    market = Market(conn, 13)
    market.town.names = market.town.names[:1]
    market.town.buy(3)
    market.follow()
    name, loan, _ = market.town.bought[0]

    def record(kind, minor, key):
        event = funding.LoanEvent(key=key, loan=loan, kind=kind, amount_minor=minor, on=FIRST - dt.timedelta(days=3))
        return run_unit(conn, lambda x: funding.record(x, event, now=NOW))

    from_before = record(MovementKind.INTEREST, 1_001, "before")
    assert from_before["p01"] > 0
    market.sell()
    told = record(MovementKind.INTEREST_BACK, 500, "back")
    assert "p01" not in told
    assert sum(told.values()) == 500
    revenue = conn.execute("SELECT party, amount_minor FROM funding_revenue WHERE key = 'back'").fetchall()
    assert {party for party, _ in revenue} == {OWN, "p02", "platform"}
    day = conn.execute("SELECT DISTINCT day FROM funding_movement WHERE key = 'back'").fetchall()
    assert day == [(FIRST,)], "what is told late counts from the sale on, for who holds the loan now"
    market.assert_sound()
    assert name in market.town.names


def test_a_sale_needs_two_persons_and_makes_sense(conn):
    market = Market(conn, 14)
    assert market.propose().code == "TRANSFER_EMPTY"
    market.live(2)
    made = market.propose()
    assert market.propose().code == "TRANSFER_OPEN"
    own_word = market.decide(made.transfer_id, person="ann")
    assert isinstance(own_word, Refusal)
    assert own_word.code == "TWO_PERSONS"
    assert run_unit(conn, funding.list_approved) == []
    assert market.decide(made.transfer_id, approve=False).word == "reject"
    assert market.decide(made.transfer_id).code == "TRANSFER_DECIDED"
    assert make_seller(None)(conn, NOW) == "0 parts of loans sold, 0 kept, 0 customers told by message"
    assert market.propose(seller=OWN, buyer="p01").code == "TRANSFER_OWN"
    market.act("p02", "suspend")
    assert market.propose(buyer="p02").code == "TRANSFER_BUYER"
    for wrong in ({"buyer": "p01"}, {"buyer": "nobody"}):
        with pytest.raises(NotFound):
            market.propose(**wrong)
    with pytest.raises(BadInput):
        market.propose(price_ppm=-1)
    market.assert_sound()


def test_each_customer_is_told_once_and_a_page_that_fails_moves_nothing(conn):
    market = Market(conn, 15)
    market.live(3)
    made = market.propose()
    market.decide(made.transfer_id)
    before = market.parts()

    def fails(x):
        assert funding.transfer_page(x, made.transfer_id, on=FIRST, now=NOW, limit=3).sold == 3
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        run_unit(conn, fails)
    assert market.parts() == before
    market.page(made.transfer_id, 3)
    run_unit(
        conn, lambda x: funding.allocate(x, loan="a", channel="joint-p01", principal_minor=50, on=FIRST, now=NOW)
    )  # lent meanwhile, and before the place by its name
    told = make_seller(None)(conn, NOW)
    assert told.endswith("0 kept, 0 customers told by message")
    assert run_unit(conn, lambda x: funding.get_transfer(x, made.transfer_id)).done_at == NOW
    assert {row for (_, lender), row in market.parts().items() if lender == "p01"} == {(0, 0, 0, 0)}
    buyers = {name for name, loan, _ in market.town.bought if (loan, "p01") in before}
    for name in market.town.names:
        notices = funding.list_notices(conn, [name], limit=10)
        assert len(notices) == (name in buyers)
        assert all("示范01银行" in one.chinese and "红花消费金融" in one.chinese for one in notices)
    again = c.BuyNow(key="z", customer=market.town.names[0], amount_minor=5, merchant="M", order="z", category="books")
    assert market.town.do([again])[0]["outcome"] == "approved"
    make_follower(EVERYBODY)(conn, NOW)
    market.assert_sound()
