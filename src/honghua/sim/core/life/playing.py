"""A city played day by day: its cells, and each day's events in columns – by themselves, or shared out among processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from honghua.base.rng import stable_hash
from honghua.features.core import EventKind
from honghua.sim.core.draft import NONE, Draft, Ints
from honghua.sim.core.gangs import CrewPlan
from honghua.sim.core.kernels import hash_keys
from honghua.sim.core.life.cell import Actor, Cell, Crowd
from honghua.sim.core.life.gangs_actor import GangsActor
from honghua.sim.core.life.house import House, Settled
from honghua.sim.core.life.life import Life
from honghua.sim.core.life.registry import Registry
from honghua.sim.core.market import SAME_EVERYWHERE, SPACES
from honghua.sim.core.plan import CityPlan
from honghua.sim.core.stage import Stage

WARM_UP_SHARE: Final = 0.2  # of the days pass before the first ring acts
RECRUITS_MAX: Final = 40_000
NOBODY: Final = np.zeros(0, np.int64)

# One row of DAY_COLUMNS is one column of a day's events; the last three are truth or lead to it, and are split off before
# anything is written.
PUBLIC: Final = (
    "at_us", "kind", "amount_minor", "origin_at_us", "customer", "merchant", "device", "address", "payee", "category", "region",
    "available_minor", "limit_minor", "credit", "scene", "items", "instalments",
)  # fmt: skip
DAY_COLUMNS: Final = (*PUBLIC, "act", "crime", "ring")


class Cast(NamedTuple):
    """Everybody who acts: the gangs, and those who live in a block apart since gangs touch them (ascending)."""

    gangs: GangsActor | None
    apart: Ints


def cast_city(registry: Registry, crew_plan: CrewPlan | None) -> Cast:
    """Recruit the gangs; the same in every process. Without a plan, or without rings in it, nobody lives apart."""
    if crew_plan is None or crew_plan.rings == 0 or not crew_plan.typologies:
        return Cast(None, NOBODY)
    stage = Stage(registry.street, first_day=max(1, round(registry.plan.days * WARM_UP_SHARE)))
    if len(stage.recruits) > RECRUITS_MAX:  # whom crooks know of: each search then takes as long as in a small city
        stage.recruits = np.sort(registry.rng("recruits").choice(stage.recruits, RECRUITS_MAX, replace=False))
    gangs = GangsActor(stage, crew_plan)
    return Cast(gangs, gangs.members)


def open_cells(registry: Registry, cast: Cast, blocks: Sequence[int]) -> list[Cell]:
    """The cells of some blocks; the block after the last is the one apart, where the gangs act."""
    cells = []
    for block in blocks:
        life = Life(registry, block, apart=cast.apart)
        actors: list[Actor] = [life]
        if block == registry.blocks and cast.gangs is not None:
            actors.append(cast.gangs)
        cells.append(Cell(Crowd(actors), open_house(registry, life)))
    return cells


def open_house(registry: Registry, life: Life) -> House:
    """The house of the files for the people of a block."""
    citizens, who = registry.citizens, life.members
    limit = citizens.people.limit_minor[who]
    return House(life.accounts, citizens.bill_day[who], limit, citizens.line_day[who], registry.calendar)


def blocks_of(registry: Registry, cast: Cast) -> list[int]:
    """All blocks, the one apart last."""
    return list(range(registry.blocks + (1 if len(cast.apart) else 0)))


def play_day(registry: Registry, cells: Sequence[Cell], day: int) -> Ints:
    """int64[len(DAY_COLUMNS), n]: the events of some cells on a day, cell by cell, each by (at_us, act), with keys in place of ids."""
    parts = [columns_of(registry, cell.play(day)) for cell in cells]
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(DAY_COLUMNS), 0), np.int64)


def merge_day(parts: Sequence[Ints]) -> Ints:
    """The parts of a day, given in the order of their blocks, as one in order of time; ties keep that order."""
    both = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return np.ascontiguousarray(both[:, np.argsort(both[0], kind="stable")])


def play_city(registry: Registry, crew_plan: CrewPlan | None) -> Iterator[Ints]:
    """Each day's events of a whole city, in this process."""
    cast = cast_city(registry, crew_plan)
    cells = open_cells(registry, cast, blocks_of(registry, cast))
    for day in range(registry.plan.days):
        yield merge_day([play_day(registry, cells, day)])


def columns_of(registry: Registry, settled: Settled) -> Ints:
    """DAY_COLUMNS of what happened."""
    kept = np.flatnonzero(settled.kept)
    rows = settled.rows
    start = registry.first_midnight_us
    out = np.empty((len(DAY_COLUMNS), len(kept)), np.int64)
    beside = {"available_minor": settled.available_minor, "limit_minor": settled.limit_minor}
    for place, name in enumerate(DAY_COLUMNS):
        if name == "at_us":
            out[place] = rows["at_us"][kept] + start
        elif name == "origin_at_us":
            out[place] = _origins(rows, kept) + start
        elif name in SPACES:
            with np.errstate(over="ignore"):  # without the compiler
                hash_keys(_start_of(registry.plan, SPACES[name]), rows[name][kept], out[place])
        elif name in SAME_EVERYWHERE:
            out[place] = rows[name][kept] + 1
        elif name == "scene":  # the shop's, also where a crook bought, whose plan knows no scenes
            shop = rows["merchant"][kept]
            out[place] = np.where(shop == NONE, NONE, registry.shops.scene[shop])
        else:
            out[place] = beside[name][kept] if name in beside else rows[name][kept]
    return out


def _origins(rows: Draft, kept: Ints) -> Ints:
    """When what a refund or a label is about happened; a second try and a payback are events of their own."""
    speaks = np.isin(rows["kind"][kept], (EventKind.REFUND, EventKind.FRAUD_REPORTED, EventKind.CLEARED))
    about = speaks & (rows["about"][kept] != NONE)
    return np.where(about, rows["about_at_us"][kept], rows["at_us"][kept])


def _start_of(plan: CityPlan, space: str) -> np.uint64:
    return np.uint64(stable_hash(plan.seed, "keys", space) % 2**63)  # that of `market.keys_of`


__all__ = [
    "DAY_COLUMNS", "PUBLIC", "Cast", "blocks_of", "cast_city", "columns_of", "merge_day", "open_cells", "open_house", "play_city",
    "play_day",
]  # fmt: skip
