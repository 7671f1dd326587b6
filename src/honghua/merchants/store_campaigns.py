"""SQL of campaigns: what they promise, acts upon them, budgets, reservations, exposures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import class_row

from honghua.merchants.core.campaigns import Campaign, Draft

TERMS: Final = (
    "merchant", "name", "categories", "periods", "payer", "least_minor", "most_minor", "starts_at", "ends_at", "weekdays",
    "from_minute", "until_minute", "budget_minor", "daily_minor", "holdout_ppm",
)  # fmt: skip
INSERT: Final = """
INSERT INTO merchants_campaign (campaign_id, merchant, name, categories, periods, payer, least_minor, most_minor, starts_at, ends_at,
  weekdays, from_minute, until_minute, budget_minor, daily_minor, holdout_ppm, made_by)
SELECT row.id, row.merchant, %(name)s, %(categories)s::text[], %(periods)s::int[], %(payer)s, %(least_minor)s, %(most_minor)s,
  %(starts_at)s, %(ends_at)s, %(weekdays)s, %(from_minute)s, %(until_minute)s, %(budget_minor)s, %(daily_minor)s, %(holdout_ppm)s,
  %(made_by)s FROM unnest(%(ids)s::bigint[], %(merchants)s::text[]) AS row (id, merchant)
"""
SELECT: Final = """
SELECT c.campaign_id, c.merchant, c.name, c.categories, c.periods, c.payer, c.least_minor, c.most_minor, c.starts_at, c.ends_at,
  c.weekdays, c.from_minute, c.until_minute, c.budget_minor, c.daily_minor, c.holdout_ppm, c.made_by, b.is_open
FROM merchants_campaign AS c JOIN merchants_budget AS b USING (campaign_id)
"""
RUNNING: Final = (
    SELECT
    + " WHERE c.merchant = %s AND c.ends_at > %s AND c.starts_at <= %s AND b.is_open ORDER BY campaign_id LIMIT %s"
)
OF_MERCHANT: Final = SELECT + " WHERE c.merchant = %s AND c.campaign_id < %s ORDER BY campaign_id DESC LIMIT %s"
ONE: Final = SELECT + " WHERE c.campaign_id = %s"
RESERVATIONS: Final = (
    "SELECT key, campaign_id, customer, amount_minor, fee_minor, periods, day, state, purchase_id, reserved_at"
    " FROM merchants_reservation"
)
GIVE_BACK: Final = """
UPDATE merchants_budget SET reserved_minor = reserved_minor - %(fee)s,
  day_minor = CASE WHEN day = %(day)s THEN day_minor - %(fee)s ELSE day_minor END
WHERE campaign_id = %(campaign)s
"""
SPEND: Final = """
UPDATE merchants_budget SET reserved_minor = reserved_minor - %(reserved)s, spent_minor = spent_minor + %(spent)s,
  day_minor = CASE WHEN day = %(day)s THEN day_minor - %(reserved)s + %(spent)s ELSE day_minor END
WHERE campaign_id = %(campaign)s
"""
RETURN_SPENT: Final = """
UPDATE merchants_budget AS b SET spent_minor = spent_minor - given.fee FROM (
  SELECT r.campaign_id, sum(back.fee_minor)::bigint AS fee
  FROM unnest(%s::bigint[], %s::bigint[]) AS back (purchase_id, fee_minor) JOIN merchants_reservation AS r USING (purchase_id)
  GROUP BY r.campaign_id) AS given
