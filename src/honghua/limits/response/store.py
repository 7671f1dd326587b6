"""SQL of batches of temporary limits, and of the slice that is moved by lot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

CAMPAIGN: Final = """SELECT campaign_id, name, from_on, until_on, figures, digest, author, why, proposed_at,
  coalesce((SELECT array_agg(act ORDER BY act_id) FROM limits_temporary_act AS a WHERE a.campaign_id = t.campaign_id), '{}') AS acts,
  coalesce((SELECT array_agg(person ORDER BY act_id) FROM limits_temporary_act AS a WHERE a.campaign_id = t.campaign_id), '{}') AS persons,
  coalesce((SELECT array_agg(why ORDER BY act_id) FROM limits_temporary_act AS a WHERE a.campaign_id = t.campaign_id), '{}') AS reasons,
  ARRAY(SELECT a.digest FROM limits_temporary_act AS a WHERE a.campaign_id = t.campaign_id ORDER BY act_id) AS digests,
  (SELECT count(*) FROM limits_temporary_choice AS c WHERE c.campaign_id = t.campaign_id AND c.amount_minor > 0)::int AS chosen,
  (SELECT count(*) FROM limits_temporary_choice AS c WHERE c.campaign_id = t.campaign_id AND c.state = 'offered')::int AS offered,
  (SELECT count(*) FROM limits_temporary_choice AS c WHERE c.campaign_id = t.campaign_id AND c.state = 'left')::int AS left_out
FROM limits_temporary AS t"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryCampaign:
    """One batch of temporary limits with what people said of it, and how far it was carried out: offered + left_out of chosen."""

    campaign_id: int
    name: str
    from_on: dt.date
    until_on: dt.date
    figures: dict[str, Any]
    digest: bytes
    author: str
    why: str
    proposed_at: dt.datetime
    acts: list[str]
    persons: list[str]
    reasons: list[str]
    digests: list[bytes]
    chosen: int
    offered: int
    left_out: int

    @property
    def settled(self) -> int:
        """Of how many the turn has come."""
        return self.offered + self.left_out

    @property
    def state(self) -> str:
        """proposed, refused, undone, stopped, approved (not begun), running, done."""
        for act in ("refused", "undone", "stopped"):
            if act in self.acts:
                return act
        if "approved" not in self.acts:
            return "proposed"
        if self.settled == self.chosen:
            return "done"
        return "running" if self.settled else "approved"


def insert_campaign(conn: psycopg.Connection, row: Mapping[str, Any]) -> int:
    """A new batch; its number."""
    found = conn.execute(
        "INSERT INTO limits_temporary (name, from_on, until_on, figures, digest, author, why, proposed_at)"
        " VALUES (%(name)s, %(from_on)s, %(until_on)s, %(figures)s, %(digest)s, %(author)s, %(why)s, %(proposed_at)s)"
        " ON CONFLICT (name) DO NOTHING RETURNING campaign_id",
        {**row, "figures": Jsonb(row["figures"])},
    ).fetchone()
    return 0 if found is None else int(found[0])


def copy_choices(
    conn: psycopg.Connection, campaign_id: int, rows: Sequence[tuple[str, int, int, bytes, bytes]]
) -> None:
    """(customer, minor units, why, salt, mark) of everybody who was weighed."""
    statement = "COPY limits_temporary_choice (campaign_id, customer, amount_minor, why, salt, mark) FROM STDIN"
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row((campaign_id, *row))


def read_choices(conn: psycopg.Connection, campaign_id: int) -> list[tuple[str, int, int, bytes | None, bytes | None]]:
    """The same, of one batch; salt None: the customer has left; mark None: of a time before there were marks."""
    query = "SELECT customer, amount_minor, why, salt, mark FROM limits_temporary_choice WHERE campaign_id = %s"
    return conn.execute(query, [campaign_id]).fetchall()


