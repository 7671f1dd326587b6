"""News for partners: in order for each account, through a receiver that fails, and safe about where it goes."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest

from honghua.base.clock import FixedClock
from honghua.store.database import Database, run_unit
from honghua.web.api import webhooks
from honghua.web.api.addresses import check_url
from honghua.web.api.delivering import TRIES_MAX, Sender, back_off, deliver, list_jobs, make_all_news
from honghua.web.api.partners import load_partners
from honghua.web.api.tests.partners_door import make_partner
from honghua.web.ground import Site
from honghua.web.problems import Trouble
from honghua.web.tests.doors import NOON, buy, make_site, open_account


class Receiver:
    """A partner's server: it remembers what it took, and fails by a plan in every way that servers fail."""

    def __init__(self, plan: random.Random | None = None, *, always: str = "") -> None:
        self.taken: list[dict[str, Any]] = []
        self.tries: list[dict[str, str]] = []
        self.plan, self.always = plan, always
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.tries.append({**dict(self.headers), "body": body.decode()})
                mood = receiver.mood()
                if mood == "hang up":
                    self.connection.close()
                    return
                if mood == "take and hang up":  # it was taken, but we will never know
                    receiver.taken.append(json.loads(body))
                    self.connection.close()
                    return
                if mood == "take":
                    receiver.taken.append(json.loads(body))
                self.send_response({"take": 204, "redirect": 302}.get(mood, 500))
                if mood == "redirect":
                    self.send_header("Location", receiver.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks?from=honghua"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def mood(self) -> str:
        if self.always or self.plan is None:
            return self.always or "take"
        return self.plan.choice(["take", "take", "take", "error", "hang up", "redirect", "take and hang up"])

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site(database: Database) -> Iterator[Site]:
    with make_site(database, clock=FixedClock(NOON), is_demo=True) as made:
        yield made


def listen(
    site: Site, conn: psycopg.Connection, url: str, kinds: tuple[str, ...] = ()
) -> tuple[Any, webhooks.NewEndpoint]:
    """A partner with an endpoint; news begins now."""
    key = make_partner(site, "shop", ["书店"])
    partner = load_partners(conn, site.vault)[key.key_id]
    made = run_unit(conn, lambda c: webhooks.add_endpoint(c, site.vault, partner, url, kinds, now=site.clock.now()))
    assert make_all_news(conn, now=site.clock.now()) == 0
    return partner, made


def test_every_event_arrives_in_order_of_its_account_through_a_failing_receiver(site, conn):
    receiver = Receiver(random.Random(7))
    clock: Any = site.clock
    try:
        _, endpoint = listen(site, conn, receiver.url)
        for customer in ("甲", "乙", "丙"):
            open_account(site, customer)
        bought: dict[str, list[int]] = {}
        for round_number in range(4):
            for customer in ("甲", "乙", "丙"):
                answer = buy(site, customer, [100 + round_number])[0]
                bought.setdefault(customer, []).append(answer["purchase_id"])
            buy(site, "甲", [50], merchant="花店")  # another's
        assert make_all_news(conn, now=clock.now()) == 12
        assert make_all_news(conn, now=clock.now()) == 0  # each fact once
        sender = Sender(vault=site.vault, is_demo=True)
        for _ in range(60):
            deliver(conn, sender, now=clock.now())
            if webhooks.count_deliveries(conn)["waiting"] == 0:
                break
            clock.advance(dt.timedelta(hours=1))
        assert webhooks.count_deliveries(conn) == {"waiting": 0, "done": 12, "dead": 0}
        first: dict[str, list[int]] = {}
        for event in receiver.taken:
            seen = first.setdefault(event["customer"], [])
            if event["purchase_id"] not in seen:
                seen.append(event["purchase_id"])
        assert first == bought  # nothing lost, nothing before its turn; what came twice carries the same sequence
        assert len(receiver.tries) > 12
        for one in receiver.tries:
            text = f"{one['Honghua-Timestamp']}.{one['Honghua-Event']}.{one['body']}".encode()
            right = "v1=" + hmac.new(endpoint.secret.encode(), text, hashlib.sha256).hexdigest()
            assert hmac.compare_digest(one["Honghua-Signature"], right)
    finally:
        receiver.close()


def test_what_never_arrives_dies_after_its_tries_and_is_replayed_from_the_console(site, conn):
    receiver = Receiver(always="error")
    clock: Any = site.clock
    try:
        partner, _ = listen(site, conn, receiver.url, ("purchase.captured",))
        open_account(site, "甲")
        buy(site, "甲", [100])
        sender = Sender(vault=site.vault, is_demo=True)
        make_all_news(conn, now=clock.now())
        for number in range(TRIES_MAX):
            assert deliver(conn, sender, now=clock.now())["arrived"] == 0
            assert len(receiver.tries) == number + 1
            clock.advance(back_off(number + 1))
        (dead,) = webhooks.list_deliveries(conn, partner.partner_id, state="dead")
        assert (dead.tries, dead.last_status, dead.last_error) == (TRIES_MAX, 500, "answered 500")
        assert webhooks.list_deliveries(conn, partner.partner_id + 1) == []
        receiver.always = "take"
        with pytest.raises(Trouble, match="no such delivery"):
            webhooks.replay_delivery(conn, partner.partner_id + 1, dead.delivery_id, now=clock.now())
        webhooks.replay_delivery(conn, partner.partner_id, dead.delivery_id, now=clock.now())
        jobs = {job.name: job for job in list_jobs(site.vault, is_demo=True)}
        assert jobs["webhooks"].work(conn, clock.now()) == "0 made, 1 arrived, 0 failed, 0 died"
        assert [one["amount_minor"] for one in receiver.taken] == [100]
        assert jobs["old-news"].work(conn, clock.now()) == "old nonces and 0 old deliveries forgotten"
        clock.advance(dt.timedelta(days=31))
        assert jobs["old-news"].work(conn, clock.now()) == "old nonces and 1 old deliveries forgotten"
        webhooks.end_endpoint(conn, partner.partner_id, dead.endpoint_id, now=clock.now())
        buy(site, "甲", [200])
        assert make_all_news(conn, now=clock.now()) == 0
    finally:
        receiver.close()


INSIDE = {
    "a.example": ["10.0.0.7"], "b.example": ["93.184.215.14", "192.168.1.1"], "c.example": ["169.254.169.254"],
    "d.example": ["::1"], "e.example": ["fd00::1"], "f.example": ["::ffff:10.0.0.1"], "g.example": ["100.64.0.1"], "h.example": [],
    "i.example": ["2002:7f00:1::"], "j.example": ["0.0.0.0"],
}  # fmt: skip


@pytest.mark.parametrize("host", sorted(INSIDE))
def test_no_webhook_goes_to_an_address_inside(host):
    with pytest.raises(Trouble):
        check_url(f"https://{host}/x", is_demo=False, find=lambda name, _: INSIDE[name])


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/x", "ftp://shop.example/x", "https://user:secret@shop.example/", "https://shop.example/#part",
        "https:///x", "https://shop.example:99999/", "https://shop.example\\@inside/", "https://shop.example/ x", "nonsense",
    ],
)  # fmt: skip
def test_no_webhook_goes_to_what_is_no_plain_https_address(url):
    with pytest.raises(Trouble):
        check_url(url, is_demo=False, find=lambda *_: ["93.184.215.14"])


def test_a_webhook_goes_to_the_address_that_was_checked():
    target = check_url("https://shop.example/hooks?a=1", is_demo=False, find=lambda *_: ["93.184.215.14"])
    assert (target.url, target.host, target.authority) == (
        "https://93.184.215.14:443/hooks?a=1", "shop.example", "shop.example",
    )  # fmt: skip
    here = check_url("http://localhost:8080/", is_demo=True, find=lambda *_: ["127.0.0.1"])
    assert here.url == "http://127.0.0.1:8080/"
    with pytest.raises(Trouble):
        check_url("http://lan.example/", is_demo=True, find=lambda *_: ["10.1.1.1"])
