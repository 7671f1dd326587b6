"""`honghua bench shops`: a register of millions of merchants and a book of a million scenes: what they weigh, and what a look-up costs.

Merchants are taken over in bulk, then looked up one at a time by a purchase's own question: may this shop sell this order? Scenes are a
file of so many lines, made of the shipped ones under other names, read by the same reader.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
import tracemalloc
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.merchants import api as merchants
from honghua.merchants.core import SCENE_COLUMNS, MerchantState, Standing, judge_sale, parse_scenes
from honghua.store.database import Database, connect, run_unit, scratch_database
from honghua.store.settings import StoreSettings

NOW: Final = dt.datetime(2026, 11, 11, 4, tzinfo=dt.UTC)
ORDER_MINOR: Final = 100_000
STATES: Final = (MerchantState.ADMITTED, MerchantState.LIMITED, MerchantState.SUSPENDED, MerchantState.ENDED)
TABLES: Final = ("merchants_registry", "merchants_registry_act", "ledger_owner")
GOAL_MS: Final = 5
WARM_UP: Final = 200
IDLE_EVERY: Final = 10
ALL_MERCHANTS: Final = 40_000_000


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "shops", help="look-ups in a register of millions of merchants, and in a million scenes"
    )
    parser.add_argument("--merchants", type=int, default=2_000_000)
    parser.add_argument("--scenes", type=int, default=1_000_000)
    parser.add_argument("--lookups", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Load both, look up, weigh."""
    if min(args.merchants, args.scenes, args.lookups) < 1:
        raise BadInput("at least one merchant, scene and look-up are needed", code="BAD_SIZE")
    rng = derive_rng(args.seed, "shops")
    scenes = measure_scenes(args.scenes, args.lookups, rng)
    with scratch_database(store) as database:
        registered = measure_merchants(database, args.merchants, args.lookups, rng)
    return {"goal_lookup_p99_ms": GOAL_MS, "scenes": scenes, "merchants": registered}


def measure_scenes(number: int, lookups: int, rng: np.random.Generator) -> dict[str, Any]:
    """A book of so many scenes; what a look-up with its rules costs, and whether each scene is its own."""
    lines = make_lines(number)
    tracemalloc.start()
    began = time.perf_counter()
    book = parse_scenes(lines, source="bench")
    seconds, weight = time.perf_counter() - began, tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    shipped = sorted(merchants.load_scenes().by_code)
    wrong, took = 0, []
    for place in rng.integers(0, number, lookups).tolist():
        code = f"{shipped[place % len(shipped)]}-{place}"
        at = time.perf_counter()
        scene = book.find(code)
        took.append((time.perf_counter() - at) * 1e3)
        model = merchants.load_scenes().find(shipped[place % len(shipped)])
        assert model is not None, "it is one of them"
        wrong += scene is None or (scene.risk, scene.fee_ppm, scene.most_minor) != (
            model.risk,
            model.fee_ppm,
            model.most_minor,
        )
    return {
        "loaded": len(book), "parse_seconds_traced": round(seconds, 1), "bytes_each": round(weight / number),
        "lookups": lookups, "lookup_p99_ms": round(float(np.percentile(took, 99)), 5), "wrong": wrong,
    }  # fmt: skip


def make_lines(number: int) -> list[str]:
    """A file of so many scenes: the shipped ones in turn, each under a name of its own."""
    book = merchants.load_scenes()
    shipped = [book.by_code[code] for code in sorted(book.by_code)]
    rest = []
    for one in shipped:
        flags = [str(int(flag)) for flag in (one.trade_in, one.second_hand)]
        rest.append(",".join([
            one.zh, one.en, "|".join(one.categories), one.channel, str(one.risk), str(one.fee_ppm), "|".join(map(str, one.periods)),
            str(int(one.interest_free)), one.state_field, *flags, f"{one.most_minor // 100}.{one.most_minor % 100:02}",
            str(one.settle_days),
        ]))  # fmt: skip
    header = ",".join(SCENE_COLUMNS)
    return [header, *(f"{shipped[i % len(shipped)].code}-{i},{rest[i % len(shipped)]}" for i in range(number))]