def lock_campaign(conn: psycopg.Connection, campaign_id: int) -> None:
    """Nobody else acts on it until the caller's transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(hashtext('limits temporary'), %s)", [campaign_id])


def find_campaign(conn: psycopg.Connection, campaign_id: int) -> TemporaryCampaign | None:
    """One."""
    with conn.cursor(row_factory=class_row(TemporaryCampaign)) as cursor:
        return cursor.execute(CAMPAIGN + " WHERE campaign_id = %s", [campaign_id]).fetchone()


def list_campaigns(conn: psycopg.Connection, *, limit: int | None) -> list[TemporaryCampaign]:
    """The newest first; None: all."""
    with conn.cursor(row_factory=class_row(TemporaryCampaign)) as cursor:
        return cursor.execute(CAMPAIGN + " ORDER BY campaign_id DESC LIMIT %s", [limit]).fetchall()


def list_begun(conn: psycopg.Connection, *, on: dt.date) -> list[int]:
    """Approved batches whose first day has come and whose last has not passed, with somebody whose turn has not come."""
    query = """SELECT campaign_id FROM limits_temporary AS t WHERE from_on <= %(on)s AND until_on >= %(on)s
      AND EXISTS (SELECT FROM limits_temporary_act AS a WHERE a.campaign_id = t.campaign_id AND act = 'approved')
      AND NOT EXISTS (SELECT FROM limits_temporary_act AS a WHERE a.campaign_id = t.campaign_id AND act <> 'approved')
      AND EXISTS (SELECT FROM limits_temporary_choice AS c WHERE c.campaign_id = t.campaign_id AND c.state = 'chosen' AND amount_minor > 0)
      ORDER BY campaign_id"""
    return [int(row[0]) for row in conn.execute(query, {"on": on})]


def insert_act(
    conn: psycopg.Connection, campaign_id: int, act: str, signed: tuple[str, str], *, digest: bytes, now: dt.datetime
) -> None:
    """Append what a person said, and why."""
    conn.execute(
        "INSERT INTO limits_temporary_act (campaign_id, act, person, why, digest, acted_at) VALUES (%s, %s, %s, %s, %s, %s)",
        [campaign_id, act, *signed, digest, now],
    )


def take_choices(conn: psycopg.Connection, campaign_id: int, *, limit: int) -> list[tuple[str, int]]:
    """(customer, minor units) of the next whose turn comes."""
    query = """SELECT customer, amount_minor FROM limits_temporary_choice
      WHERE campaign_id = %s AND state = 'chosen' AND amount_minor > 0 ORDER BY customer LIMIT %s"""
    return [(str(name), int(amount)) for name, amount in conn.execute(query, [campaign_id, limit])]


def settle_choices(conn: psycopg.Connection, campaign_id: int, codes: Mapping[str, str], *, now: dt.datetime) -> None:
    """Customer → "" (offered) or the code of why it was left."""
    conn.execute(
        """UPDATE limits_temporary_choice AS c SET state = CASE WHEN one.code = '' THEN 'offered' ELSE 'left' END, code = one.code,
          settled_at = %s FROM unnest(%s::text[], %s::text[]) AS one (customer, code)
          WHERE c.campaign_id = %s AND c.customer = one.customer AND c.state = 'chosen'""",
        [now, list(codes), list(codes.values()), campaign_id],
    )


def count_whys(conn: psycopg.Connection, campaign_id: int) -> dict[int, int]:
    """How many customers by the reason of the choice."""
    query = "SELECT why, count(*) FROM limits_temporary_choice WHERE campaign_id = %s GROUP BY why ORDER BY why"
    return {int(why): int(count) for why, count in conn.execute(query, [campaign_id])}


def count_codes(conn: psycopg.Connection, campaign_id: int) -> dict[str, int]:
    """How many were left when their turn came, by code."""
    query = """SELECT code, count(*) FROM limits_temporary_choice WHERE campaign_id = %s AND state = 'left'
      GROUP BY code ORDER BY code"""
    return {str(code): int(count) for code, count in conn.execute(query, [campaign_id])}


def insert_slice_rows(conn: psycopg.Connection, rows: Sequence[Sequence[Any]]) -> int:
    """Rows of the slice as they were drawn; how many were new."""
    return _insert_new(
        conn,
        "INSERT INTO limits_slice_row (slice, period, customer, key, arm, factors_ppm, limit_minor, burden, names, x, drawn_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        rows,
    )


def insert_outcomes(conn: psycopg.Connection, rows: Sequence[Sequence[Any]]) -> int:
    """What a period brought; how many were new."""
    return _insert_new(
        conn,
        "INSERT INTO limits_slice_outcome (slice, period, customer, used_minor, loss_minor, noted_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        rows,
    )


def _insert_new(conn: psycopg.Connection, statement: LiteralString, rows: Sequence[Sequence[Any]]) -> int:
    with conn.cursor() as cursor:
        cursor.executemany(statement, rows)
        return cursor.rowcount


def read_slice(conn: psycopg.Connection, slice_: str) -> list[tuple[Any, ...]]:
    """(customer, key, arm, factors, limit, burden, names, x, used, loss) of every row whose outcome is known, by period and customer."""
    return conn.execute(
        "SELECT customer, key, arm, factors_ppm, limit_minor, burden, names, x, used_minor, loss_minor FROM limits_slice_row"
        " JOIN limits_slice_outcome USING (slice, period, customer) WHERE slice = %s ORDER BY period, customer",
        [slice_],
    ).fetchall()


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A customer's lot of a period: the limit before it and the one that it led to, minor units."""

    customer: str
    period: int
    arm: int
    limit_minor: int
    moved_minor: int


