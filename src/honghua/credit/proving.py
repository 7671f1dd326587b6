"""The port to whoever can tell that a customer is who they say: a step-up is sent after the commit and checked when it comes back."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final, Protocol

import psycopg

from honghua.store.database import run_unit
from honghua.store.wishes import WishState, settle_wish, take_wishes

STEP_UP_WISH: Final = "step_up"
TOKEN_BYTES: Final = 16
TRIES_MAX: Final = 5  # wrong proofs until a suspension lapses
SENDS_AT_ONCE: Final = 100
LEASE: Final = dt.timedelta(seconds=60)


class Prover(Protocol):
    """Sends challenges and knows which answers are right. The same token sent twice is one challenge."""

    def send(self, *, token: str, account_id: int, kind: str) -> None:
        """Challenge the customer: a code by message, a face check, a call. Raises errors of the world."""
        ...

    def check(self, token: str, proof: str) -> bool:
        """Whether the proof answers the challenge."""
        ...


@dataclass
class FakeProver:
    """A faithful fake: six digits from token and secret, read out of `sent` as from the customer's phone."""

    secret: bytes = b"fake"
    sent: dict[str, tuple[int, str, str]] = field(default_factory=dict)  # token: account, kind, code

    def code(self, token: str) -> str:
        """The code that belongs to a token."""
        digest = hmac.new(self.secret, token.encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(digest[:4], 'big') % 1_000_000:06d}"

    def send(self, *, token: str, account_id: int, kind: str) -> None:
        """Put the code where the customer reads it."""
        self.sent[token] = (account_id, kind, self.code(token))

    def check(self, token: str, proof: str) -> bool:
        """Right only for a token that was sent, with its own code."""
        return token in self.sent and hmac.compare_digest(self.sent[token][2].encode(), proof.encode())


def send_step_ups(conn: psycopg.Connection, prover: Prover, *, now: dt.datetime) -> int:
    """Send the challenges that are due; how many went out. One that was sent before its row was settled goes out again."""
    taken = run_unit(conn, lambda c: take_wishes(c, STEP_UP_WISH, SENDS_AT_ONCE, now=now, lease=LEASE))
    for one in taken:
        prover.send(token=one.body["token"], account_id=one.body["account_id"], kind=one.body["kind"])
        run_unit(conn, lambda c, one=one: settle_wish(c, one, WishState.DONE, now=now))  # type: ignore[misc]
    return len(taken)


__all__ = ["FakeProver", "Prover", "send_step_ups"]
