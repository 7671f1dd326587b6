"""Which transactions are over: what readers with a cursor and the sealer rely on, so that nothing slips in behind them."""

from __future__ import annotations

from typing import Final

import psycopg

FINAL_TXID: Final = """
SELECT least(coalesce(min(running::text::bigint), min(pg_snapshot_xmax(snapshot)::text::bigint)),
  pg_current_xact_id_if_assigned()::text::bigint)
FROM (SELECT pg_current_snapshot() AS snapshot) AS seen
LEFT JOIN LATERAL pg_snapshot_xip(snapshot) AS running ON NOT EXISTS (
  SELECT FROM pg_locks AS held JOIN pg_stat_activity AS other ON other.pid = held.pid
  WHERE held.locktype = 'transactionid' AND held.transactionid = running::xid AND held.mode = 'ExclusiveLock'
    AND held.granted AND other.datid <> (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def read_final_txid(conn: psycopg.Connection) -> int:
    """Every transaction of this database below this one is over: which rows are below it will never change.

    That is pg_snapshot_xmin(), except that transactions known to run in another database of the server do not count:
    they cannot write here, and a long one must not hold our readers back. Whoever is not found (prepared, ending) counts.
    The caller's own transaction counts too, once it has written or locked: its snapshot does not list it, and later ones may be over.
    """
    conn.execute("SELECT pg_stat_clear_snapshot()")
    row = conn.execute(FINAL_TXID).fetchone()
    assert row is not None
    return int(row[0])
