"""The other door of features: the live store, the same values by SQL, and the arithmetic of a value for who folds events otherwise."""

from __future__ import annotations

from honghua.features.core.kernels.gains import gain_of
from honghua.features.core.kernels.reading import bits_set, spread
from honghua.features.core.kernels.rows import scatter
from honghua.features.core.layout import ABOVE, BINS, BIT, DISTINCT, SQUARE_HIGH, SQUARE_LOW, SUM
from honghua.features.feature_store import FeatureStore
from honghua.features.sql import sql_of, sql_values

__all__ = [
    "ABOVE",
    "BINS",
    "BIT",
    "DISTINCT",
    "SQUARE_HIGH",
    "SQUARE_LOW",
    "SUM",
    "FeatureStore",
    "bits_set",
    "gain_of",
    "scatter",
    "spread",
    "sql_of",
    "sql_values",
]
