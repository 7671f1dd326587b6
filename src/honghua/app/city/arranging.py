"""What a town's people arrange with the lender at a desk: hardship, a plan paid off early, a repayment booked by mistake and taken back."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from honghua.app.city.town import Town
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.sim.api import name_person

LATE_DAYS: Final = 20
SLIP_MINOR: Final = 1_000_00
LOOK_AT: Final = 20  # accounts, for one with a plan


def arrange(town: Town, *, now: dt.datetime) -> list[str]:
    """Done once, by keys of their own; what was arranged, in words."""
    platform = town.platform
    prefix, screens = platform.names.prefix, platform.screens
    done = []

    def do(command: c.Command) -> dict[str, object]:
        (answer,) = credit.execute(town.conn, platform.registry, [command], now=now)
        return answer

    late = np.flatnonzero((screens.minimum_minor > 0) & (screens.due_day < town.day - LATE_DAYS))
    if len(late):
        name = name_person(int(late[np.argmin(screens.due_day[late])]))
        answer = do(c.AgreeHardship(key=f"{prefix}hardship", customer=name, periods=12, evidence=("income statement",)))
        if answer["outcome"] == "done":
            done.append(f"{name} pays an overdue debt in twelve parts")
    paying = np.flatnonzero(screens.opened & (screens.due_day >= town.day))[:LOOK_AT]
    for name in map(name_person, paying.tolist()):
        view = credit.find_account_view(town.conn, platform.registry, name)
        if view is not None and view.plans:
            plan = view.plans[0]
            settle = c.SettlePlan(
                key=f"{prefix}settled", customer=name, plan_id=plan.plan_id, amount_minor=plan.settle_minor
            )
            if do(settle)["outcome"] == "done":
                done.append(f"{name} pays a plan off early")
            break
    if len(paying):
        name = name_person(int(paying[0]))
        slip = do(c.Repay(key=f"{prefix}slip", customer=name, amount_minor=SLIP_MINOR))
        if "fact_id" in slip:
            fact_id = int(str(slip["fact_id"]))
            undo = c.ReverseFact(
                key=f"{prefix}slip undone", customer=name, fact_id=fact_id, reason="booked to the wrong customer"
            )
            if do(undo)["outcome"] == "done":
                done.append(f"a repayment of {name} booked by mistake was reversed")
    return done


__all__ = ["arrange"]
