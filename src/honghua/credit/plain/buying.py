"""Plain purchases booked by one kernel: debt at once and whole, approved on an account that stands as was foreseen.

Whatever is not plain (refused, suspended, approved with less, an account that moved) is left to the handlers, one by one, in its
turn. A test lives through the same stream both ways and finds the same books, to the last column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.credit.booking import Booking, Purchases
from honghua.credit.core import commands as c
from honghua.credit.core.account import Lines
from honghua.credit.core.deciding import RULE_INPUTS
from honghua.credit.core.desk import Answer
from honghua.credit.core.kernels.buying import IN_AMOUNT, buy_many
from honghua.credit.core.kernels.measures import COMPONENTS
from honghua.credit.core.layout import EVENT, OK
from honghua.credit.plain.orders import Survey
from honghua.credit.plain.table import AccountTable
from honghua.credit.registry import SensedOrders
from honghua.decision.core import DecisionRow, Outcome
from honghua.facts.kinds import SCENE, FactKind
from honghua.store.facts import FactBatch

Ints = NDArray[np.int64]
FIXED: Final = 6  # arguments of a captured purchase before its scene


def is_plain(command: c.Command) -> bool:
    """Whether a command is a purchase of today that is debt at once and whole."""
    return (
        type(command) is c.BuyNow and command.instalments is None and command.continues is None and command.on is None
    )


class PlainRun:
    """Orders surveyed together, of which `book` takes as many as it can. approved bool[n]: by a judge who saw what is foreseen."""

    def __init__(self, survey: Survey, orders: SensedOrders, approved: NDArray[np.bool_], table: AccountTable) -> None:
        n = len(orders)
        self.commands, self.accounts, self.orders, self.table = survey.commands, survey.accounts, orders, table
        self.approved = approved & (orders.places >= 0)
        self.rows = {spot: row for row, spot in enumerate(survey.spots)}
        gaps = np.flatnonzero(np.diff(survey.spots) != 1)
        self.ends = np.append(gaps + 1, n)[np.searchsorted(gaps, np.arange(n))]  # of the orders without a gap, by row
        self.terms = table.terms()
        self.event, self.after = np.zeros(EVENT, np.int64), np.zeros(COMPONENTS, np.int64)
        self.days, self.counts = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.codes, self.amounts = np.zeros((n, COMPONENTS), np.int64), np.zeros((n, COMPONENTS), np.int64)

    def forsake(self, place: int) -> None:
        """A handler left the account of this place with a state of its own: what else it buys is not plain."""
        self.approved &= self.orders.places != place

    def book(self, spot: int, fact_ids: Iterator[int], booking: Booking, currency: str) -> slice:
        """Book plain purchases from a place of the batch on; gives the rows booked, which may be none."""
        row = self.rows.get(spot, -1)
        if row < 0 or not self.approved[row]:
            return slice(0, 0)
        table, orders, end = self.table, self.orders, int(self.ends[row])
        stop, status = buy_many(
            row, self.approved[:end], orders.places[:end], orders.category_ids, orders.inputs, booking.today,
            table.heads, table.dues, table.plans, table.balances, self.terms, self.event, self.after, self.days, self.counts,
            self.codes, self.amounts,
        )  # fmt: skip
        assert status == OK, f"account {orders.account_ids[stop]}: kernel status {status} on {self.commands[stop]}"
        rows = slice(row, int(stop))
        if stop > row:
            self._collect(rows, np.array(list(islice(fact_ids, int(stop) - row)), np.int64), booking, currency)
        return rows

    def _collect(self, rows: slice, fact_ids: Ints, booking: Booking, currency: str) -> None:
        orders, value_on = self.orders, np.full(len(fact_ids), booking.today, np.int64)
        for account, fact_id in zip(self.accounts[rows], fact_ids.tolist(), strict=True):
            account.last_fact_id = fact_id
            booking.touched[account.account_id] = account
        args, offsets = _arguments(orders.category_ids[rows], orders.scenes[rows])
        booking.plain.append(FactBatch(
            fact_id=fact_ids, kind=np.full(len(fact_ids), int(FactKind.PURCHASE_CAPTURED)),
            account_id=orders.account_ids[rows], value_on=value_on, effective_on=self.days[rows], happened_at=orders.at_us[rows],
            amount_minor=orders.inputs[rows, IN_AMOUNT], counterparty_id=orders.merchant_ids[rows],
            purchase_id=orders.command_ids[rows], command_id=orders.command_ids[rows], args_values=args, args_offsets=offsets,
            reference=[command.order for command in self.commands[rows]],
        ))  # fmt: skip
        shown = np.arange(COMPONENTS)[None, :] < self.counts[rows, None]
        booking.post_many(
            currency, Purchases(fact_ids, orders.account_ids[rows], orders.merchant_ids[rows], self.counts[rows]),
            Lines(self.codes[rows][shown], self.amounts[rows][shown]),
        )  # fmt: skip

    def answers(self, rows: slice, fact_ids: Ints) -> list[Answer]:
        """What buyers are told, one each."""
        orders = self.orders
        told = zip(
            orders.command_ids[rows].tolist(), orders.inputs[rows, IN_AMOUNT].tolist(), fact_ids.tolist(), strict=True
        )
        return [
            {"outcome": "approved", "purchase_id": number, "amount_minor": amount, "fee_minor": 0, "fact_id": fact_id}
            for number, amount, fact_id in told
        ]

    def decisions(self, rows: slice) -> list[DecisionRow]:
        """What the account rules leave on record, where they judged alone."""
        orders = self.orders
        heads = zip(orders.account_ids[rows].tolist(), orders.command_ids[rows].tolist(), strict=True)
        vectors = map(tuple, orders.inputs[rows, :RULE_INPUTS].tolist())
        return [
            DecisionRow(account_id, number, int(Outcome.APPROVE), "", vector)
            for (account_id, number), vector in zip(heads, vectors, strict=True)
        ]


def _arguments(categories: Ints, scenes: Sequence[tuple[int, ...]]) -> tuple[Ints, Ints]:
    """Arguments of captured purchases, flat with offsets: nothing released, no plan, the category, and the scene where one is told."""
    n = len(categories)
    flat = np.zeros((n, FIXED + len(SCENE)), np.int64)
    flat[:, FIXED - 1] = categories
    told = np.array([len(scene) > 0 for scene in scenes], np.bool_)
    if told.any():
        flat[told, FIXED:] = [scene for scene in scenes if scene]
    widths = np.where(told, FIXED + len(SCENE), FIXED)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(widths, out=offsets[1:])
    return flat[np.arange(flat.shape[1])[None, :] < widths[:, None]], offsets


__all__ = ["PlainRun", "is_plain"]
