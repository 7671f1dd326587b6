"""Which of a hundred thousand variables are worth their keep, without computing them all on all rows.

The search is successive halving (Jamieson and Talwalkar 2016): all variables on a few rows, those that told most on more rows, and so
on. So that one loud signal does not fill the field with its echoes, no family (key, table, aggregate, number) takes more than its share
of a halving, and the last one keeps no two that repeat each other. Rows are split by key before anything is looked at: the search sees
one part, and what it found must tell something on the other part, which it never saw, at a rate of false discoveries; many rows of one
customer, or of one shop, count as the few that they are worth. Then: what drifts between early and late rows goes, what repeats
another goes (the cheaper and simpler of two that tell alike stays), and what would need too many filters online waits. Only training
rows may be given: nothing here can know which they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.features.core import FILTERS_MAX
from honghua.lab.factory.compiling import filter_sets, state_words
from honghua.lab.factory.computing import THREADS, Computer, walk_blocks
from honghua.lab.factory.dictionary import Dictionary
from honghua.lab.factory.grammar import Factory, Variable, measures_of, name_fits
from honghua.lab.factory.rows import Rows
from honghua.lab.factory.scoring import clusters_of, design_effect, discoveries, measure, ranked_alike, stability
from honghua.lab.factory.stream import Stream

Ints = NDArray[np.int64]
Target = NDArray[np.uint8]
Values = NDArray[np.float32]
BLOCK: Final = 4_000
LEADERS_TIMES: Final = 4  # so many times the finalists are looked at for repetitions
ALIKE_ROWS: Final = 8_000
TARGET_MIN: Final = 20
CHEAPER_WORTH: Final = 0.02  # of the information value: what ten times the online memory must bring
SIMPLER_WORTH: Final = 0.02  # the same for each filter, second key and division
FAMILY_TIMES: Final = 3  # how many times its even share a family of variables may take of a halving


@dataclass(frozen=True, slots=True)
class RankSettings:
    """rounds: (rows at most, variables kept) of each halving; the last keeps the finalists. confirm_share: of the keys, unseen by it.

    keep: winners at most; iv_min: information value on the unseen part; psi_max; alike: correlation of ranks from which two are one;
    false_rate: of winners that may be luck; filters_max: different sets of conditions that one online plan holds; also:
    variables that somebody thinks of, which are confirmed or not beside the finalists, whatever the search made of them.
    """

    seed: int
    rounds: tuple[tuple[int, int], ...] = ((1_200, 12_000), (4_000, 3_000), (15_000, 500))
    confirm_share: float = 0.4
    rows_max: int = 60_000
    keep: int = 120
    iv_min: float = 0.01
    psi_max: float = 0.25
    alike: float = 0.9
    false_rate: float = 0.05
    filters_max: int = FILTERS_MAX
    also: tuple[str, ...] = ()
    threads: int = THREADS


@dataclass(frozen=True, slots=True)
class Ranked:
    """A finalist. iv: on the search's rows, above noise; iv_confirmed, chance: on rows the search never saw; cluster: whom it repeats
    (itself = nobody); cost: words of online state a key; trend: −1 the target is rarer where it is high, +1 more frequent; why: kept or
    why not."""

    name: str
    iv: float
    iv_confirmed: float
    chance: float
    psi: float
    cluster: str
    cost: int
    trend: int
    kept: bool
    why: str


@dataclass(frozen=True, slots=True)
class Round:
    """What a halving did."""

    rows: int
    variables: int
    kept: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Finalists by what they tell on unseen rows; rounds: what the search cost; computed: its values; named: variables there are."""

    ranked: tuple[Ranked, ...]
    rounds: tuple[Round, ...]
    named: int
    computed: int
    rows: int
    confirm_rows: int
    seconds: float
    notes: tuple[str, ...]

    @property
    def winners(self) -> tuple[str, ...]:
        """Names of those that are kept, the most telling first."""
        return tuple(one.name for one in self.ranked if one.kept)

    def as_json(self) -> dict[str, Any]:
        """For a report or an artefact."""
        return asdict(self) | {"winners": list(self.winners)}


