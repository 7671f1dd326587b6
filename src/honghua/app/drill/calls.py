"""Commands as signed requests of a partner, and what an HTTP answer to one says."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from honghua.credit import core as c
from honghua.web.api.signing import sign, text_to_sign

Answer = Mapping[str, Any]
Order = c.BuyNow | c.AuthorisePurchase
CURRENCY: Final = "CNY"
OK: Final = 200
AGAIN: Final = frozenset({0, 429, 500, 503, 504})  # ask again under the same key; 0 = the connection broke
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request before it is signed. key: of the books, without the partner's part."""

    target: bytes
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as a partner does: every sending anew, for a nonce counts once."""

    key_id: str
    secret: str

    def write(self, asked: Asked, *, now_s: int) -> bytes:
        """The request as it goes over the wire."""
        stamp, nonce, key = str(now_s).encode(), secrets.token_hex(12).encode(), asked.key.encode()
        text = text_to_sign("POST", asked.target, (stamp, nonce, key), asked.body)
        signature = sign(self.secret.encode(), text).encode()
        return (
            b"POST %b HTTP/1.1\r\nhost: drill\r\ncontent-type: application/json\r\nhonghua-key: %b\r\nhonghua-timestamp: %b\r\n"
            b"honghua-nonce: %b\r\nhonghua-signature: %b\r\nidempotency-key: %b\r\ncontent-length: %d\r\n\r\n%b"
        ) % (asked.target, self.key_id.encode(), stamp, nonce, signature, key, len(asked.body), asked.body)


def write_asked(command: c.Command) -> Asked:
    """Orders go by the hot lane, what becomes of a purchase by its documented routes."""
    if isinstance(command, Order):
        return Asked(b"/v1/purchases", command.key, _ENCODER.encode(tell_order(command)))
    if isinstance(command, c.CapturePurchase | c.RefundPurchase):
        route = b"captures" if isinstance(command, c.CapturePurchase) else b"refunds"
        body = _ENCODER.encode({"amount_minor": command.amount_minor})
        return Asked(b"/v1/purchases/%d/%b" % (command.purchase_id, route), command.key, body)
    assert isinstance(command, c.VoidAuthorisation), "nothing else is asked for on the day"
    return Asked(b"/v1/purchases/%d/void" % command.purchase_id, command.key, b"")


def tell_order(order: Order) -> dict[str, Any]:
    """An order in the words of the API."""
    told: dict[str, Any] = {
        "customer": order.customer, "merchant": order.merchant, "order": order.order, "category": order.category,
        "amount_minor": order.amount_minor, "currency": CURRENCY, "accept_less": order.accept_less,
    }  # fmt: skip
    if isinstance(order, c.AuthorisePurchase):
        told["mode"] = "authorise"
    elif order.instalments is not None:
        told["instalments"] = {"periods": order.instalments.periods}
    if order.scene is not None:
        scene = order.scene
        told["scene"] = {
            "device": scene.device, "address": scene.address, "payee": scene.payee, "region": scene.region
        }  # fmt: skip
    if order.continues is not None:
        told["continues"] = {"suspension_id": order.continues.suspension_id, "proof": order.continues.proof}
    if order.happened_at is not None:
        told["happened_at"] = order.happened_at.isoformat()
    return told


def read_answer(status: int, body: bytes) -> Answer:
    """What the books said. A problem is a refusal with its code: such a request was not judged."""
    said: dict[str, Any] = _DECODER.decode(body)
    if status == OK:
        said.pop("repeated", None)
        return said
    return {"outcome": "refused", "code": said["code"], "status": status}


__all__ = ["AGAIN", "CURRENCY", "OK", "Answer", "Asked", "Order", "Signer", "read_answer", "tell_order", "write_asked"]
