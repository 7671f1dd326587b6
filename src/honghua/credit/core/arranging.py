"""Instalments on the bill, early settlement, hardship plans, relief: arrangements about debt that exists."""

from __future__ import annotations

from typing import Final

from honghua.credit.core.account import Account
from honghua.credit.core.commands import AgreeHardship, InstalBill, SettlePlan, WaiveCharges
from honghua.credit.core.desk import Answer, Desk, Result, check_live, is_amount
from honghua.credit.core.kernels.events import find_plan, settlement_fee
from honghua.credit.core.layout import (
    D_BASE,
    D_DUE,
    D_REVOLVING,
    H_AS_OF,
    H_DUES,
    H_OVERDUE_SINCE,
    H_UNBILLED,
    P_FEE_LEFT,
    P_LEFT,
    PAYER_CONSUMER,
    PAYER_PLATFORM,
    PLAN_BILL,
)  # fmt: skip
from honghua.credit.core.prudence.grounds import GROUNDS
from honghua.credit.core.refusals import refusal
from honghua.credit.core.terms import AMOUNT_MINOR_MAX
from honghua.facts.kinds import Fact, FactKind
from honghua.ledger.core import Component

CHARGES: Final = (Component.INTEREST, Component.FEE, Component.PENALTY)


def splittable_minor(account: Account) -> int:
    """Billed purchases of the last bill that may go into a plan today; 0 outside its window from statement day to due day."""
    n = int(account.head[H_DUES])
    if n == 0 or int(account.dues[n - 1, D_DUE]) < int(account.head[H_AS_OF]):
        return 0
    return min(int(account.dues[n - 1, D_REVOLVING]), int(account.dues[n - 1, D_BASE]))


def instal_bill(command: InstalBill, account: Account, desk: Desk) -> Result:
    """Split (part of) the last bill into a plan with a fee."""
    problem = check_live(account)
    if problem is None and int(account.head[H_OVERDUE_SINCE]):
        problem = refusal("OVERDUE")
    possible = splittable_minor(account)
    if problem is None and possible == 0:
        problem = refusal("BILL_WINDOW_CLOSED")
    if problem is None and not is_amount(command.amount_minor, AMOUNT_MINOR_MAX):
        problem = refusal("AMOUNT_INVALID")
    if problem is None and command.amount_minor > possible:
        problem = refusal("BILL_AMOUNT_EXCEEDED", splittable_minor=possible)
    if problem is None and command.instalments.payer not in (PAYER_CONSUMER, PAYER_PLATFORM):
        problem = refusal("PAYER_INVALID")
    if problem is not None:
        return Result(problem)
    terms = desk.terms_of(account)
    choice = command.instalments
    fee = terms.fee_minor(PLAN_BILL, choice.periods, command.amount_minor, payer=choice.payer)
    if fee is None:
        return Result(refusal("PERIODS_NOT_OFFERED", offered=sorted(terms.bill_fee_ppm)))
    if choice.fee_minor is not None and choice.fee_minor != fee:
        return Result(refusal("QUOTE_CHANGED", fee_minor=fee))
    fact = Fact(
        FactKind.BILL_INSTALLED, account.account_id, desk.today, desk.today, command.amount_minor,
        (choice.periods, fee, choice.payer, desk.command_id),
    )  # fmt: skip
    answer: Answer = {
        "outcome": "done",
        "plan_id": desk.command_id,
        "amount_minor": command.amount_minor,
        "fee_minor": fee,
    }
    return Result(answer, (fact,))


def settlement_quote(account: Account, plan_id: int) -> tuple[int, int] | None:
    """(principal, fee) that settle a plan today, or None when there is no such plan."""
    i = int(find_plan(account.head, account.plans, plan_id))
    if i < 0:
        return None
    return int(account.plans[i, P_LEFT]), int(settlement_fee(account.head, account.plans, account.terms, i))


def settle_plan(command: SettlePlan, account: Account, desk: Desk) -> Result:
    """Pay a plan off early with the quoted amount; what is quoted is what is booked."""
    problem = check_live(account)
    if problem is not None:
        return Result(problem)
    quote = settlement_quote(account, command.plan_id)
    if quote is None:
        return Result(refusal("PLAN_UNKNOWN"))
    principal, fee = quote
    if command.amount_minor != principal + fee:
        return Result(
            refusal("SETTLEMENT_AMOUNT_WRONG", amount_minor=principal + fee, principal_minor=principal, fee_minor=fee)
        )
    cancelled = int(account.plans[find_plan(account.head, account.plans, command.plan_id), P_FEE_LEFT]) - fee
    fact = Fact(
        FactKind.PLAN_SETTLED, account.account_id, desk.today, desk.today, command.amount_minor, (command.plan_id, cancelled)
    )  # fmt: skip
    return Result(
        {"outcome": "done", "plan_id": command.plan_id, "principal_minor": principal, "fee_minor": fee}, (fact,)
    )


def agree_hardship(command: AgreeHardship, account: Account, desk: Desk) -> Result:
    """Turn an overdue customer's debt into one plan that they can carry; no fee."""
    problem = check_live(account)
    if problem is None and int(account.head[H_OVERDUE_SINCE]) == 0:
        problem = refusal("NOT_OVERDUE")
    if problem is None and not 1 <= command.periods <= desk.terms_of(account).hardship_periods_max:
        problem = refusal("PERIODS_NOT_OFFERED")
    if problem is not None:
        return Result(problem)
    principal = int(account.head[H_UNBILLED])
    fact = Fact(
        FactKind.HARDSHIP_AGREED, account.account_id, desk.today, desk.today, principal,
        (command.periods, 0, 1 if command.waive else 0, desk.command_id), detail={"evidence": list(command.evidence)},
    )  # fmt: skip
    return Result({"outcome": "done", "plan_id": desk.command_id, "periods": command.periods}, (fact,))


def charges_minor(account: Account) -> int:
    """Interest, fees and penalty unpaid: what can be forgiven at most, minor units."""
    return int(account.balance[list(CHARGES)].sum())


def waive_charges(command: WaiveCharges, account: Account, desk: Desk) -> Result:
    """Forgive charges: penalty first, then interest, then fees; the minimum of the bills falls with them."""
    problem = check_live(account)
    if problem is None and not is_amount(command.amount_minor, AMOUNT_MINOR_MAX):
        problem = refusal("AMOUNT_INVALID")
    if problem is None and command.ground not in GROUNDS:
        problem = refusal("GROUND_UNKNOWN")
    asked, approved = command.asked_by.strip(), command.approved_by.strip()
    if problem is None and (not asked or not approved or asked == approved or not command.evidence):
        problem = refusal("TWO_PERSONS_NEEDED")
    if problem is None and command.amount_minor > charges_minor(account):
        problem = refusal("RELIEF_EXCEEDS_CHARGES", charges_minor=charges_minor(account))
    if problem is not None:
        return Result(problem)
    fact = Fact(
        FactKind.CHARGES_WAIVED, account.account_id, desk.today, desk.today, command.amount_minor, (command.ground,),
        detail={"evidence": list(command.evidence), "asked_by": asked, "approved_by": approved},
    )  # fmt: skip
    return Result({"outcome": "done", "waived_minor": command.amount_minor}, (fact,))


__all__ = [
    "agree_hardship", "charges_minor", "instal_bill", "settle_plan", "settlement_quote", "splittable_minor", "waive_charges",
]  # fmt: skip
