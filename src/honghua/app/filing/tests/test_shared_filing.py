"""Shared accounts at the bureau: each lender reports its own part, and the parts are the account, month by month."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

import psycopg
import pytest

from honghua.app.filing.monthly import FilingRun, file_all, share_all
from honghua.app.filing.positions import read_newest_positions, read_positions
from honghua.app.filing.tests.test_filing import FIRST, NOON, POLICY, TEXT, VAULT, ZONE
from honghua.base.rng import derive_rng
from honghua.bureau import api as bureau
from honghua.bureau.core.filing import AMOUNTS
from honghua.bureau.core.records import Record
from honghua.bureau.invariants import check_bureau
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.eod import close_until
from honghua.customers import api as customers
from honghua.funding import api as funding
from honghua.funding.core import FundingBase, parse_routings
from honghua.funding.invariants import check_funding
from honghua.store.database import Database, run_unit
from tests.verify.sharing import agree_to

OURS = bureau.load_products()["huabei"].reporter
ROUTE = {"share_ppm": 1_000_000, "quota_day_minor": 10**12, "named_in": "contract"}
ROUTES = [
    {"channel": "joint-three", "customers": "three", **ROUTE}, {"channel": "joint-p01", "customers": "one", **ROUTE},
]  # fmt: skip
SHARED = parse_routings(
    [{"effective_on": FIRST, "source": "test", "route": ROUTES}], channels=funding.load_book().channels, source="test"
)
NAMES = ("three:late", "three:lapsed", "three:prompt", "one:late", "one:buys", "alone")


class Town:
    """Customers of three lenders, of two, and of ourselves; random purchases, repayments, refunds and reversals."""

    def __init__(self, database: Database, conn: psycopg.Connection, seed: int) -> None:
        self.database, self.conn, self.keys, self.rng = database, conn, 0, derive_rng(seed, "shared filing")
        credit.start_book(conn, day=FIRST)
        self.registry = credit.open_registry(conn)
        base = FundingBase(on=FIRST, tier1_minor=10**13, loans_minor=10**14)
        run_unit(conn, lambda k: funding.report_base(k, base, source="test", now=NOON))
        run_unit(conn, lambda k: customers.publish_texts(k, now=NOON))
        for number, name in enumerate(NAMES):
            self.do(c.OpenAccount, name, limit_minor=1_000_000)
            run_unit(conn, partial(meet, name=name, number=number))
            agree_to(conn, name, "joint-three" if name.startswith("three") else "joint-p01", now=NOON)
        self.bought: list[tuple[str, int, int]] = []

    def do(self, command: type[c.Command], customer: str, **values: Any) -> dict[str, Any]:
        self.keys += 1
        (answer,) = credit.execute(
            self.conn, self.registry, [command(key=f"k{self.keys}", customer=customer, **values)], now=NOON
        )
        return answer

    def buy(self, name: str, minor: int) -> None:
        answer = self.do(c.BuyNow, name, amount_minor=minor, merchant="shop", order=f"o{self.keys}", category="general")
        if answer["outcome"] == "approved":
            self.bought.append((name, int(answer["purchase_id"]), minor))

    def live(self, month: int) -> None:
        """One month of it, in three steps; the follower may have seen a part of it or not."""
        for day in (9, 17, 24):
            close_until(self.database, dt.date(2026, month, day))
            for name in NAMES:
                draw = self.rng.random()
                if draw < 0.4:
                    self.buy(name, int(self.rng.integers(1, 40_000)))
                if draw > 0.3 and not name.endswith("lapsed"):
                    self.do(c.Repay, name, amount_minor=int(self.rng.integers(1, 30_000)))
            name, purchase, minor = self.bought[int(self.rng.integers(len(self.bought)))]
            refund = int(self.rng.integers(1, minor + 1))
            self.do(c.RefundPurchase, name, purchase_id=purchase, amount_minor=refund)
            if self.rng.random() < 0.5:
                run_unit(self.conn, lambda k: funding.follow_books(k, routings=SHARED, now=NOON))

    def file(self, month: int, day: int) -> FilingRun:
        close_until(self.database, dt.date(2026, month, day))
        now = dt.datetime(2026, month, day, 4, tzinfo=dt.UTC)
        share_all(self.conn, SHARED, now=now)
        done = file_all(self.conn, now=now, zone=ZONE, policies=(POLICY,))
        assert done is not None
        return done

    def ids(self) -> dict[str, int]:
        return credit.find_account_ids(self.conn, list(NAMES))

    def months(self) -> dict[tuple[int, dt.date], list[Record]]:
        found: dict[tuple[int, dt.date], list[Record]] = {}
        for filed in bureau.list_of_accounts(self.conn, list(self.ids().values())):
            found.setdefault((filed.record.account_id, filed.record.month), []).append(filed.record)
        return found

    def check(self) -> None:
        """On file is what the books say: of each amount the lenders' parts are the account, to the cent."""
        months = self.months()
        for (account_id, month), told in months.items():
            (whole,) = read_positions(self.conn, month, {account_id: 2**62}, registry=self.registry)
            record = bureau.make_record(whole, bureau.load_products()["huabei"])
            assert record is not None
            sums = {name: sum(getattr(one, name) for one in told) for name in AMOUNTS}
            assert sums == {name: getattr(record, name) for name in AMOUNTS}, (account_id, month)
            assert [one.reporter for one in told].count(OURS) == 1
        broken = [*check_bureau(self.conn, read_positions=read_positions), *check_funding(self.conn)]
        assert {one.name: one.broken for one in broken if not one.ok} == {}


