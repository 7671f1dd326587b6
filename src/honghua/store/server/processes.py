"""Which server processes really live on a data directory, and how to end them: asked of the kernel, never of a pid
file."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from honghua.base.errors import WorldFailed

POLL_SECONDS = 0.01
STOP_SECONDS_MAX = 120.0  # a fast shutdown writes a checkpoint first
KILL_SECONDS_MAX = 30.0


def has_proc() -> bool:
    """Whether the kernel tells about processes under /proc (Linux)."""
    return Path("/proc/self/cwd").exists()


def _is_server_of(pid: str, data_dir: str) -> bool:
    """A live postgres process that works in `data_dir`; a zombie has no exe and no cwd, so it does not count."""
    try:
        if not os.path.basename(os.readlink(f"/proc/{pid}/exe")).startswith("postgres"):
            return False
        if os.readlink(f"/proc/{pid}/cwd") == data_dir:
            return True
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return os.fsencode(data_dir) in file.read().split(b"\0")
    except OSError:
        return False


def list_server_pids(data_dir: Path) -> list[int]:
    """Every live process of a server on `data_dir`: its postmaster and whatever outlived it."""
    real = os.path.realpath(data_dir)
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _is_server_of(name, real)]


def find_postmaster(data_dir: Path) -> int | None:
    """The pid in postmaster.pid if that process really is the server of `data_dir`, else None."""
    try:
        first = (data_dir / "postmaster.pid").read_text().split("\n", 1)[0].strip()
    except OSError:
        return None
    return int(first) if first.isdigit() and _is_running(int(first), data_dir) else None


def _is_running(pid: int, data_dir: Path) -> bool:
    if has_proc():
        return _is_server_of(str(pid), os.path.realpath(data_dir))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def stop_postmaster(data_dir: Path, *, gently: bool = True) -> bool:
    """Fast shutdown of the server on `data_dir` and wait for its end; False when none ran. Raises WorldFailed when
    it will not end.

    A server that is recovering is not to be asked `gently`: PostgreSQL 18 may never finish a fast shutdown that comes
    while it starts again after a child was killed (tests/crash found it). The immediate one costs another recovery and
    no data.
    """
    pid = find_postmaster(data_dir)
    if pid is None:
        kill_leftovers(data_dir)
        return False
    steps = ((signal.SIGINT, STOP_SECONDS_MAX), (signal.SIGQUIT, KILL_SECONDS_MAX))
    for number, seconds in steps if gently else steps[1:]:
        _signal(pid, number)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not _is_running(pid, data_dir):
                kill_leftovers(data_dir)
                return True
            time.sleep(POLL_SECONDS)
    kill_leftovers(data_dir, postmaster_too=True)
    return True


def kill_leftovers(data_dir: Path, *, postmaster_too: bool = False) -> None:
    """End the children of a postmaster that was killed: they hold its shared memory and a new one may not start
    beside them.

    Killing them is safe: the next start replays the write-ahead log, exactly as after a power cut.
    """
    if not has_proc() or (not postmaster_too and find_postmaster(data_dir) is not None):
        return
    until = time.monotonic() + KILL_SECONDS_MAX
    while pids := list_server_pids(data_dir):
        if time.monotonic() > until:
            raise WorldFailed(f"processes {pids} of the server on {data_dir} do not end")
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def remove_stale_files(data_dir: Path, socket_dir: Path) -> None:
    """Forget pid and socket files of a dead server: a pid in them may by now belong to somebody else. Call with no
    server alive."""
    if has_proc():
        (data_dir / "postmaster.pid").unlink(missing_ok=True)
    for path in socket_dir.glob(".s.PGSQL.*"):
        path.unlink(missing_ok=True)
