"""A thin client of the Honghua API: signs, repeats safely under the same key, walks pages, listens. One file; needs only httpx.

    with Honghua("https://honghua.example", key_id="hk_…", secret="…") as api:
        answer = api.buy(customer="c-1", merchant="bookshop", order="o-1", category="books", amount_minor=12_345, currency="CNY")
        if answer["outcome"] == "approved":
            api.refund(answer["purchase_id"], 345)

Amounts are whole minor units. What goes wrong raises `Problem` with a stable `code`; a purchase that was judged and refused does not: it
is an answer. Every command carries an idempotency key: yours (`key=`), or one made here. A command whose outcome is unknown is sent again
under the same key, so it happens once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Literal, NotRequired, Self, TypedDict
from urllib.parse import quote, urlencode

import httpx

TRIES_MAX: Final = 4
WAIT_S_MAX: Final = 8.0
WEBHOOK_AGE_S_MAX: Final = 300
Outcome = Literal["approved", "refused", "step_up", "delayed", "review"]


class PurchaseAnswer(TypedDict):
    """What became of a purchase. `suspension_id` goes into `continues` to go on with a suspended one, under a new key."""

    outcome: Outcome
    purchase_id: NotRequired[int]
    suspension_id: NotRequired[int]
    decision_id: NotRequired[int]
    amount_minor: NotRequired[int]
    held_minor: NotRequired[int]
    fee_minor: NotRequired[int]
    offered_minor: NotRequired[int]
    code: NotRequired[str]
    sentence: NotRequired[str]
    sentence_en: NotRequired[str]
    repeated: NotRequired[bool]


class Choice(TypedDict):
    """Instalments. fee_minor: as quoted and confirmed."""

    periods: int
    payer: NotRequired[Literal["consumer", "merchant", "platform"]]
    fee_minor: NotRequired[int]


class Checkout(TypedDict):
    """An order that waits for its money; the customer pays at `url`."""

    checkout_id: str
    state: Literal["open", "suspended", "refused", "paid"]
    url: str
    merchant: str
    order: str
    amount_minor: int
    currency: str
    expires_at: str
    answer: PurchaseAnswer | None


@dataclass(frozen=True)
class Event:
    """Something that happened; `cursor` is where to go on behind it."""

    cursor: str
    kind: str
    body: dict[str, Any]


class Problem(Exception):
    """What the API turned away (RFC 9457). code: stable, see /v1/problems; status 0: no answer at all."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__(f"{body.get('code', 'UNKNOWN')}: {body.get('detail', '')}")
        self.status = int(body.get("status", 0))
        self.code = str(body.get("code", "UNKNOWN"))
        self.detail = str(body.get("detail", ""))
        self.more = dict(body)


