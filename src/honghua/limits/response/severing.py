"""Who leaves is severed: their rows of the slice and of batches stay as evidence under a name that was drawn by lot and means nobody."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, NamedTuple

import psycopg

from honghua.base.errors import BadInput

TOKEN_BYTES: Final = 24  # 16 for the name, 8 for the key
SALT_BYTES: Final = 16


class Severed(NamedTuple):
    """Rows that no longer tell of the person."""

    slice_rows: int
    choices: int


def mark_of(salt: bytes, customer: str) -> bytes:
    """What binds a choice into its batch: 32 bytes that say nothing without the salt."""
    return sha256(salt + customer.encode()).digest()


def sever_person(conn: psycopg.Connection, customer: str, token: bytes) -> Severed:
    """In the caller's transaction. token: bytes drawn by lot for this leaving, kept nowhere; a person's rows stay together under it.

    A choice that waits for its turn is left then, as nobody of that name may be asked.
    """
    if len(token) != TOKEN_BYTES:
        raise BadInput(f"{TOKEN_BYTES} bytes drawn by lot are wanted", code="TOKEN_SIZE")
    name, key = f"left:{token[:16].hex()}", int.from_bytes(token[16:], "big", signed=True)
    rows = conn.execute(
        "UPDATE limits_slice_row SET customer = %s, key = %s WHERE customer = %s", [name, key, customer]
    ).rowcount
    choices = conn.execute(
        "UPDATE limits_temporary_choice SET customer = %s, salt = NULL WHERE customer = %s AND mark IS NOT NULL",
        [name, customer],
    ).rowcount
    return Severed(rows, choices)


__all__ = ["SALT_BYTES", "TOKEN_BYTES", "Severed", "mark_of", "sever_person"]
