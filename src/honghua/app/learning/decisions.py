"""Granted purchases as a table for `honghua lab run`: what was known when each was judged, and whether a bill was missed afterwards.

The columns carry the names under which a model of the slot `credit` reads them later, so nothing is mapped and nothing can differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from honghua.base.dates import from_day
from honghua.base.errors import BadInput
from honghua.credit import api as credit
from honghua.decision import api as decision

TARGET: Final = "missed"
TIME: Final = "bought_on"
ID: Final = "purchase"
ACCOUNT: Final = "account"  # several purchases of one: whoever splits rows at random should know
WITHIN_DAYS: Final = 75  # two bills and the grace of the first (grade U: the lender's own)


@dataclass(frozen=True, slots=True)
class Written:
    """What a table holds: rows, of them missed, purchases whose days have not passed yet, columns that a model may read."""

    rows: int
    missed: int
    unknown: int
    columns: int


def write_decisions(conn: psycopg.Connection, path: Path, *, within_days: int = WITHIN_DAYS) -> Written:
    """Write every granted purchase whose outcome is known, a page at a time. BadInput where no engine has judged here."""
    columns = decision.list_columns(conn)
    if not columns:
        raise BadInput("no engine has judged a purchase of this book", code="NOTHING_RECORDED")
    as_of = credit.find_open_day(conn) or credit.get_business_day(conn)
    rows = missed = unknown = 0
    schema = pa.schema(
        [(ID, pa.int64()), (ACCOUNT, pa.int64()), (TIME, pa.date32()), (TARGET, pa.int8()), *((n, pa.float64()) for n in columns)]
    )  # fmt: skip
    with pq.ParquetWriter(path, schema) as file:
        for page in decision.iterate_rows(conn, columns):
            became = credit.read_purchase_outcomes(conn, page.decision_id, within_days=within_days, as_of=as_of)
            known = np.flatnonzero(became.is_known)
            rows, missed = rows + len(known), missed + int(became.is_missed[known].sum())
            unknown += len(page.decision_id) - len(known)
            data: list[pa.Array] = [
                pa.array(page.decision_id[known]), pa.array(page.account_id[known]),
                pa.array([from_day(day) for day in became.bought_on[known].tolist()], pa.date32()),
                pa.array(became.is_missed[known].astype(np.int8)),
                *(pa.array(column, from_pandas=True) for column in page.values[known].T),
            ]  # fmt: skip
            file.write_batch(pa.record_batch(data, schema=schema))
    return Written(rows, missed, unknown, len(columns))


__all__ = ["ACCOUNT", "ID", "TARGET", "TIME", "WITHIN_DAYS", "Written", "write_decisions"]
