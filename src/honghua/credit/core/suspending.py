"""How suspended purchases end without the customer: a reviewer speaks, or their time is over."""

from __future__ import annotations

from honghua.credit.core.account import Account
from honghua.credit.core.commands import LABEL_REVIEW, LapseSuspension, SettleReview
from honghua.credit.core.deciding import DENIED, LAPSED, settled_fact
from honghua.credit.core.desk import Answer, Desk, Result, Suspension
from honghua.credit.core.labelling import CLEARED, FRAUD, find_origin, label_fact
from honghua.credit.core.refusals import refusal
from honghua.decision.core import Outcome


def find_waiting(suspension_id: int, account: Account, desk: Desk) -> tuple[Answer | None, Suspension | None]:
    """(refusal, the suspension of this account that is still open)."""
    known = desk.suspensions.get(suspension_id)
    if known is None or known.account_id != account.account_id:
        return refusal("SUSPENSION_UNKNOWN"), None
    return (None, known) if known.state in ("waiting", "passed") else (refusal("SUSPENSION_DONE"), None)


def settle_review(command: SettleReview, account: Account, desk: Desk) -> Result:
    """Approve: the customer may go on with the order. Refuse: it ends here. Both are labels of the attempt."""
    problem, known = find_waiting(command.suspension_id, account, desk)
    if known is None or problem is not None:
        return Result(problem or refusal("SUSPENSION_UNKNOWN"))
    if known.outcome != Outcome.REVIEW or known.state != "waiting":
        return Result(refusal("SUSPENSION_DONE"))
    if not command.reviewer or known.claimed_by != command.reviewer:
        return Result(refusal("NOT_CLAIMED"))
    if desk.now_us > known.expires_us:
        return Result(refusal("SUSPENSION_EXPIRED"))
    origin = find_origin(command.suspension_id, account, desk)
    assert origin is not None, f"suspension {command.suspension_id} without its fact"
    facts = [label_fact(origin, CLEARED if command.approve else FRAUD, LABEL_REVIEW, desk, at_us=0)]
    if not command.approve:
        facts.append(settled_fact(known, desk.today, DENIED, merchant_id=origin.counterparty_id))
    state = "passed" if command.approve else "denied"
    answer: Answer = {"outcome": "done", "suspension_id": known.suspension_id, "state": state}
    return Result(answer, tuple(facts), ended=(known.suspension_id, state))


def lapse(command: LapseSuspension, account: Account, desk: Desk) -> Result:
    """End a suspension whose time is over."""
    problem, known = find_waiting(command.suspension_id, account, desk)
    if known is None or problem is not None:
        return Result(problem or refusal("SUSPENSION_UNKNOWN"))
    if desk.now_us <= known.expires_us:
        return Result(refusal("SUSPENSION_OPEN"))
    origin = find_origin(command.suspension_id, account, desk)
    assert origin is not None, f"suspension {command.suspension_id} without its fact"
    fact = settled_fact(known, desk.today, LAPSED, merchant_id=origin.counterparty_id)
    answer: Answer = {"outcome": "done", "suspension_id": known.suspension_id, "state": "lapsed"}
    return Result(answer, (fact,), ended=(known.suspension_id, "lapsed"))


__all__ = ["lapse", "settle_review"]