@dataclass
class Honghua:
    """One partner's way to one Honghua. clock, sleep and transport can be replaced in tests."""

    address: str
    key_id: str
    secret: str = field(repr=False)
    timeout_s: float = 10.0
    clock: Callable[[], float] = time.time  # noqa: TID251  a program of its own: here the clock begins
    sleep: Callable[[float], None] = time.sleep
    transport: httpx.BaseTransport | None = None

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.address, timeout=self.timeout_s, transport=self.transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self.http.close()

    # Accounts

    def open_account(self, customer: str, *, limit_minor: int, key: str = "") -> dict[str, Any]:
        """Open a credit account; from then on it is open to you."""
        return self.command("POST", "/v1/accounts", {"customer": customer, "limit_minor": limit_minor}, key=key)

    def account(self, customer: str) -> dict[str, Any]:
        """The account as it stands."""
        found: dict[str, Any] = self.get(f"/v1/accounts/{part(customer)}")
        return found

    def history(self, customer: str) -> Iterator[dict[str, Any]]:
        """Everything that happened, newest first."""
        return self.pages(f"/v1/accounts/{part(customer)}/history")

    def statements(self, customer: str) -> Iterator[dict[str, Any]]:
        """Closed statements, newest first."""
        return self.pages(f"/v1/accounts/{part(customer)}/statements")

    def quotes(self, customer: str, amount_minor: int, *, of_bill: bool = False) -> list[dict[str, Any]]:
        """Instalments on offer, each with its full cost table."""
        query = urlencode({"amount_minor": amount_minor, "of_bill": str(of_bill).lower()})
        found: list[dict[str, Any]] = self.get(f"/v1/accounts/{part(customer)}/instalment-quotes?{query}")
        return found

    def repay(self, customer: str, amount_minor: int, *, key: str = "") -> dict[str, Any]:
        """Book money that the customer paid."""
        path = f"/v1/accounts/{part(customer)}/repayments"
        return self.command("POST", path, {"amount_minor": amount_minor}, key=key)

    def settle(self, customer: str, plan_id: int, *, key: str = "") -> dict[str, Any]:
        """Pay a plan off early, with what it costs today."""
        path = f"/v1/accounts/{part(customer)}/plans/{plan_id}/settlement"
        return self.command("POST", path, {"amount_minor": self.get(path)["amount_minor"]}, key=key)

    # Purchases

    def buy(self, *, key: str = "", **purchase: Any) -> PurchaseAnswer:
        """Buy now: customer, merchant, order, category, amount_minor, currency; instalments, scene, accept_less, continues."""
        answer: PurchaseAnswer = self.command("POST", "/v1/purchases", purchase, key=key)  # type: ignore[assignment]
        return answer

    def authorise(self, *, key: str = "", **purchase: Any) -> PurchaseAnswer:
        """Hold part of the limit until the order is received: then `capture`, or `void`."""
        return self.buy(key=key, mode="authorise", **purchase)

    def buy_many(self, purchases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Up to 64 purchases in one call, each with its own `key`."""
        found: list[dict[str, Any]] = self.send("POST", "/v1/purchases:batch", {"purchases": list(purchases)})[
            "answers"
        ]
        return found

    def purchase(self, purchase_id: int) -> dict[str, Any]:
        """One purchase of one of your shops."""
        found: dict[str, Any] = self.get(f"/v1/purchases/{purchase_id}")
        return found

    def capture(self, purchase_id: int, amount_minor: int, *, final: bool = True, key: str = "") -> dict[str, Any]:
        """Turn a hold into debt, wholly or in part."""
        body = {"amount_minor": amount_minor, "final": final}
        return self.command("POST", f"/v1/purchases/{purchase_id}/captures", body, key=key)

    def void(self, purchase_id: int, *, key: str = "") -> dict[str, Any]:
        """Give a hold back."""
        return self.command("POST", f"/v1/purchases/{purchase_id}/void", None, key=key)

    def refund(self, purchase_id: int, amount_minor: int, *, key: str = "") -> dict[str, Any]:
        """Goods come back."""
        return self.command("POST", f"/v1/purchases/{purchase_id}/refunds", {"amount_minor": amount_minor}, key=key)

    def tell_logistics(
        self, purchase_id: int, kind: str, reference: str, happened_at: str, **more: Any
    ) -> dict[str, Any]:
        """What became of an order: shipped, delivered, handed_over or returned; more: region, place (a digest), grams, scans."""
        told = {"kind": kind, "reference": reference, "happened_at": happened_at, **more}
        answer: dict[str, Any] = self.send("POST", f"/v1/purchases/{purchase_id}/logistics", told)
        return answer

    # Checkouts

    def open_checkout(self, *, key: str = "", **order: Any) -> Checkout:
        """An order to be paid by a customer: merchant, order, category, amount_minor, currency, title; return_to, paid_by_shop."""
        made: Checkout = self.command("POST", "/v1/checkouts", order, key=key)  # type: ignore[assignment]
        return made

    def checkout(self, checkout_id: str) -> Checkout:
        """A checkout, and whether it is paid."""
        found: Checkout = self.get(f"/v1/checkouts/{checkout_id}")
        return found

    def scan(self, checkout_id: str, code: str, *, instalments: Choice | None = None) -> PurchaseAnswer:
        """Pay by the code on the customer's phone."""
        body = {"code": code} | ({"instalments": instalments} if instalments else {})
        answer: PurchaseAnswer = self.send("POST", f"/v1/checkouts/{checkout_id}/scan", body)
        return answer

    # News

    def events(self, cursor: str) -> tuple[list[Event], str]:
        """What happened behind a cursor ("": from now on), and the cursor to go on with."""
        page = self.get(f"/v1/events?cursor={cursor}")
        return [Event(one["id"], one["kind"], one) for one in page["items"]], page["next"]

    def listen(self, cursor: str = "") -> Iterator[Event]:
        """Events as they happen, without end; after a break it goes on where it was."""
        while True:
            headers = self.sign("GET", "/v1/events/stream") | ({"Last-Event-ID": cursor} if cursor else {})
            try:
                with self.http.stream(
                    "GET", "/v1/events/stream", headers=headers, timeout=httpx.Timeout(10, read=60)
                ) as answer:
                    if answer.status_code != httpx.codes.OK:
                        raise Problem(json.loads(answer.read()))
                    for cursor, kind, data in frames(answer.iter_lines()):
                        if kind:
                            yield Event(cursor, kind, json.loads(data))
            except httpx.TransportError:
                pass  # the line broke
            self.sleep(1.0)  # servers hang up when they are renewed

    def add_webhook(self, url: str, kinds: Sequence[str] = ()) -> dict[str, Any]:
        """News goes there from now on; the secret is told this once."""
        made: dict[str, Any] = self.send("POST", "/v1/webhooks", {"url": url, "kinds": list(kinds)})
        return made

    # Underneath

    def get(self, target: str) -> Any:
        """What stands at an address."""
        return self.send("GET", target)

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of all pages, fetched as they are wanted."""
        cursor = ""
        while True:
            page = self.get(f"{path}?cursor={cursor}")
            yield from page["items"]
            cursor = page["next"]
            if not cursor:
                return

    def command(self, method: str, target: str, body: Mapping[str, Any] | None, *, key: str) -> dict[str, Any]:
        """A command under a key; without one of yours, a new one."""
        answer: dict[str, Any] = self.send(method, target, body, key=key or secrets.token_hex(16))
        return answer

    def send(self, method: str, target: str, body: Mapping[str, Any] | None = None, *, key: str = "") -> Any:
        """Sign and send; again, signed anew, when it may help and do no harm. Raises Problem."""
        content = b"" if body is None else json.dumps(body).encode()
        safe = (
            method == "GET" or bool(key) or target.endswith((":batch", "/scan", "/face", "/logistics"))
        )  # these find their first answer
        for attempt in range(1, TRIES_MAX + 1):
            headers = self.sign(method, target, content, key=key)
            if content:
                headers["Content-Type"] = "application/json"
            try:
                answer = self.http.request(method, target, content=content, headers=headers)
            except httpx.TransportError as error:
                if attempt == TRIES_MAX or not safe:
                    raise Problem({"code": "NO_ANSWER", "detail": str(error)}) from error
                self.sleep(min(0.2 * 2**attempt, WAIT_S_MAX))
                continue
            if answer.is_success:
                return answer.json() if answer.content else {}
            problem = read_problem(answer)
            may_help = problem.status in (429, 503) or (problem.status in (500, 504) and safe)
            if attempt == TRIES_MAX or not may_help:
                raise problem
            self.sleep(min(float(answer.headers.get("retry-after", 0.2 * 2**attempt)), WAIT_S_MAX))
        raise AssertionError("unreachable: the last try returns or raises")

    def sign(self, method: str, target: str, content: bytes = b"", *, key: str = "") -> dict[str, str]:
        """The headers of one request: method, target as it will be sent, time, nonce, key and body are signed."""
        stamp, nonce = str(int(self.clock())), secrets.token_urlsafe(18)
        wire = httpx.URL(self.address + target).raw_path.decode()
        text = "\n".join(("HONGHUA1", method, wire, stamp, nonce, key, hashlib.sha256(content).hexdigest()))
        mark = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers = {
            "Honghua-Key": self.key_id, "Honghua-Timestamp": stamp, "Honghua-Nonce": nonce, "Honghua-Signature": f"v1={mark}",
        }  # fmt: skip
        return headers | ({"Idempotency-Key": key} if key else {})


def check_webhook(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float) -> dict[str, Any] | None:
    """The event of a webhook that we sent, None for anything else. `sequence` tells what came twice, and what came late."""
    told = {name.lower(): value for name, value in headers.items()}
    stamp, event = told.get("honghua-timestamp", ""), told.get("honghua-event", "")
    right = "v1=" + hmac.new(secret.encode(), f"{stamp}.{event}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), told.get("honghua-signature", "").encode()):
        return None
    if abs(now_s - int(stamp)) > WEBHOOK_AGE_S_MAX:
        return None
    found: dict[str, Any] = json.loads(body)
    return found


def part(text: str) -> str:
    """A reference as a part of a path."""
    return quote(text, safe="")


def read_problem(answer: httpx.Response) -> Problem:
    """The problem of an answer; one that is none of ours, too."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    return Problem(body if isinstance(body, dict) else {"status": answer.status_code, "detail": "no problem+json"})


def frames(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """(id, event, data) of server-sent events; a beat has an id and no event."""
    found: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            found[name] = value.removeprefix(" ")
        elif found:
            if "id" in found:
                yield found["id"], found.get("event", ""), found.get("data", "")
            found = {}
