"""The JSON of the two hot routes, `POST /v1/purchases` and `POST /v1/purchases:batch`, for the raw lane and the documented routes alike.

A purchase comes with its idempotency key in the header `Idempotency-Key`; in a batch each purchase carries its own `key`. A partner's
keys are its own: `command_key` puts the partner before them. Steps of a caller: `read_purchase` or `read_batch`,
`Partner.check_sale`, `to_command`, the booker, then `status_of` of each answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from honghua.credit.core import AuthorisePurchase, BuyNow, Continuation, Instalments, Scene
from honghua.web.problems import Trouble, problem_of_answer, status_of, write_problem

T = TypeVar("T")
BATCH_MAX: Final = 64  # purchases in one call
PURCHASE_BYTES_MAX: Final = 8_192
BATCH_BYTES_MAX: Final = 131_072
KEY_LENGTH_MAX: Final = 120
MINOR_MAX: Final = 10**15
PERIODS_MAX: Final = 120
PAYERS: Final = {"consumer": 1, "merchant": 2, "platform": 3}

Text = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
OptionalText = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Key = Annotated[str, Meta(min_length=1, max_length=KEY_LENGTH_MAX, pattern=r"^[\x21-\x7e]+$")]
Minor = Annotated[int, Meta(ge=1, le=MINOR_MAX, description="Whole minor units of `currency`.")]
Identity = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class InstalmentChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Periods, who pays the fee, and the quoted fee that the customer confirmed (absent: the quote of the moment)."""

    periods: Annotated[int, Meta(ge=1, le=PERIODS_MAX)]
    payer: Literal["consumer", "merchant", "platform"] = "consumer"
    fee_minor: Annotated[int, Meta(ge=0, le=MINOR_MAX)] | None = None


class SceneTold(Struct, frozen=True, forbid_unknown_fields=True):
    """From where and to whom, as far as the caller knows it. Only keys of these texts are kept."""

    device: OptionalText = ""
    address: OptionalText = ""
    payee: OptionalText = ""
    region: OptionalText = ""


class GoingOn(Struct, frozen=True, forbid_unknown_fields=True):
    """Going on with a suspended purchase: the proof that a step-up asked for, or that the customer confirms after a warning."""

    suspension_id: Identity
    proof: OptionalText = ""
    confirmed: bool = False


class PurchaseAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """A purchase on credit: bought now, or authorised and captured later."""

    customer: Text
    merchant: Text
    order: Text
    category: Text
    amount_minor: Minor
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217; the account's own.")]
    mode: Literal["buy_now", "authorise"] = "buy_now"
    instalments: InstalmentChoice | None = None
    scene: SceneTold | None = None
    accept_less: bool = False
    continues: GoingOn | None = None
    happened_at: Annotated[dt.datetime, Meta(tz=True)] | None = None


