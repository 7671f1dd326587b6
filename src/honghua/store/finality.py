"""Which transactions are over: what readers with a cursor and the sealer rely on, so that nothing slips in behind them."""

from __future__ import annotations

from typing import Final

import psycopg

LOOKS: Final = 10
FINAL_TXID: Final = """
WITH seen AS (SELECT pg_current_snapshot() AS snapshot),
held AS (
  SELECT l.transactionid AS xid,
    other.datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND other.usesysid IS NOT NULL AS here
  FROM pg_locks AS l JOIN pg_stat_activity AS other ON other.pid = l.pid
  WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND other.datid IS NOT NULL),
running AS (
  SELECT one::text::bigint AS txid, held.here
  FROM seen CROSS JOIN LATERAL pg_snapshot_xip(snapshot) AS one LEFT JOIN held ON held.xid = one::xid)
SELECT least((SELECT min(txid) FROM running WHERE here IS NOT FALSE), pg_snapshot_xmax(snapshot)::text::bigint,
  pg_current_xact_id_if_assigned()::text::bigint), (SELECT min(txid) FROM running WHERE here IS NULL)
FROM seen
"""


def read_final_txid(conn: psycopg.Connection) -> int:
    """Every transaction of this database below this one is over: which rows are below it will never change.

    That is pg_snapshot_xmin(), except that transactions known to run in another database of the server do not count:
    they cannot write here, and a long one must not hold our readers back; nor do the server's own cleaners (nobody's sessions), who
    write statistics only. Whoever is still not found after some looks (prepared) counts.
    The caller's own transaction counts too, once it has written or locked: its snapshot does not list it, and later ones may be over.
    """
    final = unknown = None
    for _ in range(LOOKS):
        conn.execute("SELECT pg_stat_clear_snapshot()")
        row = conn.execute(FINAL_TXID).fetchone()
        assert row is not None
        final, unknown = row
        if final != unknown:  # whoever ended while we looked is not in the next snapshot
            break
    assert final is not None
    return int(final)
