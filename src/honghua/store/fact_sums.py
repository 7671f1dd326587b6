"""Facts added up by day and kind, for people: how many, over how much money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

SUMS: Final = """
SELECT value_on, kind, CASE WHEN kind = ANY(%(split)s::smallint[]) THEN coalesce(args[1], 0) ELSE 0 END, count(*), sum(amount_minor)::bigint
FROM store_fact WHERE value_on BETWEEN %(since)s AND %(until)s AND kind = ANY(%(kinds)s::smallint[])
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class FactSum:
    """Facts of one kind on one value day. first_arg: their first argument where they were asked for by it, else 0."""

    day: dt.date
    kind: int
    first_arg: int
    facts: int
    amount_minor: int


def sum_facts(
    conn: psycopg.Connection, kinds: Sequence[int], *, since: dt.date, until: dt.date, split: Sequence[int] = ()
) -> list[FactSum]:
    """Sums from one value day to another, both counted. split: kinds that are told apart by their first argument."""
    values = {"kinds": list(kinds), "split": list(split), "since": since, "until": until}
    return [FactSum(*row) for row in conn.execute(SUMS, values)]


__all__ = ["FactSum", "sum_facts"]
