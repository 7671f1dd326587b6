"""The slice in tables: what was known and drawn before a period, what it brought, and both as evidence again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.limits.response import store
from honghua.limits.response.choosing import Evidence
from honghua.limits.response.curves import Rows
from honghua.limits.response.slicing import OUTSIDE, Slice, draw_arms


class Labels(NamedTuple):
    """Whose the rows are, and what the columns of their x are."""

    customers: Sequence[str]
    names: Sequence[str]


def keep_slice(
    conn: psycopg.Connection, slice_: Slice, period: int, rows: Rows, labels: Labels, *, now: dt.datetime
) -> NDArray[np.int8]:
    """Draw a period's lots for these customers (`person` of their rows is the key) and keep who is in the slice, each once.

    The arms, OUTSIDE for the others; the same again draws the same and keeps nothing more. Before the period: used and loss are not read.
    """
    customers, names = labels
    if len(customers) != len(rows.person) or rows.x.shape != (len(customers), len(names)):
        raise BadInput("a customer of each row and a name of each column are wanted", code="RESPONSE_SHAPE")
    arms = draw_arms(slice_, rows.person, period=period)
    factors = list(slice_.factors_ppm)
    store.insert_slice_rows(conn, [
        (slice_.name, period, customers[k], int(rows.person[k]), int(arms[k]), factors, int(rows.limit_minor[k]), float(rows.burden[k]),
         list(names), rows.x[k].tolist(), now)
        for k in np.flatnonzero(arms != OUTSIDE).tolist()
    ])  # fmt: skip
    return arms


def note_outcomes(
    conn: psycopg.Connection, slice_: Slice, period: int, outcomes: Sequence[tuple[str, int, int]], *, now: dt.datetime
) -> int:
    """(customer, used, loss) in minor units of customers of the slice when a period is over; how many were new."""
    return store.insert_outcomes(conn, [(slice_.name, period, *one, now) for one in outcomes])


def read_evidence(conn: psycopg.Connection, slice_: Slice, *, names: Sequence[str]) -> Evidence:
    """Every row of the slice whose period is over, as the response learns from it.

    BadInput SLICE_CHANGED where rows were drawn with other factors or other columns than these: they say nothing of them.
    """
    found = store.read_slice(conn, slice_.name)
    if any(row[3] != list(slice_.factors_ppm) or row[6] != list(names) for row in found):
        raise BadInput(f"the slice {slice_.name} was drawn with other factors or columns", code="SLICE_CHANGED")
    whole = [np.array([row[place] for row in found], np.int64) for place in (1, 4, 8, 9)]
    x = np.array([row[7] for row in found], np.float32).reshape(len(found), len(names))
    burden = np.array([row[5] for row in found], np.float64)
    rows = Rows(whole[0], x, whole[1], burden, whole[2], whole[3])
    return Evidence(rows, np.array([row[2] for row in found], np.int8))


__all__ = ["Labels", "keep_slice", "note_outcomes", "read_evidence"]
