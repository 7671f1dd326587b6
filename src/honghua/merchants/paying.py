"""The port to whoever pays merchants out, and a fake of it that fails in the ways in which banks fail, by a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from honghua.base.errors import BadInput, TimedOut
from honghua.base.rng import derive_rng

FAULTS: Final = ("timeout_before", "timeout_after", "refused")


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """What became of a payout, for good. error: why it was not paid, "" when it was."""

    is_paid: bool
    error: str = ""


class PayoutBank(Protocol):
    """Pays merchants. Under one key money moves at most once, however often asked."""

    @property
    def name(self) -> str:
        """What to call it in reports; a fake says that it is one."""
        ...

    def pay(self, *, key: str, merchant: str, amount_minor: int, currency: str) -> PayoutAnswer:
        """Pay out; the same key again gives the first answer. Raises TimedOut: then nobody knows, and asking again tells."""
        ...


@dataclass(slots=True)
class FakePayoutBank:
    """A payout bank that moves no real money. faults: chance per call of each of `FAULTS`; `refused` is for good under its key."""

    seed: int
    faults: Mapping[str, float] = field(default_factory=dict)
    answers: dict[str, PayoutAnswer] = field(default_factory=dict)
    paid_minor: dict[str, int] = field(default_factory=dict)  # by merchant
    _asked: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    _calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = set(self.faults) - set(FAULTS)
        if unknown:
            raise BadInput(f"no such fault: {sorted(unknown)}; there are {FAULTS}")

    @property
    def name(self) -> str:
        """Says what it is."""
        return "fake payout bank (moves no real money)"

    def pay(self, *, key: str, merchant: str, amount_minor: int, currency: str) -> PayoutAnswer:
        """See `PayoutBank.pay`; one key with another question is BadInput, as at any bank."""
        wanted = (merchant, amount_minor, currency)
        if self._asked.setdefault(key, wanted) != wanted:
            raise BadInput(f"key {key!r} was used for another payout", code="BANK_KEY_REUSED")
        if self._happens(key, "timeout_before"):
            raise TimedOut(f"{self.name} did not answer")
        if key not in self.answers:
            refused = self._happens(key, "refused")
            self.answers[key] = PayoutAnswer(not refused, "the merchant's account is closed" if refused else "")
            if not refused:
                self.paid_minor[merchant] = self.paid_minor.get(merchant, 0) + amount_minor
        if self._happens(key, "timeout_after"):
            raise TimedOut(f"{self.name} did not answer")
        return self.answers[key]

    def _happens(self, key: str, fault: str) -> bool:
        drawn = self._calls[key] = self._calls.get(key, 0) + 1
        chance = self.faults.get(fault, 0.0)
        return chance > 0 and float(derive_rng(self.seed, key, fault, drawn).random()) < chance
