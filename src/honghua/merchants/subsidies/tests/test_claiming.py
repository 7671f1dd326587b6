"""The state's subsidy in the books: granted with the interest, claimed from the treasury, reported by month, taken back."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from honghua.base.errors import BadInput, Conflict, Refusal
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.merchants.core import SubsidyItem
from honghua.merchants.subsidies.claiming import (
    DEDUCTION_WISH,
    Registration,
    claw_back_subsidy,
    file_return,
    find_debt,
    get_item,
    make_return,
    plan_parts,
    post_moved,
    refund_subsidy,
    register_item,
    settle_subsidies,
)
from honghua.merchants.subsidies.invariants import check_subsidies
from honghua.merchants.subsidies.receiving import Receipt, find_received, receive_subsidy
from honghua.store.database import connect, run_unit
from honghua.store.wishes import count_wishes

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
FIRST = dt.date(2026, 2, 1)
MONTH = dt.date(2026, 3, 1)


class Treasury:
    def __init__(self, conn):
        self.conn = conn

    def register(self, item, amount, *, borrower="ann", on=FIRST, rate=150_000, evidence="payout p1"):
        terms = SubsidyItem(consumed_on=on, amount_minor=amount, rate_ppm=rate)
        asked = Registration(
            item=item, borrower=borrower, merchant="M", purchase_id=abs(hash(item)) % 10**9, terms=terms, evidence=evidence
        )  # fmt: skip
        parts = plan_parts(item, amount, periods=3, fee_minor=amount * 23 // 1000, consumed_on=on)
        return run_unit(self.conn, lambda c: register_item(c, asked, parts, now=NOW))

    def settle(self, on):
        return run_unit(self.conn, lambda c: settle_subsidies(c, business_on=on, currency="CNY", now=NOW))

    def refund(self, item, minor, *, key, on=MONTH):
        return run_unit(self.conn, lambda c: refund_subsidy(c, item, minor, key=key, books=(on, "CNY"), now=NOW))

    def claims(self):
        found = {}
        for ref in ("treasury:central", "treasury:province", "treasury:advanced"):
            for owner in ledger.list_owners(self.conn, ref=ref):
                found[ref] = owner.balances_minor[Component.BANK_CLEARING]
        return found

    def assert_sound(self):
        assert [check for check in check_subsidies(self.conn) if not check.ok] == []


def test_granted_claimed_reported_refunded_and_received(conn):
    treasury = Treasury(conn)
    treasury.register("tv", 3_650_000)
    assert treasury.register("tv", 3_650_000).item == "tv"  # again: the same
    assert treasury.settle(dt.date(2026, 2, 28)) == 0
    assert treasury.settle(MONTH) == 1
    granted = 2_800  # 36,500.00 × 1 % × 28 / 365
    assert get_item(conn, "tv")[1] == granted
    assert treasury.claims() == {"treasury:central": 2_520, "treasury:province": 280, "treasury:advanced": -2_800}
    assert treasury.settle(MONTH) == 0
    assert sum(count_wishes(conn, DEDUCTION_WISH).values()) == 1
    assert treasury.refund("tv", 730_000, key="r1") == 560
    assert treasury.refund("tv", 730_000, key="r1") == 0  # once a key
    assert find_debt(conn, "ann") == 560
    treasury.settle(dt.date(2026, 4, 1))  # the second part: 2/3 of the principal, of which a fifth came back
    second = get_item(conn, "tv")[1] - granted + 560
    assert second == 2_067  # 24,333.33 × 1 % × 31 / 365, rounded half up
    assert find_debt(conn, "ann") == 0
    report = make_return(conn, MONTH)
    assert (report.granted_minor, report.taken_back_minor, report.central_minor + report.province_minor) == (
        2_800,
        -560,
        2_240,
    )
    with pytest.raises(Conflict):
        run_unit(conn, lambda c: file_return(c, MONTH, business_on=dt.date(2026, 3, 31), person="ann", now=NOW))
    filed = run_unit(conn, lambda c: file_return(c, MONTH, business_on=dt.date(2026, 4, 1), person="ann", now=NOW))
    assert filed == report
    treasury.assert_sound()


def test_the_treasury_pays_what_a_return_claimed_once_for_a_reference(conn):
    treasury = Treasury(conn)
    treasury.register("tv", 3_650_000)
    treasury.settle(MONTH)
    run_unit(conn, lambda c: file_return(c, MONTH, business_on=dt.date(2026, 4, 1), person="ann", now=NOW))
    before = treasury.claims()
    paid = Receipt(reference="T1", month=MONTH, central_minor=2_520, province_minor=270)

    def receive(receipt):
        books = (dt.date(2026, 4, 20), "CNY")
        return run_unit(conn, lambda c: receive_subsidy(c, receipt, books=books, person="ann", now=NOW))

    assert receive(replace(paid, month=dt.date(2026, 4, 1))).code == "RETURN_NOT_FILED"
    assert treasury.claims() == before
    found = receive(paid)
    assert (found.central_missing_minor, found.province_missing_minor) == (0, 10), "told against the return"
    assert receive(paid) == found, "once for a reference"
    with pytest.raises(Conflict, match="another payment"):
        receive(replace(paid, province_minor=10))
    with pytest.raises(BadInput):
        receive(replace(paid, reference="T2", central_minor=-1))
    assert treasury.claims() == {"treasury:central": 0, "treasury:province": 10, "treasury:advanced": -10}
    found = receive(Receipt(reference="T2", month=MONTH, central_minor=0, province_minor=10))
    assert (found.receipts, found.central_missing_minor, found.province_missing_minor) == (2, 0, 0)
    assert find_received(conn, MONTH) == found
    treasury.assert_sound()
    told = [("treasury:central", -7), ("treasury:advanced", 7)]
    run_unit(conn, lambda c: post_moved(c, told, FactKind.SUBSIDY_RECEIVED, dt.date(2026, 5, 2), "CNY"))
    (broken,) = [check for check in check_subsidies(conn) if not check.ok]
    assert (broken.name, broken.broken) == ("merchants.subsidy_claims_are_booked", ("month 2026-05",)), (
        "money without a receipt"
    )
    run_unit(
        conn, lambda c: post_moved(c, [(r, -m) for r, m in told], FactKind.SUBSIDY_RECEIVED, dt.date(2026, 5, 2), "CNY")
    )
    assert treasury.claims() == {"treasury:central": 0, "treasury:province": 0, "treasury:advanced": 0}
    treasury.assert_sound()


def test_a_false_trade_pays_all_back_and_earns_no_more(conn):
    treasury = Treasury(conn)
    treasury.register("tv", 3_650_000)
    treasury.settle(MONTH)
    why = "nothing was ever delivered"
    back = run_unit(conn, lambda c: claw_back_subsidy(c, "tv", key="f1", why=why, books=(MONTH, "CNY"), now=NOW))
    assert back == 2_800
    assert treasury.settle(dt.date(2026, 6, 1)) == 2
    assert get_item(conn, "tv")[1] == 0
    assert find_debt(conn, "ann") == 2_800
    treasury.assert_sound()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"on": dt.date(2025, 8, 31)}, "SUBSIDY_OUT_OF_PERIOD"),
        ({"rate": 0}, "SUBSIDY_NO_INTEREST"),
        ({"evidence": " "}, "SUBSIDY_TRADE_UNVERIFIED"),
    ],
)
def test_what_is_not_covered_is_refused(conn, change, code):
    found = Treasury(conn).register("tv", 100_000, **change)
    assert isinstance(found, Refusal)
    assert found.code == code


def test_a_year_stops_at_its_cap_however_many_settle_at_once(conn, database):
    treasury = Treasury(conn)
    for i in range(12):
        treasury.register(f"house {i}", 40_000_000)
    day = dt.date(2026, 5, 1)

    def settle(_):
        with connect(database) as other:
            return run_unit(other, lambda c: settle_subsidies(c, business_on=day, currency="CNY", now=NOW))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(settle, range(4)))
    assert sum(get_item(conn, f"house {i}")[1] for i in range(12)) == 300_000
    treasury.assert_sound()
