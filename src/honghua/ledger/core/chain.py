"""The hash chain: a seal's digest covers the seal before it, every byte of the entries it seals, and its own figures.

    digest = sha256(previous ‖ rows ‖ block_no ‖ from_txid ‖ until_txid ‖ entries ‖ lines ‖ sealed_at)

`previous` is the digest of the block before (32 zero bytes for block 1); the six figures are big-endian int64,
sealed_at in microseconds since 1970; `rows` are the tuples of PostgreSQL's COPY BINARY format (documented, the same on
every platform and version) of `SEALED_COLUMNS`, in `SEALED_ORDER`, without the stream's header and trailer.
~1 µs an entry, most of it the server's.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

SEALED_COLUMNS: Final = (
    "owner_id", "entry_id", "kind", "value_on", "booked_on", "fact_id", "currency", "accounts", "amounts_minor",
    "recorded_at", "txid",
)  # fmt: skip
SEALED_ORDER: Final = ("txid", "owner_id", "entry_id")
FIRST_PREVIOUS: Final = bytes(32)
COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER: Final = b"\xff\xff"


@dataclass(frozen=True, slots=True)
class BlockFigures:
    """What a seal says about its block: it covers all entries with from_txid <= txid < until_txid."""

    block_no: int
    from_txid: int
    until_txid: int
    entries: int
    lines: int
    sealed_at_micro: int

    def to_bytes(self) -> bytes:
        """The six figures as big-endian int64."""
        return struct.pack(
            ">6q", self.block_no, self.from_txid, self.until_txid, self.entries, self.lines, self.sealed_at_micro
        )  # fmt: skip


def iter_rows(stream: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes | bytearray | memoryview]:
    """The tuples of a COPY BINARY stream, in pieces of any size: everything but its header and trailer."""
    pieces = iter(stream)
    held: bytes | bytearray | memoryview = b""
    while len(held) < len(COPY_HEADER):
        held = bytes(held) + bytes(next(pieces))
    assert held[: len(COPY_HEADER)] == COPY_HEADER, "not a COPY BINARY stream"
    held = held[len(COPY_HEADER) :]
    for piece in pieces:
        if len(piece) < len(COPY_TRAILER):
            piece = bytes(held) + bytes(piece)  # a split trailer must end up in one piece
        elif len(held):
            yield held
        held = piece
    assert held[-len(COPY_TRAILER) :] == COPY_TRAILER, "the COPY BINARY stream was cut off"
    yield held[: -len(COPY_TRAILER)]


def compute_digest(previous: bytes, stream: Iterable[bytes | bytearray | memoryview], figures: BlockFigures) -> bytes:
    """The digest of one block from the COPY BINARY stream of its entries."""
    digest = hashlib.sha256(previous)
    for piece in iter_rows(stream):
        digest.update(piece)
    digest.update(figures.to_bytes())
    return digest.digest()
