"""The door of evidence at work on limits: decide again, carry out what follows, show what it led to."""

from __future__ import annotations

from honghua.credit.materials.deciding import carry_out, decide, decide_missed, list_decisions, name_brought
from honghua.credit.materials.store import EvidenceDecision

__all__ = ["EvidenceDecision", "carry_out", "decide", "decide_missed", "list_decisions", "name_brought"]
