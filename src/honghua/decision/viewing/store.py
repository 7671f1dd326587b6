"""SQL of what people see of many decisions. Every query looks at a bounded number of records, the newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.store.copybin import Int2, Int8, Timestamp, copy_out

Ints = NDArray[np.int64]
THINGS: Final = ("device", "address", "payee", "merchant")
# A column of the event by its name: layouts differ, and an absent name or key reads as 0.
KEYS: Final = ", ".join(f"coalesce(n.event[array_position(l.events, '{name}')], 0)" for name in THINGS)
ASKED: Final = "coalesce(n.event[array_position(l.events, 'amount_minor')], 0)"

FEED: Final = f"""
SELECT n.decision_id, n.account_id, n.happened_at, n.recorded_at, n.outcome, coalesce(n.reason, ''), {ASKED}, n.amount_minor,
  n.extra_minor, n.bundle_id, {KEYS}
FROM (SELECT * FROM decision_judged
      WHERE (%(before)s::bigint IS NULL OR decision_id < %(before)s) AND (%(after)s::bigint IS NULL OR decision_id > %(after)s)
        AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
        AND (%(ids)s::bigint[] IS NULL OR decision_id = ANY(%(ids)s::bigint[]))
      ORDER BY decision_id DESC LIMIT %(scan)s) AS n
JOIN decision_regime AS r USING (regime_id) JOIN decision_layout AS l USING (layout_id)
WHERE (%(outcomes)s::smallint[] IS NULL OR n.outcome = ANY(%(outcomes)s::smallint[]))
  AND (%(reason)s::text IS NULL OR n.reason = %(reason)s)
  AND (%(least)s::bigint IS NULL OR {ASKED} >= %(least)s)
  AND (%(most)s::bigint IS NULL OR {ASKED} <= %(most)s)
  AND (%(merchant)s::bigint IS NULL OR n.event[array_position(l.events, 'merchant')] = %(merchant)s)
ORDER BY n.decision_id DESC LIMIT %(limit)s
"""  # noqa: S608 — our own constant names
SCANNED: Final = """
SELECT decision_id FROM decision_judged WHERE (%(before)s::bigint IS NULL OR decision_id < %(before)s)
  AND (%(after)s::bigint IS NULL OR decision_id > %(after)s) AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
  AND (%(ids)s::bigint[] IS NULL OR decision_id = ANY(%(ids)s::bigint[]))
ORDER BY decision_id DESC OFFSET %(scan)s - 1 LIMIT 1
"""
COUNTED: Final = """
SELECT date_bin(%(step)s::interval, n.happened_at, %(since)s), n.outcome, coalesce(n.reason, ''), n.bundle_id, count(*),
  coalesce(sum(n.event[array_position(l.events, 'amount_minor')]), 0)::bigint, sum(n.amount_minor)::bigint
FROM decision_judged AS n JOIN decision_regime AS r USING (regime_id) JOIN decision_layout AS l USING (layout_id)
WHERE n.happened_at >= %(since)s AND n.happened_at < %(until)s
  AND (%(bundle)s::smallint IS NULL OR n.bundle_id = %(bundle)s)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
