"""File locks between our processes: the kernel lets go of them when a process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from honghua.base.errors import WorldFailed

POLL_SECONDS = 0.005


def open_lock_file(path: Path) -> int:
    """A descriptor to lock on; not inherited by programs we start."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int, *, exclusive: bool) -> bool:
    """Take or change the lock at once; False when somebody else stands in the way (a held shared lock is then lost
    or kept: re-take it)."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_current(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


@contextmanager
def hold_exclusive(path: Path, *, seconds_max: float) -> Iterator[None]:
    """Inside, we are the only one; waits up to `seconds_max`, then raises WorldFailed.

    A lock file that was removed while we waited for it protects nothing, so the descriptor is compared with the name.
    """
    until = time.monotonic() + seconds_max
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = open_lock_file(path)
        try:
            while not try_lock(descriptor, exclusive=True):
                if time.monotonic() > until:
                    raise WorldFailed(f"another program has held {path} for {seconds_max:.0f} s")
                time.sleep(POLL_SECONDS)
            if _is_current(descriptor, path):
                yield
                return
        finally:
            os.close(descriptor)
