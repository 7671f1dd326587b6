"""What evidence that a customer brought, or took back, leads to for the ceiling of their limit. Pure.

The ceiling that stood before any evidence is the ground: without evidence it stands again, to the minor unit, as if there had never been
any. With evidence the same rulebook is asked twice, with it and without: what speaks for somebody never lowers, what speaks against
them never raises, and what makes no difference moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from honghua.limits.core import Ruling

BROUGHT: Final = "EVIDENCE"
GONE: Final = "EVIDENCE_GONE"
REASONS_OF_EVIDENCE: Final = frozenset({BROUGHT, GONE})
LOWERED_BY_RISK: Final = frozenset({"FRAUD_REPORTED", "LENDERS_GREW"})


class EvidenceOutcome(StrEnum):
    """raised, lowered, kept: the ceiling · review: a person looks. Stored."""

    RAISED = "raised"
    LOWERED = "lowered"
    KEPT = "kept"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What stands without evidence. Minor units. base_minor: the ceiling before any; reason: of that assessment; is_mixed: it was made
    while evidence now gone was in force, so it may rest on it; ceiling_minor: what holds now; wants_person: no machine alone."""

    base_minor: int
    reason: str
    ceiling_minor: int
    is_mixed: bool = False
    wants_person: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceRuling:
    """outcome, the code of why, and the ceiling that is to hold, minor units."""

    outcome: EvidenceOutcome
    code: str
    ceiling_minor: int


def choose_ceiling(ground: Ground, without: Ruling, with_: Ruling | None) -> EvidenceRuling:
    """The ceiling with evidence in force (with_), or with none (None). without, with_: the rulebook's word on the same day.

    Codes: EVIDENCE_GONE, RISK_LOWERED (what risk took is not given back for papers), EVIDENCE_SAME, HUMAN_WANTED, EVIDENCE, or the
    rulebook's own where it would not approve with the evidence: then a person looks and nothing moves.
    """
    base = ground.base_minor
    if ground.is_mixed:
        base = min(base, without.ceiling_minor) if without.outcome == "approved" else min(base, ground.ceiling_minor)
    if with_ is None:
        return _rule(ground, base, GONE)
    if ground.reason in LOWERED_BY_RISK:
        return _rule(ground, base, "RISK_LOWERED")
    if with_.outcome != "approved":
        return EvidenceRuling(EvidenceOutcome.REVIEW, with_.code, min(base, ground.ceiling_minor))
    if without.outcome == "approved" and with_.ceiling_minor == without.ceiling_minor:
        return _rule(ground, base, "EVIDENCE_SAME")
    speaks_for = without.outcome != "approved" or with_.ceiling_minor > without.ceiling_minor
    ceiling = max(base, with_.ceiling_minor) if speaks_for else min(base, with_.ceiling_minor)
    if ground.wants_person and ceiling > ground.ceiling_minor:
        return EvidenceRuling(EvidenceOutcome.REVIEW, "HUMAN_WANTED", ground.ceiling_minor)
    return _rule(ground, ceiling, BROUGHT)


def _rule(ground: Ground, ceiling_minor: int, code: str) -> EvidenceRuling:
    difference = ceiling_minor - ground.ceiling_minor
    outcome = (
        EvidenceOutcome.RAISED
        if difference > 0
        else EvidenceOutcome.LOWERED
        if difference < 0
        else EvidenceOutcome.KEPT
    )
    return EvidenceRuling(outcome, code, ceiling_minor)


__all__ = [
    "BROUGHT", "GONE", "REASONS_OF_EVIDENCE", "EvidenceOutcome", "EvidenceRuling", "Ground", "choose_ceiling",
]  # fmt: skip
