"""`honghua bench rules`: what a policy of 100 rules costs, alone and in batches, beside zen-engine on the same rules."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import re
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.rule_sets import RuleSet, make_rules, make_vectors
from honghua.base.errors import BadInput
from honghua.decision.core import codes_of, differing, judge, judge_batch, judge_twin
from honghua.store.settings import StoreSettings

ROUNDS: Final = 5
SMALL_BATCH: Final = 256
ZEN_COMPARED: Final = 2_000
MAXIMUM: Final = re.compile(r"max\(([^()]*)\)")
ZEN_NOTE: Final = (
    "the same conditions as one decision table, hit policy first; ZEN has no missing value (a null ends the row silently), "
    "so both see whole vectors; ZEN stops at the first hit, ours runs every rule and reports all that hold"
)


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "rules", help="cost of a policy, beside zen-engine on the same rules"
    )
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--calls", type=int, default=2_000, help="single calls a round")
    parser.add_argument("--batch", type=int, default=100_000, help="vectors in one batch")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Alternate rounds of ours and of ZEN."""
    if args.rules < 1 or args.calls < 1 or args.batch < SMALL_BATCH:
        raise BadInput(f"at least 1 rule, 1 call and {SMALL_BATCH} vectors are needed", code="BAD_SIZE")
    rules = make_rules(args.rules, seed=args.seed)
    bundle = rules.bundle()
    rng = np.random.default_rng(args.seed)
    whole = make_vectors(rng, args.calls, missing_share=0.0)
    vectors = make_vectors(rng, args.batch, missing_share=0.03)
    few = np.ascontiguousarray(vectors[:SMALL_BATCH])
    verdicts = judge_batch(bundle, vectors)
    mismatches = len(differing(verdicts, judge_twin(bundle, vectors)))
    zen = _zen(rules)
    asked = [{**dict(zip(bundle.inputs, row)), "is_new": bool(row[4])} for row in whole.tolist()]
    ours, theirs, batches, smalls = [], [], [], []
    for _ in range(ROUNDS):
        ours.append(_p50_us(lambda k: judge(bundle, whole[k]), args.calls))
        batches.append(_seconds(lambda: judge_batch(bundle, vectors)))
        smalls.append(_p50_us(lambda _: judge_batch(bundle, few), 200) / SMALL_BATCH)
        if zen is not None:
            theirs.append(_p50_us(lambda k: zen.evaluate(asked[k]), min(args.calls, 500)))
    found: dict[str, Any] = {
        "rules": args.rules, "operations": len(bundle.plan.code), "inputs": len(bundle.inputs_read),
        "rules_us_p50": round(statistics.median(ours), 2), "per_s": round(args.batch / statistics.median(batches)),
        "batch_us_per_decision": round(statistics.median(batches) / args.batch * 1e6, 4),
        "batch_256_us_per_decision": round(statistics.median(smalls), 4), "mismatches": mismatches,
        "refused_share": round(float((verdicts.outcome == 5).mean()), 4),
        "zen_us_p50": round(statistics.median(theirs), 2) if theirs else None,
    }  # fmt: skip
    if zen is None:
        return {**found, "zen": "zen-engine is not installed"}
    codes = codes_of(bundle, judge_batch(bundle, whole[:ZEN_COMPARED]))
    return {**found, "zen": ZEN_NOTE, "zen_mismatches": _count_unlike(zen, asked[:ZEN_COMPARED], codes)}


def _zen(rules: RuleSet) -> Any:
    """The rules as a ZEN decision; None when the engine is not installed."""
    if importlib.util.find_spec("zen") is None:
        return None
    rows = [
        {"_id": f"r{k}", "when": MAXIMUM.sub(r"max([\1])", condition), "code": f"'{code}'"}  # ZEN's max takes one array
        for k, (condition, code) in enumerate(zip(rules.conditions, rules.codes))
    ]
    content = {
        "hitPolicy": "first", "inputs": [{"id": "when", "name": "when", "type": "expression"}],
        "outputs": [{"id": "code", "name": "code", "field": "code", "type": "expression"}], "rules": rows,
    }  # fmt: skip
    place = {"x": 0, "y": 0}
    graph = {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": place},
            {"id": "table", "type": "decisionTableNode", "name": "table", "position": place, "content": content},
            {"id": "out", "type": "outputNode", "name": "out", "position": place},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "2", "sourceId": "table", "targetId": "out", "type": "edge"},
        ],
    }  # fmt: skip
    return importlib.import_module("zen").ZenEngine().create_decision(json.dumps(graph))


def _count_unlike(zen: Any, asked: Sequence[dict[str, float]], codes: Sequence[str]) -> int:
    """Decisions on which ZEN names another code."""
    return sum(zen.evaluate(row)["result"].get("code", "") != code for row, code in zip(asked, codes))


def _p50_us(call: Callable[[int], Any], count: int) -> float:
    taken: NDArray[np.float64] = np.empty(count)
    for k in range(count):
        began = time.perf_counter()
        call(k)
        taken[k] = time.perf_counter() - began
    return float(np.median(taken)) * 1e6


def _seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
