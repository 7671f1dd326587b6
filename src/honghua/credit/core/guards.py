"""What a unit of work knows about the accounts with a spending cap, limits for one scene or shops of their own. Most have none.

Spent of a month: what the orders begun in it hold and owe, less what was released and given back, whenever that happened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from honghua.base.dates import from_day
from honghua.credit.core.persons.others import OtherLines
from honghua.facts.kinds import Fact, FactKind
from honghua.limits.core import Act, Grant, act, left_for, share_out

NO_CAP: Final = 0
OF_ORDERS: Final = frozenset({
    FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED, FactKind.AUTHORISATION_RELEASED, FactKind.PURCHASE_REFUNDED,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class CapRules:
    """How caps change. cooling_days: business days from the wish to raise or drop a cap until that counts (own choice, grade U)."""

    cooling_days: int = 1


@dataclass(frozen=True, slots=True)
class CapRow:
    """A cap as it was set: minor units a month (0 = none), from which day number on; the fact that says so (0 = of this unit)."""

    cap_minor: int
    from_on: int
    fact_id: int = 0


@dataclass(frozen=True, slots=True)
class Carried:
    """Part of an order that a grant bears beyond the limit; given_back_minor of it has returned to the grant."""

    purchase_id: int
    grant_id: int
    amount_minor: int
    given_back_minor: int = 0


def month_of(day: int) -> tuple[int, int]:
    """Calendar month of a day number."""
    date = from_day(day)
    return date.year, date.month


def cap_on(rows: Sequence[CapRow], day: int) -> int:
    """The cap in force on a day: the newest wish that counts by then. NO_CAP where there is none."""
    return next((row.cap_minor for row in reversed(rows) if row.from_on <= day), NO_CAP)


def pending(rows: Sequence[CapRow], day: int) -> CapRow | None:
    """The newest wish, while it does not count yet."""
    return rows[-1] if rows and rows[-1].from_on > day else None


def effect_of(fact: Fact) -> int:
    """What a fact adds to what its order has spent, minor units."""
    if fact.kind is FactKind.PURCHASE_AUTHORISED:
        return fact.amount_minor
    if fact.kind is FactKind.PURCHASE_CAPTURED:
        return fact.amount_minor - fact.args[0]
    return -fact.amount_minor


def is_opening(fact: Fact) -> bool:
    """Whether an order begins with this fact: a hold, or a purchase that was not held before."""
    return fact.kind is FactKind.PURCHASE_AUTHORISED or (fact.kind is FactKind.PURCHASE_CAPTURED and fact.args[0] == 0)


@dataclass(slots=True)
class Guard:
    """One account: caps in the order of their facts, what was spent by month, the month of each order, grants, the assessed ceiling.

    ceiling_minor None: nobody assessed the customer, so no grant may be used. carried: parts of orders that grants bear. own_shops:
    merchants that belong to the account's holder.
    """

    caps: list[CapRow] = field(default_factory=list)
    spent: dict[tuple[int, int], int] = field(default_factory=dict)
    months: dict[int, tuple[int, int]] = field(default_factory=dict)
    heard: dict[int, Fact] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    ceiling_minor: int | None = None
    carried: list[Carried] = field(default_factory=list)
    own_shops: frozenset[str] = frozenset()

    def hear(self, fact_id: int, fact: Fact) -> None:
        """Follow one fact of the account, in order of fact ids."""
        if fact.kind is FactKind.SPENDING_CAP_SET:
            self.caps.append(CapRow(fact.amount_minor, fact.args[0], fact_id))
        elif fact.kind is FactKind.FACT_REVERSED:
            undone = self.heard.pop(fact.reverses_fact_id, None)
            if undone is not None:
                self._add(undone.purchase_id, -effect_of(undone))
        elif fact.kind in OF_ORDERS:
            if is_opening(fact):
                self.months[fact.purchase_id] = month_of(fact.value_on)
            self.heard[fact_id] = fact
            self._add(fact.purchase_id, effect_of(fact))

    def _add(self, purchase_id: int, amount_minor: int) -> None:
        month = self.months.get(purchase_id)
        if month is not None:
            self.spent[month] = self.spent.get(month, 0) + amount_minor

    def spent_in(self, day: int) -> int:
        """Spent in the month of a day, minor units."""
        return self.spent.get(month_of(day), 0)


@dataclass(slots=True)
class Guards:
    """Guards by account id, and what returned to grants in this unit, for the shell to write."""

    by_account: dict[int, Guard] = field(default_factory=dict)
    today: int = 0
    given_back: list[tuple[int, Carried]] = field(default_factory=list)  # by which fact, what returned
    rules: CapRules = field(default_factory=CapRules)
    customers: set[str] = field(default_factory=set)  # whose accounts these are: their orders are looked at one by one
    others: OtherLines = field(default_factory=OtherLines)  # of the same holders: what they take of the cap of a person

    def find(self, account_id: int) -> Guard | None:
        """The guard of an account, None for most."""
        return self.by_account.get(account_id)

    def hear(self, fact_id: int, fact: Fact) -> None:
        """Follow a fact of this unit."""
        if fact.kind is FactKind.ACCOUNT_OPENED:
            self.by_account[fact.account_id] = Guard()
        guard = self.by_account.get(fact.account_id)
        if guard is None:
            return
        guard.hear(fact_id, fact)
        if fact.kind is FactKind.BOUND_LIMIT_USED:
            self._use(guard, fact)
        elif fact.kind is FactKind.AUTHORISATION_RELEASED:
            self._give_back(guard, fact_id, fact, fact.amount_minor)
        elif fact.kind is FactKind.PURCHASE_CAPTURED and fact.args[0] > fact.amount_minor:
            self._give_back(guard, fact_id, fact, fact.args[0] - fact.amount_minor)

    def _use(self, guard: Guard, fact: Fact) -> None:
        grant_id = fact.args[0]
        for k, grant in enumerate(guard.grants):
            if grant.grant_id == grant_id:
                after = act(grant, Act.USE, on=self.on, amount_minor=fact.amount_minor)
                assert after is not None, f"grant {grant_id} was used beyond what it had"
                guard.grants[k] = after
                guard.carried.append(Carried(fact.purchase_id, grant_id, fact.amount_minor))

    def _give_back(self, guard: Guard, fact_id: int, fact: Fact, rest: int) -> None:
        """What was held and not bought gives back first what stood beyond the limit."""
        for place, one in enumerate(guard.carried):
            part = min(rest, one.amount_minor - one.given_back_minor) if one.purchase_id == fact.purchase_id else 0
            where = next((k for k, grant in enumerate(guard.grants) if grant.grant_id == one.grant_id), -1)
            if part <= 0 or where < 0:
                continue
            after = act(guard.grants[where], Act.GIVE_BACK, on=self.on, amount_minor=part)
            rest -= part
            guard.carried[place] = replace(one, given_back_minor=one.given_back_minor + part)
            if after is not None:  # a grant that was taken back meanwhile stays so
                guard.grants[where] = after
            self.given_back.append((fact_id, replace(one, given_back_minor=part)))

    @property
    def on(self) -> dt.date:
        """The business date."""
        return from_day(self.today)


def covering(grants: Iterable[Grant], *, category: str, merchant: str) -> list[Grant]:
    """The grants of the scene that an order belongs to."""
    return [grant for grant in grants if grant.scope.covers(category=category, merchant=merchant)]


def headroom(guard: Guard, *, granted_minor: int, taken_minor: int) -> int:
    """What risk left free: the ceiling less what is granted or taken, whichever is more. Nothing where nobody assessed."""
    return 0 if guard.ceiling_minor is None else max(0, guard.ceiling_minor - max(granted_minor, taken_minor))


__all__ = [
    "NO_CAP", "CapRow", "CapRules", "Carried", "Guard", "Guards", "cap_on", "covering", "headroom", "left_for", "month_of", "pending",
    "share_out",
]  # fmt: skip
