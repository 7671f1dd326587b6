"""The accounts of one unit of work side by side. Working accounts are views of its rows: kernels and handlers move one state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.credit import store
from honghua.credit.core.account import SPARE_ROWS, Account, Lines, State
from honghua.credit.core.kernels.buying import measure_accounts
from honghua.credit.core.kernels.fold import close_shard
from honghua.credit.core.kernels.measures import COMPONENTS
from honghua.credit.core.kernels.packing import spread_rows
from honghua.credit.core.layout import (
    DUE,
    FULL,
    H_AS_OF,
    H_DUES,
    H_NEXT_ACTION,
    H_PLANS,
    H_STATUS,
    H_TERMS,
    OK,
    PLAN,
    STATEMENT,
    STATUS_NONE,
)  # fmt: skip
from honghua.credit.shard import gather
from honghua.credit.store import AccountRows

Ints = NDArray[np.int64]
ROWS_MAX: Final = 64  # open statements or plans of one account; a unit with more lays nothing side by side


class AccountTable:
    """heads int64[n, HEAD], dues int64[n, d, DUE], plans int64[n, p, PLAN], balances int64[n, COMPONENTS]; accounts in that order.

    ids, last_fact_ids int64[n]; touched bool[n]: to be written. Accounts whose rows do not fit their counts (corrupt) or are too many
    stand alone. A row becomes a working account when somebody asks for it (`find`). broken: what is wrong with an account, by customer.
    facts_before int64[n]: the last fact of each when it was read.
    """

    def __init__(self, rows: AccountRows, terms_rows: Ints, today: int) -> None:
        counts, fits = rows.heads[:, [H_DUES, H_PLANS]], find_sound(rows, terms_rows, today)
        self.broken = {
            rows.refs[i]: "a row that no fold makes" for i in np.flatnonzero(~(fits | rows.quarantined)).tolist()
        }
        rows.quarantined = rows.quarantined | ~fits
        side_by_side = fits & (counts <= ROWS_MAX).all(axis=1)
        others = [rows.account(i, terms_rows) for i in np.flatnonzero(~side_by_side).tolist()]
        self.alone = {
            account.customer_ref: account for account in others
        }  # working accounts by customer, as far as they are made
        rows = rows.select(np.flatnonzero(side_by_side))
        n, heads = len(rows), rows.heads
        most = heads[:, [H_DUES, H_PLANS]].max(axis=0, initial=0)
        self.refs, self.terms_rows = rows.refs, terms_rows
        self.ids, self.last_fact_ids, self.quarantined = rows.ids, rows.last_fact_ids.copy(), rows.quarantined.copy()
        self.heads: Ints = heads.copy()
        self.dues: Ints = np.zeros((n, int(most[0]) + SPARE_ROWS, DUE), np.int64)
        self.plans: Ints = np.zeros((n, int(most[1]) + SPARE_ROWS, PLAN), np.int64)
        self.balances: Ints = np.zeros((n, COMPONENTS), np.int64)
        self.touched = np.zeros(n, np.bool_)
        self.places = dict(zip(rows.refs, range(n), strict=True))
        spread_rows(rows.dues, rows.dues_at, DUE, self.dues)
        spread_rows(rows.plans, rows.plans_at, PLAN, self.plans)
        measure_accounts(self.heads, self.dues, self.plans, self.balances)
        self._before = self.heads.copy(), self.dues.copy(), self.plans.copy()
        self.facts_before = rows.last_fact_ids
        self._scratch = tuple(np.zeros(COMPONENTS, np.int64) for _ in range(3))

    def find(self, ref: str) -> Account | None:
        """A customer's working account: a view of its row, made when it is first asked for."""
        account = self.peek(ref)
        if account is not None:
            self.alone[ref] = account
        return account

    def peek(self, ref: str) -> Account | None:
        """The same, to look at only: nothing is remembered of who asked."""
        account = self.alone.get(ref)
        if account is None and (place := self.places.get(ref, -1)) >= 0:
            state = State(self.heads[place], self.dues[place], self.plans[place])
            names = int(self.ids[place]), ref
            vectors = self.balances[place], *self._scratch
            account = Account.of_row(place, names, self.terms_rows, state, vectors).known(
                int(self.last_fact_ids[place]), quarantined=bool(self.quarantined[place])
            )
        return account

    def touch(self, account: Account) -> None:
        """A working account that is a row of the table moved."""
        place = account.place
        self.touched[place] = True
        self.last_fact_ids[place] = max(int(self.last_fact_ids[place]), account.last_fact_id)

    def let_go(self, account: Account) -> int:
        """The place of an account that no longer is a view of its row, folded anew or grown: it stands alone from now on. Else −1."""
        place = account.place
        if place < 0 or (
            account.head.base is self.heads and account.dues.base is self.dues and account.plans.base is self.plans
        ):
            return -1
        account.place, account.last_fact_id = -1, max(int(self.last_fact_ids[place]), account.last_fact_id)
        self.touched[place] = False
        return place

    def take(self, touched: Iterable[Account]) -> None:
        """These working accounts moved: those that still are rows are to be written with the others."""
        for account in touched:
            if account.place >= 0:
                self.touch(account)

    def store(self, conn: psycopg.Connection) -> None:
        """Write the rows that were touched: only what moved in them."""
        places = np.flatnonzero(self.touched)
        if not len(places):
            return
        now, before = (self.heads, self.dues, self.plans), self._before
        heads, dues, plans = (one[places] != other[places] for one, other in zip(now, before, strict=True))
        parts = tuple(name for name, part in (("dues", dues), ("plans", plans)) if part.any())
        moved = store.Moved(tuple(np.flatnonzero(heads.any(axis=0)).tolist()), parts)
        state = self.heads[places]
        rows = {
            "dues": gather(self.dues[places], state[:, H_DUES], DUE),
            "plans": gather(self.plans[places], state[:, H_PLANS], PLAN),
        }
        store.update_account_columns(conn, self.ids[places], self.last_fact_ids[places], state, rows=rows, moved=moved)

    def carry(self, account_ids: Ints) -> AccountRows | None:
        """Those of these accounts that are to be written, as they stand now; None where one of them is no row of the table any more."""
        if any(account.place < 0 and account.account_id in account_ids for account in self.alone.values()):
            return None
        places = np.flatnonzero(self.touched & np.isin(self.ids, account_ids))
        heads = self.heads[places]
        return AccountRows([
            self.ids[places], [self.refs[k] for k in places.tolist()], *heads.T, gather(self.dues[places], heads[:, H_DUES], DUE),
            gather(self.plans[places], heads[:, H_PLANS], PLAN), self.last_fact_ids[places], self.quarantined[places],
        ])  # fmt: skip

    def terms(self) -> Ints:
        """The terms of each account, int64[n, TERMS]."""
        found: Ints = self.terms_rows[self.heads[:, H_TERMS]] if len(self.heads) else np.zeros((0, 0), np.int64)
        return found

    def late(self, to: int) -> Ints:
        """Places of accounts that have not reached day `to`, and may."""
        found: Ints = np.flatnonzero(
            (self.heads[:, H_STATUS] != STATUS_NONE) & (self.heads[:, H_AS_OF] < to) & ~self.quarantined
        )
        return found

    def pass_quiet_days(self, to: int) -> dict[int, Lines]:
        """Let days pass for all accounts that time alone does not change before the start of day `to`; they are touched.

        Those whose components moved: place → journal lines.
        """
        quiet = self.late(to)
        quiet = quiet[self.heads[quiet, H_NEXT_ACTION] > to]
        n = len(quiet)
        if n == 0:
            return {}
        moved, dues, plans = self.heads[quiet], self.dues[quiet], self.plans[quiet]
        cut, statements = np.zeros(n, np.bool_), np.zeros((n, STATEMENT), np.int64)
        codes, amounts = np.zeros((n, COMPONENTS), np.int64), np.zeros((n, COMPONENTS), np.int64)
        counts, statuses = np.zeros(n, np.int64), np.full(n, FULL, np.int64)
        close_shard(moved, dues, plans, self.terms_rows, to, statements, cut, codes, amounts, counts, statuses)
        fine = (statuses == OK) & ~cut
        for i in np.flatnonzero(~fine).tolist():
            self.broken[self.refs[quiet[i]]] = f"quiet days: kernel status {statuses[i]}, statement {cut[i]}"
            counts[i] = 0
        good = quiet[fine]
        self.heads[good], self.dues[good], self.plans[good] = moved[fine], dues[fine], plans[fine]
        self.touched[good] = True
        if not counts.any():
            return {}
        measure_accounts(self.heads, self.dues, self.plans, self.balances)
        return {
            int(quiet[i]): Lines(codes[i, : counts[i]].copy(), amounts[i, : counts[i]].copy())
            for i in np.flatnonzero(counts).tolist()
        }


def find_sound(rows: AccountRows, terms_rows: Ints, today: int) -> NDArray[np.bool_]:
    """Which rows kernels may see, bool[n]: they check no bounds. Terms known, no day ahead of the book, as many parts as are counted."""
    heads = rows.heads
    found: NDArray[np.bool_] = (
        (heads[:, H_TERMS] >= 0) & (heads[:, H_TERMS] < len(terms_rows)) & (heads[:, H_AS_OF] <= today)
        & (np.diff(rows.dues_at) == heads[:, H_DUES] * DUE) & (np.diff(rows.plans_at) == heads[:, H_PLANS] * PLAN)
    )  # fmt: skip
    return found


__all__ = ["AccountTable"]
