"""The chart: which components an owner has, which side each stands on, and how people and other books call it.

A ledger account is one component of one owner. Its key is `owner_id * 256 + component`, so the owner leads every key
and both halves come back with a shift and a mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

KEY_BITS: Final = 8
KEY_MASK: Final = (1 << KEY_BITS) - 1
OWNER_ID_MAX: Final = (1 << (63 - KEY_BITS)) - 1


class OwnerKind(IntEnum):
    """Who a balance belongs to. Stored: never change a number."""

    CREDIT_ACCOUNT = 1
    MERCHANT = 2
    PLATFORM = 3


class Component(IntEnum):
    """One ledger account of an owner, in the order of `ledger_balance`'s columns. Stored: never change a number."""

    PRINCIPAL_UNBILLED = 0
    PRINCIPAL_BILLED = 1
    PRINCIPAL_INSTALMENT = 2
    INTEREST = 3
    FEE = 4
    PENALTY = 5
    OVERPAYMENT = 6
    DEFERRED_SUBSIDY = 7
    MERCHANT_PAYABLE = 8
    BANK_CLEARING = 9
    INTEREST_INCOME = 10
    FEE_INCOME = 11
    PENALTY_INCOME = 12
    RECOVERY_INCOME = 13
    SUBSIDY_EXPENSE = 14
    CREDIT_LOSS = 15
    WAIVER_EXPENSE = 16
    LIMIT_GRANTED = 17
    LIMIT_AVAILABLE = 18
    LIMIT_HELD = 19
    LIMIT_USED = 20
    LIMIT_OVER = 21
    CHARGE_OFF_MEMO = 22
    CHARGE_OFF_CONTRA = 23


COMPONENTS: Final = len(Component)


class Group(IntEnum):
    """The part of the books a component belongs to; memo components mirror rights and claims off the balance sheet."""

    ASSET = 1
    LIABILITY = 2
    INCOME = 3
    EXPENSE = 4
    MEMO = 5


@dataclass(frozen=True, slots=True)
class Title:
    """How one component is called and where it stands.

    side is +1 where a balance is normally a debit and -1 where it is a credit; bound says that the database refuses a
    balance on the other side. beancount is the account path without the owner's leaf.
    """

    component: Component
    group: Group
    side: int
    bound: bool
    zh: str
    en: str
    beancount: str

    @property
    def column(self) -> str:
        """The column of `ledger_balance`."""
        return self.component.name.lower()


