"""`honghua bench factory`: a city's raw events to named, ranked, computed variables, the same values online, and a subset served.

Truth is read at the end only, for the accuracy of tags; the factory, the tags and the graph never see it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.lab.tag_truth import truths_of
from honghua.app.city.making import add_city_arguments, read_make_plan, show_progress
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.features.api import FeatureStore
from honghua.lab.factory.api import (
    Computer,
    Factory,
    Ranking,
    RankSettings,
    Rows,
    Stream,
    compute,
    load_stream,
    probe_events,
    rank,
    shipped_dictionary,
    snapshot_rows,
    to_plan,
    with_last,
)
from honghua.lab.following.api import Profiles
from honghua.lab.knowledge.api import Graph, measure, read_tasks
from honghua.lab.tags.api import TagBook, accuracy, fit_tags, forbidden_inputs, read_tags, values_of
from honghua.sim.api import make_city
from honghua.store.settings import StoreSettings

BACK_DAYS: Final = (90, 60, 31)  # before the end: the moments of the rows; the target lies in the 30 days after each
OUTCOME_DAYS: Final = 30
REFUSALS: Final = "refusals"
BATCH: Final = 20_000
COMPARED_ROWS: Final = 1_000
SERVED: Final = 2_000


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "factory", help="raw events to 100,000 named variables, ranked, equal online, and tags with their accuracy"
    )
    add_city_arguments(parser)
    parser.add_argument("--city", type=Path, default=None, help="files of `sim make` instead of a fresh city")
    parser.add_argument("--truth", type=Path, default=None, help="the truth's folder of these files")
    parser.set_defaults(bench=run, people=32_000, days=180)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Make the city (or take the one that is there), load it, rank, compute, compare with the online store, serve, tag and ask."""
    if (args.city is None) != (args.truth is None):
        raise BadInput("--city and --truth go together", code="BAD_CITY")
    with tempfile.TemporaryDirectory(prefix="honghua-factory-") as scratch:
        city, truth = args.city or Path(scratch) / "city", args.truth or Path(scratch) / "truth"
        if args.city is None:
            make_city(read_make_plan(args, city, truth), progress=show_progress)
        started = time.perf_counter()
        stream = load_stream(shipped_dictionary("city"), city)
        loaded = time.perf_counter() - started
        rows, target = refusal_rows(stream)
        ranking = rank(stream, rows, target, RankSettings(seed=args.seed), progress=_say)
        told = {
            "events": stream.rows, "customers": len(stream.customers()), "load_s": round(loaded, 1), **tell_ranking(ranking, rows, target),
            **measure_speed(stream, rows, args.seed), **compare_online(stream, rows, ranking.winners, args.seed),
            **tell_tags(stream, city, truth), **tell_knowledge(stream),
        }  # fmt: skip
    return told | {"peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def refusal_rows(stream: Stream) -> tuple[Rows, NDArray[np.uint8]]:
    """Everybody at three moments, and whether a purchase of theirs was refused in the 30 days after: known by the events alone."""
    table = stream.dictionary.table(REFUSALS)
    assert table is not None, "the city's dictionary has it"
    rows = snapshot_rows(stream, [stream.last_us - days * DAY_US for days in BACK_DAYS])
    at, refused = stream.columns["at_us"], stream.columns["kind"] == table.kind
    target = np.zeros(len(rows), np.uint8)
    for moment in np.unique(rows.as_of_us):
        start, end = np.searchsorted(at, [moment, moment + OUTCOME_DAYS * DAY_US], side="right").tolist()
        mine = rows.as_of_us == moment
        target[mine] = np.isin(rows.keys["customer"][mine], stream.columns["customer"][start:end][refused[start:end]])
    return with_last(stream, rows, ("device", "merchant")), target


def tell_ranking(ranking: Ranking, rows: Rows, target: NDArray[np.uint8]) -> dict[str, Any]:
    """What the search did."""
    return {
        "rows": len(rows), "target_rate": round(float(target.mean()), 4), "ranking_variables": ranking.named,
        "ranking_s": round(ranking.seconds, 1), "ranking_values": ranking.computed, "values_if_all": ranking.named * len(rows),
        "winners": len(ranking.winners), "best": [[one.name, round(one.iv_confirmed, 3)] for one in ranking.ranked if one.kept][:5],
    }  # fmt: skip


def measure_speed(stream: Stream, rows: Rows, seed: int) -> dict[str, Any]:
    """All names counted, and every variable that these rows have keys for computed on a thousand of them."""
    factory = Factory(stream.dictionary)
    some = rows.take(
        np.sort(derive_rng(seed, "bench", "factory").choice(len(rows), min(COMPARED_ROWS, len(rows)), replace=False))
    )
    names = [one for one in factory.names() if one.startswith("customer__")][::20]
    computer = Computer(stream, some)
    variables = [factory.find(name) for name in names]
    computer.values(variables[:50])
    started = time.perf_counter()
    computer.values(variables)
    seconds = time.perf_counter() - started
    return {"variables_named": factory.count, "values_per_s": round(len(names) * len(some) / seconds)}


def compare_online(stream: Stream, rows: Rows, winners: Sequence[str], seed: int) -> dict[str, Any]:
    """The winners at some rows by the factory and by the live store over all events; then single questions on the clock."""
    some = rows.take(
        np.sort(derive_rng(seed, "bench", "online").choice(len(rows), min(COMPARED_ROWS, len(rows)), replace=False))
    )
    offline = compute(stream, winners, some)
    plan = to_plan(stream.dictionary, winners)
    live = FeatureStore(plan, capacities={"+".join(key): 5_000_000 for key in plan.plan.keys})
    asked = probe_events(stream.dictionary, some)
    at = np.searchsorted(stream.columns["at_us"], some.as_of_us, side="right")
    online = np.empty((len(some), len(plan.names)), np.float32)
    begun = time.perf_counter()
    for moment in np.unique(some.as_of_us):
        before = int(at[some.as_of_us < moment].max(initial=0))
        mine = np.flatnonzero(some.as_of_us == moment)
        _feed(live, stream, before, int(at[mine[0]]))
        online[mine] = live.values(asked[mine])
    seconds = time.perf_counter() - begun
    columns = [plan.names.index(name) for name in winners]
    same = (online[:, columns] == offline) | (np.isnan(online[:, columns]) & np.isnan(offline))
    took = np.zeros(SERVED)
    for place in range(SERVED):
        question = asked[place % len(asked)][None, :].copy()
        question[0, 0] = question[0, 3] = some.as_of_us.max() + place
        started = time.perf_counter_ns()
        live.values(question)
        took[place] = (time.perf_counter_ns() - started) / 1e6
    p50, p99 = np.percentile(took, (50, 99)).tolist()
    return {
        "compared": int(same.size), "mismatches": int((~same).sum()), "online_values": len(plan.names),
        "online_events_per_s": round(int(at.max()) / seconds), "served_ms_p50": round(p50, 3), "served_ms_p99": round(p99, 3),
    }  # fmt: skip


def _feed(live: FeatureStore, stream: Stream, start: int, stop: int) -> None:
    for first in range(start, stop, BATCH):
        live.values(stream.matrix(start=first, stop=min(first + BATCH, stop)))


def tell_tags(stream: Stream, city: Path, truth: Path) -> dict[str, Any]:
    """Tags on everybody seen: coverage, accuracy where truth is known, and how fresh a live profile is."""
    book = read_tags()
    rows = snapshot_rows(stream, [stream.last_us])
    started = time.perf_counter()
    fitted = fit_tags(book, stream, rows)
    seconds = time.perf_counter() - started
    reach = fitted.reach(stream, rows)
    found = accuracy(fitted, values_of(book, stream, rows), truths_of(city, truth, stream, rows))
    known = [one for one in found if np.isfinite(one.lift)]
    return {
        "tags": len(book.tags), "credit_tags": sum(tag.credit for tag in book.tags), "tags_fit_s": round(seconds, 1),
        "forbidden_inputs": len(forbidden_inputs(book, stream.dictionary)),
        "tags_given": sum(one.tagged > 0 for one in reach),
        "tag_coverage_median": round(float(np.median([one.covered for one in reach])), 3),
        "tags_with_truth": len(found), "tags_that_inform": sum(one.informs for one in known),
        "tags_that_do_not": [one.name for one in known if not one.informs],
        "tag_accuracy": {
            one.name: [one.truth, *(round(x, 3) for x in (one.base_rate, one.precision, one.recall, one.balanced))] for one in known
        },
        **freshness(stream, book, rows),
    }  # fmt: skip


def freshness(stream: Stream, book: TagBook, rows: Rows) -> dict[str, Any]:
    """From a fact fed to the profile that holds it, one by one, over the last events: the platform's part of a profile's lag."""
    fitted = fit_tags(book, stream, rows)
    live = Profiles(stream.dictionary, fitted)
    start = max(0, stream.rows - 40 * SERVED)
    for first in range(start, stream.rows - SERVED, BATCH):
        live.feed(stream.matrix(start=first, stop=min(first + BATCH, stream.rows - SERVED)))
    took = np.zeros(SERVED)
    for place in range(SERVED):
        event = stream.matrix(start=stream.rows - SERVED + place, stop=stream.rows - SERVED + place + 1)
        begun = time.perf_counter_ns()
        live.feed(event)
        live.profile(int(event[0, stream.schema.place("customer")]), int(event[0, 0]))
        took[place] = (time.perf_counter_ns() - begun) / 1e6
    p50, p99 = np.percentile(took, (50, 99)).tolist()
    return {"profile_ms_p50": round(p50, 2), "profile_ms_p99": round(p99, 2)}


def tell_knowledge(stream: Stream) -> dict[str, Any]:
    """The graph's questions: hit at 1 and 5, of the half that it was tuned on and of the half that it was not."""
    graph = Graph.of_dictionary(stream.dictionary, tags=read_tags())
    parts = [measure(graph, read_tasks(), part) for part in ("tune", "held")]
    return {
        f"asked_{one.part}": {"tasks": one.tasks, "hit_at_1": one.hit_at_1, "hit_at_5": one.hit_at_5} for one in parts
    }


__all__ = ["refusal_rows"]
