"""The embedded PostgreSQL: started when somebody needs it, shared by all our programs, stopped by the last one out.

Who uses the server holds a shared lock on `users.lock`; the kernel drops it when a process dies, however it dies.
Starting and stopping happen under the exclusive `start.lock`. Whether a server lives is learnt by connecting to it,
and, when it does not answer, from the process table: pid files lie after kill -9 (reused pids, zombies).
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from honghua.base.errors import BadInput, WorldFailed
from honghua.store.server.binaries import ServerUser, find_binaries, find_server_user, find_wheel_dir, make_data_dir
from honghua.store.server.configuration import write_configuration
from honghua.store.server.connecting import Wait
from honghua.store.server.locks import hold_exclusive, open_lock_file, try_lock
from honghua.store.server.processes import (
    find_postmaster,
    kill_leftovers,
    remove_stale_files,
    stop_postmaster,
)

PORT = 5432  # only a part of the socket's name: the server listens on no TCP port
SOCKET_DIR_BYTES_MAX = 90  # a socket path ends at 107 bytes, and "/.s.PGSQL.5432.lock" comes after the folder
PROBE_SECONDS = 5
STARTS_MAX = 4
BUSY_ANSWERS = ("too many clients", "connection slots are reserved")  # a refusal, but by a living server
LOG_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of one embedded server lies."""

    state_dir: Path

    @property
    def data_dir(self) -> Path:
        return self.state_dir / "data"

    @property
    def log_file(self) -> Path:
        return self.state_dir / "postgres.log"

    @property
    def start_lock(self) -> Path:
        return self.state_dir / "start.lock"

    @property
    def users_lock(self) -> Path:
        return self.state_dir / "users.lock"

    @property
    def socket_note(self) -> Path:
        return self.state_dir / "socket_dir"

    def find_socket_dir(self) -> Path | None:
        """The socket folder in use: `run` below the state folder, or the recorded short one."""
        usual = self.state_dir / "run"
        if len(os.fsencode(usual)) <= SOCKET_DIR_BYTES_MAX:
            return usual
        try:
            return Path(self.socket_note.read_text())
        except FileNotFoundError:
            return None


@dataclass(slots=True)
class Server:
    """A running server and our share in it; `close` gives the share back and stops the server when nobody else has
    one."""

    place: Place
    socket_dir: Path
    bin_dir: Path
    started_here: bool
    seconds_max: float
    _share: int

    def make_dsn(self, *, user: str, dbname: str) -> str:
        """Connection string over the Unix socket."""
        return make_conninfo(host=str(self.socket_dir), port=PORT, user=user, dbname=dbname)

    @property
    def admin_dsn(self) -> str:
        """As the superuser, in the maintenance database."""
        return self.make_dsn(user="postgres", dbname="postgres")

    def close(self) -> bool:
        """Leave; True when we were the last and the server has been stopped."""
        if self._share < 0:
            return False
        share, self._share = self._share, -1
        try:
            with hold_exclusive(self.place.start_lock, seconds_max=self.seconds_max):
                if not try_lock(share, exclusive=True):
                    return False
                return stop_postmaster(self.place.data_dir, gently=_find_refusal(self.socket_dir) is None)
        finally:
            os.close(share)


def ensure_server(state_dir: Path, *, durable: bool = True, seconds_max: float = 300.0) -> Server:
    """Find, adopt or start the server of `state_dir` and take a share in it.

    Creates the folder and the data directory at first use. `durable=False` starts a new server without fsync (tests).
    Raises BadInput when this machine cannot run one as asked, WorldFailed when it does not come up within
    `seconds_max`.
    """
    user = find_server_user()
    place = Place(Path(os.path.abspath(state_dir)))
    _make_state_dir(place.state_dir, user)
    with hold_exclusive(place.start_lock, seconds_max=seconds_max):
        share = open_lock_file(place.users_lock)
        try:
            if not try_lock(share, exclusive=False):
                raise WorldFailed(f"{place.users_lock} is held exclusively by a program that is not ours")
            socket_dir = _make_socket_dir(place, user)
            bin_dir, started = find_wheel_dir() / "bin", False
            if _find_refusal(socket_dir) is not None:
                bin_dir = find_binaries(user, place.state_dir)
                make_data_dir(user, bin_dir, place.data_dir)
                started = _bring_up(place, user, bin_dir, socket_dir, durable=durable, seconds_max=seconds_max)
        except BaseException:
            os.close(share)
            raise
    return Server(place, socket_dir, bin_dir, started, seconds_max, share)


