"""SQL of the register of merchants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import class_row

COLUMNS: Final = (
    "merchant, merchant_id, name, scenes, state, score, proposed, order_max_minor, settle_days, fee_ppm, decided_by, appealed_at,"
    " applied_at, paid_at_once"
)
SELECT: Final = f"SELECT {COLUMNS} FROM merchants_registry"  # noqa: S608 (names of our own)


@dataclass(frozen=True, slots=True)
class RegisteredMerchant:
    """One merchant as it stands. score: 0 … 1000, higher is riskier. order_max_minor: of one order; settle_days: T+n."""

    merchant: str
    merchant_id: int | None
    name: str
    scenes: list[str]
    state: str
    score: int | None
    proposed: str | None
    order_max_minor: int
    settle_days: int
    fee_ppm: int
    decided_by: str | None
    appealed_at: dt.datetime | None
    applied_at: dt.datetime
    paid_at_once: bool  # while it is fully admitted; else with its settlements


@dataclass(frozen=True, slots=True)
class MerchantStep:
    """One step of a merchant, by whom and why."""

    act: str
    state_before: str
    state_after: str
    person: str
    reasons: list[str]
    score: int | None
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """The same before it is written down."""

    merchant: str
    act: str
    before: str
    after: str
    person: str
    reasons: Sequence[str]
    signs: Any = None
    score: int | None = None


def insert_merchant(
    conn: psycopg.Connection, merchant: str, name: str, scenes: Sequence[str], *, now: dt.datetime
) -> bool:
    """A new application; False when the merchant is registered already."""
    done = conn.execute(
        "INSERT INTO merchants_registry (merchant, name, scenes, applied_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [merchant, name, list(scenes), now],
    )
    return done.rowcount == 1


@dataclass(frozen=True, slots=True)
class NewMerchants:
    """Columns of merchants that were admitted elsewhere."""

    merchant: list[str]
    merchant_id: Sequence[int]
    name: list[str]
    scenes: list[str]  # each merchant's with | between
    state: list[str]
    score: list[int]
    order_max_minor: list[int]
    settle_days: list[int]
    fee_ppm: list[int]


def insert_many(conn: psycopg.Connection, rows: NewMerchants, *, said: tuple[str, str], now: dt.datetime) -> int:
    """Merchants with one step each, said = (person, from where); how many were not registered before."""
    done = conn.execute(
        "INSERT INTO merchants_registry (merchant, merchant_id, name, scenes, state, score, order_max_minor, settle_days, fee_ppm,"
        " decided_by, applied_at) SELECT m, i, n, string_to_array(s, '|'), st, sc, o, d, f, %s, %s FROM unnest(%s::text[],"
        " %s::bigint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::bigint[], %s::int[], %s::int[])"
        " AS r (m, i, n, s, st, sc, o, d, f) ON CONFLICT (merchant) DO NOTHING",
        [
            said[0], now, rows.merchant, list(rows.merchant_id), rows.name, rows.scenes, rows.state, rows.score, rows.order_max_minor,
            rows.settle_days, rows.fee_ppm,
        ],
    )  # fmt: skip
    conn.execute(
        "INSERT INTO merchants_registry_act (merchant, act, state_before, state_after, person, reasons, score, at)"
        " SELECT m, 'take over', 'applied', st, %s, ARRAY[%s], sc, %s FROM unnest(%s::text[], %s::text[], %s::int[]) AS r (m, st, sc)",
        [said[0], f"taken over from {said[1]}", now, rows.merchant, rows.state, rows.score],
    )
    return done.rowcount


def find_merchant(conn: psycopg.Connection, merchant: str, *, lock: bool = False) -> RegisteredMerchant | None:
    """One merchant."""
    with conn.cursor(row_factory=class_row(RegisteredMerchant)) as cursor:
        return cursor.execute(SELECT + " WHERE merchant = %s" + (" FOR UPDATE" if lock else ""), [merchant]).fetchone()


def find_standings(conn: psycopg.Connection, merchants: Sequence[str]) -> dict[str, tuple[str, int]]:
    """merchant -> (state, largest order) of those that are registered."""
    rows = conn.execute(
        "SELECT merchant, state, order_max_minor FROM merchants_registry WHERE merchant = ANY(%s)", [list(merchants)]
    )
    return {str(merchant): (str(state), int(most)) for merchant, state, most in rows}


def save_merchant(conn: psycopg.Connection, one: RegisteredMerchant) -> None:
    """How a merchant stands now."""
    conn.execute(
        "UPDATE merchants_registry SET merchant_id = %s, scenes = %s, state = %s, score = %s, proposed = %s, order_max_minor = %s,"
        " settle_days = %s, fee_ppm = %s, decided_by = %s, appealed_at = %s WHERE merchant = %s",
        [
            one.merchant_id, one.scenes, one.state, one.score, one.proposed, one.order_max_minor, one.settle_days, one.fee_ppm,
            one.decided_by, one.appealed_at, one.merchant,
        ],
    )  # fmt: skip


def insert_step(conn: psycopg.Connection, step: NewStep, *, now: dt.datetime) -> None:
    """Keep a step."""
    signs = None if step.signs is None else msgspec.json.encode(step.signs).decode()
    conn.execute(
        "INSERT INTO merchants_registry_act (merchant, act, state_before, state_after, person, reasons, signs, score, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s)",
        [step.merchant, step.act, step.before, step.after, step.person, list(step.reasons), signs, step.score, now],
    )


def list_steps(conn: psycopg.Connection, merchant: str) -> list[MerchantStep]:
    """All steps of a merchant, in order."""
    with conn.cursor(row_factory=class_row(MerchantStep)) as cursor:
        return cursor.execute(
            "SELECT act, state_before, state_after, person, reasons, score, at FROM merchants_registry_act"
            " WHERE merchant = %s ORDER BY act_id",
            [merchant],
        ).fetchall()


def list_merchants(conn: psycopg.Connection, *, state: str | None, after: str, limit: int) -> list[RegisteredMerchant]:
    """Merchants by name from one on, in a state or in any."""
    with conn.cursor(row_factory=class_row(RegisteredMerchant)) as cursor:
        return cursor.execute(
            SELECT + " WHERE (%s::text IS NULL OR state = %s) AND merchant > %s ORDER BY merchant LIMIT %s",
            [state, state, after, limit],
        ).fetchall()
