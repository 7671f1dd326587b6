"""The approved price is the contract's: in its text, terms, plans and journal; caps of the day hold; old contracts keep theirs."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg

from honghua.bureau.api import Exposure, FakeBureau
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.core.layout import PAYER_MERCHANT, PLAN_PURCHASE
from honghua.credit.journey import api as journey
from honghua.credit.journey.invariants import check_journeys
from honghua.credit.journey.tests.test_taking import DAY, GOOD, LATER, NOW, VAULT, Step, registry
from honghua.limits import api as limits
from honghua.limits.core import LimitTerms, Moment, Rulebook
from honghua.limits.core.terms import DatedCap
from honghua.store.database import connect, run_unit
from tests.verify.contracts import make_evidence, make_site, meet_kim, sign_contract

__all__ = ["registry"]


def make_approver(book: Rulebook | None = None, *, report: Exposure = GOOD) -> journey.LimitsApprover:
    known = {hashlib.sha256(make_evidence().national_id.encode()).digest(): report}
    return journey.LimitsApprover(vault=VAULT, provider=FakeBureau(1, lambda: DAY, known=known), book=book)


def taking(contract_id: int, step: journey.Step, **asked: Any) -> journey.Taking:
    return journey.Taking(contract_id=contract_id, step=step, key=step.name, asked=asked)


def walk_to_approval(conn: psycopg.Connection, site: journey.JourneySite) -> int:
    number = meet_kim(conn, site, now=NOW)
    apply(conn, site, number)
    return number


def test_the_approved_price_is_the_price_of_the_contract(conn, database, registry):
    with connect(database) as other:
        stale = credit.open_registry(other)  # a process that began before this contract
        site, number = sign_contract(conn, registry, VAULT, now=NOW, approver=make_approver())
        approved = journey.list_steps(conn, number)[3].decided
        signed = journey.list_steps(conn, number)[4].decided
        price = approved["price_ppm"]
        assert 72_000 <= price <= signed["cap_ppm"] == 240_000
        assert (signed["terms"], signed["price_ppm"]) == (approved["terms"], price)
        assert approved["terms"] == f"huabei v1 @{price}"
        text = journey.write_contract(conn, site, number)
        assert f"{price / 10_000:.2f}%" in text.annual_percent
        plans = [row for row in text.costs if "分期" in row.name]
        assert all(float(row.annual_percent.rstrip("%")) <= price / 10_000 for row in plans)
        assert float(plans[-1].annual_percent.rstrip("%")) >= price / 10_000 - 0.01, "and not less than the price"
        quotes = credit.list_instalment_quotes(other, stale, "kim", amount_minor=60_000)
        assert [quote.fee_minor for quote in quotes] == [
            quote.fee_minor for quote in credit.list_instalment_quotes(conn, registry, "kim", amount_minor=60_000)
        ]
        twelve = next(quote for quote in quotes if quote.periods == 12)
        assert twelve.fee_minor != registry.newest_terms.fee_minor(PLAN_PURCHASE, 12, 60_000)
        assert twelve.plan.effective_percent <= Decimal(price) / 10_000
        by_shop = credit.list_instalment_quotes(conn, registry, "kim", amount_minor=60_000, payer=PAYER_MERCHANT)
        assert [quote.fee_minor for quote in by_shop] == [1_380, 2_700, 3_600, 4_500, 9_000], (
            "a shop pays what the product costs"
        )
        buy = c.BuyNow(
            key="b", customer="kim", order="o", amount_minor=60_000, merchant="shop", category="appliances",
            instalments=c.Instalments(periods=12, fee_minor=twelve.fee_minor),
        )  # fmt: skip
        assert credit.execute(other, stale, [buy], now=LATER)[0]["outcome"] == "approved"
        account_id = journey.list_steps(conn, number)[4].account_id
        (fee,) = conn.execute(
            "SELECT args[3] FROM store_fact WHERE account_id = %s AND kind = %s", [account_id, 5]
        ).fetchone() or (0,)
        assert fee == twelve.fee_minor
    assert [check.name for check in check_journeys(conn) if not check.ok] == []


def test_a_new_rulebook_prices_new_contracts_and_old_ones_keep_theirs(conn, registry):
    site, number = sign_contract(conn, registry, VAULT, now=NOW, approver=make_approver())
    before = conn.execute("SELECT terms_id FROM credit_account WHERE customer_ref = 'kim'").fetchone()
    dearer = Rulebook(terms=LimitTerms(version=2, funding_ppm=60_000))

    def put_in_force(k: psycopg.Connection) -> None:
        made = limits.propose_rulebook(k, dearer, limits.Signed("ann", "dearer money"), now=NOW)
        bo = limits.Signed("bo", "seen")
        limits.review_rulebook(k, made.release_id, bo, approved=True, digest=dearer.digest.hex(), now=NOW)
        limits.activate_rulebook(k, made.release_id, bo, at=Moment(on=DAY, now=NOW), from_on=DAY)

    run_unit(conn, put_in_force)
    was = journey.list_steps(conn, number)[3].decided
    text = journey.write_contract(conn, site, number)
    assert f"{was['price_ppm'] / 10_000:.2f}%" in text.annual_percent
    assert conn.execute("SELECT terms_id FROM credit_account WHERE customer_ref = 'kim'").fetchone() == before
    found = run_unit(conn, lambda k: limits.get_application(k, was["reference"]))
    again = run_unit(conn, lambda k: limits.get_rulebook(k, on=DAY))
    assert (found.rulebook, again.digest) == (Rulebook().digest.hex(), dearer.digest)
    assert [check.name for check in check_journeys(conn) if not check.ok] == []


def test_a_price_above_the_cap_of_the_day_of_signing_is_not_signed(conn, registry):
    """The approval's day allowed more than the day of the contract does."""
    capped = DatedCap(
        lender="consumer_finance", from_on=DAY + dt.timedelta(days=1), cap=10_000, source="test", grade="U"
    )
    terms = LimitTerms(version=3, price_caps=(*LimitTerms().price_caps, capped))
    site = make_site(conn, registry, VAULT, now=NOW, approver=make_approver(Rulebook(terms=terms)))
    number = walk_to_approval(conn, site)
    passed: Any = journey.approve(conn, site, taking(number, Step.APPROVAL), now=NOW)
    assert passed.decided["price_ppm"] > 10_000
    shown = journey.show_contract(conn, site, number, read_seconds=10, now=NOW)
    conn.execute("UPDATE credit_book SET business_on = business_on + 1")
    refused: Any = journey.sign_contract(
        conn, site, taking(number, Step.CONTRACT), shown_digest=shown.shown_digest, read_ms=60_000, now=LATER
    )
    assert (refused.outcome, refused.decided["code"]) == ("refused", "PRICE_ABOVE_CAP")
    assert conn.execute("SELECT count(*) FROM customers_signature").fetchone() == (0,)
    assert conn.execute("SELECT count(*) FROM credit_account").fetchone() == (0,)
    assert [check.name for check in check_journeys(conn) if not check.ok] == []


