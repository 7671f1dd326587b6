"""The accounts of one unit of work side by side. Working accounts are views of its rows: kernels and handlers move one state."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

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
from honghua.credit.store import AccountRows

Ints = NDArray[np.int64]
ROWS_MAX: Final = 64  # open statements or plans of one account; a unit with more lays nothing side by side


class AccountTable:
    """heads int64[n, HEAD], dues int64[n, d, DUE], plans int64[n, p, PLAN], balances int64[n, COMPONENTS]; accounts in that order.

    Where rows do not fit their counts (quarantined, corrupt) or are too many, accounts stand alone and the table has no rows.
    """

    def __init__(self, rows: AccountRows, terms_rows: Ints) -> None:
        heads = rows.heads
        most = heads[:, [H_DUES, H_PLANS]].max(axis=0, initial=0)
        fits = (np.diff(rows.dues_at) == heads[:, H_DUES] * DUE) & (np.diff(rows.plans_at) == heads[:, H_PLANS] * PLAN)
        n = len(rows) if fits.all() and (most <= ROWS_MAX).all() else 0
        self.heads: Ints = heads[:n].copy()
        self.dues: Ints = np.zeros((n, int(most[0]) + SPARE_ROWS, DUE), np.int64)
        self.plans: Ints = np.zeros((n, int(most[1]) + SPARE_ROWS, PLAN), np.int64)
        self.balances: Ints = np.zeros((n, COMPONENTS), np.int64)
        if n == 0:
            self.accounts = [rows.account(i, terms_rows) for i in range(len(rows))]
            return
        spread_rows(rows.dues, rows.dues_at, DUE, self.dues)
        spread_rows(rows.plans, rows.plans_at, PLAN, self.plans)
        measure_accounts(self.heads, self.dues, self.plans, self.balances)
        self.terms_rows = terms_rows
        scratch = (np.zeros(COMPONENTS, np.int64), np.zeros(COMPONENTS, np.int64), np.zeros(COMPONENTS, np.int64))
        self.accounts = [
            Account.of_row(
                place, (account_id, ref), terms_rows, State(head, dues, plans), (balance, *scratch)
            ).known(last_fact_id, quarantined=quarantined)
            for place, (account_id, ref, head, dues, plans, balance, last_fact_id, quarantined) in enumerate(zip(
                rows.ids.tolist(), rows.refs, self.heads, self.dues, self.plans, self.balances,
                rows.last_fact_ids.tolist(), rows.quarantined.tolist(), strict=True,
            ))
        ]  # fmt: skip

    def let_go(self, account: Account) -> int:
        """The place of an account that no longer is a view of its row, folded anew or grown: it stands alone from now on. Else −1."""
        place = account.place
        if place < 0 or (
            account.head.base is self.heads and account.dues.base is self.dues and account.plans.base is self.plans
        ):
            return -1
        account.place = -1
        return place

    def terms(self) -> Ints:
        """The terms of each account, int64[n, TERMS]."""
        found: Ints = self.terms_rows[self.heads[:, H_TERMS]] if len(self.heads) else np.zeros((0, 0), np.int64)
        return found

    def pass_quiet_days(self, to: int) -> dict[int, Lines]:
        """Let days pass for all accounts that time alone does not change before the start of day `to`.

        Those moved: place → journal lines, mostly none.
        """
        heads = self.heads
        quiet = np.flatnonzero(
            (heads[:, H_STATUS] != STATUS_NONE) & (heads[:, H_AS_OF] < to) & (heads[:, H_NEXT_ACTION] > to)
            & ~np.array([account.quarantined for account in self.accounts[: len(heads)]], np.bool_)
        )  # fmt: skip
        n = len(quiet)
        if n == 0:
            return {}
        moved, dues, plans = heads[quiet], self.dues[quiet], self.plans[quiet]
        cut, statements = np.zeros(n, np.bool_), np.zeros((n, STATEMENT), np.int64)
        codes, amounts = np.zeros((n, COMPONENTS), np.int64), np.zeros((n, COMPONENTS), np.int64)
        counts, statuses = np.zeros(n, np.int64), np.full(n, FULL, np.int64)
        close_shard(moved, dues, plans, self.terms_rows, to, statements, cut, codes, amounts, counts, statuses)
        assert (statuses == OK).all(), "time alone moves an account that its kernel refuses"
        assert not cut.any(), "a statement was cut before its day"
        heads[quiet], self.dues[quiet], self.plans[quiet] = moved, dues, plans
        if counts.any():
            measure_accounts(self.heads, self.dues, self.plans, self.balances)
        return {
            place: Lines(codes[i, :count].copy(), amounts[i, :count].copy())
            for i, (place, count) in enumerate(zip(quiet.tolist(), counts.tolist(), strict=True))
        }


__all__ = ["AccountTable"]
