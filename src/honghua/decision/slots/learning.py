"""Recorded judgements as rows to learn from: what was known when each was judged, by name, as a slot's model reads it later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.decision import store_judged
from honghua.decision.core.engine_inputs import ACCOUNT_INPUTS
from honghua.decision.core.freezing import thaw
from honghua.decision.core.outcomes import LETS_BUY
from honghua.decision.core.records import Layout
from honghua.decision.store_judged import JudgedPage


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRows:
    """Granted purchases: accounts, decisions (= purchases) and at_us int64[n]; values float64[n, F], NaN where a record has none."""

    account_id: NDArray[np.int64]
    decision_id: NDArray[np.int64]
    at_us: NDArray[np.int64]
    values: NDArray[np.float64]


def list_columns(conn: psycopg.Connection) -> tuple[str, ...]:
    """What a row to learn from holds: the account's inputs and what the engine that ran last senses; empty where none ever ran."""
    layouts = store_judged.list_layouts(conn)
    inputs, signals = store_judged.find_inputs(conn), store_judged.find_signals(conn)
    if not layouts:
        return ()
    return (*(name for name in ACCOUNT_INPUTS if name in inputs), *(name for name in signals if name not in inputs))


def iterate_rows(conn: psycopg.Connection, columns: tuple[str, ...]) -> Iterator[JudgedRows]:
    """Every purchase that was granted, in whole pages of the records: memory is bounded. Those that were refused have no outcome."""
    regimes, layouts = store_judged.list_regimes(conn), store_judged.list_layouts(conn)
    for page in store_judged.iterate_pages(conn, ids=None, sample=None):
        granted = np.isin(page.outcome, [int(one) for one in LETS_BUY])
        for regime_id in np.unique(page.regime_id[granted]).tolist():
            rows = np.flatnonzero(granted & (page.regime_id == regime_id)).astype(np.int64)
            layout = layouts[regimes[regime_id].layout_id]
            yield JudgedRows(
                page.account_id[rows], page.decision_id[rows], page.at_us[rows], _values(page, rows, layout, columns)
            )


def _values(page: JudgedPage, rows: NDArray[np.int64], layout: Layout, columns: tuple[str, ...]) -> NDArray[np.float64]:
    inputs, signals = thaw(page.frozen_of(rows), inputs=len(layout.inputs), signals=len(layout.signals))
    found = np.full((len(rows), len(columns)), np.nan)
    places = {name: k for k, name in enumerate(layout.inputs)}
    sensed = {name: k for k, name in enumerate(layout.signals)}
    for k, name in enumerate(columns):
        if name in places:
            found[:, k] = inputs[:, places[name]]
        elif name in sensed:
            found[:, k] = signals[:, sensed[name]]
    return found


__all__ = ["JudgedRows", "iterate_rows", "list_columns"]
