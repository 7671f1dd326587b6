"""The Python client and the sample shop against a real server over a real socket: the conformance suite of a partner's program (R-229)."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import socket
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import uvicorn
from honghua_client import Honghua, Problem, check_webhook
from shop import Shop

from honghua.app.cli import build_parser
from honghua.app.commands.running.partner import choose_scopes
from honghua.base.clock import FixedClock
from honghua.merchants import api as merchants
from honghua.merchants.authenticity.store import list_evidence
from honghua.store.database import Database
from honghua.web.api.signing import sign
from honghua.web.api.tests.partners_door import link, make_partner, purchase
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.tests.doors import NOON, make_site, open_account


@pytest.fixture(scope="module")
def site(module_database: Database) -> Iterator[Site]:
    with make_site(module_database, clock=FixedClock(NOON), is_demo=True) as made:
        yield made


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    """A server on a port of its own."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    app = build_app(site, consoles=("ui", "api"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[door])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        door.close()


@pytest.fixture(scope="module")
def key(site: Site) -> Any:
    made = make_partner(site, "bookshop", ["书店"])
    for customer in ("李雷", "韩梅梅"):
        open_account(site, customer)
        link(site, made, customer)
    return made


@pytest.fixture(scope="module")
def carrier(site: Site) -> Any:
    """A key that the server knows from its first call on, as it reads them all anew every two seconds only."""
    return make_partner(site, "carrier", ["书店"], scopes=frozenset({"logistics"}))


@pytest.fixture
def api(address: str, key: Any, carrier: Any) -> Iterator[Honghua]:
    with Honghua(address, key.key_id, key.secret, clock=NOON.timestamp, sleep=lambda _: None) as made:
        yield made


def order(customer: str, amount_minor: int, name: str, **more: Any) -> dict[str, Any]:
    return purchase(customer, "书店", amount_minor, order=name) | more


def test_the_client_buys_captures_refunds_repays_and_reads(api):
    answer = api.buy(**order("李雷", 5_000, "o-1"), key="client-1")
    assert answer["outcome"] == "approved"
    assert api.buy(**order("李雷", 5_000, "o-1"), key="client-1")["repeated"]
    api.refund(answer["purchase_id"], 1_000)
    held = api.authorise(**order("李雷", 3_000, "o-2"))
    api.capture(held["purchase_id"], 2_000)
    api.void(api.authorise(**order("李雷", 700, "o-3"))["purchase_id"])
    assert api.account("李雷")["owed_minor"] == 6_000
    six = next(quote for quote in api.quotes("李雷", 60_000) if quote["periods"] == 6)
    plan = api.buy(**order("李雷", 60_000, "o-4", instalments={"periods": 6, "fee_minor": six["fee_minor"]}))
    assert plan["fee_minor"] == six["fee_minor"]
    api.settle("李雷", api.account("李雷")["plans"][0]["plan_id"])
    api.repay("李雷", 6_000)
    account = api.account("李雷")
    assert account["owed_minor"] == 0
    assert len(list(api.history("李雷"))) > 8
    assert list(api.statements("李雷")) == []
    answers = api.buy_many([order("李雷", 10, "o-5", key="m-1"), order("nobody", 10, "o-6", key="m-2")])
    assert [one["status"] for one in answers] == [200, 404]


def test_problems_are_raised_and_refusals_are_answers(api):
    assert api.buy(**order("李雷", 999_999_00, "o-7"))["outcome"] == "refused"
    with pytest.raises(Problem) as found:
        api.account("somebody else's")
    assert (found.value.status, found.value.code) == (404, "CUSTOMER_NOT_YOURS")
    with pytest.raises(Problem) as found:
        api.buy(**order("李雷", 1, "o-8", merchant="花店"))
    assert found.value.code == "MERCHANT_NOT_YOURS"


