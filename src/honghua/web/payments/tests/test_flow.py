"""From the page to the gateway and back: a customer repays through a gateway that repeats, shuffles, loses and lies."""

from __future__ import annotations

import asyncio
import re

import httpx
import msgspec
import pytest

from honghua.base.clock import to_micros
from honghua.credit import api as credit
from honghua.web.consumer.tests.walking import hidden, open_house, walk
from honghua.web.payments import book
from honghua.web.payments.fake import FakeGatewayApp, Faults
from honghua.web.payments.gateway import SIGNATURE, TIMESTAMP, HttpPaymentGateway, sign
from honghua.web.payments.states import Status
from honghua.web.tests.doors import buy

SECRET = "s" * 40
OWED = 100_00


class Line(httpx.BaseTransport):
    """Our calls to the fake, without a network: the fake's own loop answers."""

    def __init__(self, fake) -> None:
        self.inner = httpx.ASGITransport(fake.app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            body = request.read()
            answer = await self.inner.handle_async_request(
                httpx.Request(request.method, request.url, headers=request.headers, content=body)
            )
            return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def house(module_database):
    with open_house(module_database, is_demo=False) as opened:
        yield opened


@pytest.fixture
def me(house):
    with walk(house) as walked:
        buy(house.site, walked.name, [OWED])
        yield walked


@pytest.fixture
def fake(house):
    def now_s() -> int:
        return to_micros(house.clock.now()) // 1_000_000

    carrier = httpx.AsyncClient(transport=httpx.ASGITransport(house.app))
    made = FakeGatewayApp(secret=SECRET, now_s=now_s, client=carrier)
    gateway = HttpPaymentGateway(
        url="https://pay.example", secret=SECRET, now_s=now_s, client=httpx.Client(transport=Line(made))
    )
    house.app.state.payments = gateway
    yield made
    house.app.state.payments = None


def owed(me) -> int:
    with me.site.pool.connection() as conn:
        view = credit.find_account_view(conn, me.site.registry, me.name)
    assert view is not None
    return view.owed_minor


def begin(me, amount: str = "40") -> str:
    """A repayment up to the gateway's door; the payment's page."""
    key = hidden(me.get("/my/repay"), "key")
    answer = me.send("/my/repay", key=key, how="other", amount=amount, full_minor="0", minimum_minor="0")
    again = me.send("/my/repay", key=key, how="other", amount=amount, full_minor="0", minimum_minor="0")
    assert answer.headers["location"] == again.headers["location"]
    return str(answer.headers["location"])


def pay(me, fake, page: str, *, do: str = "pay") -> None:
    """What the customer does at the gateway."""
    (url,) = re.findall(r'href="(https://pay\.example/pay/[^"]+)"', me.get(page))

    async def at_gateway() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(fake.app)) as browser:
            assert "No money moves here" in (await browser.get(url)).text
            back = await browser.post(url, data={"do": do})
            assert back.headers["location"].endswith(page)

    me.browser.runner.run(at_gateway())


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(repeats=2), Faults(is_shuffled=True), Faults(is_shuffled=True, repeats=2), Faults(lost=1)],
    ids=["well", "repeated", "shuffled", "both", "first lost"],
)
def test_what_was_paid_is_booked_once_whatever_notices_do(me, fake, faults):
    fake.faults = faults
    page = begin(me)
    assert owed(me) == OWED
    pay(me, fake, page)
    assert owed(me) == OWED - 40_00
    assert "已记入您的账户" in me.get(page)
    assert "已还款" in me.get("/my/repay")
    sent = me.browser.runner.run(fake.send(next(reversed(fake.asked.values())), fake.said[page.rsplit("/", 1)[1]]))
    assert set(sent) <= {200}
    assert owed(me) == OWED - 40_00


def test_a_gateway_that_does_not_answer_is_asked_again_for_the_same_payment(me, fake):
    fake.faults = Faults(silent_creates=2)
    page = begin(me)  # the form is sent twice: both askings are lost
    assert "暂时没有回应" in me.get(page)
    assert "去付款" in me.follow(me.send(f"{page}/again"))
    pay(me, fake, page)
    assert (len(fake.asked), owed(me)) == (1, OWED - 40_00)