_C, _G = Component, Group
# group, side, bound, Chinese, English, path in beancount
_CHART: Final[dict[Component, tuple[Group, int, bool, str, str, str]]] = {
    _C.PRINCIPAL_UNBILLED: (_G.ASSET, 1, True, "未出账本金", "principal, unbilled", "Assets:Credit:PrincipalUnbilled"),
    _C.PRINCIPAL_BILLED: (_G.ASSET, 1, True, "已出账本金", "principal, billed", "Assets:Credit:PrincipalBilled"),
    _C.PRINCIPAL_INSTALMENT: (_G.ASSET, 1, True, "分期本金", "instalment principal", "Assets:Credit:PrincipalPlans"),
    _C.INTEREST: (_G.ASSET, 1, True, "应收利息", "interest due", "Assets:Credit:Interest"),
    _C.FEE: (_G.ASSET, 1, True, "应收手续费", "fees due", "Assets:Credit:Fee"),
    _C.PENALTY: (_G.ASSET, 1, True, "应收罚息", "penalty due", "Assets:Credit:Penalty"),
    _C.OVERPAYMENT: (_G.LIABILITY, -1, True, "溢缴款", "overpayment", "Liabilities:Overpayment"),
    _C.DEFERRED_SUBSIDY: (_G.LIABILITY, -1, True, "递延贴息", "deferred subsidy", "Liabilities:DeferredSubsidy"),
    _C.MERCHANT_PAYABLE: (_G.LIABILITY, -1, False, "应付商户款", "payable to merchants", "Liabilities:MerchantPayable"),
    _C.BANK_CLEARING: (_G.ASSET, 1, False, "银行清算", "bank clearing", "Assets:BankClearing"),
    _C.INTEREST_INCOME: (_G.INCOME, -1, False, "利息收入", "interest income", "Income:Interest"),
    _C.FEE_INCOME: (_G.INCOME, -1, False, "手续费收入", "fee income", "Income:Fee"),
    _C.PENALTY_INCOME: (_G.INCOME, -1, False, "罚息收入", "penalty income", "Income:Penalty"),
    _C.RECOVERY_INCOME: (_G.INCOME, -1, False, "核销收回", "recoveries", "Income:Recovery"),
    _C.SUBSIDY_EXPENSE: (_G.EXPENSE, 1, False, "贴息支出", "subsidy expense", "Expenses:Subsidy"),
    _C.CREDIT_LOSS: (_G.EXPENSE, 1, False, "核销损失", "credit loss", "Expenses:CreditLoss"),
    _C.WAIVER_EXPENSE: (_G.EXPENSE, 1, False, "减免支出", "waivers", "Expenses:Waiver"),
    _C.LIMIT_GRANTED: (_G.MEMO, -1, True, "授信额度", "limit granted", "Equity:Memo:LimitGranted"),
    _C.LIMIT_AVAILABLE: (_G.MEMO, 1, True, "可用额度", "limit available", "Equity:Memo:LimitAvailable"),
    _C.LIMIT_HELD: (_G.MEMO, 1, True, "冻结额度", "limit held", "Equity:Memo:LimitHeld"),
    _C.LIMIT_USED: (_G.MEMO, 1, True, "已用额度", "limit used", "Equity:Memo:LimitUsed"),
    _C.LIMIT_OVER: (_G.MEMO, -1, True, "超额占用", "limit overdrawn", "Equity:Memo:LimitOver"),
    _C.CHARGE_OFF_MEMO: (_G.MEMO, 1, True, "已核销待追偿", "written off, still claimed", "Equity:Memo:ChargeOff"),
    _C.CHARGE_OFF_CONTRA: (_G.MEMO, -1, True, "核销备查", "write-off contra", "Equity:Memo:ChargeOffContra"),
}  # fmt: skip
TITLES: Final = tuple(Title(component, *rest) for component, rest in _CHART.items())
COLUMNS: Final[tuple[str, ...]] = tuple(title.column for title in TITLES)
# Memo components mirror each other: what is granted is available, held, used or over; what is written off is claimed.
LIMIT_COMPONENTS: Final = (_C.LIMIT_GRANTED, _C.LIMIT_AVAILABLE, _C.LIMIT_HELD, _C.LIMIT_USED, _C.LIMIT_OVER)
CLAIM: Final = slice(0, 6)  # what a customer owes: principal (three), interest, fee and penalty stand first
CHARGE_OFF_COMPONENTS: Final = (_C.CHARGE_OFF_MEMO, _C.CHARGE_OFF_CONTRA)


def title_of(component: int) -> Title:
    """The names and the side of a component."""
    return TITLES[component]


def account_key(owner_id: int, component: int) -> int:
    """The ledger account key of one component of one owner."""
    return (owner_id << KEY_BITS) | component


def account_keys(owner_ids: NDArray[np.int64], components: Any) -> NDArray[np.int64]:
    """`account_key` over arrays; `components` is one component or an array of the owners' shape."""
    return (np.asarray(owner_ids, dtype=np.int64) << KEY_BITS) | np.asarray(components, dtype=np.int64)


def owner_of(account: int) -> int:
    """The owner in a ledger account key."""
    return account >> KEY_BITS


def component_of(account: int) -> Component:
    """The component in a ledger account key."""
    return Component(account & KEY_MASK)