def test_who_was_refused_applies_again_after_the_wait_and_the_reasons_stay(conn, registry):
    site = make_site(
        conn, registry, VAULT, now=NOW, approver=make_approver(report=replace(GOOD, lenders=6, accounts=6))
    )
    number = walk_to_approval(conn, site)

    def begin_again(contract_id: int) -> Any:
        return run_unit(
            conn, lambda k: journey.begin_again(k, site, contract_id, now=NOW, business_on=credit.get_business_day(k))
        )

    assert begin_again(number).code == "CONTRACT_OPEN"
    refused: Any = journey.approve(conn, site, taking(number, Step.APPROVAL), now=NOW)
    assert (refused.outcome, refused.decided["code"]) == ("refused", "LENDERS_TOO_MANY")
    waits = begin_again(number)
    assert (waits.code, waits.until) == ("APPLICATION_COOLING", DAY + dt.timedelta(days=90))
    other = run_unit(conn, lambda k: journey.begin_contract(k, "kim", product="huabei", key="around", now=NOW))
    around: Any = apply(conn, site, other)
    assert (around.outcome, around.decided["code"]) == ("refused", "APPLICATION_COOLING"), "no way around the page"
    assert around.risk["figures"]["may_apply_on"] == "2026-04-05"
    uphold(conn, number)
    conn.execute("UPDATE credit_book SET business_on = business_on + 29")
    assert begin_again(number).until == DAY + dt.timedelta(days=30)
    conn.execute("UPDATE credit_book SET business_on = business_on + 1")
    again = begin_again(number)
    assert begin_again(number) == again != number
    site = replace(site, approver=make_approver())  # five lenders were paid back
    month_later = NOW + dt.timedelta(days=40)
    applied: Any = apply(conn, site, again, now=month_later)
    assert applied.outcome == "passed"
    kept = {"contract_id": number, "on": DAY.isoformat(), "upheld": True, "reasons": ["LENDERS_TOO_MANY"]}
    assert applied.risk["figures"]["earlier"][0] == kept
    passed: Any = journey.approve(conn, site, taking(again, Step.APPROVAL), now=month_later)
    assert passed.outcome == "passed"
    assert [check.name for check in check_journeys(conn) if not check.ok] == []


def test_who_was_repaired_begins_at_the_start_limit(conn, registry):
    """R-260: small at first, at the price of their risk as anybody."""
    site = make_site(conn, registry, VAULT, now=NOW, approver=make_approver())
    number = walk_to_approval(conn, site)
    conn.execute("INSERT INTO bureau_policy VALUES ('one time', '{}', %s)", [NOW])
    conn.execute("INSERT INTO bureau_reinclusion VALUES ('kim', 'one time', 1, 'repaired', %s)", [NOW])
    passed: Any = journey.approve(conn, site, taking(number, Step.APPROVAL), now=NOW)
    assert passed.outcome == "passed"
    assert passed.decided["limit_minor"] == LimitTerms().start_minor < 300_000
    assert passed.decided["figures"]["reincluded"] == "one time"


def apply(conn: psycopg.Connection, site: journey.JourneySite, number: int, *, now: dt.datetime = NOW) -> journey.Taken:
    journey.prove_identity(conn, site, taking(number, Step.PROOFING, proof=f"p{number}"), make_evidence(), now=now)
    return journey.apply_for_credit(conn, site, taking(number, Step.APPLICATION, asked_minor=300_000), now=now)


def uphold(conn: psycopg.Connection, number: int) -> None:
    def work(k: psycopg.Connection) -> None:
        mine = taking(number, Step.APPROVAL)
        journey.appeal(k, replace(mine, key="w"), words="look again", now=NOW, business_on=DAY)
        journey.settle_appeal(
            k, replace(mine, key="s", decided_by="ann"), reopen=False, words="six lenders", now=NOW, business_on=DAY
        )

    run_unit(conn, work)
