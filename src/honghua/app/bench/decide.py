"""`honghua bench decide`: whole decisions in process: windows, graph, three detectors, their fusion with reasons, 100 rules."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench import rules
from honghua.base.errors import BadInput
from honghua.decision import api as decision
from honghua.decision.api import DecisionEngine, EngineSettings, Watch
from honghua.decision.core import ACCOUNT_INPUTS, POLICIES, engine_vocabulary
from honghua.features.core import Schema
from honghua.fraud.api import FitSettings, FraudModel, Fusion, SensorSize, fit_fraud
from honghua.fraud.core import DETECTORS, RiskPlan
from honghua.graph.core import CUSTOMER, MERCHANT
from honghua.models.api import build_model, train_forest
from honghua.store.database import connect, scratch_database
from honghua.store.settings import StoreSettings

Ints = NDArray[np.int64]
START_US: Final = 1_700_000_000_000_000
SPAN_US: Final = 29 * 86_400_000_000  # the live edges lie within the window of 30 days
FILL_BLOCK: Final = 1_000_000
FIT_ROWS: Final = 20_000
LEAVES: Final = 31
ROUNDS: Final = 5
SCHEMA: Final = Schema(
    ("customer", "merchant", "device"), ("available_minor", "limit_minor", "hour", "weekday", "credit")
)


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "decide", help="whole decisions a second and core, and one alone"
    )
    parser.add_argument("--edges", type=int, default=20_000_000, help="live edges in the graph")
    parser.add_argument(
        "--decisions", type=int, default=51_200, help="decided in batches, each of %(default)s / rounds"
    )
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--singles", type=int, default=2_000, help="decided one by one")
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fill, fit, release, then decide in batches and one by one; the database only holds the release."""
    if min(args.edges, args.decisions, args.batch, args.singles, args.trees, args.rules) < 1:
        raise BadInput("every size is at least 1", code="BAD_SIZE")
    rng = np.random.default_rng(args.seed)
    people = max(1_000, args.edges // 10)
    size = SensorSize(entities=2 * people, nodes=3 * people, edges=args.edges + args.decisions * 8, keys=people)
    engine = DecisionEngine(RiskPlan(SCHEMA), settings=EngineSettings(size))
    fill(engine, rng, args.edges, people)
    events = make_events(rng, FIT_ROWS + 2 * args.decisions + 2 * args.singles, people)
    values = engine.absorb(events[:FIT_ROWS], np.arange(FIT_ROWS))
    engine.use(fit_model(engine, values, rng, trees=args.trees, seed=args.seed))
    with scratch_database(store) as database, connect(database) as conn:
        with conn.transaction():
            release(conn, args.rules)
        judge = Watch(engine.terms()).judge(conn)
    account = account_matrix(len(events))
    at = FIT_ROWS
    rates = []
    for k in range(-1, ROUNDS):  # the first round warms up
        n = max(args.batch, args.decisions // ROUNDS // args.batch * args.batch)
        began = time.process_time()
        for _ in range(n // args.batch):
            part = slice(at, at + args.batch)
            engine.decide_batch(events[part], np.arange(part.start, part.stop), account[part], judge)
            at += args.batch
            at = at if at + args.batch <= len(events) else FIT_ROWS
        if k >= 0:
            rates.append(n / (time.process_time() - began))
    taken = np.empty(args.singles)
    parts = np.empty((args.singles, 2))
    for k in range(args.singles):
        row = len(events) - args.singles + k
        one, numbers = events[row : row + 1], account[row].tolist()
        began = time.perf_counter()
        sensed = engine.sense(one, np.array([row]), judge=judge)
        felt = time.perf_counter()
        engine.judge(sensed, 0, numbers)
        taken[k] = time.perf_counter() - began
        parts[k] = felt - began, time.perf_counter() - felt
    compared = rules.run(argparse.Namespace(rules=args.rules, calls=500, batch=1_000, seed=args.seed), store)
    return {
        "per_s_core": round(float(np.median(rates))), "single_us_p50": round(float(np.median(taken)) * 1e6, 1),
        "single_us_p99": round(float(np.quantile(taken, 0.99)) * 1e6, 1), "values": len(engine.sensor.names),
        "trees": args.trees, "rules": len(judge.force.champion.rules), "edges": engine.sensor.counters()["graph"]["edges"],
        "detectors": len(DETECTORS), "batch": args.batch, "rules_us_p50": compared["rules_us_p50"],
        "zen_us_p50": compared["zen_us_p50"], "tree_us_p50": time_trees(engine, values),
        "sense_us_p50": round(float(np.median(parts[:, 0])) * 1e6, 1),
        "judge_us_p50": round(float(np.median(parts[:, 1])) * 1e6, 1),
    }  # fmt: skip


def fill(engine: DecisionEngine, rng: np.random.Generator, edges: int, people: int) -> None:
    """A month of purchases in the graph, before anything is decided."""
    sensor = engine.sensor.graph
    assert sensor is not None, "this plan has a graph"
    for start in range(0, edges, FILL_BLOCK):
        n = min(FILL_BLOCK, edges - start)
        at_us = START_US + (start + np.arange(n)) * (SPAN_US // edges)
        ends = (1 + rng.integers(0, people, n), 10**12 + rng.zipf(1.3, n) % (people // 10))
        sensor.graph.append(at_us, ends, rng.integers(100, 100_000, n), types=(CUSTOMER, MERCHANT))


def make_events(rng: np.random.Generator, n: int, people: int) -> Ints:
    """Purchases after that month, one every 10 ms."""
    events = np.zeros((n, SCHEMA.width), np.int64)
    events[:, 0] = START_US + SPAN_US + np.arange(n) * 10_000
    events[:, 1], events[:, 2], events[:, 3] = 1, rng.integers(100, 100_000, n), events[:, 0]
    for name, keys in (
        ("customer", 1 + rng.integers(0, people, n)),
        ("merchant", 10**12 + rng.zipf(1.3, n) % (people // 10)),
        ("device", 10**13 + rng.integers(0, people, n)),
        ("available_minor", rng.integers(0, 10**6, n)),
        ("limit_minor", np.full(n, 10**6)),
        ("hour", rng.integers(0, 24, n)),
        ("weekday", rng.integers(0, 7, n)),
        ("credit", np.ones(n, np.int64)),
    ):
        events[:, SCHEMA.place(name)] = keys
    return events


def fit_model(
    engine: DecisionEngine, values: NDArray[np.float32], rng: np.random.Generator, *, trees: int, seed: int
) -> FraudModel:
    """A model of the full size on drawn labels: what a score costs does not depend on how good it is."""
    labels = (rng.random(len(values)) < 0.05).astype(np.int64)
    described = engine.sensor.values
    model = fit_fraud(values, labels, described=described, settings=FitSettings(seed=seed, rounds=20)).model
    voices = [model.detectors[family].voices(values)[0] for family in DETECTORS]
    late, blind = (grow(fusion, values, voices, labels, trees, seed) for fusion in (model.late, model.blind))
    return replace(model, late=late, blind=blind)


def grow(fusion: Fusion, values: NDArray[np.float32], voices: Any, labels: Ints, trees: int, seed: int) -> Fusion:
    """The same fusion with a forest of exactly so many trees."""
    x = fusion.matrix(values, voices)
    recipe: dict[str, Any] = {"rounds": trees, "seed": seed, "num_threads": 2}
    recipe["params"] = {"num_leaves": LEAVES, "min_data_in_leaf": 20, "learning_rate": 0.05}
    names = [f"v{k}" for k in range(x.shape[1])]
    return replace(fusion, model=build_model(train_forest(x, labels.astype(np.float64), names=names, **recipe).forest))


def release(conn: Any, count: int) -> None:
    """The purchase policy with as many further rules as it lacks, through maker and checker: two robots."""
    source = POLICIES["purchase-risk"]
    have = source.count(" = refuse(") + source.count(" = review(") + source.count(" = step_up(")
    more = [
        f'    more_{k} = step_up("VELOCITY", kind="sms", when=fused >= {0.9 + k / 2_000:.4f} and statements < {k % 7 + 1} '
        f"and account_age_days < {k + 1}, missing=skip)"
        for k in range(max(0, count - have - 3))
    ]
    source = source.replace("with score:\n", "with score:\n" + "\n".join(more) + "\n", 1)
    row = decision.propose(
        conn, decision.Proposal("bench", source, engine_vocabulary()), decision.Act("bench robot 1", "a bench")
    )
    checker = decision.Act("bench robot 2", "a bench")
    decision.review(conn, row.release_id, checker, approved=True)
    decision.activate(conn, row.release_id, checker, role=decision.Role.CHAMPION)


def account_matrix(n: int) -> NDArray[np.float64]:
    """Accounts in good order."""
    good = {
        "amount_minor": 5_000,
        "amount_minor_max": 10**7,
        "available_minor": 10**6,
        "status": 1,
        "is_consumption": 1,
    }
    good |= {"limit_minor": 10**6, "risk_class": 1, "statements": 4, "account_age_days": 200}
    return np.tile([float(good.get(name, 0)) for name in ACCOUNT_INPUTS], (n, 1))


def time_trees(engine: DecisionEngine, values: NDArray[np.float32]) -> float:
    """Median microseconds of the fusion's forest on one row."""
    assert engine.model is not None, "a model was fitted"
    fusion = engine.model.blind
    assert fusion.model is not None, "with a forest"
    voices = [engine.model.detectors[family].voices(values[:500])[0] for family in DETECTORS]
    x = fusion.matrix(values[:500], voices)
    out, taken = np.zeros(1), np.empty(len(x))
    for k in range(len(x)):
        began = time.perf_counter()
        fusion.model.forest.score_into(x[k : k + 1], out)
        taken[k] = time.perf_counter() - began
    return round(float(np.median(taken)) * 1e6, 2)
