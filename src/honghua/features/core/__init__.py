"""What other cores may use of features: the event table and the language of windows."""

from __future__ import annotations

from honghua.features.core.language import BadDefinition, Definition, FeatureSet, Ratio, Window
from honghua.features.core.schema import (
    ABSENT,
    ENTITIES,
    FIXED,
    MISSING,
    EventKind,
    Schema,
    key_of_text,
    keys_of_texts,
)

__all__ = [
    "ABSENT",
    "ENTITIES",
    "FIXED",
    "MISSING",
    "BadDefinition",
    "Definition",
    "EventKind",
    "FeatureSet",
    "Ratio",
    "Schema",
    "Window",
    "key_of_text",
    "keys_of_texts",
]