def rank(
    stream: Stream, rows: Rows, target: Target, settings: RankSettings, *, progress: Callable[[str], None] | None = None
) -> Ranking:
    """Rank all variables whose keys the rows have, for target uint8[n] (1 = it happened after as_of). TRAINING ROWS ONLY.

    Deterministic by the seed. BadInput when fewer than TARGET_MIN rows of either kind are in a part.
    """
    started = time.perf_counter()
    say = progress or (lambda _: None)
    if len(rows) != len(target):
        raise BadInput(f"{len(rows):,} rows and {len(target):,} targets", code="BAD_TARGET")
    search, confirm = split_rows(rows, target, settings)
    dictionary = stream.dictionary
    field: Sequence[Variable] | None = None
    rounds: list[Round] = []
    computed = named = 0
    iv = np.zeros(0)
    for number, (most, kept) in enumerate(settings.rounds):
        begun = time.perf_counter()
        picked = sample_rows(target, search, most, settings.seed, number)
        computer = Computer(stream, rows.take(picked), threads=settings.threads)
        last = number == len(settings.rounds) - 1
        contestants = _contestants(dictionary, rows, field)
        count, found, values, iv = _halve(computer, contestants, target[picked], LEADERS_TIMES * kept if last else kept)
        field = found
        if last:
            leaders = _leaders(found, values, iv, settings.alike)
            field, iv = _join(computer, target[picked], leaders, _thought_of(dictionary, rows, settings.also))
        named = named or count
        computed += computer.computed
        rounds.append(Round(len(picked), count, len(field), time.perf_counter() - begun))
        say(f"round {number + 1}: {count:,} variables on {len(picked):,} rows, {len(field):,} kept")
    assert field is not None, "there is at least one round"
    picked_confirm = sample_rows(target, confirm, settings.rows_max, settings.seed, len(rounds))
    computer = Computer(stream, rows.take(picked_confirm), threads=settings.threads)
    unseen = computer.values(field)
    computed += computer.computed
    ranked = _judge(dictionary, field, (iv, unseen), rows.take(picked_confirm), target[picked_confirm], settings)
    notes = (
        f"of {named:,} variables {computed:,} values were computed; all on all rows would be {named * len(rows):,}",
    )
    return Ranking(
        ranked, tuple(rounds), named, computed, len(rows), len(picked_confirm), time.perf_counter() - started, notes
    )  # fmt: skip


def split_rows(rows: Rows, target: Target, settings: RankSettings) -> tuple[Ints, Ints]:
    """(rows of the search, rows that confirm): by key, so that nobody stands on both sides."""
    owner = next(iter(rows.keys.values()))
    people = np.unique(owner)
    aside = derive_rng(settings.seed, "factory", "confirm").random(len(people)) < settings.confirm_share
    mine = aside[np.searchsorted(people, owner)]
    for part, said in ((~mine, "search"), (mine, "confirm")):
        yes, no = int(target[part].sum()), int((target[part] == 0).sum())
        if min(yes, no) < TARGET_MIN:
            text = (
                f"{yes:,} rows with and {no:,} without the target to {said}: {TARGET_MIN} of each are needed at least"
            )
            raise BadInput(text, code="TOO_FEW_ROWS")
    return np.flatnonzero(~mine), np.flatnonzero(mine)


def sample_rows(target: Target, among: Ints, most: int, seed: int, number: int) -> Ints:
    """At most so many rows, rising: of the rarer kind up to half, since information value does not depend on how frequent each kind is."""
    if len(among) <= most:
        return among
    rng = derive_rng(seed, "factory", "rows", number)
    yes, no = among[target[among] == 1], among[target[among] == 0]
    few, many = (yes, no) if len(yes) <= len(no) else (no, yes)
    some = few if len(few) <= most // 2 else rng.choice(few, most // 2, replace=False)
    others = rng.choice(many, min(len(many), most - len(some)), replace=False)
    return np.sort(np.concatenate([some, others]))


def _contestants(dictionary: Dictionary, rows: Rows, field: Sequence[Variable] | None) -> Iterator[Variable]:
    """Those still in the field, in the grammar's order; at first all whose keys the rows have and whose names the online store takes."""
    if field is not None:
        order = sorted(
            field, key=lambda one: (measures_of(one)[0].key, measures_of(one)[0].table, measures_of(one)[0].filters)
        )
        yield from order
        return
    for one in Factory(dictionary).variables():
        if name_fits(one.name) and all(set(part.key) <= set(rows.keys) for part in measures_of(one)):
            yield one


def _halve(
    computer: Computer, contestants: Iterator[Variable], target: Target, kept: int
) -> tuple[int, list[Variable], Values, NDArray[np.float64]]:
    """(how many took part, the `kept` that tell most, their values, their information values). Memory: kept + a block of columns."""
    best: list[Variable] = []
    values, worth = np.zeros((0, len(target)), np.float32), np.zeros(0)
    count, least = 0, 0.0
    for block in walk_blocks(contestants, BLOCK):
        count += len(block)
        fresh = computer.values(block)
        iv = measure(fresh, target)[0]
        some = np.flatnonzero(iv > least)
        best += [block[place] for place in some]
        worth, values = np.concatenate([worth, iv[some]]), np.concatenate([values, fresh[some]])
        if len(best) > 2 * kept:
            best, values, worth = _best(best, values, worth, kept)
            least = float(worth.min()) if len(best) == kept else 0.0  # what tells less has no place any more
    return count, *_best(best, values, worth, kept)


