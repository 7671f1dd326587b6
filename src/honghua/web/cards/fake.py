"""An acquiring bank that is none: it says so, keeps what it is asked in memory, moves no money, and fails as banks do, by a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from honghua.base.errors import BadInput, TimedOut
from honghua.base.faults import require_known, strikes
from honghua.web.cards.port import (
    CardAnswer,
    CardAsked,
    CardState,
    DisputeAnswer,
    DisputeState,
    RefundAnswer,
    RefundAsked,
)

FAULTS: Final = ("timeout_before", "timeout_after", "other_amount", "refund_refused")


@dataclass(slots=True)
class FakeAcquirer:
    """What the customer does on its page, and the bank decides, comes by `choose` and `decide`. faults, the chance of each per call:

    timeout_before   does not answer, and never heard the question
    timeout_after    does not answer after it has done what it was asked
    other_amount     names an amount that is one minor unit too large
    refund_refused   refuses a refund, for good
    """

    seed: int
    address: str = "http://127.0.0.1:8090"
    faults: Mapping[str, float] = field(default_factory=dict)
    payments: dict[str, CardAnswer] = field(default_factory=dict)
    refunds: dict[str, RefundAnswer] = field(default_factory=dict)
    disputes: dict[str, DisputeAnswer] = field(default_factory=dict)
    asked: dict[str, CardAsked | RefundAsked] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_known(self.faults, FAULTS)

    @property
    def name(self) -> str:
        """Says what it is."""
        return "模拟收单行 · fake acquirer (moves no real money)"

    def pay(self, asked: CardAsked) -> CardAnswer:
        """See `CardAcquirer.pay`."""
        self._before(asked.key)
        self._remember(asked.key, asked)
        made = CardAnswer(
            key=asked.key, state=CardState.WAITING, amount_minor=asked.amount_minor, currency=asked.currency,
            reference=f"fake-{len(self.payments) + 1}", pay_url=f"{self.address}/cards/pay/{asked.key}",
        )  # fmt: skip
        found = self.payments.setdefault(asked.key, made)
        self._after(asked.key)
        return self._spoil(found)

    def find(self, key: str) -> CardAnswer | None:
        """See `CardAcquirer.find`."""
        self._before(key)
        found = self.payments.get(key)
        return None if found is None else self._spoil(found)

    def refund(self, asked: RefundAsked) -> RefundAnswer:
        """See `CardAcquirer.refund`; never more than was paid."""
        self._before(asked.key)
        self._remember(asked.key, asked)
        if asked.key not in self.refunds:
            self.refunds[asked.key] = RefundAnswer(
                key=asked.key, is_done=self._gives_back(asked), amount_minor=asked.amount_minor,
                reference=f"fake-refund-{len(self.refunds) + 1}",
            )  # fmt: skip
        self._after(asked.key)
        return self._spoil_refund(self.refunds[asked.key])

    def _gives_back(self, asked: RefundAsked) -> bool:
        paid = self._get_paid(asked.payment)
        return self.given_back_minor(asked.payment) + asked.amount_minor <= paid.amount_minor and not self._happens(
            asked.key, "refund_refused"
        )

    def dispute(self, key: str) -> DisputeAnswer:
        """See `CardAcquirer.dispute`."""
        self._before(key)
        paid = self._get_paid(key)
        opened = DisputeAnswer(
            payment=key, state=DisputeState.OPEN, amount_minor=paid.amount_minor - self.given_back_minor(key),
            reference=f"fake-dispute-{len(self.disputes) + 1}",
        )  # fmt: skip
        found = self.disputes.setdefault(key, opened)
        self._after(key)
        return found

    def choose(self, key: str, *, pays: bool, last_four: str = "4242") -> CardAnswer:
        """What the customer does on the page; the first word stands. BadInput for a payment that nobody asked for."""
        found = self.payments.get(key)
        if found is None:
            raise BadInput("no such payment", code="CARD_UNKNOWN")
        if found.state is CardState.WAITING:
            state = CardState.PAID if pays else CardState.DECLINED
            self.payments[key] = replace(found, state=state, last_four=last_four if pays else "")
        return self.payments[key]

    def decide(self, key: str, state: DisputeState) -> None:
        """What the bank decides about an open dispute."""
        self.disputes[key] = replace(self.disputes[key], state=state)

    def given_back_minor(self, key: str) -> int:
        """What went back of a payment."""
        done = {one.key for one in self.refunds.values() if one.is_done}
        return sum(
            one.amount_minor
            for one in self.asked.values()
            if isinstance(one, RefundAsked) and one.key in done and one.payment == key
        )

    def _get_paid(self, key: str) -> CardAnswer:
        found = self.payments.get(key)
        if found is None or found.state is not CardState.PAID:
            raise BadInput("this was not paid here", code="CARD_UNPAID")
        return found

    def _remember(self, key: str, asked: CardAsked | RefundAsked) -> None:
        if self.asked.setdefault(key, asked) != asked:
            raise BadInput(f"key {key!r} was used for something else", code="CARD_KEY_REUSED")

    def _before(self, key: str) -> None:
        if self._happens(key, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")

    def _after(self, key: str) -> None:
        if self._happens(key, "timeout_after"):
            raise TimedOut(f"{self.name} did not answer")

    def _spoil(self, answer: CardAnswer) -> CardAnswer:
        wrong = self._happens(answer.key, "other_amount")
        return replace(answer, amount_minor=answer.amount_minor + 1) if wrong else answer

    def _spoil_refund(self, answer: RefundAnswer) -> RefundAnswer:
        wrong = self._happens(answer.key, "other_amount")
        return replace(answer, amount_minor=answer.amount_minor + 1) if wrong else answer

    def _happens(self, key: str, fault: str) -> bool:
        drawn = self.calls[key] = self.calls.get(key, 0) + 1
        return strikes(self.faults, fault, seed=self.seed, labels=(key, fault, drawn))


__all__ = ["FAULTS", "FakeAcquirer"]
