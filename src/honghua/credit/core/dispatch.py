"""Which handler answers which command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from honghua.base.dates import to_day
from honghua.credit.core import administering, arranging, commands, labelling, purchasing, repaying, suspending
from honghua.credit.core.account import Account
from honghua.credit.core.bounds import capping
from honghua.credit.core.commands import Command
from honghua.credit.core.desk import Desk, Result
from honghua.credit.core.refusals import refusal

HANDLERS: Final[dict[type[Command], Callable[[Any, Account, Desk], Result]]] = {
    commands.OpenAccount: administering.open_account,
    commands.BuyNow: purchasing.buy_now,
    commands.AuthorisePurchase: purchasing.authorise,
    commands.CapturePurchase: purchasing.capture,
    commands.VoidAuthorisation: purchasing.void,
    commands.RefundPurchase: purchasing.refund,
    commands.ReportFraud: labelling.report,
    commands.ClearReport: labelling.report,
    commands.SettleReview: suspending.settle_review,
    commands.LapseSuspension: suspending.lapse,
    commands.Repay: repaying.repay,
    commands.ReturnOverpayment: repaying.return_overpayment,
    commands.RecordRecovery: repaying.record_recovery,
    commands.ReverseFact: repaying.reverse,
    commands.InstalBill: arranging.instal_bill,
    commands.SettlePlan: arranging.settle_plan,
    commands.AgreeHardship: arranging.agree_hardship,
    commands.ChangePair: administering.change_pair,
    commands.ChangeLimit: administering.change_limit,
    commands.GrantTemporaryLimit: administering.grant_temporary,
    commands.EndTemporaryLimit: administering.end_temporary,
    commands.SetSpendingCap: capping.set_cap,
    commands.SetStatus: administering.set_status,
    commands.WriteOff: administering.write_off,
    commands.WaiveCharges: arranging.waive_charges,
}


# What may arrive late or be about an earlier day; everything else is settled on the business date itself.
DATED: Final = frozenset(
    {
        commands.BuyNow,
        commands.AuthorisePurchase,
        commands.CapturePurchase,
        commands.VoidAuthorisation,
        commands.RefundPurchase,
        commands.Repay,
        commands.RecordRecovery,
    }
)


def handle(command: Command, account: Account, desk: Desk) -> Result:
    """Answer a command: pure, nothing is stored. Refuses a value date on a command that has none but today."""
    if command.on is not None and type(command) not in DATED and to_day(command.on) != desk.today:
        return Result(refusal("DATE_INVALID"))
    return HANDLERS[type(command)](command, account, desk)
