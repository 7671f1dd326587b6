"""igraph as a program of its own (GPL-2.0: it is never imported into Honghua's process; ADR 0011).

Called as `python igraph_peer.py FOLDER` with edges.npy int64[n, 2], stamps.npy int64[n], amounts.npy int64[n], queries.npy int64[q] and
since.npy int64[1]. Prints one JSON object: the same load and the same windowed one-hop question as `bench graph` asks of ours.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import igraph
import numpy as np

BATCH = 100_000


def main(argv: list[str] | None = None) -> int:
    """Load the edges in batches as a stream would bring them, then ask each query node for count, sum, largest, distinct since a time."""
    folder = Path((argv or sys.argv[1:])[0])
    edges, stamps, amounts, queries = (
        np.load(folder / f"{name}.npy") for name in ("edges", "stamps", "amounts", "queries")
    )
    since = int(np.load(folder / "since.npy")[0])
    graph = igraph.Graph(n=int(edges.max()) + 1, directed=True)
    started = time.process_time()
    for start in range(0, len(edges), BATCH):
        graph.add_edges(edges[start : start + BATCH])
    load_s = time.process_time() - started
    took, answers = [], []
    for node in queries.tolist():
        began = time.perf_counter()
        ids = np.array(graph.incident(node, mode="all"), np.int64)
        ids = ids[stamps[ids] >= since] if len(ids) else ids
        ends = edges[ids]
        others = np.where(ends[:, 0] == node, ends[:, 1], ends[:, 0]) if len(ids) else ids
        found = amounts[ids]
        answers.append((len(ids), int(found.sum()), int(found.max()) if len(ids) else 0, len(np.unique(others))))
        took.append(time.perf_counter() - began)
    print(
        json.dumps(
            {
                "name": f"igraph {igraph.__version__}",
                "edges": len(edges),
                "insert_per_s_core": round(len(edges) / load_s),
                "hop1_us_p50": round(float(np.percentile(took, 50)) * 1e6, 2),
                "hop1_us_p99": round(float(np.percentile(took, 99)) * 1e6, 1),
                "counts": int(sum(answer[0] for answer in answers)),
                "distinct": int(sum(answer[3] for answer in answers)),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
