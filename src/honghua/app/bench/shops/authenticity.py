"""`honghua bench authenticity`: orders faked in seven ways among honest ones; how many are flagged, at which false-positive rate.

`--fit FILE` fits the forest that is shipped, on training markets alone, and chooses its line there on markets left out in turn. Without it
the figures are of markets that nothing was fitted or chosen on: the shipped forest beside the readable points whose place it took, and the
plain question whether any evidence came. Intervals of rates are Wilson's over orders; those of recall draw whole rings (1,000 draws), for
the orders of a ring are faked alike.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.base.shares import find_share
from honghua.merchants import api as merchants
from honghua.merchants.core import (
    COMPANY_DAYS,
    CROWD_MAX,
    FLAGGED,
    LATELY_DAYS,
    SCORED,
    OrderSigns,
    OrderState,
    Surroundings,
    derive_signs,
    find_company,
    find_contradictions,
    has_needed,
    judge_order,
)
from honghua.models.api import Forest, train_forest
from honghua.sim.api import CATEGORY_NAMES, Told, make_orders
from honghua.store.settings import StoreSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DRAWS: Final = 1_000
CHOSEN_AT: Final = 0.01  # of honest orders, in training, that may be called doubtful
FLAGS: Final = [one.value for one in FLAGGED]
PARAMS: Final = {"num_leaves": 7, "learning_rate": 0.1, "min_data_in_leaf": 50}
TREES: Final = 150


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "authenticity",
        help="fake orders among honest ones: recall at a false-positive rate, by what was bought as proof",
    )
    parser.add_argument("--people", type=int, default=4_000, help="of each market")
    parser.add_argument("--rings", type=int, default=24, help="of each market")
    parser.add_argument("--markets", type=int, default=4, help="markets that the figures are of, or that are fitted on")
    parser.add_argument("--seed", type=int, default=20261123, help="of the markets; those fitted on are others")
    parser.add_argument(
        "--fit", type=Path, metavar="FILE", help="fit the forest on training markets and write it there"
    )
    parser.set_defaults(bench=run)


@dataclass(frozen=True, slots=True)
class Judged:
    """Orders of some markets. All of length n: truth, ring (unique over markets), proof; market; signs float32[n, SCORED]; has_evidence;
    against: contradicted; points, and the states by points and by the shipped forest."""

    is_fake: Bools
    ring: Ints
    proof: NDArray[Any]
    market: Ints
    signs: NDArray[np.float32]
    has_evidence: Bools
    against: Bools
    points: Ints
    by_points: NDArray[Any]
    by_forest: NDArray[Any]


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Fit on markets of training, or tell of others."""
    del store  # it needs no database
    if min(args.people, args.rings, args.markets) < 1:
        raise BadInput("at least one of each is needed", code="BAD_SIZE")
    kind = "train" if args.fit else "told"
    judged = join([judge_market(args, kind, k) for k in range(args.markets)])
    found: dict[str, Any] = {
        "orders": len(judged.is_fake), "fake": int(judged.is_fake.sum()), "rings": len(np.unique(judged.ring[judged.is_fake])),
    }  # fmt: skip
    if args.fit:
        return {**found, **fit(judged, args.fit)}
    rng = derive_rng(args.seed, "draws")
    for name, state in (("forest", judged.by_forest), ("points", judged.by_points)):
        flagged = np.isin(state, FLAGS)
        found[name] = {
            "flagged": tell(judged, flagged, rng), "doubtful": tell(judged, state == OrderState.DOUBTFUL.value, rng),
            "by_proof": tell_proofs(judged, flagged, rng),
        }  # fmt: skip
    found["nothing_came"] = tell(judged, ~judged.has_evidence, rng)
    found["forest_less_points"] = draw_difference(judged, rng)
    found["note"] = "recall: by ring; what honest orders look like is assumed (sim/core/parcels.py)"
    return found


