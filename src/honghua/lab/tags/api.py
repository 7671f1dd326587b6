"""Part door: the book of tags, fitted on a population and measured against truth."""

from __future__ import annotations

from honghua.lab.tags.book import Tag, TagBook, read_tags
from honghua.lab.tags.fitting import (
    Accuracy,
    FittedTags,
    Reach,
    accuracy,
    cut_quantiles,
    fit_tags,
    questions,
    values_of,
)
from honghua.lab.tags.inputs import forbidden_inputs, keep_known
from honghua.lab.tags.uses import Use, find_unused, keep_used, read_uses

__all__ = [
    "Accuracy", "FittedTags", "Reach", "Tag", "TagBook", "Use", "accuracy", "cut_quantiles", "find_unused", "fit_tags",
    "forbidden_inputs", "keep_known", "keep_used", "questions", "read_tags", "read_uses", "values_of",
]  # fmt: skip
