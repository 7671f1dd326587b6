"""Sending news: round by round the first piece of each account's line that is due, each endpoint by a thread of its own.

What went wrong is tried again, later each time; after TRIES_MAX it is dead and the line goes on without it: the receiver sees the gap by
`sequence` and can ask for it, and so can we (`webhooks.replay_delivery`).
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import httpx
import psycopg

from honghua.base.clock import to_micros
from honghua.customers.api import Vault
from honghua.store.database import run_unit
from honghua.store.jobs import Job
from honghua.web.api import nonces
from honghua.web.api.addresses import check_url
from honghua.web.api.signing import sign
from honghua.web.api.webhooks import forget_deliveries, make_news
from honghua.web.problems import Trouble

EVERY: Final = dt.timedelta(seconds=5)
FORGET_EVERY: Final = dt.timedelta(minutes=5)
TRIES_MAX: Final = 12
WAIT_FIRST: Final = dt.timedelta(seconds=10)
DOUBLINGS_MAX: Final = 20
WAIT_MAX: Final = dt.timedelta(hours=6)
ROUND_MAX: Final = 200  # pieces
SECONDS_MAX: Final = 20.0  # of one run of the job
PAGES_MAX: Final = 50  # pages of facts in one run
TIMEOUT_S: Final = 5.0
FAILURES_MAX: Final = 3  # in a row, then an endpoint is left alone until the next run
SENDERS: Final = 8
ERROR_LENGTH_MAX: Final = 200
WORD_OF: Final = {
    "done": "arrived",
    "waiting": "failed",
    "dead": "died",
}  # what became of a try, by the delivery's state
HEADS: Final = """
SELECT d.delivery_id, d.endpoint_id, d.fact_id, d.body, d.tries, e.url, e.sealed
FROM web_delivery d JOIN web_endpoint e USING (endpoint_id)
WHERE d.state = 'waiting' AND d.due_at <= %s AND e.ended_at IS NULL AND NOT d.endpoint_id = ANY(%s::bigint[]) AND NOT EXISTS (
  SELECT FROM web_delivery ahead WHERE ahead.endpoint_id = d.endpoint_id AND ahead.account_id = d.account_id AND ahead.state = 'waiting'
  AND ahead.delivery_id < d.delivery_id)
