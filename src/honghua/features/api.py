"""The other door of features: the live store and the same values by SQL."""

from __future__ import annotations

from honghua.features.feature_store import FeatureStore
from honghua.features.sql import sql_of, sql_values

__all__ = ["FeatureStore", "sql_of", "sql_values"]
