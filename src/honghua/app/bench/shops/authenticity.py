"""`honghua bench authenticity`: orders faked in seven ways among honest ones; how many the rules flag, at which false-positive rate.

The line of points is chosen on the training markets, the figures are of other markets, which are not looked at for it. Beside the rules:
the plain question whether any evidence came, and a forest that learnt the same signs on the training markets. Intervals of rates are
Wilson's over orders; those of recall draw whole rings (1,000 draws), since the orders of a ring are faked alike.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from honghua.base.errors import BadInput
from honghua.base.rng import derive_rng
from honghua.base.shares import find_share
from honghua.merchants import api as merchants
from honghua.merchants.core import (
    COMPANY_DAYS,
    CROWD_MAX,
    FLAGGED,
    LATELY_DAYS,
    OrderSigns,
    OrderState,
    Surroundings,
    derive_signs,
    find_company,
    find_contradictions,
    has_needed,
    judge_order,
)
from honghua.sim.api import CATEGORY_NAMES, Told, make_orders
from honghua.store.settings import StoreSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DRAWS: Final = 1_000
LINES: Final = tuple(range(60, 401, 10))
CHOSEN_AT: Final = 0.01  # of honest orders, in training, that points and contradictions may call doubtful
SIGNS: Final = tuple(one.name for one in fields(OrderSigns))


def register(benches: Any) -> None:
    """Arguments of the bench."""
    parser: argparse.ArgumentParser = benches.add_parser(
        "authenticity",
        help="fake orders among honest ones: recall at a false-positive rate, by what was bought as proof",
    )
    parser.add_argument("--people", type=int, default=4_000, help="of each market")
    parser.add_argument("--rings", type=int, default=24, help="of each market")
    parser.add_argument("--train", type=int, default=3, help="markets on which the line is chosen")
    parser.add_argument("--markets", type=int, default=4, help="markets that the figures are of")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.set_defaults(bench=run)


@dataclass(frozen=True, slots=True)
class Judged:
    """Orders of some markets. All of length n: truth, ring (unique over markets), proof; state by the rules, contradicted, points;
    signs float64[n, k]."""

    is_fake: Bools
    ring: Ints
    proof: NDArray[Any]
    state: NDArray[Any]
    against: Bools
    score: Ints
    signs: Floats


def run(args: argparse.Namespace, store: StoreSettings) -> dict[str, Any]:
    """Judge all markets; choose on the first, tell of the others."""
    del store  # it needs no database
    if min(args.people, args.rings, args.train, args.markets) < 1:
        raise BadInput("at least one of each is needed", code="BAD_SIZE")
    sets = []
    for name, number in (("train", args.train), ("told", args.markets)):
        some = [judge_market(args, name, k) for k in range(number)]
        sets.append(join(some))
    train, told = sets
    line, forest = choose_line(train), fit_forest(train)
    learnt = np.round(forest.predict_proba(told.signs)[:, 1] * 1e6).astype(np.int64)
    rules = merchants.load_rules()
    rng = derive_rng(args.seed, "draws")
    by_rules = {
        "flagged": np.isin(told.state, [one.value for one in FLAGGED]), "doubtful_only": told.state == OrderState.DOUBTFUL.value,
        "nothing_came": told.signs[:, -1] == 0,
    }  # fmt: skip
    return {
        "orders": len(told.is_fake), "fake": int(told.is_fake.sum()), "rings": len(np.unique(told.ring[told.is_fake])),
        "training": {"orders": len(train.is_fake), "line_chosen": line, "line_shipped": rules.doubt_from, "chosen_at": CHOSEN_AT},
        **{name: {**tell(told, said, rng), "forest_at_this_rate": recall_at(told, learnt, said, rng)} for name, said in by_rules.items()},
        "by_proof": tell_proofs(told, by_rules["flagged"], rng),
        "note": "recall: by ring; forest_at_this_rate: a forest that learnt the same signs, where as many honest orders pass its line;"
        " what honest orders look like is assumed (sim/core/parcels.py)",
    }  # fmt: skip


def judge_market(args: argparse.Namespace, name: str, number: int) -> Judged:
    """One market by the rules, each order at the end of its time and, for what its signs say, at its second look."""
    told = make_orders(args.seed, f"{name} {number}", people=args.people, rings=args.rings)
    rules = merchants.load_rules()
    around = surround(told)
    states, against, scores, signs = [], [], [], []
    for i, items in enumerate(told.items):
        need = rules.need_of(told.channel[i])
        due = told.bought_at[i] + dt.timedelta(hours=need.due_hours)
        known = [item for item in items if item.at <= due]
        seen = max(due, told.bought_at[i] + dt.timedelta(days=rules.second_look_days))
        mine = derive_signs(
            [item for item in items if item.at <= seen],
            around[i],
            bought_at=told.bought_at[i],
            region_id=told.region_id[i],
        )
        word = judge_order(mine, has_evidence=has_needed(known, need.kinds), is_due=True, rules=rules)
        states.append(word.state.value)
        against.append(bool(find_contradictions(mine, early_hours=rules.early_hours)))
        scores.append(word.score)
        signs.append(
            [np.nan if (v := getattr(mine, name)) is None else float(v) for name in SIGNS]
            + [has_needed(known, need.kinds)]
        )
    print(f"\rjudged {name} {number}: {len(told.items):,} orders", end="", file=sys.stderr)
    offset = (number + 1) * 1_000_000
    return Judged(
        told.is_fake,
        told.ring + offset,
        np.array(told.proof),
        np.array(states),
        np.array(against),
        np.array(scores),
        np.array(signs, float),
    )


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


def choose_line(train: Judged) -> int:
    """The lowest line at which at most CHOSEN_AT of the honest training orders are doubtful by points or contradictions."""
    honest = ~train.is_fake
    for line in LINES:
        if float(np.mean(train.against[honest] | (train.score[honest] >= line))) <= CHOSEN_AT:
            return line
    return LINES[-1]


def fit_forest(train: Judged) -> HistGradientBoostingClassifier:
    """What can be learnt from the same signs, on the training markets alone."""
    return HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(train.signs, train.is_fake)


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


def recall_at(told: Judged, rank: Ints, said: Bools, rng: np.random.Generator) -> list[float]:
    """[low, recall, high] above the line that as many honest orders pass as were said to be wrong; ties with it are not found."""
    rate = float(said[~told.is_fake].mean())
    line = np.quantile(rank[~told.is_fake], 1 - rate, method="higher")
    return draw_recall(told, rank > line, told.is_fake, rng)


__all__ = ["register", "run"]
