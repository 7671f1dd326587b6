"""One suite for every means of paying a checkout, credit and bank card, through the doors of the shop and the pages of the customer: paid
once however often it is asked, not after its time, discounted once, given back wholly and never more, disputed once, answers that were
lost are asked for again. What only cards do stands below it."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import pytest

from honghua.credit import api as credit
from honghua.store.database import Database, run_unit
from honghua.web.api.tests.partners_door import PartnerClient, link, make_partner
from honghua.web.cards.fake import FakeAcquirer
from honghua.web.cards.paying import CardTill
from honghua.web.cards.port import DisputeState
from honghua.web.consumer.tests.walking import House, Walk, open_house, walk
from honghua.web.tests.doors import Browser

PRICE = 1_200_00
OFF = 150_00  # what the shop gives for a card
NUMBERS = itertools.count(1)
PERIODS = 3  # whose fee the shop bears for credit


@dataclass
class Counter:
    """A shop with its program, a customer, and the acquirer."""

    house: House
    shop: PartnerClient
    me: Walk
    bank: FakeAcquirer

    def open(self, **more: Any) -> Order:
        number = f"order-{next(NUMBERS)}"
        asked = {
            "merchant": "书店", "order": number, "category": "books", "amount_minor": PRICE, "currency": "CNY", "title": "goods",
            "paid_by_shop": [PERIODS], "card_discount_minor": OFF, **more,
        }  # fmt: skip
        made = self.shop.done("POST", "/v1/checkouts", asked, idem=f"open-{number}")
        return Order(made["checkout_id"], urlsplit(made["url"]).path)

    def read(self, order: Order) -> Any:
        return self.shop.get(f"/v1/checkouts/{order.checkout_id}")

    def refund(self, order: Order, amount_minor: int, key: str) -> httpx.Response:
        path = f"/v1/checkouts/{order.checkout_id}/refunds"
        return self.shop.call("POST", path, {"amount_minor": amount_minor}, idem=f"{order.checkout_id[:8]}-{key}")

    def count_facts(self) -> int:
        with self.me.site.pool.connection() as conn:
            return int(conn.execute("SELECT count(*) FROM store_fact").fetchone()[0])  # type: ignore[index]

    def used_minor(self) -> int:
        with self.me.site.pool.connection() as conn:
            view = credit.find_account_view(conn, self.me.site.registry, self.me.name)
        return 0 if view is None else view.limit.used_minor


@dataclass(frozen=True)
class Order:
    checkout_id: str
    path: str


class Means(Protocol):
    """A way to pay, as the customer walks it."""

    name: str

    def ask(self, at: Counter, order: Order) -> httpx.Response:
        """Choose it on the page of the checkout."""

    def finish(self, at: Counter, asked: httpx.Response) -> None:
        """The customer does the rest, twice."""

    def fails_in_the_middle(self, at: Counter, order: Order) -> None:
        """The customer hears nothing after the first click, and does it all again."""

    def paid_minor(self) -> int:
        """What it costs the customer."""

    def booked_minor(self) -> int:
        """What of it is in our books."""

    def dispute(self, at: Counter, order: Order) -> None:
        """Open the dispute, twice."""

    def is_disputed(self, at: Counter, order: Order) -> bool:
        """Whether it is open."""

    def resolve(self, at: Counter, order: Order) -> None:
        """It ends."""


class Credit:
    """In instalments whose fee the shop bears: its discount on credit."""

    name = "credit"

    def ask(self, at: Counter, order: Order) -> httpx.Response:
        return at.me.send(order.path, plan=str(PERIODS))

    def finish(self, at: Counter, asked: httpx.Response) -> None:
        at.me.sign(asked)
        at.me.follow(at.me.send(asked.headers["location"], agreed="yes"))

    def fails_in_the_middle(self, at: Counter, order: Order) -> None:
        first, second = self.ask(at, order), self.ask(at, order)
        at.me.sign(first)  # its page never arrives, and the other tab is signed too
        at.me.send(second.headers["location"], agreed="yes")

    def paid_minor(self) -> int:
        return PRICE

    def booked_minor(self) -> int:
        return PRICE

    def dispute(self, at: Counter, order: Order) -> None:
        number = at.read(order)["answer"]["purchase_id"]
        for key in ("a", "b"):
            at.me.send(f"/my/purchases/{number}/report", key=f"00000000-0000-4000-8000-{number:011d}{key}")

    def is_disputed(self, at: Counter, order: Order) -> bool:
        number = at.read(order)["answer"]["purchase_id"]
        found: bool = at.shop.get(f"/v1/purchases/{number}")["is_reported"]
        return found

    def resolve(self, at: Counter, order: Order) -> None:
        number = at.read(order)["answer"]["purchase_id"]
        at.shop.done("POST", f"/v1/purchases/{number}/clearances", idem=f"clear-{number}")


class Card:
    name = "card"

    def ask(self, at: Counter, order: Order) -> httpx.Response:
        return at.me.send(f"{order.path}/card")

    def finish(self, at: Counter, asked: httpx.Response) -> None:
        page = asked.headers["location"]
        assert "pay_url" not in at.me.get(page)
        for _ in range(2):
            at.bank.choose(page.rpartition("/")[2], pays=True)
            assert "4242" in at.me.get(page)

    def fails_in_the_middle(self, at: Counter, order: Order) -> None:
        at.bank.faults = {"timeout_before": 1.0}
        page = self.ask(at, order).headers["location"]
        assert "结果未知" in at.me.get(page)
        at.bank.faults = {"timeout_after": 1.0}
        at.me.send(f"{page}/again")
        at.bank.faults = {}
        at.me.send(f"{page}/again")
        self.finish(at, self.ask(at, order))

    def paid_minor(self) -> int:
        return PRICE - OFF

    def booked_minor(self) -> int:
        return 0

    def dispute(self, at: Counter, order: Order) -> None:
        page = at.me.send(f"{order.path}/card").headers["location"]
        for key in ("a", "b"):
            at.me.send(f"{page}/dispute", key=f"00000000-0000-4000-8000-00000000000{key}")

    def is_disputed(self, at: Counter, order: Order) -> bool:
        at.me.get(at.me.send(f"{order.path}/card").headers["location"])  # looking asks the bank
        return bool(at.read(order)["card"]["dispute"] == "dispute_open")

    def resolve(self, at: Counter, order: Order) -> None:
        (key,) = at.bank.disputes
        at.bank.decide(key, DisputeState.LOST)


@pytest.fixture(scope="module")
def house(module_database: Database) -> Iterator[House]:
    with open_house(module_database) as opened:
        yield opened


@pytest.fixture
def at(house: House) -> Iterator[Counter]:
    house.app.state.cards = bank = FakeAcquirer(1)
    with walk(house) as me, Browser(house.app, accept="application/json") as program:
        key = make_partner(house.site, f"书店-{me.name}", ["书店"])
        link(house.site, key, me.name)
        yield Counter(house, PartnerClient(program, house.site, key), me, bank)


@pytest.fixture(params=[Credit(), Card()], ids=lambda one: one.name)
def means(request: pytest.FixtureRequest) -> Means:
    found: Means = request.param
    return found


def test_an_order_is_paid_once_discounted_once_and_in_its_time(at: Counter, means: Means) -> None:
    order = at.open()
    page = at.me.get(order.path)
    assert "checked" not in page  # nothing is chosen ahead
    assert "银行卡" in page
    means.finish(at, means.ask(at, order))
    means.ask(at, order)
    told = at.read(order)
    assert (told["state"], told["paid_by"], told["paid_minor"]) == ("paid", means.name, means.paid_minor())
    assert at.used_minor() == means.booked_minor()
    assert len(at.bank.payments) == (means.name == "card")

    late = at.open(minutes=1)
    at.house.clock.advance(dt.timedelta(minutes=2))
    assert means.ask(at, late).status_code in (409, 410)
    assert at.read(late)["state"] == "open"


def test_money_goes_back_in_part_wholly_and_never_more(at: Counter, means: Means) -> None:
    order = at.open()
    early = at.refund(order, 1, "early")
    assert (early.status_code, early.json()["code"]) == (409, "CHECKOUT_UNPAID")
    means.finish(at, means.ask(at, order))
    part, rest = 200_00, means.paid_minor() - 200_00
    for _ in range(2):  # the same key gives back once
        assert at.refund(order, part, "part").status_code == 200
    other = at.refund(order, part + 1, "part")
    assert (other.status_code, other.json()["code"]) == (409, "KEY_REUSED")
    more = at.refund(order, rest + 1, "more")
    assert (more.status_code, more.json()["code"]) == (422, "REFUND_EXCEEDS_PURCHASE")
    assert more.json()["refundable_minor"] == rest
    assert at.refund(order, rest, "rest").status_code == 200
    assert at.refund(order, 1, "one").json()["code"] == "REFUND_EXCEEDS_PURCHASE"
    assert at.used_minor() == 0


def test_a_dispute_is_opened_once_and_comes_to_its_end(at: Counter, means: Means) -> None:
    order = at.open()
    means.finish(at, means.ask(at, order))
    assert not means.is_disputed(at, order)
    means.dispute(at, order)
    assert means.is_disputed(at, order)
    means.resolve(at, order)
    assert not means.is_disputed(at, order)
    assert at.read(order)["state"] == "paid"


def test_lost_answers_are_asked_for_again_and_pay_once(at: Counter, means: Means) -> None:
    order = at.open()
    means.fails_in_the_middle(at, order)
    told = at.read(order)
    assert (told["state"], told["paid_minor"]) == ("paid", means.paid_minor())
    assert at.used_minor() == means.booked_minor()
    assert len(at.bank.payments) == (means.name == "card")


def test_one_order_is_paid_by_one_means(at: Counter) -> None:
    code = {"instalments": None, "code": ""}
    first, second = at.open(), at.open()
    contract = Credit().ask(at, first)  # the contract lies open when the card is begun
    asked = Card().ask(at, first)
    path = contract.headers["location"]
    at.me.get(path)
    at.house.clock.advance(dt.timedelta(seconds=10))
    assert at.me.send(path, agreed="yes").status_code == 409
    spoken = at.shop.done("POST", f"/v1/accounts/{at.me.name}/pay-codes")["code"]
    till = at.shop.call("POST", f"/v1/checkouts/{first.checkout_id}/scan", code | {"code": spoken})
    assert (till.status_code, till.json()["code"]) == (409, "CHECKOUT_BY_CARD")
    at.bank.choose(asked.headers["location"].rpartition("/")[2], pays=False)  # given up: credit is free again
    assert "没有付款" in at.me.get(asked.headers["location"])
    assert at.read(first)["state"] == "open"
    Credit().finish(at, Credit().ask(at, first))
    assert at.read(first)["paid_by"] == "credit"
    assert Card().ask(at, first).status_code == 409

    Card().finish(at, Card().ask(at, second))
    with walk(at.house) as other:
        assert other.send(f"{second.path}/card").status_code == 409
        assert other.browser.get(Card().ask(at, second).headers["location"]).status_code == 404
    assert at.used_minor() == PRICE


def test_what_a_card_pays_is_in_no_book_and_a_wrong_answer_is_never_believed(at: Counter) -> None:
    facts = at.count_facts()
    order = at.open()
    at.bank.faults = {"other_amount": 1.0}
    page = Card().ask(at, order).headers["location"]
    key = page.rpartition("/")[2]
    at.bank.choose(key, pays=True)
    assert "人工核对" in at.me.get(page)
    assert at.read(order)["paid_by"] is None
    at.bank.faults = {}
    at.me.get(page)
    assert at.read(order)["paid_by"] == "card"
    at.bank.faults = {"timeout_after": 1.0}
    lost = at.refund(order, 300_00, "lost")
    assert lost.status_code == 504
    assert at.read(order)["card"]["refunded_minor"] == 0
    at.bank.faults = {}
    at.house.clock.advance(dt.timedelta(minutes=3))
    follow_up(at)
    assert at.read(order)["card"]["refunded_minor"] == at.bank.given_back_minor(key) == 300_00
    assert at.refund(order, 300_00, "lost").status_code == 200
    at.bank.faults = {"refund_refused": 1.0}
    assert at.refund(order, 100_00, "no").json()["code"] == "CARD_REFUND_REFUSED"
    at.bank.faults = {}
    Card().dispute(at, order)
    assert at.refund(order, 1, "disputed").json()["code"] == "CARD_DISPUTED"
    at.bank.decide(key, DisputeState.WON)
    at.house.clock.advance(dt.timedelta(minutes=3))
    follow_up(at)
    assert at.read(order)["card"]["dispute"] == "dispute_won"
    assert at.refund(order, 1, "won").json()["code"] == "CARD_DISPUTED"
    assert at.count_facts() == facts
    assert re.search(r"dispute|争议成立", at.me.get(page))
    assert "4242" in at.me.get("/my/cards")


def follow_up(at: Counter) -> None:
    """What the clock's job does."""
    with at.me.site.pool.connection() as conn:
        till = CardTill(
            acquirer=at.bank, unit=lambda work: run_unit(conn, work), now=at.house.clock.now, address=at.me.site.address
        )
        assert till.follow_up()[0] > 0
        assert till.follow_up() == (0, 0), "what is not open, or was just asked about, is not due"


def test_without_an_acquirer_no_card_is_offered_and_without_credit_a_card_pays(at: Counter) -> None:
    order = at.open()
    with walk(at.house, has_account=False) as stranger:
        assert "/card" in stranger.get(order.path)
        at.bank.choose(stranger.send(f"{order.path}/card").headers["location"].rpartition("/")[2], pays=True)
        stranger.get(stranger.send(f"{order.path}/card").headers["location"])
    assert at.read(order)["paid_by"] == "card"
    at.house.app.state.cards = None
    other = at.open()
    assert "银行卡" not in at.me.get(other.path)
    assert at.me.send(f"{other.path}/card").status_code == 503
    wrong = at.shop.call("POST", "/v1/checkouts", {"amount_minor": 5, "card_discount_minor": 5}, idem="wrong")
    assert wrong.status_code == 422
