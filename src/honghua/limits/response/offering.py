"""Temporary limits by response under joint budgets: who gets how much, and for everybody the reason (R-031, R-037).

Unlike `limits.core.choose_offers`, which ranks by risk, this asks what an offer would bring: more use against more loss, by curves that
limits moved by lot have taught. Whoever may not be asked is not weighed; a share is held out by lot, so that what the offers brought can be
told afterwards (`quoting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.allocation.api import Allocation, solve
from honghua.base.errors import BadInput
from honghua.limits.core import Audience, LimitTerms
from honghua.limits.response.curves import Curves
from honghua.limits.response.slicing import PPM
from honghua.limits.response.whys import WORDS, CampaignTerms, Why

Ints = NDArray[np.int64]


class Allotment(NamedTuple):
    """amounts_minor int64[n], 0 = no offer, whole steps within ceilings; why int8[n], of `Why`; the solver's answer with its gap."""

    amounts_minor: Ints
    why: NDArray[np.int8]
    allocation: Allocation


def allot_temporary(
    terms: LimitTerms, campaign: CampaignTerms, audience: Audience, curves: Curves, held_out: NDArray[np.bool_]
) -> Allotment:
    """Which factor of its limit each customer of an audience of n is offered, of curves float64[n, k] whose first factor is 1.

    Nobody is offered more than the room below the ceiling and `temporary_share_ppm` of the limit; no budget is exceeded.
    """
    if curves.factors[0] != 1.0 or curves.used_minor.shape != (len(audience), len(curves.factors)):
        raise BadInput("curves of the audience are wanted, the first under the limit as it is", code="RESPONSE_SHAPE")
    step = terms.limit_step_minor
    added = np.floor(audience.limit_minor[:, None] * (curves.factors - 1.0) / step).astype(np.int64) * step
    room = np.minimum(
        audience.ceiling_minor - audience.limit_minor, audience.limit_minor * terms.temporary_share_ppm // PPM
    )
    may = (added > 0) & (added <= room[:, None])
    why = _who_may(audience, may, held_out)
    is_open = may & (why == Why.OFFERED)[:, None]
    used, lost = (side - side[:, :1] for side in (curves.used_minor, curves.loss_minor))
    worth = used * (campaign.margin_ppm / PPM) - lost - campaign.asking_minor
    utility = np.where(is_open, worth, -np.inf)
    utility[:, 0] = 0.0
    cost = np.ceil(np.stack([lost, used, np.full_like(used, campaign.asking_minor)], axis=2)).astype(np.int64)
    cost[:, 0] = 0
    budgets = np.array([campaign.loss_minor, campaign.drawn_minor, campaign.marketing_minor], np.int64)
    found = solve(utility, cost, budgets)
    asked = why == Why.OFFERED
    is_worth_it = utility.max(axis=1) > 0.0
    why[asked & (found.choice == 0)] = Why.BUDGET_WENT_ELSEWHERE
    why[asked & ~is_worth_it & (found.choice == 0)] = Why.NOT_WORTH_IT
    return Allotment(added[np.arange(len(audience)), found.choice], why, found)


def _who_may(audience: Audience, may: NDArray[np.bool_], held_out: NDArray[np.bool_]) -> NDArray[np.int8]:
    """int8[n]: the first thing that stands in the way, OFFERED where nothing does."""
    ways = [
        (~audience.may_offer, Why.MAY_NOT_BE_ASKED), (audience.dpd > 0, Why.LATE), (audience.has_temporary, Why.HAS_ONE),
        (~may.any(axis=1), Why.NO_ROOM), (held_out, Why.HELD_OUT),
    ]  # fmt: skip
    return np.select([one for one, _ in ways], [np.int8(code) for _, code in ways], np.int8(Why.OFFERED)).astype(
        np.int8
    )


def name_offers(allotment: Allotment, customers: Sequence[str]) -> list[tuple[str, int]]:
    """(customer, minor units) of everybody who is offered something, as `limits.api.make_offers` takes them; customers in rows' order."""
    if len(customers) != len(allotment.why):
        raise BadInput("a customer of each row of the allotment is wanted", code="RESPONSE_SHAPE")
    return [
        (customers[row], int(allotment.amounts_minor[row])) for row in np.flatnonzero(allotment.amounts_minor).tolist()
    ]


__all__ = ["WORDS", "Allotment", "CampaignTerms", "Why", "allot_temporary", "name_offers"]