def meet(conn: psycopg.Connection, name: str, number: int) -> None:
    customers.register(conn, VAULT, f"1380013800{number}", now=NOON, customer=name)
    said = customers.Said(kind=TEXT.kind, version=TEXT.version, is_given=True, read_ms=60_000)
    customers.say(conn, name, [said], channel="app", now=NOON)


def out_by_reporter(conn: psycopg.Connection, account_id: int) -> dict[str, int]:
    """What the funding room's positions have out for others, now."""
    rows = conn.execute(
        "SELECT q.lender, sum(q.outstanding_minor)::bigint FROM funding_purchase AS p JOIN funding_position AS q USING (loan)"
        " WHERE p.account_id = %s AND q.lender <> 'own' GROUP BY q.lender",
        [account_id],
    )
    return {funding.get_reporter(lender): minor for lender, minor in rows if minor}


def sell(conn: psycopg.Connection, *, seller: str, buyer: str, on: dt.date) -> None:
    """Two persons agree, and all parts of one lender go to the other."""
    wish = funding.Proposal(seller=seller, buyer=buyer, price_ppm=900_000, agreement="SALE-1")
    made = funding.propose_transfer(conn, wish, person="ann", why="it leaves", now=NOON)
    assert isinstance(made, funding.Transfer)
    funding.decide_transfer(conn, made.transfer_id, approve=True, person="bob", why="agreed", now=NOON)
    while not funding.transfer_page(conn, made.transfer_id, on=on, now=NOON).is_last:
        pass


def live_and_file(town: Town, months: int) -> None:
    for name in NAMES:
        town.buy(name, 90_001)
    for month in range(1, months + 1):
        town.live(month)
        if month == 3:  # a partner leaves: no new loans, those that are out run off
            run_unit(
                town.conn, lambda k: funding.act_on_partner(k, "p01", "exit", person="ann", why="agreed", now=NOON)
            )
        if month == 4:  # and what has not run off by then is bought back
            run_unit(town.conn, partial(sell, seller="p01", buyer="own", on=dt.date(2026, 4, 24)))
        town.file(month + 1, 2)
        town.file(month + 1, 6)
        town.check()


def test_each_lender_reports_its_part_and_the_parts_are_the_account(
    database: Database, conn: psycopg.Connection
) -> None:
    town = Town(database, conn, 1)
    live_and_file(town, 4)
    months, ids = town.months(), town.ids()
    reporters = {
        name: {r.reporter for (one, _), told in months.items() if one == ids[name] for r in told} for name in NAMES
    }
    p01, p02 = funding.get_reporter("p01"), funding.get_reporter("p02")
    assert reporters["alone"] == {OURS}
    assert reporters["one:buys"] == {OURS, p01}
    assert reporters["three:prompt"] == {OURS, p01, p02}
    for header, _, _ in bureau.list_files(conn, limit=1_000):
        assert header.reporter in {OURS, p01, p02}
    assert any(one.overdue_minor for told in months.values() for one in told if one.reporter == p02)
    run_unit(conn, lambda k: funding.follow_books(k, routings=SHARED, now=NOON))
    now = {
        one.reporter or OURS: one
        for one in read_newest_positions(conn, town.registry, dt.date(2026, 5, 1), [ids["three:prompt"]])
    }
    assert {name: one.used_minor for name, one in now.items() if name != OURS and one.used_minor} == out_by_reporter(
        conn, ids["three:prompt"]
    ), "a partner's part is what it has out, to the cent"


