"""Auto-debit, the pure part: which sources are asked in which order, and how much each is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from honghua.credit.core.account import Account
from honghua.credit.core.desk import Answer
from honghua.credit.core.kernels.allocation import pay
from honghua.credit.core.kernels.measures import due_unpaid
from honghua.credit.core.layout import D_DUE, D_MINIMUM, H_AS_OF, H_DUES, H_PENALTY_ACCRUED
from honghua.credit.core.refusals import refusal
from honghua.credit.core.terms import ProductTerms

REFERENCE_LENGTH_MAX: Final = 64


class SourceKind(StrEnum):
    """Where a customer's money lies, in the default order of asking. Stored: never change a word."""

    BALANCE = "balance"
    DEBIT_CARD = "debit_card"
    MONEY_FUND = "money_fund"
    CREDIT_CARD = "credit_card"  # may be listed, is never asked: debt is not repaid with debt


# How a repayment fact names its source; 0 is a repayment by hand.
SOURCE_CODES: Final = {SourceKind.BALANCE: 1, SourceKind.DEBIT_CARD: 2, SourceKind.MONEY_FUND: 3}


class Pays(StrEnum):
    """What a source is asked to settle: the whole bill, or its minimum."""

    FULL = "full"
    MINIMUM = "minimum"


@dataclass(frozen=True, slots=True)
class Source:
    """One source: `reference` is the bank's token for it, never a card number."""

    kind: SourceKind
    reference: str
    pays: Pays = Pays.FULL


def default_sources(sources: Sequence[Source], terms: ProductTerms) -> list[Source]:
    """Balance, the first `debit_cards_max` debit cards (given most used first), then the money fund (rules.md §1)."""
    order = list(SourceKind)
    cards = [source for source in sources if source.kind is SourceKind.DEBIT_CARD][terms.debit_cards_max :]
    return sorted((source for source in sources if source not in cards), key=lambda source: order.index(source.kind))


def check_sources(sources: Sequence[Source], terms: ProductTerms) -> Answer | None:
    """Refuse an order of sources that is too long, names one twice, or names none properly."""
    named = {(source.kind, source.reference) for source in sources}
    unfit = [
        s.reference
        for s in sources
        if not 1 <= len(s.reference) <= REFERENCE_LENGTH_MAX or not s.reference.isprintable()
    ]
    if len(sources) > terms.debit_sources_max or len(named) < len(sources) or unfit:
        return refusal("SOURCES_INVALID", sources_max=terms.debit_sources_max)
    return None


def find_next_source(sources: Sequence[Source], asked: Sequence[tuple[str, str]]) -> Source | None:
    """The first source in the customer's order that may be asked and was not in this run, by (kind, reference)."""
    for source in sources:
        if source.kind is not SourceKind.CREDIT_CARD and (source.kind.value, source.reference) not in asked:
            return source
    return None


def compute_wanted(account: Account, pays: Pays) -> int:
    """The least repayment that settles, today, every bill that is due by today: wholly, or its minimum; 0 when none is.

    The account must have reached the business day. The waterfall decides where money goes (fees and penalty of all
    bills come first), so the amount is found by trying the waterfall itself: to pay more never leaves more open, hence
    bisection.
    """
    if is_met(account, 0, pays):
        return 0
    high = sum(int(due_unpaid(account.dues[i])) for i in range(int(account.head[H_DUES])))
    high += int(account.head[H_PENALTY_ACCRUED])
    low = 0
    assert is_met(account, high, pays), f"account {account.account_id}: paying all that is billed leaves something due"
    while high - low > 1:
        middle = (low + high) // 2
        if is_met(account, middle, pays):
            high = middle
        else:
            low = middle
    return high


def is_met(account: Account, amount_minor: int, pays: Pays) -> bool:
    """Whether a repayment of this amount would leave nothing (or no minimum) open on bills due by today."""
    head, dues = account.head.copy(), account.dues.copy()
    pay(head, dues, account.terms, amount_minor)
    today = int(head[H_AS_OF])
    open_rows = [dues[i] for i in range(int(head[H_DUES])) if int(dues[i, D_DUE]) <= today]
    return not open_rows if pays is Pays.FULL else all(int(row[D_MINIMUM]) == 0 for row in open_rows)


def find_due_on(account: Account) -> int:
    """Due day (a day number) of the oldest bill due by today; 0 when there is none."""
    today = int(account.head[H_AS_OF])
    return min(
        (int(row[D_DUE]) for row in account.dues[: int(account.head[H_DUES])] if int(row[D_DUE]) <= today), default=0
    )
