"""What customers do on their pages, through forms as a browser sends them: money moves once, contracts are read first."""

from __future__ import annotations

import asyncio
import datetime as dt
import re

import pytest

from honghua.credit import api as credit
from honghua.credit import jobs
from honghua.credit.core import RefundPurchase, Repay
from honghua.web.consumer.tests.walking import Walk, hidden, open_house, walk
from honghua.web.roles import Role
from honghua.web.tests.doors import book, buy, signed_in


def account_of(me: Walk) -> credit.AccountView:
    with me.site.pool.connection() as conn:
        view = credit.find_account_view(conn, me.site.registry, me.name)
    assert view is not None
    return view


def choose(me: Walk, goods: str, plan: str):
    """From the demonstration's shelf to the contract."""
    me.get("/shop")
    checkout = me.send("/shop/buy", goods=goods).headers["location"]
    return me.send(checkout, plan=plan)


def test_a_purchase_paid_with_the_next_bill(me):
    result = me.sign(choose(me, "tea", "0"), wait_s=0)
    assert "付款成功" in result
    assert account_of(me).unbilled_minor == 12_800


def test_nothing_is_chosen_ahead_and_nothing_chosen_is_said_at_the_field(me):
    me.get("/shop")
    checkout = me.send("/shop/buy", goods="bicycle").headers["location"]
    assert " checked" not in me.get(checkout)
    again = me.send(checkout, plan="")
    assert again.status_code == 422
    assert "请选择其中一项" in again.text
    assert me.send(checkout, plan="7").status_code == 422


def test_a_contract_is_signed_only_after_its_reading_time(me):
    path = choose(me, "bicycle", "6").headers["location"]
    shown = me.get(path)
    assert "综合融资成本明示表" in shown
    assert "16.38%" in shown
    early = me.send(path, agreed="yes")
    assert early.status_code == 422
    assert "还需要阅读 10 秒" in early.text
    me.clock.advance(dt.timedelta(seconds=10))
    assert me.send(path).status_code == 422  # without a word of agreement
    assert account_of(me).owed_minor == 0
    assert "付款成功" in me.follow(me.send(path, agreed="yes"))
    (plan,) = account_of(me).plans
    assert (plan.periods, plan.principal_minor) == (6, 229_900)


def test_a_contract_signed_twice_books_once(me):
    path = choose(me, "bicycle", "6").headers["location"]
    me.get(path)
    me.clock.advance(dt.timedelta(seconds=10))
    first, second = me.send(path, agreed="yes"), me.send(path, agreed="yes")
    assert first.headers["location"] == second.headers["location"]
    assert len(account_of(me).plans) == 1


def test_contracts_signed_at_the_same_moment_book_once(me):
    path = choose(me, "bicycle", "6").headers["location"]
    me.get(path)
    me.clock.advance(dt.timedelta(seconds=10))
    body = {"agreed": "yes", "csrf": me.browser.csrf(me.site)}

    async def both():
        return await asyncio.gather(*(me.browser.client.post(path, data=body) for _ in range(4)))

    answers = me.browser.runner.run(both())
    assert {answer.status_code for answer in answers} == {303}
    assert len(account_of(me).plans) == 1


def test_one_link_pays_once_though_it_was_opened_twice(me):
    me.get("/shop")
    checkout = me.send("/shop/buy", goods="tea").headers["location"]
    one, other = me.send(checkout, plan="0"), me.send(checkout, plan="0")
    me.sign(one, wait_s=0)
    me.sign(other, wait_s=0)
    assert account_of(me).unbilled_minor == 12_800
    assert "已经付过" in me.follow(me.browser.get(checkout))


def test_a_contract_of_somebody_else_is_not_there(me):
    path = choose(me, "tea", "0").headers["location"]
    other = path[:-1] + ("0" if path[-1] != "0" else "1")
    assert me.browser.get(other).status_code == 404


def test_an_offer_shown_too_long_is_shown_again(me):
    path = choose(me, "bicycle", "6").headers["location"]
    me.clock.advance(dt.timedelta(minutes=29))
    me.get("/my")
    me.clock.advance(dt.timedelta(minutes=2))
    moved = me.send(path, agreed="yes")
    assert moved.headers["location"].startswith(("/checkout/", "/signin"))
    assert account_of(me).owed_minor == 0


def test_a_refusal_says_why_what_to_do_and_who_helps(me):
    result = me.sign(choose(me, "piano", "0"), wait_s=0)
    said = ("可用额度不足以支付这笔订单", "可以先还一部分账单", "/my/help")
    for words in ("这笔没有成功", "LIMIT_SHORT", *said):
        assert words in result
    (refused,) = re.findall(r"/my/purchases/[0-9]+", me.get("/my/purchases"))
    later = me.get(refused)
    for words in said:
        assert words in later


