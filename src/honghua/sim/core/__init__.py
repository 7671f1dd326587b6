"""Door of the pure part: markets, their truth, and the typologies that can be planted."""

from __future__ import annotations

from honghua.sim.core.market import MARKET_SCHEMA, Market, MarketPlan, make_market
from honghua.sim.core.stage import Reporting, Typology
from honghua.sim.core.truth import Truth
from honghua.sim.core.typologies import TYPOLOGIES

__all__ = ["MARKET_SCHEMA", "TYPOLOGIES", "Market", "MarketPlan", "Reporting", "Truth", "Typology", "make_market"]
