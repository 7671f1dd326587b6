"""Which transactions are over: what readers with a cursor and the sealer rely on, so that nothing slips in behind them."""

from __future__ import annotations

from typing import Final

import psycopg

LOOKS: Final = 10
LOOK: Final = """
WITH seen AS (SELECT pg_current_snapshot() AS snapshot),
held AS (
  SELECT l.transactionid AS xid,
    other.datid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND other.usesysid IS NOT NULL AS here
  FROM pg_locks AS l JOIN pg_stat_activity AS other ON other.pid = l.pid
  WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND other.datid IS NOT NULL),
running AS (
  SELECT one::text::bigint AS txid, held.here
  FROM seen CROSS JOIN LATERAL pg_snapshot_xip(snapshot) AS one LEFT JOIN held ON held.xid = one::xid)
SELECT least(pg_snapshot_xmax(snapshot)::text::bigint, pg_current_xact_id_if_assigned()::text::bigint),
  (SELECT array_agg(txid) FROM running WHERE here), (SELECT array_agg(txid) FROM running WHERE here IS NULL)
FROM seen
"""


def read_final_txid(conn: psycopg.Connection) -> int:
    """Every transaction of this database below this one is over: which rows are below it will never change.

    That is pg_snapshot_xmin(), except that transactions known to run in another database of the server do not count:
    they cannot write here, and a long one must not hold our readers back; nor do the server's own cleaners (nobody's sessions), who
    write statistics only. Whoever is in the snapshot and in no list of locks may have ended in between: we look again until those are
    gone from the snapshot or found, so that a busy neighbour delays nobody; who is never found (prepared) counts.
    The caller's own transaction counts too, once it has written or locked: its snapshot does not list it, and later ones may be over.
    """
    edge, here, unsure = _look(conn)
    edge = min([edge, *here])
    for _ in range(LOOKS):
        unsure = {one for one in unsure if one < edge}
        if not unsure:
            return edge
        _, here, unknown = _look(conn)
        edge = min([edge, *(here & unsure)])
        unsure &= unknown  # who is gone from the snapshot is over, and seen by whoever reads from now on
    return min([edge, *unsure])


def _look(conn: psycopg.Connection) -> tuple[int, set[int], set[int]]:
    """(what no transaction below is yet to begin, who runs in this database, of whom nobody knows where they run).

    A transaction with one snapshot for all its statements sees the same ones running at every look.
    """
    conn.execute("SELECT pg_stat_clear_snapshot()")
    row = conn.execute(LOOK).fetchone()
    assert row is not None
    return int(row[0]), set(row[1] or ()), set(row[2] or ())


__all__ = ["read_final_txid"]
