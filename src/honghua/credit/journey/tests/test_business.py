"""The line for a small business (R-022): its own product, terms, limit and purpose; neither line pays for what the other is for."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from honghua.bureau.api import FakeBureau
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.guarding import OwnShop, list_own_shops, say_own_shop
from honghua.credit.invariants import check_credit
from honghua.credit.journey import api as journey
from honghua.credit.journey.tests.test_taking import DAY, GOOD, LATER, NOW, VAULT, Step, registry
from honghua.customers import api as customers
from honghua.customers.core import Business, BusinessStanding, Sector, find_licence_check
from honghua.limits import api as limits
from honghua.limits.core import BUSINESS_BOOK
from honghua.store.database import run_unit
from tests.verify.contracts import READ_MS, make_evidence, sign_contract

__all__ = ["registry"]

FRONT = "92110105MA0012345"
LICENCE = FRONT + find_licence_check(FRONT)
LINE = "kim~business"
CAFE = Business(name="金记小馆", licence=LICENCE, sector=Sector.CATERING, takings_minor=8_000_000, shops=("kims-cafe",))


def make_approver(
    register: customers.BusinessRegister | None, provider: FakeBureau | None = None
) -> journey.LimitsApprover:
    known = {hashlib.sha256(make_evidence().national_id.encode()).digest(): GOOD}
    provider = provider or FakeBureau(1, lambda: DAY, known=known)
    return journey.LimitsApprover(vault=VAULT, provider=provider, register=register)


def write(conn: psycopg.Connection, business: Business = CAFE) -> None:
    run_unit(conn, lambda k: customers.write_business(k, VAULT, "kim", business, said_by="kim", now=NOW))


def walk(conn: psycopg.Connection, site: journey.JourneySite, key: str = "kim business") -> tuple[int, list[Any]]:
    """Steps 2 … 4 of kim's business contract; the proof of identity is the one that there is."""
    number = run_unit(conn, lambda k: journey.begin_contract(k, "kim", product="business", key=key, now=NOW))

    def taking(step: journey.Step, **asked: Any) -> journey.Taking:
        return journey.Taking(contract_id=number, step=step, key=step.name, asked=asked)

    return number, [
        journey.prove_identity(conn, site, taking(Step.PROOFING, proof="kim"), make_evidence(), now=LATER),
        journey.apply_for_credit(conn, site, taking(Step.APPLICATION, asked_minor=2_000_000), now=LATER),
        journey.approve(conn, site, taking(Step.APPROVAL), now=LATER),
    ]


def sign(conn: psycopg.Connection, site: journey.JourneySite, number: int) -> Any:
    shown = journey.show_contract(conn, site, number, read_seconds=10, now=LATER)
    taking = journey.Taking(contract_id=number, step=Step.CONTRACT, key="sign")
    later = LATER + dt.timedelta(milliseconds=READ_MS)
    return journey.sign_contract(conn, site, taking, shown_digest=shown.shown_digest, read_ms=READ_MS, now=later)


@pytest.fixture
def both(conn: psycopg.Connection, registry: credit.Registry) -> journey.JourneySite:
    """Kim with a line for consumption and one for the café."""
    approver = make_approver(customers.FakeBusinessRegister(1))
    site, _ = sign_contract(conn, registry, VAULT, now=NOW, approver=approver)
    write(conn)
    number, steps = walk(conn, site)
    steps.append(sign(conn, site, number))
    assert [step.outcome for step in steps] == ["passed"] * 4, steps
    return site


def buy(conn: psycopg.Connection, registry: credit.Registry, line: str, category: str, **more: Any) -> dict[str, Any]:
    """One order, by the column lane and by the handlers, which must say the same."""
    values = {"amount_minor": 100_000, "merchant": "shop", **more}
    key = f"{line} {category} {sorted(more.items())}"
    orders: list[c.Command] = [
        c.BuyNow(key=f"{key} now", customer=line, order=f"{key} now", category=category, **values),
        c.AuthorisePurchase(key=f"{key} hold", customer=line, order=f"{key} hold", category=category, **values),
    ]
    plain, held = credit.execute(conn, registry, orders, now=LATER)
    assert (plain["outcome"], plain.get("code")) == (held["outcome"], held.get("code"))
    return plain


