"""Door of the pure part: features, rules, bundles."""

from honghua.decision.core.policy import FEATURES, WITHIN_LIMIT, Bundle, Outcome, Rule, Verdict, evaluate

__all__ = ["FEATURES", "WITHIN_LIMIT", "Bundle", "Outcome", "Rule", "Verdict", "evaluate"]
