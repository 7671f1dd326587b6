"""What must be sensed for some values: operands of ratios, groups of the graph, parts of the memories, and what those are told from.

Everywhere None as names means all there are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from honghua.features.core import Definition, Ratio
from honghua.fraud.core.kernels.layout import HABITS_KEPT, LABELS_KEPT, TRAILS_KEPT
from honghua.fraud.core.values import HABITS, LATE, ODDITIES, SIGNS
from honghua.graph.core import EdgePlan

CUSTOMER: Final = "customer"
OF_RAISES: Final = ("since_raise_days", "drawn_of_raise", "drained_raise")  # read from the customer's memory
# An oddity → the signs that it is told from; those not here are told from the event and the memories alone.
TOLD_FROM: Final[Mapping[str, tuple[str, ...]]] = {
    "new_device": SIGNS[0:1], "new_address": SIGNS[1:2], "new_payee": SIGNS[2:3], "new_merchant": SIGNS[3:4], "fresh": SIGNS[4:5],
    "series": SIGNS[5:6], "refund": SIGNS[6:7], "odd": SIGNS, "company": SIGNS,
}  # fmt: skip
RUN_THROUGH: Final = ("busy", "company")  # oddities that an entity hears of from the others of the event


def needed_windows(definitions: Sequence[Definition], names: Collection[str] | None) -> list[Definition]:
    """The definitions of these names and of all that their ratios divide, in their order."""
    if names is None:
        return list(definitions)
    wanted = set(names)
    for one in reversed(definitions):  # an operand stands before its ratio
        if isinstance(one, Ratio) and one.name in wanted:
            wanted |= {operand for operand in (one.over, one.under, one.less, one.support) if operand is not None}
    return [one for one in definitions if one.name in wanted]


def needed_groups(edges: EdgePlan, names: Collection[str]) -> tuple[str, ...]:
    """The groups of the graph's values that have some of these names (as the sensor calls them: graph_…)."""
    found = {group for group, own in edges.asked() if any(f"graph_{name}" in names for name in own)}
    return tuple(group for group in edges.groups if group in found)


def needed_memory(entities: Sequence[str], names: Collection[str] | None) -> dict[str, int]:
    """Entity → the parts of its memory that are kept, 0 = only that and when it was seen; entities not asked about are left out."""
    if names is None:
        return dict.fromkeys(entities, HABITS_KEPT | LABELS_KEPT | TRAILS_KEPT)
    found: dict[str, int] = {}

    def keep(who: Sequence[str], what: int) -> None:
        for entity in who:
            found[entity] = found.get(entity, 0) | what

    customers = [CUSTOMER] if CUSTOMER in entities else []
    trails = asked_trails(entities, names)
    for entity in entities:
        if any(f"{entity}_{name}" in names for name, _ in HABITS):
            keep([entity], HABITS_KEPT)
        if any(f"{entity}_{name}" in names for name, _ in LATE):
            keep([entity], LABELS_KEPT)
        if any(who == entity for who, _ in trails):
            keep([entity], TRAILS_KEPT)
        if f"{entity}_newcomers" in names:
            keep(entities, 0)
        if f"{entity}_odd_buyers" in names:
            keep(entities, HABITS_KEPT)
        if f"{entity}_near_fraud" in names:
            keep(entities, LABELS_KEPT)
    if trails:
        keep(customers, HABITS_KEPT)
    if any(oddity in RUN_THROUGH for _, oddity in trails):
        keep(entities, HABITS_KEPT | TRAILS_KEPT)
    if any(name in names for name in OF_RAISES):
        keep(customers, 0)
    return {entity: found[entity] for entity in entities if entity in found}


def needed_signs(entities: Sequence[str], names: Collection[str] | None) -> frozenset[str]:
    """Values of windows and graph that the asked trails are told from."""
    if names is None:
        return frozenset(SIGNS)
    return frozenset(sign for _, oddity in asked_trails(entities, names) for sign in TOLD_FROM.get(oddity, ()))


def asked_trails(entities: Sequence[str], names: Collection[str]) -> set[tuple[str, str]]:
    """(entity, oddity) of the trails among these names."""
    return {
        (entity, oddity)
        for entity in entities
        for oddity in ODDITIES
        if f"{entity}_trail_{oddity}_2d" in names or f"{entity}_trail_{oddity}_mean" in names
    }


__all__ = ["needed_groups", "needed_memory", "needed_signs", "needed_windows"]
