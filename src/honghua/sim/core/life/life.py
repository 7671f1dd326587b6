"""The life of one block: what its people want each day, and what they make of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from honghua.features.core import EventKind
from honghua.sim.core.citizens import (
    Bills,
    Needs,
    Setting,
    first_standing,
    hear,
    needs_of,
    pass_day,
    repays,
)
from honghua.sim.core.citizens import (
    Heard as HeardBy,
)
from honghua.sim.core.draft import MUST_CREDIT, US_PER_DAY, US_PER_HOUR, US_PER_S, Draft, Ints, act_ids, draft, join
from honghua.sim.core.life.accounts import Accounts, open_accounts
from honghua.sim.core.life.later import Later, follow
from honghua.sim.core.life.registry import Registry
from honghua.sim.core.life.sending import SENDING, pay_rents, send_money
from honghua.sim.core.life.shopping import PPM, Bought, lifts_of, shop_for
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.core.truth import CLEARED_SHARE, WRONGED_SHARE

Rng = np.random.Generator

RAISED_SHARE: Final = 0.0006  # of the accounts, on a day, whose limit the house of the files raises: a fifth in a year
WAITED: Final = 0.4  # of those whose limit was raised soon buy what they were waiting for
WHOLE_REFUNDS: Final = 0.8
TRY_AGAIN: Final = 0.35  # of the refused, once, for less
WAITED_FOR: Final = ("phones", "appliances", "gold", "electronics", "furniture")
MOOD: Final = 0.08  # log spread of a day's weather and news


class Life:
    """One block of people (`cell.Actor`). `members` int64[k] ascending; `accounts` is kept up to date by whoever settles.

    raises: whether the house of the files raises limits; the real platform decides that by itself and tells by `limit_changed`.
    """

    def __init__(self, registry: Registry, block: int, *, apart: Ints, raises: bool = True) -> None:
        self.registry = registry
        self.number = block
        self.members = registry.members_of(block, apart=apart)
        self.raises = raises
        citizens, who = registry.citizens, self.members
        rng = registry.rng("life", block, "start")
        self.standing = first_standing(citizens, who, rng)
        self.sends_per_day = rng.gamma(*SENDING, len(who))
        has_line = citizens.line_day[who] < 0
        limit = np.where(has_line, citizens.people.limit_minor[who], 0)
        self.accounts: Accounts = open_accounts(who, limit_minor=limit, used_minor=citizens.used_minor[who])
        self.later = Later()

    def wants(self, day: int) -> Draft:
        """Everything that these people will try on this local day, by (at_us, act)."""
        registry, members = self.registry, self.members
        rng = registry.rng("life", self.number, day)
        today = pass_day(registry.citizens, self.standing, day, rng)
        bought = self.shop(rng, day)
        renters = np.flatnonzero(today.rent_minor)
        wanted = [
            self.later.take(day),
            self._repay(rng, day),
            bought.today,
            send_money(rng, registry, members, self.sends_per_day, day),
            pay_rents(rng, registry, members[renters], today.rent_minor[renters], day),
        ]
        if self.raises:
            wanted.append(self._raises(rng, day))
        self.later.keep(bought.later)
        rows = join(wanted)
        order = np.argsort(rows["at_us"], kind="stable")
        columns = {name: values[order] for name, values in rows.columns.items()}
        return Draft({**columns, "act": act_ids(self.number, day, len(order))})

    def hear(self, day: int, rows: Draft, outcomes: Outcomes) -> None:
        """What became of the day's wants: purses and patience move, and goods go back, refused people try again, labels arrive."""
        rng = self.registry.rng("heard", self.number, day)
        bought = rows["kind"] == EventKind.PURCHASE
        lent = outcomes.granted & bought & (rows["credit"] > 0)
        own = bought & ~lent & (rows["credit"] < MUST_CREDIT) & (outcomes.code != Heard.DELAYED)
        paid = np.where(own, rows["amount_minor"], outcomes.granted_minor)
        chosen = np.flatnonzero(bought)
        heard = HeardBy(
            self.accounts.rows_of(rows["customer"][chosen]), rows["amount_minor"][chosen],
            np.where(lent, outcomes.granted_minor, 0)[chosen], outcomes.code[chosen], own[chosen],
        )  # fmt: skip
        hear(self.registry.citizens, self.standing, heard)
        self._take_back(rows, outcomes)
        happened = Draft({**rows.columns, "amount_minor": paid, "credit": lent.astype(np.int64)})
        self.later.keep(self._send_back(rng, happened))
        self.later.keep(_label(rng, happened))
        refused = np.isin(outcomes.code, (Heard.REFUSED_LIMIT, Heard.REFUSED_RISK)) & bought & ~own
        self.later.keep(_try_again(rng, rows, np.flatnonzero(refused & (rows["about"] < 0)), day))
        raised = (rows["kind"] == EventKind.LIMIT_RAISED) & outcomes.granted
        self.limit_changed(rows["customer"][raised], day)

    def _take_back(self, rows: Draft, outcomes: Outcomes) -> None:
        """Refunds of what own money paid, and what was repaid too much, are in the wallets again."""
        back = np.where((rows["kind"] == EventKind.REFUND) & (rows["credit"] == 0), outcomes.granted_minor, 0)
        spare = rows["amount_minor"] - outcomes.granted_minor
        back = np.where((rows["kind"] == EventKind.REPAYMENT) & (rows["share_ppm"] == 0), spare, back)
        mine = np.flatnonzero(back)
        np.add.at(self.standing.wallet_minor, self.accounts.rows_of(rows["customer"][mine]), back[mine])

    def limit_changed(self, who: Ints, day: int) -> None:
        """These people's limits were raised: a good part of them soon buys the big thing that they were waiting for."""
        registry = self.registry
        rng = registry.rng("raised", self.number, day)
        who = who[rng.random(len(who)) < WAITED]
        k = len(who)
        shops = registry.shops.shops
        dear = np.flatnonzero(np.isin(registry.plan.scenes.category, registry.categories(WAITED_FOR)))
        at = (day + 1) * US_PER_DAY + np.maximum(np.exp(rng.normal(np.log(30), 1.1, k)), 0.1) * US_PER_HOUR
        shop = registry.shops.pick(
            rng.random(k), rng.random(k), rng.choice(dear, k), registry.citizens.people.region[who], day
        )
        from_home = registry.place_of(rng, who, at.astype(np.int64))
        wish = draft(
            at_us=at, kind=EventKind.PURCHASE, customer=who, merchant=shop, category=shops.category[shop],
            scene=registry.shops.scene[shop], credit=1, device=from_home.device, address=from_home.address,
            region=np.where(shops.online[shop], from_home.region, shops.region[shop]), share_ppm=rng.beta(2.5, 1.3, k) * PPM,
            grid_minor=rng.choice([100, 100, 1_000], k),
        )  # fmt: skip
        self.later.keep(wish)

    def shop(self, rng: Rng, day: int) -> Bought:
        """What these people would buy on a day as they stand now; nothing of it is remembered."""
        registry = self.registry
        mood = float(np.exp(registry.rng("mood", day).normal(0, MOOD)))
        setting = Setting(
            day=day, lift=lifts_of(registry, day), mood=mood, available_minor=self.accounts.available_minor,
            free_months=registry.calendar.free_months(day),
        )  # fmt: skip
        needs = needs_of(registry.citizens, self.standing, registry.plan.scenes, setting, rng)
        here = registry.is_here(needs.who, day)
        return shop_for(rng, registry, Needs(*(column[here] for column in needs)), day)

    def _repay(self, rng: Rng, day: int) -> Draft:
        accounts = self.accounts
        bills = Bills(
            accounts.unpaid_minor, accounts.minimum_minor, accounts.due_day, np.zeros(len(accounts), np.bool_)
        )
        pays = repays(self.registry.citizens, self.standing, bills, day, rng)
        rows = np.flatnonzero(pays)
        at = day * US_PER_DAY + rng.integers(7 * US_PER_HOUR, 23 * US_PER_HOUR, len(rows))
        return draft(at_us=at, kind=EventKind.REPAYMENT, customer=self.members[rows], amount_minor=pays[rows])

    def _raises(self, rng: Rng, day: int) -> Draft:
        accounts = self.accounts
        good = (accounts.limit_minor > 0) & ~accounts.blocked & (rng.random(len(accounts)) < RAISED_SHARE)
        who = self.members[good]
        at = day * US_PER_DAY + 10 * US_PER_HOUR + rng.integers(0, US_PER_HOUR, len(who))
        share = rng.integers(150_000, 900_000, len(who))
        return draft(at_us=at, kind=EventKind.LIMIT_RAISED, customer=who, share_ppm=share, grid_minor=10_000)

    def _send_back(self, rng: Rng, happened: Draft) -> Draft:
        """Goods go back within days by the habit of their scene, most of them whole."""
        bought = (happened["kind"] == EventKind.PURCHASE) & (happened["amount_minor"] > 0)
        rate = np.where(bought, self.registry.plan.scenes.refunds[happened["scene"]], 0.0)
        rows = np.flatnonzero(rng.random(len(happened)) < rate)
        whole = rng.random(len(rows)) < WHOLE_REFUNDS
        share = np.where(whole, 1.0, rng.uniform(0.1, 0.9, len(rows)))
        back = np.maximum((happened["amount_minor"][rows] * share).astype(np.int64), 1)
        return _after_days(
            happened, rows, np.exp(rng.normal(np.log(2.5), 0.8, len(rows))),
            {"kind": EventKind.REFUND, "amount_minor": back, "credit": happened["credit"][rows]},
        )  # fmt: skip


