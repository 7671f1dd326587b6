"""What a contract says, before it is drawn: parties, clauses and the cost table of the law (rules.md §2). Pure, and plain values only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """A row of the 明示表: what is charged, how, by which yearly standard, who collects and who bears it. is_contingent: only if …"""

    name: str
    collection: str
    annual_percent: str
    collector: str
    payer: str
    amount: str = ""
    is_contingent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractText:
    """A whole contract. annual_percent: the sum for normal performance; nothing_else: the sentence that nothing more is charged.

    made_on: ISO date. Everything stands in `digest`, in this order.
    """

    number: str
    title: str
    lender: str
    customer: str
    name: str
    principal: str
    annual_percent: str
    costs: tuple[CostRow, ...]
    nothing_else: str
    clauses: tuple[tuple[str, str], ...]
    consents: tuple[str, ...]
    made_on: str

    def digest(self) -> bytes:
        """SHA-256 of everything that is shown."""
        return hashlib.sha256(msgspec.json.encode(asdict(self))).digest()

    def find_gaps(self) -> tuple[str, ...]:
        """What the law wants in it and is missing: principal, yearly total, items with collector, contingent items, last sentence."""
        normal = [row for row in self.costs if not row.is_contingent]
        wanted: Sequence[tuple[str, bool]] = (
            ("principal", bool(self.principal)),
            ("annual_percent", bool(self.annual_percent)),
            ("costs", bool(normal)),
            ("contingent", len(normal) < len(self.costs)),
            ("collector", all(row.collector and row.annual_percent for row in self.costs)),
            ("nothing_else", bool(self.nothing_else)),
        )
        return tuple(name for name, is_there in wanted if not is_there)
