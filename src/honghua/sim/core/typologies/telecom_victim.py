"""People who are talked into sending their money away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.sim.core.draft import US_PER_DAY, Draft, join
from honghua.sim.core.stage import Reporting, Rng, Span, Stage, after, send, spend, times, with_columns, within
from honghua.sim.core.tuning import Disguise, Shops, Tuning


@dataclass(frozen=True, slots=True)
class TelecomVictim:
    """On the telephone with a "policeman": within an hour or two, growing transfers to payees never seen before, or gift cards.

    Camouflage by nature: own device, own address, day time; the payees' accounts change after a few victims.
    """

    name: ClassVar[str] = "telecom_victim"
    family: ClassVar[str] = "money"
    reporting: ClassVar[Reporting] = Reporting(rings=1.0, events=0.8, days_median=2)
    tuning: ClassVar[Tuning] = Tuning(
        (Disguise.PAYEE, Disguise.SUM, Disguise.HOUR), Shops.VIRTUAL, cover=(0,), patience=2, tries=2
    )
    victims: Span = (8, 18)
    days: Span = (5, 15)
    transfers: Span = (2, 4)
    yuan: Span = (600, 6_000)
    growth: tuple[float, float] = (1.1, 2.5)
    victims_per_payee: Span = (2, 5)
    gift_cards: float = 0.2

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One call centre and its victims."""
        who = stage.recruit(rng, within(rng, self.victims))
        days = within(rng, self.days)
        at = times(rng, len(who), day=stage.start(rng, days) + rng.integers(0, days, len(who)), hours=(9, 19))
        order = np.argsort(at, kind="stable")
        who, at = who[order], at[order]
        payee = stage.new_payees(len(who) // self.victims_per_payee[0] + 1)[
            np.arange(len(who)) // within(rng, self.victims_per_payee)
        ]
        cards = rng.random(len(who)) < self.gift_cards
        row = np.repeat(np.arange(len(who)), rng.integers(self.transfers[0], self.transfers[1] + 1, len(who)))
        nth = np.arange(len(row)) - np.searchsorted(row, row)
        when = np.where(nth > 0, after(rng, at[row], hours=0.3) + nth * 60_000_000, at[row])
        sums = rng.integers(*self.yuan, len(who))[row] * rng.uniform(*self.growth, len(who))[row] ** nth
        amount = np.maximum(np.round(sums, -2), 100) * 100
        money = send(rng, stage, who=who[row], at_us=when, payee=payee[row], amount_minor=amount)
        shop = rng.choice(stage.city.shops.of("virtual")[:10], len(row))
        bought = with_columns(spend(rng, stage, who=who[row], at_us=when, shop=shop), amount_minor=100_000)
        inside = when < stage.city.days * US_PER_DAY
        return join([money.take(~cards[row] & inside), bought.take(cards[row] & inside)])


__all__ = ["TelecomVictim"]
