"""The sensor: a plan of edges over an event table, a graph, and named values of each event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.graph.core.communities import Communities, Runner, run_at_once
from honghua.graph.core.kernels import crowds, layout, senses, step, walks
from honghua.graph.core.temporal import Graph, Ints

Floats = NDArray[np.float32]

CUSTOMER, MERCHANT, DEVICE, ADDRESS, PAYEE = range(5)  # types of nodes; a plan may give others up to 7
TYPE_NAMES: Final = ("customer", "merchant", "device", "address", "payee", "type5", "type6", "type7")
PAIRS_MAX: Final = 8
CYCLE_STEPS, CYCLE_FAN, CYCLE_BUDGET = 3, 8, 256

WINDOWS: Final = ("1d", "7d", "30d")
SUBJECT_NAMES: Final = (
    *(f"count_{w}" for w in WINDOWS), *(f"amount_{w}" for w in WINDOWS), *(f"distinct_{w}" for w in WINDOWS),
    "gap_s", "is_new", "share_30d",
)  # fmt: skip
THING_NAMES: Final = (
    *(f"count_{w}" for w in WINDOWS), *(f"amount_{w}" for w in WINDOWS), *(f"users_{w}" for w in WINDOWS),
    "other_gap_s", "same_amount_share", "thin_users_share", "fresh_users_share", "top_user_share", "last8_spread_s", "last32_spread_s",
    "burst", "distinct_share", "is_hub",
)  # fmt: skip
MONEY_NAMES: Final = (
    "in_count_1d", "in_amount_1d", "in_amount_7d", "in_distinct_7d", "out_count_1d", "out_amount_1d", "out_amount_7d", "out_distinct_7d",
    "passed_on_1d", "passed_on_7d", "pass_delay_s",
)  # fmt: skip
CYCLE_NAMES: Final = ("cycle_edges", "cycle_amount", "cycle_age_s")
LINK_NAMES: Final = ("linked_buyers", "linked_buyers_share", "linked_group")
CROWD_NAMES: Final = (
    "size", "size_1d", "size_7d", "hubs_skipped", "at_shop", "at_shop_amount", "at_shop_share", "lockstep", "overlap", "edges", "shops",
    "top_shop_share", "density", "peel_density", "peel_members",
)  # fmt: skip
assert len(SUBJECT_NAMES) == senses.SUBJECT_VALUES
assert len(THING_NAMES) == senses.THING_VALUES
assert len(MONEY_NAMES) == senses.MONEY_VALUES
assert len(CYCLE_NAMES) == step.CYCLE_VALUES
assert len(LINK_NAMES) == crowds.LINK_VALUES
assert len(CROWD_NAMES) == crowds.CROWD_VALUES


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """Which edges an event makes, by columns of the event matrix.

    pairs: (left column, right column, left type, right type); the left of the first is the *subject*, whose values are read. Things of
    type MERCHANT are its *shops*, other types *tie* their users; a pair of two equal types is *money* and may close cycles.
    kinds: kinds of events that make edges and have values.
    """

    pairs: tuple[tuple[int, int, int, int], ...]
    kinds: tuple[int, ...] = (1, 3)
    at_column: int = 0
    kind_column: int = 1
    amount_column: int = 2

    def __post_init__(self) -> None:
        if not 1 <= len(self.pairs) <= PAIRS_MAX:
            raise BadInput(f"a plan has 1 to {PAIRS_MAX} pairs", code="EDGE_PLAN")
        for left, right, left_type, right_type in self.pairs:
            if min(left, right) < 0 or not all(0 <= kind < layout.TYPES_MAX for kind in (left_type, right_type)):
                raise BadInput("a pair is two columns and two types from 0 to 7", code="EDGE_PLAN")
        if len(set(self.labels)) != len(self.pairs):
            raise BadInput("two pairs with the same types would share their names", code="EDGE_PLAN")
        if not all(0 <= kind < 63 for kind in self.kinds):
            raise BadInput("kinds are 0 to 62", code="EDGE_PLAN")

    @property
    def labels(self) -> tuple[str, ...]:
        """What each pair's thing is called in the names of values; of money it is "payee"."""
        return tuple(
            "payee"
            if left == right
            else TYPE_NAMES[right]
            if left == self.pairs[0][2]
            else f"{TYPE_NAMES[left]}_{TYPE_NAMES[right]}"
            for _, _, left, right in self.pairs
        )

    @property
    def is_subject(self) -> tuple[bool, ...]:
        """Whether each pair's left is the subject."""
        return tuple((left, kind) == (self.pairs[0][0], self.pairs[0][2]) for left, _, kind, _ in self.pairs)

    def ties_mask(self) -> int:
        """Edges to things that tie their users."""
        return sum(
            {
                1 << (2 * p[3] + 1)
                for p, own in zip(self.pairs, self.is_subject, strict=True)
                if own and p[3] != MERCHANT
            }
        )

    def tie_pairs(self) -> int:
        """A bit for each pair that ties."""
        return sum(1 << k for k, p in enumerate(self.pairs) if self.is_subject[k] and p[3] != MERCHANT)

    def shops_mask(self) -> int:
        """Edges to shops."""
        return sum(
            {
                1 << (2 * p[3] + 1)
                for p, own in zip(self.pairs, self.is_subject, strict=True)
                if own and p[3] == MERCHANT
            }
        )

    def shop_pair(self) -> int:
        """Place of the pair whose right is a shop, -1 when there is none."""
        return next((k for k, p in enumerate(self.pairs) if p[3] == MERCHANT and self.is_subject[k]), -1)

    def money_pair(self) -> int:
        """Place of the pair of two equal types, -1 when there is none."""
        return next((k for k, p in enumerate(self.pairs) if p[2] == p[3] and self.is_subject[k]), -1)

    def names(self) -> Iterator[str]:
        """The names of the values, in the order in which the kernels write them."""
        for label in self.labels:
            yield from (f"own_{label}_{name}" for name in SUBJECT_NAMES)
            yield from (f"{label}_{name}" for name in THING_NAMES)
        if self.money_pair() >= 0:
            yield from (f"money_{name}" for name in MONEY_NAMES)
            yield from CYCLE_NAMES
        if self.shop_pair() >= 0 and self.ties_mask():
            yield from LINK_NAMES
        if self.ties_mask():
            yield from (f"tied_{name}" for name in CROWD_NAMES)
        if self.shops_mask():
            yield from (f"fellow_{name}" for name in CROWD_NAMES)
        if self.tie_pairs():
            yield from (f"community_{label}" for k, label in enumerate(self.labels) if (self.tie_pairs() >> k) & 1)
            yield "community_any"


