"""The ports that money, questions about debts and proofs of identity leave by, over HTTP. Each speaks its port's language, nothing more.

POST /payouts {key, merchant, amount_minor, currency}   PayoutAnswer; the same key again moves nothing and says the same
GET  /payouts?key=…                                     PayoutAnswer, 404 = never met
GET  /payouts/notices?after=N                           [{number, answer}], rising, at most 500
GET  /payouts/statements/2026-03-01                     BankStatement of a day that is over there; 409 before
POST /debits {key, kind, reference, amount_minor, currency, at_least_minor}
                                                        {key, taken_minor, reason}; the same key again takes nothing and says the same
GET  /debits?key=…                                      {key, taken_minor, reason}, 404 = never met
POST /orders/evidence {orders}                          [EvidenceItem]: what became of these orders by now; nothing of customers is told
GET  /orders/capacity?merchant=…                        how many orders a day a shop can fulfil, 404 = not known
POST /bureau/reports {person, reason_code}              {person, body}; person: SHA-256 of the identity number, in hex
POST /identity/proofs {request_id, kind, evidence}      ProofAnswer; the same request_id again gives the first one
GET  /identity/proofs?request_id=…                      ProofAnswer, 404 = never heard of
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from honghua.app.doors.outside.client import Counterparty, SignedClient
from honghua.base.errors import BadInput, WorldFailed
from honghua.bureau.api import ProviderAnswer
from honghua.credit.core import Source, SourceKind
from honghua.credit.jobs import DebitAnswer, Declined, DeclineReason, Paid
from honghua.customers.api import Evidence, ProofRequest
from honghua.customers.core import ProofAnswer
from honghua.merchants.api import BankStatement, OrderAsked, PayoutAnswer
from honghua.merchants.core import EvidenceItem

PAYOUTS: Final = "/payouts"
NOTICES: Final = "/payouts/notices"
DEBITS: Final = "/debits"
EVIDENCE: Final = "/orders/evidence"
CAPACITY: Final = "/orders/capacity"
STATEMENTS: Final = "/payouts/statements"
REPORTS: Final = "/bureau/reports"
PROOFS: Final = "/identity/proofs"
NOTICES_MAX: Final = 500
AHEAD: Final = dt.timedelta(minutes=5)  # that another clock may be ahead of ours


@dataclass(frozen=True, slots=True)
class PayoutAsked:
    """What a bank is asked to pay."""

    key: str
    merchant: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class NumberedNotice:
    """A notice and its place in everything that the bank ever told."""

    number: int
    answer: PayoutAnswer


@dataclass(frozen=True, slots=True)
class DebitAsked:
    """What a bank is asked to take from one source of a customer's. at_least_minor: None = all or nothing."""

    key: str
    kind: SourceKind
    reference: str
    amount_minor: int
    currency: str
    at_least_minor: int | None = None


@dataclass(frozen=True, slots=True)
class DebitTold:
    """What it did: it took something, or there is a reason why it did not."""

    key: str
    taken_minor: int = 0
    reason: DeclineReason | None = None

    @classmethod
    def of(cls, key: str, answer: DebitAnswer) -> DebitTold:
        """As it goes over the wire."""
        return cls(key, answer.taken_minor) if isinstance(answer, Paid) else cls(key, reason=answer.reason)

    def answer(self, key: str, name: str) -> DebitAnswer:
        """As its port says it. WorldFailed for the answer of another key, or one that says neither or both."""
        if self.key != key or (self.taken_minor > 0) == (self.reason is not None) or self.taken_minor < 0:
            raise WorldFailed(f"what {name} says of a debit makes no sense", code="COUNTERPARTY_FAILED")
        return Paid(self.taken_minor) if self.reason is None else Declined(self.reason)


@dataclass(frozen=True, slots=True)
class OrdersAsked:
    """Of which orders it is asked what became of them."""

    orders: tuple[OrderAsked, ...]


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """A question about somebody's debts."""

    person: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class ReportTold:
    """Its answer; not yet believed."""

    person: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProofAsked:
    """A question about somebody's identity."""

    request_id: str
    kind: str
    evidence: Evidence


