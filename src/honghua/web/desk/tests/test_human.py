"""What waits for people: a disputed payment is settled by two, an appeal and a referred step by a reviewer, on the real books."""

from __future__ import annotations

import re
import uuid
from functools import partial

import pytest

from honghua.credit import api as credit
from honghua.credit.journey import api as journey
from honghua.customers import api as customers
from honghua.store.database import run_unit
from honghua.web.consumer.tests.test_joining import SUITED, agree, evidence, number_of
from honghua.web.consumer.tests.walking import open_house, walk
from honghua.web.desk.acts import list_acts
from honghua.web.desk.tests.staff import enter, follow, read
from honghua.web.invariants import check_web
from honghua.web.payments import book, settling
from honghua.web.payments.states import Notice, Status
from honghua.web.roles import Role
from honghua.web.tests.doors import Browser, buy, open_account

ME = "李雷"
OWED = 100_00


def owed(site):
    return read(site, lambda conn: credit.find_account_view(conn, site.registry, ME)).owed_minor


def hear(site, payment_id, *said):
    """The gateway says this of a payment; what is paid is booked as the clock does it."""
    now = site.clock.now()
    with site.pool.connection() as conn:
        for sequence, status, minor in said:
            notice = Notice(
                notice_id=f"{payment_id}:{sequence}", payment_id=payment_id, reference="G-1", sequence=sequence, status=status,
                amount_minor=minor, currency="CNY",
            )  # fmt: skip
            run_unit(conn, partial(book.take_notice, notice=notice, now=now))
            book.book_paid(conn, lambda one: credit.execute(conn, site.registry, [one], now=now)[0], now=now)


def pay(site, *said, minor=40_00):
    """A payment of which the gateway says this."""
    number = uuid.uuid4()
    with site.pool.connection() as conn:
        run_unit(conn, lambda c: book.make_payment(c, number, ME, (minor, "CNY"), now=site.clock.now()))
    hear(site, str(number), *said)
    return str(number)


def settle(site, browser, payment_id, word, amount):
    """One person says it, another confirms; the page after that."""
    enter(browser, site, Role.OPERATIONS, "otto")
    asked = browser.send(
        site, f"/desk/payments/{payment_id}/ask", word=word, amount=amount, why="the bank's own statement"
    )
    page = follow(browser, asked)
    assert "another person must confirm" in page, page[-800:]
    (word_id,) = read(site, lambda conn: [one.word_id for one in settling.list_asked(conn, is_open=True, limit=9)])
    own = browser.send(site, f"/desk/payments/words/{word_id}/decide", decision="confirm", why="I say so")
    assert "OWN_WORD" in follow(browser, own)
    enter(browser, site, Role.OPERATIONS, "olga")
    return follow(browser, browser.send(site, f"/desk/payments/words/{word_id}/decide", decision="confirm", why="seen"))


def state_of(site, payment_id):
    number = uuid.UUID(payment_id)
    found = read(site, lambda conn: book.find_payment(conn, number, customer=ME))
    return found.state, found.problem


@pytest.fixture(autouse=True)
def hold(site):
    """Whatever people say, payments and books agree at the end."""
    yield
    assert [check.name for check in read(site, check_web) if not check.ok] == []


@pytest.fixture
def debtor(site):
    open_account(site, ME)
    buy(site, ME, [OWED])


def test_money_that_came_with_another_amount_is_booked_as_two_people_found_it(site, browser, debtor):
    payment = pay(site, (1, Status.PAID, 39_00))
    assert (owed(site), state_of(site, payment)) == (OWED, ("disputed", "AMOUNT_DIFFERS"))
    enter(browser, site, Role.AUDITOR, "eve")
    assert "1 payment is in trouble" in browser.get("/desk/").text
    page = browser.get("/desk/payments").text
    assert "AMOUNT_DIFFERS" in page
    assert '<form method="post" action="/desk/payments' not in page
    assert browser.send(site, f"/desk/payments/{payment}/ask", word="arrived", amount="39", why="x").status_code == 403
    enter(browser, site, Role.CARE, "carl")
    wrong = browser.send(site, f"/desk/payments/{payment}/ask", word="stands", amount="39", why="no booking to stand")
    assert "WORD_WRONG" in follow(browser, wrong)
    assert "done" in settle(site, browser, payment, "arrived", "39.00")
    assert (owed(site), state_of(site, payment)) == (OWED - 39_00, ("booked", ""))
    assert read(site, lambda conn: settling.list_troubled(conn, limit=9)) == []
    acts = read(site, lambda conn: [(act.person, act.outcome) for act in list_acts(conn, limit=9)])
    assert ("olga", "done") in acts


def test_money_that_went_back_is_taken_back_and_may_come_again(site, browser, debtor):
    payment = pay(site, (1, Status.PAID, 40_00), (2, Status.RETURNED, 40_00))
    assert (owed(site), state_of(site, payment)[0]) == (OWED - 40_00, "disputed")
    settle(site, browser, payment, "returned", "40.00")
    assert (owed(site), state_of(site, payment)[0]) == (OWED, "failed")
    hear(site, payment, (3, Status.PAID, 40_00))
    assert (owed(site), state_of(site, payment)[0]) == (OWED - 40_00, "booked"), "booked anew, under another key"


