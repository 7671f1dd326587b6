"""The lives behind the measurements: people of a city under limits that the shipped rules move every month, and what those rules saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from honghua.app.approval.fitting import rows_of
from honghua.app.approval.measuring import DAY
from honghua.limits.core import VALUES, LimitTerms, Record, Rulebook, chances, decide_move, rule_all, vectors_of
from honghua.sim.api import MONTH_DAYS, Drawn, Lived, Month, draw_applicants, keep_limits, live_months

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
MONTHS: Final = 18
YEAR_MONTHS: Final = 12
PEOPLE_LEAST: Final = 200


@dataclass(frozen=True, slots=True)
class Town:
    """Applicants of one city. score float64[k]: the shipped cards' chance that somebody pays; thin bool[k]: no bureau file.

    approved bool[k]: by the shipped rulebook; limit_minor, ceiling_minor int64[k]: what it gives, the start limit where it refuses.
    """

    seed: int
    drawn: Drawn
    score: Floats
    thin: Flags
    approved: Flags
    limit_minor: Ints
    ceiling_minor: Ints


def settle_town(book: Rulebook, *, seed: int, count: int) -> Town:
    """Draw and judge the applicants of a city."""
    drawn = draw_applicants(people=max(3 * count, PEOPLE_LEAST), seed=seed, count=count)
    rows = rows_of(drawn)
    rulings = rule_all(book, vectors_of(book, [book.terms.person_cap(DAY).cap] * len(rows), rows, DAY), DAY)
    approved = np.array([one.outcome == "approved" for one in rulings])
    limit = np.where(approved, [one.limit_minor for one in rulings], book.terms.start_minor)
    ceiling = np.where(approved, [one.ceiling_minor for one in rulings], book.terms.thin_ceiling_minor)
    score = chances(book.willingness, VALUES, rows) * chances(book.ability, VALUES, rows)
    thin = drawn.values["has_file"] == 0
    return Town(seed, drawn, score, thin, approved, limit.astype(np.int64), ceiling.astype(np.int64))


@dataclass(slots=True)
class Stepping:
    """Moves limits as the follower of the books does: each account's record goes through `decide_move`. Everybody consents to raises.

    A bill counts as overdue where something is past due as the month ends, when the next bill is cut. records: by month, as decided on.
    """

    terms: LimitTerms
    ceiling_minor: Ints
    changed_month: Ints = field(init=False)
    records: list[list[Record]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.changed_month = np.zeros(len(self.ceiling_minor), np.int64)

    def move(self, months: tuple[Month, ...]) -> Ints:
        """The limits of the next month, int64[k]."""
        records = make_records(months, self.changed_month, self.ceiling_minor)
        self.records.append(records)
        limits = np.array([decide_move(self.terms, one).to_minor for one in records], np.int64)
        self.changed_month[limits != months[-1].limit_minor] = len(months)
        return limits


def make_records(months: tuple[Month, ...], changed_month: Ints, ceiling_minor: Ints) -> list[Record]:
    """What each account shows after these months, as the books would tell it."""
    late = np.stack([month.dpd > 0 for month in months])
    used = np.stack([month.used_minor for month in months])
    bought = np.stack([month.bought_minor for month in months])
    since = np.arange(len(months))[:, None] >= changed_month
    good = (since & ~late & ((used > 0) | (bought > 0))).sum(axis=0)
    limit = np.maximum(months[-1].limit_minor, 1)
    share = np.where(since, used, 0).max(axis=0) * 1_000_000 // limit
    idle = np.array([_count_idle(column) for column in (bought > 0).T])
    return [
        Record(
            limit_minor=int(months[-1].limit_minor[k]), ceiling_minor=int(ceiling_minor[k]), used_minor=int(used[-1, k]),
            good_statements=int(good[k]), days_since_change=int(len(months) - changed_month[k]) * MONTH_DAYS,
            used_share_ppm=int(share[k]), dpd=int(months[-1].dpd[k]), was_late=bool(late[-YEAR_MONTHS:, k].any()),
            idle_days=0 if used[-1, k] else int(idle[k]) * MONTH_DAYS,
        )
        for k in range(len(limit))
    ]  # fmt: skip


def _count_idle(active: Flags) -> int:
    """Months at the end without a purchase."""
    found = np.flatnonzero(active)
    return len(active) if not len(found) else len(active) - 1 - int(found[-1])


def live_stepped(terms: LimitTerms, town: Town, who: Flags, *, start_minor: int = 0) -> tuple[Lived, Stepping]:
    """Some of a town under moving limits. start_minor: everybody's first limit; 0 = what the rulebook gave each."""
    limit = np.full(int(who.sum()), start_minor, np.int64) if start_minor else town.limit_minor[who]
    stepping = Stepping(terms, np.maximum(town.ceiling_minor[who], limit))
    drawn = town.drawn
    lived = live_months(drawn.registry, drawn.who[who], limit, months=MONTHS, future=(town.seed, 0), move=stepping.move)
    return lived, stepping


def live_static(town: Town, who: Flags, limit_minor: int) -> Lived:
    """The same people and the same luck under a limit that stays."""
    limit = np.full(int(who.sum()), limit_minor, np.int64)
    drawn = town.drawn
    return live_months(drawn.registry, drawn.who[who], limit, months=MONTHS, future=(town.seed, 0), move=keep_limits)


__all__ = ["MONTHS", "Stepping", "Town", "live_static", "live_stepped", "make_records", "settle_town"]