def test_who_gives_up_owes_the_same_and_may_come_back(me, fake):
    page = begin(me)
    pay(me, fake, page, do="fail")
    assert "没有付款" in me.get(page)
    assert owed(me) == OWED


def test_lost_notices_are_asked_for_and_late_money_is_booked_by_the_clock(me, fake):
    fake.faults = Faults(lost=9)
    page = begin(me)
    pay(me, fake, page)
    assert "等待支付" in me.get(page)
    now = me.site.clock.now() + book.ASK_AFTER
    with me.site.pool.connection() as conn:
        told, silent = book.ask_about(conn, fake_port(me), now=now)
        assert (told >= 1, silent) == (True, 0)
        booked = book.book_paid(conn, lambda one: credit.execute(conn, me.site.registry, [one], now=now)[0], now=now)
        assert booked == (1, 1)
        again = book.book_paid(conn, lambda one: credit.execute(conn, me.site.registry, [one], now=now)[0], now=now)
        assert again == (0, 0)
    assert owed(me) == OWED - 40_00


def fake_port(me):
    return me.browser.client._transport.app.state.payments


def test_a_gateway_that_lies_about_the_amount_moves_nothing_and_a_person_is_told(me, fake):
    fake.faults = Faults(extra_minor=-1)
    page = begin(me)
    pay(me, fake, page)
    assert "正在人工核对" in me.get(page)
    assert owed(me) == OWED
    with me.site.pool.connection() as conn:
        told = conn.execute("SELECT body->>'sentence' FROM store_wish WHERE kind LIKE '%%alert%%'").fetchall()
    assert any("AMOUNT_DIFFERS" in sentence for (sentence,) in told)


def test_nobody_but_the_gateway_is_believed(house, me, fake):
    page = begin(me)
    asked = fake.asked[page.rsplit("/", 1)[1]]
    notice = fake.word(asked, 1, Status.PAID)
    body, stamp = msgspec.json.encode(notice), str(fake.now_s())
    good = {TIMESTAMP: stamp, SIGNATURE: sign(SECRET, stamp, "/payments/notices", body)}
    old = str(fake.now_s() - 301)
    for headers in (
        {}, {TIMESTAMP: stamp}, {**good, SIGNATURE: sign("x" * 40, stamp, "/payments/notices", body)},
        {**good, TIMESTAMP: str(fake.now_s() + 1)}, {TIMESTAMP: old, SIGNATURE: sign(SECRET, old, "/payments/notices", body)},
        {TIMESTAMP: stamp, SIGNATURE: sign(SECRET, stamp, "/payments", body)}, {TIMESTAMP: "²".encode(), SIGNATURE: "v1=é".encode()},
    ):  # fmt: skip
        assert me.browser.post("/payments/notices", content=body, headers=headers).status_code == 401, headers
    changed = body.replace(b"4000", b"9000")
    assert me.browser.post("/payments/notices", content=changed, headers=good).status_code == 401
    assert owed(me) == OWED
    for nonsense in (b'{"notice_id": 7}', body.replace(b"4000", b"9" * 30), body.replace(b'"N-', b'"\\u0000'), b"\xff"):
        signed = {TIMESTAMP: stamp, SIGNATURE: sign(SECRET, stamp, "/payments/notices", nonsense)}
        assert me.browser.post("/payments/notices", content=nonsense, headers=signed).status_code == 422, nonsense
    house.app.state.payments = None
    assert me.browser.post("/payments/notices", content=body, headers=good).status_code == 503


def test_a_payment_of_somebody_else_is_not_there(house, me, fake):
    page = begin(me)
    with walk(house) as other:
        assert other.browser.get(page).status_code == 404
        assert other.send(f"{page}/again").status_code == 404


def test_without_a_gateway_nothing_is_taken(house, me):
    house.app.state.payments = None
    assert "尚未接通" in me.get("/my/repay")
    answer = me.send("/my/repay", key="5f0c3a5e-6a43-4c0e-9b1e-1f7a55d0c9ab", how="other", amount="1")
    assert answer.status_code == 503
