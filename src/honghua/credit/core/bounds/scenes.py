"""Limits for one scene at work: what they add for an order, and the facts that say what they bore of it.

The part beyond the limit stays beyond it: what is available for other things does not grow, and what is repaid first is what stands over.
"""

from __future__ import annotations

from honghua.base.dates import from_day, to_day
from honghua.credit.core.account import Account
from honghua.credit.core.commands import Order
from honghua.credit.core.desk import Desk
from honghua.credit.core.guards import Guard, covering, headroom, left_for, share_out
from honghua.credit.core.kernels.buying import AVAILABLE
from honghua.credit.core.kernels.measures import used_minor
from honghua.credit.core.layout import H_HELD, H_LIMIT, H_TEMPORARY
from honghua.facts.kinds import Fact, FactKind


def bound_for(command: Order, account: Account, desk: Desk) -> int:
    """What limits of the order's scene add to what is available, minor units; 0 for most orders."""
    guard = desk.guards.find(account.account_id)
    if guard is None or not guard.grants:
        return 0
    grants = covering(guard.grants, category=command.category, merchant=command.merchant)
    return left_for(grants, headroom_minor=_room(guard, account, desk), on=from_day(desk.today))


def bear(command: Order, account: Account, desk: Desk, amount_minor: int) -> tuple[Fact, ...] | None:
    """Facts of what grants bear of an amount beyond what is available; none where nothing lacks, None where they do not bear it all."""
    missing = amount_minor - int(account.balance[AVAILABLE])
    guard = desk.guards.find(account.account_id)
    if missing <= 0:
        return ()
    if guard is None:
        return None
    grants = covering(guard.grants, category=command.category, merchant=command.merchant)
    on = from_day(desk.today)
    parts = share_out(grants, wanted_minor=missing, headroom_minor=_room(guard, account, desk), on=on)
    if not parts:
        return None
    return tuple(
        Fact(
            FactKind.BOUND_LIMIT_USED, account.account_id, desk.today, desk.today, part, (grant.grant_id, to_day(grant.until_on)),
            counterparty_id=desk.merchants[command.merchant], purchase_id=desk.command_id, reference=command.order,
        )
        for grant, part in parts
    )  # fmt: skip


def _room(guard: Guard, account: Account, desk: Desk) -> int:
    """What grants may bear now: what risk left free, and the cap of a person with both lines together."""
    head = account.head
    taken = int(used_minor(head, account.dues, account.plans)) + int(head[H_HELD])
    granted = int(head[H_LIMIT]) + int(head[H_TEMPORARY])
    free = headroom(guard, granted_minor=granted, taken_minor=taken)
    if not free:
        return 0
    return min(free, max(0, desk.find_room(account.customer_ref, desk.terms_of(account)) - max(granted, taken)))


__all__ = ["bear", "bound_for"]
