"""A slice as a site runs it: its periods in calendar months, who may take part, and what became of them."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg

from honghua.base.errors import BadInput
from honghua.limits.core import Record
from honghua.limits.response import store
from honghua.limits.response.curves import Rows
from honghua.limits.response.slicing import PPM, Slice
from honghua.limits.response.store import DrawnRow

X_NAMES = ("limit_minor", "used_share", "good_statements", "days_since_change", "idle_days", "was_late")


@dataclass(frozen=True, slots=True)
class SliceTerms:
    """lots: whose limits, by which factors; months: of a period; default_days: past due from which on what is owed counts as lost."""

    lots: Slice
    months: int
    default_days: int

    def __post_init__(self) -> None:
        if not 1 <= self.months <= 24 or self.default_days < 1:
            raise BadInput("a period has 1 … 24 months, and a default begins with a day", code="SLICE_INVALID")

    def period_of(self, day: dt.date) -> int:
        """The number of the period that a business date lies in."""
        return (day.year * 12 + day.month - 1) // self.months


def read_slice_terms(path: Path) -> SliceTerms:
    """Of a file like `data/slice.toml`; BadInput where it is none."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        lots = Slice(name=told["name"], share_ppm=told["share_ppm"], factors_ppm=tuple(told["factors_ppm"]))
        return SliceTerms(lots, told["months"], told["default_days"])
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise BadInput(f"{path} tells no slice of limits: {error!r}", code="SLICE_INVALID") from error


def may_be_moved(terms: SliceTerms, record: Record, base_minor: int) -> bool:
    """Whether every factor would be lawful for this account: decided before the lot, so that the lot alone decides who gets what."""
    low, high = (base_minor * factor // PPM for factor in (terms.lots.factors_ppm[0], terms.lots.factors_ppm[-1]))
    is_sound = not (record.dpd or record.fraud_reports or record.has_temporary)
    return is_sound and base_minor > 0 and record.used_minor <= low and high <= record.ceiling_minor


def find_base(record: Record, before: DrawnRow | None) -> int:
    """The limit that the policy gave: what it was before the last lot while nobody has moved it since, else what it is now."""
    if before is not None and record.limit_minor == before.moved_minor:
        return before.limit_minor
    return record.limit_minor


def make_rows(keys: list[int], records: list[Record], bases: list[int]) -> Rows:
    """What is known before the period, in the columns of X_NAMES. The burden is the share of what was found affordable: incomes stay in
    the file of the application. used_minor and loss_minor are not read."""
    x = np.array([
        (base, one.used_minor / base, one.good_statements, one.days_since_change, one.idle_days, one.was_late)
        for one, base in zip(records, bases, strict=True)
    ], np.float32).reshape(len(records), len(X_NAMES))  # fmt: skip
    burden = np.array([base / one.ceiling_minor for one, base in zip(records, bases, strict=True)], np.float64)
    none = np.zeros(len(keys), np.int64)
    return Rows(np.array(keys, np.int64), x, np.array(bases, np.int64), burden, none, none)


def list_unnoted(conn: psycopg.Connection, terms: SliceTerms, *, before: int, limit: int) -> list[DrawnRow]:
    """Rows of periods that are over and whose outcome nobody has noted, the oldest first."""
    return store.list_unnoted(conn, terms.lots.name, before=before, limit=limit)


def find_drawn(conn: psycopg.Connection, terms: SliceTerms, customers: list[str]) -> dict[str, DrawnRow]:
    """Each customer's newest row."""
    return store.find_drawn(conn, terms.lots.name, customers)


__all__ = [
    "X_NAMES", "DrawnRow", "SliceTerms", "find_base", "find_drawn", "list_unnoted", "make_rows", "may_be_moved", "read_slice_terms",
]  # fmt: skip
