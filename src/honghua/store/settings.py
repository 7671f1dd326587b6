"""What the store must be told: where its server keeps its files, or whose server to use. `app` fills it from the
environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the data lives.

    state_dir       folder of the embedded server (created when absent); unused when `database_url` is set
    database_url    the operator's PostgreSQL (15 or newer), as postgresql://…; None means the embedded server
    database_name   name of our database on the embedded server, or on the operator's when the URL names none
    durable         False switches fsync off: only for throw-away test servers, where a power cut may lose everything
    start_seconds_max   how long to wait for a server that starts (crash recovery replays at most max_wal_size)
    """

    state_dir: Path
    database_url: str | None = None
    database_name: str = "honghua"
    durable: bool = True
    start_seconds_max: float = 300.0