WHERE b.campaign_id = given.campaign_id
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A fee kept free for one purchase. state: open, booked or released."""

    key: str
    campaign_id: int
    customer: str
    amount_minor: int
    fee_minor: int
    periods: int
    day: dt.date
    state: str
    purchase_id: int | None
    reserved_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """What a campaign has, took and keeps free; minor units. day_minor: of `day` alone."""

    campaign_id: int
    budget_minor: int
    daily_minor: int
    reserved_minor: int
    spent_minor: int
    day: dt.date
    day_minor: int
    is_open: bool

    @property
    def left_minor(self) -> int:
        """What may still be promised."""
        return self.budget_minor - self.reserved_minor - self.spent_minor


@dataclass(frozen=True, slots=True)
class CampaignAct:
    """What a person did to a running campaign, and why."""

    act: str
    person: str
    why: str
    recorded_at: dt.datetime


def insert_campaigns(conn: psycopg.Connection, draft: Draft, rows: Sequence[tuple[int, str]], *, made_by: str) -> None:
    """(id, merchant) of new campaigns, all with one draft's terms, each with its whole budget."""
    values = {name: list(v) if isinstance(v := getattr(draft, name), tuple) else v for name in TERMS}
    ids, merchants = [list(column) for column in zip(*rows, strict=True)]
    conn.execute(INSERT, {**values, "ids": ids, "merchants": merchants, "made_by": made_by})
    conn.execute(
        "INSERT INTO merchants_budget (campaign_id, budget_minor, daily_minor, day) SELECT id, %s, %s, %s FROM unnest(%s::bigint[]) AS id",
        [draft.budget_minor, draft.daily_minor, draft.starts_at.date(), ids],
    )


def list_running(conn: psycopg.Connection, merchant: str, *, at: dt.datetime, limit: int) -> list[Campaign]:
    """Campaigns of a merchant that run at a moment and are open."""
    return [_campaign(row) for row in conn.execute(RUNNING, [merchant, at, at, limit])]


def count_live(conn: psycopg.Connection, *, at: dt.datetime) -> int:
    """Campaigns of all merchants that run at a moment and are open."""
    row = conn.execute(
        "SELECT count(*) FROM merchants_campaign AS c JOIN merchants_budget AS b USING (campaign_id)"
        " WHERE b.is_open AND c.starts_at <= %s AND c.ends_at > %s",
        [at, at],
    ).fetchone()
    assert row is not None
    return int(row[0])


def list_of_merchant(conn: psycopg.Connection, merchant: str, *, before: int, limit: int) -> list[Campaign]:
    """All campaigns of a merchant with a lower id, the newest first."""
    return [_campaign(row) for row in conn.execute(OF_MERCHANT, [merchant, before, limit])]


def find_campaign(conn: psycopg.Connection, campaign_id: int) -> Campaign | None:
    """One campaign."""
    row = conn.execute(ONE, [campaign_id]).fetchone()
    return None if row is None else _campaign(row)


def _campaign(row: tuple[Any, ...]) -> Campaign:
    campaign_id, *terms, made_by, is_open = row
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in zip(TERMS, terms, strict=True)}
    return Campaign(campaign_id=campaign_id, draft=Draft(**values), made_by=made_by, is_open=is_open)


def find_budgets(conn: psycopg.Connection, campaign_ids: Sequence[int]) -> dict[int, Budget]:
    """What is left of campaigns' budgets."""
    with conn.cursor(row_factory=class_row(Budget)) as cursor:
        rows = cursor.execute(
            "SELECT campaign_id, budget_minor, daily_minor, reserved_minor, spent_minor, day, day_minor, is_open"
            " FROM merchants_budget WHERE campaign_id = ANY(%s)",
            [list(campaign_ids)],
        )
        return {row.campaign_id: row for row in rows}


def set_open(conn: psycopg.Connection, campaign_id: int, *, is_open: bool) -> bool:
    """Whether it was otherwise before."""
    done = conn.execute(
        "UPDATE merchants_budget SET is_open = %s WHERE campaign_id = %s AND is_open <> %s",
        [is_open, campaign_id, is_open],
    )
    return done.rowcount == 1


def insert_act(conn: psycopg.Connection, campaign_id: int, *, act: str, person: str, why: str) -> None:
    """Write down who did what to a campaign."""
    conn.execute(
        "INSERT INTO merchants_campaign_act (campaign_id, act, person, why) VALUES (%s, %s, %s, %s)",
        [campaign_id, act, person, why],
    )


def list_acts(conn: psycopg.Connection, campaign_id: int) -> list[CampaignAct]:
    """What people did to a campaign, in order."""
    with conn.cursor(row_factory=class_row(CampaignAct)) as cursor:
        return cursor.execute(
            "SELECT act, person, why, recorded_at FROM merchants_campaign_act WHERE campaign_id = %s ORDER BY act_id",
            [campaign_id],
        ).fetchall()


