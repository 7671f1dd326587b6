"""What other rooms may use of fraud's core: the plan of what is sensed, the stream with late labels, words and evidence."""

from __future__ import annotations

from honghua.fraud.core.evidence import find_evidence
from honghua.fraud.core.plan import DETECTORS, LEVELS_MAX, LIVE_NUMBERS, SILENCE, Family, RiskPlan, Value
from honghua.fraud.core.stream import merge_labels
from honghua.fraud.core.words import say

__all__ = [
    "DETECTORS",
    "LEVELS_MAX",
    "LIVE_NUMBERS",
    "SILENCE",
    "Family",
    "RiskPlan",
    "Value",
    "find_evidence",
    "merge_labels",
    "say",
]