def test_a_wrong_notice_leaves_the_booking_and_a_rejected_word_leaves_the_payment(site, browser, debtor):
    payment = pay(site, (1, Status.PAID, 40_00), (2, Status.FAILED, 40_00))
    settle(site, browser, payment, "stands", "40.00")
    assert (owed(site), state_of(site, payment)[0]) == (OWED - 40_00, "booked")
    other = pay(site, (1, Status.PAID, 1_00))
    enter(browser, site, Role.CARE, "carl")
    follow(browser, browser.send(site, f"/desk/payments/{other}/ask", word="arrived", amount="40", why="a guess"))
    again = browser.send(site, f"/desk/payments/{other}/ask", word="returned", amount="40", why="another guess")
    assert "WORD_WAITS" in follow(browser, again)
    hear(site, other, (2, Status.PENDING, 40_00))
    (word_id,) = read(site, lambda conn: [one.word_id for one in settling.list_asked(conn, is_open=True, limit=9)])
    enter(browser, site, Role.OPERATIONS, "otto")
    late = browser.send(site, f"/desk/payments/words/{word_id}/decide", decision="confirm", why="seen")
    assert "PAYMENT_MOVED" in follow(browser, late)
    follow(browser, browser.send(site, f"/desk/payments/words/{word_id}/decide", decision="reject", why="look again"))
    assert (owed(site), state_of(site, other)[0]) == (OWED - 40_00, "disputed")
    assert "a guess" in browser.get("/desk/payments").text


@pytest.fixture(scope="module")
def house(module_database):
    with open_house(module_database) as opened:
        yield opened


@pytest.fixture
def reviewer(house):
    with Browser(house.app) as browser:
        enter(browser, house.site, Role.REVIEWER, "rita")
        yield browser


def find_waiting(site, customer):
    """(contract, what the form calls the question) of what waits of a customer."""
    with site.pool.connection() as conn:
        mine = {one.contract_id for one in journey.list_contracts(conn, customer)}
        (row,) = [row for row in journey.list_waiting(conn, limit=99) if row.contract_id in mine]
        return row.contract_id, f"{row.contract_id}:{row.number}"


def answer(reviewer, site, contract_id, question, **fields):
    sent = reviewer.send(
        site, f"/desk/journeys/{contract_id}/answer", question=question, key=str(uuid.uuid4()), **fields
    )
    return follow(reviewer, sent)


def test_an_appeal_is_answered_and_the_step_is_open_again(house, reviewer):
    with walk(house, has_account=False) as me:
        agree(me)
        me.film("joining")
        me.send("/my/opening/identity", **evidence(number_of("11010519910307125"), "6222021234567899911"))
        me.follow(me.send("/my/opening/application", **{**SUITED, "student": "yes"}))
        me.follow(me.send("/my/opening/appeal", words="我已毕业"))
        contract_id, question = find_waiting(me.site, me.name)
        queue = reviewer.get("/desk/journeys").text
        assert "我已毕业" in queue
        assert f"/desk/journeys/{contract_id}" in queue
        page = reviewer.get(f"/desk/journeys/{contract_id}").text
        assert "UNSUITABLE_STUDENT" in page
        assert "aside_UNSUITABLE_STUDENT" not in page, "what nobody may set aside is not offered"
        assert "a person decide" in page
        assert "give a reason" in answer(reviewer, me.site, contract_id, question, word="reopen", why="")
        assert "give a reason" in answer(reviewer, me.site, contract_id, question, word="grant", why="not on offer")
        done = answer(reviewer, me.site, contract_id, question, word="reopen", why="a diploma was shown")
        assert "may try once more" in done
        assert "give a reason" in answer(reviewer, me.site, contract_id, question, word="reopen", why="twice")
        assert "申请额度" in me.get("/my/opening")
        (asked,) = read(me.site, lambda conn: customers.list_requests(conn, customer=me.name))
        assert (asked.closed_by, asked.outcome) == ("rita", "a diploma was shown")


def test_who_asked_for_a_person_is_passed_by_one_who_answers_for_it(house, reviewer):
    with walk(house, has_account=False) as me:
        agree(me, without=frozenset({"marketing", "automated_decision"}))
        me.film("joining")
        me.send("/my/opening/identity", **evidence(number_of("11010519920307125"), "6222021234567899912"))
        assert "您已要求由人工作出决定" in me.follow(me.send("/my/opening/application", **SUITED))
        contract_id, question = find_waiting(me.site, me.name)
        waits = answer(reviewer, me.site, contract_id, question, word="grant", why="looked, but set nothing aside")
        assert "STEP_WAITS_FOR_PERSON" in waits, "a word that sets nothing aside changes nothing"
        done = answer(
            reviewer,
            me.site,
            contract_id,
            question,
            word="grant",
            why="income is plain",
            aside_AUTOMATION_REFUSED="yes",
        )
        assert re.search(r'class="notice good"[^>]*>Passed\.', done), done[-1500:]
        with me.site.pool.connection() as conn:
            rows = journey.list_steps(conn, contract_id)
        assert (rows[-1].step, rows[-1].outcome, rows[-1].decided_by) == (journey.Step.APPROVAL, "passed", "rita")
        assert me.get("/my/opening").count("审批人员") or "合同" in me.get("/my/opening")


def test_pages_are_for_those_who_may_and_say_when_nothing_waits(site, browser):
    for role, journeys, payments in (
        (Role.REVIEWER, 200, 403), (Role.CARE, 200, 200), (Role.OPERATIONS, 200, 200), (Role.AUDITOR, 200, 200),
        (Role.STRATEGIST, 403, 403),
    ):  # fmt: skip
        enter(browser, site, role, "ann")
        assert (browser.get("/desk/journeys").status_code, browser.get("/desk/payments").status_code) == (
            journeys,
            payments,
        )
    enter(browser, site, Role.AUDITOR, "eve")
    for language, words in (
        ("zh", ("没有等待人工处理的合同", "没有等待处理的付款")),
        ("en", ("No contract waits", "No payment waits")),
    ):
        browser.cookies.set("honghua_language", language)
        assert words[0] in browser.get("/desk/journeys").text
        assert words[1] in browser.get("/desk/payments").text
    assert browser.get("/desk/journeys/99").status_code == 404
