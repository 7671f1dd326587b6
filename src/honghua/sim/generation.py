"""Make a city's files: play its days in one or several processes and write what happened as standard parquet, truth apart.

A day is the unit of everything: processes play their cells a slice of days at a time, parts are merged day by day, and a day is a row
group of the file. So neither the number of processes nor the length of a slice can be seen in the bytes, and memory is bounded by
a slice.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from honghua.base.errors import WorldFailed
from honghua.sim.core.draft import Ints
from honghua.sim.core.gangs import CrewPlan
from honghua.sim.core.life import (
    Registry,
    blocks_of,
    cast_city,
    merge_day,
    open_cells,
    play_day,
    settle_city,
    weigh_cells,
    weigh_registry,
)
from honghua.sim.core.people_truth import Horizon, PeopleTruth, people_truth
from honghua.sim.core.plan import BLOCK, CityPlan
from honghua.sim.event_files import EventWriter, write_people, write_schema_page, write_shops
from honghua.sim.people_file import write_people_truth

SLICE_DAYS: Final = 1
PROCESSES_MAX: Final = 64

Progress = Callable[[int, int], None]  # (day that is done, events so far)


@dataclass(frozen=True, slots=True)
class MakePlan:
    """What is made: a city, its gangs (None = an innocent city), where the files go, and how the work is shared.

    truth: a folder of its own, which engines do not get. futures: how many years ahead are lived for each person, so that the truth
    knows who would default (0 = it does not). processes and slice_days change how long it takes, never what is written.
    """

    city: CityPlan
    crew: CrewPlan | None
    out: Path
    truth: Path
    processes: int = 1
    slice_days: int = SLICE_DAYS
    futures: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.processes <= PROCESSES_MAX or self.slice_days < 1 or self.futures < 0:
            raise ValueError(
                f"from 1 to {PROCESSES_MAX} processes, slices of at least a day, no negative number of futures"
            )
        if self.truth.resolve() == self.out.resolve():
            raise ValueError("the truth goes to a folder of its own, which engines do not get")


class Made(NamedTuple):
    """What was made, and what it cost. cpu_seconds: of all processes; peak_mb: the largest memory of each, summed."""

    events: int
    days: int
    seconds: float
    cpu_seconds: float
    bytes_per_person: float
    peak_mb: float


def make_city(plan: MakePlan, *, progress: Progress) -> Made:
    """Write events.parquet, people.parquet, shops.parquet, SCHEMA.md, events.map.toml into `out`, the truth into `truth`."""
    started, cpu = time.perf_counter(), _cpu_seconds()
    registry = settle_city(plan.city)
    plan.out.mkdir(parents=True, exist_ok=True)
    plan.truth.mkdir(parents=True, exist_ok=True)
    weight = [weigh_registry(registry)]
    days = _play_here(plan, registry, weight) if plan.processes == 1 else _play_in_processes(plan, weight)
    with EventWriter(registry, plan.out, plan.truth) as writer, ThreadPoolExecutor(1) as pen:
        waiting: Future[None] | None = None
        for day, events in enumerate(days):
            if waiting is not None:
                waiting.result()
            waiting = pen.submit(writer.write_day, events)
            progress(day, writer.events + events.shape[1])
        if waiting is not None:
            waiting.result()
        count = writer.events
    write_people(registry, plan.out)
    write_shops(registry, plan.out)
    write_schema_page(registry, plan.out, events=count)
    write_people_truth(registry, foresee(registry, plan.futures), plan.truth)
    return Made(
        count, plan.city.days, time.perf_counter() - started, _cpu_seconds() - cpu,
        sum(weight) / plan.city.people, _peak_mb(plan.processes),
    )  # fmt: skip


def foresee(registry: Registry, futures: int) -> PeopleTruth:
    """What is true of everybody under the limit that the plain house gives; without futures, who would default is not a number."""
    n, citizens = registry.plan.people, registry.citizens
    limit = citizens.people.limit_minor.astype(np.int64)
    parts = []
    for number, first in enumerate(range(0, n if futures else 0, BLOCK)):
        who = np.arange(first, min(first + BLOCK, n))
        parts.append(people_truth(registry, who, limit[who], Horizon(draws=futures, seed=number)))
    unknown = np.full(n, np.nan)
    shares = [
        np.concatenate([getattr(part, name) for part in parts]) if parts else unknown
        for name in ("default_share", "late_share")
    ]
    character = [column.astype(np.float64) for column in (citizens.will, citizens.mindful, citizens.lifts)]
    return PeopleTruth(np.arange(n), limit, shares[0], shares[1], futures, *character)


def _play_here(plan: MakePlan, registry: Registry, weight: list[int]) -> Iterator[Ints]:
    cast = cast_city(registry, plan.crew)
    cells = open_cells(registry, cast, blocks_of(registry, cast))
    for day in range(plan.city.days):
        yield merge_day([play_day(registry, cells, day)])
    weight.append(weigh_cells(cells))


def _play_in_processes(plan: MakePlan, weight: list[int]) -> Iterator[Ints]:
    """Each process plays a stretch of blocks; a pipe holds what is ready, and a process that is ahead waits."""
    context = multiprocessing.get_context(
        "spawn"
    )  # a fork would carry the threads of compilers and writers over half-way
    workers = []
    try:
        for number in range(plan.processes):
            ours, theirs = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(plan, number, theirs), daemon=True)
            process.start()
            theirs.close()
            workers.append((process, ours))
        for first in range(0, plan.city.days, plan.slice_days):
            length = min(plan.slice_days, plan.city.days - first)
            slices = [[_receive(connection) for _ in range(length)] for _, connection in workers]
            for parts in zip(*slices, strict=True):
                yield merge_day(parts)
            del slices
        weight.extend(int(_receive(connection)[0, 0]) for _, connection in workers)
    finally:
        for process, connection in workers:
            connection.close()
            process.join()


def _receive(connection: Connection) -> Ints:
    try:
        width, count = connection.recv()
        body = np.empty((width, count), np.int64)
        if count:
            connection.recv_bytes_into(body.reshape(-1))
    except EOFError as error:
        raise WorldFailed("a process that played a part of the city ended before its time") from error
    return body


def _work(plan: MakePlan, number: int, connection: Connection) -> None:
    """One process: its stretch of the blocks, a slice at a time."""
    registry = settle_city(plan.city)
    cast = cast_city(registry, plan.crew)
    blocks = blocks_of(registry, cast)
    stretch = np.array_split(np.array(blocks), plan.processes)[number].tolist()
    cells = open_cells(registry, cast, stretch)

    def send(body: Ints) -> None:
        connection.send(body.shape)
        if body.size:
            connection.send_bytes(np.ascontiguousarray(body).reshape(-1).data)

    try:
        for first in range(0, plan.city.days, plan.slice_days):
            last = min(first + plan.slice_days, plan.city.days)
            for part in [play_day(registry, cells, day) for day in range(first, last)]:
                send(part)
        send(np.array([[weigh_cells(cells)]], np.int64))
    except BrokenPipeError:  # the one who asked is gone, and has said why
        sys.exit(1)


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak_mb(processes: int) -> float:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of the largest
    return own + (child * processes if processes > 1 else 0.0)


__all__ = ["Made", "MakePlan", "make_city"]
