"""What people see of joint lending: who lends how much, whose books agree with ours, and who lends to one customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from honghua.funding import store
from honghua.funding.core.agreements import OWN, Partner
from honghua.funding.core.bounds import Standing
from honghua.funding.lending import load_book, read_exposures, read_parts
from honghua.funding.naming import find_named
from honghua.funding.store_viewing import DifferenceRow, LenderOut, ReconciledDay, list_out, list_reconciled
from honghua.funding.store_viewing import list_differences as list_rows_that_differ

DAYS_SHOWN: Final = 31
ROWS_SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerShown:
    """A partner with whom there are or were loans, or who does not simply stand. beside_minor: our own part of loans with its group."""

    partner: Partner
    standing: Standing
    out: LenderOut
    beside_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Books held against books. waiting: (partner, day) that do not agree yet, or were not looked at; days: the last looks."""

    waiting: tuple[tuple[str, dt.date], ...]
    days: tuple[ReconciledDay, ...]
    differences: tuple[DifferenceRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LenderOfCustomer:
    """Another lender than ourselves in somebody's debt. is_named: a contract of theirs names it; out_minor: what it has out."""

    partner: Partner
    is_named: bool
    out_minor: int


def list_lenders(conn: psycopg.Connection) -> tuple[LenderOut, list[PartnerShown]]:
    """What we hold ourselves of shared loans, and every partner that holds parts or whose standing was ever changed."""
    found = {one.lender: one for one in list_out(conn)}
    standings, beside = store.read_standings(conn), read_exposures(conn)
    shown = [
        PartnerShown(
            partner=partner, standing=standings.get(code, Standing.ACTIVE), out=found.get(code, LenderOut(code, 0, 0, 0)),
            beside_minor=beside.get(partner.group, 0),
        )
        for code, partner in sorted(load_book().partners.items())
        if code != OWN and (code in found or code in standings)
    ]  # fmt: skip
    return found.get(OWN, LenderOut(OWN, 0, 0, 0)), shown


def look_at_books(conn: psycopg.Connection, *, today: dt.date) -> Reconciled:
    """How the books of the last days agree with partners'; today's is still being written."""
    since = today - dt.timedelta(days=DAYS_SHOWN)
    return Reconciled(
        waiting=tuple(store.list_days_to_reconcile(conn, until=today - dt.timedelta(days=1), limit=ROWS_SHOWN)),
        days=tuple(list_reconciled(conn, since=since, limit=ROWS_SHOWN)),
        differences=tuple(list_rows_that_differ(conn, since=since, limit=ROWS_SHOWN)),
    )


def find_lenders_of(
    conn: psycopg.Connection, customers: Sequence[str], account_ids: Sequence[int], *, today: dt.date
) -> list[LenderOfCustomer]:
    """Who else lends, or may lend, to the holder of these accounts, by name; customers: how contracts call that holder."""
    named = set[str]().union(*find_named(conn, customers).values())
    out: dict[str, int] = {}
    for parts in read_parts(conn, account_ids, days=(today, today)).values():
        for part in parts:
            out[part.lender] = out.get(part.lender, 0) + part.out_minor
    wanted = named | {lender for lender, minor in out.items() if minor}
    return [
        LenderOfCustomer(partner=load_book().partners[code], is_named=code in named, out_minor=out.get(code, 0))
        for code in sorted(wanted)
    ]


__all__ = [
    "DAYS_SHOWN", "LenderOfCustomer", "PartnerShown", "Reconciled", "find_lenders_of", "list_lenders", "look_at_books",
]  # fmt: skip
