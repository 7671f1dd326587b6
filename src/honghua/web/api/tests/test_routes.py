"""A partner's day over the API, and what it may not see."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import secrets
from collections.abc import Iterator

import pytest

from honghua.base.clock import FixedClock
from honghua.customers import api as customers
from honghua.merchants import api as merchants
from honghua.merchants.core import Draft, MerchantAct
from honghua.store.database import Database, run_unit
from honghua.web.api import checkouts
from honghua.web.api.faces import STILL, FakeFaces
from honghua.web.api.tests.partners_door import PartnerClient, link, make_partner, purchase
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.problems import Trouble
from honghua.web.tests.doors import NOON, Browser, make_site, open_account
from honghua.web.tickets import open_ticket


@pytest.fixture(scope="module")
def site(module_database: Database) -> Iterator[Site]:
    with make_site(module_database, clock=FixedClock(NOON), is_demo=True) as made:
        yield made


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    with Browser(build_app(site, consoles=("ui", "api")), accept="application/json") as made:
        yield made


@pytest.fixture
def mark() -> str:
    return secrets.token_hex(4)


@pytest.fixture
def shop(site: Site, browser: Browser, mark: str) -> PartnerClient:
    return PartnerClient(browser, site, make_partner(site, f"书店联盟{mark}", ["书店"]))


@pytest.fixture
def who(mark: str) -> str:
    return f"李雷-{mark}"


def test_a_partner_opens_an_account_sells_refunds_and_is_repaid(shop, who):
    assert shop.get("/v1/business-day")["currency"] == "CNY"
    opened = shop.done("POST", "/v1/accounts", {"customer": who, "limit_minor": 500_000}, idem="open-1")
    assert opened["outcome"] == "done"
    bought = shop.done("POST", "/v1/purchases", purchase(who, "书店", 12_345), idem="buy-1")
    assert bought["outcome"] == "approved"
    number = bought["purchase_id"]
    shop.done("POST", f"/v1/purchases/{number}/refunds", {"amount_minor": 345}, idem="refund-1")
    order = shop.get(f"/v1/purchases/{number}")
    assert (order["began"], order["bought_minor"], order["refunded_minor"]) == ("bought", 12_345, 345)
    shop.done("POST", f"/v1/purchases/{number}/fraud-reports", idem="report-1")
    assert shop.get(f"/v1/purchases/{number}")["is_reported"]
    shop.done("POST", f"/v1/purchases/{number}/clearances", idem="clear-1")
    assert shop.get(f"/v1/decisions/{number}")["outcome"] == "approve"
    account = shop.get(f"/v1/accounts/{who}")
    assert account["limit"]["used_minor"] == 12_000
    assert account["status"] == {"zh": "正常", "en": "active"}
    shop.done("POST", f"/v1/accounts/{who}/repayments", {"amount_minor": 20_000}, idem="repay-1")
    shop.done("POST", f"/v1/accounts/{who}/overpayment-returns", {"amount_minor": 8_000}, idem="back-1")
    assert shop.get(f"/v1/accounts/{who}")["owed_minor"] == 0


def test_an_authorised_purchase_is_captured_in_part_and_another_voided(shop, site, who):
    open_account(site, who)
    held = [
        shop.done("POST", "/v1/purchases", purchase(who, "书店", 9_000, order=f"o{i}", mode="authorise"), idem=f"a{i}")
        for i in (1, 2)
    ]
    first, second = (one["purchase_id"] for one in held)
    captured = shop.done("POST", f"/v1/purchases/{first}/captures", {"amount_minor": 6_000, "periods": 3}, idem="c")
    assert captured["plan_id"]
    assert captured["held_minor"] == 0
    shop.done("POST", f"/v1/purchases/{second}/void", idem="v")
    again = shop.call("POST", f"/v1/purchases/{second}/void", idem="v2")
    assert (again.status_code, again.json()["code"]) == (409, "HOLD_GONE")
    assert shop.get(f"/v1/purchases/{first}")["bought_minor"] == 6_000


def test_limits_days_and_status_are_steered(shop, who):
    shop.done("POST", "/v1/accounts", {"customer": who, "limit_minor": 500_000, "pair": [5, 15]}, idem="open")
    shop.done("PUT", f"/v1/accounts/{who}/limit", {"limit_minor": 600_000}, idem="limit")
    shop.done("POST", f"/v1/accounts/{who}/temporary-limit", {"amount_minor": 100_000}, idem="more")
    shop.done("PUT", f"/v1/accounts/{who}/pair", {"cut_day": 10, "due_day": 20}, idem="pair")
    shop.done("PUT", f"/v1/accounts/{who}/status", {"status": "frozen"}, idem="freeze")
    account = shop.get(f"/v1/accounts/{who}")
    assert (account["limit"]["fixed_minor"], account["limit"]["temporary_minor"]) == (600_000, 100_000)
    assert account["next_pair"] == [10, 20]
    refused = shop.call("POST", "/v1/purchases", purchase(who, "书店", 100), idem="frozen")
    assert refused.json()["code"] == "ACCOUNT_NOT_ACTIVE"


def test_a_plan_is_quoted_bought_and_settled_with_the_quoted_amount(shop, site, who):
    open_account(site, who)
    link(site, shop.key, who)
    quotes = shop.get(f"/v1/accounts/{who}/instalment-quotes?amount_minor=120000")
    six = next(quote for quote in quotes if quote["periods"] == 6)
    assert sum(one["total_minor"] for one in six["plan"]["periods"]) == 120_000 + six["fee_minor"]
    assert six["plan"]["items"]
    assert six["plan"]["contingent"]
    assert six["plan"]["nothing_else"]
    chosen = {"periods": 6, "fee_minor": six["fee_minor"]}
    shop.done("POST", "/v1/purchases", purchase(who, "书店", 120_000, instalments=chosen), idem="plan")
    (plan,) = shop.get(f"/v1/accounts/{who}/plans")["items"]
    path = f"/v1/accounts/{who}/plans/{plan['plan_id']}/settlement"
    quote = shop.get(path)
    wrong = shop.call("POST", path, {"amount_minor": quote["amount_minor"] + 1}, idem="settle-1")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "SETTLEMENT_AMOUNT_WRONG")
    shop.done("POST", path, {"amount_minor": quote["amount_minor"]}, idem="settle-2")
    assert shop.get(f"/v1/accounts/{who}/plans")["items"] == []
    assert shop.get(f"/v1/accounts/{who}")["owed_minor"] == 0


def test_the_same_key_gives_the_stored_answer_and_another_body_a_conflict(shop, site, who):
    open_account(site, who)
    first = shop.done("POST", "/v1/purchases", purchase(who, "书店", 500), idem="k")
    again = shop.done("POST", "/v1/purchases", purchase(who, "书店", 500), idem="k")
    assert again == {**first, "repeated": True}
    other = shop.call("POST", "/v1/purchases", purchase(who, "书店", 501), idem="k")
    assert (other.status_code, other.json()["code"]) == (409, "KEY_REUSED")
    assert other.headers["content-type"] == "application/problem+json"
    missing = shop.call("POST", "/v1/purchases", purchase(who, "书店", 500))
    assert (missing.status_code, missing.json()["code"]) == (400, "KEY_MISSING")
    link(site, shop.key, who)
    assert shop.get(f"/v1/accounts/{who}")["limit"]["used_minor"] == 500


def test_a_batch_answers_each_purchase_with_its_own_status(shop, site, who):
    open_account(site, who, limit_minor=1_000)
    asked = [
        purchase(who, "书店", 600, key="b1"), purchase(who, "书店", 600, key="b2"), purchase(f"韩梅梅-{who}", "书店", 1, key="b3"),
        purchase(who, "书店", 600, key="b1"),
    ]  # fmt: skip
    answers = shop.done("POST", "/v1/purchases:batch", {"purchases": asked})["answers"]
    assert [one["status"] for one in answers] == [200, 200, 404, 200]
    assert [answers[i]["answer"]["outcome"] for i in (0, 1, 3)] == ["approved", "refused", "approved"]
    assert answers[1]["answer"]["code"] == "LIMIT_SHORT"
    assert answers[3]["answer"]["repeated"]


def test_a_checkout_of_a_shop_that_is_closed_is_neither_opened_nor_paid(shop, site, who):
    open_account(site, who, limit_minor=100_000)
    opened = shop.done("POST", "/v1/checkouts", checkout("closing", 800), idem="closing")["checkout_id"]
    now = site.clock.now()
    with site.pool.connection() as conn:
        with conn.transaction(force_rollback=True):
            merchants.apply_merchant(conn, "书店", name="书店", scenes=["camera"], now=now)
            checkouts.check_shop(conn, site, "书店", 800)  # waits for its admission: as if it were not registered
            merchants.act_on_merchant(conn, "书店", MerchantAct.END, person="ann", reasons=["left"], now=now)
            with pytest.raises(Trouble) as closed:
                checkouts.check_shop(conn, site, "书店", 800)
            assert closed.value.code == "MERCHANT_ENDED"
            ticket = open_ticket(site.secrets.session_key, checkouts.get_checkout(conn, opened).ticket, now=now)
            with pytest.raises(Trouble) as unmade:
                checkouts.register_checkout(conn, site, ticket, now=now)
            assert unmade.value.code == "MERCHANT_ENDED"
        assert checkouts.get_checkout(conn, opened).merchant == "书店"


def test_partners_never_see_each_others_orders_customers_keys_or_checkouts(shop, site, browser, who):
    rival = PartnerClient(browser, site, make_partner(site, f"花店联盟-{who}", ["花店"]))
    start = shop.get("/v1/events")["next"]
    shop.done("POST", "/v1/accounts", {"customer": who, "limit_minor": 500_000}, idem="open")
    number = shop.done("POST", "/v1/purchases", purchase(who, "书店", 900), idem="same")["purchase_id"]
    opened = shop.done("POST", "/v1/checkouts", checkout("o-2", 800), idem="same-checkout")["checkout_id"]
    code = "CUSTOMER_NOT_YOURS"
    for method, path, body, problem in [
        ("GET", f"/v1/purchases/{number}", None, "PURCHASE_UNKNOWN"),
        ("GET", f"/v1/decisions/{number}", None, "PURCHASE_UNKNOWN"),
        ("POST", f"/v1/purchases/{number}/refunds", {"amount_minor": 1}, "PURCHASE_UNKNOWN"),
        ("POST", f"/v1/purchases/{number}/void", None, "PURCHASE_UNKNOWN"),
        ("POST", f"/v1/purchases/{number}/fraud-reports", None, "PURCHASE_UNKNOWN"),
        ("POST", "/v1/purchases", purchase(who, "书店", 900), "MERCHANT_NOT_YOURS"),
        ("POST", "/v1/purchases:batch", {"purchases": [purchase(who, "书店", 9, key="x")]}, "MERCHANT_NOT_YOURS"),
        ("GET", f"/v1/checkouts/{opened}", None, "CHECKOUT_UNKNOWN"),
        ("POST", f"/v1/checkouts/{opened}/scan", {"code": "2" * 18}, "CHECKOUT_UNKNOWN"),
        ("POST", "/v1/checkouts", checkout("o", 8), "MERCHANT_NOT_YOURS"),
        ("GET", f"/v1/accounts/{who}", None, code),
        ("GET", f"/v1/accounts/{who}/history", None, code),
        ("GET", f"/v1/accounts/{who}/statements", None, code),
        ("GET", f"/v1/accounts/{who}/statements/1", None, code),
        ("GET", f"/v1/accounts/{who}/plans", None, code),
        ("GET", f"/v1/accounts/{who}/instalment-quotes?amount_minor=5", None, code),
        ("POST", f"/v1/accounts/{who}/repayments", {"amount_minor": 1}, code),
        ("PUT", f"/v1/accounts/{who}/limit", {"limit_minor": 1}, code),
        ("PUT", f"/v1/accounts/{who}/status", {"status": "frozen"}, code),
        ("POST", f"/v1/accounts/{who}/pay-codes", None, code),
    ]:
        answer = rival.call(method, path, body, idem=f"r-{method}-{number}")
        assert (answer.status_code, answer.json()["code"]) == (404, problem), (method, path, answer.text)
    own = rival.call("POST", "/v1/purchases", purchase(who, "花店", 700), idem="same").json()
    assert own["outcome"] == "approved"
    assert "repeated" not in own
    seen = rival.get(f"/v1/events?cursor={start}")["items"]
    assert {one["merchant"] for one in seen} == {"花店"}

    both = shop.get(f"/v1/events?cursor={start}")["items"]
    assert {one.get("merchant") for one in both} == {"书店", None}


def test_a_key_without_the_scope_is_told_so_and_a_stopped_one_nothing(site, browser):
    reader = PartnerClient(browser, site, make_partner(site, "reader", ["书店"], scopes=frozenset({"accounts"})))
    refused = reader.call("POST", "/v1/purchases", {"nonsense": 1}, idem="k")
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")
    assert reader.call("GET", "/v1/business-day").status_code == 200


def test_too_fast_a_partner_is_told_when_to_come_back(site, browser):
    slow = PartnerClient(browser, site, make_partner(site, "slow", ["书店"], rate_per_s=2))
    answers = [slow.call("GET", "/v1/business-day") for _ in range(20)]
    told = [one for one in answers if one.status_code == 429]
    assert told
    assert all(int(one.headers["retry-after"]) >= 1 and one.json()["code"] == "RATE_EXCEEDED" for one in told)


def test_history_pages_follow_their_cursor_without_gap_or_repeat(shop, site, who):
    open_account(site, who)
    link(site, shop.key, who)
    for i in range(7):
        shop.done("POST", "/v1/purchases", purchase(who, "书店", 100 + i, order=f"o{i}"), idem=f"h{i}")
    whole = shop.get(f"/v1/accounts/{who}/history")["items"]
    seen, cursor = [], ""
    while True:
        page = shop.get(f"/v1/accounts/{who}/history?limit=3&cursor={cursor}")
        seen += page["items"]
        assert len(page["items"]) <= 3
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == whole
    assert len(whole) == 8
    wrong = shop.call("GET", f"/v1/accounts/{who}/statements?cursor=bm9uc2Vuc2U")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "CURSOR_INVALID")


def checkout(order: str, amount_minor: int) -> dict[str, object]:
    return {
        "merchant": "书店", "order": order, "category": "books", "amount_minor": amount_minor, "currency": "CNY",
        "title": "三体",
    }  # fmt: skip


def test_three_channels_have_the_same_order_risk_call_and_ledger_result(shop, mark):
    faces = FakeFaces()
    customers = [f"{letter}-{mark}" for letter in "abc"]
    outcomes = []
    for customer in customers:
        shop.done("POST", "/v1/accounts", {"customer": customer, "limit_minor": 50_000}, idem=f"open-{customer}")
        opened = shop.done("POST", "/v1/checkouts", checkout(f"order-{customer}", 8_000), idem=f"c-{customer}")
        path = f"/v1/checkouts/{opened['checkout_id']}"
        if customer == customers[0]:  # a plain call, as a page's
            paid = shop.done(
                "POST", "/v1/purchases", purchase(customer, "书店", 8_000, order=f"order-{customer}"), idem="p"
            )
        elif customer == customers[1]:
            code = shop.done("POST", f"/v1/accounts/{customer}/pay-codes")["code"]
            paid = shop.done("POST", f"{path}/scan", {"code": code})
            assert shop.get(path)["state"] == "paid"
        else:
            paid = shop.done(
                "POST", f"{path}/face", {"customer": customer, "capture": b64(faces.capture(customer, flipped=9))}
            )
        order = shop.get(f"/v1/purchases/{paid['purchase_id']}")
        assert order["order"] == f"order-{customer}"
        decided = shop.get(f"/v1/decisions/{paid['purchase_id']}")
        account = shop.get(f"/v1/accounts/{customer}")
        outcomes.append((
            {name: paid[name] for name in ("outcome", "amount_minor", "fee_minor")}, decided["outcome"], decided["code"],
            account["limit"], account["owed_minor"], account["unbilled_minor"],
        ))  # fmt: skip
    assert outcomes[0] == outcomes[1] == outcomes[2]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_code_is_good_for_one_checkout_and_a_face_must_be_alive(shop, site, who):
    faces = FakeFaces()
    shop.done("POST", "/v1/accounts", {"customer": who, "limit_minor": 50_000}, idem="open")
    first, second = (
        f"/v1/checkouts/{shop.done('POST', '/v1/checkouts', checkout(order, 700), idem=order)['checkout_id']}"
        for order in "ab"
    )
    code = shop.done("POST", f"/v1/accounts/{who}/pay-codes")["code"]
    paid = shop.done("POST", f"{first}/scan", {"code": code})
    again = shop.done("POST", f"{first}/scan", {"code": code})  # the till was not sure that it went through
    assert again == {**paid, "repeated": True}
    replayed = shop.call("POST", f"{second}/scan", {"code": code})
    assert (replayed.status_code, replayed.json()["code"]) == (409, "CODE_SPENT")
    for capture, status, problem in [
        (faces.capture(who, mark=STILL), 422, "FACE_NOT_LIVE"),
        (faces.capture(who, flipped=100), 422, "FACE_UNKNOWN"),
        (faces.capture(who, mark=b"B"), 503, "WORLD_FAILED"),
    ]:
        answer = shop.call("POST", f"{second}/face", {"customer": who, "capture": b64(capture)})
        assert (answer.status_code, answer.json()["code"]) == (status, problem)
    other = shop.done("POST", "/v1/accounts", {"customer": f"韩梅梅-{who}", "limit_minor": 50_000}, idem="open-2")
    assert other["outcome"] == "done"
    taken = shop.call(
        "POST", f"{first}/face", {"customer": f"韩梅梅-{who}", "capture": b64(faces.capture(f"韩梅梅-{who}"))}
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "CODE_SPENT")  # paid is paid, whoever comes
    assert shop.get(f"/v1/accounts/{who}")["limit"]["used_minor"] == 700
    site.clock.advance(dt.timedelta(minutes=16))
    late = shop.call("POST", f"{second}/face", {"customer": who, "capture": b64(faces.capture(who))})
    assert (late.status_code, late.json()["code"]) == (409, "CHECKOUT_EXPIRED")


def test_a_campaign_bears_the_fee_at_the_till_until_it_is_used_up(shop, site, who):
    category = f"phones-{who}"
    draft = Draft(
        merchant="书店", name="免息", periods=(6,), starts_at=NOON - dt.timedelta(hours=1), ends_at=NOON + dt.timedelta(days=5),
        budget_minor=5_000, categories=(category,), holdout_ppm=0,
    )  # fmt: skip
    with site.pool.connection() as conn:
        campaign_id, problems = run_unit(
            conn, lambda c: merchants.start_campaign(c, draft, made_by="ann", offered={3, 6}, now=NOON)
        )
    assert problems == ()
    shop.done("POST", "/v1/accounts", {"customer": who, "limit_minor": 500_000}, idem="open")
    query = f"amount_minor=60000&merchant=书店&category={category}"
    quotes = {one["periods"]: one for one in shop.get(f"/v1/accounts/{who}/instalment-quotes?{query}")}
    assert quotes[6]["campaign_id"] == campaign_id
    assert quotes[6]["plan"]["consumer_fee_minor"] == 0
    assert quotes[3]["campaign_id"] is None
    choice = {"periods": 6, "fee_minor": quotes[6]["fee_minor"], "campaign_id": campaign_id}
    answers = []
    for order in ("c1", "c2", "c3"):
        opened = shop.done("POST", "/v1/checkouts", {**checkout(order, 60_000), "category": category}, idem=order)
        code = shop.done("POST", f"/v1/accounts/{who}/pay-codes")["code"]
        path = f"/v1/checkouts/{opened['checkout_id']}/scan"
        answers.append(shop.call("POST", path, {"code": code, "instalments": choice}))
    first, second, _ = answers
    assert first.json()["fee_minor"] == quotes[6]["fee_minor"]
    assert (second.status_code, second.json()["code"]) == (409, "OFFER_GONE")  # 2 × 2,700 are more than 5,000
    (plan,) = shop.get(f"/v1/accounts/{who}/plans")["items"]
    assert plan["payer"]["en"] == "merchant"
    assert plan["fee_left_minor"] == 0
    unpaid = shop.done("POST", "/v1/checkouts", {**checkout("c4", 60_000), "category": category}, idem="c4")
    code = shop.done("POST", f"/v1/accounts/{who}/pay-codes")["code"]
    cheat = {"periods": 3, "payer": "merchant"}
    refused = shop.call("POST", f"/v1/checkouts/{unpaid['checkout_id']}/scan", {"code": code, "instalments": cheat})
    assert (refused.status_code, refused.json()["code"]) == (422, "PAYER_INVALID")


def test_a_code_that_many_scan_at_once_is_paid_once(shop, site, who):
    customers = [f"{who}-{i}" for i in range(6)]
    for i, customer in enumerate(customers):
        shop.done("POST", "/v1/accounts", {"customer": customer, "limit_minor": 5_000}, idem=f"open-{i}")
    opened = shop.done("POST", "/v1/checkouts", checkout("crowd", 4_000), idem="crowd")["checkout_id"]

    async def pay_all() -> list[object]:
        payments = [checkouts.pay_checkout(site, opened, checkouts.Payment(customer=one)) for one in customers]
        return await asyncio.gather(*payments, return_exceptions=True)

    answers = asyncio.run(pay_all())
    paid = [one for one in answers if isinstance(one, dict)]
    assert [one["outcome"] for one in paid] == ["approved"]
    assert [one.code for one in answers if isinstance(one, Trouble)] == ["CODE_SPENT"] * 5
    used = [shop.get(f"/v1/accounts/{customer}")["limit"]["used_minor"] for customer in customers]
    assert sorted(used) == [0] * 5 + [4_000]


def test_a_refused_payer_leaves_the_code_to_others(shop, site, who):
    for customer, limit in (("poor", 100), ("rich", 5_000)):
        shop.done(
            "POST", "/v1/accounts", {"customer": f"{customer}-{who}", "limit_minor": limit}, idem=f"open-{customer}"
        )
    opened = shop.done("POST", "/v1/checkouts", checkout("turns", 4_000), idem="turns")["checkout_id"]
    outcomes = [
        asyncio.run(checkouts.pay_checkout(site, opened, checkouts.Payment(customer=f"{customer}-{who}")))["outcome"]
        for customer in ("poor", "poor", "rich", "rich")
    ]
    assert outcomes == ["refused", "refused", "approved", "approved"]  # the last is the stored answer
    assert shop.get(f"/v1/accounts/rich-{who}")["limit"]["used_minor"] == 4_000


def test_no_account_is_opened_for_somebody_who_has_not_agreed(shop, site, who):
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: customers.publish_texts(c, now=NOON))
        vault = site.vault
        run_unit(conn, lambda c: customers.register(c, vault, "13900001111", now=NOON, customer=who))
        asked = {"customer": who, "limit_minor": 500_000}
        refused = shop.call("POST", "/v1/accounts", asked, idem="open")
        assert (refused.status_code, refused.json()["code"]) == (409, "CONSENT_MISSING")
        missing = refused.json()["missing"]
        said = [
            customers.Said(kind=one.text.kind, version=one.text.version, is_given=True, read_ms=600_000)
            for one in customers.list_standings(conn, who)
            if one.text.kind in missing
        ]
        run_unit(conn, lambda c: customers.say(c, who, said, channel="web", now=NOON))
    shop.done("POST", "/v1/accounts", asked, idem="open")
