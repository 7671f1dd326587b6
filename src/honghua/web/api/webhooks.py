"""Webhooks: endpoints of partners, news made for them from facts, and the console that shows and repeats deliveries.

Of one account news arrives in order: a later piece waits until the earlier one is done, or dead after `delivering.TRIES_MAX` tries. A piece
may arrive twice (we may die between sending and noting it): its id is the same, and it is signed anew with the time.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import class_row

from honghua.base.errors import BadInput
from honghua.customers.api import Vault
from honghua.web.api.events import KINDS, Event, Place, find_end, find_linked, keep_visible, read_events
from honghua.web.api.partners import Partner
from honghua.web.problems import Trouble

FEED: Final = "webhooks"
ENDPOINTS_MAX: Final = 20
KEPT: Final = dt.timedelta(days=30)
FORGOTTEN_AT_ONCE: Final = 10_000
SECRET_BYTES: Final = 32
STATES: Final = ("waiting", "done", "dead")
SHOWN: Final = (
    "d.delivery_id, d.endpoint_id, d.fact_id, d.state, d.tries, d.due_at, d.last_status, d.last_error, d.created_at, d.settled_at,"
    " d.body::jsonb AS body"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where news of a partner goes."""

    endpoint_id: int
    url: str
    kinds: list[str]
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint, and how its sending goes."""

    delivery_id: int
    endpoint_id: int
    fact_id: int
    state: str
    tries: int
    due_at: dt.datetime
    last_status: int | None
    last_error: str | None
    created_at: dt.datetime
    settled_at: dt.datetime | None
    body: Any


@dataclass(frozen=True, slots=True)
class PartnerDelivery:
    """A delivery with whom it is for and where it goes."""

    partner_id: int
    partner: str
    url: str
    sent: str  # the body, letter for letter
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint as it is shown once, with the secret that signs what it will get."""

    endpoint_id: int
    secret: str


def add_endpoint(
    conn: psycopg.Connection, vault: Vault, partner: Partner, url: str, kinds: Sequence[str], *, now: dt.datetime
) -> NewEndpoint:
    """A new endpoint; kinds of events it wants, none = all. The url has been checked. Trouble when there are too many."""
    if not set(kinds) <= KINDS:
        raise BadInput(f"there are no events {sorted(set(kinds) - KINDS)}")
    conn.execute("SELECT 1 FROM web_partner WHERE partner_id = %s FOR UPDATE", [partner.partner_id])  # one at a time
    if len(list_endpoints(conn, partner.partner_id)) >= ENDPOINTS_MAX:
        raise Trouble("ENDPOINTS_TOO_MANY", f"at most {ENDPOINTS_MAX}")
    row = conn.execute(
        "INSERT INTO web_endpoint (partner_id, url, kinds, sealed, created_at) VALUES (%s, %s, %s, '', %s) RETURNING endpoint_id",
        [partner.partner_id, url, sorted(set(kinds)), now],
    ).fetchone()
    assert row is not None, "an INSERT that returns its row"
    secret = secrets.token_urlsafe(SECRET_BYTES)
    sealed = vault.seal(secret, f"web_endpoint:{row[0]}")
    conn.execute("UPDATE web_endpoint SET sealed = %s WHERE endpoint_id = %s", [sealed, row[0]])
    return NewEndpoint(row[0], secret)


def list_endpoints(conn: psycopg.Connection, partner_id: int) -> list[Endpoint]:
    """A partner's endpoints that are not ended."""
    query = (
        "SELECT endpoint_id, url, kinds, created_at FROM web_endpoint WHERE partner_id = %s AND ended_at IS NULL"
        " ORDER BY endpoint_id"
    )
    with conn.cursor(row_factory=class_row(Endpoint)) as cursor:
        return cursor.execute(query, [partner_id]).fetchall()


def end_endpoint(conn: psycopg.Connection, partner_id: int, endpoint_id: int, *, now: dt.datetime) -> None:
    """Nothing is sent there any more. Trouble when the partner has no such endpoint."""
    query = "UPDATE web_endpoint SET ended_at = %s WHERE endpoint_id = %s AND partner_id = %s AND ended_at IS NULL"
    if conn.execute(query, [now, endpoint_id, partner_id]).rowcount == 0:
        raise Trouble("ENDPOINT_UNKNOWN", "there is no such endpoint")


def list_deliveries(
    conn: psycopg.Connection, partner_id: int, *, state: str = "", before: int | None = None, limit: int = 50
) -> list[Delivery]:
    """Deliveries of a partner, newest first, below an id; of one state, or of all."""
    query = (
        f"SELECT {SHOWN} FROM web_delivery AS d WHERE d.endpoint_id IN"  # noqa: S608
        " (SELECT e.endpoint_id FROM web_endpoint e WHERE e.partner_id = %s)"
        " AND (%s = '' OR d.state = %s) AND d.delivery_id < %s ORDER BY d.delivery_id DESC LIMIT %s"
    )
    values = [partner_id, state, state, before or 2**62, limit]
    with conn.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(query, values).fetchall()


def list_all_deliveries(
    conn: psycopg.Connection, *, state: str = "", before: int | None = None, limit: int = 50
) -> list[PartnerDelivery]:
    """Deliveries of all partners, newest first, below an id; of one state, or of all: for the desk."""
    rows = conn.execute(
        f"SELECT p.partner_id, p.name, e.url, d.body, {SHOWN} FROM web_delivery AS d JOIN web_endpoint AS e USING (endpoint_id)"  # noqa: S608
        " JOIN web_partner AS p USING (partner_id)"
        " WHERE (%s = '' OR d.state = %s) AND d.delivery_id < %s ORDER BY d.delivery_id DESC LIMIT %s",
        [state, state, before or 2**62, limit],
    )
    return [
        PartnerDelivery(partner_id, name, url, sent, Delivery(*shown)) for partner_id, name, url, sent, *shown in rows
    ]


