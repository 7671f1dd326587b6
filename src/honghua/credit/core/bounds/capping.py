"""The customer's own spending cap: a promise to oneself about a calendar month of business dates, kept at once and loosened slowly."""

from __future__ import annotations

from honghua.credit.core.account import Account
from honghua.credit.core.commands import Order, SetSpendingCap
from honghua.credit.core.desk import Answer, Desk, Result, check_live, is_amount, iso, value_day
from honghua.credit.core.guards import NO_CAP, Guard, cap_on
from honghua.credit.core.refusals import refusal
from honghua.credit.core.terms import AMOUNT_MINOR_MAX
from honghua.facts.kinds import Fact, FactKind


def set_cap(command: SetSpendingCap, account: Account, desk: Desk) -> Result:
    """Set, change or drop the month's cap. Lower counts from today on; higher, or none, after the cooling days."""
    problem = check_live(account)
    cap = command.cap_minor
    if problem is None and cap != NO_CAP and not is_amount(cap, AMOUNT_MINOR_MAX):
        problem = refusal("AMOUNT_INVALID")
    if problem is not None:
        return Result(problem)
    known = desk.guards.find(account.account_id)
    guard = Guard() if known is None else known
    now = cap_on(guard.caps, desk.today)
    if not guard.caps and cap == NO_CAP:
        return Result(refusal("SPENDING_CAP_NONE"))
    stricter = cap != NO_CAP and (now == NO_CAP or cap <= now)
    from_on = desk.today if stricter or cap == now else desk.today + desk.guards.rules.cooling_days
    fact = Fact(FactKind.SPENDING_CAP_SET, account.account_id, desk.today, desk.today, cap, (from_on,))
    answer: Answer = {
        "outcome": "done", "cap_minor": cap, "from_on": iso(from_on), "spent_minor": guard.spent_in(desk.today),
        "cap_now_minor": cap if from_on <= desk.today else now,
    }  # fmt: skip
    return Result(answer, (fact,))


def find_excess(command: Order, account: Account, desk: Desk) -> dict[str, int] | None:
    """What to tell about an order that goes beyond the month's cap; None where it keeps it. The order's month, the cap of today."""
    guard = desk.guards.find(account.account_id)
    cap = cap_on(guard.caps, desk.today) if guard is not None else NO_CAP
    if guard is None or cap == NO_CAP:
        return None
    day = value_day(command, account, desk)
    spent = guard.spent_in(desk.today if day is None else day)
    return {"cap_minor": cap, "spent_minor": spent} if spent + command.amount_minor > cap else None


__all__ = ["find_excess", "set_cap"]
