"""Opening an account by the journey: identity, application, decision, contract; a no with its reasons and its human path."""

from __future__ import annotations

import datetime as dt

from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.customers.core import find_check_digit
from honghua.store.database import run_unit
from honghua.web.consumer.tests.walking import CARD, NATIONAL_ID, Walk, hidden, open_house, walk

SUITED = {"asked": "5000", "student": "no", "income": "9000", "service": "500", "debts": "2000", "lenders": "1"}


def agree(me: Walk, *, without: frozenset[str] = frozenset({"marketing"})) -> str:
    """Read and tick the agreements; the page after it."""
    path = me.send("/my/opening").headers["location"]
    boxes = {line.split('"')[0] for line in me.get(path).split('name="agree_')[1:]}
    me.clock.advance(dt.timedelta(seconds=60))
    return me.follow(me.send(path, agreed="yes", **{f"agree_{box}": "yes" for box in boxes - without}))


def evidence(number: str = NATIONAL_ID, card: str = CARD) -> dict[str, str]:
    return {"name": "李示范", "national_id": number, "card": card}


def number_of(front: str) -> str:
    return front + find_check_digit(front)


def rows_of(me: Walk) -> list[tuple[str, str]]:
    with me.site.pool.connection() as conn:
        (contract,) = journey.list_contracts(conn, me.name)
        return [(row.step.name, str(row.outcome)) for row in journey.list_steps(conn, contract.contract_id)]


def test_the_whole_way_to_an_account(house):
    with walk(house, has_account=False) as me:
        first = agree(me)
        assert "假的" in first, "a fake says so"
        assert "先做人脸核验" in first
        assert me.send("/my/opening/identity", **evidence()).status_code == 422, "no face yet"
        assert "人脸核验已通过" in me.film("joining")
        wrong = me.send("/my/opening/identity", **{**evidence(), "national_id": "110105199003071230", "card": "12"})
        assert wrong.status_code == 422
        assert "身份证号不正确" in wrong.text
        assert "银行卡号不正确" in wrong.text
        assert "申请额度" in me.follow(me.send("/my/opening/identity", **evidence()))
        assert "进行到这一步" in me.follow(me.send("/my/opening/identity", **evidence())), "sent twice, taken once"
        assert me.send("/my/opening/application", **{**SUITED, "student": "", "income": "x"}).status_code == 422
        granted = me.follow(me.send("/my/opening/application", **SUITED))
        assert "审批通过" in granted
        assert "您可以不签约" in granted
        shown = me.follow(me.send("/my/opening/contract"))
        assert "息费明示表" in shown
        early = me.send("/my/opening/signature", digest=hidden(shown, "digest"), agreed="yes")
        assert early.status_code == 422
        assert "请阅读足够时间" in early.text
        me.clock.advance(dt.timedelta(seconds=10))
        assert me.send("/my/opening/signature", digest="00" * 32, agreed="yes").status_code == 422, "another text"
        assert me.send("/my/opening/signature", digest=hidden(shown, "digest")).status_code == 422, "no word given"
        signed = {"digest": hidden(shown, "digest"), "agreed": "yes"}
        assert "开通成功" in me.follow(me.send("/my/opening/signature", **signed))
        me.follow(me.send("/my/opening/signature", **signed))
        assert rows_of(me) == [(name, "passed") for name in ("PROOFING", "APPLICATION", "APPROVAL", "CONTRACT")]
        with me.site.pool.connection() as conn:
            account = credit.find_account_view(conn, me.site.registry, me.name)
            assert account is not None
            (key,) = customers.list_contracts(conn, me.name)
            checked = customers.check_contract(conn, me.site.vault, key, now=me.clock.now())
            contract_id = journey.find_account_contract(conn, account.account_id)
            assert contract_id is not None
            granted_minor = journey.list_steps(conn, contract_id)[2].decided["limit_minor"]
            told = conn.execute("SELECT decided::text || risk::text FROM credit_contract_steps").fetchall()
        assert account.limit.fixed_minor == granted_minor > 0
        assert checked.is_signed
        assert not checked.problems
        assert not any(NATIONAL_ID in text or CARD in text or "李示范" in text for (text,) in told)
        assert "/my/opening/contract.pdf" in me.get("/my/consents")
        pdf = me.browser.get("/my/opening/contract.pdf")
        assert pdf.content.startswith(b"%PDF")
        assert "no-store" in pdf.headers["cache-control"]


def test_a_no_says_why_and_goes_to_a_person_who_may_open_it_again(house):
    with walk(house, has_account=False) as me:
        agree(me)
        me.film("joining")
        me.send("/my/opening/identity", **evidence(number_of("11010519910307124"), "6222021234567890456"))
        refused = me.follow(me.send("/my/opening/application", **{**SUITED, "student": "yes"}))
        assert "我们不向学生提供消费信贷" in refused
        with me.site.pool.connection() as conn:
            first = credit.get_business_day(conn) + dt.timedelta(days=90)
        assert f"{first} 起可以重新申请" in me.follow(me.send("/my/opening/again"))
        assert me.send("/my/opening/appeal", words="").status_code == 422
        assert "您的申诉正在处理" in me.follow(me.send("/my/opening/appeal", words="我已毕业"))
        me.follow(me.send("/my/opening/appeal", words="我已毕业"))
        assert "当前申请尚未结束" in me.follow(me.send("/my/opening/again"))
        with me.site.pool.connection() as conn:
            (asked,) = customers.list_requests(conn, customer=me.name)
            assert asked.kind == "human_decision"
            (waiting,) = [row for row in journey.list_waiting(conn, limit=10) if row.outcome == "appealed"]
            taking = journey.Taking(
                contract_id=waiting.contract_id, step=waiting.step, key="settled", decided_by="Rita"
            )
            run_unit(
                conn,
                lambda c: journey.settle_appeal(
                    c, taking, reopen=True, words="a diploma was shown", now=me.clock.now(), business_on=credit.get_business_day(c)
                ),
            )  # fmt: skip
        assert "申请额度" in me.get("/my/opening")
        me.follow(me.send("/my/opening/application", **SUITED))
        assert ("APPLICATION", "passed") in rows_of(me)


def test_who_wants_a_person_to_decide_waits_for_one(house):
    with walk(house, has_account=False) as me:
        agree(me, without=frozenset({"marketing", "automated_decision"}))
        me.film("joining")
        me.send("/my/opening/identity", **evidence(number_of("11010519920307124"), "6222021234567890789"))
        waiting = me.follow(me.send("/my/opening/application", **SUITED))
        assert "正在由人工处理" in waiting
        assert "您已要求由人工作出决定" in waiting
        assert me.send("/my/opening/contract").headers["location"] == "/my/opening", "nothing to sign before a yes"


def test_without_an_identity_service_the_page_says_so(database):
    with open_house(database, is_demo=False) as house, walk(house, has_account=False) as me:
        page = me.get("/my/opening")
        assert "暂不能在网上证明身份" in page
        assert "/my/help" in page
        assert me.send("/my/opening").headers["location"] == "/my"
        assert me.send("/my/opening/identity", **evidence()).headers["location"] == "/my"