# An event that came in late, as imports do, says nothing about how fast we are: a minute is late.
DELAYS: Final = """
SELECT count(*), coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), 0),
  coalesce(percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds), 0)
FROM (SELECT extract(epoch FROM recorded_at - happened_at) AS seconds FROM decision_judged
      WHERE happened_at >= %(since)s AND happened_at < %(until)s) AS one
WHERE seconds >= 0 AND seconds < 60
"""
PURCHASES: Final = f"""
SELECT n.decision_id, n.account_id, n.happened_at, n.outcome, {ASKED}, {KEYS}
FROM (SELECT * FROM decision_judged WHERE decision_id <= %(until)s AND happened_at >= %(since)s
        AND (%(accounts)s::bigint[] IS NULL OR account_id = ANY(%(accounts)s::bigint[]))
      ORDER BY decision_id DESC LIMIT %(limit)s) AS n
JOIN decision_regime AS r USING (regime_id) JOIN decision_layout AS l USING (layout_id) ORDER BY 1 DESC
"""  # noqa: S608 — our own constant names
TOUCHING: Final = f"""
SELECT n.decision_id, n.account_id, n.happened_at, n.outcome, {ASKED}, {KEYS}
FROM (SELECT * FROM decision_judged WHERE decision_id <= %(until)s AND happened_at >= %(since)s
      ORDER BY decision_id DESC LIMIT %(limit)s) AS n
JOIN decision_regime AS r USING (regime_id) JOIN decision_layout AS l USING (layout_id)
WHERE n.event[array_position(l.events, 'device')] = ANY(%(device)s::bigint[])
  OR n.event[array_position(l.events, 'address')] = ANY(%(address)s::bigint[])
  OR n.event[array_position(l.events, 'payee')] = ANY(%(payee)s::bigint[])
  OR n.event[array_position(l.events, 'merchant')] = ANY(%(merchant)s::bigint[])
ORDER BY 1 DESC
"""  # noqa: S608 — our own constant names


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Judged purchases in parallel int64 columns, the newest first; things int64[n, 4] are keys in the order of THINGS, 0 = none."""

    decision_id: Ints
    account_id: Ints
    at_us: Ints
    outcome: Ints
    asked_minor: Ints
    things: Ints

    def __len__(self) -> int:
        return len(self.decision_id)

    def of(self, rows: NDArray[Any]) -> Purchases:
        """Some of them."""
        return Purchases(
            self.decision_id[rows], self.account_id[rows], self.at_us[rows], self.outcome[rows], self.asked_minor[rows],
            self.things[rows],
        )  # fmt: skip


def list_feed(conn: psycopg.Connection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Records that pass the filter, of the newest `scan` in the span."""
    return conn.execute(FEED, values).fetchall()


def find_scanned(conn: psycopg.Connection, values: dict[str, Any]) -> int | None:
    """The oldest of the newest `scan` records of the span; None where there are fewer."""
    row = conn.execute(SCANNED, values).fetchone()
    return None if row is None else int(row[0])


def count_outcomes(conn: psycopg.Connection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(since, outcome, reason, bundle, how many, asked, granted) by steps of time."""
    return conn.execute(COUNTED, values).fetchall()


def measure_delays(conn: psycopg.Connection, since: dt.datetime, until: dt.datetime) -> tuple[int, float, float]:
    """(records, median, 99th percentile) of the seconds from a purchase to its record."""
    row = conn.execute(DELAYS, {"since": since, "until": until}).fetchone()
    assert row is not None, "an aggregate has a row"
    return int(row[0]), float(row[1]), float(row[2])


def read_purchases(
    conn: psycopg.Connection, *, since: dt.datetime, until: int, limit: int, accounts: Sequence[int] | None = None
) -> Purchases:
    """The newest purchases up to a decision, all or of some accounts."""
    ids = None if accounts is None else list(accounts)
    return _read(conn, PURCHASES, {"since": since, "until": until, "limit": limit, "accounts": ids})


def read_touching(
    conn: psycopg.Connection, things: Iterable[tuple[str, int]], *, since: dt.datetime, until: int, limit: int
) -> Purchases:
    """Those of the newest `limit` purchases that touch one of these things, (entity, key) each."""
    wanted = list(things)
    keys = {name: [key for entity, key in wanted if entity == name] for name in THINGS}
    return _read(conn, TOUCHING, {"since": since, "until": until, "limit": limit, **keys})


def find_newest(conn: psycopg.Connection) -> int:
    """The newest decision, 0 where there is none."""
    row = conn.execute("SELECT decision_id FROM decision_judged ORDER BY decision_id DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row[0])


def estimate_records(conn: psycopg.Connection) -> int:
    """How many records there are: counted while they are few, else as the planner reckons."""
    row = conn.execute("SELECT count(*) FROM (SELECT FROM decision_judged LIMIT 100001) AS counted").fetchone()
    assert row is not None, "an aggregate has a row"
    if row[0] <= 100_000:
        return int(row[0])
    row = conn.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'decision_judged'::regclass").fetchone()
    assert row is not None, "the table is there"
    return max(int(row[0]), 100_001)


def _read(conn: psycopg.Connection, query: str, values: dict[str, Any]) -> Purchases:
    kinds = [Int8, Int8, Timestamp, Int2, Int8, *[Int8] * len(THINGS)]
    columns = copy_out(conn, query, kinds, values)
    things = np.stack(columns[5:], axis=1) if len(columns[0]) else np.zeros((0, len(THINGS)), np.int64)
    return Purchases(columns[0], columns[1], columns[2], columns[3].astype(np.int64), columns[4], things)


__all__ = [
    "THINGS", "Purchases", "count_outcomes", "estimate_records", "find_newest", "find_scanned", "list_feed", "measure_delays",
    "read_purchases", "read_touching",
]  # fmt: skip
