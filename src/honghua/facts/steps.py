"""The twelve steps of a credit contract's life, as the published language has them. Numbers and words are stored: never change one."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final


class Step(IntEnum):
    """营销 · 核身 · 申请 · 审批 · 签约 · 支用 · 放款 · 记账 · 还款 · 监控 · 催收 · 核销 (R-046)."""

    MARKETING = 1
    PROOFING = 2
    APPLICATION = 3
    APPROVAL = 4
    CONTRACT = 5
    DRAWDOWN = 6
    PAYOUT = 7
    BOOKING = 8
    REPAYMENT = 9
    MONITORING = 10
    COLLECTION = 11
    WRITE_OFF = 12


class StepOutcome(StrEnum):
    """What became of a step. referred: a person must say · appealed: the customer does not accept a no · upheld, reopened: what a
    person answered to that."""

    PASSED = "passed"
    REFUSED = "refused"
    REFERRED = "referred"
    APPEALED = "appealed"
    UPHELD = "upheld"
    REOPENED = "reopened"


# What has happened when a step is passed; with another outcome it is the step's own word and that outcome (`name_fact`).
STEP_FACTS: Final[dict[Step, str]] = {
    Step.MARKETING: "CustomerOffered",
    Step.PROOFING: "IdentityProven",
    Step.APPLICATION: "CreditApplied",
    Step.APPROVAL: "CreditApproved",
    Step.CONTRACT: "ContractSigned",
    Step.DRAWDOWN: "PurchaseDrawn",
    Step.PAYOUT: "MerchantPaidFor",
    Step.BOOKING: "DebtBooked",
    Step.REPAYMENT: "RepaymentAllocated",
    Step.MONITORING: "ContractMonitored",
    Step.COLLECTION: "DebtorContacted",
    Step.WRITE_OFF: "DebtWrittenOff",
}


def name_fact(step: Step, outcome: StepOutcome) -> str:
    """The fact of a row of a contract: "ContractSigned", "ApprovalRefused", "PayoutReopened" …"""
    if outcome is StepOutcome.PASSED:
        return STEP_FACTS[step]
    return step.name.title().replace("_", "") + outcome.value.capitalize()
