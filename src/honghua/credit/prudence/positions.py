"""Every account as expected loss sees it, in columns: how late, which class, what is owed, what is still open on its line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.dates import add_months, to_day
from honghua.credit.core.layout import STATUS_ACTIVE, STATUS_FROZEN
from honghua.credit.core.terms import ProductTerms
from honghua.credit.store import get_business_day, load_terms
from honghua.ledger import api as ledger
from honghua.ledger.core import CLAIM, Component

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ACCOUNTS_AT_ONCE: Final = 50_000
ROWS: Final = f"""
SELECT account_id, CASE WHEN overdue_since_on > DATE '1970-01-01' THEN %(today)s::date - overdue_since_on ELSE 0 END,
  risk_class, restructured_on - DATE '1970-01-01', terms_id
FROM credit_account WHERE status IN ({STATUS_ACTIVE}, {STATUS_FROZEN}) AND account_id > %(after)s ORDER BY account_id LIMIT %(limit)s
"""  # noqa: S608 — our own constants


@dataclass(frozen=True, slots=True)
class Positions:
    """Live accounts by id, parallel int64[n]: days past due, class 1 … 5, claim and open line in minor units; is_restructured bool[n]."""

    on: dt.date
    account_ids: Ints
    days_past_due: Ints
    risk_class: Ints
    claim_minor: Ints
    principal_minor: Ints
    undrawn_minor: Ints
    is_restructured: Bools


def read_positions(conn: psycopg.Connection, terms: Mapping[int, ProductTerms]) -> Positions:
    """The whole book on its business date; about 100 bytes an account. Written-off and closed accounts have no loss to come."""
    today = get_business_day(conn)
    parts: list[tuple[Ints, ...]] = []
    after = 0
    while True:
        rows = conn.execute(ROWS, {"today": today, "after": after, "limit": ACCOUNTS_AT_ONCE}).fetchall()
        if not rows:
            break
        table = np.array(rows, np.int64)
        after = int(table[-1, 0])
        balances = ledger.read_balances(conn, table[:, 0])
        if not set(table[:, 4].tolist()) <= terms.keys():
            terms = load_terms(conn)  # a contract brought its own since whoever asks read them
        months = np.array([terms[int(one)].restructure_months for one in table[:, 4]], np.int64)
        parts.append((
            table[:, 0], table[:, 1], table[:, 2], balances[:, CLAIM].sum(axis=1),
            balances[:, [Component.PRINCIPAL_UNBILLED, Component.PRINCIPAL_BILLED, Component.PRINCIPAL_INSTALMENT]].sum(axis=1),
            balances[:, Component.LIMIT_AVAILABLE], _watched(table[:, 3], months, to_day(today)),
        ))  # fmt: skip
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.zeros(0, np.int64)] * 7
    accounts, days, classes, claim, principal, undrawn, watched = columns
    return Positions(today, accounts, days, classes, claim, principal, undrawn, watched.astype(np.bool_))


def _watched(restructured: Ints, months: Ints, today: int) -> Ints:
    """1 for accounts within the observation period after a restructuring."""
    found = np.zeros(len(restructured), np.int64)
    for place in np.nonzero(restructured)[0].tolist():
        found[place] = today < int(add_months(int(restructured[place]), int(months[place])))
    return found


__all__ = ["Positions", "read_positions"]