ORDER BY d.endpoint_id, d.due_at, d.delivery_id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One piece on its way."""

    delivery_id: int
    endpoint_id: int
    fact_id: int
    body: str
    tries: int
    url: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """How a try ended. status: of the answer, None without one; error: "" = it arrived."""

    parcel: Parcel
    status: int | None
    error: str

    @property
    def state(self) -> str:
        """Of the delivery from now on; "waiting": for the next try."""
        return "done" if not self.error else "dead" if self.parcel.tries + 1 >= TRIES_MAX else "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What sending needs. is_demo: receivers on this machine are fine."""

    vault: Vault
    is_demo: bool = False
    timeout_s: float = TIMEOUT_S

    def send(self, parcel: Parcel, client: httpx.Client, now: dt.datetime) -> Sent:
        """One try: only a 2xx counts; nothing is followed, nothing of the answer is kept."""
        try:
            target = check_url(parcel.url, is_demo=self.is_demo)
            secret = self.vault.open_bytes(parcel.sealed, f"web_endpoint:{parcel.endpoint_id}")
            stamp, body = str(to_micros(now) // 1_000_000), parcel.body.encode()
            headers = {
                "Host": target.authority,
                "Content-Type": "application/json",
                "Honghua-Event": str(parcel.fact_id),
                "Honghua-Timestamp": stamp,
                "Honghua-Signature": sign(secret, f"{stamp}.{parcel.fact_id}.".encode() + body),
            }
            with client.stream(
                "POST", target.url, content=body, headers=headers, extensions={"sni_hostname": target.host}
            ) as answer:
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Sent(parcel, None, type(error).__name__)
        except Trouble as trouble:
            return Sent(parcel, None, str(trouble))
        return Sent(parcel, status, "" if 200 <= status < 300 else f"answered {status}")

    def send_all(self, parcels: Sequence[Parcel], now: dt.datetime) -> list[Sent]:
        """Those of one endpoint, one after the other, until it fails too often; the others wait for the next round."""
        sent: list[Sent] = []
        with httpx.Client(timeout=self.timeout_s, follow_redirects=False, trust_env=False) as client:
            for parcel in parcels:
                sent.append(self.send(parcel, client, now))
                if fails(sent):
                    break
        return sent


def fails(sent: Sequence[Sent]) -> bool:
    """Whether the last tries of an endpoint failed, too many in a row."""
    return len(sent) >= FAILURES_MAX and all(one.error for one in sent[-FAILURES_MAX:])


def back_off(tries: int) -> dt.timedelta:
    """How long after so many tries that failed."""
    wait: dt.timedelta = WAIT_FIRST * 2 ** min(tries - 1, DOUBLINGS_MAX)
    return min(wait, WAIT_MAX)


def deliver(conn: psycopg.Connection, sender: Sender, *, now: dt.datetime) -> dict[str, int]:
    """Send what is due, round by round: how many arrived, failed and died. `conn` stands outside a transaction."""
    told = dict.fromkeys(WORD_OF.values(), 0)
    ends_at, resting = time.perf_counter() + SECONDS_MAX, set[int]()
    while time.perf_counter() < ends_at:
        heads = [Parcel(*row) for row in conn.execute(HEADS, [now, sorted(resting), ROUND_MAX])]
        if not heads:
            break
        lines = [list(group) for _, group in groupby(heads, key=lambda parcel: parcel.endpoint_id)]
        with ThreadPoolExecutor(max_workers=SENDERS) as threads:
            rounds = list(threads.map(lambda line: sender.send_all(line, now), lines))
        for sent in rounds:
            run_unit(conn, lambda c, sent=sent: note(c, sent, now=now))  # type: ignore[misc]
            for one in sent:
                told[WORD_OF[one.state]] += 1
            if fails(sent):
                resting.add(sent[0].parcel.endpoint_id)
    return told


def note(conn: psycopg.Connection, sent: Sequence[Sent], *, now: dt.datetime) -> None:
    """Write down how tries ended."""
    for one in sent:
        tries, state = one.parcel.tries + 1, one.state
        due_at = now if state != "waiting" else now + back_off(tries)
        conn.execute(
            "UPDATE web_delivery SET state = %s, tries = %s, due_at = %s, last_status = %s, last_error = %s, settled_at = %s"
            " WHERE delivery_id = %s",
            [
                state, tries, due_at, one.status, one.error[:ERROR_LENGTH_MAX] or None, None if state == "waiting" else now,
                one.parcel.delivery_id,
            ],
        )  # fmt: skip


def make_all_news(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Turn everything that happened into deliveries, page by page; how many."""
    made = 0
    for _ in range(PAGES_MAX):
        count, has_more = run_unit(conn, lambda c: make_news(c, now=now))
        made += count
        if not has_more:
            break
    return made


def list_jobs(vault: Vault | None, *, is_demo: bool) -> list[Job]:
    """What the API wants done by the clock. Without the site's keys nothing can be signed: news are made, and wait."""

    def tell_partners(conn: psycopg.Connection, now: dt.datetime) -> str:
        made = make_all_news(conn, now=now)
        if vault is None:
            return f"{made} made, which wait for the keys that sign them"
        told = deliver(conn, Sender(vault=vault, is_demo=is_demo), now=now)
        return f"{made} made, {told['arrived']} arrived, {told['failed']} failed, {told['died']} died"

    def forget(conn: psycopg.Connection, now: dt.datetime) -> str:
        run_unit(conn, lambda c: nonces.forget_old(c, now_s=to_micros(now) // 1_000_000))
        count = run_unit(conn, lambda c: forget_deliveries(c, now=now))
        return f"old nonces and {count} old deliveries forgotten"

    return [
        Job("webhooks", EVERY, tell_partners, "news for partners: made from facts, sent in order, tried again"),
        Job(
            "old-news",
            FORGET_EVERY,
            forget,
            "forgets signed requests too old to be accepted, and deliveries of last month",
        ),
    ]


__all__ = ["TRIES_MAX", "Sender", "back_off", "deliver", "list_jobs", "make_all_news"]
