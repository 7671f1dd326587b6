"""Commands over the wire: what the doors read is what was meant, signatures hold, and a conducted clock says what it is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from honghua.app.drill.calls import CURRENCY, Signer, read_answer, write_asked
from honghua.app.serving.conducted_clock import ConductedClock, conduct
from honghua.credit import core as c
from honghua.web.api.partners import Partner
from honghua.web.api.purchases_lane import read_one
from honghua.web.api.signing import Signed, verify

AT = dt.datetime(2026, 11, 10, 16, tzinfo=dt.UTC)
TOLD: dict[str, Any] = {
    "key": "city:1:abc", "customer": "P000001", "amount_minor": 12_300, "merchant": "shop 00001", "order": "abc", "category": "books",
    "happened_at": AT, "accept_less": True, "scene": c.Scene(device="device 1", address="address 2", region="region 3"),
}  # fmt: skip
PARTNER = Partner(
    partner_id=7, name="drill", scopes=frozenset({"purchases"}), merchants=frozenset({"shop 00001"}), is_house=False, rate_per_s=1,
    burst=1, secret=b"secret",
)  # fmt: skip


@pytest.mark.parametrize(
    "order",
    [
        c.BuyNow(**TOLD),
        c.BuyNow(**TOLD, instalments=c.Instalments(periods=6)),
        c.AuthorisePurchase(**TOLD),
        c.AuthorisePurchase(**{**TOLD, "continues": c.Continuation(suspension_id=9, proof="123456")}),
    ],
)
def test_the_doors_read_the_order_that_was_meant(order):
    asked = write_asked(order)
    read = read_one(asked.body, asked.key, PARTNER, CURRENCY, arrived_at=AT)
    assert read.key == f"partner:7:{order.key}"
    assert read.body() == order.body()


@pytest.mark.parametrize(
    ("command", "target"),
    [
        (c.CapturePurchase(key="k", customer="P1", purchase_id=5, amount_minor=9), b"/v1/purchases/5/captures"),
        (c.VoidAuthorisation(key="k", customer="P1", purchase_id=5), b"/v1/purchases/5/void"),
        (c.RefundPurchase(key="k", customer="P1", purchase_id=5, amount_minor=9), b"/v1/purchases/5/refunds"),
    ],
)
def test_what_becomes_of_a_purchase_goes_by_the_documented_routes(command, target):
    assert write_asked(command).target == target


def test_requests_are_signed_anew_each_time():
    asked = write_asked(c.BuyNow(**TOLD))
    signer = Signer("hk_1", "secret")
    one, two = (signer.write(asked, now_s=1_700_000_000) for _ in range(2))
    assert one != two, "a nonce counts once"
    for request in (one, two):
        head, _, body = request.partition(b"\r\n\r\n")
        lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
        signed = verify(
            {"hk_1": PARTNER}, [(name, value) for name, value in lines], method="POST", target=asked.target, body=body,
            now_s=1_700_000_001,
        )  # fmt: skip
        assert isinstance(signed, Signed)
        assert signed.idempotency_key == asked.key


def test_answers_and_problems():
    assert read_answer(200, b'{"outcome":"approved","repeated":true,"amount_minor":5}') == {
        "outcome": "approved",
        "amount_minor": 5,
    }
    told = read_answer(409, b'{"code":"SUSPENSION_EXPIRED","status":409}')
    assert told == {"outcome": "refused", "code": "SUSPENSION_EXPIRED", "status": 409}


def test_a_conducted_clock_stands_runs_and_stops(tmp_path):
    path = tmp_path / "clock"
    clock = ConductedClock(path)
    conduct(path, AT, speed=0.0, until=AT + dt.timedelta(days=1))
    assert clock.now() == AT
    conduct(path, AT, speed=1e12, until=AT + dt.timedelta(days=1))
    assert AT < clock.now() <= AT + dt.timedelta(days=1)
    conduct(path, AT, speed=1e15, until=AT)
    assert clock.now() == AT, "not beyond its last moment"
