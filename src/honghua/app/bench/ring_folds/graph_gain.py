"""What time adds to the graph (R-110): forests over the event itself, with the static graph, and with the temporal one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from honghua.app.bench.ring_folds.figures import average_precision, threshold_at
from honghua.app.bench.ring_folds.folds import Sample, Tested
from honghua.models.api import train_forest

ROUNDS: Final = 120
# Of the graph's values those that know when: shorter windows than the graph's own, gaps, bursts, order in time.
TIMED: Final = (
    "_1d", "_7d", "gap_s", "_burst", "spread_s", "lockstep", "age_s", "delay_s",
    "is_new", "cycle_edges", "cycle_amount", "fresh_users_share",
)  # fmt: skip
PARAMS: Final = {"num_leaves": 15, "feature_fraction": 0.5, "lambda_l2": 5.0, "max_delta_step": 1.0, "max_bin": 63}


def is_timed(name: str) -> bool:
    """Whether a value of the graph would be lost in a graph without times."""
    return name.endswith(TIMED)


def measure_gain(sample: Sample, tested: Tested, unseen: tuple[str, ...], *, seed: int, threads: int) -> dict[str, Any]:
    """AP and recall at 95 % precision (threshold of the test itself) of three forests on the same rows; the gain of time."""
    judged = tested.judged
    crimes = {"all": judged.fraud, "unseen": judged.of_typologies(unseen)}
    graph = [name.startswith("graph_") for name in sample.names]
    timed = [known and is_timed(name) for known, name in zip(graph, sample.names)]
    kinds = {
        "event": ~np.array(graph), "static_graph": ~np.array(timed), "temporal_graph": np.ones(len(graph), np.bool_),
    }  # fmt: skip
    found: dict[str, Any] = {}
    for kind, wanted in kinds.items():
        columns = np.flatnonzero(wanted)
        x = np.ascontiguousarray(sample.values[:, columns])
        trained = train_forest(
            x,
            sample.labels,
            names=[sample.names[k] for k in columns],
            weight=sample.weight,
            params=PARAMS,
            rounds=ROUNDS,
            seed=seed,
            num_threads=threads,
        )
        score = trained.forest.score(np.ascontiguousarray(tested.graph_values[:, columns]))
        found[kind] = {"values": len(columns)}
        for name, crime in crimes.items():
            bar = threshold_at(score, crime, judged.innocent)
            found[kind][name] = {
                "ap": round(average_precision(score, crime, judged.innocent), 4),
                "recall_at_95": round(float((score[crime] >= bar).mean()), 4),
            }
    pairs = [("all", "gain_ap"), ("unseen", "gain_ap_unseen")]
    return found | {
        key: round(found["temporal_graph"][name]["ap"] - found["static_graph"][name]["ap"], 4) for name, key in pairs
    }


__all__ = ["is_timed", "measure_gain"]
