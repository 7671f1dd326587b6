"""The journal of a loan that is charged off: which accounts each event debits and credits.

A charge-off takes the open principal to credit loss and reverses accrued interest and fees out of income; what is
paid afterwards is a recovery. Repayments pay fees, then interest, then principal. Each entry's lines sum to zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from honghua.base.errors import BadInput


class Account(StrEnum):
    """The accounts of this journal."""

    RECEIVABLE = "loans_receivable"
    CHARGES_RECEIVABLE = "interest_fee_receivable"
    CLEARING = "clearing"
    OVERPAYMENT = "overpayment"
    CREDIT_LOSS = "credit_loss_expense"
    FRAUD_LOSS = "credit_loss_expense_fraud"
    INTEREST_INCOME = "interest_income"
    FEE_INCOME = "fee_income"
    INTEREST_CHARGED_OFF = "interest_income_charge_off"
    FEE_CHARGED_OFF = "fee_charge_off"
    RECOVERY = "recovery_income"
    GOODWILL = "goodwill_expense"


class EventKind(StrEnum):
    """What may happen to the loan."""

    DISBURSEMENT = "disbursement"
    FEE = "fee"
    INTEREST = "interest"
    REPAYMENT = "repayment"
    REFUND = "merchant_refund"
    GOODWILL = "goodwill_credit"
    CHARGE_OFF = "charge_off"


Line = tuple[Account, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry: (account, minor units > 0) lines, debits and credits of equal sum."""

    event: EventKind
    debits: tuple[Line, ...]
    credits: tuple[Line, ...]


@dataclass(slots=True)
class ChargeOffLoan:
    """Open amounts of one loan in minor units, and whether it is charged off; `post` says the entry of an event."""

    fraud: bool = False
    principal_minor: int = 0
    interest_minor: int = 0
    fee_minor: int = 0
    charged_off: bool = False

    def post(self, event: EventKind, amount_minor: int | None) -> Entry:
        """The entry of one event; a charge-off takes no amount, every other event a positive one (else BadInput)."""
        if event is EventKind.CHARGE_OFF:
            if amount_minor is not None and amount_minor != self.principal_minor + self.interest_minor + self.fee_minor:
                raise BadInput("a charge-off takes all that is open, not an amount", code="BAD_AMOUNT")
            return self._charge_off()
        if amount_minor is None or amount_minor <= 0:
            raise BadInput(f"{event} needs a positive amount", code="BAD_AMOUNT")
        if event in (EventKind.DISBURSEMENT, EventKind.FEE, EventKind.INTEREST):
            return self._lend(event, amount_minor)
        return self._pay(event, amount_minor)

    def _lend(self, event: EventKind, amount: int) -> Entry:
        if self.charged_off:
            raise BadInput(f"{event} after the charge-off", code="ALREADY_CHARGED_OFF")
        if event is EventKind.DISBURSEMENT:
            self.principal_minor += amount
            return _entry(event, [(Account.RECEIVABLE, amount)], [(Account.CLEARING, amount)])
        if event is EventKind.FEE:
            self.fee_minor += amount
            return _entry(event, [(Account.CHARGES_RECEIVABLE, amount)], [(Account.FEE_INCOME, amount)])
        self.interest_minor += amount
        return _entry(event, [(Account.CHARGES_RECEIVABLE, amount)], [(Account.INTEREST_INCOME, amount)])

    def _pay(self, event: EventKind, amount: int) -> Entry:
        fee = min(amount, self.fee_minor)
        interest = min(amount - fee, self.interest_minor)
        principal = min(amount - fee - interest, self.principal_minor)
        over = amount - fee - interest - principal
        self.fee_minor -= fee
        self.interest_minor -= interest
        self.principal_minor -= principal
        source = Account.GOODWILL if event is EventKind.GOODWILL else Account.CLEARING
        if not self.charged_off:
            lines = [(Account.RECEIVABLE, principal), (Account.CHARGES_RECEIVABLE, fee + interest)]
        elif event is EventKind.REFUND:
            # Money for goods that came back undoes the loss itself; it is no recovery of a claim.
            loss = Account.FRAUD_LOSS if self.fraud else Account.CREDIT_LOSS
            lines = [(loss, principal), (Account.INTEREST_CHARGED_OFF, interest), (Account.FEE_CHARGED_OFF, fee)]
        else:
            lines = [(Account.RECOVERY, principal + interest + fee)]
        return _entry(event, [(source, amount)], [*lines, (Account.OVERPAYMENT, over)])

    def _charge_off(self) -> Entry:
        if self.charged_off or not self.principal_minor + self.interest_minor + self.fee_minor:
            raise BadInput("nothing is left to charge off", code="ALREADY_CHARGED_OFF")
        self.charged_off = True
        loss = Account.FRAUD_LOSS if self.fraud else Account.CREDIT_LOSS
        debits = [
            (loss, self.principal_minor),
            (Account.INTEREST_CHARGED_OFF, self.interest_minor),
            (Account.FEE_CHARGED_OFF, self.fee_minor),
        ]
        charges = self.interest_minor + self.fee_minor
        return _entry(
            EventKind.CHARGE_OFF,
            debits,
            [(Account.RECEIVABLE, self.principal_minor), (Account.CHARGES_RECEIVABLE, charges)],
        )


def _entry(event: EventKind, debits: Iterable[Line], others: Iterable[Line]) -> Entry:
    entry = Entry(event, tuple(line for line in debits if line[1]), tuple(line for line in others if line[1]))
    assert sum(amount for _, amount in entry.debits) == sum(amount for _, amount in entry.credits)
    return entry
