"""The desk's live feed over a real socket: rows as they are decided, each once, through the filter, and on from the last one seen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest

from honghua.credit.core import BuyNow
from honghua.store.database import Database
from honghua.web.roles import Role
from tests.browser.town import Town, serve

pytestmark = pytest.mark.slow  # the risk engine is at work
ME = "李雷"


@pytest.fixture(scope="module")
def town(module_database: Database) -> Iterator[Town]:
    with serve(module_database) as made:
        made.add_customer(ME, "13800001234")
        yield made


def buy(town: Town, amount_minor: int) -> int:
    command = BuyNow(
        key=f"buy:{amount_minor}", customer=ME, amount_minor=amount_minor, merchant="书店", order=f"o-{amount_minor}",
        category="books",
    )  # fmt: skip
    (answer,) = asyncio.run(town.site.booker.submit([command], seconds_max=120.0))
    return int(answer["purchase_id"])


def hear(lines: Iterator[str]) -> tuple[int, list[int]]:
    """(id of the next event with rows, the decisions in it)."""
    number, kind, found = 0, "", []
    for line in lines:
        name, _, text = line.partition(": ")
        if name == "id":
            number = int(text)
        elif name == "event":
            kind = text
        elif name == "data":
            found += [int(n) for n in re.findall(r'data-decision="(\d+)"', text)]
        elif not line and kind == "rows":
            return number, found
    raise AssertionError("the stream ended")


def test_rows_come_once_and_a_browser_that_comes_back_goes_on_behind_its_last(town):
    name, token = town.begin_session(Role.AUDITOR, "eve")
    first = buy(town, 10_00)
    with httpx.Client(base_url=town.address, cookies={name: token}, timeout=120.0) as client:
        with client.stream("GET", "/desk/feed/live", params={"after": first}) as answer:
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            lines = answer.iter_lines()
            second = buy(town, 20_00)
            assert hear(lines) == (second, [second])
            third = buy(town, 30_00)
            assert hear(lines) == (third, [third])
        again = {"Last-Event-ID": str(second)}
        with client.stream("GET", "/desk/feed/live", params={"after": first}, headers=again) as answer:
            assert hear(answer.iter_lines()) == (third, [third])
        with client.stream("GET", "/desk/feed/live", params={"least": "15", "most": "25"}) as answer:
            assert hear(answer.iter_lines()) == (third, [second])
