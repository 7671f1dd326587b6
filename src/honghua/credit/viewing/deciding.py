"""Names for recorded decisions: whose purchase it was, at which shop, of what, under which order; the decisions only know numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.base.errors import BadInput
from honghua.credit.store_risk import find_category_names, find_customer_refs
from honghua.facts.kinds import ARGS_OF, FactKind
from honghua.ledger import api as ledger
from honghua.store.facts import FactColumns, read_facts_of_purchases

NAMED_MAX: Final = 1_000
ATTEMPTS: Final = (
    FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_REFUSED, FactKind.PURCHASE_SUSPENDED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NamedPurchase:
    """An attempt to buy, in the words of the outside. kind: of its first fact; fact_id: that fact."""

    purchase_id: int
    account_id: int
    customer: str
    merchant: str
    category: str
    order: str
    amount_minor: int
    kind: FactKind
    fact_id: int


def name_purchases(conn: psycopg.Connection, ids: Sequence[int]) -> dict[int, NamedPurchase]:
    """Attempts by the id of their decision; those without a fact are left out. BadInput for more than `NAMED_MAX`."""
    if len(ids) > NAMED_MAX:
        raise BadInput(f"at most {NAMED_MAX} purchases at a time")
    facts = read_facts_of_purchases(conn, np.array(sorted(set(ids)), np.int64))
    first: dict[int, int] = {}
    for row in np.argsort(facts.fact_id, kind="stable").tolist():
        if int(facts.kind[row]) in ATTEMPTS:
            first.setdefault(int(facts.purchase_id[row]), row)
    customers = find_customer_refs(conn, sorted({int(facts.account_id[row]) for row in first.values()}))
    shops = ledger.find_refs(conn, owner_ids=sorted({int(facts.counterparty_id[row]) for row in first.values()} - {0}))
    goods = find_category_names(conn, sorted({_category(facts, row) for row in first.values()} - {0}))
    return {
        number: NamedPurchase(
            number, account := int(facts.account_id[row]), customers.get(account, ""),
            shops.get(int(facts.counterparty_id[row]), ""), goods.get(_category(facts, row), ""), facts.reference[row] or "",
            int(facts.amount_minor[row]), FactKind(int(facts.kind[row])), int(facts.fact_id[row]),
        )
        for number, row in first.items()
    }  # fmt: skip


def _category(facts: FactColumns, row: int) -> int:
    place = ARGS_OF[FactKind(int(facts.kind[row]))].index("category")
    args = facts.args_values[facts.args_offsets[row] : facts.args_offsets[row + 1]]
    return int(args[place]) if len(args) > place else 0


__all__ = ["NamedPurchase", "name_purchases"]
