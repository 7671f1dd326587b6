"""The port to whoever knows whether goods went out: carriers, tills, platforms. Real ones are adapters of `EvidenceSource`.

Nothing that a source says is believed by itself: evidence of orders that nobody asked about is dropped, the rest is weighed
(`core.authenticity`). What is asked of a source: under one waybill it says the same of everybody; it keeps what it said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from honghua.merchants.core.authenticity import EvidenceItem


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAsked:
    """An order as sources know it: the shop's own reference and what it was worth. Nothing of the customer goes out."""

    purchase_id: int
    merchant: str
    order: str
    amount_minor: int
    bought_at: dt.datetime


class EvidenceSource(Protocol):
    """Tells what became of orders."""

    @property
    def name(self) -> str:
        """What to call it in reports, and under which its evidence is kept; a fake says that it is one."""
        ...

    def report(self, orders: Sequence[OrderAsked], *, now: dt.datetime) -> list[EvidenceItem]:
        """Everything that it knows of these orders by now, in any order, more than once. Raises TimedOut."""
        ...

    def find_capacity(self, merchant: str) -> int | None:
        """How many orders a day a shop can fulfil; None when it does not know. Raises TimedOut."""
        ...
