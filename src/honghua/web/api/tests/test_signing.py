"""Signed requests: a right one passes once, a changed one never."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from honghua.base.clock import FixedClock
from honghua.customers.api import Vault
from honghua.store.database import Database, run_unit
from honghua.web.api import nonces
from honghua.web.api.buckets import Bucket
from honghua.web.api.partners import load_partners, rotate_keys
from honghua.web.api.signing import SKEW_S, sign, text_to_sign
from honghua.web.api.tests.partners_door import PartnerClient, link, make_partner, purchase, signed_headers
from honghua.web.app import build_app
from honghua.web.ground import Site
from honghua.web.tests.doors import NOON, Browser, make_site, open_account

MUTATIONS = 1_000
TARGET = b"/v1/purchases?channel=web&till=7"


@dataclass(frozen=True)
class Sent:
    """A request as it lies on the wire."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


@pytest.fixture(scope="module")
def site(module_database: Database) -> Iterator[Site]:
    with make_site(module_database, clock=FixedClock(NOON)) as made:
        open_account(made, "李雷")
        yield made


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    with Browser(build_app(site, consoles=("ui", "api")), accept="application/json") as made:
        yield made


@pytest.fixture(scope="module")
def keys(site: Site) -> Any:
    made = [make_partner(site, name, ["书店"]) for name in ("one", "two")]
    link(site, made[0], "李雷")
    return made


async def answer(app: Any, sent: Sent) -> int:
    """The status of a request handed over as bytes, as a server would."""
    path, _, query = sent.target.partition(b"?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": sent.method, "scheme": "http",
        "path": path.decode("latin-1"), "raw_path": path, "query_string": query, "headers": sent.headers, "root_path": "",
        "client": ("127.0.0.1", 1), "server": ("testserver", 80), "state": {},
    }  # fmt: skip
    statuses: list[int] = []
    waiting = [{"type": "http.request", "body": sent.body, "more_body": False}]

    async def receive() -> Any:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


def make_right(site: Site, key: Any, number: int) -> Sent:
    body = json.dumps(purchase("李雷", "书店", 100 + number, order=f"o{number}")).encode()
    headers = signed_headers(site, key, "POST", TARGET, body, idem=f"key-{number}")
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Sent("POST", TARGET, [*raw, (b"content-type", b"application/json")], body)


def flip(data: bytes, draw: random.Random) -> bytes:
    """Another byte somewhere, one more, or one less."""
    place = draw.randrange(len(data) + 1)
    kind = draw.randrange(3)
    if kind == 0 and data and place < len(data):
        return data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]
    if kind == 1 and data:
        return data[: place - 1] + data[place:] if place else data[1:]
    return data[:place] + bytes([draw.randrange(33, 127)]) + data[place:]


def mutate(right: Sent, other: Sent, rival: Any, draw: random.Random) -> Sent:
    """Change one signed part of a request; `other` is a right one of the same key, `rival` another partner's key."""
    signed = [place for place, (name, _) in enumerate(right.headers) if name != b"content-type"]
    place = draw.choice(signed)
    name, value = right.headers[place]
    rest = [header for i, header in enumerate(right.headers) if i != place]
    kind = draw.randrange(9)
    if kind == 0:
        return replace(right, body=flip(right.body, draw))
    if kind == 1:
        return replace(right, target=b"/v1/purchases" + flip(TARGET[len(b"/v1/purchases") :], draw))
    if kind == 2:
        return replace(right, target=flip(right.target, draw))
    if kind == 3:
        return replace(right, method=draw.choice(["PUT", "GET", "PATCH", "post", "DELETE"]))
    if kind == 4:
        return replace(right, headers=[*rest, (name, flip(value, draw))])
    if kind == 5:
        return replace(right, headers=rest)
    if kind == 6:
        return replace(right, headers=[*right.headers, draw.choice([(name, value), (name, flip(value, draw))])])
    if kind == 7:
        return replace(
            right, headers=[*rest, (name, dict(other.headers)[name])] if dict(other.headers)[name] != value else rest
        )
    return replace(right, headers=[(n, rival.key_id.encode() if n == b"honghua-key" else v) for n, v in right.headers])