class GraphSensor:
    """Reads an event table into a graph and says what the graph knows of each event, the event included.

    ties_live: edges to things that tie, within a window (by default as many as there are eight words in the ring); runner: where forests of
    communities are built anew, by default in the step itself (api.run_in_thread does it beside).
    """

    def __init__(
        self, graph: Graph, plan: EdgePlan, *, ties_live: int | None = None, runner: Runner = run_at_once
    ) -> None:
        self.graph = graph
        self.plan = plan
        self.names: tuple[str, ...] = tuple(f"graph_{name}" for name in plan.names())
        kinds = sum(1 << kind for kind in set(plan.kinds))
        self._setting = np.array(
            [
                plan.at_column, plan.kind_column, plan.amount_column, kinds, plan.ties_mask(), plan.shops_mask(), plan.shop_pair(),
                plan.money_pair(), plan.tie_pairs(),
            ],
            np.int64,
        )  # fmt: skip
        self._pairs = np.array(plan.pairs, np.int64)
        customers = sum(1 << k for k, pair in enumerate(plan.pairs) if pair[2] == pair[3])
        self.communities = Communities(
            len(graph.heads) - 1 if plan.tie_pairs() else 0,
            len(plan.pairs) if plan.tie_pairs() else 0,
            customers=customers,
            ties_live=ties_live or (len(graph.pool) // 8 if plan.tie_pairs() else 1),
            runner=runner,
        )
        self._width = max(plan.at_column, plan.kind_column, plan.amount_column, int(self._pairs[:, :2].max())) + 1
        self._limits = np.array([CYCLE_STEPS, CYCLE_FAN, CYCLE_BUDGET], np.int64)
        self._scratch = (
            np.zeros((len(plan.pairs), 2), np.int64),  # nodes
            np.zeros((senses.SUBJECT_CAP, 2), np.int64),  # the subject's entries
            np.zeros((senses.THING_CAP, 2), np.int64),  # entries of others
            np.zeros((3, CYCLE_FAN, 2), np.int64),  # stack of the search for cycles
            np.zeros((2, walks.SET + 1), np.int64),  # sets
            np.zeros(walks.SET, np.int64),  # counts
            np.zeros((layout.TYPES_MAX, senses.ACC), np.int64),
            np.zeros((10, crowds.LINK_BUYERS * crowds.LINK_THINGS), np.int64),  # lists
            np.zeros(crowds.SHOPS, np.int64),  # the ego block
            np.zeros((2, crowds.SHOPS), np.int64),  # the shops of the block while it is peeled
            self._limits,
            np.zeros(3, np.int64),
            np.zeros(len(plan.pairs), np.float32),  # users of each thing
        )

    def step(self, events: Ints, out: Floats) -> None:
        """Append the edges of each event and write its values, in order of rows.

        events int64[n, C] (C-contiguous, times as `Graph.check_times` wants them); out float32[n, len(names)]: NaN where a node is
        absent; rows of other kinds are NaN throughout. Amounts are minor units as the graph keeps them (to 0.4 %).
        """
        if events.ndim != 2 or events.dtype != np.int64 or events.shape[1] < self._width:
            raise BadInput(f"events are int64[n, {self._width} or more]", code="EVENT_TABLE")
        if out.shape != (len(events), len(self.names)) or out.dtype != np.float32:
            raise BadInput(f"out is float32[{len(events)}, {len(self.names)}]", code="EVENT_TABLE")
        self.graph.check_times(events[:, self.plan.at_column])
        reached = self._step(events, 0, out)
        while reached < len(events):
            self.communities.turn(self._tick_of(events[reached]), int(self.graph.ring[layout.WINDOW]))
            reached = self._step(events, reached, out)

    def _tick_of(self, event: Ints) -> int:
        return (int(event[self.plan.at_column]) - int(self.graph.ring[layout.EPOCH_US])) // layout.TICK_US

    def _step(self, events: Ints, start: int, out: Floats) -> int:
        g, c = self.graph, self.communities
        return int(
            step.step_events(
                events, start, self._setting, self._pairs, g.table, g.keys, g.heads, g.pool, g.ring, g.segments, g.free, g.tally,
                c.log, c.logged, c.parents, c.sizes, c.epoch, *self._scratch, out,
            )
        )  # fmt: skip
