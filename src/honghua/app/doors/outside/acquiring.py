"""The port to a bank that acquires card payments, over signed HTTP.

POST /cards/payments {CardAsked}      CardAnswer; the same key again begins nothing and says how it stands
GET  /cards/payments?key=…            CardAnswer, 404 = never met
POST /cards/refunds {RefundAsked}     RefundAnswer; the same key again gives nothing more and says the same
POST /cards/disputes {payment}        DisputeAnswer; one a payment, asked again it says how it stands
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from honghua.app.doors.outside.client import Counterparty
from honghua.base.errors import WorldFailed
from honghua.web.cards.port import CardAnswer, CardAsked, DisputeAnswer, RefundAnswer, RefundAsked
from honghua.web.payments.gateway import is_payable

CARD_PAYMENTS: Final = "/cards/payments"
CARD_REFUNDS: Final = "/cards/refunds"
CARD_DISPUTES: Final = "/cards/disputes"
CARD_PAGE: Final = "/cards/pay"


@dataclass(frozen=True, slots=True)
class DisputeAsked:
    """Which payment the customer disputes."""

    payment: str


@dataclass(frozen=True, slots=True)
class HttpCardAcquirer(Counterparty):
    """See `CardAcquirer`."""

    def pay(self, asked: CardAsked) -> CardAnswer:
        """See `CardAcquirer.pay`."""
        return self._check(self.client.post(CARD_PAYMENTS, asked, CardAnswer), asked.key)

    def find(self, key: str) -> CardAnswer | None:
        """See `CardAcquirer.find`."""
        found = self.client.get(f"{CARD_PAYMENTS}?key={quote(key, safe='')}", CardAnswer)
        return None if found is None else self._check(found, key)

    def refund(self, asked: RefundAsked) -> RefundAnswer:
        """See `CardAcquirer.refund`."""
        told = self.client.post(CARD_REFUNDS, asked, RefundAnswer)
        self._require(told.key == asked.key and told.reference.isprintable())
        return told

    def dispute(self, key: str) -> DisputeAnswer:
        """See `CardAcquirer.dispute`."""
        told = self.client.post(CARD_DISPUTES, DisputeAsked(key), DisputeAnswer)
        self._require(told.payment == key and told.reference.isprintable())
        return told

    def _check(self, answer: CardAnswer, key: str) -> CardAnswer:
        is_clean = answer.reference.isprintable() and answer.currency.isprintable()
        self._require(
            answer.key == key and is_clean and (not answer.pay_url or is_payable(answer.pay_url, self.client.url))
        )
        return answer

    def _require(self, makes_sense: bool) -> None:  # noqa: FBT001
        if not makes_sense:
            raise WorldFailed(f"what {self.name} says of a card payment makes no sense", code="COUNTERPARTY_FAILED")


__all__ = ["CARD_DISPUTES", "CARD_PAGE", "CARD_PAYMENTS", "CARD_REFUNDS", "DisputeAsked", "HttpCardAcquirer"]