def test_interest_that_the_shop_pays_costs_the_customer_nothing(me):
    me.get("/shop")
    checkout = me.send("/shop/buy", goods="bicycle").headers["location"]
    assert "利息由商家或平台承担" in me.get(checkout)
    assert "付款成功" in me.sign(me.send(checkout, plan="3"))
    (plan,) = account_of(me).plans
    assert plan.payer[1] == "merchant"
    assert account_of(me).owed_minor == 229_900


def test_a_repayment_sent_twice_is_booked_once(me):
    buy(me.site, me.name, [500_00])
    key = hidden(me.get("/my/repay"), "key")
    fields = {"key": key, "how": "other", "amount": "1,00.00", "full_minor": "50000", "minimum_minor": "0"}
    wrong = me.send("/my/repay", **fields)
    assert wrong.status_code == 422
    assert 'value="1,00.00"' in wrong.text  # what was typed stays
    assert "请输入金额" in wrong.text
    assert hidden(wrong.text, "key") == key
    for _ in range(2):
        assert me.send("/my/repay", **(fields | {"amount": "１００"})).status_code == 303
    assert account_of(me).owed_minor == 400_00
    assert "已收到还款 ¥100.00" in me.get("/my")
    assert "已收到还款" not in me.get("/my")  # a notice is said once


def test_a_form_without_its_key_or_with_a_foreign_one_moves_nothing(me):
    buy(me.site, me.name, [500_00])
    me.get("/my/repay")
    fields = {"how": "full", "full_minor": "50000"}
    assert me.send("/my/repay", **fields).status_code == 400
    assert me.send("/my/repay", key="../x", **fields).status_code == 400
    assert me.browser.post("/my/repay", data={"key": hidden(me.get("/my/repay"), "key"), **fields}).status_code == 403
    assert account_of(me).owed_minor == 500_00


def test_own_money_goes_back_once(me):
    buy(me.site, me.name, [100_00])
    page = me.get("/my/repay")
    me.send("/my/repay", key=hidden(page, "key"), how="other", amount="150")
    page = me.get("/my/repay")
    for _ in range(2):
        me.send("/my/overpayment", key=hidden(page, "key"), amount_minor="5000")
    assert account_of(me).overpaid_minor == 0


def test_the_bill_is_split_and_the_plan_settled_by_the_quoted_amount(me, module_database):
    buy(me.site, me.name, [1200_00])
    me.clock.advance(dt.timedelta(days=31))
    jobs.close_until(module_database, dt.date(2026, 2, 1))
    signed_in(me.browser, me.site, role=Role.CUSTOMER, subject=me.name)  # the session of last month is over
    assert me.browser.get("/my/split?amount=9999").status_code == 422
    page = me.get("/my/split?amount=600")
    assert "年化利率" in page
    chosen = me.send("/my/split", amount_minor="60000", plan="3")
    assert "分期办理成功" in me.sign(chosen)
    (plan,) = account_of(me).plans
    assert plan.principal_minor == 600_00
    path = f"/my/plans/{plan.plan_id}"
    page = me.get(path)
    amount = hidden(page, "amount_minor")
    assert int(amount) == plan.settle_minor
    wrong = me.send(f"{path}/settle", key=hidden(page, "key"), amount_minor=str(int(amount) - 1))
    assert "提前结清金额已变化" in me.follow(wrong)
    key = hidden(me.get(path), "key")
    for _ in range(2):
        me.send(f"{path}/settle", key=key, amount_minor=amount)
    assert account_of(me).plans == ()


def test_days_are_changed_once_and_previewed_first(me):
    page = me.get("/my/days?cut=5&due=15")
    assert "最长免息 41 天" in page
    assert "从下一个账期开始生效" in page
    done = me.send("/my/days", key=hidden(page, "key"), cut="5", due="15")
    assert "已提交" in me.follow(done)
    again = me.send("/my/days", key=hidden(me.get("/my/days?cut=10&due=20"), "key"), cut="10", due="20")
    assert "尚未生效" in me.follow(again)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/my/days", {"cut": "x", "due": "9"}),
        ("/my/days", {"cut": "1"}),
        ("/my/overpayment", {"amount_minor": "1.5"}),
        ("/my/plans/7/settle", {"amount_minor": ""}),
        ("/shop/return", {"purchase_id": "-1"}),
    ],
)
def test_a_form_with_a_broken_number_books_nothing(me, path, fields):
    book(me.site, [Repay(key=f"more:{me.name}", customer=me.name, amount_minor=5_00)])
    before = account_of(me)
    answer = me.send(path, key=hidden(me.get("/my/repay"), "key"), **fields)
    assert answer.status_code == 303
    assert account_of(me) == before


def test_a_purchase_is_disputed_and_the_dispute_taken_back(me):
    (bought,) = buy(me.site, me.name, [88_00])
    path = f"/my/purchases/{bought['purchase_id']}"
    page = me.follow(me.send(f"{path}/report", key=hidden(me.get(path), "key")))
    assert "正在调查" in page
    page = me.follow(me.send(f"{path}/clear", key=hidden(page, "key")))
    assert "这不是我买的" in page
    assert me.browser.get("/my/purchases/999999").status_code == 404


