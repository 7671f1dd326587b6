"""Purchases that wait, over the API: proven, thought over, looked at by a person, or refused with a reason in plain words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from honghua_client import Honghua, Problem

from honghua.store.database import Database
from honghua.web.api.tests.partners_door import link, make_partner, purchase
from tests.browser.town import Town, serve

pytestmark = pytest.mark.slow  # the risk engine is at work
PROVEN, SLOW, LOOKED_AT, WRONG = 459_900, 22_222, 33_333, 44_444  # amounts that the town's policy knows


@pytest.fixture(scope="module")
def town(module_database: Database) -> Iterator[Town]:
    with serve(module_database) as made:
        yield made


@pytest.fixture(scope="module")
def api(town: Town) -> Iterator[Honghua]:
    key = make_partner(town.site, "bookshop", ["书店"])
    town.add_customer("李雷", "13800001234")
    link(town.site, key, "李雷")
    with Honghua(town.address, key.key_id, key.secret, clock=lambda: town.clock.now().timestamp()) as made:
        yield made


def order(amount_minor: int, name: str, **more: Any) -> dict[str, Any]:
    return purchase("李雷", "书店", amount_minor, order=name, **more)


def test_a_step_up_goes_on_with_the_code_from_the_customers_phone(town, api):
    asked = api.buy(**order(PROVEN, "o-1"))
    assert (asked["outcome"], asked["code"]) == ("step_up", "STEP_UP_NEEDED")
    (code,) = town.send_codes()
    going = {"suspension_id": asked["suspension_id"], "proof": "000000" if code != "000000" else "000001"}
    with pytest.raises(Problem) as found:
        api.buy(**order(PROVEN, "o-1", continues=going))
    assert (found.value.status, found.value.code) == (422, "PROOF_WRONG")
    with pytest.raises(Problem) as found:
        api.buy(**order(PROVEN + 1, "o-1", continues={**going, "proof": code}))
    assert found.value.code == "SUSPENSION_UNKNOWN"
    done = api.buy(**order(PROVEN, "o-1", continues={**going, "proof": code}))
    assert (done["outcome"], done["amount_minor"]) == ("approved", PROVEN)
    with pytest.raises(Problem, match="SUSPENSION_DONE"):
        api.buy(**order(PROVEN, "o-1", continues={**going, "proof": code}))


def test_a_delayed_purchase_is_confirmed_when_its_time_has_come(town, api):
    asked = api.buy(**order(SLOW, "o-2"))
    assert (asked["outcome"], asked["code"]) == ("delayed", "DELAYED")
    town.clock.advance(dt.timedelta(hours=2))
    going = {"suspension_id": asked["suspension_id"], "confirmed": True}
    assert api.buy(**order(SLOW, "o-2", continues=going))["outcome"] == "approved"


def test_a_review_waits_and_a_refusal_says_why_without_saying_what_was_seen(api):
    assert api.buy(**order(LOOKED_AT, "o-3"))["outcome"] == "review"
    refused = api.buy(**order(WRONG, "o-4"))
    assert (refused["outcome"], refused["code"]) == ("refused", "RISK_REFUSED")
    told = api.get(f"/v1/decisions/{refused['decision_id']}")
    assert (told["outcome"], told["code"]) == ("refuse", "RISK_REFUSED")
    assert told["sentence"]["zh"] == refused["sentence"]
    assert told["adverse"]["en"]
    assert api.purchase(refused["decision_id"])["began"] == "refused"


def test_a_checkout_goes_on_with_its_suspended_purchase(town, api):
    made = api.open_checkout(
        merchant="书店", order="o-5", category="books", amount_minor=SLOW, currency="CNY", title="三体"
    )
    code = api.send("POST", "/v1/accounts/李雷/pay-codes")["code"]
    asked = api.scan(made["checkout_id"], code)
    assert asked["outcome"] == "delayed"
    assert api.checkout(made["checkout_id"])["state"] == "suspended"
