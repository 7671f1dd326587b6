"""What the embedded server is told: a small configuration of ours on top of what initdb found out about the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MEGABYTE = 1 << 20
SHARED_BUFFERS_MB_MAX = 4096
SHARED_BUFFERS_MB_MIN = 64


def compute_shared_buffers_mb(memory_bytes: int) -> int:
    """An eighth of the machine's memory, 64 MB … 4 GB: the rest belongs to our own arrays and to the file cache."""
    return max(SHARED_BUFFERS_MB_MIN, min(SHARED_BUFFERS_MB_MAX, memory_bytes // 8 // MEGABYTE))


def write_configuration(state_dir: Path, socket_dir: Path, *, durable: bool) -> list[str]:
    """Write postgresql.conf and pg_hba.conf into the state folder (ours, not the server's) and return the arguments
    that name them."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "hba_file": str(state_dir / "pg_hba.conf"),
        "max_connections": "50",
        "shared_buffers": f"{compute_shared_buffers_mb(memory_bytes)}MB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "5min",  # what a start after a crash has to replay
        "wal_compression": "off",
        "synchronous_commit": "on" if durable else "off",
        "fsync": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": "1.1",
        "jit": "off",
        "autovacuum": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "ISO, YMD",
        "lc_messages": "C",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "log_checkpoints": "off",
    }
    if sys.platform == "linux":
        # One call a file system, instead of opening every file before a crash is recovered from.
        settings["recovery_init_sync_method"] = "syncfs"
    lines = [f"include_if_exists = {_quote(str(state_dir / 'data' / 'postgresql.conf'))}"]
    lines += [f"{name} = {_quote(value)}" for name, value in settings.items()]
    head = "# Written by Honghua at each start; ALTER SYSTEM overrides it.\n"
    _write(state_dir / "postgresql.conf", head + "\n".join(lines) + "\n")
    # Trust: the socket's folder lets in only the server user and root, who could read the files as well.
    _write(state_dir / "pg_hba.conf", "local all all trust\nlocal replication all trust\n")
    return ["-c", f"config_file={state_dir / 'postgresql.conf'}"]


def _quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_text(text)
    unfinished.chmod(0o644)
    unfinished.replace(path)
