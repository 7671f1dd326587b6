"""A part of an order on credit, the rest otherwise: taken by the shop, chosen by the customer, booked to the cent.

The answer that offers it is written into its contract as the books give it; that a policy does: tests/browser/test_answers.py.
"""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from honghua.credit.core.refusals import refusal
from honghua.web.api.checkouts import find_attempts, id_of_ticket, register_checkout
from honghua.web.consumer.readings import find_reading, save_answer
from honghua.web.consumer.tests.walking import walk
from honghua.web.tickets import Ticket

LIMIT, ORDER = 10_000_00, 16_800_00


@pytest.fixture
def me(house):
    with walk(house, limit_minor=LIMIT) as walked:
        yield walked


def make_link(me, *, accepts_less: bool) -> str:
    now = me.site.clock.now()
    ticket = Ticket(
        merchant="琴行", order=f"o-{me.name}-{accepts_less}", category="music", amount_minor=ORDER, currency="CNY", title="piano",
        expires_at=now + dt.timedelta(hours=1), accepts_less=accepts_less,
    )  # fmt: skip
    with me.site.pool.connection() as conn, conn.transaction():
        return register_checkout(conn, me.site, ticket, now=now)


def refuse(me, link: str) -> str:
    """The contract of the whole order, answered with an offer; the page of the answer, by its path."""
    contract = me.send(f"/checkout/{link}", plan="0").headers["location"]
    answer = {**refusal("LESS_OFFERED", offered_minor=LIMIT), "decision_id": 0}
    with me.site.pool.connection() as conn, conn.transaction():
        reading = find_reading(conn, me.name, uuid.UUID(contract.rsplit("/", 1)[1]))
        assert reading is not None
        save_answer(conn, reading, answer, now=me.site.clock.now())
    return f"{contract}/result"


def part_of(link: str, result: str) -> str:
    return f"/checkout/{link}/part/{result.split('/')[-2]}"


def test_a_part_is_offered_chosen_read_and_booked_to_the_cent(me):
    link = make_link(me, accepts_less=True)
    result = refuse(me, link)
    assert part_of(link, result) in me.get(result)
    page = me.get(part_of(link, result))
    assert " checked" not in page
    assert "¥6,800.00" in page
    assert me.send(part_of(link, result), plan="").status_code == 422
    contract = me.send(part_of(link, result), plan="6")
    shown = me.get(contract.headers["location"])
    assert "综合融资成本明示表" in shown
    assert "¥6,800.00" in shown
    paid = me.sign(contract)
    assert "其余 ¥6,800.00" in paid
    with me.site.pool.connection() as conn:
        attempts = find_attempts(conn, id_of_ticket(link))
    assert (attempts.state, attempts.paid_minor) == ("paid", LIMIT)
    assert "已经付过" in me.follow(me.browser.get(part_of(link, result)))


def test_a_shop_that_wants_all_is_offered_no_part(me):
    link = make_link(me, accepts_less=False)
    result = refuse(me, link)
    assert "请让商家拆分订单" in me.get(result)
    assert "/part/" not in me.get(result)
    assert me.browser.get(part_of(link, result)).status_code == 404
    assert me.send(part_of(link, result), plan="0").status_code == 404


def test_an_offer_is_its_customers_and_its_orders_alone(house, me):
    link, second = make_link(me, accepts_less=True), make_link(me, accepts_less=True)
    result = refuse(me, link)
    assert me.browser.get(part_of(second, result)).status_code == 404
    with walk(house, limit_minor=LIMIT) as other:
        assert other.browser.get(part_of(link, result)).status_code == 404
