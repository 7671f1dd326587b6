"""The port to a payment gateway, and the adapter that speaks to one over HTTP with a secret that both share.

    we → gateway   POST {url}/payments            {payment_id, amount_minor, currency, subject, notify_url, return_url}
    gateway → we   {reference, pay_url}           the customer is sent to pay_url, and comes back to return_url
    gateway → we   POST notify_url                {notice_id, payment_id, reference, sequence, status, amount_minor, currency}
    we → gateway   GET {url}/payments/{id}        the last notice again, for one that was lost on its way

Both sides sign: `Payment-Timestamp` (Unix seconds) and `Payment-Signature: v1=HMAC-SHA256(secret, "<timestamp>.<target>.<body>")`, target
being the path of the request. A gateway with another dialect gets an adapter of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from honghua.base.errors import WorldFailed
from honghua.web.payments.states import Notice
from honghua.web.problems import Trouble

TIMEOUT_S: Final = 5.0
AGE_S_MAX: Final = 300
TIMESTAMP, SIGNATURE = "Payment-Timestamp", "Payment-Signature"
CREATE: Final = "/payments"
ANSWER_BYTES_MAX: Final = 65_536
AMOUNT_MAX: Final = 10**15
SEQUENCE_MAX: Final = 2**31 - 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A payment to be made. payment_id: asked twice under the same one it is one payment; subject: what the customer reads there."""

    payment_id: str
    amount_minor: int
    currency: str
    subject: str
    notify_url: str
    return_url: str


@dataclass(frozen=True, slots=True)
class Made:
    """The gateway's own reference, and where the customer pays."""

    reference: str
    pay_url: str


class PaymentGateway(Protocol):
    """Whoever takes money for us. Both calls raise WorldFailed when it does not answer: then the outcome is unknown."""

    def create(self, asked: Asked) -> Made:
        """Make a payment, once per payment_id."""
        ...

    def find(self, payment_id: str) -> Notice | None:
        """The last notice of a payment, None where nothing happened yet."""
        ...

    def read_notice(self, target: str, headers: Mapping[str, str], body: bytes, *, now_s: int) -> Notice:
        """What a notice says; Trouble (401) for one that the gateway did not sign for this address, or long ago."""
        ...


def sign(secret: str, stamp: str, target: str, body: bytes) -> str:
    """The signature of a message in either direction."""
    signed = f"{stamp}.{target}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def check_signature(secret: str, target: str, headers: Mapping[str, str], body: bytes, *, now_s: int) -> None:
    """Trouble for a message that the other side did not sign, or not lately."""
    stamp, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
    if not stamp or not given:
        raise Trouble("SIGNATURE_MISSING", "this message is not signed")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Trouble("TIMESTAMP_WRONG", "the time is no Unix time")
    if not hmac.compare_digest(sign(secret, stamp, target, body).encode(), given.encode()):
        raise Trouble("SIGNATURE_WRONG", "the signature is not the gateway's")
    if abs(now_s - int(stamp)) > AGE_S_MAX:
        raise Trouble("TIMESTAMP_WRONG", "signed too long ago")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPaymentGateway:
    """The gateway of the settings. now_s: the clock in Unix seconds."""

    url: str
    secret: str = field(repr=False)
    now_s: Callable[[], int]
    client: httpx.Client = field(default_factory=httpx.Client)

    def create(self, asked: Asked) -> Made:
        """Make a payment, once per payment_id."""
        made = self._ask("POST", CREATE, msgspec.json.encode(asked), Made)
        assert made is not None, "only a reading may find nothing"
        if not is_payable(made.pay_url, self.url):
            raise WorldFailed("the gateway sends customers to an unsafe address", code="GATEWAY_FAILED")
        return made

    def find(self, payment_id: str) -> Notice | None:
        """The last notice of a payment, None where nothing happened yet."""
        return self._ask("GET", f"{CREATE}/{payment_id}", b"", Notice)

    def read_notice(self, target: str, headers: Mapping[str, str], body: bytes, *, now_s: int) -> Notice:
        """What a notice says; Trouble for one that the gateway did not sign."""
        check_signature(self.secret, target, headers, body, now_s=now_s)
        try:
            notice = msgspec.json.decode(body, type=Notice)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Trouble("REQUEST_INVALID", "this is no notice of a payment") from None
        texts = (notice.notice_id, notice.payment_id, notice.reference, notice.currency)
        is_bounded = 0 < notice.sequence <= SEQUENCE_MAX and abs(notice.amount_minor) <= AMOUNT_MAX
        if not is_bounded or not notice.notice_id or any("\0" in text for text in texts):
            raise Trouble("REQUEST_INVALID", "a notice has an id, a number and an amount")
        return notice

    def _ask(self, method: str, target: str, body: bytes, kind: type[T]) -> T | None:
        stamp = str(self.now_s())
        # The path as the gateway sees it: its address may have one of its own.
        path = urlsplit(self.url).path.rstrip("/") + target
        headers = {
            TIMESTAMP: stamp,
            SIGNATURE: sign(self.secret, stamp, path, body),
            "Content-Type": "application/json",
        }
        try:
            answer = self.client.request(
                method, self.url.rstrip("/") + target, content=body, headers=headers, timeout=TIMEOUT_S,
                follow_redirects=False,
            )  # fmt: skip
        except httpx.HTTPError as error:
            raise WorldFailed(f"the gateway does not answer: {type(error).__name__}", code="GATEWAY_FAILED") from error
        if method == "GET" and answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if not answer.is_success or len(answer.content) > ANSWER_BYTES_MAX:
            raise WorldFailed(f"the gateway answers {answer.status_code}", code="GATEWAY_FAILED")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            raise WorldFailed("the gateway's answer is not readable", code="GATEWAY_FAILED") from error


def is_payable(pay_url: str, gateway_url: str) -> bool:
    """Whether customers may be sent there: https, or this machine where the gateway itself is on it."""
    try:
        parts, own = urlsplit(pay_url), urlsplit(gateway_url)
    except ValueError:
        return False
    is_clean = pay_url.isascii() and pay_url.isprintable() and " " not in pay_url and parts.username is None
    is_near = (parts.scheme, parts.hostname) == (own.scheme, own.hostname)
    return is_clean and bool(parts.hostname) and (parts.scheme == "https" or is_near)


__all__ = ["Asked", "HttpPaymentGateway", "Made", "PaymentGateway", "check_signature", "sign"]
