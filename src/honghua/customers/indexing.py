"""Blind indexes as they lie in the database: all of one generation, and moved to the next one together.

Whoever writes an index holds the row that says which generation counts; moving waits for them and they for it. Whoever looks somebody up
asks for every generation that the vault knows. So processes may be given a further key one by one, and all indexes moved afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import psycopg

from honghua.base.errors import IntegrityBroken
from honghua.customers import store_index
from honghua.customers.vault import Vault

BATCH: Final = 5_000
PROOF: Final = ("proof", "of the index keys")  # a value of no person, by which a wrong key is noticed


def make_index(conn: psycopg.Connection, vault: Vault, kind: str, value: str) -> bytes:
    """The blind index under which a value is to be written, in the caller's transaction; IntegrityBroken where the keys are not ours."""
    return vault.list_indexes(kind, value)[hold_generation(conn, vault) - 1]


def hold_generation(conn: psycopg.Connection, vault: Vault, *, to_change: bool = False) -> int:
    """The generation in which all indexes lie, held until the transaction ends; IntegrityBroken for a vault without its keys."""
    proofs = vault.list_indexes(*PROOF)
    state = store_index.find_state(conn, to_change=to_change)
    if state is None:
        # Indexes that were written before anybody kept the generation are of the first one.
        first = 1 if store_index.has_indexes(conn) else vault.generation
        store_index.insert_state(conn, first, proofs[first - 1])
        state = store_index.find_state(conn, to_change=to_change)
        assert state is not None, "inserted, or there before"
    generation, proof = state
    if generation > vault.generation or proofs[generation - 1] != proof:
        raise IntegrityBroken(f"the blind indexes lie under index key {generation}, which is not among the keys given")
    return generation


def reindex(conn: psycopg.Connection, vault: Vault) -> int:
    """Move every blind index to the vault's newest generation, in the caller's transaction; how many were moved. Again: 0.

    Writers of phones and identities wait until it is over: some 100,000 indexes a second.
    """
    moved = 0
    generation = hold_generation(conn, vault, to_change=True)
    while generation < vault.generation:
        for table in store_index.TABLES:
            for batch in _batches(conn, table):
                moves = [(kind, digest, vault.advance_index(digest, generation)) for kind, digest in batch]
                moved += store_index.move(conn, table, moves)
        generation += 1
        store_index.update_state(conn, generation, vault.list_indexes(*PROOF)[generation - 1])
    return moved


def _batches(conn: psycopg.Connection, table: str) -> Iterator[list[tuple[str, bytes]]]:
    """All kinds and digests of a table as they are now; those that are moved meanwhile are not seen again."""
    with store_index.open_digests(conn, table) as cursor:
        while rows := cursor.fetchmany(BATCH):
            yield [(kind, bytes(digest)) for kind, digest in rows]


__all__ = ["hold_generation", "make_index", "reindex"]
