"""`honghua bench gangs`: gangs that probe, learn and change play against the risk engine in cities it has never seen, with typologies
it has never seen; beside gangs that keep to their plans, and an open door."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from honghua.app.bench.gang_games.figures import Tally, tell_city, tell_crimes
from honghua.app.bench.gang_games.fitting import SCENES, Fold, Sizes, city_of, fit_fold, harden, seen_by
from honghua.app.bench.ring_folds.folds import fold_names
from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.sim.core import ALL_TYPOLOGIES, Guard, OpenDoor, PlayPlan, play
from honghua.store.settings import StoreSettings

PLAIN, ADAPTIVE, HARDENED = "as_planned", "adaptive", "adaptive_hardened"
TEN_THOUSAND: Final = 1e4


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser("gangs", help="adaptive gangs against the risk engine")
    parser.add_argument("--people", type=int, default=2_000, help="in each city of the test")
    parser.add_argument("--days", type=int, default=40)
    parser.add_argument("--rings", type=int, default=2, help="of each typology in a city of the test")
    parser.add_argument("--cities", type=int, default=1, help="cities of the test, each with its own seed")
    parser.add_argument("--folds", type=int, default=3, help="every typology is unseen in one of them")
    parser.add_argument("--false-refusals", type=float, default=20.0, help="allowed, per 10,000 innocent acts")
    parser.add_argument("--no-hardening", action="store_true", help="leave out the model that met adaptive gangs")
    parser.add_argument("--fit-times", type=int, default=2, help="how much larger the city of a fit is")
    parser.add_argument("--thin", type=float, default=0.1, help="share of innocent rows that are fitted on")
    parser.add_argument("--unreported", type=float, default=0.5, help="frauds nobody reports: the fit's guess")
    parser.add_argument("--rounds", type=int, default=100, help="trees of a fusion at most")
    parser.add_argument("--hours", type=int, default=4, help="after which gangs hear what passed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


@dataclass(slots=True)
class Games:
    """What came of the cities of the test: with an open door, and by fold and way of playing."""

    open_door: Tally
    by_fold: list[dict[str, Tally]]


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit each fold, play every city of the test against it; all typologies act in each, as many as it has and has not seen."""
    sizes = read_sizes(args)
    started = time.perf_counter()
    names = fold_names(args.folds, typologies=ALL_TYPOLOGIES)
    games = Games(play_cities(sizes, OpenDoor, adaptive=False), [])
    for number, unseen in enumerate(names):
        print(f"fold {number + 1}/{len(names)}: without {', '.join(unseen)}", file=sys.stderr)
        games.by_fold.append(play_fold(sizes, fit_fold(sizes, unseen, number), number, hard=not args.no_hardening))
    ways = list(games.by_fold[0])
    return {
        "people": sizes.people, "days": sizes.days, "rings_each": sizes.rings, "cities": sizes.cities, "folds": len(names),
        "false_refusals_wanted": args.false_refusals, "open_door": tell_city(games.open_door, derive_rng(sizes.seed, "open")),
        "ways": {way: tell_way(sizes, games, names, way) for way in ways}, "typologies": by_typology(sizes, games, names),
        "seconds": round(time.perf_counter() - started, 1), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def read_sizes(args: argparse.Namespace) -> Sizes:
    """The sizes asked for; BadInput when they make no sense."""
    if (
        not 0 < args.thin <= 1
        or not 2 <= args.folds <= len(ALL_TYPOLOGIES)
        or min(args.rounds, args.fit_times, args.rings, args.cities) < 1
        or not 0 < args.false_refusals < TEN_THOUSAND
    ):
        raise BadInput("0 < thin ≤ 1, 0 < false refusals < 10,000, folds 2 … 13, the rest at least 1", code="BAD_SIZE")
    sizes = Sizes(
        args.people, args.days, args.rings, args.cities, args.fit_times, args.thin, args.false_refusals / TEN_THOUSAND, args.rounds,
        args.unreported, args.seed, args.threads, args.hours,
    )  # fmt: skip
    try:
        PlayPlan(sizes.people, sizes.days, sizes.seed, sizes.rings, hours=sizes.hours)
    except ValueError as problem:
        raise BadInput(str(problem), code="BAD_SIZE") from problem
    return sizes


def play_fold(sizes: Sizes, fold: Fold, number: int, *, hard: bool) -> dict[str, Tally]:
    """The cities of the test against one fold's model, by way."""
    found = {way: play_cities(sizes, fold.guard, adaptive=way != PLAIN) for way in (PLAIN, ADAPTIVE)}
    if hard:
        found[HARDENED] = play_cities(sizes, harden(sizes, fold, number).guard, adaptive=True)
    return found


def play_cities(sizes: Sizes, guard: Callable[[], Guard], *, adaptive: bool) -> Tally:
    """Every city of the test from its first day, each against a fresh guard."""
    tally = Tally()
    for city in range(sizes.cities):
        plan = city_of(sizes, sizes.seed + city, typologies=tuple(ALL_TYPOLOGIES), adaptive=adaptive)
        tally.add(play(plan, SCENES, guard()), city)
    return tally


def tell_way(sizes: Sizes, games: Games, names: list[tuple[str, ...]], way: str) -> dict[str, Any]:
    """All folds together: the city's shares, and crimes that were unseen or seen by the model in question."""
    rng = derive_rng(sizes.seed, "told", way)
    whole, seen, unseen, free = Tally(), Tally(), Tally(), Tally()
    for number, (fold, hidden) in enumerate(zip(games.by_fold, names, strict=True)):
        shift = number * sizes.cities
        whole.merge(fold[way], shift=shift)
        free.merge(games.open_door, shift=shift)
        for part, kinds in ((unseen, hidden), (seen, seen_by(hidden))):
            chosen = fold[way].of(kinds)
            part.merge(Tally({key: fold[way].rings[key] for key in chosen}), shift=shift)
    parts = {"unseen": unseen, "seen": seen}
    told = {}
    for word, part in parts.items():
        met = Tally({key: free.rings[key] for key in free.rings.keys() & part.rings.keys()})
        told[word] = tell_crimes(part, met, tuple(ALL_TYPOLOGIES), rng)
    return {**tell_city(whole, rng), **told}


def by_typology(sizes: Sizes, games: Games, names: list[tuple[str, ...]]) -> dict[str, Any]:
    """Each typology against the model that has not seen it, and its recall by those that have."""
    found = {}
    for name, typology in ALL_TYPOLOGIES.items():
        hidden = next(k for k, unseen in enumerate(names) if name in unseen)
        rng = derive_rng(sizes.seed, "told", name)
        told: dict[str, Any] = {"family": typology.family}
        for way, tally in games.by_fold[hidden].items():
            told[way] = tell_crimes(tally, games.open_door, (name,), rng)
            others = [fold[way] for k, fold in enumerate(games.by_fold) if k != hidden]
            seen = [tell_crimes(one, games.open_door, (name,), rng) for one in others]
            told[way]["when_seen"] = {
                word: round(sum(one[word][1] for one in seen) / len(seen), 4) for word in ("recall", "loot_share")
            }
        found[name] = told
    return found


__all__ = ["register", "run"]
