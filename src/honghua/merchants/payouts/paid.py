"""Which purchases a shop has its money for, by the bank's own statement: at once, or with the settlement of their day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.rows import class_row

# The settlement that covers a purchase is the shop's first from its day on whose payout arrived: one that came back is paid by a later one.
PAID: Final = """
SELECT DISTINCT ON (m.purchase_id) m.purchase_id, p.key, p.kind, coalesce(p.bank, '') AS bank
FROM merchants_movement AS m JOIN merchants_payout AS p ON p.merchant_id = m.merchant_id
  AND (p.purchase_id = m.purchase_id OR (p.kind = 'settlement' AND p.day >= m.booked_on))
WHERE m.purchase_id = ANY(%s) AND m.gross_minor > 0 AND p.state = 'confirmed'
ORDER BY m.purchase_id, p.kind, p.day, p.key
"""


@dataclass(frozen=True, slots=True)
class PaidFor:
    """The payout by which a shop got a purchase's money. kind: at_once, settlement."""

    purchase_id: int
    key: str
    kind: str
    bank: str


def find_paid(conn: psycopg.Connection, purchase_ids: Sequence[int]) -> dict[int, PaidFor]:
    """Of these purchases those whose money has arrived, by number; the payout at once before the settlement."""
    if not purchase_ids:
        return {}
    with conn.cursor(row_factory=class_row(PaidFor)) as cursor:
        return {row.purchase_id: row for row in cursor.execute(PAID, [list(purchase_ids)])}


__all__ = ["PaidFor", "find_paid"]
