"""Joint loans in the books: exact parts, bounds that hold under concurrency, partners that fail, leave and are told apart."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from honghua.base.errors import BadInput, Conflict, NotFound, Refusal
from honghua.base.rng import derive_rng
from honghua.funding import api as funding
from honghua.funding.core import OWN, FundingBase, MovementKind, Standing, compare_books, parse_book
from honghua.funding.invariants import check_funding
from honghua.store.database import connect, run_unit

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 1)
RICH = FundingBase(on=DAY, tier1_minor=10**13, loans_minor=10**14)


class Desk:
    def __init__(self, conn, base=RICH):
        self.conn = conn
        if base is not None:
            run_unit(conn, lambda c: funding.report_base(c, base, source="test", now=NOW))

    def lend(self, loan, minor=100_000, *, channel="joint-p01", on=DAY):
        def work(c):
            return funding.allocate(c, loan=loan, channel=channel, principal_minor=minor, on=on, now=NOW)

        return run_unit(self.conn, work)

    def record(self, loan, kind, minor, *, key=None, on=DAY):
        event = funding.LoanEvent(key=key or f"{loan}:{kind}:{minor}", loan=loan, kind=kind, amount_minor=minor, on=on)
        return run_unit(self.conn, lambda c: funding.record(c, event, now=NOW))

    def act(self, lender, act):
        return run_unit(
            self.conn, lambda c: funding.act_on_partner(c, lender, act, person="ann", why="agreed", now=NOW)
        )

    def assert_sound(self):
        assert [check for check in check_funding(self.conn) if not check.ok] == []


def test_files_configure_partners_enough_each_under_its_own_name():
    book = funding.load_book()
    assert len(book.channels) >= 45
    assert len({channel.partners for channel in book.channels.values()}) >= 44
    assert len({one.reporter for one in book.partners.values()}) == len(book.partners)
    brands = [one.brand for one in funding.name_lenders("joint-three")]
    assert len(set(brands)) == 3
    for channel in book.channels.values():
        assert sum(ppm for _, ppm in channel.shares) == sum(ppm for _, ppm in channel.revenue) == 1_000_000


@pytest.mark.parametrize(
    "shares", ["own:300000|p:699999", "own:300000|p:700000|p:0", "own:300000|q:700000", "own:x|p:1"]
)
def test_a_wrong_agreement_is_not_read(shares):
    partners = [
        "code,name,brand,kind,group,region,reporter,agreement,risk_rating",
        "own,a,a,own,own,n,R1,-,A",
        "p,b,b,bank,p,n,R2,x,A",
    ]
    channels = ["code,name,entry,shares,revenue", f"c,c,app,{shares},own:1000000"]
    with pytest.raises(BadInput, match="line 2"):
        parse_book(partners, channels, source="test")


def test_a_loan_and_its_life_are_shared_to_the_cent(conn):
    desk = Desk(conn)
    made = desk.lend("L1", 100_001, channel="joint-three")
    assert not isinstance(made, Refusal)
    assert [share.principal_minor for share in made.shares] == [40_001, 35_000, 25_000]
    assert made.brands == tuple(one.brand for one in funding.name_lenders("joint-three"))
    assert len(set(made.reporters.values())) == 3
    assert desk.lend("L1", 100_001, channel="joint-three") == made
    with pytest.raises(Conflict):
        desk.lend("L1", 100_002, channel="joint-three")
    told = desk.record("L1", MovementKind.INTEREST, 1_001, key="i1")
    assert sum(told.values()) == 1_001
    assert desk.record("L1", MovementKind.INTEREST, 1_001, key="i1") == told
    with pytest.raises(Conflict):
        desk.record("L1", MovementKind.INTEREST, 1_002, key="i1")
    desk.record("L1", MovementKind.REFUND, 33_333)
    desk.record("L1", MovementKind.INTEREST_BACK, 333)
    desk.record("L1", MovementKind.PRINCIPAL, 10_001)
    with pytest.raises(BadInput):
        desk.record("L1", MovementKind.PRINCIPAL, 56_668)
    desk.record("L1", MovementKind.WRITE_OFF, 56_667)
    desk.record("L1", MovementKind.RECOVERY, 5_000)
    assert funding.read_exposures(conn) == {"p01": 0, "p02": 0}
    revenue = funding.sum_revenue(conn, (DAY, DAY))
    assert sum(revenue.values()) == 1_001 - 333
    assert set(revenue) == {OWN, "p01", "p02", "platform"}
    with pytest.raises(NotFound):
        desk.record("L2", MovementKind.FEE, 5)
    desk.assert_sound()


def test_any_life_keeps_every_cent(conn):
    desk = Desk(conn)
    rng = derive_rng(3, "lives")
    for i in range(12):
        left = int(rng.integers(1, 500_000))
        channel = ("joint-three", "joint-p03", "direct")[i % 3]
        desk.lend(f"L{i}", left, channel=channel)
        for j in range(8):
            kind = (MovementKind.PRINCIPAL, MovementKind.REFUND, MovementKind.FEE, MovementKind.PENALTY)[
                int(rng.integers(4))
            ]
            minor = int(rng.integers(1, max(2, left // 2)))
            if kind in (MovementKind.PRINCIPAL, MovementKind.REFUND):
                if left == 0:
                    continue
                minor = min(minor, left)
                left -= minor
            assert sum(desk.record(f"L{i}", kind, minor, key=f"e{i}.{j}").values()) == minor
        if left:
            desk.record(f"L{i}", MovementKind.PRINCIPAL, left, key=f"e{i}.last")
    assert set(funding.read_exposures(conn).values()) <= {0}
    assert funding.read_joint_total(conn) == 0
    desk.assert_sound()


def test_concentration_holds_however_many_loans_are_given_at_once(conn, database):
    desk = Desk(conn, FundingBase(on=DAY, tier1_minor=1_000_000, loans_minor=10**12))
    own = funding.get_channel("joint-p10").own_ppm  # p10 and p11 are of one group
    part = 100_000 * own // 1_000_000

    def lend(i):
        with connect(database) as other:
            channel = ("joint-p10", "joint-p11")[i % 2]
            return run_unit(
                other,
                lambda c: funding.allocate(c, loan=f"L{i}", channel=channel, principal_minor=100_000, on=DAY, now=NOW),
            )

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lend, range(30)))
    out = funding.read_exposures(conn)["p10"]
    assert 250_000 - 2 * part < out <= 250_000
    alone = [one for one in made if len(one.shares) == 1]
    assert alone
    assert all("concentration" in one.reasons[0] for one in alone)
    desk.assert_sound()


def test_without_a_reported_base_and_beyond_the_joint_total_loans_are_ours(conn):
    desk = Desk(conn, None)
    assert [share.lender for share in desk.lend("L1").shares] == [OWN]
    run_unit(
        conn, lambda c: funding.report_base(c, FundingBase(on=DAY, tier1_minor=10**12, loans_minor=100_000), source="test", now=NOW)
    )  # fmt: skip
    made = [desk.lend(f"M{i}") for i in range(8)]
    assert len(made[0].shares) == 2
    assert [share.lender for share in made[-1].shares] == [OWN]
    assert "all joint loans" in made[-1].reasons[0]
    desk.assert_sound()


def test_a_partner_leaves_and_our_decisions_go_on(conn):
    desk = Desk(conn)
    desk.lend("old")
    assert desk.act("p01", "exit") is Standing.EXITING
    made = desk.lend("new")
    assert [share.lender for share in made.shares] == [OWN]
    assert made.reasons == ("p01: is exiting",)
    with pytest.raises(NotFound):
        desk.act("nobody", "exit")
    refused = desk.act("p01", "end")
    assert isinstance(refused, Refusal)
    assert refused.code == "PARTNER_HAS_LOANS"
    desk.record("old", MovementKind.PRINCIPAL, 100_000)  # it runs off
    assert desk.act("p01", "end") is Standing.ENDED
    assert "EX-2025-001" not in {one.agreement for one in funding.list_partners(conn)}
    desk.assert_sound()


def test_breaches_warn_and_then_suspend(conn):
    desk = Desk(conn)

    def breach(duty):
        return run_unit(conn, lambda c: funding.report_breach(c, "p02", duty, person="ann", why="seen", now=NOW))

    assert [breach("statement late") for _ in range(3)] == [Standing.ACTIVE, Standing.ACTIVE, Standing.SUSPENDED]
    assert [share.lender for share in desk.lend("L", channel="joint-p02").shares] == [OWN]
    desk.act("p02", "resume")
    assert breach("charged the borrower") is Standing.SUSPENDED
    with pytest.raises(BadInput):
        breach("bad weather")
    assert len(funding.list_acts(conn, "p02")) == 5


def test_books_are_compared_row_by_row():
    ours = {"a": ("l", 1), "b": ("l", 2), "c": ("l", 3)}
    theirs = [("a", ("l", 1)), ("a", ("l", 1)), ("b", ("l", 9)), ("x", ("l", 4))]
    assert [(d.key, d.kind) for d in compare_books(ours, theirs)] == [
        ("a", "twice"), ("b", "amount"), ("c", "missing"), ("x", "stranger"),
    ]  # fmt: skip


def test_every_channel_reconciles_to_nothing_and_sees_only_its_own(conn):
    """46 partners, some of whom lose, double and change rows; one that never answers troubles nobody else."""
    desk = Desk(conn)
    channels = [c for c in funding.load_book().channels.values() if len(c.partners) == 1]
    for channel in channels:
        desk.lend(f"loan of {channel.code}", 77_777, channel=channel.code)
        desk.record(f"loan of {channel.code}", MovementKind.INTEREST, 1_234)
    bad = {"loses_row": 0.2, "doubles_row": 0.2, "changes_amount": 0.2, "invents_row": 0.2, "timeout_after": 0.2}
    systems = {
        channel.partners[0]: funding.FakePartner(channel.partners[0], seed=i, faults=bad if i % 2 else {})
        for i, channel in enumerate(channels)
    }
    dead = channels[0].partners[0]
    systems[dead].faults = {"timeout_before": 1.0}
    found: list[funding.FundingReconciliation] = []
    for _ in range(40):
        found = funding.reconcile_all(conn, systems, until=DAY, now=NOW)
        if len(found) == 1:
            break
    assert [(one.lender, one.was_reached) for one in found] == [(dead, False)]
    systems[dead].faults = {}
    assert [one.differences for one in funding.reconcile_all(conn, systems, until=DAY, now=NOW)] == [{}]
    assert funding.reconcile_all(conn, systems, until=DAY, now=NOW) == []
    for channel in channels:
        lender = channel.partners[0]
        told = {row.what for row in systems[lender].books[DAY]}
        assert told == {f"loan of {channel.code} lent", f"loan of {channel.code} interest"}
        assert {one.lender for one in funding.list_of_lender(conn, lender, days=(DAY, DAY))} == {lender}
    desk.assert_sound()
