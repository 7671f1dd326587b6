"""Orders that stand together as columns: what they say, and how their accounts will probably stand when each is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from honghua.credit.core import commands as c
from honghua.credit.core.account import Account
from honghua.credit.core.deciding import account_inputs, more_inputs, scene_keys
from honghua.credit.core.desk import NOT_CONSUMPTION, Desk, event_time
from honghua.credit.core.kernels.buying import (
    IN_AMOUNT,
    IN_AVAILABLE,
    IN_CONSUMPTION,
    IN_LIMIT,
    IN_MOST,
    INPUTS,
    foresee,
    read_accounts,
)
from honghua.credit.core.layout import H_TERMS
from honghua.credit.core.purchasing import pass_checks
from honghua.credit.plain.table import AccountTable
from honghua.credit.registry import SensedOrders

Ints = NDArray[np.int64]


@dataclass(slots=True)
class Survey:
    """Orders gathered one by one: those that pass their checks, with their places in the batch and their accounts."""

    spots: list[int] = field(default_factory=list)
    commands: list[c.Order] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    checked: list[tuple[int, int]] = field(default_factory=list)  # value day, fee

    def gather(self, commands: Sequence[c.Command], start: int, accounts: Mapping[str, Account], desk: Desk) -> int:
        """Take orders from a place on, up to what may change what an order is judged on; returns where that stands."""
        for spot in range(start, len(commands)):
            command = commands[spot]
            if not isinstance(command, c.Order) or (spot > start and command.continues is not None):
                return spot
            account = accounts.get(command.customer)
            checked = pass_checks(command, account, desk) if account is not None else None
            if account is not None and checked is not None:
                self.spots.append(spot)
                self.commands.append(command)
                self.accounts.append(account)
                self.checked.append(checked)
        return len(commands)

    def columns(self, table: AccountTable, desk: Desk, command_ids: Sequence[int]) -> SensedOrders:
        """As the risk engine and the account rules see them."""
        commands, accounts = self.commands, self.accounts
        places = np.array([account.place for account in accounts], np.int64)
        inputs = np.zeros((len(commands), INPUTS), np.int64)
        inputs[:, IN_AMOUNT] = [command.amount_minor for command in commands]
        consumption = {
            name: 0 if name.strip().lower() in NOT_CONSUMPTION else 1 for name in {o.category for o in commands}
        }
        inputs[:, IN_CONSUMPTION] = [consumption[command.category] for command in commands]
        if len(table.heads):
            most = np.zeros(max(desk.terms) + 1, np.int64)
            for terms_id, terms in desk.terms.items():
                most[terms_id] = terms.purchase_minor_max
            inputs[:, IN_MOST] = most[table.heads[places, H_TERMS]]
            read_accounts(places, table.heads, table.balances, desk.today, inputs)
        for i in np.flatnonzero(places < 0).tolist():
            account = accounts[i]
            own = account_inputs(account, desk.terms_of(account), commands[i])
            inputs[i] = own + more_inputs(account, desk.today)
        available, limits = inputs[:, IN_AVAILABLE].copy(), inputs[:, IN_LIMIT].copy()
        account_ids = np.array([account.account_id for account in accounts], np.int64)
        different, who = np.unique(account_ids, return_inverse=True)
        holding = np.array([isinstance(command, c.AuthorisePurchase) for command in commands], np.bool_)
        foresee(who, holding, np.zeros(len(different), np.int64), np.zeros(len(different), np.int64), inputs)
        now_us = desk.now_us
        return SensedOrders(
            account_ids,
            np.array([command_ids[spot] for spot in self.spots], np.int64),
            np.array([event_time(command.happened_at, desk) or now_us for command in commands], np.int64),
            [command.customer for command in commands], [command.merchant for command in commands],
            np.array([desk.merchants[command.merchant] for command in commands], np.int64),
            [command.category for command in commands],
            np.array([desk.categories[command.category] for command in commands], np.int64),
            [scene_keys(command) for command in commands], available, limits, inputs, places,
        )  # fmt: skip


__all__ = ["Survey"]
