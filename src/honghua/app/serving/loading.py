"""Starts the load generator, tells it what to do, and looks for what it heard in the books."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import psycopg

from honghua.app.serving.load import LOST, LoadOrders
from honghua.base.errors import WorldFailed
from honghua.facts.kinds import FactKind
from honghua.store.commands import list_answers
from honghua.store.facts import read_facts_after

OK: Final = 200
PAGE: Final = 200_000
ACCEPTED: Final = "approved"


@dataclass(slots=True)
class Volley:
    """One run of the load: its orders, what it told of itself, and what it heard, by number of the call."""

    orders: LoadOrders
    told: dict[str, Any]
    status: np.ndarray
    approved: np.ndarray
    began: np.ndarray
    took: np.ndarray

    def figures(self) -> dict[str, Any]:
        """Purchases a second over the time of the load, latency of calls, and what was not answered with 200."""
        answered = self.status == OK
        within = answered & (self.began + self.took <= self.orders.seconds)
        took_ms = self.took[answered] * 1e3
        others, counts = np.unique(self.status[~answered], return_counts=True)
        return {
            "per_s": round(float(within.sum()) * self.orders.size / self.orders.seconds, 1),
            "p50_ms": round(float(np.quantile(took_ms, 0.5)), 2) if len(took_ms) else None,
            "p99_ms": round(float(np.quantile(took_ms, 0.99)), 2) if len(took_ms) else None,
            "max_ms": round(float(took_ms.max()), 1) if len(took_ms) else None,
            "calls": len(self.status), "in_flight": self.orders.connections, "size": self.orders.size,
            "errors": int((~answered).sum()), "other_statuses": {str(code): int(n) for code, n in zip(others, counts)},
            "load_cpu_s": round(self.told["cpu_s"], 2), "ran_dry": self.told["ran_dry"],
        }  # fmt: skip


@contextmanager
def loaded(orders: LoadOrders) -> Iterator[subprocess.Popen[bytes]]:
    """The generator with its requests written and its connections open; `fire` tells it to begin."""
    command = [sys.executable, "-m", "honghua.app.serving.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None, "a pipe"
        assert process.stdout is not None, "a pipe"
        process.stdin.write(msgspec.json.encode(orders) + b"\n")
        process.stdin.flush()
        if process.stdout.readline().strip() != b"ready":
            raise WorldFailed("the load generator did not start")
        try:
            yield process
        finally:
            process.kill()


def fire(process: subprocess.Popen[bytes], orders: LoadOrders) -> Volley:
    """Begin, and wait for the end."""
    start(process)
    return collect(process, orders)


def start(process: subprocess.Popen[bytes]) -> None:
    """The word to begin."""
    assert process.stdin is not None, "a pipe"
    process.stdin.write(b"go\n")
    process.stdin.flush()


def end(process: subprocess.Popen[bytes]) -> None:
    """The word that this is enough; it may have ended by itself."""
    assert process.stdin is not None, "a pipe"
    with suppress(BrokenPipeError):
        process.stdin.write(b"enough\n")
        process.stdin.flush()


def collect(process: subprocess.Popen[bytes], orders: LoadOrders) -> Volley:
    """What came of it, when it is over."""
    assert process.stdout is not None, "a pipe"
    line = process.stdout.readline()
    if not line:
        raise WorldFailed("the load generator died")
    told = msgspec.json.decode(line)
    with np.load(Path(orders.folder) / f"{orders.name}.npz") as found:
        return Volley(orders, told, found["status"], found["approved"], found["began"], found["took"])


def reconcile(conn: psycopg.Connection, volley: Volley, *, partner_id: int) -> dict[str, Any]:
    """accepted: approved as heard; booked: approved as stored. lost: heard and not stored, or stored without its fact; doubled: two
    facts of one key; ghosts: stored though the caller was told that nothing was done; unheard: stored, and the connection broke
    before the answer."""
    prefix = f"partner:{partner_id}:{volley.orders.name}:"
    stored: dict[int, list[int]] = {}  # call → purchase ids
    for key, answer in list_answers(conn, prefix):
        if answer["outcome"] == ACCEPTED:
            stored.setdefault(int(key[len(prefix) :].split(":")[0]), []).append(int(answer["purchase_id"]))
    captured = count_captured(conn)
    lost = doubled = ghosts = unheard = 0
    for call, status in enumerate(volley.status.tolist()):
        ids = stored.get(call, [])
        if status == OK:
            lost += max(0, int(volley.approved[call]) - len(ids))
        elif status in (LOST, 504):
            unheard += len(ids)
        else:
            ghosts += len(ids)
        counts = [captured.get(number, 0) for number in ids]
        lost += counts.count(0)
        doubled += sum(count > 1 for count in counts)
    return {
        "accepted": int(volley.approved[volley.status == OK].sum()), "booked": sum(map(len, stored.values())), "lost": lost,
        "doubled": doubled, "ghosts": ghosts, "unheard": unheard,
    }  # fmt: skip


def count_captured(conn: psycopg.Connection) -> dict[int, int]:
    """Purchase → how many facts say that it was captured."""
    found: list[np.ndarray] = []
    cursor = 0
    while len(facts := read_facts_after(conn, cursor, limit=PAGE)):
        cursor = int(facts.fact_id[-1])
        found.append(facts.purchase_id[facts.kind == FactKind.PURCHASE_CAPTURED])
    numbers, counts = np.unique(np.concatenate([*found, np.zeros(0, np.int64)]), return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


__all__ = ["Volley", "collect", "end", "fire", "loaded", "reconcile", "start"]
