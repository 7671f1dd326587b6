"""Nonces of signed requests that were seen, in a file that all workers of a server share: a request that is sent again is found out.

A table of marks in buckets; a mark is a hash and the second in which it may be forgotten. No lock: where two workers write one bucket in
the same microsecond a mark may be lost, and so may the oldest mark of a bucket that is full. What a replayed purchase could gain then is
the stored answer once more: it carries the same idempotency key and books nothing.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from pathlib import Path
from types import TracebackType
from typing import Final, Self

MARKS: Final = 16  # of a bucket
BUCKET: Final = struct.Struct(f"<{MARKS}Q")
MARK: Final = struct.Struct("<Q")
SECOND_BITS: Final = 24  # of a mark: seconds modulo half a year
SECONDS: Final = 1 << SECOND_BITS
BUCKETS: Final = (
    1 << 19
)  # 64 MB, of which only what is touched takes memory: 8 M nonces within the time that they are kept


class SharedNonces:
    """Use it as a context manager, or call `close`. keep_s: how long a nonce must be remembered."""

    def __init__(self, path: Path, *, keep_s: int, buckets: int = BUCKETS) -> None:
        assert buckets & (buckets - 1) == 0, "a power of two"
        self.keep_s, self.mask = keep_s, buckets - 1
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            size = buckets * BUCKET.size
            if os.fstat(handle).st_size != size:
                os.ftruncate(handle, size)
            self.table = mmap.mmap(handle, size)
        finally:
            os.close(handle)

    def is_first(self, nonce: bytes, *, now_s: int) -> bool:
        """Whether this nonce is seen for the first time within `keep_s`; from now on it is known."""
        digest = hashlib.blake2b(nonce, digest_size=16).digest()
        at = (int.from_bytes(digest[:4], "little") & self.mask) * BUCKET.size
        name = int.from_bytes(digest[8:13], "little") << SECOND_BITS
        until = (now_s + self.keep_s) % SECONDS
        marks = BUCKET.unpack_from(self.table, at)
        oldest, left = 0, SECONDS
        for place, mark in enumerate(marks):
            stays_s = ((mark & (SECONDS - 1)) - now_s) % SECONDS  # a time that has passed is far ahead
            is_alive = mark != 0 and stays_s <= self.keep_s
            if is_alive and mark >> SECOND_BITS << SECOND_BITS == name:
                return False
            if not is_alive:
                stays_s = -1
            if stays_s < left:
                oldest, left = place, stays_s
        MARK.pack_into(self.table, at + oldest * MARK.size, name | until)
        return True

    def close(self) -> None:
        """Give the table back; the file stays."""
        self.table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


__all__ = ["SharedNonces"]
