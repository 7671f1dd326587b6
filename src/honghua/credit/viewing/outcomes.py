"""What became of purchases: whether a bill cut within so many days says that an earlier minimum was not paid."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import from_day, to_day
from honghua.facts.kinds import FactKind
from honghua.store.facts import read_facts_of_purchases

BOUGHT = (int(FactKind.PURCHASE_CAPTURED), int(FactKind.PURCHASE_AUTHORISED))

# A bill is cut with what is overdue of the minimums before it; later news do not change it, so an outcome once known stays.
MISSED = """
SELECT coalesce(bool_or(s.overdue_minor > 0), false)
FROM unnest(%(accounts)s::bigint[], %(days)s::date[]) WITH ORDINALITY AS bought(account_id, day, n)
LEFT JOIN credit_statement AS s
  ON s.account_id = bought.account_id AND s.cut_on > bought.day AND s.cut_on <= bought.day + %(within)s::integer
GROUP BY n ORDER BY n
"""


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseOutcomes:
    """Of purchases, in the order asked for: bought_on int64[n] business days (0: no such purchase), is_known and is_missed bool[n]."""

    bought_on: NDArray[np.int64]
    is_known: NDArray[np.bool_]
    is_missed: NDArray[np.bool_]


def read_purchase_outcomes(
    conn: psycopg.Connection, purchase_ids: NDArray[np.int64], *, within_days: int, as_of: dt.date
) -> PurchaseOutcomes:
    """Whether the buyer's bills, cut at most so many days after each purchase, show a missed minimum of his.

    as_of: the open business date; a purchase is known when its days have passed before it. int64[n] ids, any order.
    """
    facts = read_facts_of_purchases(conn, purchase_ids)
    bought = np.isin(facts.kind, BOUGHT)
    ids, first = np.unique(facts.purchase_id[bought], return_index=True)
    days, accounts = facts.effective_on[bought][first], facts.account_id[bought][first]
    place = np.minimum(np.searchsorted(ids, purchase_ids), max(len(ids) - 1, 0))
    found = ids[place] == purchase_ids if len(ids) else np.zeros(len(purchase_ids), np.bool_)
    bought_on = np.where(found, days[place] if len(ids) else 0, 0).astype(np.int64)
    is_known = found & (bought_on + within_days < to_day(as_of))
    is_missed = np.zeros(len(purchase_ids), np.bool_)
    known = np.flatnonzero(is_known)
    if len(known):
        told = {
            "accounts": accounts[place[known]].tolist(), "within": within_days,
            "days": [from_day(day) for day in bought_on[known].tolist()],
        }  # fmt: skip
        is_missed[known] = [row[0] for row in conn.execute(MISSED, told).fetchall()]
    return PurchaseOutcomes(bought_on, is_known, is_missed)


__all__ = ["PurchaseOutcomes", "read_purchase_outcomes"]
