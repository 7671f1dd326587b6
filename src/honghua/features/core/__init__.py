"""What other cores may use of features: the event table and the language of windows."""

from __future__ import annotations

from honghua.features.core.language import NAME, BadDefinition, Definition, FeatureSet, Ratio, Window
from honghua.features.core.plan import FILTERS_MAX
from honghua.features.core.schema import (
    ABSENT,
    ASKED,
    ENTITIES,
    FIXED,
    MISSING,
    EventKind,
    Schema,
    key_of_text,
    keys_of_texts,
)
from honghua.features.core.spans import EVER, UNITS, Span, parse_span
from honghua.features.core.terms import OPS, Condition

__all__ = [
    "ABSENT",
    "ASKED",
    "ENTITIES",
    "EVER",
    "FILTERS_MAX",
    "FIXED",
    "MISSING",
    "NAME",
    "OPS",
    "UNITS",
    "BadDefinition",
    "Condition",
    "Definition",
    "EventKind",
    "FeatureSet",
    "Ratio",
    "Schema",
    "Span",
    "Window",
    "key_of_text",
    "keys_of_texts",
    "parse_span",
]
