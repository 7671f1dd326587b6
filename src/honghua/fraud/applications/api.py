"""The door of the part: describe applications as they come, fit a scorer, score."""

from honghua.fraud.applications.clustering import CLUSTER_VALUES, TWIN_VALUES, LinkRules, cluster_applications
from honghua.fraud.applications.describing import FAMILIES, columns_of, describe_applications
from honghua.fraud.applications.scoring import LEARNERS, ApplicationScorer, ScorerPlan, fit_scorer
from honghua.fraud.applications.sessions import SessionColumns

__all__ = [
    "CLUSTER_VALUES", "FAMILIES", "LEARNERS", "TWIN_VALUES", "ApplicationScorer", "LinkRules", "ScorerPlan", "SessionColumns",
    "cluster_applications", "columns_of", "describe_applications", "fit_scorer",
]  # fmt: skip
