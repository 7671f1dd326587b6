"""Every kind of fact with the names of its arguments. Numbers are stored: never change one, only add."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final


class FactKind(IntEnum):
    """What happened. Kinds below 100 move an account; 100 and above are entry kinds that time or correction causes."""

    ACCOUNT_OPENED = 1
    LIMIT_CHANGED = 2
    TEMPORARY_LIMIT_GRANTED = 3
    PURCHASE_AUTHORISED = 4
    PURCHASE_CAPTURED = 5
    AUTHORISATION_RELEASED = 6
    PURCHASE_REFUNDED = 7
    REPAYMENT_RECEIVED = 8
    OVERPAYMENT_RETURNED = 9
    BILL_INSTALLED = 10
    PLAN_SETTLED = 11
    PAIR_CHANGED = 12
    WRITTEN_OFF = 13
    RECOVERY_RECEIVED = 14
    HARDSHIP_AGREED = 15
    STATUS_SET = 16
    FACT_REVERSED = 17
    PURCHASE_REFUSED = 18
    FRAUD_REPORTED = 19
    PURCHASE_SUSPENDED = 20
    SUSPENSION_SETTLED = 21
    SPENDING_CAP_SET = 25
    BOUND_LIMIT_USED = 26
    CHARGES_WAIVED = 27
    DAY_CLOSED = 100
    ADJUSTED = 101
    MERCHANT_PAID = 102
    PAYOUT_RETURNED = 103
    MERCHANT_PAID_AT_ONCE = 104
    PAYMENT_AT_ONCE_RETURNED = 105
    PAYOUT_CORRECTED = 106
    SUBSIDY_CLAIMED = 107
    SUBSIDY_TAKEN_BACK = 108
    SUBSIDY_RECEIVED = 109
    MERCHANT_CHARGED = 110
    CAMPAIGN_WITHHELD = 111
    CAMPAIGN_RELEASED = 112


# Where a purchase was made from and to: 63-bit keys of texts, 0 = not told. They end the arguments of whatever can tell a
# scene, and are left out where nothing of it is known, as in all facts from before they were recorded.
SCENE: Final = ("device", "address", "payee", "region")

# Kinds that an account's fold passes over: they move no money and no limit; risk learns from them.
PASSED_OVER: Final = frozenset({
    FactKind.FACT_REVERSED, FactKind.PURCHASE_REFUSED, FactKind.FRAUD_REPORTED, FactKind.PURCHASE_SUSPENDED,
    FactKind.SUSPENSION_SETTLED, FactKind.SPENDING_CAP_SET, FactKind.BOUND_LIMIT_USED,
})  # fmt: skip

# Kinds of journal entries that no fact of an account causes.
OF_ENTRIES: Final = frozenset({
    FactKind.DAY_CLOSED, FactKind.ADJUSTED, FactKind.MERCHANT_PAID, FactKind.PAYOUT_RETURNED, FactKind.MERCHANT_PAID_AT_ONCE,
    FactKind.PAYMENT_AT_ONCE_RETURNED, FactKind.PAYOUT_CORRECTED, FactKind.SUBSIDY_CLAIMED, FactKind.SUBSIDY_TAKEN_BACK,
    FactKind.SUBSIDY_RECEIVED, FactKind.MERCHANT_CHARGED, FactKind.CAMPAIGN_WITHHELD, FactKind.CAMPAIGN_RELEASED,
})  # fmt: skip

ARGS_OF: Final[dict[FactKind, tuple[str, ...]]] = {
    FactKind.ACCOUNT_OPENED: ("cut_day", "due_day", "terms_id"),
    FactKind.LIMIT_CHANGED: ("raised_minor",),
    FactKind.TEMPORARY_LIMIT_GRANTED: ("until_on",),
    FactKind.PURCHASE_AUTHORISED: ("expires_on", "category", *SCENE),
    FactKind.PURCHASE_CAPTURED: ("released_minor", "periods", "fee_minor", "payer", "plan_id", "category", *SCENE),
    FactKind.AUTHORISATION_RELEASED: ("why",),
    FactKind.PURCHASE_REFUNDED: (
        "purchased_on", "plan_id", "fee_refund_minor", "fee_cancelled_minor", "origin_at_us", "category", *SCENE,
    ),
    FactKind.REPAYMENT_RECEIVED: ("source",),
    FactKind.OVERPAYMENT_RETURNED: (),
    FactKind.BILL_INSTALLED: ("periods", "fee_minor", "payer", "plan_id"),
    FactKind.PLAN_SETTLED: ("plan_id", "fee_cancelled_minor"),
    FactKind.PAIR_CHANGED: ("cut_day", "due_day"),
    FactKind.WRITTEN_OFF: (),
    FactKind.RECOVERY_RECEIVED: (),
    FactKind.HARDSHIP_AGREED: ("periods", "fee_minor", "waive", "plan_id"),
    FactKind.STATUS_SET: ("status",),
    FactKind.SPENDING_CAP_SET: ("from_on",),
    FactKind.BOUND_LIMIT_USED: ("grant_id", "until_on"),
    FactKind.CHARGES_WAIVED: ("ground",),
    FactKind.FACT_REVERSED: (),
    FactKind.PURCHASE_REFUSED: ("category", *SCENE),
    FactKind.FRAUD_REPORTED: ("label", "source", "origin_at_us", "category", *SCENE),
    FactKind.PURCHASE_SUSPENDED: ("outcome", "until_us", "expires_us", "category", *SCENE),
    FactKind.SUSPENSION_SETTLED: ("outcome", "result"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened to one account.

    value_on and effective_on are day numbers: the day it counts for, and the day on which the fold applies it (later than
    value_on only for a debit that arrives after its statement was closed). args are named by `ARGS_OF[kind]`.
    happened_at_us is when it happened, microseconds since 1970 UTC; 0 = at the moment of its unit of work.
    """

    kind: FactKind
    account_id: int
    value_on: int
    effective_on: int
    amount_minor: int
    args: tuple[int, ...] = ()
    counterparty_id: int = 0
    purchase_id: int = 0
    reverses_fact_id: int = 0
    reference: str | None = None
    detail: dict[str, object] | None = field(default=None)
    happened_at_us: int = 0

    def named_args(self) -> dict[str, int]:
        """The arguments under their names."""
        return dict(zip(ARGS_OF[self.kind], self.args, strict=False))