def test_a_refund_shows_in_the_story_of_its_purchase(me):
    (bought,) = buy(me.site, me.name, [88_00])
    purchase_id = bought["purchase_id"]
    book(
        me.site,
        [RefundPurchase(key=f"refund:{purchase_id}", customer=me.name, purchase_id=purchase_id, amount_minor=30_00)],
    )
    page = me.get(f"/my/purchases/{purchase_id}")
    assert "部分退款" in page
    assert "¥30.00" in page


def test_sources_are_ordered_by_hand(me):
    me.get("/my/sources")
    for kind, label in (("balance", "钱包"), ("debit_card", "招行")):
        me.send("/my/sources", what="add", kind=kind, label=label)
    me.send("/my/sources", what="up", source="debit_card:招行")
    me.send("/my/sources", what="pays", source="balance:钱包")
    assert [(s.kind.value, s.pays.value) for s in account_of(me).sources] == [
        ("debit_card", "full"),
        ("balance", "minimum"),
    ]
    me.send("/my/sources", what="out", source="debit_card:招行")
    assert len(account_of(me).sources) == 1
    assert me.send("/my/sources", what="add", kind="credit_card", label="visa").status_code == 422
    assert me.send("/my/sources", what="up", source="nothing").status_code == 422


def test_a_code_for_the_till_is_shown_once(me):
    assert "code-big" not in me.get("/my/code")
    shown = me.send("/my/code")
    assert "<svg" in shown.text
    assert "style=" not in shown.text
    assert "no-store" in shown.headers["cache-control"]


def test_pages_without_an_account_lead_to_opening_one(house):
    with walk(house, has_account=False) as me:
        for path in ("/my/bills", "/my/repay", "/my/plans", "/my/limit", "/my/code"):
            assert me.browser.get(path).headers["location"] == "/my/opening"
        assert "这是一笔贷款" in me.get("/my")


def test_an_account_is_opened_only_with_every_needed_agreement_read_and_ticked(house):
    with walk(house, has_account=False) as me:
        me.get("/my/opening")
        path = me.send("/my/opening").headers["location"]
        shown = me.get(path)
        assert " checked" not in shown
        boxes = {line.split('"')[0] for line in shown.split('name="agree_')[1:]}
        assert {"credit_service", "risk_warning", "personal_data"} <= boxes
        assert me.send(path, agreed="yes").status_code == 422  # not read yet
        me.clock.advance(dt.timedelta(seconds=60))
        partly = me.follow(me.send(path, agreed="yes", agree_credit_service="yes"))
        assert "必需的协议需逐项勾选同意" in partly
        ticked = {f"agree_{box}": "yes" for box in boxes if box != "marketing"}
        assert "证明是您本人" in me.follow(me.send(path, agreed="yes", **ticked)), "agreed, and nothing opened yet"


def test_consents_data_help_and_leaving(me):
    assert "138" in me.get("/my/data")
    fixed = me.follow(me.send("/my/data", field="email", value="lilei@example.com"))
    assert "已更正" in fixed
    assert "l" in fixed
    wrong = me.send("/my/data", field="email", value="no mail")
    assert wrong.status_code == 422
    assert 'value="no mail"' in wrong.text
    copy = me.send("/my/data/export")
    assert copy.headers["content-disposition"].startswith("attachment")
    assert copy.json()["account"]["currency"] == "CNY"
    asked = me.follow(me.send("/my/help", kind="human_decision"))
    assert "15 天内答复" in asked
    page = me.get("/my/data")
    assert me.send("/my/data/erase", key=hidden(page, "key")).status_code == 422
    gone = me.send("/my/data/erase", key=hidden(page, "key"), sure="yes")
    assert gone.headers["location"] == "/"
    with me.site.pool.connection() as conn:  # what the lab's memory holds of them goes next
        assert conn.execute("SELECT 1 FROM lab_leaver WHERE customer = %s", [me.name]).fetchone() == (1,)
    assert me.browser.get("/my").headers["location"].startswith("/signin")


def test_nobody_leaves_who_still_owes(me):
    buy(me.site, me.name, [88_00])
    assert "结清后才能注销" in me.get("/my/data")
    answer = me.send("/my/data/erase", key="00000000-0000-4000-8000-000000000000", sure="yes")
    assert "账户仍有欠款" in me.follow(answer)


def test_without_a_gateway_nobodys_word_is_money(database):
    with open_house(database, is_demo=False) as real, walk(real) as me:
        buy(me.site, me.name, [88_00])
        assert "收款通道尚未接通" in me.get("/my/repay")
        key = "00000000-0000-4000-8000-000000000000"
        for path in ("/my/repay", "/my/overpayment", "/my/plans/1/settle"):
            assert me.send(path, key=key, how="full", full_minor="8800", amount_minor="8800").status_code == 503
        assert account_of(me).owed_minor == 88_00
        assert me.browser.get("/shop").status_code == 404
