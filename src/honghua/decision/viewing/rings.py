"""Groups of accounts that share devices, addresses, payees or small shops, ranked by suspicion: where a strategist begins to dig.

Found anew from the newest records at every look, with a bound on both; what thousands share ties nobody together. The engine's own
communities live in its memory and decay by time; these are exact, and name the purchases that they rest on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.base.clock import DAY_US, from_micros
from honghua.decision.core.outcomes import LETS_BUY
from honghua.decision.viewing import store
from honghua.decision.viewing.feed import read_fused
from honghua.decision.viewing.store import THINGS, Purchases

Ints = NDArray[np.int64]
RECORDS_MAX: Final = 50_000
USERS_MAX: Final = 12  # a thing of more accounts ties nobody together: a campus, a courier, a big shop
SHOP_USERS_MAX: Final = 8
SHOP_PURCHASES_MIN: Final = 3  # of one account at one shop, or it was just shopping there
MEMBERS_MAX: Final = 40  # a larger group is taken apart by what fewer share
RINGS_MAX: Final = 60
SCORED_MAX: Final = 40  # purchases of a group whose scores are looked up


@dataclass(frozen=True, slots=True)
class SharedThing:
    """A thing of a group and how many of its accounts used it."""

    entity: str
    key: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Ring:
    """A group. suspicion 0 … 1: one minus the share of its purchases that neither a model nor a rule minded (see `suspect`).

    purchases: of its accounts in the time, anywhere. amount_minor: asked for; turned_away: not let through. score: mean fused score of
    its newest purchases, None without a model. by_day: (day number UTC, asked for) rising.
    """

    accounts: tuple[int, ...]
    things: tuple[SharedThing, ...]
    purchases: int
    turned_away: int
    amount_minor: int
    score: float | None
    suspicion: float
    first_at: dt.datetime
    last_at: dt.datetime
    by_day: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RingSearch:
    """Groups, the most suspicious first; of how many records, since when, and whether the bound cut the time short."""

    rings: tuple[Ring, ...]
    records: int
    looked_back: dt.datetime
    is_cut: bool


def find_rings(conn: psycopg.Connection, *, since: dt.datetime, around: frozenset[int] = frozenset()) -> RingSearch:
    """Groups among the purchases since a moment. around: only groups with one of these accounts."""
    found = store.read_purchases(conn, since=since, until=store.find_newest(conn), limit=RECORDS_MAX)
    is_cut = len(found) >= RECORDS_MAX
    back = from_micros(int(found.at_us.min())) if is_cut else since
    groups = [group for group in group_accounts(found) if not around or around & set(group)]
    groups.sort(key=lambda group: (-len(group), group))
    described = [(group, found.of(np.flatnonzero(np.isin(found.account_id, group)))) for group in groups[:RINGS_MAX]]
    newest = [number for _, mine in described for number in mine.decision_id[:SCORED_MAX].tolist()]
    fused = read_fused(conn, newest)
    rings = [_describe(group, mine, fused) for group, mine in described]
    rings.sort(key=lambda ring: (-ring.suspicion, -len(ring.accounts), ring.accounts))
    return RingSearch(tuple(rings), len(found), back, is_cut)


def group_accounts(purchases: Purchases) -> list[tuple[int, ...]]:
    """Accounts tied by what few share, as groups of two or more; groups that grow too large fall apart by what fewer share."""
    return _split(list_links(purchases), USERS_MAX)


def list_links(purchases: Purchases) -> Ints:
    """int64[k, 3]: (number of a thing, account, how many accounts the thing has), of things that two to `USERS_MAX` share."""
    links: list[Ints] = []
    number = 0
    for place, name in enumerate(THINGS):
        used = purchases.things[:, place] != 0
        pairs, many = np.unique(
            np.stack([purchases.things[used, place], purchases.account_id[used]], axis=1), axis=0, return_counts=True
        )
        if name == "merchant":
            pairs = pairs[many >= SHOP_PURCHASES_MIN]
        if not len(pairs):
            continue
        _, inverse, users = np.unique(pairs[:, 0], return_inverse=True, return_counts=True)
        most = SHOP_USERS_MAX if name == "merchant" else USERS_MAX
        of_thing = users[inverse]
        kept = (of_thing >= 2) & (of_thing <= most)
        links.append(np.stack([number + inverse[kept], pairs[kept, 1], of_thing[kept]], axis=1).astype(np.int64))
        number += len(users)
    return np.concatenate(links) if links else np.zeros((0, 3), np.int64)


def _split(links: Ints, most: int) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    for group in _components(links):
        if len(group) <= MEMBERS_MAX or most <= 2:
            found.append(group)
            continue
        inside = np.isin(links[:, 1], group)
        found += _split(links[inside & (links[:, 2] < most)], most - 1)
    return found


def _components(links: Ints) -> list[tuple[int, ...]]:
    """Accounts that hang together over things."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    first: dict[int, int] = {}
    for thing, account, _ in links.tolist():
        parent.setdefault(account, account)
        other = first.setdefault(thing, account)
        parent[root(account)] = root(other)
    groups: dict[int, list[int]] = {}
    for account in parent:
        groups.setdefault(root(account), []).append(account)
    return [tuple(sorted(group)) for group in groups.values() if len(group) > 1]


def _describe(group: tuple[int, ...], mine: Purchases, fused: dict[int, float]) -> Ring:
    away = int((~np.isin(mine.outcome, LETS_BUY)).sum())
    scores = [fused[number] for number in mine.decision_id[:SCORED_MAX].tolist() if number in fused]
    score = sum(scores) / len(scores) if scores else None
    days, place = np.unique(mine.at_us // DAY_US, return_inverse=True)
    sums = np.zeros(len(days), np.int64)
    np.add.at(sums, place, mine.asked_minor)
    return Ring(
        group, list_shared(mine), len(mine), away, int(mine.asked_minor.sum()), score, suspect(score, away / len(mine)),
        from_micros(int(mine.at_us.min())), from_micros(int(mine.at_us.max())), tuple(zip(days.tolist(), sums.tolist(), strict=True)),
    )  # fmt: skip


def list_shared(purchases: Purchases) -> tuple[SharedThing, ...]:
    """Things that two or more of these accounts used, the most shared first."""
    found = []
    for place, name in enumerate(THINGS):
        pairs = np.unique(np.stack([purchases.things[:, place], purchases.account_id], axis=1), axis=0)
        keys, users = np.unique(pairs[pairs[:, 0] != 0, 0], return_counts=True)
        found += [SharedThing(name, int(k), int(n)) for k, n in zip(keys, users, strict=True) if n > 1]
    return tuple(sorted(found, key=lambda one: (THINGS.index(one.entity) == len(THINGS) - 1, -one.accounts, one.key)))


def suspect(score: float | None, turned_away: float) -> float:
    """How suspicious a group is: the chance that the model minds a purchase of it or a rule turned it away, as if both were strangers."""
    return 1.0 - (1.0 - (score or 0.0)) * (1.0 - turned_away)


__all__ = ["Ring", "RingSearch", "SharedThing", "find_rings"]
