"""What is written down about a decision."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision to record: who, under which command id, and what was judged and said."""

    account_id: int
    decision_id: int
    outcome: int
    reason: str
    vector: tuple[int, ...]
