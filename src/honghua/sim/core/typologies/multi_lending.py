"""Borrowed here to pay there, until nothing is paid anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from honghua.features.core import EventKind
from honghua.sim.core.draft import US_PER_DAY, Draft, Ints, draft, join
from honghua.sim.core.stage import (
    OF_NO_RING,
    Reporting,
    Rng,
    Span,
    Stage,
    after,
    send,
    spend,
    times,
    with_columns,
    within,
)
from honghua.sim.core.tuning import Disguise, Shops, Tuning

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class MultiLending:
    """People at the end of their means are led by an agent from lender to lender: each new loan pays an old bill, ours too, so that
    our limit is free again, to be drawn within hours on goods that sell again. In the end all is drawn at once and nobody pays.

    Camouflage: bills are paid in full and early, own devices, popular shops; others pay the same lenders' accounts honestly.
    The crime is what is drawn in the last round, when nobody means to pay; the rounds before are only a sign.
    """

    name: ClassVar[str] = "multi_lending"
    family: ClassVar[str] = "default"
    reporting: ClassVar[Reporting] = Reporting(
        rings=0.95, events=0.9, days_median=45
    )  # known when the bill is long overdue
    tuning: ClassVar[Tuning] = Tuning((Disguise.SHOP, Disguise.SUM, Disguise.HOUR), Shops.RESALE, pace=(1.0, 1.5, 2.0))
    members: Span = (6, 14)
    lenders: Span = (3, 7)
    rounds: Span = (2, 4)
    round_days: Span = (4, 9)
    bills: Span = (1, 3)  # of other lenders, paid in a round
    yuan: Span = (300, 3_000)
    draws: Span = (1, 3)
    share_ppm: Span = (350_000, 900_000)
    last_draws: Span = (2, 5)
    last_share_ppm: Span = (500_000, 980_000)
    honest_payers: float = 8.0  # per member

    def plant(self, stage: Stage, rng: Rng) -> Draft:
        """One agent and the debtors."""
        who = stage.recruit(rng, within(rng, self.members), needy=True)
        lenders = stage.new_payees(within(rng, self.lenders))
        rounds, days = within(rng, self.rounds), within(rng, self.round_days)
        start = stage.start(rng, (rounds + 1) * days)
        parts = [self._honest(stage, rng, lenders, k=round(self.honest_payers * len(who)))]
        for k in range(rounds + 1):
            day = start + k * days + rng.integers(0, days, len(who))
            parts.append(self._round(stage, rng, who=who, day=day, lenders=lenders, last=k == rounds))
        rows = join(parts)
        return rows.take(rows["at_us"] < stage.city.days * US_PER_DAY)

    def _round(self, stage: Stage, rng: Rng, *, who: Ints, day: Ints, lenders: Ints, last: bool) -> Draft:
        paid_at = times(rng, len(who), day=day, hours=(9, 20))
        paid = draft(at_us=paid_at, kind=EventKind.REPAYMENT, customer=who, share_ppm=PPM)
        bill = np.repeat(np.arange(len(who)), rng.integers(self.bills[0], self.bills[1] + 1, len(who)))
        sums = np.round(rng.integers(*self.yuan, len(bill)) * rng.uniform(0.98, 1.02, len(bill)), 2) * 100
        sent_at = after(rng, paid_at[bill], hours=3)
        sent = send(rng, stage, who=who[bill], at_us=sent_at, payee=rng.choice(lenders, len(bill)), amount_minor=sums)
        draws, share = (self.last_draws, self.last_share_ppm) if last else (self.draws, self.share_ppm)
        row = np.repeat(np.arange(len(who)), rng.integers(draws[0], draws[1] + 1, len(who)))
        shop = rng.choice(stage.city.shops.of("resale")[:25], len(row))
        drawn = with_columns(
            spend(rng, stage, who=who[row], at_us=after(rng, paid_at[row], hours=6), shop=shop),
            share_ppm=rng.integers(*share, len(row)), grid_minor=rng.choice([10, 100, 1_000], len(row)), crime=int(last),
        )  # fmt: skip
        return join([paid, with_columns(sent, crime=0), drawn])

    def _honest(self, stage: Stage, rng: Rng, lenders: Ints, *, k: int) -> Draft:
        """People of the city who owe the same lenders, and pay."""
        who = rng.integers(0, len(stage.city.people), k)
        day = rng.integers(0, stage.city.days, k)
        sums = np.round(rng.integers(*self.yuan, k) * rng.uniform(0.5, 1.0, k), 2) * 100
        at = times(rng, k, day=day, hours=(8, 22))
        sent = send(rng, stage, who=who, at_us=at, payee=rng.choice(lenders, k), amount_minor=sums)
        return with_columns(sent, crime=0, ring=OF_NO_RING).take(day >= stage.city.people.joined_day[who])


__all__ = ["MultiLending"]
