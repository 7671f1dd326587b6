"""What must hold among facts and commands at any time: ids once, reversals sound, every answer booked.

Run inside one REPEATABLE READ transaction. Each check is one pass of SQL.
"""

from __future__ import annotations

from typing import Final, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.sql import Composed

from honghua.base.checks import BROKEN_IDS_MAX, Check, check_of

Connection = psycopg.Connection

FACT_IDS_UNIQUE: Final = """
SELECT (SELECT count(*) FROM store_fact),
  ARRAY(SELECT 'fact ' || fact_id FROM store_fact GROUP BY fact_id HAVING count(*) > 1 ORDER BY 1 LIMIT %(limit)s)
"""
REVERSALS_SOUND: Final = """
WITH reversal AS (
  SELECT fact_id, account_id, effective_on, reverses_fact_id FROM store_fact WHERE reverses_fact_id IS NOT NULL)
SELECT (SELECT count(*) FROM reversal), ARRAY(
  SELECT 'fact ' || reversal.fact_id FROM reversal
  LEFT JOIN store_fact AS target
    ON target.account_id = reversal.account_id AND target.fact_id = reversal.reverses_fact_id
  WHERE target.fact_id IS NULL OR target.reverses_fact_id IS NOT NULL OR target.fact_id >= reversal.fact_id
    OR target.effective_on <> reversal.effective_on
  UNION
  SELECT 'fact ' || max(fact_id) FROM reversal GROUP BY reverses_fact_id HAVING count(*) > 1
  LIMIT %(limit)s)
"""
COMMANDS_ONCE: Final = """
SELECT (SELECT count(*) FROM store_command), ARRAY(
  SELECT 'key ' || key FROM store_command GROUP BY key HAVING count(*) > 1
  UNION ALL
  SELECT 'command ' || command_id FROM store_command GROUP BY command_id HAVING count(*) > 1
  UNION ALL
  SELECT 'key ' || key FROM store_command WHERE length(body_hash) <> 32 OR jsonb_typeof(answer) <> 'object'
  LIMIT %(limit)s)
"""
# `approved` and `done` are the outcomes that book; their answer names the first fact that they booked.
ANSWERS_BOOKED: Final = """
WITH booked AS MATERIALIZED (
  SELECT key, command_id, (answer ->> 'fact_id')::bigint AS fact_id FROM store_command
  WHERE answer ->> 'outcome' IN ('done', 'approved'))
SELECT (SELECT count(*) FROM booked), ARRAY(
  SELECT 'key ' || booked.key FROM booked
  LEFT JOIN store_fact AS fact ON fact.fact_id = booked.fact_id AND fact.command_id = booked.command_id
  WHERE fact.fact_id IS NULL ORDER BY 1 LIMIT %(limit)s)
"""
FACTS_COMMANDED: Final = """
SELECT (SELECT count(*) FROM store_fact WHERE command_id IS NOT NULL), ARRAY(
  SELECT 'fact ' || fact.fact_id FROM store_fact AS fact
  LEFT JOIN store_command AS command ON command.command_id = fact.command_id
  WHERE fact.command_id IS NOT NULL AND command.command_id IS NULL ORDER BY 1 LIMIT %(limit)s)
"""
STRAY_ACCOUNTS: Final = """
SELECT DISTINCT fact.account_id FROM store_fact AS fact
LEFT JOIN unnest(%(known)s::bigint[]) AS known (account_id) ON known.account_id = fact.account_id
WHERE known.account_id IS NULL ORDER BY 1 LIMIT %(limit)s
"""


def check_store(conn: Connection) -> tuple[Check, ...]:
    """All invariants of facts and commands."""
    return (
        check_query(conn, "store.fact_ids_unique", FACT_IDS_UNIQUE),
        check_query(conn, "store.reversals_sound", REVERSALS_SOUND),
        check_query(conn, "store.commands_once", COMMANDS_ONCE),
        check_query(conn, "store.answers_booked", ANSWERS_BOOKED),
        check_query(conn, "store.facts_commanded", FACTS_COMMANDED),
    )


def check_facts_have_accounts(conn: Connection, account_ids: NDArray[np.int64]) -> Check:
    """No fact stands on an account that is not among these, which are all that exist."""
    rows = conn.execute(STRAY_ACCOUNTS, {"known": account_ids, "limit": BROKEN_IDS_MAX}).fetchall()
    return check_of("store.facts_have_accounts", len(account_ids), [f"account {account_id}" for (account_id,) in rows])


def check_query(conn: Connection, name: str, query: LiteralString | Composed, **values: object) -> Check:
    """An invariant that is one SELECT of two figures: how many were looked at, and an array of who breaks it, at most %(limit)s."""
    row = conn.execute(query, {"limit": BROKEN_IDS_MAX, **values}).fetchone()
    assert row is not None, "a SELECT of two figures"
    return check_of(name, row[0], row[1])