def _label(rng: Rng, happened: Draft) -> Draft:
    """A few innocent purchases are looked at and let go, and very few are reported by mistake; gangs bring their own reports."""
    scored = np.isin(happened["kind"], (EventKind.PURCHASE, EventKind.TRANSFER)) & (happened["amount_minor"] > 0)
    chance = rng.random(len(happened))
    drafts = []
    for kind, low, high, days in (
        (EventKind.CLEARED, 0.0, CLEARED_SHARE, (0.5, 4.0)),
        (EventKind.FRAUD_REPORTED, CLEARED_SHARE, CLEARED_SHARE + WRONGED_SHARE, (2.0, 30.0)),
    ):
        rows = np.flatnonzero(scored & (chance >= low) & (chance < high))
        same: dict[str, ArrayLike] = {
            "kind": kind,
            "amount_minor": happened["amount_minor"][rows],
            "credit": happened["credit"][rows],
        }
        drafts.append(_after_days(happened, rows, rng.uniform(*days, len(rows)), same))
    return join(drafts)


def _try_again(rng: Rng, rows: Draft, refused: Ints, day: int) -> Draft:
    """Some of the refused ask once more, a day or a few later, for less."""
    again = refused[rng.random(len(refused)) < TRY_AGAIN]
    amount = (rows["amount_minor"][again] * rng.uniform(0.3, 0.8, len(again))).astype(np.int64) // 100 * 100
    same = {name: rows[name][again] for name in ("credit", "instalments", "items")}
    same |= {"kind": rows["kind"][again], "amount_minor": np.maximum(amount, 100)}
    return _after_days(rows, again, rng.exponential(1.5, len(again)), same)


def _after_days(rows: Draft, chosen: Ints, days: np.ndarray, columns: Mapping[str, ArrayLike]) -> Draft:
    """Acts about earlier ones, so many days later, but never on the same day: that one is over."""
    at = rows["at_us"][chosen] + (days * US_PER_DAY).astype(np.int64) + US_PER_S
    tomorrow = (rows["at_us"][chosen] // US_PER_DAY + 1) * US_PER_DAY
    return follow(rows, chosen, np.where(at < tomorrow, tomorrow + (at % US_PER_DAY), at), columns)


__all__ = ["Life"]