def fit(train: Judged, path: Path) -> dict[str, Any]:
    """Fit on all training orders with evidence, write the forest, choose its line on markets left out in turn.

    The line is the lowest chance, ppm, at which at most CHOSEN_AT of the honest orders are doubtful by it or by contradictions.
    """
    known, chance = train.has_evidence, np.zeros(len(train.is_fake))
    for market in np.unique(train.market):
        mine = train.market == market
        rest = ~mine if not mine.all() else mine
        chance[mine] = chances(fit_forest(train, known & rest), train.signs[mine])
    chance[~known | (train.points == 0)] = 0.0  # of which the forest may not speak
    honest = ~train.is_fake
    free = np.sort(chance[honest & ~train.against])[::-1]
    room = int(CHOSEN_AT * honest.sum()) - int((honest & train.against).sum())
    line = int(np.ceil(float(free[max(room, 0)]) * 1e6)) + 1
    forest = fit_forest(train, known)
    path.write_text(forest.text, encoding="utf-8")
    doubtful = train.against | (chance * 1e6 >= line)
    return {
        "digest": forest.digest.hex(), "doubt_from_ppm": line, "trees": forest.trees, "leaves": forest.leaves,
        "left_out": {
            "false_positive_rate": round(float(doubtful[honest].mean()), 4), "recall_doubtful": round(float(doubtful[~honest].mean()), 4),
            "recall_flagged": round(float((doubtful | ~known)[~honest].mean()), 4),
            "points_recall_flagged": round(float(np.isin(train.by_points, FLAGS)[~honest].mean()), 4),
        },
    }  # fmt: skip


def fit_forest(train: Judged, rows: Bools) -> Forest:
    """A forest over SCORED of some rows."""
    x, y = np.ascontiguousarray(train.signs[rows]), train.is_fake[rows].astype(np.int64)
    return train_forest(
        x, y, names=SCORED, seed=1, params=PARAMS, monotone=merchants.MONOTONE, rounds=TREES, num_threads=1
    ).forest


def chances(forest: Forest, signs: NDArray[np.float32]) -> Floats:
    """Chance of a fake by row."""
    return np.asarray(1.0 / (1.0 + np.exp(-forest.score(np.ascontiguousarray(signs)))))


def judge_market(args: argparse.Namespace, name: str, number: int) -> Judged:
    """One market, each order at the end of its time and, for what its signs say, at its second look."""
    told = make_orders(args.seed, f"{name} {number}", people=args.people, rings=args.rings)
    rules, around = merchants.load_rules(), surround(told)
    signs, known = [], []
    for i, items in enumerate(told.items):
        need = rules.need_of(told.channel[i])
        due = told.bought_at[i] + dt.timedelta(hours=need.due_hours)
        seen = max(due, told.bought_at[i] + dt.timedelta(days=rules.second_look_days))
        known.append(has_needed([item for item in items if item.at <= due], need.kinds))
        signs.append(derive_signs(
            [item for item in items if item.at <= seen], around[i], bought_at=told.bought_at[i], region_id=told.region_id[i],
        ))  # fmt: skip
    print(f"\rjudged {name} {number}: {len(told.items):,} orders", end="", file=sys.stderr)
    return word_all(told, signs, known, number=number, is_fit=args.fit is not None)


def word_all(told: Told, signs: Sequence[OrderSigns], known: Sequence[bool], *, number: int, is_fit: bool) -> Judged:
    """The words of points and of the shipped forest, which is not asked while one is fitted."""
    rules = merchants.load_rules()
    points = [
        judge_order(one, has_evidence=has, is_due=True, rules=rules) for one, has in zip(signs, known, strict=True)
    ]
    words = points
    if not is_fit:
        words = [
            judge_order(one, has_evidence=has, is_due=True, rules=rules, scored=scored)
            for one, has, scored in zip(signs, known, merchants.load_scorer().score(signs), strict=True)
        ]
    return Judged(
        told.is_fake, told.ring + (number + 1) * 1_000_000, np.array(told.proof), np.full(len(signs), number), merchants.rows_of(signs),
        np.array(known, np.bool_), np.array([bool(find_contradictions(one, early_hours=rules.early_hours)) for one in signs]),
        np.array([one.score for one in points]), np.array([one.state.value for one in points]),
        np.array([one.state.value for one in words]),
    )  # fmt: skip


def surround(told: Told) -> list[Surroundings]:
    """What lies around each order, as the platform's own tables would say it."""
    rules = merchants.load_rules()
    waybills: dict[str, set[int]] = defaultdict(set)
    places: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    for i, items in enumerate(told.items):
        for item in items:
            if item.reference and item.kind.value in ("shipped", "delivered"):
                waybills[item.reference].add(told.customer[i])
            if item.place:
                places[told.shop[i], item.place].append((told.day[i], told.customer[i]))
    company = keep_company(told)
    per_day = Counter(zip(told.shop, told.day, strict=True))
    sold, refunded = Counter[int](), Counter[int]()
    for shop, minor, back in zip(told.shop, told.amount_minor, told.refunded.tolist(), strict=True):
        sold[shop] += minor
        refunded[shop] += minor * back
    out = []
    for i, items in enumerate(told.items):
        shop, day, who = told.shop[i], told.day[i], told.customer[i]
        shared = (
            set().union(*(waybills[item.reference] for item in items if item.reference in waybills)) if items else set()
        )
        near = {
            other
            for item in items
            if item.place
            for on, other in places[shop, item.place]
            if abs(on - day) <= LATELY_DAYS
        }
        out.append(Surroundings(
            grams_least=rules.grams.get(CATEGORY_NAMES[told.category[i]], 0), waybill_orders=len(shared - {who}),
            place_orders=len(near - {who}), shop_orders=per_day[shop, day],
            shop_orders_before=sum(per_day[shop, on] for on in range(day - LATELY_DAYS, day)), capacity=int(told.capacity[i]),
            sold_minor=sold[shop], shop_refunded_minor=refunded[shop], refunded_minor=told.amount_minor[i] * int(told.refunded[i]),
            company=company[i],
        ))  # fmt: skip
    return out


