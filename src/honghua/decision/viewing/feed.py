"""Decisions one after the other, the newest first, by pages and filters: what the desk watches and what a customer's page lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.errors import BadInput
from honghua.decision import store_judged
from honghua.decision.core.engine_inputs import SCORE_INPUTS
from honghua.decision.core.freezing import thaw
from honghua.decision.core.outcomes import Outcome
from honghua.decision.lists import find_key
from honghua.decision.viewing import store

PAGE_MAX: Final = 500
SCAN_MAX: Final = 50_000  # records that one page looks at: a filter that nothing passes costs this and no more


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFilter:
    """What to show. amounts: asked for, minor units; merchant: as the outside writes it; before, after: decision ids; ids: only these."""

    outcomes: tuple[Outcome, ...] = ()
    reason: str = ""
    least_minor: int | None = None
    most_minor: int | None = None
    merchant: str = ""
    account_id: int | None = None
    before: int | None = None
    after: int | None = None
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """One decision of the feed. fused: the fused risk score, None where no model spoke. things: (entity, key) of the event's things."""

    decision_id: int
    account_id: int
    happened_at: dt.datetime
    recorded_at: dt.datetime
    outcome: Outcome
    reason: str
    asked_minor: int
    granted_minor: int
    extra_minor: int
    release_id: int
    things: tuple[tuple[str, int], ...]
    fused: float | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some decisions, the newest first. scanned_to: the page stopped looking there although more may pass the filter."""

    rows: tuple[Judged, ...]
    scanned_to: int | None


def list_judged(conn: psycopg.Connection, wanted: FeedFilter, *, limit: int = 50) -> FeedPage:
    """The newest decisions that pass a filter; BadInput for a page that is too long or a shop without a name."""
    if not 1 <= limit <= PAGE_MAX:
        raise BadInput(f"decisions are shown 1 … {PAGE_MAX} at a time")
    values = {
        "outcomes": [int(one) for one in wanted.outcomes] or None, "reason": wanted.reason or None, "least": wanted.least_minor,
        "most": wanted.most_minor, "merchant": find_key("merchant", wanted.merchant) if wanted.merchant else None,
        "account": wanted.account_id, "before": wanted.before, "after": wanted.after, "ids": list(wanted.ids) or None,
        "scan": SCAN_MAX, "limit": limit,
    }  # fmt: skip
    found = store.list_feed(conn, values)
    fused = read_fused(conn, [row[0] for row in found])
    rows = tuple(_judged(row, fused.get(row[0])) for row in found)
    scanned = store.find_scanned(conn, values) if len(rows) < limit else None
    return FeedPage(rows, scanned)


def _judged(row: tuple[Any, ...], fused: float | None) -> Judged:
    number, account, happened, recorded, outcome, reason, asked, granted, extra, release, *keys = row
    things = tuple((name, key) for name, key in zip(store.THINGS, keys, strict=True) if key)
    return Judged(
        number, account, happened, recorded, Outcome(outcome), reason, asked, granted, extra, release, things, fused
    )


def read_fused(conn: psycopg.Connection, ids: Sequence[int]) -> dict[int, float]:
    """The fused score of recorded decisions that have one, by id."""
    if not ids:
        return {}
    regimes, layouts = store_judged.list_regimes(conn), store_judged.list_layouts(conn)
    page = store_judged.read_page(conn, "WHERE decision_id = ANY(%s::bigint[])", [np.array(ids, np.int64)])
    found: dict[int, float] = {}
    for regime_id in np.unique(page.regime_id).tolist():
        layout = layouts[regimes[regime_id].layout_id]
        if SCORE_INPUTS[0] not in layout.inputs:
            continue
        rows = np.flatnonzero(page.regime_id == regime_id).astype(np.int64)
        inputs, _ = thaw(page.frozen_of(rows), inputs=len(layout.inputs), signals=len(layout.signals))
        scores = inputs[:, layout.inputs.index(SCORE_INPUTS[0])]
        found |= {int(n): float(s) for n, s in zip(page.decision_id[rows], scores, strict=True) if s == s}
    return found


__all__ = ["FeedFilter", "FeedPage", "Judged", "list_judged", "read_fused"]
