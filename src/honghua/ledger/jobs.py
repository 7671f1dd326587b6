"""The door for the clock: seal what has been written, off the write path, block by block."""

from __future__ import annotations

from typing import Final

import psycopg

from honghua.ledger.api import ENTRIES_PER_BLOCK_MAX, seal
from honghua.store.database import run_unit

BLOCKS_MAX: Final = 10_000  # of one call


def seal_all(conn: psycopg.Connection, *, max_entries: int = ENTRIES_PER_BLOCK_MAX) -> int:
    """Seal until nothing final is left unsealed, one transaction a block; returns how many entries were sealed."""
    sealed = 0
    for _ in range(BLOCKS_MAX):
        result = run_unit(conn, lambda c: seal(c, max_entries=max_entries))
        if result.block_no == 0:
            break
        sealed += result.entries
    return sealed
