"""Door of the pure part: markets, their truth, and the typologies that can be planted."""

from __future__ import annotations

from honghua.sim.core.gangs import Crew, CrewPlan
from honghua.sim.core.guarded import Guard, OpenDoor, PlainGuard, Played, PlayPlan, is_judged, play
from honghua.sim.core.market import MARKET_SCHEMA, Market, MarketPlan, make_market
from honghua.sim.core.stage import Reporting, Typology
from honghua.sim.core.truth import Truth
from honghua.sim.core.typologies import ALL_TYPOLOGIES, TYPOLOGIES

__all__ = [
    "ALL_TYPOLOGIES",
    "MARKET_SCHEMA",
    "TYPOLOGIES",
    "Crew",
    "CrewPlan",
    "Guard",
    "Market",
    "MarketPlan",
    "OpenDoor",
    "PlainGuard",
    "PlayPlan",
    "Played",
    "Reporting",
    "Truth",
    "Typology",
    "is_judged",
    "make_market",
    "play",
]