def test_a_month_corrected_and_repaired_stays_whole_and_a_lender_without_a_part_is_voided(
    database: Database, conn: psycopg.Connection
) -> None:
    town = Town(database, conn, 2)
    for name in ("three:late", "three:lapsed"):
        town.buy(name, 100_000)
    close_until(database, dt.date(2026, 3, 2))
    town.file(3, 2)
    (notice,) = bureau.view_own_report(conn, "three:late", on=dt.date(2026, 3, 2)).notices
    assert notice.amount_minor == 10_000, "one notice for all lenders, of the whole account's arrears"
    close_until(database, dt.date(2026, 3, 6))
    town.file(3, 6)
    town.check()
    february = dt.date(2026, 2, 1)
    late, lapsed = town.ids()["three:late"], town.ids()["three:lapsed"]
    assert sorted(one.overdue_minor for one in town.months()[late, february]) == [2_500, 3_500, 4_000]
    assert {one.status for one in town.months()[late, february]} == {"1"}
    town.do(c.Repay, "three:late", amount_minor=200_000, on=dt.date(2026, 2, 9))
    town.do(c.Repay, "three:lapsed", amount_minor=100_700)
    assert town.file(3, 7).corrected == 1
    town.check()
    assert not any(one.is_adverse for one in town.months()[late, february]), "each lender's record is corrected"
    versions = [one.version for one in bureau.list_of_accounts(conn, [late]) if one.record.month == february]
    assert versions == [2, 2, 2]
    town.do(c.Repay, "three:lapsed", amount_minor=50_000)
    assert town.file(4, 2).repaired == 1, "one run of arrears is one item, whoever lent"
    town.check()
    off = bureau.view_report(conn, "three:lapsed", on=dt.date(2026, 5, 30))
    assert off.summary.overdue_months == 0
    assert len(off.accounts) == 3
    assert any(one.is_adverse for one in town.months()[lapsed, february]), "what was filed stays as it was"
    march = dt.date(2026, 3, 1)
    (whole,) = read_positions(conn, march, {lapsed: 2**62}, registry=town.registry)
    run_unit(
        conn,
        lambda k: bureau.report_positions(
            k, [whole], bureau.load_products(), consented=(), now=NOON + dt.timedelta(days=90)
        ),
    )
    told = {one.reporter: one for one in town.months()[lapsed, march]}
    assert len(told) == 3
    assert {sum(getattr(one, name) for name in AMOUNTS) for reporter, one in told.items() if reporter != OURS} == {0}
    town.check()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 18))
def test_many_towns_are_reported_to_the_cent(database: Database, conn: psycopg.Connection, seed: int) -> None:
    live_and_file(Town(database, conn, seed), 7)


def test_a_purchase_shared_after_its_month_was_filed_is_corrected_by_itself(
    database: Database, conn: psycopg.Connection
) -> None:
    town = Town(database, conn, 3)
    for name in ("three:prompt", "one:late", "alone"):
        town.buy(name, 90_000)
    close_until(database, dt.date(2026, 2, 2))
    noon = dt.datetime(2026, 2, 2, 4, tzinfo=dt.UTC)
    run = file_all(conn, now=noon, zone=ZONE, policies=(POLICY,))  # nobody looked who lends
    assert run is not None
    january, ids = dt.date(2026, 1, 1), town.ids()
    assert [len(town.months()[ids[name], january]) for name in ("three:prompt", "one:late", "alone")] == [1, 1, 1]
    share_all(conn, SHARED, now=noon)
    again = file_all(conn, now=noon + dt.timedelta(hours=1), zone=ZONE, policies=(POLICY,))
    assert again is not None
    assert (again.shared_anew, again.corrected) == (2, 0)
    told = town.months()
    assert [len(told[ids[name], january]) for name in ("three:prompt", "one:late", "alone")] == [3, 2, 1]
    town.check()
    why = {one.why for one in bureau.list_of_accounts(conn, [ids["one:late"]]) if one.version > 1}
    assert why == {bureau.SHARED_ANEW}
    idle = file_all(conn, now=noon + dt.timedelta(hours=2), zone=ZONE, policies=(POLICY,))
    assert idle is not None
    assert idle.shared_anew == 0
    assert funding.list_marked(conn, before=dt.date(2027, 1, 1), after_id=0, limit=10) == []


def test_who_sells_its_part_is_done_with_it_and_the_buyer_reports(database: Database, conn: psycopg.Connection) -> None:
    """Nobody paid it off: it ends otherwise ("G"), and what is late stays late at the buyer's."""
    town = Town(database, conn, 4)
    for name in ("three:late", "three:prompt"):
        town.buy(name, 90_001)
    town.file(3, 2)
    town.file(3, 6)
    run_unit(conn, partial(sell, seller="p01", buyer="p02", on=dt.date(2026, 3, 6)))
    close_until(database, dt.date(2026, 3, 20))
    town.do(c.Repay, "three:prompt", amount_minor=5_000)
    town.file(4, 2)
    town.file(4, 6)
    town.check()
    p01, p02 = funding.get_reporter("p01"), funding.get_reporter("p02")
    late = town.ids()["three:late"]
    february, march = ({one.reporter: one for one in town.months()[late, dt.date(2026, m, 1)]} for m in (2, 3))
    assert february[p01].overdue_minor > 0
    assert (march[p01].status, march[p01].balance_minor, march[p01].ended_on) == ("G", 0, dt.date(2026, 3, 6))
    assert not march[p01].is_adverse
    assert march[p02].overdue_minor > march[OURS].overdue_minor > 0, "35 % and 25 % are now its own, 40 % ours"
    april = read_newest_positions(conn, town.registry, dt.date(2026, 4, 1), [late])
    assert [one.reporter for one in april] == ["", p02]
