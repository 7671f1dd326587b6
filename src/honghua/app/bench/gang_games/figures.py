"""What became of a city's crimes and of its honest purchases: recall, loot and shares, with intervals by ring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.bench.gang_games.fitting import warm
from honghua.app.bench.ring_folds.figures import RESAMPLES, wilson
from honghua.features.core import EventKind
from honghua.sim.core import ALL_TYPOLOGIES, MARKET_SCHEMA, Played, is_judged

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]
CASH_OUT: Final = (
    "shop",
    "drain",
)  # families that turn a limit into money; the others steal it or don't mean to pay
FAMILIES: Final = tuple(one.family for one in ALL_TYPOLOGIES.values())
TRIED, STOPPED, TRIED_MINOR, STOPPED_MINOR, GOT_MINOR, CREDIT_MINOR = range(6)


@dataclass(slots=True)
class Tally:
    """Sums over some cities. rings: (city, ring) → its typology's number and float64[6] sums; the rest is about the innocent."""

    rings: dict[tuple[int, int], tuple[int, Doubles]] = field(default_factory=dict)
    innocents: int = 0
    wronged: int = 0
    credit_minor: int = 0  # bought on credit by anybody
    gone: int = 0

    def add(self, played: Played, city: int) -> None:
        """One more city, after its cold start."""
        events, truth = played.market.events, played.truth
        place = MARKET_SCHEMA.place
        kind, amount = events[:, place("kind")], events[:, place("amount_minor")]
        scored = warm(played) & is_judged(events)
        got = scored & ~played.refused
        on_credit = got & (kind == EventKind.PURCHASE) & (events[:, place("credit")] == 1)
        good = scored & (truth.ring == 0)
        self.innocents += int(good.sum())
        self.wronged += int((good & played.refused).sum())
        self.credit_minor += int(amount[on_credit].sum())
        self.gone += sum(moods["gone"] for moods in played.moods.values())
        crime = scored & truth.fraud
        for ring in np.unique(truth.ring[crime]).tolist():
            mine = crime & (truth.ring == ring)
            stopped = mine & played.refused
            number = int(truth.typology[mine][0])
            back = (kind == EventKind.TRANSFER) & (FAMILIES[number] == "shop")  # a payback is evidence, not loot
            sums = [
                mine.sum(),
                stopped.sum(),
                *(amount[rows].sum() for rows in (mine, stopped, mine & got & ~back, mine & on_credit)),
            ]
            self.rings[city, ring] = number, np.array(sums, np.float64)

    def of(self, names: Sequence[str]) -> dict[tuple[int, int], Doubles]:
        """The sums of the rings of some typologies."""
        numbers = {list(ALL_TYPOLOGIES).index(name) for name in names}
        return {key: sums for key, (number, sums) in self.rings.items() if number in numbers}

    def merge(self, other: Tally, *, shift: int) -> None:
        """Take in another; its cities get numbers from `shift` on."""
        self.rings |= {(city + shift, ring): told for (city, ring), told in other.rings.items()}
        for name in ("innocents", "wronged", "credit_minor", "gone"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def ratio(over: Doubles, under: Doubles, rng: np.random.Generator) -> list[float]:
    """[low, sum over ÷ sum under, high], 95 %, by drawing the rings anew; 0 of nothing."""
    n = len(over)
    if n == 0 or under.sum() == 0:
        return [0.0, 0.0, 1.0]
    drawn = rng.integers(0, n, (RESAMPLES, n))
    again = over[drawn].sum(axis=1) / np.maximum(under[drawn].sum(axis=1), 1e-9)
    low, high = np.quantile(again, [0.025, 0.975])
    return [round(float(x), 4) for x in (low, over.sum() / under.sum(), high)]


def tell_crimes(tally: Tally, open_door: Tally, names: Sequence[str], rng: np.random.Generator) -> dict[str, Any]:
    """Crimes of some typologies: tried, refused by count and by sum, and what was got as part of what an open door lets go."""
    mine, free = tally.of(names), open_door.of(names)
    keys = sorted(free.keys() | mine.keys())
    nothing = np.zeros(6)
    sums = np.array([mine.get(key, nothing) for key in keys]).reshape(-1, 6)
    loot = np.array([free.get(key, nothing) for key in keys]).reshape(-1, 6)[:, GOT_MINOR]
    return {
        "rings": len(keys), "tried": int(sums[:, TRIED].sum()), "recall": ratio(sums[:, STOPPED], sums[:, TRIED], rng),
        "amount_recall": ratio(sums[:, STOPPED_MINOR], sums[:, TRIED_MINOR], rng), "loot_share": ratio(sums[:, GOT_MINOR], loot, rng),
    }  # fmt: skip


def tell_city(tally: Tally, rng: np.random.Generator) -> dict[str, Any]:
    """The innocent who were refused, and what part of all credit went into cash-out and into crime of any kind."""
    names = {
        "cashout_share": [n for n, one in ALL_TYPOLOGIES.items() if one.family in CASH_OUT],
        "crime_share": list(ALL_TYPOLOGIES),
    }
    shares = {}
    for word, kinds in names.items():
        sums = np.array(list(tally.of(kinds).values())).reshape(-1, 6)[:, CREDIT_MINOR]
        drawn = sums[rng.integers(0, max(len(sums), 1), (RESAMPLES, len(sums)))].sum(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975]) if len(sums) else (0.0, 0.0)
        shares[word] = [round(float(x) / max(tally.credit_minor, 1), 5) for x in (low, sums.sum(), high)]
    wronged = wilson(tally.wronged, tally.innocents)
    fine = tally.wronged / max(tally.innocents, 1)
    return {"false_refusal_share": [abs(wronged[0]), round(fine, 6), wronged[2]], **shares, "gangs_gone": tally.gone}


__all__ = ["CASH_OUT", "Tally", "ratio", "tell_city", "tell_crimes"]
