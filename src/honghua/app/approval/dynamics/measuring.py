"""All three measurements on one set of lives: training cities choose, test cities tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from honghua.app.approval.dynamics.behaviour import make_panel, measure_behaviour
from honghua.app.approval.dynamics.lives import MONTHS, Town, live_stepped, settle_town
from honghua.app.approval.dynamics.segments import measure_rules, measure_segments
from honghua.app.approval.dynamics.thin import measure_thin
from honghua.limits.core import EXAMPLE_SEGMENTS, Rulebook

HIGH_FROM_MINOR: Final = (
    2_500_000  # the city's people earn less than those the example was written for: its upper tenth or so
)
LOSS_TARGET: Final = 0.01


def measure_dynamics(
    book: Rulebook, *, seeds: Sequence[int], count: int, target: float = LOSS_TARGET, train: int = 3
) -> dict[str, Any]:
    """seeds: of cities, the first `train` to choose on, the rest to tell from; count: applicants of each. The same gives the same."""
    towns = [settle_town(book, seed=seed, count=count) for seed in seeds]
    learnt, told = towns[:train], towns[train:]
    segments = tuple(
        replace(one, ceiling_from_minor=HIGH_FROM_MINOR) if one.name == "high_net_worth" else one
        for one in EXAMPLE_SEGMENTS
    )
    terms = replace(book.terms, segments=segments)
    lives = {town.seed: live_stepped(terms, town, town.approved) for town in towns}
    general = [live_stepped(book.terms, town, town.approved)[0] for town in told]
    parts = [lives[town.seed] for town in towns]

    def panel(chosen: Sequence[Town]) -> Any:
        return make_panel([(town, town.approved, lives[town.seed][0]) for town in chosen])

    return {
        "months": MONTHS, "applicants": count, "seeds_train": list(seeds[:train]), "seeds_test": list(seeds[train:]),
        "thin_file": measure_thin(book.terms, learnt, told, target=target, seed=seeds[0]),
        "segments": measure_segments(terms, parts[train:], seed=seeds[0]),
        "segments_train": measure_segments(terms, parts[:train], seed=seeds[0]),
        "segment_rules": measure_rules([lived for lived, _ in parts[train:]], general, seed=seeds[0]),
        "behaviour": measure_behaviour(panel(learnt), panel(told)),
    }  # fmt: skip


__all__ = ["measure_dynamics"]
