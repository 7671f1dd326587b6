"""Labels that arrive late: a purchase is reported as fraud, or cleared. Nothing moves; risk learns from the day it arrives."""

from __future__ import annotations

from typing import Final

from honghua.credit.core.account import Account
from honghua.credit.core.commands import (
    LABEL_CHARGEBACK,
    LABEL_CUSTOMER,
    LABEL_FILE,
    LABEL_REVIEW,
    ClearReport,
    ReportFraud,
)
from honghua.credit.core.desk import Desk, Result, event_time
from honghua.credit.core.refusals import refusal
from honghua.facts.kinds import ARGS_OF, SCENE, Fact, FactKind

SOURCES: Final = frozenset({LABEL_CUSTOMER, LABEL_CHARGEBACK, LABEL_REVIEW, LABEL_FILE})
ORIGINS: Final = frozenset({
    FactKind.PURCHASE_AUTHORISED, FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_REFUSED, FactKind.PURCHASE_SUSPENDED,
})  # fmt: skip
FRAUD, CLEARED = 1, 0


def report(command: ReportFraud | ClearReport, account: Account, desk: Desk) -> Result:
    """Record a label on a purchase of this account, also on one that was refused or suspended: attempts count."""
    if not account.exists:
        return Result(refusal("ACCOUNT_UNKNOWN"))
    if command.source not in SOURCES:
        return Result(refusal("LABEL_INVALID"))
    if event_time(command.happened_at, desk) is None:
        return Result(refusal("TIME_INVALID"))
    origin = find_origin(command.purchase_id, account, desk)
    if origin is None:
        return Result(refusal("PURCHASE_UNKNOWN"))
    facts = desk.purchases.get(command.purchase_id, ())
    label = FRAUD if isinstance(command, ReportFraud) else CLEARED
    said = [f.args[0] for _, f in facts if f.kind is FactKind.FRAUD_REPORTED]
    if said and said[-1] == label:
        return Result(refusal("LABELLED_ALREADY"))
    fact = label_fact(origin, label, command.source, desk, at_us=event_time(command.happened_at, desk) or 0)
    word = "reported" if label == FRAUD else "cleared"
    return Result({"outcome": "done", "purchase_id": command.purchase_id, "label": word}, (fact,))


def find_origin(purchase_id: int, account: Account, desk: Desk) -> Fact | None:
    """The fact by which a purchase of this account began, or its refusal or suspension."""
    facts = desk.purchases.get(purchase_id, ())
    return next((f for _, f in facts if f.kind in ORIGINS and f.account_id == account.account_id), None)


def label_fact(origin: Fact, label: int, source: int, desk: Desk, *, at_us: int) -> Fact:
    """The label as a fact that repeats who, where and when, so that whoever folds it needs no look back."""
    args = origin.named_args()
    scene = tuple(args[name] for name in SCENE if name in args)
    return Fact(
        FactKind.FRAUD_REPORTED, origin.account_id, desk.today, desk.today, origin.amount_minor,
        (label, source, origin.happened_at_us or desk.now_us, args["category"], *scene), counterparty_id=origin.counterparty_id,
        purchase_id=origin.purchase_id, reference=origin.reference, happened_at_us=at_us,
    )  # fmt: skip


assert all("category" in ARGS_OF[kind] for kind in ORIGINS), "every origin names its goods"

__all__ = ["CLEARED", "FRAUD", "find_origin", "label_fact", "report"]