def keep_company(told: Told) -> list[int | None]:
    """`OrderSigns.company` of each order."""
    shops: dict[int, list[tuple[int, int]]] = defaultdict(list)
    customers: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for shop, day, who in zip(told.shop, told.day, told.customer, strict=True):
        shops[shop].append((day, who))
        customers[who].append((day, shop))
    buyers: dict[tuple[int, int], set[int] | None] = {}

    def find_buyers(shop: int, day: int) -> set[int] | None:
        if (shop, day) not in buyers:
            near = [who for on, who in shops[shop] if abs(on - day) <= COMPANY_DAYS]
            buyers[shop, day] = set(near) if len(near) <= CROWD_MAX else None
        return buyers[shop, day]

    out = []
    for shop, day, who in zip(told.shop, told.day, told.customer, strict=True):
        others = {other for on, other in customers[who] if abs(on - day) <= COMPANY_DAYS} - {shop}
        out.append(find_company(find_buyers(shop, day), [find_buyers(other, day) for other in others], customer=who))
    return out


def join(some: list[Judged]) -> Judged:
    """All of them, one after the other."""
    return Judged(*(np.concatenate([getattr(one, field.name) for one in some]) for field in fields(Judged)))


def tell(told: Judged, flagged: Bools, rng: np.random.Generator) -> dict[str, Any]:
    """Recall of fakes with its interval, and the share of honest orders that are flagged, too."""
    honest = ~told.is_fake
    low, rate, high = find_share(int(flagged[honest].sum()), int(honest.sum()))
    return {
        "recall": draw_recall(told, flagged, told.is_fake, rng), "false_positive_rate": [round(v, 4) for v in (low, rate, high)],
        "rings_half_found": find_rings(told, flagged),
    }  # fmt: skip


def tell_proofs(told: Judged, flagged: Bools, rng: np.random.Generator) -> dict[str, Any]:
    """Recall by what was bought."""
    return {
        str(proof): {"fake": int((told.proof == proof).sum()), "recall": draw_recall(told, flagged, told.proof == proof, rng)}
        for proof in np.unique(told.proof[told.is_fake])
    }  # fmt: skip


def draw_recall(told: Judged, flagged: Bools, part: Bools, rng: np.random.Generator) -> list[float]:
    """[low, recall, high] of some fakes: whole rings drawn with replacement."""
    _, ring = np.unique(told.ring[part], return_inverse=True)
    size, found = np.bincount(ring), np.bincount(ring, flagged[part])
    drawn = rng.integers(0, len(size), (DRAWS, len(size)))
    rates = found[drawn].sum(axis=1) / size[drawn].sum(axis=1)
    low, high = np.percentile(rates, [2.5, 97.5])
    return [round(float(v), 3) for v in (low, found.sum() / size.sum(), high)]


def find_rings(told: Judged, flagged: Bools) -> list[float]:
    """[low, share, high] of rings of whose orders at least half are flagged."""
    _, ring = np.unique(told.ring[told.is_fake], return_inverse=True)
    share = np.bincount(ring, flagged[told.is_fake]) / np.bincount(ring)
    return [round(v, 3) for v in find_share(int((share >= 0.5).sum()), len(share))]


def draw_difference(told: Judged, rng: np.random.Generator) -> list[float]:
    """[low, difference, high]: flagged fakes by the forest less by points, whole rings drawn for both at once."""
    fake = told.is_fake
    _, ring = np.unique(told.ring[fake], return_inverse=True)
    gain = np.isin(told.by_forest[fake], FLAGS).astype(float) - np.isin(told.by_points[fake], FLAGS)
    size, more = np.bincount(ring), np.bincount(ring, gain)
    drawn = rng.integers(0, len(size), (DRAWS, len(size)))
    low, high = np.percentile(more[drawn].sum(axis=1) / size[drawn].sum(axis=1), [2.5, 97.5])
    return [round(float(v), 3) for v in (low, more.sum() / size.sum(), high)]


__all__ = ["register", "run"]
