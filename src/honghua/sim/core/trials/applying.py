"""Applications for credit as a door sees them: devices, networks, addresses, typing, the way through the pages; and gangs among them.

Everything here is assumed, and said so: no public set of application sessions has both gangs and behaviour. Honest people share, too:
families a device, offices and dormitories a network, and a clerk's tablet opens lines for a dozen customers. Gangs come in kinds: `farm`
works few devices by script, `proxy` a fresh device and network each time but one script, `agency` has one practised operator behind
customers' own devices, and `coached` victims type by themselves while somebody tells them what.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.sim.core.draft import Ints

Floats = NDArray[np.float64]
Rng = np.random.Generator
PAGES: Final = 8  # landing, agreements, identity, form, costs, help, contract, signature
USUAL_PATH: Final = (0, 1, 2, 3, 4, 6, 7)
EXPERT_PATH: Final = (1, 2, 3, 6, 7)
STEPS_MAX: Final = 12
HOUR_S, DAY_S = 3_600, 86_400
OFFICE_SHARE, FAMILY_SHARE, CLERK_SHARE = 0.25, 0.12, 0.05


class Kind(IntEnum):
    """Who applies; 0 is everybody honest."""

    HONEST = 0
    FARM = 1
    PROXY = 2
    AGENCY = 3
    COACHED = 4


@dataclass(frozen=True, slots=True)
class ApplyingPlan:
    """applications: honest ones; gangs: of each kind that comes; kinds: which; days: of the stream; seed: of everything."""

    applications: int
    gangs: int
    seed: int
    kinds: tuple[Kind, ...] = (Kind.FARM, Kind.PROXY, Kind.AGENCY)
    days: int = 60


class Sessions(NamedTuple):
    """n applications by time: what a door sees. Keys and times int64[n], 0 … 2**62; address 0 = not told.

    typing float64[n, 6]: dwell and flight of keys in ms with their spread, corrections, pasted fields; path int8[n, STEPS_MAX]: pages in
    order, −1 behind the last; page_s float64[n, PAGES]: seconds on each; asked_minor int64[n].
    """

    at_s: Ints
    device: Ints
    network: Ints
    address: Ints
    typing: Floats
    path: NDArray[np.int8]
    page_s: Floats
    asked_minor: Ints


class ApplyingTruth(NamedTuple):
    """kind int64[n] of `Kind`, gang int64[n]: its number, −1 = nobody's. Never for engines."""

    kind: Ints
    gang: Ints


class _Row(NamedTuple):
    at_s: int
    device: int
    network: int
    address: int
    typing: Floats
    path: tuple[int, ...]
    page_s: Floats
    asked_minor: int
    kind: int
    gang: int


def make_applications(plan: ApplyingPlan) -> tuple[Sessions, ApplyingTruth]:
    """The same for the same plan."""
    rng = derive_rng(plan.seed, "applications")
    rows = _honest(plan, rng)
    number = 0
    for kind in plan.kinds:
        for _ in range(plan.gangs):
            rows += _gang(plan, kind, number, rng)
            number += 1
    rows.sort(key=lambda row: row.at_s)
    path = np.full((len(rows), STEPS_MAX), -1, np.int8)
    for k, row in enumerate(rows):
        path[k, : len(row.path)] = row.path[:STEPS_MAX]

    def column(name: str) -> Ints:
        return np.array([getattr(row, name) for row in rows], np.int64)

    sessions = Sessions(
        column("at_s"), column("device"), column("network"), column("address"), np.stack([row.typing for row in rows]), path,
        np.stack([row.page_s for row in rows]), column("asked_minor"),
    )  # fmt: skip
    truth = ApplyingTruth(column("kind"), column("gang"))
    return sessions, truth


def _key(rng: Rng) -> int:
    return int(rng.integers(1, 2**62))


