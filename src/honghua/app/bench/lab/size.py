"""`honghua bench lab-size`: `honghua lab run` on a long and wide generated table – seconds, processor seconds, peak memory.

The table is drawn block by block and thrown away: its signals, noise and leak are planted, so that what the run left out can be told.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from honghua.base.errors import BadInput, WorldFailed
from honghua.base.rng import derive_rng
from honghua.store.settings import StoreSettings

SEED: Final = 20261122
BLOCK: Final = 50_000  # rows held at once while the table is written
SIGNALS: Final = 40
WORDS: Final = tuple("abcdefghij")
EVERY_WORDS, EVERY_HOLES = 20, 3  # each so many columns: words instead of numbers, and holes
LEAK: Final = "paid_off_afterwards"
TARGET: Final = "bad"


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser("lab-size", help="one long and wide table through `lab run`")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=200, help="of which 40 say something and one knows the outcome")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--threads", type=int, default=2)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Write the table, give it to a process of its own, and tell what that took."""
    del store
    if args.rows < 1_000 or args.columns < SIGNALS + 2:
        raise BadInput(f"at least 1,000 rows and {SIGNALS + 2} columns are wanted", code="BAD_SIZE")
    with tempfile.TemporaryDirectory(prefix="honghua-size-") as scratch:
        path = Path(scratch) / "table.parquet"
        write_table(path, rows=args.rows, columns=args.columns, seed=args.seed)
        print(f"honghua: {path.stat().st_size / 1e6:,.0f} MB written", file=sys.stderr)
        return run_lab(path, Path(scratch) / "model", args)


def write_table(path: Path, *, rows: int, columns: int, seed: int) -> None:
    """The planted table as parquet: columns s00 … tell with falling strength, n000 … do not; a few are words, every third has holes."""
    weights = 0.45 * 0.93 ** np.arange(SIGNALS)
    writer = None
    try:
        for start in range(0, rows, BLOCK):
            block = draw_block(min(BLOCK, rows - start), columns, weights, derive_rng(seed, "size", start))
            writer = writer or pq.ParquetWriter(path, block.schema)
            writer.write_table(block)
    finally:
        if writer is not None:
            writer.close()


def draw_block(rows: int, columns: int, weights: np.ndarray[Any, Any], rng: np.random.Generator) -> pa.Table:
    """So many rows of it."""
    x = rng.normal(size=(rows, columns - 1)).astype(np.float32)
    signal = x[:, :SIGNALS]
    pairs = signal[:, 0:8:2] * signal[:, 1:8:2]
    margin = signal @ weights + 0.25 * pairs.sum(axis=1) - 3.0
    bad = rng.random(rows) < 1.0 / (1.0 + np.exp(-margin))
    told: dict[str, Any] = {TARGET: bad.astype(np.int8)}
    for place in range(columns - 1):
        name = f"s{place:02d}" if place < SIGNALS else f"n{place:03d}"
        values = x[:, place].astype(np.float64)
        if place % EVERY_WORDS == EVERY_WORDS - 1:
            words = np.clip(np.floor(values * 2.0 + len(WORDS) / 2), 0, len(WORDS) - 1).astype(np.int64)
            told[name] = pa.DictionaryArray.from_arrays(words, list(WORDS)).cast(pa.string())
            continue
        if place % EVERY_HOLES == EVERY_HOLES - 1:
            values[rng.random(rows) < 0.1] = np.nan
        told[name] = pa.array(values, from_pandas=True)
    told[LEAK] = np.where(bad, 0.0, rng.gamma(2.0, 500.0, rows))
    return pa.table(told)


def run_lab(path: Path, out: Path, args: argparse.Namespace) -> dict[str, Any]:
    """`honghua lab run` as a user calls it, in a process of its own."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable, "-m", "honghua.app.cli", "lab", "run", "--data", str(path), "--target", TARGET, "--out", str(out), "--json",
        "--seed", str(args.seed), "--threads", str(args.threads),
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise WorldFailed(f"`honghua lab run` ended with {done.returncode}", code="BENCH_FAILED")
    told = json.loads(done.stdout)
    accepted = told["accepted"]
    return {
        "rows": told["rows"], "columns": told["columns"], "table_mb": round(path.stat().st_size / 1e6),
        "lab_run_s": round(time.perf_counter() - started, 1),
        "processor_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mb": round(after.ru_maxrss / 1024),  # of the largest process that this one has waited for: that of the run
        "champion_auc": told["champion"]["auc"], "challenger_auc": told["challenger"]["auc"],
        "signals_accepted": sum(name.startswith("s") for name in accepted), "signals": SIGNALS,
        "noise_accepted": sum(name.startswith("n") for name in accepted), "noise": args.columns - 1 - SIGNALS,
        "leak_left_out": LEAK not in accepted, "verdict": told["verdict"],
        "steps_s": {step["name"]: round(float(step["seconds"]), 1) for step in told["steps"]},
    }  # fmt: skip


__all__ = ["register", "run", "write_table"]
