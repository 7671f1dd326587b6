"""Applications clustered by what they share (R-061): device, network, address, and a way of typing and walking that is nearly the same.

One pass in order of time; a row is described by what came before it and by itself, so a stream cut off anywhere gives the same rows. Two
applications are of one cluster when a chain of shared things joins them. What many share joins nobody: an office's network, a clerk's
tablet once it is known as one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.fraud.applications.sessions import Behaviour, SessionColumns, read_behaviour

Floats = NDArray[np.float64]
DAY_S: Final = 86_400
NETWORK: Final = 1  # its place among the things that are shared


@dataclass(frozen=True, slots=True)
class LinkRules:
    """Own choices (U). days: how far back things join; most: a thing that more applications shared within these days joins nobody.

    hand_step: how alike two ways of typing are, in logarithms: rounded to this step, they fall into one bucket.
    """

    days: int = 14
    device_most: int = 30
    network_most: int = 40
    address_most: int = 6
    hand_step: float = 0.12


LINK_RULES: Final = LinkRules()


@dataclass(slots=True)
class Recent:
    """Who had a thing within the last days, by time."""

    rows: deque[tuple[int, int]] = field(default_factory=deque)

    def since(self, first_s: int) -> deque[tuple[int, int]]:
        """(time, row) of those not older."""
        while self.rows and self.rows[0][0] < first_s:
            self.rows.popleft()
        return self.rows


@dataclass(slots=True)
class Clusters:
    """Union by size with path halving: the cluster of each row seen so far."""

    parent: list[int] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    times: list[list[int]] = field(default_factory=list)

    def add(self, at_s: int) -> int:
        """A row of its own; its number."""
        self.parent.append(len(self.parent))
        self.size.append(1)
        self.times.append([at_s])
        return len(self.parent) - 1

    def find(self, row: int) -> int:
        """The cluster's root."""
        while self.parent[row] != row:
            self.parent[row] = self.parent[self.parent[row]]
            row = self.parent[row]
        return row

    def join(self, one: int, other: int) -> None:
        """Make two clusters one."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return
        if self.size[one] < self.size[other]:
            one, other = other, one
        self.parent[other] = one
        self.size[one] += self.size[other]
        self.times[one] += self.times[other]
        self.times[other] = []


CLUSTER_VALUES: Final = (
    "device_before", "network_before", "address_before", "cluster_size", "cluster_of_3_days", "network_1_day",
)  # fmt: skip
TWIN_VALUES: Final = ("hand_twins", "way_and_hand_twins", "twin_cluster")


def cluster_applications(sessions: SessionColumns, *, rules: LinkRules = LINK_RULES) -> Floats:
    """float64[n, CLUSTER_VALUES + TWIN_VALUES] of applications in order of time; counts of those before, sizes with the row itself.

    Cost: about 20 µs a row.
    """
    behaviour = read_behaviour(sessions)
    places = (defaultdict[int, Recent](Recent), defaultdict[int, Recent](Recent), defaultdict[int, Recent](Recent))
    hands: dict[tuple[int, ...], Recent] = defaultdict(Recent)
    ways: dict[tuple[int, ...], Recent] = defaultdict(Recent)
    shared, alike = Clusters(), Clusters()
    found = np.zeros((len(sessions.at_s), len(CLUSTER_VALUES) + len(TWIN_VALUES)))
    most = (rules.device_most, rules.network_most, rules.address_most)
    columns = (sessions.device.tolist(), sessions.network.tolist(), sessions.address.tolist())
    for row, at in enumerate(sessions.at_s.tolist()):
        first = at - rules.days * DAY_S
        shared.add(at)
        alike.add(at)
        counts, within_day = [], 0
        for k, (seen, bound) in enumerate(zip(places, most, strict=True)):
            thing = columns[k][row]
            before = seen[thing].since(first) if thing else deque()
            counts.append(len(before))
            if 0 < len(before) <= bound:
                shared.join(row, before[-1][1])
            if k == NETWORK:
                within_day = sum(1 for one, _ in before if one >= at - DAY_S)
            if thing:
                seen[thing].rows.append((at, row))
        root = shared.find(row)
        recent = sum(1 for one in shared.times[root] if one >= at - 3 * DAY_S)
        hand, way = _signatures(behaviour, row, rules)
        like, same = hands[hand].since(first), ways[way].since(first)
        twins = (len(like), len(same))
        if same and twins[1] <= rules.network_most:
            alike.join(row, same[-1][1])
        hands[hand].rows.append((at, row))
        ways[way].rows.append((at, row))
        found[row] = (*counts, shared.size[root], recent, within_day, *twins, alike.size[alike.find(row)])
    return np.log1p(found)


def _signatures(behaviour: Behaviour, row: int, rules: LinkRules) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(how the hand goes, the same with the way through the pages), as buckets."""
    hand = tuple(int(one) for one in np.floor(behaviour.hand[row] / rules.hand_step))
    return hand, (int(behaviour.way[row]), *hand)


__all__ = ["CLUSTER_VALUES", "TWIN_VALUES", "Clusters", "LinkRules", "cluster_applications"]