def _best(
    field: list[Variable], values: Values, worth: NDArray[np.float64], kept: int
) -> tuple[list[Variable], Values, NDArray[np.float64]]:
    """The most telling `kept`, no family beyond its share."""
    family = [(part.key, part.table, part.aggregate, part.value) for part in (measures_of(one)[0] for one in field)]
    share = max(1, FAMILY_TIMES * kept // max(1, len(set(family))))
    taken: dict[object, int] = {}
    chosen: list[int] = []
    for place in np.argsort(-worth, kind="stable").tolist():
        taken[family[place]] = taken.get(family[place], 0) + 1
        if taken[family[place]] <= share and len(chosen) < kept:
            chosen.append(place)
    chosen.sort()
    return [field[place] for place in chosen], values[chosen], worth[chosen]


def _leaders(
    field: list[Variable], values: Values, worth: NDArray[np.float64], alike: float
) -> tuple[list[Variable], NDArray[np.float64]]:
    """The most telling of the field of which none repeats another, at most one in LEADERS_TIMES; with what they tell."""
    order = np.argsort(-worth * simplicity(field), kind="stable")
    step = max(1, values.shape[1] // ALIKE_ROWS)
    leader = clusters_of(ranked_alike(values[:, ::step]), order, least=alike)
    kept = -(-len(field) // LEADERS_TIMES)
    chosen = sorted(order[leader[order] == order][:kept].tolist())
    return [field[place] for place in chosen], worth[chosen]


def _thought_of(dictionary: Dictionary, rows: Rows, names: Sequence[str]) -> list[Variable]:
    """Variables by name whose keys the rows have; BadInput for a name that means nothing."""
    found = [Factory(dictionary).find(name) for name in dict.fromkeys(names)]
    return [
        one
        for one in found
        if name_fits(one.name) and all(set(part.key) <= set(rows.keys) for part in measures_of(one))
    ]


def _join(
    computer: Computer,
    target: Target,
    finalists: tuple[Sequence[Variable], NDArray[np.float64]],
    also: Sequence[Variable],
) -> tuple[Sequence[Variable], NDArray[np.float64]]:
    """The finalists and what somebody thought of, with what they told the search's rows."""
    field, iv = finalists
    known = {one.name for one in field}
    fresh = [one for one in also if one.name not in known]
    if not fresh:
        return field, iv
    return [*field, *fresh], np.concatenate([iv, measure(computer.values(fresh), target)[0]])


def simplicity(field: Sequence[Variable]) -> NDArray[np.float64]:
    """float64[V]: 1 less what each filter, second key and division must bring."""
    parts = [measures_of(one) for one in field]
    extra = [len(part[0].filters) + len(part[0].key) - 1 + len(part) - 1 for part in parts]
    return np.asarray(1 - SIMPLER_WORTH * np.array(extra, np.float64), np.float64)


def _judge(
    dictionary: Dictionary, field: Sequence[Variable], found: tuple[NDArray[np.float64], Values], rows: Rows, target: Target,
    settings: RankSettings,
) -> tuple[Ranked, ...]:  # fmt: skip
    """The finalists on rows that no round saw. found: what they told the search, and their values at these rows."""
    names, (iv, unseen) = [one.name for one in field], found
    effects = {entity: design_effect(keys, target) for entity, keys in rows.keys.items()}
    effect = np.array([max(effects[entity] for part in measures_of(one) for entity in part.key) for one in field])
    confirmed, chance, trend = measure(unseen, target, effect=effect)
    drift = stability(unseen, _early(rows.as_of_us, settings.seed))
    cost = np.array([state_words(dictionary, name) for name in names], np.int64)
    worth = confirmed * (simplicity(field) - CHEAPER_WORTH * np.log10(np.maximum(cost, 1)))
    order = np.argsort(-worth, kind="stable")
    step = max(1, len(target) // ALIKE_ROWS)
    why = np.full(len(names), "", object)
    why[~discoveries(chance, rate=settings.false_rate)] = "no more than luck on unseen rows"
    why[(why == "") & (confirmed < settings.iv_min)] = "tells too little"
    why[(why == "") & (drift > settings.psi_max)] = "drifts"
    fit = order[why[order] == ""]
    leader = np.arange(len(names))
    if len(fit):
        leader[fit] = fit[clusters_of(ranked_alike(unseen[fit][:, ::step]), np.arange(len(fit)), least=settings.alike)]
    factory, kept = Factory(dictionary), 0
    held: set[tuple[str, tuple[str, ...]]] = set()
    for place in fit.tolist():
        if leader[place] != place:
            why[place] = f"repeats {names[leader[place]]}"
            continue
        more = held | filter_sets(factory, [names[place]])
        if kept == settings.keep:
            why[place] = "enough are kept"
        elif len(more) > settings.filters_max:
            why[place] = "needs one more set of conditions than a plan holds"
        else:
            held, kept, why[place] = more, kept + 1, "kept"
    return tuple(
        Ranked(
            names[k], float(iv[k]), float(confirmed[k]), float(chance[k]), float(drift[k]), names[leader[k]], int(cost[k]), int(trend[k]),
            why[k] == "kept", str(why[k]),
        )
        for k in order.tolist()
    )  # fmt: skip


def _early(as_of_us: Ints, seed: int) -> NDArray[np.bool_]:
    """The earlier half of the rows; where all are of one moment, half of them by lot (stability over time is not known then)."""
    middle = np.median(as_of_us)
    early = as_of_us <= middle
    if early.all():
        early = as_of_us < middle
    return early if early.any() else derive_rng(seed, "factory", "halves").random(len(as_of_us)) < 0.5


__all__ = ["RankSettings", "Ranked", "Ranking", "Round", "rank", "sample_rows", "split_rows"]