def _honest(plan: ApplyingPlan, rng: Rng) -> list[_Row]:
    """Families, offices and a clerk's tablet among them."""
    n = plan.applications
    offices = [_key(rng) for _ in range(max(n // 150, 2))]
    clerks = [(_key(rng), _key(rng), _hand(rng)) for _ in range(max(int(n * CLERK_SHARE) // 10, 1))]
    rows: list[_Row] = []
    while len(rows) < n:
        at = int(rng.integers(0, plan.days * DAY_S))
        device, network, address = _key(rng), _key(rng), _key(rng) if rng.random() < 0.8 else 0
        drawn = rng.random()
        if drawn < CLERK_SHARE:  # a clerk types for whoever stands at the counter
            device, network, hand = clerks[int(rng.integers(len(clerks)))]
            rows.append(_person(rng, (at, device, network, address), hand=hand, practised=0.6))
        elif drawn < CLERK_SHARE + OFFICE_SHARE:
            rows.append(_person(rng, (at, device, offices[int(rng.integers(len(offices)))], address)))
        elif drawn < CLERK_SHARE + OFFICE_SHARE + FAMILY_SHARE:
            for _ in range(int(rng.integers(2, 4))):
                rows.append(_person(rng, (at, device, network, address)))
                at += int(rng.exponential(10 * DAY_S))
        else:
            rows.append(_person(rng, (at, device, network, address)))
    return [row for row in rows if row.at_s < plan.days * DAY_S][:n]


def _hand(rng: Rng) -> Floats:
    """How somebody types: dwell and flight of keys in ms, and their spreads."""
    dwell, flight = 95 * np.exp(rng.normal(0, 0.25)), 210 * np.exp(rng.normal(0, 0.35))
    return np.array([dwell, flight, dwell * np.exp(rng.normal(-1.1, 0.25)), flight * np.exp(rng.normal(-0.5, 0.25))])


def _person(
    rng: Rng, place: tuple[int, int, int, int], *, hand: Floats | None = None, practised: float = 0.15, mark: tuple[int, int] = (0, -1)
) -> _Row:  # fmt: skip
    """Somebody at the keys. practised: the chance that the pages are known by heart; mark: kind and gang."""
    mine = _hand(rng) if hand is None else hand
    typed = mine * np.exp(rng.normal(0, 0.08, 4))
    typing = np.array([*typed, rng.poisson(3.0), rng.binomial(5, 0.1)], np.float64)
    path = EXPERT_PATH if rng.random() < practised else _wander(rng)
    page_s = np.zeros(PAGES)
    for page in path:
        page_s[page] += float(np.exp(rng.normal(3.0, 0.6)))
    asked = int(rng.integers(5, 200)) * 10_000 if rng.random() < 0.8 else 2_000_000
    return _Row(*place, typing, path, page_s, asked, *mark)


def _wander(rng: Rng) -> tuple[int, ...]:
    """The usual way with looks at the help, at the costs, and back."""
    path: list[int] = []
    for page in USUAL_PATH:
        if page == 4 and rng.random() < 0.25:
            continue
        path.append(page)
        if rng.random() < 0.12:
            path.append(5)
        if len(path) > 1 and rng.random() < 0.1:
            path += [path[-2], path[-1]]
    return tuple(path[:STEPS_MAX])


def _gang(plan: ApplyingPlan, kind: Kind, number: int, rng: Rng) -> list[_Row]:
    """One gang's applications, within some days."""
    size = int(rng.integers(8, 26))
    first = int(rng.integers(0, max(plan.days - 6, 1) * DAY_S))
    times = np.sort(
        first + rng.exponential(3 * HOUR_S if kind is not Kind.COACHED else 9 * HOUR_S, size).cumsum().astype(np.int64)
    )
    devices, networks = [_key(rng) for _ in range(int(rng.integers(2, 5)))], [_key(rng), _key(rng)]
    hand, mark = _hand(rng), (int(kind), number)
    rows = []
    for at in times.tolist():
        if at >= plan.days * DAY_S:
            break
        address = _key(rng) if rng.random() < 0.7 else 0
        if kind is Kind.FARM:
            place = (at, devices[int(rng.integers(len(devices)))], networks[int(rng.integers(2))], address)
            rows.append(_script(rng, place, hand, mark))
        elif kind is Kind.PROXY:
            rows.append(_script(rng, (at, _key(rng), _key(rng), address), hand, mark))
        elif kind is Kind.AGENCY:
            network = networks[0] if rng.random() < 0.5 else _key(rng)
            row = _person(rng, (at, _key(rng), network, address), hand=hand, practised=0.9, mark=mark)
            rows.append(row._replace(asked_minor=2_000_000))
        else:  # the victims' own hands, slowed by the voice on the phone; the way is told to them
            row = _person(rng, (at, _key(rng), _key(rng), address), practised=0.8, mark=mark)
            slow = row.typing * np.array([1.0, 1.7, 1.0, 2.2, 1.0, 1.0])
            rows.append(row._replace(typing=slow, page_s=row.page_s * 1.8, asked_minor=2_000_000))
    return rows


def _script(rng: Rng, place: tuple[int, int, int, int], hand: Floats, mark: tuple[int, int]) -> _Row:
    """A program that imitates a hand: nearly the same each time, pastes, never corrects, knows the way."""
    typed = hand * np.array([1.0, 0.7, 0.5, 0.4]) * np.exp(rng.normal(0, 0.03, 4))
    typing = np.array([*typed, rng.poisson(0.3), rng.binomial(5, 0.7)], np.float64)
    path = EXPERT_PATH if rng.random() < 0.8 else USUAL_PATH
    page_s = np.zeros(PAGES)
    for page in path:
        page_s[page] += float(np.exp(rng.normal(2.3, 0.2)))
    return _Row(*place, typing, path, page_s, 2_000_000 if rng.random() < 0.7 else 1_000_000, *mark)


__all__ = ["ApplyingPlan", "ApplyingTruth", "Kind", "Sessions", "make_applications"]
