"""A shared loan from the purchase to the recovery: at each step the lenders' parts are the whole, and the whole is what the books say."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.app.clockwork.funding import make_follower, make_reconciler
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.eod import close_until
from honghua.funding import api as funding
from honghua.funding.core import FundingBase
from honghua.funding.invariants import check_funding
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.database import run_unit
from tests.verify.sharing import agree_to

FIRST = dt.date(2026, 2, 2)
NOW = dt.datetime(2026, 2, 2, 4, tzinfo=dt.UTC)
PRINCIPAL = (Component.PRINCIPAL_UNBILLED, Component.PRINCIPAL_BILLED, Component.PRINCIPAL_INSTALMENT)


class Books:
    """A customer's account whose purchases may be shared, and what is held against it after each step."""

    def __init__(self, conn, database):
        self.conn, self.database = conn, database
        credit.start_book(conn, day=FIRST)
        self.registry = credit.open_registry(conn)
        self.do(c.OpenAccount(key="o", customer="li", limit_minor=9_000_000))
        self.account = ledger.list_owners(conn, ref="li")[0].owner_id
        self.loans = []
        agree_to(conn, "li", "joint-three", "joint-p01", "joint-p02", now=NOW)
        base = FundingBase(on=FIRST, tier1_minor=10**12, loans_minor=10**12)
        run_unit(conn, lambda x: funding.report_base(x, base, source="test", now=NOW))

    def do(self, command):
        answer = credit.execute(self.conn, self.registry, [command], now=NOW)[0]
        assert answer["outcome"] in ("done", "approved"), answer
        return answer

    def buy(self, key, amount, *, channel=None, periods=0):
        plan = c.Instalments(periods=periods, payer=1) if periods else None
        bought = self.do(
            c.BuyNow(
                key=key, customer="li", amount_minor=amount, merchant="M", order=key, category="books", instalments=plan
            )
        )  # fmt: skip
        purchase = (int(bought["purchase_id"]), int(bought["fact_id"]))
        if channel is not None:
            self.share(purchase, amount, channel)
        return purchase

    def share(self, purchase, amount, channel):
        one = self.bought(purchase, amount)
        made = run_unit(self.conn, lambda x: funding.allocate_purchase(x, one, channel=channel, now=NOW))
        assert isinstance(made, funding.Allocation)
        assert len(made.shares) >= 2, made.reasons
        again = run_unit(self.conn, lambda x: funding.allocate_purchase(x, one, now=NOW))
        assert isinstance(again, funding.Allocation)
        assert (again.shares, again.channel) == (made.shares, channel)
        self.loans.append(purchase)

    def bought(self, purchase, amount):
        return funding.BoughtOnCredit(
            purchase_id=purchase[0], fact_id=purchase[1], account_id=self.account, principal_minor=amount, on=FIRST
        )

    def pass_days(self, day):
        close_until(self.database, day)

    def out(self):
        rows = self.conn.execute("SELECT loan, sum(outstanding_minor)::bigint FROM funding_position GROUP BY loan")
        found = dict(rows.fetchall())
        return [found.get(funding.loan_of(self.bought(purchase, 0)), 0) for purchase in self.loans]

    def sums(self, kind):
        query = (
            "SELECT coalesce(sum(amount_minor), 0)::bigint, coalesce(sum(DISTINCT whole_minor), 0)::bigint"
            " FROM funding_movement WHERE kind = %s"
        )
        return self.conn.execute(query, [kind]).fetchone()

    def check(self):
        """Follow, twice: the second time there is nothing; the items are the account's principal, the parts are the items."""
        follow = make_follower(())
        follow(self.conn, NOW)
        assert follow(self.conn, NOW) == "0 purchases shared, 0 movements of shared loans"
        balances = ledger.list_owners(self.conn, ref="li")[0].balances_minor
        items = dict(
            self.conn.execute("SELECT fact_id, sum(outstanding_minor)::bigint FROM funding_item GROUP BY 1").fetchall()
        )
        assert sum(items.values()) == sum(balances[part] for part in PRINCIPAL)
        assert self.out() == [items[fact_id] for _, fact_id in self.loans]
        assert [check for check in check_funding(self.conn) if not check.ok] == []
        return self.out()


@pytest.fixture
def books(conn, database):
    return Books(conn, database)


def test_a_shared_loan_lives_as_the_books_say(books):
    books.buy("before", 10_000)  # ours alone, and first in line
    shared = books.buy("shared", 300_001, channel="joint-three")
    other = books.buy("other", 100_000, channel="joint-p01")
    assert books.check() == [300_001, 100_000]
    books.pass_days(dt.date(2026, 3, 2))
    paid = books.do(c.Repay(key="r1", customer="li", amount_minor=60_003))
    assert books.check() == [300_001 - 50_003, 100_000]  # 100.00 went to the purchase before
    books.do(c.ReverseFact(key="v1", customer="li", fact_id=int(paid["fact_id"]), reason="bounced"))
    assert books.check() == [300_001, 100_000]
    assert books.sums("principal_back")[0] == 50_003
    books.do(c.Repay(key="r2", customer="li", amount_minor=60_003))
    books.do(c.RefundPurchase(key="f1", customer="li", purchase_id=other[0], amount_minor=40_000))
    assert books.check() == [300_001 - 50_003, 60_000]
    assert books.sums("refund")[0] == 40_000
    books.pass_days(dt.date(2026, 4, 20))  # late, so that charges are paid first
    paid = books.do(c.Repay(key="r3", customer="li", amount_minor=70_000))
    after = sum(books.check())
    earned = books.sums("interest")[0] + books.sums("penalty")[0]
    assert earned > 0
    assert 300_001 - 50_003 + 60_000 - after + earned == 70_000  # every cent went to one or the other
    books.do(c.ReverseFact(key="v2", customer="li", fact_id=int(paid["fact_id"]), reason="bounced"))
    books.check()
    assert books.sums("interest_back")[0] == earned
    books.pass_days(dt.date(2026, 6, 1))
    claim = sum(books.check())
    evidence = ("letter", "court")
    books.do(
        c.WriteOff(key="w", customer="li", evidence=evidence, attempts=9, approved_by="ann", ended_by="insolvency")
    )
    assert books.check() == [0, 0]
    assert books.sums("write_off")[0] == claim
    books.do(c.RecordRecovery(key="rec", customer="li", amount_minor=12_345))
    assert books.check() == [0, 0]
    assert books.sums("recovery")[0] == 12_345
    assert shared != other
    lenders = [row[0] for row in books.conn.execute("SELECT DISTINCT lender FROM funding_share WHERE lender <> 'own'")]
    assert len(lenders) >= 2
    systems = {lender: funding.FakePartner(lender, seed=7, faults={}) for lender in lenders}
    told = make_reconciler(systems)(books.conn, NOW + dt.timedelta(days=400))
    assert told.endswith(" 0 do not agree yet")
    assert not told.startswith("0 days")


def test_a_purchase_that_is_shared_after_it_was_followed_catches_up(books):
    books.buy("first", 50_000, channel="joint-p01", periods=3)
    late = books.buy("late", 80_000)
    books.do(c.RefundPurchase(key="f", customer="li", purchase_id=late[0], amount_minor=20_000))
    assert books.check() == [50_000]
    books.share(late, 80_000, "joint-p02")
    assert books.check() == [50_000, 60_000]
    books.do(c.RefundPurchase(key="g", customer="li", purchase_id=late[0], amount_minor=60_000))
    assert books.check() == [50_000, 0]
