"""The edges behind a decision: who else used its device, its address, its payee, its shop, how often and when.

Exact, from the records: the graph that pointed at them is quantised. Looked at are the purchases nearest before the decision, so that
the answer costs the same in a book of a thousand purchases and of a hundred million.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import DAY_US, from_micros
from honghua.decision import store_judged
from honghua.decision.core import LETS_BUY
from honghua.decision.monitoring import store

TIED: Final = ("device", "address", "payee", "merchant")
RECORDS_MAX: Final = 200_000
DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Edge:
    """One account at one thing: purchases, how many were not let through, the sum of the others, the first and the last."""

    entity: str
    key: int
    account_id: int
    is_own: bool
    purchases: int
    held_up: int
    amount_minor: int
    first_at: dt.datetime
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """All edges of a decision's things, things that the fewest share first, then the busiest accounts. looked_back: since when;
    is_cut: there were more purchases in that time than are looked at."""

    edges: tuple[Edge, ...]
    looked_back: dt.datetime
    is_cut: bool

    def customers(self, entity: str) -> int:
        """How many accounts, the decision's own among them, used the thing."""
        return len({edge.account_id for edge in self.edges if edge.entity == entity})


def find_evidence(
    conn: psycopg.Connection, decision_id: int, *, days: int = DAYS, limit: int = RECORDS_MAX
) -> Evidence | None:
    """The edges of a recorded decision, itself not counted; None where there is no such record."""
    page = store_judged.read_page(conn, "WHERE decision_id = %s", [decision_id])
    if not len(page):
        return None
    layout_id = store_judged.list_regimes(conn)[int(page.regime_id[0])].layout_id
    columns = store_judged.list_layouts(conn)[layout_id].events
    values, _ = page.event
    event = dict(zip(columns, values.tolist(), strict=True))
    things = [(entity, columns.index(entity), event[entity]) for entity in TIED if event.get(entity)]
    since_us = int(page.at_us[0]) - days * DAY_US
    if not things:
        return Evidence((), from_micros(since_us), is_cut=False)
    ids, accounts, at_us, outcomes, events = store.read_near(
        conn, [place for _, place, _ in things], [key for *_, key in things], span=(decision_id, layout_id), limit=limit
    )
    rows = events[0].reshape(len(ids), len(columns))
    near = at_us >= since_us
    edges: list[Edge] = []
    for entity, place, key in things:
        mine = near & (rows[:, place] == key)
        amounts = rows[mine, columns.index("amount_minor")]
        own = int(page.account_id[0])
        edges += _edges((entity, key, own), accounts[mine], at_us[mine], np.stack([outcomes[mine], amounts]))
    shared = {entity: len({e.account_id for e in edges if e.entity == entity}) for entity in TIED}
    edges.sort(key=lambda e: (shared[e.entity], TIED.index(e.entity), -e.purchases, e.account_id))
    oldest = store.find_oldest_near(conn, decision_id, limit=limit)
    is_cut = oldest is not None and oldest > since_us
    return Evidence(tuple(edges), from_micros(oldest if is_cut and oldest is not None else since_us), is_cut=is_cut)


def _edges(
    thing: tuple[str, int, int], accounts: NDArray[np.int64], at_us: NDArray[np.int64], became: NDArray[np.int64]
) -> list[Edge]:
    """One edge per account of purchases at one thing (entity, key, the decision's own account); became: outcomes and amounts."""
    entity, key, own = thing
    through = np.isin(became[0], LETS_BUY)
    found = []
    for account in np.unique(accounts).tolist():
        mine = accounts == account
        held_up, spent = int((mine & ~through).sum()), int(became[1][mine & through].sum())
        first, last = (from_micros(int(at)) for at in (at_us[mine].min(), at_us[mine].max()))
        found.append(Edge(entity, key, account, account == own, int(mine.sum()), held_up, spent, first, last))
    return found


__all__ = ["Edge", "Evidence", "find_evidence"]