def view(conn: psycopg.Connection, registry: credit.Registry, line: str) -> credit.AccountView:
    found = credit.find_account_view(conn, registry, line)
    assert found is not None
    return found


def available(conn: psycopg.Connection, registry: credit.Registry, line: str) -> int:
    return view(conn, registry, line).limit.available_minor


def test_a_business_has_a_product_a_limit_and_a_contract_of_its_own(conn, registry, both):
    account, kims = view(conn, registry, LINE), view(conn, registry, "kim")
    granted = next(row.decided for row in journey.list_steps(conn, 2) if row.step is Step.APPROVAL)
    # 15 % of 80,000.00 a month, half of it, less 100.00 served elsewhere and a sixth of the 3,000.00 of kim's other line: three months
    # of that in steps of 500.00; asked for 20,000.00
    assert kims.limit.fixed_minor == 300_000
    assert (
        account.limit.fixed_minor
        == granted["limit_minor"]
        == (600_000 - 10_000 - 50_000) * 3 // 50_000 * 50_000
        == 1_600_000
    )
    assert granted["terms"].startswith("business v1 @")
    found = run_unit(conn, lambda k: limits.get_application(k, granted["reference"]))
    assert (found.customer, found.rulebook) == (LINE, BUSINESS_BOOK.digest.hex())
    text = journey.write_contract(conn, both, 2)
    assert "小微企业主" in text.title
    assert "不得用于个人消费" in text.clauses[0][1]
    assert (granted["figures"]["sector"], granted["figures"]["register_is_fake"]) == ("catering", True)
    assert [check.name for check in check_credit(conn) if not check.ok] == []
    assert run_unit(conn, limits.replay_applications) == (2, [])


def test_neither_line_pays_for_what_the_other_is_for(conn, registry, both):
    """Through the books: goods of the trade, goods of the household, and what no line may ever pay for."""
    rooms = {line: available(conn, registry, line) for line in ("kim", LINE)}
    for goods, payer, other in (("groceries", "kim", LINE), ("stock", LINE, "kim"), (" Shop_Rent ", LINE, "kim")):
        refused = buy(conn, registry, other, goods)
        assert (refused["outcome"], refused["code"]) == ("refused", "PURPOSE_REFUSED")
        before = available(conn, registry, other)
        assert buy(conn, registry, payer, goods, amount_minor=1_000)["outcome"] == "approved"
        assert available(conn, registry, other) == before, "what one line pays takes nothing of the other"
    for line in ("kim", LINE):
        for never in ("cash", "transfer", "loan_repayment", "wallet_top_up"):
            assert buy(conn, registry, line, never)["code"] == "PURPOSE_REFUSED"
    assert {line: rooms[line] - available(conn, registry, line) for line in rooms} == {"kim": 2_000, LINE: 4_000}
    # what is paid on one line repays nothing of the other, not even when too much comes in
    paid = c.Repay(key="r", customer="kim", amount_minor=50_000)
    assert credit.execute(conn, registry, [paid], now=LATER)[0]["outcome"] == "done"
    assert view(conn, registry, LINE).owed_minor == 2_000
    assert [check.name for check in check_credit(conn) if not check.ok] == []


def test_no_line_pays_at_a_shop_of_its_holder(conn, registry, both):
    """Bought on the line for consumption at one's own till, the money would be the business's."""
    assert [one.merchant for one in list_own_shops(conn, ["kim"])] == ["kims-cafe"]
    for line, goods in (("kim", "groceries"), (LINE, "stock")):
        refused = buy(conn, registry, line, goods, merchant="kims-cafe")
        assert (refused["outcome"], refused["code"]) == ("refused", "OWN_SHOP")
        assert buy(conn, registry, line, goods, amount_minor=500)["outcome"] == "approved", "elsewhere they do"
    sold = OwnShop(customer="kim", merchant="kims-cafe", is_own=False, said_by="ann", why="sold in May", said_at=LATER)
    assert run_unit(conn, lambda k: say_own_shop(k, sold))
    assert not run_unit(conn, lambda k: say_own_shop(k, sold)), "said before"
    assert buy(conn, registry, "kim", "groceries", merchant="kims-cafe", amount_minor=501)["outcome"] == "approved"


