"""The raw lane, as a partner's program meets it: signed calls in, answers or problems out, never a framework's own words."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.clock import FixedClock
from honghua.credit.core import OpenAccount
from honghua.merchants import api as merchants
from honghua.merchants.core import MerchantAct, MerchantSigns
from honghua.store.database import Database
from honghua.web.api.partners import NewPartner, PartnerBook, create_partner
from honghua.web.api.signing import sign, text_to_sign
from honghua.web.booker import Overloaded
from honghua.web.ground import Site
from honghua.web.hot.asgi import HotLane
from honghua.web.hot.nonces import SharedNonces
from honghua.web.tests.doors import NOON, book, make_site

ONE, MANY = "/v1/purchases", "/v1/purchases:batch"
ORDER = {"customer": "C1", "merchant": "M1", "order": "O1", "category": "books", "amount_minor": 100, "currency": "CNY"}
SOUND = MerchantSigns(
    price_ratio_ppm=1, night_ppm=1, refund_ppm=1, top_buyers_ppm=1, round_amounts_ppm=1, repeats_ppm=1, new_accounts_ppm=1, months=99
)  # fmt: skip
NOW_S = str(int(NOON.timestamp()))


class Partner:
    """Signs and sends."""

    def __init__(self, lane: HotLane, key_id: str, secret: str) -> None:
        self.lane, self.key_id, self.secret = lane, key_id, secret

    def headers(self, path: str, body: bytes, key: str) -> dict[str, str]:
        nonce = secrets.token_hex(12)
        text = text_to_sign("POST", path.encode(), (NOW_S.encode(), nonce.encode(), key.encode()), body)
        return {
            "content-type": "application/json", "honghua-key": self.key_id, "honghua-timestamp": NOW_S, "honghua-nonce": nonce,
            "honghua-signature": sign(self.secret.encode(), text), "idempotency-key": key,
        }  # fmt: skip

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.lane)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.post(path, content=body, headers=headers)

        return asyncio.run(go())

    def post(self, path: str, asked: Any, *, key: str = "", **more: str) -> httpx.Response:
        body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        return self.send(path, body, {**self.headers(path, body, key), **more})


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    """The application behind the lane."""
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


async def healthy() -> tuple[bool, dict[str, Any]]:
    return True, {}


@pytest.fixture
def site(database: Database) -> Iterator[Site]:
    with make_site(database, clock=FixedClock(NOON)) as made:
        book(made, [OpenAccount(key="open", customer="C1", limit_minor=100_000)])
        yield made


@pytest.fixture
def partner(site: Site, tmp_path: Path) -> Iterator[Partner]:
    new = NewPartner(name="shop", scopes=frozenset({"purchases"}), merchants=["M1"])
    with site.pool.connection() as conn, conn.transaction():
        key = create_partner(conn, site.vault, new, now=NOON)
    with SharedNonces(tmp_path / "nonces", keep_s=600, buckets=64) as nonces:
        yield Partner(HotLane(elsewhere, site, PartnerBook(), nonces, healthy), key.key_id, key.secret)


def test_a_purchase_and_the_same_again(partner: Partner) -> None:
    first = partner.post(ONE, ORDER, key="k1")
    assert (first.status_code, first.json()["outcome"]) == (200, "approved")
    again = partner.post(ONE, ORDER, key="k1")
    assert again.json() == {**first.json(), "repeated": True}
    other = partner.post(ONE, {**ORDER, "amount_minor": 101}, key="k1")
    assert (other.status_code, other.json()["code"]) == (409, "KEY_REUSED")
    assert other.headers["content-type"] == "application/problem+json"


def test_a_body_that_does_not_say_what_it_is_is_taken_for_json(partner: Partner) -> None:
    body = json.dumps(ORDER).encode()
    headers = partner.headers(ONE, body, "k1")
    del headers["content-type"]
    assert partner.send(ONE, body, headers).json()["outcome"] == "approved"


def test_a_replayed_or_changed_call_is_turned_away(partner: Partner) -> None:
    body = json.dumps(ORDER).encode()
    headers = partner.headers(ONE, body, "k1")
    assert partner.send(ONE, body, headers).status_code == 200
    assert partner.send(ONE, body, headers).json()["code"] == "NONCE_REUSED"
    for name, value in (
        ("idempotency-key", "k2"), ("honghua-timestamp", str(int(NOW_S) + 1)), ("honghua-signature", "v1=" + "0" * 64),
        ("honghua-key", "hk_nobody"),
    ):  # fmt: skip
        fresh = partner.headers(ONE, body, "k1")
        changed = partner.send(ONE, body, {**fresh, name: value})
        assert (changed.status_code, changed.json()["code"]) == (401, "SIGNATURE_WRONG"), name
    assert partner.send(MANY, body, partner.headers(ONE, body, "k1")).status_code == 401
    assert partner.send(ONE, body + b" ", partner.headers(ONE, body, "k1")).status_code == 401


@pytest.mark.parametrize(
    ("asked", "key", "more", "status", "code"),
    [
        (b"{", "k", {}, 400, "REQUEST_UNREADABLE"),
        ({**ORDER, "amount_minor": 1.5}, "k", {}, 422, "REQUEST_INVALID"),
        ({**ORDER, "surprise": 1}, "k", {}, 422, "REQUEST_INVALID"),
        ({**ORDER, "currency": "USD"}, "k", {}, 422, "CURRENCY_UNKNOWN"),
        ({**ORDER, "merchant": "M2"}, "k", {}, 404, "MERCHANT_NOT_YOURS"),
        ({**ORDER, "customer": "C2"}, "k", {}, 404, "ACCOUNT_UNKNOWN"),
        (ORDER, "", {}, 400, "KEY_MISSING"),
        (ORDER, "k", {"content-type": "text/plain"}, 415, "MEDIA_TYPE_UNKNOWN"),
        (ORDER, "k", {"honghua-wait-ms": "99999999"}, 422, "REQUEST_INVALID"),
        ({**ORDER, "order": "x" * 9_000}, "k", {}, 413, "BODY_TOO_LARGE"),
    ],
)
def test_what_is_wrong_is_told(
    partner: Partner, asked: Any, key: str, more: dict[str, str], status: int, code: str
) -> None:
    answer = partner.post(ONE, asked, key=key, **more)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_shop_that_the_register_closed_sells_nothing_and_one_that_is_not_in_it_does(
    partner: Partner, site: Site
) -> None:
    def act(*acts: MerchantAct) -> Any:
        with site.pool.connection() as conn, conn.transaction():
            for step in acts:
                done = merchants.act_on_merchant(conn, "M1", step, person="ann", reasons=["seen"], now=NOON)
                assert isinstance(done, merchants.RegisteredMerchant), done
        partner.lane.partners.forget()
        batch = partner.post(MANY, {"purchases": [{**ORDER, "order": f"b{acts}", "key": f"b{len(acts)}{acts[0]}"}]})
        one = partner.post(ONE, {**ORDER, "order": f"{acts}"}, key=f"{len(acts)}{acts[0]}")
        assert batch.json().get("code") == one.json().get("code")
        return one

    assert partner.post(ONE, ORDER, key="unregistered").json()["outcome"] == "approved"
    with site.pool.connection() as conn, conn.transaction():
        merchants.apply_merchant(conn, "M1", name="M1", scenes=["camera"], now=NOON)
        merchants.check_merchant(conn, "M1", SOUND, person="ann", currency="CNY", now=NOON)
    assert act(MerchantAct.ADMIT).json()["outcome"] == "approved"
    refused = act(MerchantAct.SUSPEND)
    assert (refused.status_code, refused.json()["code"]) == (403, "MERCHANT_SUSPENDED")
    assert act(MerchantAct.RESUME).json()["outcome"] == "approved"
    assert act(MerchantAct.END).json()["code"] == "MERCHANT_ENDED"
    again = partner.post(ONE, ORDER, key="unregistered")  # a repeat gets its answer, whatever became of the shop
    assert (again.json()["outcome"], again.json()["repeated"]) == ("approved", True)
    stored = {**ORDER, "key": "unregistered"}
    assert partner.post(MANY, {"purchases": [stored]}).json()["answers"][0]["answer"]["repeated"]
    mixed = partner.post(MANY, {"purchases": [stored, {**ORDER, "order": "new", "key": "new"}]})
    assert (mixed.status_code, mixed.json()["code"]) == (403, "MERCHANT_ENDED")
    other = partner.post(ONE, {**ORDER, "amount_minor": 1}, key="unregistered")
    assert (other.status_code, other.json()["code"]) == (409, "KEY_REUSED")


def test_an_operator_may_want_registered_shops_only(partner: Partner, site: Site) -> None:
    partner.lane.site = replace(site, registered_only=True)
    refused = partner.post(ONE, ORDER, key="k1")
    assert (refused.status_code, refused.json()["code"]) == (403, "MERCHANT_UNKNOWN")


def test_a_batch_answers_each_in_its_place(partner: Partner) -> None:
    purchases = [{**ORDER, "order": f"O{k}", "key": f"b{k}"} for k in range(64)]
    purchases[5]["customer"] = "C9"
    answer = partner.post(MANY, {"purchases": purchases})
    statuses = [one["status"] for one in answer.json()["answers"]]
    assert answer.status_code == 200
    assert statuses == [404 if k == 5 else 200 for k in range(64)]
    too_many = partner.post(MANY, {"purchases": [*purchases, {**ORDER, "key": "one more"}]})
    assert too_many.status_code == 422


def test_a_full_line_is_429_with_a_time_to_come_back(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    line = partner.lane.site.booker.desk.line  # type: ignore[attr-defined]
    line.waiting_max = 0
    answer = partner.post(ONE, ORDER, key="k1")
    assert (answer.status_code, answer.json()["code"]) == (429, Overloaded.code)
    assert int(answer.headers["retry-after"]) >= 1
    line.waiting_max = 10
    assert "repeated" not in partner.post(ONE, ORDER, key="k1").json(), "nothing had been booked"


def test_a_database_that_does_not_answer_is_told_as_such(partner: Partner, site: Site) -> None:
    partner.lane.partners.forget()
    site.pool.close()
    answer = partner.post(ONE, ORDER, key="k")
    assert (answer.status_code, answer.json()["code"]) == (503, "WORLD_FAILED")
    assert answer.headers["content-type"] == "application/problem+json"


def test_everything_else_is_passed_on(partner: Partner) -> None:
    assert partner.send("/v1/refunds", b"", {}).status_code == 299

    async def get(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=partner.lane)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get(path)

    assert asyncio.run(get(ONE)).status_code == 299
    assert asyncio.run(get("/healthz")).json() == {"ok": True}


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 30)), max_size=120))
def test_nonces_are_remembered_as_long_as_they_must(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[int, int]]
) -> None:
    """Beside a dict: what two tables on one file say of nonces that come at rising times."""
    path = tmp_path_factory.mktemp("nonces") / "table"
    known: dict[int, int] = {}
    now_s = 1_700_000_000
    with SharedNonces(path, keep_s=60, buckets=64) as one, SharedNonces(path, keep_s=60, buckets=64) as two:
        for number, (name, step) in enumerate(seen):
            now_s += step
            expected = name not in known or now_s - known[name] > 60
            table = (one, two)[number % 2]
            assert table.is_first(b"nonce %d" % name, now_s=now_s) == expected
            if expected:
                known[name] = now_s


def test_a_full_bucket_forgets_its_oldest(tmp_path: Path) -> None:
    with SharedNonces(tmp_path / "table", keep_s=600, buckets=1) as table:
        assert all(table.is_first(b"%d" % k, now_s=1_700_000_000 + k) for k in range(17))
        assert not table.is_first(b"16", now_s=1_700_000_020)
        assert table.is_first(b"0", now_s=1_700_000_020)
