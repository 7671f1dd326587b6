"""Signed JSON over HTTP with a counterparty: what was not answered is unknown, what is not signed is not believed.

Both sides sign what they send: `Payment-Timestamp` (Unix seconds) and `Payment-Signature: v1=HMAC-SHA256(secret,
"<timestamp>.<target>.<body>")`, target being the path of the request with its query, for answers too: an answer of another question, or of
another day, does not fit.

    200              the answer
    404 to a GET     nothing is known of it
    400, 409, 422    the question makes no sense there, or its key was used for another one: {code}
    anything else, or nothing: nobody knows what was done; the same key may be asked about, or sent again
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from honghua.base.errors import BadInput, TimedOut, WorldFailed
from honghua.web.payments.gateway import SIGNATURE, TIMESTAMP, check_signature, sign
from honghua.web.problems import Trouble

TIMEOUT_S: Final = 5.0
ANSWER_BYTES_MAX: Final = 64 << 20  # a day's statement of a large shop
WRONG: Final = frozenset({400, 409, 422})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WrongAsked:
    """Why a counterparty turned a question away."""

    code: str = "ASKED_WRONG"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedClient:
    """One counterparty. name: what to call it; now_s: the clock in Unix seconds."""

    name: str
    url: str
    secret: str = field(repr=False)
    now_s: Callable[[], int]
    client: httpx.Client = field(default_factory=httpx.Client)

    def get(self, target: str, kind: type[T], *, seconds: float = TIMEOUT_S) -> T | None:
        """What is known under a target; None when nothing is. Raises TimedOut, BadInput, WorldFailed."""
        answer = self._ask("GET", target, b"", seconds)
        return None if answer.status_code == httpx.codes.NOT_FOUND else self._read(answer, kind)

    def post(self, target: str, asked: object, kind: type[T], *, seconds: float = TIMEOUT_S) -> T:
        """The answer to a question. Raises TimedOut, BadInput, WorldFailed."""
        return self._read(self._ask("POST", target, msgspec.json.encode(asked), seconds), kind)

    def _ask(self, method: str, target: str, body: bytes, seconds: float) -> httpx.Response:
        stamp = str(self.now_s())
        path = (
            urlsplit(self.url).path.rstrip("/") + target
        )  # as the other side sees it: its address may have one of its own
        headers = {
            TIMESTAMP: stamp,
            SIGNATURE: sign(self.secret, stamp, path, body),
            "Content-Type": "application/json",
        }
        try:
            answer = self.client.request(
                method,
                self.url.rstrip("/") + target,
                content=body,
                headers=headers,
                timeout=seconds,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            raise TimedOut(f"{self.name} does not answer: {type(error).__name__}") from error
        if answer.is_server_error:
            raise TimedOut(f"{self.name} answers {answer.status_code}")
        if len(answer.content) > ANSWER_BYTES_MAX:
            raise WorldFailed(f"{self.name} answers too much", code="COUNTERPARTY_FAILED")
        try:
            check_signature(self.secret, path, answer.headers, answer.content, now_s=self.now_s())
        except Trouble as trouble:
            sentence = f"an answer of {self.name} ({answer.status_code}) is not believed: {trouble.code}"
            raise WorldFailed(sentence, code="COUNTERPARTY_FAILED") from None
        return answer

    def _read(self, answer: httpx.Response, kind: type[T]) -> T:
        try:
            if answer.status_code in WRONG:
                wrong = msgspec.json.decode(answer.content, type=WrongAsked)
                raise BadInput(f"{self.name} turned it away: {wrong.code}", code=wrong.code)
            if answer.status_code != httpx.codes.OK:
                raise WorldFailed(f"{self.name} answers {answer.status_code}", code="COUNTERPARTY_FAILED")
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise WorldFailed(f"the answer of {self.name} is not readable", code="COUNTERPARTY_FAILED") from error


@dataclass(frozen=True, slots=True)
class Counterparty:
    """Somebody outside, spoken to through a signed client: what all ports over HTTP have. Theirs is what they ask and what they believe."""

    client: SignedClient

    @property
    def name(self) -> str:
        """What the operator calls it."""
        return self.client.name

    @property
    def is_fake(self) -> bool:
        """It is the operator's; an answer that says that it is invented is kept as such."""
        return False


__all__ = ["Counterparty", "SignedClient", "WrongAsked"]
