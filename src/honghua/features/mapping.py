"""Parts of memory as one file, and the file laid under the same parts again: pages come when they are touched, changes stay in memory.

A state of gigabytes is back at once, and what no event asks for is never read. A file that is mapped must not be written again, so
what is saved always goes into a new one, under a name of its own until it is whole.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import IntegrityBroken

Ints = NDArray[np.int64]
MAP_FIXED: Final = 0x10  # Linux; the mmap of Python maps nothing at an address of ours
MAP_FAILED: Final = ctypes.c_void_p(-1).value

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_longlong]


def write_parts(path: Path, parts: Sequence[Ints]) -> None:
    """Write flat parts one behind the other, each from a page on."""
    waiting = path.with_name(path.name + ".part")
    with waiting.open("wb") as file:
        for part in parts:
            file.write(np.ascontiguousarray(part).view(np.uint8).data)
            file.write(bytes(_paged(part.nbytes) - part.nbytes))
    waiting.replace(path)


def map_parts(path: Path, parts: Sequence[Ints]) -> None:
    """Lay the file that `write_parts` wrote under parts of the same lengths: pages of one anonymous mapping that nobody wrote to.

    They live as long as that mapping. IntegrityBroken when the file has another length.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size != sum(_paged(part.nbytes) for part in parts):
            raise IntegrityBroken(f"{path} is not as long as its table of contents says")
        offset = 0
        for part in parts:
            if part.nbytes:
                _map_over(part, file.fileno(), offset)
            offset += _paged(part.nbytes)


def _map_over(part: Ints, file: int, offset: int) -> None:
    address = part.ctypes.data
    assert address % mmap.PAGESIZE == 0, "parts begin on pages"
    assert part.flags.c_contiguous, "parts are flat"
    found = _libc.mmap(
        address, part.nbytes, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | MAP_FIXED, file, offset
    )
    if found == MAP_FAILED:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _paged(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE


__all__ = ["map_parts", "write_parts"]
