"""Record decisions and replay them: the record's bundle on the record's vector must say the same again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.decision import store
from honghua.decision.core import FEATURES, WITHIN_LIMIT, DecisionRow, evaluate
from honghua.decision.core.policy import BUNDLES

BundleIds = dict[bytes, int]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A recorded decision for people: features under their names."""

    account_id: int
    decision_id: int
    bundle: str
    digest: str
    outcome: int
    reason: str
    features: dict[str, int]
    recorded_at: str


def ensure_bundles(conn: psycopg.Connection) -> BundleIds:
    """Register every known bundle; returns ids by digest."""
    return store.ensure_bundles(conn, {bundle.digest: bundle.name for bundle in BUNDLES.values()})


def record_decisions(conn: psycopg.Connection, bundle_ids: BundleIds, rows: Sequence[DecisionRow]) -> None:
    """Append decisions of the current policy, in the caller's transaction."""
    store.insert_decisions(conn, bundle_ids[WITHIN_LIMIT.digest], rows)


def replay_decisions(
    conn: psycopg.Connection, *, ids: Sequence[int] | None = None, sample: int | None = None
) -> tuple[int, list[int]]:
    """Judge recorded vectors again with their own bundle: (how many, ids of those that came out differently)."""
    digests = {bundle_id: digest for digest, bundle_id in ensure_bundles(conn).items()}
    different = []
    count = 0
    for decision_id, bundle_id, outcome, reason, vector in store.iterate_decisions(conn, ids=ids, sample=sample):
        verdict = evaluate(digests[bundle_id], vector)
        count += 1
        if (int(verdict.outcome), verdict.code) != (outcome, reason):
            different.append(decision_id)
    return count, different


def read_outcomes(conn: psycopg.Connection, account_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """(account id, decision id, outcome) of every decision on these accounts, in parallel int64 columns."""
    return store.read_outcomes(conn, account_ids)


def find_decision(conn: psycopg.Connection, decision_id: int) -> DecisionView | None:
    """One decision by id, or None."""
    row = store.find_decision(conn, decision_id)
    if row is None:
        return None
    account_id, name, digest, outcome, reason, vector, recorded_at = row
    return DecisionView(
        account_id, decision_id, name, bytes(digest).hex(), outcome, reason or "", dict(zip(FEATURES, vector, strict=True)),
        recorded_at.isoformat(),
    )  # fmt: skip


__all__ = [
    "BundleIds",
    "DecisionRow",
    "DecisionView",
    "ensure_bundles",
    "find_decision",
    "record_decisions",
    "replay_decisions",
]
