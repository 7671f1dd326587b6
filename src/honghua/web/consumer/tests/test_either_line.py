"""An order is paid by the line that its goods are for: the page shows both where both may, and says why where none may."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Iterator

import msgspec
import pytest

from honghua.credit import api as credit
from honghua.credit.core import OpenAccount
from honghua.credit.journey.products import BUSINESS_TERMS
from honghua.credit.store import save_terms
from honghua.web.api.checkouts import Payment, choose_line, id_of_ticket, pay_checkout, register_checkout
from honghua.web.consumer.tests.walking import House, Walk, walk
from honghua.web.pay_codes import redeem_code
from honghua.web.tests.doors import book
from honghua.web.tickets import Ticket


@pytest.fixture
def both(house: House) -> Iterator[Walk]:
    with walk(house, limit_minor=3_000_00) as me:
        with me.site.pool.connection() as conn, conn.transaction():
            save_terms(conn, BUSINESS_TERMS, msgspec.json.encode(BUSINESS_TERMS.body()).decode())
        line = f"{me.name}~business"
        book(me.site, [OpenAccount(key=f"open:{line}", customer=line, limit_minor=5_000_00, terms=BUSINESS_TERMS.name)])
        yield me


def link(me: Walk, category: str, number: int = 0) -> str:
    """A shop's order for 1,000.00 of these goods."""
    now = me.site.clock.now()
    ticket = Ticket(
        merchant="批发市场", order=f"{me.name} {category} {number}", category=category, amount_minor=1_000_00, currency="CNY",
        title="goods", expires_at=now + dt.timedelta(hours=1),
    )  # fmt: skip
    with me.site.pool.connection() as conn, conn.transaction():
        return register_checkout(conn, me.site, ticket, now=now)


def used(me: Walk) -> tuple[int, int]:
    """What the line for consumption and the one for the business have used."""
    with me.site.pool.connection() as conn:
        views = [credit.find_account_view(conn, me.site.registry, line) for line in (me.name, f"{me.name}~business")]
    first, second = (0 if view is None else view.limit.used_minor for view in views)
    return first, second


def offered(page: str) -> set[str]:
    return set(re.findall(r'name="plan" value="([^"]+)"', page))


def test_the_goods_say_which_line_pays(both: Walk) -> None:
    """Goods of the trade, of the household, of either, and what no line may ever pay for."""
    stock, groceries = f"/checkout/{link(both, 'stock')}", f"/checkout/{link(both, 'groceries')}"
    page = both.get(stock)
    assert "用经营额度" in page
    assert offered(page) == {"business-0", "business-3", "business-6", "business-12", "business-24"}
    assert both.send(stock, plan="0").status_code == 422, "the other line's choice is none"
    contract = both.send(stock, plan="business-3")
    result = both.sign(contract)
    assert "付款成功" in result
    assert used(both) == (0, 1_000_00)
    purchase = re.search(r"/my/purchases/\d+", result)
    assert purchase is not None
    assert "批发市场" in both.get(purchase[0])
    assert "business-0" not in (page := both.get(groceries))
    assert "0" in offered(page)
    assert "付款成功" in both.sign(both.send(groceries, plan="0"))
    assert used(both) == (1_000_00, 1_000_00)
    paper = f"/checkout/{link(both, 'stationery')}"
    assert {"0", "business-0"} <= offered(page := both.get(paper))
    assert "用消费额度" in page
    assert " checked" not in page
    assert "付款成功" in both.sign(both.send(paper, plan="business-0"))
    assert used(both) == (1_000_00, 2_000_00)
    cash = f"/checkout/{link(both, 'cash')}"
    assert offered(page := both.get(cash)) == set()
    assert "不能取现、转账或还贷" in page
    assert both.send(cash, plan="0").status_code == 422


def test_a_line_that_is_missing_is_named(me: Walk) -> None:
    stock = f"/checkout/{link(me, 'stock')}"
    page = me.get(stock)
    assert offered(page) == set()
    assert "您还没有经营额度" in page
    assert '"/my/business"' in page
    assert me.send(stock, plan="business-0").status_code == 422


def test_a_code_pays_on_the_line_that_the_goods_are_for(both: Walk) -> None:
    """Shown at a till: the chosen line where the goods are for either, else the one that they are for."""
    line, site = f"{both.name}~business", both.site
    page = both.get("/my/code")
    assert page.count('name="line"') == 2
    shown = both.send("/my/code", line=line)
    code = "".join(re.findall(r'class="code-big">([\d ]+)<', shown.text)).replace(" ", "")
    with site.pool.connection() as conn, conn.transaction():
        assert redeem_code(conn, code, spender="till", now=both.clock.now()) == line
    stolen = both.send("/my/code", line="somebody~business")
    assert stolen.text.count(" checked") == 1, "a line of nobody's is the first of one's own"

    def pay(category: str, by: str) -> tuple[str, str]:
        checkout = id_of_ticket(link(both, category, number=1))
        chosen = asyncio.run(choose_line(site, checkout, by))
        answer = asyncio.run(pay_checkout(site, checkout, Payment(customer=chosen)))
        return chosen, str(answer.get("code", answer["outcome"]))

    assert pay("groceries", line) == (both.name, "approved")
    assert pay("stock", both.name) == (line, "approved")
    assert pay("stationery", line) == (line, "approved")
    assert pay("telecom_service", both.name) == (both.name, "approved")
    assert pay("cash", both.name) == (both.name, "PURPOSE_REFUSED")
    assert used(both) == (2_000_00, 2_000_00)
