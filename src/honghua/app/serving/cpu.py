"""How much processor time each process of a server has used, from /proc: what bounds it."""

from __future__ import annotations

import os
from typing import Final

from honghua.app.serving.plan import CLOCK, DESK, WORKER
from honghua.app.serving.supervising import Supervisor
from honghua.store.embedded import Place
from honghua.store.server.processes import list_server_pids
from honghua.store.settings import StoreSettings

TICKS: Final = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Seconds of a process, 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_by_process(supervisor: Supervisor, store: StoreSettings) -> dict[str, float]:
    """Seconds so far of workers, desks, the clock and the database."""
    used = {role: sum(map(cpu_of, supervisor.pids(role))) for role in (WORKER, DESK, CLOCK)}
    return {**used, "postgres": sum(map(cpu_of, list_server_pids(Place(store.state_dir).data_dir)))}


__all__ = ["cpu_by_process", "cpu_of"]
