"""A process locks itself out of all files but some folders: Landlock, the sandbox of Linux that needs no rights (kernel 5.13 and later).

It holds for every library of the process and its children, for good; a hook in Python would not see what Arrow opens.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls, the same on all machines
VERSION_FLAG, PATH_BENEATH = 1, 1
NO_NEW_PRIVILEGES = 38  # prctl
ALL_OF_VERSION_1 = (1 << 13) - 1
READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, list a folder

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def is_there() -> bool:
    """Whether this kernel knows Landlock."""
    return int(_libc.syscall(CREATE_RULESET, None, 0, VERSION_FLAG)) > 0


def lock_in(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """From now on this process reads below these folders, reads and writes below those, and opens nothing else."""
    rules = _Ruleset(ALL_OF_VERSION_1)
    ruleset = _check(_libc.syscall(CREATE_RULESET, ctypes.byref(rules), ctypes.sizeof(rules), 0))
    for folders, allowed in ((readable, READ), (writable, ALL_OF_VERSION_1)):
        for folder in folders:
            if folder.is_dir():
                opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
                beneath = _Beneath(allowed, opened)
                _check(_libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(beneath), 0))
                os.close(opened)
    _check(_libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _check(_libc.syscall(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)
