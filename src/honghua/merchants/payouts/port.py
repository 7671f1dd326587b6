"""The port to whoever pays merchants out. Real banks are adapters of `PayoutBank`.

What is asked of a bank, and nothing more: under one key money moves at most once, however often it is sent; and the statement of a day,
taken after the day, shows every key that moved or was rejected on it. Everything else that a bank says is hearsay.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from honghua.merchants.core.payouts import Said, StatementRow


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """What a bank says of a key, now or in a notice. amount_minor: what it says it paid. error: why it refused."""

    key: str
    said: Said
    amount_minor: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class BankStatement:
    """Everything that one bank did for us on one day. Totals are stated by the bank, over rows in which money moved."""

    day: dt.date
    rows: tuple[StatementRow, ...]
    moved: int
    moved_minor: int


class PayoutBank(Protocol):
    """Pays merchants."""

    @property
    def name(self) -> str:
        """What to call it in reports, and under which its statements are kept; a fake says that it is one."""
        ...

    def pay(self, *, key: str, merchant: str, amount_minor: int, currency: str) -> PayoutAnswer:
        """Pay out. Raises TimedOut: then nobody knows, and `find` may tell."""
        ...

    def find(self, key: str) -> PayoutAnswer | None:
        """What became of a key; None when the bank has not met it (it may be on its way). Raises TimedOut."""
        ...

    def take_notices(self) -> list[PayoutAnswer]:
        """What it tells by itself since the last call: late, twice, out of order. Raises TimedOut."""
        ...

    def read_statement(self, day: dt.date) -> BankStatement:
        """The statement of a day that is over at the bank; the same whenever asked. Raises TimedOut."""
        ...
