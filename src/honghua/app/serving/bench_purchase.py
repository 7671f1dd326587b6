"""`honghua bench purchase`: purchases over HTTP, judged and durably booked, under load from a process on the same cores.

Beside pgbench's TPC-B on the same server in the same run; then with two workers, with a line that is twice overloaded, and on a disk that
takes 4 ms more for every flush. After each volley every answer is looked for in the books.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from honghua.app.bench.ledger import prepare_pgbench, run_pgbench
from honghua.app.report import machine
from honghua.app.serving.bench_ground import Ground, grounded, served
from honghua.app.serving.bench_town import Town
from honghua.app.serving.slow_disk import ADDED_MS, has_compiler, slowed
from honghua.base.errors import BadInput, WorldFailed
from honghua.store.database import connect
from honghua.store.settings import StoreSettings

IN_FLIGHT: Final = 256
BATCH: Final = 64
BATCHES_IN_FLIGHT: Final = 12  # at some ten thousand a second each then waits about 70 ms; more would only wait longer
SECONDS_MAX: Final = 200.0  # signatures written beforehand are no older than five minutes
OVERLOAD: Final = 2.0
OVERLOAD_LINE: Final = 256  # commands in line, so that being twice too many shows within the seconds of the bench
OVERLOAD_CONNECTIONS: Final = 1_024
FULL: Final = 0.93  # of the cores: nothing is left
PARTS: Final = ("one", "two", "overload", "slow")
SUMMED: Final = ("accepted", "booked", "lost", "doubled", "ghosts", "unheard")


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser("purchase", help="purchases/s over HTTP, judged and on disk")
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="of the first single and batch volley; others are shorter"
    )
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--in-flight", type=int, default=IN_FLIGHT, help="single calls under way (%(default)s)")
    parser.add_argument("--batches", type=int, default=BATCHES_IN_FLIGHT, help="batch calls under way (%(default)s)")
    parser.add_argument("--parts", default=",".join(PARTS), help="which to run, of %(default)s")
    parser.add_argument(
        "--all-values", action="store_true", help="sense every value there is, not only those that the model reads"
    )
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, _store: StoreSettings) -> dict[str, Any]:
    """All parts, each on a server of this bench's own."""
    parts = args.parts.split(",")
    if not 1 <= args.seconds <= SECONDS_MAX or args.people < 100 or not set(parts) <= set(PARTS):
        raise BadInput(f"1 … {SECONDS_MAX:.0f} seconds, at least 100 people, parts of {PARTS}", code="BAD_SIZE")
    town = Town(people=args.people, events=int(args.seconds * 60_000), seed=args.seed, senses_all=args.all_values)
    say("a durable server, a town, a model")
    with grounded(town) as ground:
        found = measure_all(args, parts, ground)
        if "slow" in parts:
            found["slow_disk"] = measure_slow(args, ground)
        found["values"] = ground.values
    volleys = [one for one in walk(found) if "accepted" in one]
    totals = {name: sum(int(one[name]) for one in volleys) for name in SUMMED}
    first = found.get("single")
    ratio = round(first["per_s"] / found["pgbench_tps"], 2) if first and found["pgbench_tps"] else None
    sound = not (totals["lost"] or totals["doubled"] or totals["ghosts"])
    return {**found, "ratio_single": ratio, **totals, "ok": sound, "people": args.people, "workers": 1}


def measure_all(args: argparse.Namespace, parts: list[str], ground: Ground) -> dict[str, Any]:
    """What is measured on the disk as it is."""
    with connect(ground.database) as conn:
        sync = conn.execute("SHOW synchronous_commit").fetchone()
    found: dict[str, Any] = {"sync_commit": sync[0] if sync else "?", "pgbench_tps": try_pgbench(args, ground)}
    if "one" in parts:
        found |= measure_pair(args, ground, workers=1, seconds=args.seconds)
    if "two" in parts:
        found["two_workers"] = measure_pair(args, ground, workers=2, seconds=args.seconds / 3)
    if "overload" in parts:
        found["overload"] = measure_overload(args, ground)
    return found


def measure_pair(args: argparse.Namespace, ground: Ground, *, workers: int, seconds: float) -> dict[str, Any]:
    """Single calls, then batch calls."""
    with served(ground, workers=workers, seed=args.seed) as range_:
        say(f"{workers} worker(s): single calls")
        single = range_.measure(seconds=seconds, connections=args.in_flight, size=1)
        say(f"{workers} worker(s): batch calls")
        batch = range_.measure(seconds=seconds, connections=args.batches, size=BATCH)
    return {"single": {**single, "bound": tell_bound(single)}, "batch": {**batch, "bound": tell_bound(batch)}}


def measure_overload(args: argparse.Namespace, ground: Ground) -> dict[str, Any]:
    """Twice as many single calls as can be answered fall due, whether answers come or not."""
    seconds = max(args.seconds / 3, 3.0)
    with served(ground, workers=1, seed=args.seed, waiting_max=OVERLOAD_LINE) as range_:
        say("twice overloaded")
        rate = OVERLOAD * range_.probe(connections=args.in_flight, size=1)
        orders = range_.orders(
            seconds=seconds, connections=OVERLOAD_CONNECTIONS, size=1, requests=int(rate * seconds) + 1, rate=rate
        )
        return {"offered_per_s": round(rate), **range_.volley(orders)}


def measure_slow(args: argparse.Namespace, ground: Ground) -> dict[str, Any]:
    """The same server on a slower disk."""
    if not has_compiler():
        return {"skipped": "no C compiler here"}
    with slowed(ground.database, ground.store.state_dir, ground.folder):
        say(f"{ADDED_MS} ms more for every flush")
        tps = try_pgbench(args, ground)
        pair = measure_pair(args, ground, workers=1, seconds=args.seconds / 3)
    return {"added_ms": ADDED_MS, "pgbench_tps": tps, **pair}


def try_pgbench(args: argparse.Namespace, ground: Ground) -> int | None:
    """TPC-B of eight clients, None where pgbench is not there."""
    say("pgbench")
    try:
        prepare_pgbench(ground.database)
        return round(run_pgbench(ground.database, seconds=max(args.seconds / 4, 3.0)))
    except WorldFailed as error:
        say(str(error))
        return None


def tell_bound(found: dict[str, Any]) -> str:
    """What bounds a volley, from the processors' own counts."""
    cores = machine()["cores"]
    most = max(found["cpu_s"], key=lambda name: float(found["cpu_s"][name]))
    if found["cores_used"] >= FULL * cores:
        return f"the {cores} cores are full; most of it is {most}"
    if found["chain_share"] >= FULL:
        return "the desk and its backend, who take turns"
    return "waiting: for the disk, for other programs on this machine, or for more calls in flight"


def walk(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every dict in it."""
    inner = [one for value in found.values() if isinstance(value, dict) for one in walk(value)]
    return [found, *inner]


def say(text: str) -> None:
    """Progress goes to stderr."""
    print(text, file=sys.stderr, flush=True)


__all__ = ["register", "run"]
