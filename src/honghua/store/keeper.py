"""A small process that keeps the embedded server running (`honghua db start`), and starts it again when it was killed.

It holds a share in the server like any program of ours, and an exclusive lock on `keeper.lock` that says it lives.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from honghua.base.errors import HonghuaError, WorldFailed
from honghua.store.embedded import Server, ensure_server
from honghua.store.server.locks import open_lock_file, try_lock
from honghua.store.server.processes import find_postmaster

READY = "ready"
WATCH_SECONDS = 0.2
STOP_SECONDS_MAX = 150.0
POLL_SECONDS = 0.02
REVIVALS_MAX = 1000  # then give up: something is very wrong with this machine


def _lock_path(state_dir: Path) -> Path:
    return state_dir / "keeper.lock"


def find_keeper(state_dir: Path) -> int | None:
    """The pid of the living keeper of `state_dir`, or None."""
    path = _lock_path(state_dir)
    if not path.exists():
        return None
    descriptor = open_lock_file(path)
    try:
        if try_lock(descriptor, exclusive=True):
            return None
        text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    finally:
        os.close(descriptor)
    return int(text) if text.isdigit() else None


def start_keeper(state_dir: Path) -> int:
    """Start a keeper in the background and wait until its server answers; returns the keeper's pid, a living one's too.

    Raises WorldFailed with what it said when it could not start the server.
    """
    pid = find_keeper(state_dir)
    if pid is not None:
        return pid
    child = subprocess.Popen(
        [sys.executable, "-m", "honghua.store.keeper", str(state_dir)],
        cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, text=True,
    )  # fmt: skip
    threading.Thread(target=child.wait, name="honghua-keeper-reaper", daemon=True).start()
    assert child.stdout is not None
    with child.stdout as said:
        lines: list[str] = []
        for line in said:
            if line.strip() == READY:
                return find_keeper(state_dir) or child.pid
            lines.append(line)
    raise WorldFailed(f"the keeper did not start: {''.join(lines).strip()[-2000:]}")


def stop_keeper(state_dir: Path) -> bool:
    """Ask the keeper to leave and wait until it has; the server stops with it unless another program uses it.
    False: there was none."""
    pid = find_keeper(state_dir)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return True
    until = time.monotonic() + STOP_SECONDS_MAX
    while find_keeper(state_dir) == pid:
        if time.monotonic() > until:
            raise WorldFailed(f"the keeper (pid {pid}) does not leave")
        time.sleep(POLL_SECONDS)
    return True


def _watch(server: Server, state_dir: Path, leave: threading.Event) -> Server:
    """Until asked to leave: a server that was killed is started again."""
    for _ in range(REVIVALS_MAX):
        while find_postmaster(server.place.data_dir) is not None:
            if leave.wait(WATCH_SECONDS):
                return server
        if leave.is_set():
            return server
        dead, server = server, ensure_server(state_dir)
        dead.close()
    return server


def main(argv: list[str]) -> int:
    """`python -m honghua.store.keeper STATE_DIR`: prints READY when the server answers, then only watches."""
    state_dir = Path(argv[0])
    leave = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leave.set())
    try:
        server = ensure_server(state_dir)
    except HonghuaError as error:
        print(error, flush=True)
        return 1
    descriptor = open_lock_file(_lock_path(state_dir))
    if try_lock(descriptor, exclusive=True):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        print(READY, flush=True)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)  # whoever started us stops listening now
        os.dup2(quiet, 2)
        server = _watch(server, state_dir, leave)
    else:
        print(READY, flush=True)  # another keeper was faster
    server.close()
    os.close(descriptor)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