def test_of_a_thousand_changed_requests_none_is_accepted_and_the_right_ones_are(site, browser, keys):
    draw = random.Random(20261122)
    browser.app.state.partners.forget()
    seen: dict[int, int] = {}
    for number in range(MUTATIONS):
        right, other = make_right(site, keys[0], 2 * number), make_right(site, keys[0], 2 * number + 1)
        changed = mutate(right, other, keys[1], draw)
        while changed == right:
            changed = mutate(right, other, keys[1], draw)
        status = browser.runner.run(answer(browser.app, changed))
        seen[status] = seen.get(status, 0) + 1
        assert status in (400, 401, 404, 405), (status, changed, right)
    assert seen[401] > 0.6 * MUTATIONS
    client = PartnerClient(browser, site, keys[0])
    assert client.get("/v1/accounts/李雷")["limit"]["used_minor"] == 0
    assert browser.runner.run(answer(browser.app, make_right(site, keys[0], 5_000))) == 200
    assert client.get("/v1/accounts/李雷")["limit"]["used_minor"] == 5_100


def test_a_request_counts_once_also_for_another_process(site, browser, keys):
    right = make_right(site, keys[0], 6_000)
    browser.app.state.partners.forget()
    assert browser.runner.run(answer(browser.app, right)) == 200
    assert browser.runner.run(answer(browser.app, right)) == 401
    with Browser(build_app(site, consoles=("ui", "api"))) as elsewhere:
        app: Any = elsewhere.app
        assert elsewhere.runner.run(answer(app, right)) == 401


@pytest.mark.parametrize(
    ("off_s", "status"), [(0, 200), (SKEW_S, 200), (-SKEW_S, 200), (SKEW_S + 1, 401), (-SKEW_S - 1, 401)]
)
def test_a_signature_is_good_for_five_minutes(site, browser, keys, off_s, status):
    browser.app.state.partners.forget()
    stamp, nonce = str(int(NOON.timestamp()) + off_s).encode(), f"nonce-of-time-{off_s:+d}".replace("+", "p").encode()
    text = text_to_sign("GET", b"/v1/business-day", (stamp, nonce, b""), b"")
    headers = [
        (b"honghua-key", keys[0].key_id.encode()), (b"honghua-timestamp", stamp), (b"honghua-nonce", nonce),
        (b"honghua-signature", sign(keys[0].secret.encode(), text).encode()),
    ]  # fmt: skip
    assert browser.runner.run(answer(browser.app, Sent("GET", b"/v1/business-day", headers, b""))) == status


def test_nonces_are_spent_once_in_a_batch_and_forgotten_when_they_no_longer_matter(conn):
    batch = [("k", 1_000, "a" * 16), ("k", 1_000, "b" * 16), ("k", 1_000, "a" * 16), ("j", 1_000, "a" * 16)]
    assert run_unit(conn, lambda c: nonces.spend(c, batch)) == [True, True, False, True]
    assert run_unit(conn, lambda c: nonces.spend(c, batch[:2])) == [False, False]
    for now_s in (1_000, 1_000 + nonces.SLOT_S, 1_000 - nonces.SLOT_S):
        run_unit(conn, partial(nonces.forget_old, now_s=now_s))
    assert run_unit(conn, lambda c: nonces.spend(c, batch[:1])) == [False]  # still valid then: kept
    run_unit(conn, lambda c: nonces.forget_old(c, now_s=1_000 + 2 * nonces.SLOT_S))
    assert run_unit(conn, lambda c: nonces.spend(c, batch[:1])) == [True]  # its time is over: the timestamp refuses it


def test_a_bucket_lets_a_burst_through_and_then_its_rate():
    bucket = Bucket(rate_per_s=10, burst=5)
    assert [bucket.take(0.0, 1) for _ in range(5)] == [0.0] * 5
    assert bucket.take(0.0, 1) == pytest.approx(0.1)
    assert bucket.take(0.1, 1) == 0.0
    assert bucket.take(100.0, 50) == 0.0  # dearer than the burst: all of it
    assert bucket.take(100.0, 1) > 0


def test_secrets_move_under_the_newest_field_key(site, keys):
    old, new = site.vault, b"n" * 32
    both, newest = (Vault(known, old.index_key) for known in ({**old.field_keys, 9: new}, {9: new}))
    with site.pool.connection() as conn:
        before = load_partners(conn, old)
        with conn.transaction(force_rollback=True):
            assert rotate_keys(conn, both) == len(before)
            assert rotate_keys(conn, both) == 0
            assert load_partners(conn, newest) == before