def has_ended(conn: psycopg.Connection, campaign_id: int) -> bool:
    """Whether a person ended it for good."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM merchants_campaign_act WHERE campaign_id = %s AND act = 'ended')", [campaign_id]
    ).fetchone()
    return bool(row and row[0])


def insert_exposures(conn: psycopg.Connection, rows: Sequence[tuple[int, str, bool]], *, at: dt.datetime) -> None:
    """Who stood before which campaign and whether held out; the first time only."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO merchants_exposure (campaign_id, customer, is_held_out, first_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [(*row, at) for row in rows],
        )


def read_exposures(conn: psycopg.Connection, campaign_id: int) -> list[tuple[str, bool, dt.datetime]]:
    """(customer, held out, first time) of a campaign."""
    rows = conn.execute(
        "SELECT customer, is_held_out, first_at FROM merchants_exposure WHERE campaign_id = %s ORDER BY customer",
        [campaign_id],
    )
    return [(str(c), bool(h), at) for c, h, at in rows.fetchall()]


def find_reservation(conn: psycopg.Connection, key: str) -> Reservation | None:
    """The reservation under a purchase's key."""
    with conn.cursor(row_factory=class_row(Reservation)) as cursor:
        return cursor.execute(RESERVATIONS + " WHERE key = %s", [key]).fetchone()


def list_open(conn: psycopg.Connection, *, until: dt.datetime, limit: int) -> list[Reservation]:
    """Reservations not settled yet that were made before a moment, locked; those that somebody else settles are left out."""
    with conn.cursor(row_factory=class_row(Reservation)) as cursor:
        return cursor.execute(
            RESERVATIONS + " WHERE state = 'open' AND reserved_at <= %s ORDER BY reserved_at LIMIT %s"
            " FOR UPDATE SKIP LOCKED",
            [until, limit],
        ).fetchall()


def reserve(conn: psycopg.Connection, one: Reservation) -> tuple[str, int, str, int, int]:
    """Keep a fee free under its key: (kept, known or none; campaign, customer, amount, periods that stand under the key).

    One round trip; the budget's row is locked by the update, so whoever comes second sees what the first one took.
    """
    row = conn.execute(
        "SELECT outcome, campaign_id, customer, amount_minor, periods FROM merchants_reserve(%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            one.key, one.campaign_id, one.customer, one.amount_minor, one.fee_minor, one.periods, one.day, one.reserved_at,
        ],
    ).fetchone()  # fmt: skip
    assert row is not None
    return row[0], int(row[1]), row[2], int(row[3]), int(row[4])


def release(conn: psycopg.Connection, one: Reservation, *, now: dt.datetime) -> None:
    """Give a fee back: nothing was bought with it."""
    conn.execute(GIVE_BACK, {"campaign": one.campaign_id, "fee": one.fee_minor, "day": one.day})
    conn.execute("UPDATE merchants_reservation SET state = 'released', settled_at = %s WHERE key = %s", [now, one.key])


def spend(conn: psycopg.Connection, one: Reservation, *, purchase_id: int, fee_minor: int, now: dt.datetime) -> None:
    """The purchase was booked with this fee (at most what was reserved)."""
    assert fee_minor <= one.fee_minor, "more was booked than was kept free"
    conn.execute(SPEND, {"campaign": one.campaign_id, "reserved": one.fee_minor, "spent": fee_minor, "day": one.day})
    conn.execute(
        "UPDATE merchants_reservation SET state = 'booked', purchase_id = %s, fee_minor = %s, settled_at = %s WHERE key = %s",
        [purchase_id, fee_minor, now, one.key],
    )


def return_spent(conn: psycopg.Connection, purchase_ids: NDArray[np.int64], fees_minor: NDArray[np.int64]) -> None:
    """Refunds gave fees back: the budget has them again. Parallel int64[n], fees ≥ 0."""
    if len(purchase_ids):
        conn.execute(RETURN_SPENT, [purchase_ids.tolist(), fees_minor.tolist()])


def list_reservations(conn: psycopg.Connection, campaign_id: int, *, limit: int) -> list[Reservation]:
    """The newest purchases that asked for a campaign's money."""
    with conn.cursor(row_factory=class_row(Reservation)) as cursor:
        return cursor.execute(
            RESERVATIONS + " WHERE campaign_id = %s ORDER BY reserved_at DESC LIMIT %s",
            [campaign_id, limit],
        ).fetchall()
