"""`honghua bench ledger`: durable postings a second in group-committed batches, beside pgbench's TPC-B on the same server."""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from psycopg.conninfo import conninfo_to_dict

from honghua.base.errors import BadInput, WorldFailed
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, EntryBatch, OwnerKind, account_keys
from honghua.store.database import Database, connect, run_unit, scratch_database
from honghua.store.server.binaries import find_wheel_dir
from honghua.store.settings import StoreSettings

ROUNDS: Final = 5
PGBENCH_SCALE: Final = 20


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "ledger", help="durable postings/s with the hash chain on, beside pgbench"
    )
    parser.add_argument("--owners", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1_000, help="transfers a commit")
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0, help="of one round, ours and pgbench's each")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Alternate rounds of ours and of pgbench; medians. A sealer runs beside ours all the time."""
    if args.owners < 2 or args.batch < 1 or args.writers < 1:
        raise BadInput("at least 2 owners, 1 transfer a batch and 1 writer are needed", code="BAD_SIZE")
    with scratch_database(store) as database, connect(database) as conn:
        with conn.transaction():
            owners = ledger.open_owners(
                conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=[f"T{k:07d}" for k in range(args.owners)], currency="CNY"
            )
        sync = conn.execute("SHOW synchronous_commit").fetchone()
        prepare_pgbench(database)
        ours, theirs = [], []
        for k in range(ROUNDS + 1):
            print(f"\rround {k}/{ROUNDS}", end="", file=sys.stderr)
            rate = post_for(database, owners, args, seed=args.seed + k)
            tps = run_pgbench(database, seconds=args.seconds)
            if k:  # the first of each warms up
                ours.append(rate)
                theirs.append(tps)
        while ledger.seal(conn, max_entries=1_000_000).entries:
            pass
        entries, _ = ledger.count_entries(conn)
        state = ledger.read_seal_state(conn)
    assert state.entries_sealed == entries
    transfers, tps = statistics.median(ours), statistics.median(theirs)
    return {
        "transfers_per_s": round(transfers), "lines_per_s": round(2 * transfers), "pgbench_tps": round(tps),
        "pgbench": f"TPC-B -s {PGBENCH_SCALE} -c 8 -j 2 -M prepared",
        "ratio": round(transfers / tps, 2), "hash_chain": True, "sync_commit": sync[0] if sync else "?", "batch": args.batch,
        "writers": args.writers, "owners": args.owners, "entries_sealed": state.entries_sealed,
    }  # fmt: skip


def post_for(
    database: Database, owners: np.ndarray[Any, np.dtype[np.int64]], args: argparse.Namespace, *, seed: int
) -> float:
    """Post random transfers for `seconds` from `writers` connections while a sealer keeps up; transfers a second."""
    deadline = time.perf_counter() + args.seconds

    def write(k: int) -> int:
        rng = np.random.default_rng([seed, k])
        done = 0
        with connect(database) as conn:
            while time.perf_counter() < deadline:
                batch = transfers(rng, owners, args.batch)
                run_unit(conn, partial(ledger.post_entries, batch=batch))
                done += args.batch
        return done

    def keep_sealed() -> None:
        with connect(database) as conn:
            while time.perf_counter() < deadline:
                sealed = run_unit(conn, lambda c: ledger.seal(c, max_entries=50_000))
                if not sealed.entries:
                    time.sleep(0.05)

    started = time.perf_counter()
    with ThreadPoolExecutor(args.writers + 1) as pool:
        sealing = pool.submit(keep_sealed)
        done = sum(pool.map(write, range(args.writers)))
        seconds = time.perf_counter() - started
        sealing.result()
    return done / seconds


def transfers(rng: np.random.Generator, owners: np.ndarray[Any, np.dtype[np.int64]], n: int) -> EntryBatch:
    """n transfers of bank money between two random owners each."""
    first = rng.integers(0, len(owners), n)
    pair = owners[np.stack([first, (first + rng.integers(1, len(owners), n)) % len(owners)], axis=1)]
    amounts = rng.integers(1, 100_000, n)
    day = np.full(n, 20_600, np.int64)
    return EntryBatch(
        owner_id=np.ascontiguousarray(pair[:, 0]), kind=np.full(n, 8, np.int16), value_on=day, booked_on=day,
        fact_id=np.zeros(n, np.int64), line_offsets=np.arange(0, 2 * n + 1, 2, dtype=np.int64),
        line_accounts=account_keys(pair, Component.BANK_CLEARING).ravel(),
        line_amounts=np.stack([-amounts, amounts], axis=1).ravel(), currency="CNY",
    )  # fmt: skip


def prepare_pgbench(database: Database) -> None:
    """pgbench's own tables, in the same scratch database."""
    run_tool(database, ["-i", "-s", str(PGBENCH_SCALE), "-q"])


def run_pgbench(database: Database, *, seconds: float) -> float:
    """TPC-B transactions a second of eight clients."""
    printed = run_tool(database, ["-c", "8", "-j", "2", "-M", "prepared", "-T", str(max(1, round(seconds))), "-n"])
    found = re.search(r"tps = ([0-9.]+) \(without", printed)
    if found is None:
        raise WorldFailed(f"pgbench printed no tps: {printed[-300:]}")
    return float(found.group(1))


def run_tool(database: Database, arguments: list[str]) -> str:
    """Run pgbench of the embedded server, or of the operator's PATH."""
    tool = next(
        (str(p) for p in (find_wheel_dir() / "bin" / "pgbench", Path(shutil.which("pgbench") or "")) if p.is_file()),
        None,
    )
    if tool is None:
        raise WorldFailed("pgbench is not installed beside the server")
    info = conninfo_to_dict(database.owner_dsn)
    parts = {"-h": info.get("host"), "-p": info.get("port"), "-U": info.get("user"), "-d": info.get("dbname")}
    where = [word for flag, value in parts.items() if value for word in (flag, str(value))]
    done = subprocess.run(
        [tool, *where[:-2], *arguments, str(info["dbname"])], capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise WorldFailed(f"pgbench failed: {done.stderr[-500:]}")
    return done.stdout
