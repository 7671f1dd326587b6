"""What may be asked of the credit room, as frozen records. Each carries its idempotency key; amounts are minor units.

`on` is the value date, None = the book's business date. `customer` is the lender's reference of the account holder.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Final

from honghua.credit.core.layout import PAYER_CONSUMER
from honghua.features.core import ABSENT, key_of_text

LABEL_CUSTOMER, LABEL_CHARGEBACK, LABEL_REVIEW, LABEL_FILE = 1, 2, 3, 4  # who says so; stored
SCENE_TEXT_MAX: Final = 200
SCENE_KEYS_KEPT: Final = 1 << 17
ADDED_LATER: Final = (
    "happened_at",
    "scene",
    "accept_less",
    "continues",
    "cause",
)  # left out of a body where they say nothing: old keys keep their hash


@lru_cache(maxsize=SCENE_KEYS_KEPT)
def scene_key(text: str) -> int | None:
    """The key of a text, which often turns up again soon; None where it is too long or not printable.

    Texts are remembered and scenes are not: a region or an address comes with many scenes, and a scene seldom comes again.
    """
    if len(text) > SCENE_TEXT_MAX or not text.isprintable():
        return None
    return key_of_text(text) if text else ABSENT


@cache
def covered_fields(command: type) -> tuple[str, ...]:
    """Names of the fields of a command but its key, and but what our own door wrote on it."""
    return tuple(f.name for f in fields(command) if f.name not in ("key", "is_stamped"))


@cache
def field_reader(command: type) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]], tuple[bool, ...]]:
    """Those names, what reads all of them at once, and which of them stay in a body where they say nothing."""
    names = covered_fields(command)
    return names, attrgetter(*names), tuple(name not in ADDED_LATER for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The part that all commands share."""

    key: str
    customer: str
    on: dt.date | None = None

    def body(self) -> dict[str, Any]:
        """What the idempotency hash covers: everything but the key."""
        cls: Any = type(self)
        names, read, always = field_reader(cls)
        values = {name: value for name, value, stays in zip(names, read(self), always, strict=True) if stays or value}
        values["command"] = cls.__name__
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount(Command):
    """Open the revolving account with a limit and a pair of statement day and due day (None = the terms' first)."""

    limit_minor: int
    pair: tuple[int, int] | None = None
    terms: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalments:
    """A choice of periods; `fee_minor` is the quoted fee that the customer confirmed (None = quote of the moment)."""

    periods: int
    payer: int = PAYER_CONSUMER
    fee_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """From where and to whom: texts as the caller names them, each optional. Only their keys are kept."""

    device: str = ""
    address: str = ""  # a network or postal address
    payee: str = ""
    region: str = ""

    def texts(self) -> tuple[str, ...]:
        """In the order of facts.kinds.SCENE."""
        return (self.device, self.address, self.payee, self.region)

    def is_valid(self) -> bool:
        """Whether every text is short and printable."""
        return read_scene(self) is not None

    def keys(self) -> tuple[int, ...]:
        """Entity keys as facts carry them; nothing at all when nothing is told."""
        keys = read_scene(self)
        assert keys is not None, "a scene is checked before it is read"
        return keys


