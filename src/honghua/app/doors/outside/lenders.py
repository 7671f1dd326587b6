"""The bank through which lenders pay each other, over HTTP.

POST /lenders {key, lender, direction, amount_minor, currency}   LenderAnswer; the same key again moves nothing and says the same
GET  /lenders?key=…                                              LenderAnswer, 404 = never met
GET  /lenders/statements/2026-03-01                              LenderStatement of a day that is over there; 409 before
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from honghua.app.doors.outside.client import Counterparty
from honghua.base.errors import WorldFailed
from honghua.funding.api import LenderAnswer, LenderStatement
from honghua.funding.core import LenderOrder

LENDERS: Final = "/lenders"
LENDER_STATEMENTS: Final = "/lenders/statements"
SAID: Final = frozenset({"moved", "refused", "pending"})


@dataclass(frozen=True, slots=True)
class HttpLenderBank(Counterparty):
    """See `funding.api.LenderBank`."""

    def transfer(self, order: LenderOrder) -> LenderAnswer:
        """See `LenderBank.transfer`."""
        return self._of_key(self.client.post(LENDERS, order, LenderAnswer), order.key)

    def find(self, key: str) -> LenderAnswer | None:
        """See `LenderBank.find`."""
        found = self.client.get(f"{LENDERS}?key={quote(key, safe='')}", LenderAnswer)
        return None if found is None else self._of_key(found, key)

    def read_statement(self, day: dt.date) -> LenderStatement:
        """See `LenderBank.read_statement`."""
        found = self.client.get(f"{LENDER_STATEMENTS}/{day.isoformat()}", LenderStatement)
        if found is None or found.day != day:
            raise WorldFailed(f"{self.name} has no statement of {day}", code="COUNTERPARTY_FAILED")
        return found

    def _of_key(self, answer: LenderAnswer, key: str) -> LenderAnswer:
        if answer.key != key or answer.said not in SAID:
            raise WorldFailed(
                f"{self.name} answers about another order, or in no known word", code="COUNTERPARTY_FAILED"
            )
        return answer


__all__ = ["LENDERS", "LENDER_STATEMENTS", "HttpLenderBank"]
