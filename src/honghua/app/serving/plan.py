"""What the processes of one server are told: by the supervisor over their standard input, which may hold what a command line may not."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from honghua.store.database import Database
from honghua.store.settings import StoreSettings

DESK: Final = "desk"
WORKER: Final = "worker"
CLOCK: Final = "clock"
WAITING_MAX: Final = 4_096  # commands in line at one desk
SOCKET_BYTES_MAX: Final = 107  # of a socket's name


@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """One server. folder: sockets of desks, nonces, snapshots of the engine. closes_days: whether the business date follows the clock.

    waiting_max: commands in line at one desk; more are refused. has_pages: without them workers serve the two hot
    routes and their health only. clock_file: where set, desks tell time by this conducted clock, not by the machine's.
    """

    database: Database
    state_dir: str
    folder: str
    address: str
    workers: int = 1
    desks: int = 1
    is_demo: bool = False
    has_pages: bool = True
    closes_days: bool = True
    has_clock: bool = True
    zone: str = "Asia/Shanghai"
    waiting_max: int = WAITING_MAX
    clock_file: str = ""

    @property
    def desk_sockets(self) -> list[Path]:
        """Where desks listen, by number."""
        return [Path(self.folder) / f"desk-{number}.sock" for number in range(self.desks)]

    @property
    def nonces(self) -> Path:
        """The file of the nonces seen."""
        return Path(self.folder) / "nonces"

    def snapshots(self, number: int) -> Path:
        """Where a desk writes its engine down."""
        return Path(self.folder) / f"risk-{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What one process is: its role and number in a plan. listener: the inherited socket of workers."""

    plan: ServePlan
    role: str
    number: int = 0
    listener: int = field(default=-1)

    def write(self) -> bytes:
        """As one line."""
        return msgspec.json.encode(self) + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Orders:
        """What `write` wrote."""
        return msgspec.json.decode(line, type=cls)


def listen(host: str, port: int) -> socket.socket:
    """The socket that all workers accept from: while one is replaced, callers wait in it."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2_048)
    listener.set_inheritable(True)
    return listener


def serving_folder(store: StoreSettings, database: Database) -> Path:
    """Where the processes of a book's server keep what they share: beside the server's folder, and short enough for a socket's name."""
    usual = store.state_dir / "serve" / database.name
    if len(os.fsencode(usual / "desk-00.sock.4194304")) < SOCKET_BYTES_MAX:
        return usual
    digest = hashlib.sha256(os.fsencode(usual)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"honghua-serve-{os.geteuid()}-{digest}"


__all__ = ["CLOCK", "DESK", "WORKER", "Orders", "ServePlan", "listen", "serving_folder"]
