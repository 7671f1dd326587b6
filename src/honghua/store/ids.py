"""Unique, increasing ids in bulk: a sequence hands out blocks, so that twenty thousand ids cost one round trip."""

from __future__ import annotations

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput, NotFound
from honghua.store.arrays import array_cursor

IDS_MAX = 10_000_000  # one call

ALLOCATE = """
SELECT seqincrement, ARRAY(
  SELECT nextval(seqrelid::regclass) FROM generate_series(1, (%(n)s + seqincrement - 1) / seqincrement))
FROM pg_sequence WHERE seqrelid = to_regclass(%(sequence)s)
"""


def allocate(conn: psycopg.Connection, sequence: str, n: int) -> NDArray[np.int64]:
    """`n` new ids, strictly increasing, never handed out before or after; gaps are normal (rollbacks, unused ends of
    blocks).

    The sequence must be made with INCREMENT BY k: nextval() = b stands for the block b … b + k - 1.
    Raises NotFound for an unknown sequence, BadInput for n < 0 or n > IDS_MAX.
    """
    if not 0 <= n <= IDS_MAX:
        raise BadInput(f"cannot allocate {n} ids at once: 0 … {IDS_MAX}")
    if n == 0:
        return np.empty(0, dtype=np.int64)
    row = array_cursor(conn).execute(ALLOCATE, {"n": n, "sequence": sequence}).fetchone()
    if row is None:
        raise NotFound(f"no sequence {sequence}")
    size, bases = row
    assert size > 0, f"sequence {sequence} counts downwards"
    ids: NDArray[np.int64] = (bases[:, None] + np.arange(size, dtype=np.int64)).reshape(-1)[:n]
    return ids