def read_scene(scene: Scene) -> tuple[int, ...] | None:
    """A scene's keys in the order of facts.kinds.SCENE, none at all when nothing is told; None where it is not valid."""
    device, address = scene_key(scene.device), scene_key(scene.address)
    payee, region = scene_key(scene.payee), scene_key(scene.region)
    if device is None or address is None or payee is None or region is None:
        return None
    return (device, address, payee, region) if device or address or payee or region else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """Going on with a suspended purchase: which, the proof that a step-up asked for, or that the customer confirms after a warning."""

    suspension_id: int
    proof: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Command):
    """What every purchase on credit says. happened_at: event time, aware (None = now). accept_less: a smaller amount will do.

    is_stamped: happened_at is the moment of arrival at our door, not the caller's word; the same request may come again later.
    """

    amount_minor: int
    merchant: str
    order: str
    category: str
    happened_at: dt.datetime | None = None
    scene: Scene | None = None
    accept_less: bool = False
    continues: Continuation | None = None
    is_stamped: bool = False

    def body(self) -> dict[str, Any]:
        """As of all commands, without a moment of arrival."""
        values = Command.body(self)
        if self.is_stamped:
            values.pop("happened_at", None)
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyNow(Order):
    """A purchase that is debt at once (R-021: bound to order, merchant and goods category)."""

    instalments: Instalments | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisePurchase(Order):
    """Hold part of the limit for an order until it is received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePurchase(Command):
    """Turn a hold into debt, wholly or in part; with `final` the rest of the hold is released."""

    purchase_id: int
    amount_minor: int
    final: bool = True
    instalments: Instalments | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidAuthorisation(Command):
    """Give a hold back: nothing was bought. `expired` marks that time did it."""

    purchase_id: int
    expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPurchase(Command):
    """Goods come back, wholly or in part; before receipt the hold shrinks instead."""

    purchase_id: int
    amount_minor: int
    happened_at: dt.datetime | None = None
    scene: Scene | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFraud(Command):
    """A label arrives: this purchase was a fraud. `source` is one of `LABEL_*`."""

    purchase_id: int
    source: int = LABEL_CUSTOMER
    happened_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearReport(Command):
    """A label arrives: this purchase was in order after all."""

    purchase_id: int
    source: int = LABEL_CUSTOMER
    happened_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleReview(Command):
    """A reviewer's word on a suspended purchase that they have claimed; it is a label, too."""

    suspension_id: int
    reviewer: str
    approve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseSuspension(Command):
    """Give up a suspended purchase whose time is over."""

    suspension_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repay(Command):
    """Money from the customer; `source` names where it came from."""

    amount_minor: int
    source: int = 0
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOverpayment(Command):
    """Pay the customer's own money back out."""

    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalBill(Command):
    """Split (part of) the last bill, from its statement day to its due day."""

    amount_minor: int
    instalments: Instalments


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlePlan(Command):
    """Pay a plan off early with exactly the quoted amount."""

    plan_id: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePair(Command):
    """Choose another pair of statement day and due day from the next cycle on (R-013)."""

    cut_day: int
    due_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCause:
    """Why a limit moves; it stays with the fact. rulebook and model: digests in hex; consent: the text agreed to, as kind/version.

    reason is one of limits.core.REASONS; rule names what led to it, e.g. the fact or the offer.
    """

    reason: str
    rule: str = ""
    rulebook: str = ""
    model: str = ""
    consent: str = ""

    def detail(self) -> dict[str, object]:
        """As facts carry it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLimit(Command):
    """Set the fixed limit."""

    limit_minor: int
    cause: LimitCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTemporaryLimit(Command):
    """Add a temporary limit until a day."""

    amount_minor: int
    until: dt.date | None = None
    cause: LimitCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTemporaryLimit(Command):
    """End the temporary limit before its day; what was bought with it stays owed."""

    cause: LimitCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSpendingCap(Command):
    """The customer's own cap on what a calendar month may spend; 0 = none."""

    cap_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStatus(Command):
    """Freeze, unfreeze or close the account (`STATUS_*`)."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff(Command):
    """Write the claim off; evidence names documents and the number of collection attempts.

    ended_by: "death" or "insolvency" where a document says that nobody can be asked any more: no days and attempts are waited for.
    """

    evidence: tuple[str, ...]
    attempts: int
    approved_by: str
    ended_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRecovery(Command):
    """Money that came in on a written-off claim."""

    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeHardship(Command):
    """Re-instalment for a customer in hardship: everything billed and unbilled in one plan."""

    periods: int
    waive: bool = True
    evidence: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiveCharges(Command):
    """Forgive interest, penalty and fees (减免息费), never principal: on a ground, with evidence, asked by one and approved by another."""

    amount_minor: int
    ground: int
    evidence: tuple[str, ...]
    asked_by: str
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseFact(Command):
    """Undo a fact as if it had never happened, with the reason."""

    fact_id: int
    reason: str