class KeyedPurchase(PurchaseAsked, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A purchase of a batch, with its idempotency key."""

    key: Key


class BatchAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Purchases to be judged and booked in this order."""

    purchases: Annotated[list[KeyedPurchase], Meta(min_length=1, max_length=BATCH_MAX)]


class PurchaseAnswer(Struct, frozen=True, omit_defaults=True):
    """What became of a purchase. approved: booked or held; refused: judged and not; the others wait for `suspension_id` to go on."""

    outcome: Literal["approved", "refused", "step_up", "delayed", "review"]
    purchase_id: Identity | None = None
    amount_minor: int | None = None
    asked_minor: int | None = None
    held_minor: int | None = None
    fee_minor: int | None = None
    temporary_minor: int | None = None
    offered_minor: int | None = None
    available_minor: int | None = None
    expires_on: dt.date | None = None
    code: str | None = None
    sentence: str | None = None
    sentence_en: str | None = None
    reason: str | None = None
    suspension_id: Identity | None = None
    decision_id: Identity | None = None
    expires_at: dt.datetime | None = None
    until: dt.datetime | None = None
    kind: str | None = None
    repeated: bool | None = None


_PURCHASE: Final = msgspec.json.Decoder(PurchaseAsked)
_BATCH: Final = msgspec.json.Decoder(BatchAsked)


def read_purchase(body: bytes) -> PurchaseAsked:
    """One purchase from JSON; Trouble when it is too large or not one."""
    return _read(_PURCHASE, body, bytes_max=PURCHASE_BYTES_MAX)


def read_batch(body: bytes) -> BatchAsked:
    """A batch from JSON; Trouble when it is too large or not one."""
    return _read(_BATCH, body, bytes_max=BATCH_BYTES_MAX)


def _read(decoder: msgspec.json.Decoder[T], body: bytes, *, bytes_max: int) -> T:
    if len(body) > bytes_max:
        raise Trouble("BODY_TOO_LARGE", f"at most {bytes_max} bytes")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Trouble("REQUEST_INVALID", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Trouble("REQUEST_UNREADABLE", "the body is not JSON") from error


def check_key(text: str) -> str:
    """An idempotency key as it came in a header; Trouble when it is missing or none."""
    if not text:
        raise Trouble("KEY_MISSING", "the header Idempotency-Key is missing")
    if len(text) > KEY_LENGTH_MAX or not text.isascii() or not text.isprintable() or " " in text:
        raise Trouble("KEY_INVALID", f"1 … {KEY_LENGTH_MAX} visible ASCII characters")
    return text


def command_key(partner_id: int, key: str) -> str:
    """The key under which the books remember the answer: partners never see each other's."""
    return f"partner:{partner_id}:{key}"


def to_command(
    asked: PurchaseAsked, *, key: str, currency: str, arrived_at: dt.datetime | None = None
) -> BuyNow | AuthorisePurchase:
    """The command of the credit room, under `key` of `command_key`. Trouble for another currency, or instalments of a mere hold.

    arrived_at: when it reached our door, taken for the time of the event where the caller tells none.
    """
    if asked.currency != currency:
        raise Trouble("CURRENCY_UNKNOWN", f"this book is in {currency}")
    scene, going = asked.scene, asked.continues
    values: dict[str, Any] = {
        "key": key,
        "customer": asked.customer,
        "amount_minor": asked.amount_minor,
        "merchant": asked.merchant,
        "order": asked.order,
        "category": asked.category,
        "happened_at": asked.happened_at or arrived_at,
        "is_stamped": asked.happened_at is None and arrived_at is not None,
        "accept_less": asked.accept_less,
        "scene": scene and Scene(device=scene.device, address=scene.address, payee=scene.payee, region=scene.region),
        "continues": going
        and Continuation(suspension_id=going.suspension_id, proof=going.proof, confirmed=going.confirmed),
    }
    if asked.mode == "buy_now":
        return BuyNow(**values, instalments=to_instalments(asked.instalments))
    if asked.instalments is not None:
        raise Trouble("REQUEST_INVALID", "instalments are chosen when an authorised purchase is captured")
    return AuthorisePurchase(**values)


def to_instalments(choice: InstalmentChoice | None) -> Instalments | None:
    """The choice in the words of the credit room."""
    if choice is None:
        return None
    return Instalments(periods=choice.periods, payer=PAYERS[choice.payer], fee_minor=choice.fee_minor)


def write_item(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer's place in a batch: its status, and its body or its problem."""
    status = status_of(answer)
    if status == 200:
        return {"status": status, "answer": answer}
    return {"status": status, "problem": write_problem(problem_of_answer(answer), status=status)}


__all__ = [
    "BATCH_MAX",
    "BatchAsked",
    "InstalmentChoice",
    "KeyedPurchase",
    "PurchaseAnswer",
    "PurchaseAsked",
    "check_key",
    "command_key",
    "read_batch",
    "read_purchase",
    "to_command",
    "to_instalments",
    "write_item",
]
