"""SQL of the minimums that closed statements asked for, of many accounts at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import psycopg
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def load_issued_of(conn: psycopg.Connection, account_ids: Sequence[int]) -> dict[int, Ints]:
    """account -> own minimums of its closed statements by number, −1 where none was issued, int64[k]; every account asked for is there."""
    rows: dict[int, list[tuple[int, int]]] = {account_id: [] for account_id in account_ids}
    query = (
        "SELECT account_id, seq, own_minimum_minor FROM credit_statement WHERE account_id = ANY(%s::bigint[])"
        " ORDER BY account_id, seq"
    )
    for account_id, seq, minimum in conn.execute(query, [list(account_ids)]):
        rows[account_id].append((seq, minimum))
    found = {}
    for account_id, mine in rows.items():
        found[account_id] = np.full(mine[-1][0] + 1 if mine else 0, -1, np.int64)
        for seq, minimum in mine:
            found[account_id][seq] = minimum
    return found


__all__ = ["load_issued_of"]
