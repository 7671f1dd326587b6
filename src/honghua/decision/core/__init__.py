"""Door of the pure part: features, rules, bundles."""

from honghua.decision.core.policy import FEATURES, WITHIN_LIMIT, Bundle, Outcome, Rule, Verdict, evaluate
from honghua.decision.core.records import DecisionRow

__all__ = ["FEATURES", "WITHIN_LIMIT", "Bundle", "DecisionRow", "Outcome", "Rule", "Verdict", "evaluate"]