def test_an_account_is_opened_only_under_terms_of_its_purpose(conn, registry, both):
    for customer, terms in (("lee", "business v1"), ("lee~business", "huabei")):
        named = next(name for name in registry.terms_ids if name.startswith(terms))
        command = c.OpenAccount(key=customer, customer=customer, limit_minor=100_000, terms=named)
        assert credit.execute(conn, registry, [command], now=LATER)[0]["code"] == "PURPOSE_OTHER"
    plain = c.OpenAccount(key="mo", customer="mo", limit_minor=100_000)
    assert credit.execute(conn, registry, [plain], now=LATER)[0]["outcome"] == "done"
    assert credit.find_account_view(conn, registry, "mo") is not None
    assert registry.newest_terms.purpose == c.Purpose.CONSUMPTION, (
        "the business product is no newer version of the other"
    )


def test_who_gets_a_business_line(conn, registry):
    """The register's word, its silence, and what the trade can carry; who is not there or somebody else's is nobody's business."""
    site, _ = sign_contract(conn, registry, VAULT, now=NOW, approver=make_approver(None))
    number, steps = walk(conn, site)
    assert (steps[-1].outcome, steps[-1].decided["code"]) == ("refused", "BUSINESS_UNKNOWN"), "nothing was said of one"
    contract, (_, rows) = journey.get_contract(conn, number), journey.read_state(conn, number)
    moment = journey.Moment(
        contract=contract, step=Step.APPROVAL, subject="", asked={"asked_minor": 2_000_000}, rows=rows[:-1], now=LATER, business_on=DAY
    )  # fmt: skip
    old, new = dt.date(2020, 1, 1), DAY - dt.timedelta(days=340)
    said = {
        "unknown": ({}, CAFE, ("refused", "BUSINESS_UNKNOWN", 0)),
        "closed": ({LICENCE: (BusinessStanding.CLOSED, "金示例", old)}, CAFE, ("refused", "BUSINESS_CLOSED", 0)),
        "others": ({LICENCE: (BusinessStanding.ACTIVE, "别人", old)}, CAFE, ("refused", "BUSINESS_OTHERS", 0)),
        "young": ({LICENCE: (BusinessStanding.ACTIVE, "金示例", new)}, CAFE, ("refused", "BUSINESS_YOUNG", 0)),
        "no takings": (None, replace(CAFE, takings_minor=0), ("refused", "NOTHING_AFFORDABLE", 0)),
    }
    found = {}
    for name, (known, business, _) in said.items():
        write(conn, business)
        approver = make_approver(customers.FakeBusinessRegister(1, known=known))
        given = approver.approve(conn, moment, key=name)
        found[name] = (given.outcome, given.code, given.limit_minor)
    assert found == {name: wanted for name, (_, _, wanted) in said.items()}
    write(conn, replace(CAFE, takings_minor=200_000_000))
    silent = customers.FakeBusinessRegister(1, faults={"timeout": 1.0})
    for register in (silent, None):
        waits = make_approver(register).approve(conn, moment, key="x")
        assert (waits.outcome, waits.code) == ("review", "BUSINESS_UNCHECKED")
    assert silent.calls == 2, "asked twice, then a person"
    heard = make_approver(customers.FakeBusinessRegister(1)).approve(conn, moment, key="y")
    assert (heard.outcome, heard.limit_minor) == ("approved", 2_000_000), (
        "a silence is asked again; no more than was asked for"
    )
    assert journey.list_steps(conn, 1)[-1].outcome == "passed", "nothing of it touches the other contract"
