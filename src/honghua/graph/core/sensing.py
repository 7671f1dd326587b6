"""The sensor: a plan of edges over an event table, a graph, and named values of each event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.graph.core.communities import Communities, Runner, run_at_once
from honghua.graph.core.kernels import ahead, crowds, layout, senses, step, walks
from honghua.graph.core.temporal import Graph, Ints

Floats = NDArray[np.float32]

CUSTOMER, MERCHANT, DEVICE, ADDRESS, PAYEE = range(5)  # types of nodes; a plan may give others up to 7
TYPE_NAMES: Final = ("customer", "merchant", "device", "address", "payee", "type5", "type6", "type7")
PAIRS_MAX: Final = 8
GROUPS: Final = ("own", "things", "money", "cycle", "links", "tied", "fellow", "community")
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
    kinds: kinds of events that make edges and have values. groups: which values are read (of GROUPS); what is left out costs nothing.
    """

    pairs: tuple[tuple[int, int, int, int], ...]
    kinds: tuple[int, ...] = (1, 3)
    at_column: int = 0
    kind_column: int = 1
    amount_column: int = 2
    groups: tuple[str, ...] = GROUPS

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
        if not self.groups or not set(self.groups) <= set(GROUPS):
            raise BadInput(f"groups are of {', '.join(GROUPS)}", code="EDGE_PLAN")
        if not any(True for _ in self.names()):
            raise BadInput("the plan's pairs have no values of these groups", code="EDGE_PLAN")

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
        for _, names in self.asked():
            yield from names

    def places(self) -> Ints:
        """Where the groups begin in a row of values, as the kernels want it (kernels.step, from OWN_AT on); -1 = not asked for."""
        found: dict[str, int] = {}
        at = 0
        for group, names in self.asked():
            found.setdefault(group, at)
            at += len(names)
        stride = sum(len(n) for g, n in (("own", SUBJECT_NAMES), ("things", THING_NAMES)) if g in self.groups)
        own, things, *rest = (found.get(group, -1) for group in GROUPS)
        return np.array([own, things, stride, *rest], np.int64)

    def asked(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Groups asked for that this plan has, with their names; of own and things one after the other for each pair."""
        for label in self.labels:
            yield from self._only("own", *(f"own_{label}_{name}" for name in SUBJECT_NAMES))
            yield from self._only("things", *(f"{label}_{name}" for name in THING_NAMES))
        if self.money_pair() >= 0:
            yield from self._only("money", *(f"money_{name}" for name in MONEY_NAMES))
            yield from self._only("cycle", *CYCLE_NAMES)
        if self.shop_pair() >= 0 and self.ties_mask():
            yield from self._only("links", *LINK_NAMES)
        if self.ties_mask():
            yield from self._only("tied", *(f"tied_{name}" for name in CROWD_NAMES))
        if self.shops_mask():
            yield from self._only("fellow", *(f"fellow_{name}" for name in CROWD_NAMES))
        if self.tie_pairs():
            tying = (f"community_{label}" for k, label in enumerate(self.labels) if (self.tie_pairs() >> k) & 1)
            yield from self._only("community", *tying, "community_any")

    def _only(self, group: str, *names: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        if group in self.groups:
            yield group, names


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
        columns = [plan.at_column, plan.kind_column, plan.amount_column, kinds]
        masks = [plan.ties_mask(), plan.shops_mask(), plan.shop_pair(), plan.money_pair(), plan.tie_pairs()]
        self._setting = np.concatenate([np.array([*columns, *masks], np.int64), plan.places()])
        self._pairs = np.array(plan.pairs, np.int64)
        customers = sum(1 << k for k, pair in enumerate(plan.pairs) if pair[2] == pair[3])
        ties = plan.tie_pairs() if "community" in plan.groups else 0
        self.communities = Communities(
            len(graph.heads) - 1 if ties else 0,
            len(plan.pairs) if ties else 0,
            customers=customers,
            ties_live=ties_live or (len(graph.pool) // 8 if ties else 1),
            runner=runner,
        )
        self._width = max(plan.at_column, plan.kind_column, plan.amount_column, int(self._pairs[:, :2].max())) + 1
        self._scratch = _make_scratch(len(plan.pairs))

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


def _make_scratch(pairs: int) -> tuple[NDArray[Any], ...]:
    """The sensor's working arrays, in the order in which `step_events` takes them."""
    slots = 2 * senses.SUBJECT_CAP
    return (
        np.zeros((pairs, 2), np.int64),  # nodes
        np.zeros((senses.SUBJECT_CAP, 2), np.int64),  # the subject's entries
        np.zeros((pairs, senses.THING_CAP, 2), np.int64),  # users of each thing
        np.zeros(pairs, np.int64),  # how many
        np.zeros((step.MANY, crowds.CO_CAP, 2), np.int64),  # entries of others, a row a chain
        np.zeros(step.MANY, np.int64),  # how many
        np.zeros((3, step.MANY), np.int64),  # the walks along chains
        np.zeros(step.MANY, np.int64),  # masks
        np.zeros((3, CYCLE_FAN, 2), np.int64),  # stack of the search for cycles
        np.zeros(slots + 1, np.int64),  # a set
        np.zeros((2, walks.SMALL_SET + 1), np.int64),  # small sets
        np.zeros(slots, np.int64),  # counts
        np.zeros((layout.TYPES_MAX, senses.ACC), np.int64),
        np.zeros((step.LISTS, crowds.CROWD_CAP), np.int64),
        np.zeros((2, crowds.LINK_BUYERS), np.int64),  # groups of buyers
        np.zeros(crowds.SHOPS, np.int64),  # the ego block
        np.zeros((2, crowds.SHOPS), np.int64),  # the shops of the block while it is peeled
        np.array([CYCLE_STEPS, CYCLE_FAN, CYCLE_BUDGET], np.int64),
        np.zeros(3, np.int64),
        np.zeros(pairs, np.float32),  # users of each thing
        np.zeros(senses.THING_VALUES, np.float32),
        np.zeros((ahead.DEPTH, pairs + 1), np.int64),
    )