def replay_delivery(conn: psycopg.Connection, partner_id: int, delivery_id: int, *, now: dt.datetime) -> None:
    """Send it again, with all its tries before it, arrived or dead. Trouble when the partner has no such delivery."""
    query = (
        "UPDATE web_delivery SET state = 'waiting', tries = 0, due_at = %s, settled_at = NULL WHERE delivery_id = %s"
        " AND endpoint_id IN (SELECT e.endpoint_id FROM web_endpoint e WHERE e.partner_id = %s AND e.ended_at IS NULL)"
    )
    if conn.execute(query, [now, delivery_id, partner_id]).rowcount == 0:
        raise Trouble("DELIVERY_UNKNOWN", "there is no such delivery")


def count_deliveries(conn: psycopg.Connection) -> dict[str, int]:
    """How many deliveries stand in each state, of all partners: for the desk."""
    rows = conn.execute("SELECT state, count(*) FROM web_delivery GROUP BY state").fetchall()
    return {**dict.fromkeys(STATES, 0), **dict(rows)}


def forget_deliveries(conn: psycopg.Connection, *, now: dt.datetime) -> int:
    """Delete what was settled so long ago that nobody repeats it, at most FORGOTTEN_AT_ONCE; how many."""
    query = (
        "DELETE FROM web_delivery WHERE delivery_id IN (SELECT d.delivery_id FROM web_delivery d WHERE d.state <> 'waiting'"
        " AND d.settled_at < %s ORDER BY d.settled_at LIMIT %s)"
    )
    return conn.execute(query, [now - KEPT, FORGOTTEN_AT_ONCE]).rowcount


def make_news(conn: psycopg.Connection, *, now: dt.datetime) -> tuple[int, bool]:
    """Turn the next page of facts into deliveries, in the caller's transaction: (how many, whether more facts wait).

    The place in the log moves in the same transaction: each fact makes its news once, whoever dies when.
    """
    row = conn.execute("SELECT txid, fact_id FROM web_feed WHERE name = %s FOR UPDATE", [FEED]).fetchone()
    if row is None:  # the first time: from now on
        conn.execute("INSERT INTO web_feed (name, txid, fact_id) VALUES (%s, %s, %s)", [FEED, *find_end(conn)])
        return 0, False
    page = read_events(conn, (row[0], row[1]))
    made = write_deliveries(conn, page.events, now=now) if page.events else 0
    _move(conn, page.place)
    return made, page.has_more


def _move(conn: psycopg.Connection, place: Place) -> None:
    conn.execute("UPDATE web_feed SET txid = %s, fact_id = %s WHERE name = %s", [*place, FEED])


def write_deliveries(conn: psycopg.Connection, events: Sequence[Event], *, now: dt.datetime) -> int:
    """A delivery for every endpoint of every partner that an event concerns."""
    rows: list[tuple[int, Event]] = []
    for partner, endpoints in list_listening(conn):
        seen = keep_visible(partner, events, find_linked(conn, partner, events))
        for endpoint_id, kinds in endpoints:
            rows += [(endpoint_id, event) for event in seen if not kinds or event.kind in kinds]
    rows.sort(key=lambda row: (row[0], row[1].account_id, row[1].fact_id))
    if not rows:
        return 0
    columns = [
        [endpoint_id for endpoint_id, _ in rows], [event.account_id for _, event in rows], [event.fact_id for _, event in rows],
        [msgspec.json.encode(event.body()).decode() for _, event in rows],
    ]  # fmt: skip
    done = conn.execute(
        "INSERT INTO web_delivery (endpoint_id, account_id, fact_id, body, due_at, created_at)"
        " SELECT d.endpoint_id, d.account_id, d.fact_id, d.body, %s, %s FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[])"
        " WITH ORDINALITY AS d (endpoint_id, account_id, fact_id, body, place) ORDER BY d.place ON CONFLICT DO NOTHING",
        [now, now, *columns],
    )
    return done.rowcount


def list_listening(conn: psycopg.Connection) -> list[tuple[Partner, list[tuple[int, set[str]]]]]:
    """Partners at work that have endpoints, with (endpoint, kinds it wants)."""
    rows = conn.execute(
        "SELECT p.partner_id, p.name, p.is_house, p.scopes,"
        " ARRAY(SELECT m.merchant FROM web_partner_merchant m WHERE m.partner_id = p.partner_id), e.endpoint_id, e.kinds"
        " FROM web_endpoint e JOIN web_partner p USING (partner_id) WHERE e.ended_at IS NULL AND NOT p.is_stopped"
        " ORDER BY p.partner_id, e.endpoint_id"
    ).fetchall()
    found: dict[int, tuple[Partner, list[tuple[int, set[str]]]]] = {}
    for partner_id, name, is_house, scopes, merchants, endpoint_id, kinds in rows:
        partner = Partner(
            partner_id=partner_id, name=name, scopes=frozenset(scopes), merchants=frozenset(merchants), is_house=is_house,
            rate_per_s=1, burst=1, secret=b"",
        )  # fmt: skip
        found.setdefault(partner_id, (partner, []))[1].append((endpoint_id, set(kinds)))
    return list(found.values())


__all__ = [
    "Delivery",
    "Endpoint",
    "NewEndpoint",
    "PartnerDelivery",
    "add_endpoint",
    "count_deliveries",
    "end_endpoint",
    "forget_deliveries",
    "list_all_deliveries",
    "list_deliveries",
    "list_endpoints",
    "make_news",
    "replay_delivery",
]
