"""The peer of `bench campaign`: budgets kept by plain SQL, a look, a lock and a sum an order, as one would write them first."""

from __future__ import annotations

import datetime as dt
from typing import Final

import psycopg

CREATE: Final = """
CREATE TABLE naive_campaign (campaign_id bigint PRIMARY KEY, merchant text NOT NULL, starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL, least_minor bigint NOT NULL, most_minor bigint NOT NULL, budget_minor bigint NOT NULL);
CREATE INDEX ON naive_campaign (merchant);
CREATE TABLE naive_reservation (key text PRIMARY KEY, campaign_id bigint NOT NULL, fee_minor bigint NOT NULL);
CREATE INDEX ON naive_reservation (campaign_id);
GRANT SELECT, INSERT, UPDATE ON naive_campaign, naive_reservation TO honghua_app;
"""
FILL: Final = """
INSERT INTO naive_campaign SELECT row.id, row.merchant, %s, %s, 0, 1000000000000, %s
FROM unnest(%s::bigint[], %s::text[]) AS row (id, merchant)
"""
LOOK: Final = """
SELECT campaign_id FROM naive_campaign WHERE merchant = %s AND starts_at <= %s AND ends_at > %s
  AND least_minor <= %s AND most_minor >= %s ORDER BY campaign_id LIMIT 1
"""
LOCK: Final = "SELECT budget_minor FROM naive_campaign WHERE campaign_id = %s FOR UPDATE"
SUM: Final = "SELECT coalesce(sum(fee_minor), 0)::bigint FROM naive_reservation WHERE campaign_id = %s"
TAKE: Final = "INSERT INTO naive_reservation (key, campaign_id, fee_minor) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"


def create(conn: psycopg.Connection) -> None:
    """Its tables, as their owner."""
    conn.execute(CREATE)


def fill(
    conn: psycopg.Connection,
    first_id: int,
    merchants: list[str],
    *,
    times: tuple[dt.datetime, dt.datetime],
    budget_minor: int,
) -> None:
    """A campaign a merchant, as the other side has them."""
    ids = list(range(first_id, first_id + len(merchants)))
    conn.execute(FILL, [*times, budget_minor, ids, merchants])


def reserve(
    conn: psycopg.Connection, merchant: str, amount_minor: int, *, key: str, fee_minor: int, at: dt.datetime
) -> bool:
    """One order, in a transaction of its own."""
    with conn.transaction():
        found = conn.execute(LOOK, [merchant, at, at, amount_minor, amount_minor]).fetchone()
        if found is None:
            return False
        budget = conn.execute(LOCK, [found[0]]).fetchone()
        spent = conn.execute(SUM, [found[0]]).fetchone()
        assert budget is not None
        assert spent is not None
        if spent[0] + fee_minor > budget[0]:
            return False
        conn.execute(TAKE, [key, found[0], fee_minor])
        return True
