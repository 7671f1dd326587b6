"""Unique, increasing ids in bulk: a sequence hands out blocks, so that twenty thousand ids cost one round trip."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput, NotFound
from honghua.store.arrays import Texts, array_cursor

IDS_MAX = 10_000_000  # one call

ALLOCATE = """
SELECT seqincrement, ARRAY(
  SELECT nextval(seqrelid::regclass) FROM generate_series(1, (%(n)s + seqincrement - 1) / seqincrement))
FROM pg_sequence WHERE seqrelid = to_regclass(%(sequence)s)
"""


ALLOCATE_EACH = """
SELECT seqincrement, ARRAY(
  SELECT nextval(seqrelid::regclass) FROM generate_series(1, (wanted.n + seqincrement - 1) / seqincrement))
FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS wanted (sequence, n, place)
JOIN pg_sequence ON seqrelid = to_regclass(wanted.sequence) ORDER BY place
"""


def allocate_each(conn: psycopg.Connection, wanted: Mapping[str, int]) -> list[NDArray[np.int64]]:
    """`allocate` of several sequences in one round trip, in their order; each n is at least 1."""
    if not all(0 < n <= IDS_MAX for n in wanted.values()):
        raise BadInput(f"cannot allocate {dict(wanted)} ids at once: 1 … {IDS_MAX} each")
    sizes = np.array(list(wanted.values()), np.int64)
    rows = array_cursor(conn).execute(ALLOCATE_EACH, [Texts(wanted), sizes]).fetchall()
    if len(rows) < len(wanted):
        raise NotFound(f"not all of these are sequences: {', '.join(wanted)}")
    return [_spread(size, bases, n) for (size, bases), n in zip(rows, wanted.values(), strict=True)]


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
    return _spread(size, bases, n)


def _spread(size: int, bases: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The first n numbers of blocks of one size."""
    assert size > 0, "sequences count upwards"
    ids: NDArray[np.int64] = (bases[:, None] + np.arange(size, dtype=np.int64)).reshape(-1)[:n]
    return ids
