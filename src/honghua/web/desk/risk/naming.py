"""Decisions with the names that people know: the decision room knows numbers, the credit room knows customers, shops and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from honghua.credit import api as credit
from honghua.decision import api as decision


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One decision of the feed under its names; empty texts where no fact tells them."""

    judged: decision.Judged
    customer: str
    merchant: str
    category: str
    order: str


def name_rows(conn: psycopg.Connection, judged: Sequence[decision.Judged]) -> list[FeedRow]:
    """The same decisions, named."""
    named = credit.name_purchases(conn, [one.decision_id for one in judged])
    unnamed = [one.account_id for one in judged if one.decision_id not in named]
    refs = credit.find_customer_refs(conn, sorted(set(unnamed))) if unnamed else {}
    rows = []
    for one in judged:
        known = named.get(one.decision_id)
        if known is None:
            rows.append(FeedRow(one, refs.get(one.account_id, ""), "", "", ""))
        else:
            rows.append(FeedRow(one, known.customer, known.merchant, known.category, known.order))
    return rows


__all__ = ["FeedRow", "name_rows"]