class Lossy(httpx.HTTPTransport):
    """A line that loses the answer after the request has arrived, every other time."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent += 1
        response = super().handle_request(request)
        if self.sent % 2:
            response.read()
            raise httpx.ReadError("lost")
        return response


def test_a_lost_answer_is_asked_for_again_under_the_same_key(address, key, api):
    before = api.account("韩梅梅")["limit"]["used_minor"]
    line = Lossy()
    with Honghua(address, key.key_id, key.secret, clock=NOON.timestamp, sleep=lambda _: None, transport=line) as lossy:
        for number in range(5):
            assert lossy.buy(**order("韩梅梅", 100, f"lossy-{number}"))["repeated"]
    assert line.sent == 10
    assert api.account("韩梅梅")["limit"]["used_minor"] == before + 500


def test_a_listener_hears_what_happens_and_goes_on_where_it_was(api):
    _, start = api.events("")
    for number in range(3):
        api.buy(**order("韩梅梅", 200 + number, f"live-{number}"))
    heard = []
    for event in api.listen(start):
        heard.append(event)
        if len(heard) == 2:
            break
    for event in api.listen(heard[-1].cursor):
        heard.append(event)
        break
    assert [event.body["order"] for event in heard] == ["live-0", "live-1", "live-2"]
    later = threading.Thread(target=lambda: api.buy(**order("韩梅梅", 300, "live-3")))
    later.start()
    for event in api.listen(heard[-1].cursor):
        assert event.body["order"] == "live-3"
        break
    later.join()
    events, _ = api.events(start)
    assert [event.body["order"] for event in events] == ["live-0", "live-1", "live-2", "live-3"]


def test_the_sample_shop_sells_a_book_once_however_often_the_customer_clicks(api, site):
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OpenShop", (Shop,), {"api": api}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as browser:
            assert "三体" in browser.get("/").text
            clicks = [browser.post("/buy", data={"good": "three-body", "order": "click-1"}) for _ in range(2)]
            assert clicks[0].headers["location"] == clicks[1].headers["location"]
            page = browser.get(clicks[0].headers["location"]).text
            assert f"{site.address}/checkout/" in page
            assert f"{api.address}/widget/checkout.js" in page
            checkout_id = clicks[0].headers["location"].rsplit("=", 1)[1]
            code = api.send("POST", "/v1/accounts/韩梅梅/pay-codes")["code"]
            paid = api.scan(checkout_id, code)
            assert (paid["outcome"], paid["amount_minor"]) == ("approved", 9_900)
            assert "paid" in browser.get(f"/order?id={checkout_id}").text
            with pytest.raises(Problem, match="CODE_SPENT"):
                api.scan(api.open_checkout(**checkout_of("other"))["checkout_id"], code)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_scene_tells_order_parcel_and_refund_signed_once_and_in_any_order(address, carrier, api, site):
    """R-235: what a scene's program does from the order to its return; each call signed, each event once however often it is told."""
    bought = api.buy(**order("李雷", 8_800, "parcel-1"))["purchase_id"]
    moments = {"shipped": (NOON - dt.timedelta(hours=1)).isoformat(), "delivered": NOON.isoformat()}
    with Honghua(address, carrier.key_id, carrier.secret, clock=NOON.timestamp, sleep=lambda _: None) as scene:
        with pytest.raises(Problem, match="ORDER_NOT_OPEN"):
            scene.tell_logistics(bought, "shipped", "SF-1", moments["shipped"])
        with site.pool.connection() as conn:
            merchants.catch_up_wholly(conn, now=NOON)
        told = [
            scene.tell_logistics(bought, kind, "SF-1", moments[kind], grams=900)
            for kind in ("delivered", "shipped", "delivered")
        ]
        assert [one["repeated"] for one in told] == [False, False, True]
        for problem, wrong in (
            ("EVIDENCE_DIFFERS", (bought, "shipped", "SF-1", NOON.isoformat())),
            ("EVIDENCE_UNREADABLE", (bought, "shipped", "SF-2", (NOON + dt.timedelta(days=2)).isoformat())),
            ("PURCHASE_UNKNOWN", (bought + 1_000_000, "shipped", "SF-1", NOON.isoformat())),
            ("REQUEST_INVALID", (bought, "lost", "SF-1", NOON.isoformat())),
        ):
            with pytest.raises(Problem, match=problem):
                scene.tell_logistics(*wrong)
        target, body = f"/v1/purchases/{bought}/logistics", json.dumps(
            {"kind": "returned", "reference": "SF-1", "happened_at": NOON.isoformat()}
        ).encode()  # fmt: skip
        headers = scene.sign("POST", target, body) | {"Content-Type": "application/json"}
        first, again = (httpx.post(address + target, content=body, headers=headers) for _ in range(2))
        assert (first.status_code, again.status_code, again.json()["code"]) == (200, 401, "NONCE_REUSED")
        forged = httpx.post(
            address + target, content=body.replace(b"SF-1", b"SF-9"), headers=scene.sign("POST", target, body)
        )
        assert forged.json()["code"] == "SIGNATURE_WRONG"
    assert "logistics" not in shop_scopes(), "a shop's own word is no evidence of its orders"
    api.refund(bought, 8_800, key="parcel-1-back")
    assert api.refund(bought, 8_800, key="parcel-1-back")["repeated"]
    with site.pool.connection() as conn:
        found = merchants.find_order(conn, bought)
        kept = [(row.item.kind.value, row.source) for row in list_evidence(conn, [bought])]
    assert found is not None
    assert found.look_at is not None
    assert found.look_at <= NOON, "who heard of it looks in the next round"
    assert kept == [("delivered", "partner carrier"), ("shipped", "partner carrier"), ("returned", "partner carrier")]


def shop_scopes() -> frozenset[str]:
    """What `honghua partner add` gives a shop's program where nobody names scopes."""
    args = build_parser(only=["partner"]).parse_args(["partner", "add", "a shop"])
    return choose_scopes(args.scopes)


def checkout_of(name: str) -> dict[str, Any]:
    return {
        "merchant": "书店",
        "order": name,
        "category": "books",
        "amount_minor": 100,
        "currency": "CNY",
        "title": "山海经",
    }


def test_a_webhook_is_believed_only_with_its_signature_and_in_time():
    body, secret, stamp = b'{"kind":"purchase.captured"}', "secret", "1700000000"
    headers = {
        "Honghua-Event": "7", "Honghua-Timestamp": stamp, "Honghua-Signature": sign(secret.encode(), f"{stamp}.7.".encode() + body),
    }  # fmt: skip
    assert check_webhook(secret, headers, body, now_s=1_700_000_100) == {"kind": "purchase.captured"}
    assert check_webhook(secret, headers, body + b" ", now_s=1_700_000_100) is None
    assert check_webhook(secret, {**headers, "Honghua-Event": "8"}, body, now_s=1_700_000_100) is None
    assert check_webhook(secret, headers, body, now_s=1_700_000_400) is None
    assert check_webhook("other", headers, body, now_s=1_700_000_100) is None
    assert check_webhook(secret, {}, body, now_s=1_700_000_100) is None