DRAWN: Final = "customer, period, arm, limit_minor, limit_minor * factors_ppm[arm + 1] / 1000000 AS moved_minor"


def find_drawn(conn: psycopg.Connection, slice_: str, customers: Sequence[str]) -> dict[str, DrawnRow]:
    """Each customer's newest row of a slice."""
    query = f"""SELECT DISTINCT ON (customer) {DRAWN} FROM limits_slice_row WHERE slice = %s AND customer = ANY(%s::text[])
      ORDER BY customer, period DESC"""  # noqa: S608
    with conn.cursor(row_factory=class_row(DrawnRow)) as cursor:
        return {row.customer: row for row in cursor.execute(query.encode(), [slice_, list(customers)])}


def list_unnoted(conn: psycopg.Connection, slice_: str, *, before: int, limit: int) -> list[DrawnRow]:
    """Rows of periods before this one without an outcome, of customers who have not left."""
    query = f"""SELECT {DRAWN} FROM limits_slice_row AS r WHERE slice = %s AND period < %s AND customer NOT LIKE 'left:%%'
      AND NOT EXISTS (SELECT FROM limits_slice_outcome AS o WHERE (o.slice, o.period, o.customer) = (r.slice, r.period, r.customer))
      ORDER BY period, customer LIMIT %s"""  # noqa: S608
    with conn.cursor(row_factory=class_row(DrawnRow)) as cursor:
        return cursor.execute(query.encode(), [slice_, before, limit]).fetchall()


def read_pass(conn: psycopg.Connection, slice_: str) -> tuple[int, int]:
    """(period, account) up to which lots were drawn; (−1, 0) before the first."""
    row = conn.execute("SELECT period, account_id FROM limits_slice_pass WHERE slice = %s", [slice_]).fetchone()
    return (-1, 0) if row is None else (int(row[0]), int(row[1]))


def write_pass(conn: psycopg.Connection, slice_: str, period: int, account_id: int) -> None:
    """Move on."""
    conn.execute(
        "INSERT INTO limits_slice_pass (slice, period, account_id) VALUES (%s, %s, %s)"
        " ON CONFLICT (slice) DO UPDATE SET period = excluded.period, account_id = excluded.account_id",
        [slice_, period, account_id],
    )


def list_periods(conn: psycopg.Connection) -> list[tuple[str, int, list[int]]]:
    """(slice, period, factors) of all lots that were drawn."""
    query = "SELECT DISTINCT slice, period, factors_ppm FROM limits_slice_row ORDER BY slice, period, factors_ppm"
    return conn.execute(query).fetchall()


def read_lots(
    conn: psycopg.Connection, slice_: str, period: int, factors_ppm: Sequence[int]
) -> list[tuple[str, int, int]]:
    """(customer, key, arm) of one of them, of customers who have not left."""
    query = """SELECT customer, key, arm FROM limits_slice_row WHERE slice = %s AND period = %s AND factors_ppm = %s::bigint[]
      AND customer NOT LIKE 'left:%%' ORDER BY customer"""
    return conn.execute(query, [slice_, period, list(factors_ppm)]).fetchall()
