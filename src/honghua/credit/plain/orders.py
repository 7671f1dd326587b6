"""Orders that stand together as columns: what they say, and how their accounts will probably stand when each is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.credit.core import commands as c
from honghua.credit.core.account import Account
from honghua.credit.core.bounds.scenes import bound_for
from honghua.credit.core.deciding import account_inputs, more_inputs, scene_keys
from honghua.credit.core.desk import Desk, event_time
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
from honghua.credit.core.layout import H_STATUS, H_TERMS, STATUS_NONE
from honghua.credit.core.lines.purposes import Purpose, serve_all
from honghua.credit.core.purchasing import pass_checks
from honghua.credit.core.terms import AMOUNT_MINOR_MAX
from honghua.credit.plain.table import AccountTable
from honghua.credit.registry import SensedOrders

Ints = NDArray[np.int64]
NOWHERE: Final[tuple[int, ...]] = ()
FREE: Final = 0  # the fee of a purchase without a plan


def is_plain(command: c.Command) -> bool:
    """Whether a command is a purchase of today that is debt at once and whole."""
    return (
        type(command) is c.BuyNow and command.instalments is None and command.continues is None and command.on is None
    )


@dataclass(slots=True)
class Survey:
    """Orders gathered together: those that pass their checks, with their places in the batch and in the table (−1 = not in it)."""

    table: AccountTable
    desk: Desk
    find: Callable[[str], Account | None]
    spots: list[int] = field(default_factory=list)
    commands: list[c.Order] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    at_us: list[int] = field(default_factory=list)
    scenes: list[tuple[int, ...]] = field(default_factory=list)
    checked: list[tuple[int, int]] = field(default_factory=list)  # value day, fee

    def gather(self, commands: Sequence[c.Command], start: int) -> int:
        """Take orders from a place on, up to one that may be judged on what stands before it; returns where that stands.

        Commands of other kinds move the accounts of their own customers only: others' orders may be looked at ahead of them.
        """
        stirred: set[str] = set()
        live = self._live()
        for spot in range(start, len(commands)):
            command = commands[spot]
            if not isinstance(command, c.Order):
                stirred.add(command.customer)
                continue
            if spot > start and (command.continues is not None or command.customer in stirred):
                return spot
            place = self.table.places.get(command.customer, -1)
            if place >= 0 and live[place] and is_plain(command):
                self._take_plain(spot, command, place)
            else:
                self._take(spot, command, place)
        return len(commands)

    def _live(self) -> list[bool]:
        """Which rows are accounts that may be asked at all."""
        table = self.table
        found: list[bool] = ((table.heads[:, H_STATUS] != STATUS_NONE) & ~table.quarantined).tolist()
        return found

    def _take_plain(self, spot: int, command: c.Order, place: int) -> None:
        """`pass_checks` of a plain purchase, without its detours: a test holds the two together."""
        amount, scene, happened_at = command.amount_minor, command.scene, command.happened_at
        if not (command.merchant and command.order and command.category):
            return
        if type(amount) is not int or not 0 < amount <= AMOUNT_MINOR_MAX:
            return
        keys = NOWHERE
        if scene is not None:
            known = c.read_scene(scene)
            if known is None:
                return
            keys = known
        at_us = 0 if happened_at is None else event_time(happened_at, self.desk)
        if at_us is not None:
            self._add(spot, command, place, at_us, keys, (self.desk.today, FREE))

    def _take(self, spot: int, command: c.Order, place: int) -> None:
        account = self.find(command.customer)
        checked = pass_checks(command, account, self.desk) if account is not None else None
        if checked is not None:
            at_us = event_time(command.happened_at, self.desk) or 0
            self._add(spot, command, place, at_us, scene_keys(command), checked)

    def _add(
        self, spot: int, command: c.Order, place: int, at_us: int, keys: tuple[int, ...], checked: tuple[int, int]
    ) -> None:
        self.spots.append(spot)
        self.commands.append(command)
        self.places.append(place)
        self.at_us.append(at_us or self.desk.now_us)
        self.scenes.append(keys)
        self.checked.append(checked)

    def find_barred(self) -> NDArray[np.bool_]:
        """Which of the orders somebody on the list `exclusion` is in, bool[n]."""
        told = zip(self.commands, self.at_us, strict=True)
        return np.array([self.desk.exclusions.bar(command, at_us=at_us) for command, at_us in told], np.bool_)

    def columns(self, command_ids: Sequence[int]) -> SensedOrders:
        """As the risk engine and the account rules see them."""
        commands, table, desk = self.commands, self.table, self.desk
        categories = [command.category for command in commands]
        merchants = [command.merchant for command in commands]
        places = self._rows()
        account_ids = np.empty(len(commands), np.int64)
        inside = places >= 0
        account_ids[inside] = table.ids[places[inside]]
        inputs = np.zeros((len(commands), INPUTS), np.int64)
        inputs[:, IN_AMOUNT] = [command.amount_minor for command in commands]
        serves = serve_all(categories)
        inputs[:, IN_CONSUMPTION] = [serves[name][Purpose.CONSUMPTION] for name in categories]
        if len(table.heads):
            most = np.zeros(max(desk.terms) + 1, np.int64)
            for terms_id, terms in desk.terms.items():
                most[terms_id] = terms.purchase_minor_max
            inputs[:, IN_MOST] = most[table.heads[places, H_TERMS]]
            for i in self._find_business(places):
                inputs[i, IN_CONSUMPTION] = serves[categories[i]][Purpose.BUSINESS]
            read_accounts(places, table.heads, table.balances, desk.today, inputs)
        for i in np.flatnonzero(~inside).tolist():
            account = self.find(commands[i].customer)
            assert account is not None, "it passed its checks"
            inputs[i] = account_inputs(account, desk.terms_of(account), commands[i]) + more_inputs(account, desk.today)
            account_ids[i] = account.account_id
        for i in [k for k, command in enumerate(commands) if command.customer in desk.guards.customers]:
            account = self.find(commands[i].customer)
            assert account is not None, "it passed its checks"
            inputs[i, IN_AVAILABLE] += bound_for(commands[i], account, desk)
        available, limits = inputs[:, IN_AVAILABLE].copy(), inputs[:, IN_LIMIT].copy()
        different, who = np.unique(account_ids, return_inverse=True)
        holding = np.array([type(command) is c.AuthorisePurchase for command in commands], np.bool_)
        foresee(who, holding, np.zeros(len(different), np.int64), np.zeros(len(different), np.int64), inputs)
        return SensedOrders(
            account_ids, np.array([command_ids[spot] for spot in self.spots], np.int64), np.array(self.at_us, np.int64),
            [command.customer for command in commands], merchants,
            np.array([desk.merchants[name] for name in merchants], np.int64), categories,
            np.array([desk.categories[name] for name in categories], np.int64), self.scenes, available, limits, inputs, places,
        )  # fmt: skip

    def _find_business(self, places: Ints) -> list[int]:
        """Which orders are those of business lines."""
        business = [terms_id for terms_id, terms in self.desk.terms.items() if terms.purpose]
        if not business:
            return []
        found: list[int] = np.flatnonzero(np.isin(self.table.heads[places, H_TERMS], business)).tolist()
        return found

    def _rows(self) -> Ints:
        """Places of accounts that still are rows of the table, −1 = others."""
        alone = self.table.alone
        places = [
            -1 if (account := alone.get(command.customer)) is not None and account.place < 0 else place
            for command, place in zip(self.commands, self.places, strict=True)
        ] if alone else self.places  # fmt: skip
        return np.array(places, np.int64)


__all__ = ["Survey", "is_plain"]
