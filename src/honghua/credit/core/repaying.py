"""Repayments, returned overpayments, recoveries, and reversals of any of them."""

from __future__ import annotations

from honghua.credit.core.account import Account
from honghua.credit.core.commands import RecordRecovery, Repay, ReturnOverpayment, ReverseFact
from honghua.credit.core.desk import Desk, Result, check_person, is_amount, value_day
from honghua.credit.core.layout import H_CHARGED_OFF, H_LAST_CUT, H_LIMIT, H_OVERPAID, H_TEMPORARY
from honghua.credit.core.refusals import refusal
from honghua.credit.core.terms import AMOUNT_MINOR_MAX
from honghua.facts.kinds import OF_ENTRIES, PASSED_OVER, Fact, FactKind

# What may be undone. A hold is voided instead, an opening closed instead, and a reversal is final: book the fact again.
REVERSIBLE = (
    frozenset(FactKind)
    - PASSED_OVER
    - OF_ENTRIES
    - {FactKind.ACCOUNT_OPENED, FactKind.PURCHASE_AUTHORISED, FactKind.AUTHORISATION_RELEASED, FactKind.STATUS_SET}
)


def repay(command: Repay, account: Account, desk: Desk) -> Result:
    """Take money from the customer, on its value date; after a write-off it is a recovery."""
    if not account.exists:
        return Result(refusal("ACCOUNT_UNKNOWN"))
    if account.quarantined:
        return Result(refusal("ACCOUNT_QUARANTINED"))
    if not is_amount(command.amount_minor, AMOUNT_MINOR_MAX):
        return Result(refusal("AMOUNT_INVALID"))
    day = value_day(command, account, desk)
    if day is None:
        return Result(refusal("DATE_INVALID"))
    fact = Fact(
        FactKind.REPAYMENT_RECEIVED, account.account_id, day, day, command.amount_minor, (command.source,), reference=command.reference
    )  # fmt: skip
    return Result({"outcome": "done", "repaid_minor": command.amount_minor}, (fact,))


def return_overpayment(command: ReturnOverpayment, account: Account, desk: Desk) -> Result:
    """Pay the customer's own money out."""
    if not account.exists:
        return Result(refusal("ACCOUNT_UNKNOWN"))
    if not is_amount(command.amount_minor, AMOUNT_MINOR_MAX):
        return Result(refusal("AMOUNT_INVALID"))
    overpaid = int(account.head[H_OVERPAID])
    if command.amount_minor > overpaid:
        return Result(refusal("OVERPAYMENT_SHORT", overpaid_minor=overpaid))
    if command.on is not None and value_day(command, account, desk) != desk.today:
        return Result(refusal("DATE_INVALID"))
    fact = Fact(FactKind.OVERPAYMENT_RETURNED, account.account_id, desk.today, desk.today, command.amount_minor)
    return Result({"outcome": "done", "returned_minor": command.amount_minor}, (fact,))


def record_recovery(command: RecordRecovery, account: Account, desk: Desk) -> Result:
    """Money on a written-off claim."""
    if not account.exists:
        return Result(refusal("ACCOUNT_UNKNOWN"))
    claim = int(account.head[H_CHARGED_OFF])
    if claim == 0:
        return Result(refusal("NOT_WRITTEN_OFF"))
    if not is_amount(command.amount_minor, AMOUNT_MINOR_MAX):
        return Result(refusal("AMOUNT_INVALID"))
    if command.amount_minor > claim:
        return Result(refusal("CLAIM_EXCEEDED", claim_minor=claim))
    day = value_day(command, account, desk)
    if day is None:
        return Result(refusal("DATE_INVALID"))
    fact = Fact(FactKind.RECOVERY_RECEIVED, account.account_id, day, day, command.amount_minor)
    return Result(
        {"outcome": "done", "recovered_minor": command.amount_minor, "claim_minor": claim - command.amount_minor},
        (fact,),
    )


def reverse(command: ReverseFact, account: Account, desk: Desk) -> Result:
    """Undo one fact of this account as if it had never happened."""
    problem = refusal("ACCOUNT_UNKNOWN") if not account.exists else None
    target = desk.facts.get(command.fact_id)
    if problem is None and (target is None or target.account_id != account.account_id):
        problem = refusal("FACT_UNKNOWN")
    if problem is not None or target is None:
        return Result(problem or refusal("FACT_UNKNOWN"))
    if target.kind not in REVERSIBLE or command.fact_id in desk.reversed_facts:
        return Result(refusal("NOT_REVERSIBLE"))
    in_effect = target.kind is FactKind.PAIR_CHANGED and target.effective_on < int(account.head[H_LAST_CUT])
    if in_effect or (target.kind is FactKind.PURCHASE_CAPTURED and has_refund(desk, target.purchase_id)):
        return Result(refusal("NOT_REVERSIBLE"))  # bills were issued with the new pair of days: they stand
    restored = find_restored(command.fact_id, account, desk)
    if restored and desk.guards.others.taken_minor(
        account.customer_ref
    ):  # whoever has one line gets back what they had
        problem = check_person(account, desk, restored)
        if problem is not None:
            return Result(problem)
    fact = Fact(
        FactKind.FACT_REVERSED, account.account_id, desk.today, target.effective_on, target.amount_minor,
        counterparty_id=target.counterparty_id, purchase_id=target.purchase_id, reverses_fact_id=command.fact_id,
        detail={"reason": command.reason},
    )  # fmt: skip
    return Result({"outcome": "done", "reversed_fact_id": command.fact_id}, (fact,))


def find_restored(target_id: int, account: Account, desk: Desk) -> int:
    """What an account's limits come to, fixed and temporary, when a cut of them is undone; 0 where nothing is raised by it."""
    target, before = desk.facts[target_id], int(account.head[H_LIMIT]) + int(account.head[H_TEMPORARY])
    limit, temporary = int(account.head[H_LIMIT]), int(account.head[H_TEMPORARY])
    if target.kind is FactKind.LIMIT_CHANGED and target.args:
        limit = max(limit, target.amount_minor - target.args[0])
    elif target.kind is FactKind.TEMPORARY_LIMIT_GRANTED:
        earlier = [
            one
            for one in desk.facts
            if one < target_id and one not in desk.reversed_facts and is_grant(desk.facts[one], account)
        ]
        last = desk.facts[max(earlier)] if earlier else None
        if last is not None and last.args[0] >= desk.today:
            temporary = max(temporary, last.amount_minor)
    return limit + temporary if limit + temporary > before else 0


def is_grant(fact: Fact, account: Account) -> bool:
    """Whether this fact gave the account a temporary limit."""
    return fact.kind is FactKind.TEMPORARY_LIMIT_GRANTED and fact.account_id == account.account_id


def has_refund(desk: Desk, purchase_id: int) -> bool:
    """Whether a purchase has a refund that stands: reverse that one first."""
    return any(
        fact.kind is FactKind.PURCHASE_REFUNDED and fact_id not in desk.reversed_facts
        for fact_id, fact in desk.purchases.get(purchase_id, ())
    )


__all__ = ["record_recovery", "repay", "return_overpayment", "reverse"]