@dataclass(slots=True)
class HttpPayoutBank:
    """See `PayoutBank`. Notices are read on from the last one heard; after a restart all are heard again, which changes nothing."""

    client: SignedClient
    _heard: int = field(default=0)

    @property
    def name(self) -> str:
        """What the operator calls it."""
        return self.client.name

    def pay(self, *, key: str, merchant: str, amount_minor: int, currency: str) -> PayoutAnswer:
        """See `PayoutBank.pay`."""
        asked = PayoutAsked(key, merchant, amount_minor, currency)
        return _of_key(self.client.post(PAYOUTS, asked, PayoutAnswer), key, self.name)

    def find(self, key: str) -> PayoutAnswer | None:
        """See `PayoutBank.find`."""
        found = self.client.get(f"{PAYOUTS}?key={quote(key, safe='')}", PayoutAnswer)
        return None if found is None else _of_key(found, key, self.name)

    def take_notices(self) -> list[PayoutAnswer]:
        """See `PayoutBank.take_notices`."""
        found = self.client.get(f"{NOTICES}?after={self._heard}", list[NumberedNotice]) or []
        self._heard = max([self._heard, *(one.number for one in found)])
        return [one.answer for one in found]

    def read_statement(self, day: dt.date) -> BankStatement:
        """See `PayoutBank.read_statement`."""
        found = self.client.get(f"{STATEMENTS}/{day.isoformat()}", BankStatement)
        if found is None or found.day != day:
            raise WorldFailed(f"{self.name} has no statement of {day}", code="COUNTERPARTY_FAILED")
        return found


def _of_key(answer: PayoutAnswer, key: str, name: str) -> PayoutAnswer:
    if answer.key != key:
        raise WorldFailed(f"{name} answers about another payout", code="COUNTERPARTY_FAILED")
    return answer


@dataclass(frozen=True, slots=True)
class HttpDebitBank(Counterparty):
    """See `credit.jobs.Bank`."""

    def debit(
        self, *, key: str, source: Source, amount_minor: int, currency: str, at_least_minor: int | None = None
    ) -> DebitAnswer:
        """See `Bank.debit`."""
        asked = DebitAsked(key, source.kind, source.reference, amount_minor, currency, at_least_minor)
        return self.client.post(DEBITS, asked, DebitTold).answer(key, self.name)

    def find(self, key: str) -> DebitAnswer | None:
        """See `Bank.find`."""
        found = self.client.get(f"{DEBITS}?key={quote(key, safe='')}", DebitTold)
        return None if found is None else found.answer(key, self.name)


@dataclass(frozen=True, slots=True)
class HttpEvidenceSource(Counterparty):
    """See `merchants.api.EvidenceSource`. What it says is weighed by whoever asked; orders that nobody asked about are dropped there."""

    def report(self, orders: Sequence[OrderAsked], *, now: dt.datetime) -> list[EvidenceItem]:
        """See `EvidenceSource.report`; WorldFailed for what has no time zone, or lies ahead of us."""
        told = self.client.post(EVIDENCE, OrdersAsked(tuple(orders)), list[EvidenceItem])
        if any(one.at.tzinfo is None or one.at > now + AHEAD for one in told):
            raise WorldFailed(f"{self.name} tells what has not happened yet", code="COUNTERPARTY_FAILED")
        return told

    def find_capacity(self, merchant: str) -> int | None:
        """See `EvidenceSource.find_capacity`."""
        found = self.client.get(f"{CAPACITY}?merchant={quote(merchant, safe='')}", int)
        return found if found is None or found >= 0 else None


@dataclass(frozen=True, slots=True)
class HttpBureau(Counterparty):
    """See `BureauProvider`."""

    def ask(self, national_id_digest: bytes, *, reason_code: str) -> ProviderAnswer:
        """See `BureauProvider.ask`; what it says of whom is checked by whoever asks."""
        if not reason_code:
            raise BadInput("a bureau is not asked without a reason", code="REASON_MISSING")
        told = self.client.post(REPORTS, ReportAsked(national_id_digest.hex(), reason_code), ReportTold)
        try:
            return ProviderAnswer(national_id_digest=bytes.fromhex(told.person), body=told.body)
        except ValueError:
            raise WorldFailed(f"{self.name} names nobody", code="COUNTERPARTY_FAILED") from None


@dataclass(frozen=True, slots=True)
class HttpIdentity(Counterparty):
    """See `IdentityProvider`."""

    def ask(self, request: ProofRequest) -> ProofAnswer:
        """See `IdentityProvider.ask`."""
        asked = ProofAsked(request.request_id, request.kind.value, request.evidence)
        return self.client.post(PROOFS, asked, ProofAnswer, seconds=request.seconds)

    def find(self, request_id: str) -> ProofAnswer | None:
        """See `IdentityProvider.find`."""
        return self.client.get(f"{PROOFS}?request_id={quote(request_id, safe='')}", ProofAnswer)


__all__ = ["HttpBureau", "HttpDebitBank", "HttpEvidenceSource", "HttpIdentity", "HttpPayoutBank"]
