"""Door of life: a city at rest, its cells, and its days."""

from __future__ import annotations

from honghua.sim.core.life.accounts import NEVER_DUE, Accounts, open_accounts
from honghua.sim.core.life.as_market import market_of
from honghua.sim.core.life.cell import GANGS_FROM, Actor, Cell, Crowd, in_order
from honghua.sim.core.life.gangs_actor import REPORTS, GangsActor
from honghua.sim.core.life.house import House, Settled, Settler
from honghua.sim.core.life.life import Life
from honghua.sim.core.life.playing import (
    DAY_COLUMNS,
    PUBLIC,
    Cast,
    blocks_of,
    cast_city,
    merge_day,
    open_cells,
    open_house,
    play_city,
    play_day,
)
from honghua.sim.core.life.registry import Registry, settle_city
from honghua.sim.core.life.weighing import weigh_cells, weigh_registry

__all__ = [
    "DAY_COLUMNS", "GANGS_FROM", "NEVER_DUE", "PUBLIC", "REPORTS", "Accounts", "Actor", "Cast", "Cell", "Crowd", "GangsActor",
    "House", "Life", "Registry", "Settled", "Settler", "blocks_of", "cast_city", "in_order", "market_of", "merge_day",
    "open_accounts", "open_cells", "open_house", "play_city", "play_day", "settle_city", "weigh_cells", "weigh_registry",
]  # fmt: skip