def measure_merchants(database: Database, number: int, lookups: int, rng: np.random.Generator) -> dict[str, Any]:
    """So many merchants in the register; what a purchase's question costs, and whether each answer is its merchant's own."""
    scenes = sorted(merchants.load_scenes().by_code)
    began = time.perf_counter()
    with connect(database) as conn:
        before = weigh(conn, TABLES)
        for at in range(0, number, merchants.MERCHANTS_AT_ONCE):
            rows = [make_row(i, scenes) for i in range(at, min(number, at + merchants.MERCHANTS_AT_ONCE))]
            run_unit(
                conn, partial(merchants.take_over, rows=rows, person="bench", source="bench", currency="CNY", now=NOW)
            )
            print(f"\rregistered {at + len(rows):,}", end="", file=sys.stderr)
        seconds = time.perf_counter() - began
        bytes_each = (weigh(conn, TABLES) - before) / number
        with connect(database, owner=True) as owner:
            owner.execute(
                "VACUUM (ANALYZE)"
            )  # as autovacuum does some minutes after a load: first readers write hint bits else
        names = [name_of(place) for place in rng.integers(0, number, lookups + WARM_UP).tolist()]
        ask(conn, names[:WARM_UP])
        wrong, took, idle = ask(conn, names[WARM_UP:])
    return {
        "registered": number, "load_seconds": round(seconds, 1), "loaded_per_s": round(number / seconds), "bytes_each": round(bytes_each),
        "projected_gigabytes_of_40_million": round(bytes_each * ALL_MERCHANTS / 1e9, 1), "lookups": lookups,
        "lookup_p50_ms": round(float(np.percentile(took, 50)), 3), "lookup_p99_ms": round(float(np.percentile(took, 99)), 3),
        "idle_question_p99_ms": round(float(np.percentile(idle, 99)), 3), "wrong": wrong,
    }  # fmt: skip


def ask(conn: psycopg.Connection, names: list[str]) -> tuple[int, list[float], list[float]]:
    """(answers that are another merchant's, milliseconds each): may this shop sell an order of ORDER_MINOR?

    Then milliseconds of questions that read nothing, one in ten: what those wait for is the machine.
    """
    wrong, took, idle = 0, [], []
    for place, name in enumerate(names):
        if place % IDLE_EVERY == 0:
            idle.append(time_idle(conn))
        began = time.perf_counter()
        standing = merchants.find_standings(conn, [name]).get(name)
        refusal = judge_sale(standing, ORDER_MINOR, registered_only=True)
        took.append((time.perf_counter() - began) * 1e3)
        wrong += (refusal.code if refusal else None) != expect(int(name.split()[1]))
    return wrong, took, idle


def time_idle(conn: psycopg.Connection) -> float:
    """Milliseconds of a question that reads nothing."""
    began = time.perf_counter()
    conn.execute("SELECT 1").fetchone()
    return (time.perf_counter() - began) * 1e3


def expect(place: int) -> str | None:
    """What the register must say of the merchant at a place, from how it was made."""
    refusal = judge_sale(Standing(STATES[place % len(STATES)], most_of(place)), ORDER_MINOR, registered_only=True)
    return refusal.code if refusal else None


def make_row(place: int, scenes: list[str]) -> merchants.TakenOver:
    """The merchant at a place."""
    return merchants.TakenOver(
        merchant=name_of(place), name=f"shop no. {place}", scenes=(scenes[place % len(scenes)],), state=STATES[place % len(STATES)],
        score=place % 1_000, order_max_minor=most_of(place), settle_days=1, fee_ppm=3_000,
    )  # fmt: skip


def name_of(place: int) -> str:
    """Its reference."""
    return f"shop {place:08}"


def most_of(place: int) -> int:
    """The largest order that it may sell."""
    return ORDER_MINOR + (place % 3 - 1) * 50_000


def weigh(conn: psycopg.Connection, tables: Sequence[str]) -> int:
    """Bytes of tables with their indexes."""
    row = conn.execute(
        "SELECT sum(pg_total_relation_size(t::regclass))::bigint FROM unnest(%s::text[]) AS t", [list(tables)]
    ).fetchone()
    assert row is not None
    return int(row[0])


__all__ = ["IDLE_EVERY", "register", "run", "time_idle", "weigh"]
