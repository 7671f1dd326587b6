"""What a brake knew before its engine stopped: counted again from the newest records, so that a restart is no amnesty for a bad rule."""

from __future__ import annotations

from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import to_micros
from honghua.decision import store_judged
from honghua.decision.core.brake import COUNTED, Brake
from honghua.decision.core.judging import Seat
from honghua.decision.monitoring import store
from honghua.decision.replaying import Replayer

RECORDS_MAX: Final = 50_000  # of all bundles together: beyond, the oldest of the window are forgotten


def recall_counts(
    conn: psycopg.Connection, brake: Brake, seat: Seat, *, purpose: str, limit: int = RECORDS_MAX
) -> None:
    """Feed a new brake what its seat decided in the last window, in order. What it finds was written down when it was found.

    A window is as long as the plan says and, where fewer than `sample_min` decisions stand in it, as long as those take.
    """
    ids, at_us, bundles, outcomes = (column[::-1] for column in store.read_recent(conn, limit=limit))
    mine = np.flatnonzero(bundles == seat.bundle_id)
    if not len(mine):
        return
    plan = brake.plan
    span_us = (plan.tiles + 1) * brake.tile_us
    since = min(int(np.searchsorted(at_us[mine], at_us[mine[-1]] - span_us)), max(len(mine) - 2 * plan.sample_min, 0))
    mine = mine[since:]
    rules = _find_rules(conn, ids[mine], outcomes[mine])
    start = 0
    for rule, reopened_at in store.list_reopened(conn, purpose, seat.bundle_id):
        end = int(np.searchsorted(at_us[mine], to_micros(reopened_at), side="right"))
        if end > start:
            brake.feed(at_us[mine[start:end]], rules[start:end], outcomes[mine[start:end]])
            start = end
        if rule in seat.rules:
            brake.reopen(seat.rules.index(rule))
    brake.feed(at_us[mine[start:]], rules[start:], outcomes[mine[start:]])


def _find_rules(conn: psycopg.Connection, ids: NDArray[np.int64], outcomes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which rule stood in whose way: records have its code only, so those that count are judged again."""
    found = np.full(len(ids), -1, np.int64)
    counted = np.flatnonzero(np.isin(outcomes, COUNTED))
    if len(counted):
        where = "WHERE decision_id = ANY(%s::bigint[]) ORDER BY decision_id"
        page = store_judged.read_page(conn, where, [np.sort(ids[counted])])
        rules = dict(zip(page.decision_id.tolist(), Replayer(conn).find_rules(page).tolist(), strict=True))
        found[counted] = [rules.get(number, -1) for number in ids[counted].tolist()]
    return found


__all__ = ["recall_counts"]
