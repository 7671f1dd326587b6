"""A field trial from its plan: which shops try what, who is shown the offer, what the platform sees, and what is true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from honghua.sim.core.draft import NONE, Ints
from honghua.sim.core.life import Registry, settle_city
from honghua.sim.core.market import keys_of
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.trials.effects import Offer, TrialTruth, draw_strength, play_both
from honghua.sim.core.trials.visiting import Flags, Visits, watch_visits

SHARES: Final = 1 << 32
FROM_SHARE: Final = 0.2  # of the days pass before the trial


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """city: where; shown_share: of customers, drawn shop by shop, who are shown the offer."""

    city: CityPlan
    shown_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0.05 <= self.shown_share <= 0.95:
            raise ValueError("an offer is shown to 5 … 95 % of the customers")


class TrialLog(NamedTuple):
    """What the platform sees of v visits, by (shop, who, day). offer: of the shop; paid_minor 0 = nothing bought."""

    day: Ints
    who: Ints
    shop: Ints
    offer: Ints
    is_product: Flags
    is_shown: Flags
    paid_minor: Ints


@dataclass(frozen=True, slots=True)
class FieldTrial:
    """Everything about one trial. offer int64[shops of the city], NONE = does not take part."""

    plan: TrialPlan
    visits: Visits
    offer: Ints
    truth: TrialTruth
    log: TrialLog


def run_trial(plan: TrialPlan) -> FieldTrial:
    """The same for the same plan."""
    registry = settle_city(plan.city)
    offer = choose_offers(registry)
    visits = watch_visits(registry, np.flatnonzero(offer != NONE), from_day=round(plan.city.days * FROM_SHARE))
    strength = draw_strength(
        registry.rng("trial", "shops"), len(offer), visits.shop[offer[visits.shop] == Offer.FREE_MONTHS]
    )
    truth = play_both(registry.rng("trial", "effects"), registry.citizens, visits, offer, strength)
    return FieldTrial(plan, visits, offer, truth, write_log(plan, visits, offer, truth, draw=0))


def show_again(trial: FieldTrial, draw: int) -> TrialLog:
    """The log that another drawing of lots would have given: the same city, the same two worlds."""
    return write_log(trial.plan, trial.visits, trial.offer, trial.truth, draw=draw)


def write_log(plan: TrialPlan, visits: Visits, offer: Ints, truth: TrialTruth, *, draw: int) -> TrialLog:
    """Who is shown the offer sees one world, who is held out the other."""
    shown = is_shown(plan, visits.who, visits.shop, draw=draw)
    paid = np.where(shown, truth.shown_minor, truth.held_minor)
    return TrialLog(visits.day, visits.who, visits.shop, offer[visits.shop], visits.is_product, shown, paid)


def is_shown(plan: TrialPlan, who: Ints, shop: Ints, *, draw: int) -> Flags:
    """bool[k]: by lot of customer and shop; the platform draws it, and so knows it."""
    lot = keys_of(plan.city.seed, f"trial {draw}", who * (1 << 24) + shop) % SHARES / SHARES
    return np.asarray(lot < plan.shown_share, np.bool_)


def choose_offers(registry: Registry) -> Ints:
    """int64[shops]: shops with scenes where months are commonly free try these or pay-later, half and half; others do not take part."""
    could = registry.plan.scenes.free_months[registry.shops.scene] > 0
    rng = registry.rng("trial", "offers")
    tries = np.where(rng.random(len(could)) < 0.5, Offer.FREE_MONTHS, Offer.PAY_LATER)
    return np.where(could & (registry.shops.shops.opened_day < 0), tries, NONE).astype(np.int64)


__all__ = ["FieldTrial", "TrialLog", "TrialPlan", "run_trial", "show_again"]
