"""`honghua bench decide`: whole decisions in process: windows, graph, three detectors, their fusion with reasons, 100 rules.

The plan reads what `choose_plan` names (`--whole`: all that can be sensed), more than 200 values over windows of time; the forests read
them. The graph is filled to its live edges before anything is decided. Then come two streams: *known* buyers come back to shops and
devices where they were seen before, *new* ones are drawn afresh, so that rows are made and pages first touched. Rates count the
processor's time of this process, so that a busy neighbour is not taken for work.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import lightgbm
import numpy as np
from numpy.typing import NDArray

from honghua.app.bench import rules
from honghua.base.clock import DAY_US
from honghua.base.errors import BadInput
from honghua.decision import api as decision
from honghua.decision.api import DecisionEngine, EngineSettings, Watch
from honghua.decision.core import ACCOUNT_INPUTS, POLICIES, engine_vocabulary
from honghua.features.core import Schema
from honghua.fraud.api import Chosen, FitSettings, FraudModel, Fusion, SensorSize, fit_fraud
from honghua.fraud.core import DETECTORS, SILENCE, Family, RiskPlan, Value
from honghua.graph.core import CUSTOMER, DEVICE, MERCHANT
from honghua.models.api import build_model, train_forest
from honghua.store.database import connect, scratch_database
from honghua.store.settings import StoreSettings

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
START_US: Final = 1_700_000_000_000_000
SPAN_US: Final = 29 * DAY_US  # the live edges lie within the window of 30 days
EVENT_US: Final = 10_000
FILL_BLOCK: Final = 500_000
WARM_BLOCK: Final = 4_096
EDGES_A_PERSON: Final = 22
EDGES_AN_EVENT: Final = 2  # shop and device
FIT_ROWS: Final = 8_000
FRAUD_SHARE: Final = 0.05
LEAVES: Final = 31
ROUNDS: Final = 5
FIRST_SINGLES: Final = 100  # warm up
STREAMS: Final = ("known", "new")
GROUPS: Final = (
    "own",
    "things",
    "links",
    "tied",
    "community",
)  # all but the second crowd, the buyers of the same shops
HABITS: Final = 17  # of each entity's memory: habits stand first, then labels and trails, which this plan doesn't read
WINDOW_VALUES_MIN: Final = 200
STAGES: Final = ("features", "graph", "memory", "detectors", "forest", "policy")
SCHEMA: Final = Schema(
    ("customer", "merchant", "device"), ("available_minor", "limit_minor", "hour", "weekday", "credit")
)


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "decide", help="whole decisions a second and core, and one alone"
    )
    parser.add_argument("--edges", type=int, default=20_000_000, help="live edges in the graph")
    parser.add_argument("--warm", type=int, default=3_000_000, help="events that everything has seen before")
    parser.add_argument("--decisions", type=int, default=51_200, help="decided in batches, in five rounds")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--singles", type=int, default=4_000, help="decided one by one")
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--whole", action="store_true", help="sense every value there is")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


@dataclass(slots=True)
class Bench:
    """What is decided with, and the events not yet decided: each is taken once."""

    engine: DecisionEngine
    judge: Any
    events: Ints
    at: int
    met: int  # the first so many events were taken in before anything was decided

    def take(self, n: int, *, stream: str = "new") -> tuple[Ints, Ints]:
        """The next n events and their ids; of the known stream, with the customer, shop and device of one met before."""
        part = slice(self.at, self.at + n)
        assert part.stop <= len(self.events), "as many events as are decided"
        events = self.events[part]
        if stream == "known":
            met = np.random.default_rng(self.at).integers(0, self.met, n)
            events = events.copy()
            for name in SCHEMA.entities:
                events[:, SCHEMA.place(name)] = self.events[met, SCHEMA.place(name)]
        self.at += n
        return events, np.arange(part.start, part.stop)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fill, fit, release, then decide in batches and one by one; the database only holds the release."""
    if min(args.edges, args.decisions, args.batch, args.singles, args.trees, args.rules) < 1 or args.warm < 0:
        raise BadInput("every size is at least 1", code="BAD_SIZE")
    began = time.perf_counter()
    rounds = ROUNDS * max(1, args.decisions // ROUNDS // args.batch)
    bench, values = fill_all(args, rounds)
    engine = bench.engine
    filled = time.perf_counter() - began
    engine.use(fit_model(engine, values, trees=args.trees, seed=args.seed))
    with scratch_database(store) as database, connect(database) as conn:
        with conn.transaction():
            release(conn, args.rules)
        bench.judge = Watch(engine.terms()).judge(conn)
    found: dict[str, Any] = {}
    for stream in STREAMS:
        rates = measure_batches(bench, args.batch, rounds // ROUNDS, stream)
        taken, cpu_us = measure_singles(bench, args.singles, stream)
        found |= {
            f"{stream}_per_s_core": round(float(np.median(rates))), f"{stream}_per_s_core_rounds": [round(rate) for rate in rates],
            f"{stream}_single_us_p50": tell(taken, 0.5), f"{stream}_single_us_p99": tell(taken, 0.99),
            f"{stream}_single_cpu_us": round(cpu_us, 1),
            f"{stream}_batch_stages_us": measure_stages(bench, args.batch, rounds, time.process_time_ns, stream),
            f"{stream}_single_stages_us": measure_stages(bench, 1, args.singles, time.perf_counter_ns, stream),
        }  # fmt: skip
    trees_us, lightgbm_us = time_trees(engine, values)
    compared = rules.run(argparse.Namespace(rules=args.rules, calls=500, batch=1_000, seed=args.seed), store)
    held = engine.sensor.counters()
    return {
        "per_s_core": min(found[f"{stream}_per_s_core"] for stream in STREAMS),
        "single_us_p50": max(found[f"{stream}_single_us_p50"] for stream in STREAMS), **found, **count_values(engine),
        "trees": args.trees, "rules": len(bench.judge.force.champion.rules), "edges": held["graph"]["edges"],
        "nodes": held["graph"]["nodes"], "entities": held["entities"], "detectors": len(DETECTORS), "batch": args.batch,
        "rules_us_p50": compared["rules_us_p50"], "zen_us_p50": compared["zen_us_p50"], "tree_us_p50": trees_us,
        "lightgbm_us_p50": lightgbm_us, "filled_s": round(filled, 1),
    }  # fmt: skip


def choose_plan(*, whole: bool) -> RiskPlan:
    """What is sensed: every window, the graph but for its second crowd, the event's own values and the habits of its entities."""
    plan = RiskPlan(SCHEMA)
    if whole:
        return plan
    assert plan.edges is not None, "this schema has edges"
    windows = [one.name for one in plan.definitions]
    edges = [f"graph_{name}" for group, names in plan.edges.asked() if group in GROUPS for name in names]
    assert len(windows) + len(edges) >= WINDOW_VALUES_MIN, "what the bar asks for"
    habits = [value.name for value in plan.memory_values if not value.entity]
    for entity in SCHEMA.entities:
        habits += [value.name for value in plan.memory_values if value.entity == entity][:HABITS]
    return plan.reading([*windows, *edges, *habits])


def count_values(engine: DecisionEngine) -> dict[str, Any]:
    """How many values are sensed, by who senses them, and how many of these the forests split on."""
    assert engine.model is not None, "a model was fitted"
    sensor, model = engine.sensor, engine.model
    read: set[int] = set()
    for columns, part in [(d.tail.columns, d.model) for d in model.detectors.values()] + [
        (fusion.columns, fusion.model) for fusion in (model.late, model.blind)
    ]:
        if part is not None:
            counts = lightgbm.Booster(model_str=part.forest.text).feature_importance("split")[: len(columns)]
            read |= set(columns[counts > 0].tolist())
    widths = [
        0 if part is None else sum(n in sensor.names for n in part.names) for part in (sensor.store, sensor.graph)
    ]
    return {
        "values": len(sensor.names), "values_of_windows": widths[0], "values_of_graph": widths[1],
        "values_of_memory": len(sensor.names) - sum(widths), "values_split_on": len(read),
    }  # fmt: skip


def fill_all(args: argparse.Namespace, rounds: int) -> tuple[Bench, Floats]:
    """The engine after a month in the graph and the warm-up in everything, and the values of the last FIT_ROWS events."""
    rng = np.random.default_rng(args.seed)
    people = max(1_000, args.edges // EDGES_A_PERSON)
    a_stream = (2 * rounds + rounds // ROUNDS) * args.batch + 2 * (args.singles + FIRST_SINGLES)
    wanted = args.warm + FIT_ROWS + len(STREAMS) * a_stream
    edges = args.edges + wanted * EDGES_AN_EVENT
    size = SensorSize(entities=3 * people, nodes=3 * people, edges=edges, keys=2 * people)
    engine = DecisionEngine(choose_plan(whole=args.whole), settings=EngineSettings(size))
    fill(engine, rng, args.edges, people)
    bench = Bench(engine, None, make_events(rng, wanted, people), 0, args.warm + FIT_ROWS)
    for start in range(0, args.warm, WARM_BLOCK):
        engine.absorb(*bench.take(min(WARM_BLOCK, args.warm - start)))
    return bench, engine.absorb(*bench.take(FIT_ROWS))


def tell(taken_ns: Ints, quantile: float) -> float:
    """A quantile in microseconds."""
    return round(float(np.quantile(taken_ns, quantile)) / 1e3, 1)


def measure_batches(bench: Bench, batch: int, per_round: int, stream: str) -> list[float]:
    """Decisions a second of processor time, by round; one round before warms up."""
    account = account_matrix(batch)
    rates = []
    for k in range(-1, ROUNDS):
        batches = [bench.take(batch, stream=stream) for _ in range(per_round)]
        began = time.process_time_ns()
        for taken in batches:
            bench.engine.decide_batch(*taken, account, bench.judge)
        if k >= 0:
            rates.append(per_round * batch / (time.process_time_ns() - began) * 1e9)
    return rates


def measure_singles(bench: Bench, singles: int, stream: str) -> tuple[Ints, float]:
    """Nanoseconds of each decision alone by the clock on the wall, and the mean in microseconds of processor time."""
    numbers = account_matrix(1)[0].tolist()
    taken = np.zeros(singles, np.int64)
    spent = 0
    for k in range(-FIRST_SINGLES, singles):
        one, ids = bench.take(1, stream=stream)
        cpu, began = time.process_time_ns(), time.perf_counter_ns()
        sensed = bench.engine.sense(one, ids, judge=bench.judge)
        bench.engine.judge(sensed, 0, numbers)
        if k >= 0:
            taken[k] = time.perf_counter_ns() - began
            spent += time.process_time_ns() - cpu
    return taken, spent / singles / 1e3


def measure_stages(bench: Bench, batch: int, times: int, clock: Callable[[], int], stream: str) -> dict[str, float]:
    """Microseconds a decision of each stage, called one after the other as a decision does: of batches the mean, as rates are, alone the
    median, as `single_us_p50` is."""
    engine, sensor, judge = bench.engine, bench.engine.sensor, bench.judge
    assert sensor.store is not None, "this plan has windows"
    assert sensor.graph is not None, "this plan has a graph"
    assert engine.model is not None, "a model was fitted"
    forest, fusion = engine.model.blind.model, engine.model.blind
    assert forest is not None, "the fusion has a forest"
    account = account_matrix(batch)
    windows, edges = (np.empty((batch, len(part.names)), np.float32) for part in (sensor.store, sensor.graph))
    values = np.empty((batch, len(sensor.names)), np.float32)
    x = np.zeros((batch, len(forest.names)), np.float32)
    out, reasons, parts = np.empty(batch), np.empty((batch, 4), np.int32), np.empty((batch, 4), np.float32)
    marks = np.zeros((times, len(STAGES) + 1), np.int64)
    for k in range(times):
        events, _ = bench.take(batch, stream=stream)
        marks[k, 0] = clock()
        sensor.store.step(events, windows)
        marks[k, 1] = clock()
        sensor.graph.step(events, edges)
        marks[k, 2] = clock()
        sensor.join(events, windows, edges, values)
        marks[k, 3] = clock()
        sensed = engine.score(events, values, judge=judge)
        marks[k, 4] = clock()
        x[:, : len(fusion.columns)] = values[:, fusion.columns]
        began = clock()
        forest.forest.score_explained_into(x, out, reasons, parts)
        marks[k, 5] = marks[k, 4] + clock() - began
        began = clock()
        if batch == 1:
            engine.judge(sensed, 0, account[0].tolist())
        else:
            assert sensed.prepared is not None, "a judge was given"
            sensed.prepared.inputs[:, : len(ACCOUNT_INPUTS)] = account
            judge.batch(sensed.prepared)
        marks[k, 6] = marks[k, 5] + clock() - began
    spent = np.diff(marks, axis=1)
    spent[:, 3] -= spent[:, 4]  # the score holds the fusion's forest
    found = (np.median if batch == 1 else np.mean)(spent, axis=0) / batch / 1e3
    return {stage: round(float(us), 2) for stage, us in zip(STAGES, found, strict=True)}


def draw(rng: np.random.Generator, n: int, people: int) -> tuple[Ints, Ints, Ints]:
    """Customers, shops of which few have most buyers, and devices: one's own, the household's, now and then a stranger's."""
    customers = 1 + rng.integers(0, people, n)
    shops = 10**12 + rng.zipf(1.3, n) % (people // 10)
    kind = rng.random(n)
    strangers = 10**13 + 1 + rng.integers(0, people, n)
    devices = np.where(kind < 0.85, 10**13 + customers, np.where(kind < 0.97, 2 * 10**13 + customers // 4, strangers))
    return customers, shops, devices


def fill(engine: DecisionEngine, rng: np.random.Generator, edges: int, people: int) -> None:
    """A month of purchases in the graph, before anything is decided: an edge to the shop and one to the device."""
    sensor = engine.sensor.graph
    assert sensor is not None, "this plan has a graph"
    graph, purchases = sensor.graph, -(-edges // EDGES_AN_EVENT)
    for start in range(0, purchases, FILL_BLOCK):
        n = min(FILL_BLOCK, purchases - start)
        customers, shops, devices = draw(rng, n, people)
        at_us = np.repeat(START_US + (start + np.arange(n)) * (SPAN_US // purchases), 2)
        left = graph.take_nodes(customers, np.full(n, CUSTOMER, np.int64))
        things = np.stack([shops, devices], axis=1).reshape(-1)
        right = graph.take_nodes(things, np.tile(np.array([MERCHANT, DEVICE], np.int64), n))
        graph.append_nodes(at_us, np.repeat(left, 2), right, np.repeat(rng.integers(100, 100_000, n), 2))


def make_events(rng: np.random.Generator, n: int, people: int) -> Ints:
    """Purchases after that month, one every 10 ms."""
    events = np.zeros((n, SCHEMA.width), np.int64)
    events[:, 0] = START_US + SPAN_US + np.arange(n) * EVENT_US
    events[:, 1], events[:, 2], events[:, 3] = 1, rng.integers(100, 100_000, n), events[:, 0]
    customers, shops, devices = draw(rng, n, people)
    for name, keys in (
        ("customer", customers),
        ("merchant", shops),
        ("device", devices),
        ("available_minor", rng.integers(0, 10**6, n)),
        ("limit_minor", np.full(n, 10**6)),
        ("hour", rng.integers(0, 24, n)),
        ("weekday", rng.integers(0, 7, n)),
        ("credit", np.ones(n, np.int64)),
    ):
        events[:, SCHEMA.place(name)] = keys
    return events


def fit_model(engine: DecisionEngine, values: Floats, *, trees: int, seed: int) -> FraudModel:
    """A model of the full size on drawn labels: what a score costs does not depend on how good it is. Its fusions read every value."""
    labels = (np.random.default_rng(seed).random(len(values)) < FRAUD_SHARE).astype(np.int64)
    described = engine.sensor.values
    every, blind = ([described[k].name for k in columns_of(described, *families)] for families in ((), (Family.LABEL,)))
    heard = {family: tuple(v.name for v in described if v.family is family and v.sign) for family in DETECTORS}
    chosen = Chosen(tuple(every), tuple(blind), heard)
    settings = FitSettings(seed=seed, rounds=20, threads=1, chosen=chosen)
    model = fit_fraud(values, labels, described=described, settings=settings).model
    voices = [model.detectors[family].voices(values)[0] for family in DETECTORS]
    fusions = [grow(fusion, values, voices, labels, trees, seed) for fusion in (model.late, model.blind)]
    return replace(model, late=fusions[0], blind=fusions[1])


def columns_of(described: Sequence[Value], *without: Family) -> Ints:
    """The columns of all values but those of some families, and but for the labels' silence: it chooses, it is no reason."""
    return np.array([k for k, v in enumerate(described) if v.family not in without and v.name != SILENCE], np.int64)


def grow(fusion: Fusion, values: Floats, voices: Any, labels: Ints, trees: int, seed: int) -> Fusion:
    """The same fusion with a forest of exactly so many trees."""
    x = fusion.matrix(values, voices)
    recipe: dict[str, Any] = {"rounds": trees, "seed": seed, "num_threads": 1}
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


def time_trees(engine: DecisionEngine, values: Floats) -> tuple[float, float]:
    """Median microseconds of the fusion's forest on one row, ours and LightGBM's own."""
    assert engine.model is not None, "a model was fitted"
    fusion = engine.model.blind
    assert fusion.model is not None, "with a forest"
    voices = [engine.model.detectors[family].voices(values[:500])[0] for family in DETECTORS]
    x = fusion.matrix(values[:500], voices)
    booster = lightgbm.Booster(model_str=fusion.model.forest.text)
    out, taken = np.zeros(1), np.zeros((len(x), 2), np.int64)
    for k in range(len(x)):
        began = time.perf_counter_ns()
        fusion.model.forest.score_into(x[k : k + 1], out)
        between = time.perf_counter_ns()
        theirs = booster.predict(x[k : k + 1], raw_score=True, num_threads=1)
        taken[k] = between - began, time.perf_counter_ns() - between
        assert theirs[0] == out[0], "the same margin to the bit"
    return tell(taken[:, 0], 0.5), tell(taken[:, 1], 0.5)
