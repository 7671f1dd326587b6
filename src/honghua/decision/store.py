"""All SQL of the decision room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.decision.core import DecisionRow
from honghua.store.copybin import Column, Int2, Int8, Int8Array, Text, copy_in, copy_out


def ensure_bundles(conn: psycopg.Connection, names: Mapping[bytes, str]) -> dict[bytes, int]:
    """Register bundles by digest; ids by digest."""
    known = {bytes(row[0]) for row in conn.execute("SELECT digest FROM decision_bundle")}
    for digest, name in names.items():
        if digest not in known:
            conn.execute("SELECT pg_advisory_xact_lock(hashtext('decision_bundle'))")
            conn.execute(
                "INSERT INTO decision_bundle (bundle_id, name, digest)"
                " SELECT coalesce(max(bundle_id), 0) + 1, %s, %s FROM decision_bundle ON CONFLICT (digest) DO NOTHING",
                [name, digest],
            )
    return {
        bytes(digest): bundle_id for bundle_id, digest in conn.execute("SELECT bundle_id, digest FROM decision_bundle")
    }


def insert_decisions(conn: psycopg.Connection, bundle_id: int, rows: Sequence[DecisionRow]) -> None:
    """Append decision records."""
    if not rows:
        return
    width = len(rows[0].vector)
    values = np.array([row.vector for row in rows], np.int64).ravel()
    columns: list[Column] = [
        Int8([row.account_id for row in rows]), Int8([row.decision_id for row in rows]), Int2([bundle_id] * len(rows)),
        Int2([row.outcome for row in rows]), Text([row.reason or None for row in rows]),
        Int8Array(values, np.arange(0, len(values) + 1, width, dtype=np.int64)),
    ]  # fmt: skip
    copy_in(conn, "decision_record", ("account_id", "decision_id", "bundle_id", "outcome", "reason", "vector"), columns)


def iterate_decisions(
    conn: psycopg.Connection, *, ids: Sequence[int] | None, sample: int | None
) -> Iterator[tuple[int, int, int, str, list[int]]]:
    """(decision id, bundle, outcome, reason, vector): those named, or a spread sample, or all."""
    query = "SELECT decision_id, bundle_id, outcome, coalesce(reason, ''), vector FROM decision_record"
    params: list[Any] = []
    if ids is not None:
        query += " WHERE decision_id = ANY(%s::bigint[])"
        params.append(list(ids))
    elif sample is not None:
        query += " ORDER BY hashint8(decision_id) LIMIT %s"
        params.append(sample)
    with conn.transaction(), conn.cursor(name="decisions") as cursor:
        cursor.itersize = 10_000
        cursor.execute(query, params)
        yield from cursor


def list_bundles(conn: psycopg.Connection) -> dict[int, bytes]:
    """Digests of the registered bundles by id."""
    return {
        bundle_id: bytes(digest) for bundle_id, digest in conn.execute("SELECT bundle_id, digest FROM decision_bundle")
    }


def read_outcomes(conn: psycopg.Connection, account_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """(account id, decision id, outcome) of every decision on these accounts, in parallel columns."""
    query = "SELECT account_id, decision_id, outcome FROM decision_record WHERE account_id = ANY(%s::bigint[])"
    return tuple(copy_out(conn, query, [Int8, Int8, Int2], [account_ids]))


def find_decision(conn: psycopg.Connection, decision_id: int) -> tuple[Any, ...] | None:
    """One record with its bundle."""
    return conn.execute(
        "SELECT r.account_id, b.name, b.digest, r.outcome, r.reason, r.vector, r.recorded_at"
        " FROM decision_record r JOIN decision_bundle b USING (bundle_id) WHERE r.decision_id = %s",
        [decision_id],
    ).fetchone()