def _make_state_dir(state_dir: Path, user: ServerUser) -> None:
    """Ours; passable for the server user when it is another one. Existing folders keep their mode."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"cannot create {state_dir} ({error.strerror}): set HONGHUA_STATE_DIR to a folder of yours"
        ) from error
    if user.drop and state_dir.stat().st_uid == os.geteuid():
        state_dir.chmod(stat.S_IMODE(state_dir.stat().st_mode) | stat.S_IXGRP | stat.S_IXOTH)


def _make_socket_dir(place: Place, user: ServerUser) -> Path:
    """A folder that only the server user (and root) may enter: whoever reaches the socket is trusted."""
    socket_dir = place.find_socket_dir()
    if socket_dir is None or (not socket_dir.is_dir() and socket_dir.parent != place.state_dir):
        socket_dir = Path(tempfile.mkdtemp(prefix="honghua-", dir="/tmp"))
        place.socket_note.write_text(str(socket_dir))
    socket_dir.mkdir(mode=0o700, exist_ok=True)
    there = socket_dir.lstat()
    if not stat.S_ISDIR(there.st_mode) or there.st_uid not in (user.uid, os.geteuid()):
        raise BadInput(f"{socket_dir} is not a folder of ours")
    os.chown(socket_dir, user.uid, user.gid)
    socket_dir.chmod(0o700)
    return socket_dir


def _find_refusal(socket_dir: Path) -> str | None:
    """None when the server answers, else what it said."""
    dsn = make_conninfo(
        host=str(socket_dir), port=PORT, user="postgres", dbname="postgres", connect_timeout=PROBE_SECONDS
    )
    try:
        psycopg.connect(dsn, autocommit=True).close()
    except psycopg.OperationalError as error:
        text = str(error).strip()
        return None if any(words in text for words in BUSY_ANSWERS) else text
    return None


def _bring_up(
    place: Place, user: ServerUser, bin_dir: Path, socket_dir: Path, *, durable: bool, seconds_max: float
) -> bool:
    """Adopt the living server or start one; True when we started it. Call under the start lock."""
    until = time.monotonic() + seconds_max
    for _ in range(STARTS_MAX):
        if _wait_for_orphan(place, socket_dir, until):
            return False
        kill_leftovers(place.data_dir)
        remove_stale_files(place.data_dir, socket_dir)
        if _start(place, user, bin_dir, socket_dir, durable=durable, until=until):
            return True
        if time.monotonic() > until:
            break
    raise WorldFailed(f"the embedded server does not start; the end of {place.log_file}:\n{_read_log_tail(place)}")


def _wait_for_orphan(place: Place, socket_dir: Path, until: float) -> bool:
    """A server lives but does not answer: recovering, shutting down, or cut off from its socket. True when it
    answers in the end."""
    socket, wait = socket_dir / f".s.PGSQL.{PORT}", Wait()
    while find_postmaster(place.data_dir) is not None:
        if _find_refusal(socket_dir) is None:
            return True
        if _is_ready(place) and not socket.exists():
            stop_postmaster(place.data_dir)
            return False
        if time.monotonic() > until:
            raise WorldFailed(f"a server lives on {place.data_dir} but does not answer")
        wait.pause()
    return False


def _is_ready(place: Place) -> bool:
    """Line 8 of postmaster.pid is the server's own word about itself; trusted only for a living one."""
    try:
        lines = (place.data_dir / "postmaster.pid").read_text().split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _start(place: Place, user: ServerUser, bin_dir: Path, socket_dir: Path, *, durable: bool, until: float) -> bool:
    """Start a postmaster as our child and wait until it answers; False when it gave up by itself."""
    argv = [
        str(bin_dir / "postgres"),
        "-D",
        str(place.data_dir),
        *write_configuration(place.state_dir, socket_dir, durable=durable),
    ]
    if place.log_file.exists() and place.log_file.stat().st_size > LOG_BYTES_MAX:
        place.log_file.replace(place.log_file.with_suffix(".log.1"))
    log = os.open(place.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        child = user.spawn(argv, cwd=Path("/"), log=log)
    finally:
        os.close(log)
    # Reap it whenever it ends, or it stays a zombie of ours while somebody else waits for its end.
    threading.Thread(target=child.wait, name="honghua-postmaster-reaper", daemon=True).start()
    wait = Wait()
    while child.returncode is None:
        if _find_refusal(socket_dir) is None:
            return True
        if time.monotonic() > until:
            raise WorldFailed(
                f"the embedded server is still starting; the end of {place.log_file}:\n{_read_log_tail(place)}"
            )
        wait.pause()
    return False


def _read_log_tail(place: Place) -> str:
    try:
        return place.log_file.read_text(errors="replace")[-2000:].strip()
    except OSError:
        return "(no log)"


def find_answer(state_dir: Path) -> Path | None:
    """The socket folder of a server that answers right now, without taking a share or starting anything."""
    socket_dir = Place(Path(os.path.abspath(state_dir))).find_socket_dir()
    return socket_dir if socket_dir is not None and _find_refusal(socket_dir) is None else None


@contextmanager
def _sole_use(place: Place, seconds_max: float) -> Iterator[bool]:
    """Inside, nobody can start or join the server; yields whether nobody uses it."""
    with hold_exclusive(place.start_lock, seconds_max=seconds_max):
        share = open_lock_file(place.users_lock)
        try:
            yield try_lock(share, exclusive=True)
        finally:
            os.close(share)


def stop_unused_server(state_dir: Path, *, seconds_max: float = 300.0) -> bool:
    """Stop the server of `state_dir` unless somebody uses it; True when no server runs afterwards."""
    place = Place(Path(os.path.abspath(state_dir)))
    if not place.state_dir.is_dir():
        return True
    with _sole_use(place, seconds_max) as alone:
        if alone:
            stop_postmaster(place.data_dir)
        return alone


def remove_server(state_dir: Path, *, seconds_max: float = 300.0) -> bool:
    """Stop the server and delete its whole folder, data and all; False (and nothing done) when somebody uses it."""
    place = Place(Path(os.path.abspath(state_dir)))
    if not place.state_dir.is_dir():
        return True
    with _sole_use(place, seconds_max) as alone:
        if not alone:
            return False
        stop_postmaster(place.data_dir)
        socket_dir = place.find_socket_dir()
        doomed = place.state_dir.with_name(place.state_dir.name + ".removed")
        place.state_dir.rename(doomed)  # a latecomer who waits for our lock now starts from nothing
        shutil.rmtree(doomed)
        if socket_dir is not None and socket_dir.parent != place.state_dir:
            shutil.rmtree(socket_dir, ignore_errors=True)
    return True
