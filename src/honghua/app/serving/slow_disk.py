"""A disk that needs 4 ms more for every flush: the server started anew with our own fsync before libc's. For benches on this machine."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from honghua.base.errors import WorldFailed
from honghua.store.database import Database
from honghua.store.embedded import Place
from honghua.store.server.binaries import find_binaries, find_server_user
from honghua.store.server.configuration import write_configuration
from honghua.store.server.processes import stop_postmaster

ADDED_MS: Final = 4
START_S: Final = 60.0
SOURCE: Final = f"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
typedef int (*flush)(int);
static int slowly(const char *name, int file) {{ usleep({ADDED_MS} * 1000); return ((flush)dlsym(RTLD_NEXT, name))(file); }}
int fsync(int file) {{ return slowly("fsync", file); }}
int fdatasync(int file) {{ return slowly("fdatasync", file); }}
"""


def has_compiler() -> bool:
    """Whether this machine can build the shim."""
    return shutil.which("cc") is not None


@contextmanager
def slowed(database: Database, state_dir: Path, folder: Path) -> Iterator[None]:
    """Inside, the embedded server of `state_dir` flushes slowly. Nobody may be connected; folder: where its user may read."""
    place, user = Place(state_dir), find_server_user()
    shim = build(folder)
    socket_dir = place.find_socket_dir()
    assert socket_dir is not None, "a server that ran"
    stop_postmaster(place.data_dir)
    arguments = write_configuration(place.state_dir, socket_dir, durable=True)
    postgres = str(find_binaries(user, place.state_dir) / "postgres")
    with place.log_file.open("ab") as log:
        command = ["/usr/bin/env", f"LD_PRELOAD={shim}", postgres, "-D", str(place.data_dir), *arguments]
        server = user.spawn(command, cwd=Path("/"), log=log.fileno())
    try:
        wait_for(database)
        yield
    finally:
        stop_postmaster(place.data_dir)
        server.wait()


def build(folder: Path) -> Path:
    """The shim, compiled."""
    source, shim = folder / "slow.c", folder / "slow.so"
    source.write_text(SOURCE)
    done = subprocess.run(
        ["cc", "-O2", "-shared", "-fPIC", "-o", str(shim), str(source), "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise WorldFailed(f"cc: {done.stderr[-500:]}")
    shim.chmod(0o755)
    return shim


def wait_for(database: Database) -> None:
    """Until it answers."""
    until = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(database.dsn).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > until:
                raise WorldFailed("the slowed server does not start") from error
            time.sleep(0.05)
        else:
            return


__all__ = ["ADDED_MS", "has_compiler", "slowed"]
