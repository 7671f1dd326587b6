"""Part door: the book of tags, fitted on a population, measured against truth, and kept fresh by facts."""

from __future__ import annotations

from honghua.lab.tags.book import Tag, TagBook, forbidden_inputs, read_tags
from honghua.lab.tags.fitting import Accuracy, FittedTags, Reach, accuracy, fit_tags, questions, values_of
from honghua.lab.tags.profiles import Profile, Profiles

__all__ = [
    "Accuracy", "FittedTags", "Profile", "Profiles", "Reach", "Tag", "TagBook", "accuracy", "fit_tags", "forbidden_inputs", "questions",
    "read_tags", "values_of",
]  # fmt: skip
