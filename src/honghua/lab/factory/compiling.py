"""From names to the online language, unchanged: the same names, windows and filters, fed by the same events."""

from __future__ import annotations

from collections.abc import Sequence

from honghua.base.errors import BadInput
from honghua.features.core import FILTERS_MAX, FeatureSet
from honghua.lab.factory.dictionary import Dictionary
from honghua.lab.factory.grammar import Factory, Measure, definitions_of, measures_of, name_fits


def filter_sets(factory: Factory, names: Sequence[str]) -> set[tuple[str, tuple[str, ...]]]:
    """The different sets of conditions (table, filters) that some variables need online."""
    return {(one.table, one.filters) for name in names for one in measures_of(factory.find(name))}


def to_plan(dictionary: Dictionary, names: Sequence[str]) -> FeatureSet:
    """The online definitions of some variables; what a quotient divides comes along, before it.

    BadInput when a name is too long for the online store, or the variables need more than FILTERS_MAX different sets of conditions.
    """
    factory = Factory(dictionary)
    long = [name for name in names if not name_fits(name)]
    if long:
        raise BadInput(f"too long a name for the online store, so offline only: {', '.join(long)}", code="OFFLINE_ONLY")
    sets = len(filter_sets(factory, names))
    if sets > FILTERS_MAX:
        raise BadInput(f"{sets} different sets of conditions; one plan holds {FILTERS_MAX}", code="TOO_MANY_FILTERS")
    return FeatureSet(dictionary.schema, definitions_of(factory, tuple(names)))


def to_plans(dictionary: Dictionary, names: Sequence[str]) -> tuple[FeatureSet, ...]:
    """As many plans as it takes, each variable in one of them; variables of the same filters stand together."""
    factory = Factory(dictionary)
    order = sorted(dict.fromkeys(names), key=lambda name: sorted(filter_sets(factory, [name])))
    plans: list[list[str]] = []
    held: set[tuple[str, tuple[str, ...]]] = set()
    for name in order:
        more = filter_sets(factory, [name])
        if not plans or len(held | more) > FILTERS_MAX:
            plans.append([])
            held = set()
        held |= more
        plans[-1].append(name)
    return tuple(to_plan(dictionary, some) for some in plans)


def state_words(dictionary: Dictionary, name: str) -> int:
    """What a variable costs online: words of 8 bytes that each live key holds for it, its closed tiles included."""
    plan = FeatureSet(dictionary.schema, definitions_of(Factory(dictionary), (name,))).plan
    tiles = sum(int(row[4]) * int(row[13]) for row in plan.tracks)
    return int(plan.groups[:, 2].sum()) + tiles


__all__ = ["Measure", "filter_sets", "state_words", "to_plan", "to_plans"]
