"""Part door: the book of tags, fitted on a population, measured against truth, and kept fresh by facts."""

from __future__ import annotations

from honghua.lab.tags.book import Tag, TagBook, forbidden_inputs, keep_known, read_tags
from honghua.lab.tags.fitting import Accuracy, FittedTags, Reach, accuracy, fit_tags, questions, values_of
from honghua.lab.tags.following import Allowed, ProfileFollower, ProfileReport, allow_all, read_profile
from honghua.lab.tags.profiles import Profile, Profiles
from honghua.lab.tags.store import ProfileRow, count_tags, erase_profiles, list_customers, list_lags, measure_lag
from honghua.lab.tags.uses import Use, find_unused, keep_used, read_uses

__all__ = [
    "Accuracy", "Allowed", "FittedTags", "Profile", "ProfileFollower", "ProfileReport", "ProfileRow", "Profiles", "Reach", "Tag", "TagBook",
    "Use", "accuracy", "allow_all", "count_tags", "erase_profiles", "find_unused", "fit_tags", "forbidden_inputs", "keep_known",
    "keep_used",
    "list_customers", "list_lags", "measure_lag", "questions", "read_profile", "read_tags", "read_uses", "values_of",
]  # fmt: skip
