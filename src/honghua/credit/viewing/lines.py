"""The business lines of a book (R-022), each beside its holder's line for consumption: two limits, two debts, one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.credit import store as accounts
from honghua.credit.core.kernels.measures import days_past_due, used_minor
from honghua.credit.core.layout import H_CLASS, H_HELD, H_LIMIT
from honghua.credit.core.lines.purposes import Purpose, holder_of, line_of
from honghua.credit.guarding.own_shops import OwnShop, list_own_shops
from honghua.credit.registry import Registry
from honghua.ledger.core import CLAIM

SHOWN_MAX: Final = 500
LINES: Final = (
    "SELECT customer_ref FROM credit_account JOIN credit_terms USING (terms_id) WHERE coalesce((body->>'purpose')::int, 0) = %s"
    " ORDER BY account_id DESC LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class LineView:
    """One line as its row stands. Amounts minor units; risk_class 1 … 5; dpd: days past due."""

    line: str
    limit_minor: int
    taken_minor: int
    owed_minor: int
    dpd: int
    risk_class: int


@dataclass(frozen=True, slots=True)
class HolderView:
    """Somebody with a business line. consumption None: there is none beside it; shops: the newest word on each, own or no longer."""

    customer: str
    business: LineView
    consumption: LineView | None
    shops: tuple[OwnShop, ...]


def list_business_lines(conn: psycopg.Connection, registry: Registry, *, limit: int = SHOWN_MAX) -> list[HolderView]:
    """The newest business lines, at most `SHOWN_MAX`. Reads only."""
    refs = [str(ref) for (ref,) in conn.execute(LINES, [int(Purpose.BUSINESS), min(limit, SHOWN_MAX)])]
    holders = [holder_of(ref) for ref in refs]
    views = read_lines(conn, registry, [*refs, *holders])
    shops = list_own_shops(conn, holders)
    return [
        HolderView(
            holder, views[line_of(holder, Purpose.BUSINESS)], views.get(holder), tuple(one for one in shops if one.customer == holder)
        )
        for holder in holders
    ]  # fmt: skip


def read_lines(conn: psycopg.Connection, registry: Registry, refs: list[str]) -> dict[str, LineView]:
    """Lines by reference as their rows stand; those without an account are absent."""
    found = accounts.find_account_ids(conn, refs)
    rows = accounts.load_accounts(conn, np.array(sorted(found.values()), np.int64), lock=False)
    terms_rows = registry.learn_terms_of(conn, rows)
    views = {}
    for i in range(len(rows)):
        one = rows.account(i, terms_rows)
        taken = int(used_minor(one.head, one.dues, one.plans)) + int(one.head[H_HELD])
        views[one.customer_ref] = LineView(
            one.customer_ref, int(one.head[H_LIMIT]), taken, int(one.balance[CLAIM].sum()), int(days_past_due(one.head)),
            int(one.head[H_CLASS]) or 1,
        )  # fmt: skip
    return views


__all__ = ["HolderView", "LineView", "list_business_lines", "read_lines"]
