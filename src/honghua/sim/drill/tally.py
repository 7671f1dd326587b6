"""What came of a day, counted: rates and latencies over time, and the platform's words beside what is true."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from honghua.base.rng import derive_rng
from honghua.base.shares import find_share
from honghua.sim.core.draft import Ints
from honghua.sim.core.market import CRIME_STEP
from honghua.sim.core.outcomes import GRANTED, Heard
from honghua.sim.core.typologies import ALL_TYPOLOGIES

BINS: Final = 120
STOPPED: Final = (Heard.REFUSED_RISK, Heard.DELAYED)
Flags = NDArray[np.bool_]


def interval(hits: int, n: int) -> list[float]:
    """[low, share, high]: Wilson's, 95 %; of nothing, everything is possible."""
    return [round(part, 5) for part in find_share(hits, n)]


@dataclass(slots=True)
class Clockings:
    """One row per first answer: when the client first sent it, when the answer was with its client (seconds), and its purpose."""

    first_at: list[float] = field(default_factory=list)
    done_at: list[float] = field(default_factory=list)
    purpose: list[int] = field(default_factory=list)

    def speeds(self, seconds: float, *, disturbed: Sequence[tuple[float, float]] = ()) -> dict[str, Any]:
        """Rates and latencies, in all and over time: `over_time` has a row per BIN of the day with arrivals, answers and percentiles.

        Calm is what was sent while at most twice the mean arrived, and not within the disturbed times (from, to).
        """
        first, done = np.array(self.first_at), np.array(self.done_at)
        late_ms = (done - first) * 1000
        width = seconds / BINS
        last = max(BINS, math.ceil(done.max() / width) if len(done) else 0)
        edges = width * np.arange(last + 1)
        arrivals, answers = np.histogram(first, edges)[0], np.histogram(done, edges)[0]
        bin_of = np.minimum((first / width).astype(np.int64), last - 1)
        rows = []
        for k in range(last):
            mine = late_ms[bin_of == k]
            p50, p99 = (float(np.percentile(mine, p)) if len(mine) else None for p in (50, 99))
            rows.append({
                "at_s": round(edges[k], 2), "arrived_per_s": round(arrivals[k] / width, 1), "answered_per_s": round(answers[k] / width, 1),
                "p50_ms": None if p50 is None else round(p50, 2), "p99_ms": None if p99 is None else round(p99, 2),
            })  # fmt: skip
        found = {f"p{p}_ms".replace(".", "_"): round(float(np.percentile(late_ms, p)), 2) for p in (50, 90, 99, 99.9)}
        is_calm = arrivals[bin_of] <= 2 * len(done) / last
        for begin, end in disturbed:
            is_calm &= (first < begin - width) | (first > end)
        calm = late_ms[is_calm] if is_calm.any() else late_ms
        return {
            "per_s_mean": round(len(done) / seconds, 1), "per_s_peak": round(float(answers.max()) / width, 1),
            "arrived_per_s_peak": round(float(arrivals.max()) / width, 1), **found,
            "p50_ms_calm": round(float(np.percentile(calm, 50)), 2), "p99_ms_calm": round(float(np.percentile(calm, 99)), 2),
            "over_time": rows,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """Orders with their end and the truth: columns int64[n]; amounts in minor units, crime and ring as in drafts."""

    heard: Ints
    wanted_minor: Ints
    granted_minor: Ints
    crime: Ints
    ring: Ints

    @property
    def is_crime(self) -> Flags:
        """Truth."""
        return np.asarray(self.crime % CRIME_STEP == 1)

    @property
    def is_good(self) -> Flags:
        """Truth: nobody of a ring."""
        return np.asarray(self.ring == 0)

    def figures(self) -> dict[str, Any]:
        """Shares with intervals. An order that the limit refused was not stopped by risk, and counts in no recall."""
        tried = self.heard != Heard.NOT_TRIED
        judged = tried & (self.heard != Heard.REFUSED_LIMIT)
        stopped = np.isin(self.heard, STOPPED)
        crime, good = self.is_crime, self.is_good
        granted = np.isin(self.heard, GRANTED)
        paid = int(self.granted_minor[granted].sum())
        lost = int(self.granted_minor[granted & crime].sum())
        rng = derive_rng(0, "rings drawn anew")
        return {
            "orders": int(tried.sum()), "approved": int(granted.sum()), "approved_minor": paid,
            "refused_limit": int((self.heard == Heard.REFUSED_LIMIT).sum()), "stopped": int((stopped & tried).sum()),
            "blocked_share": interval(int((stopped & tried).sum()), int(tried.sum()))[1],
            "blocked_interval": interval(int((stopped & tried).sum()), int(tried.sum())),
            "false_refusal_share": interval(int((stopped & good).sum()), int((judged & good).sum()))[1],
            "false_refusal_interval": interval(int((stopped & good).sum()), int((judged & good).sum())),
            "crimes": int((crime & tried).sum()), "crime_share": round(float((crime & tried).sum() / max(tried.sum(), 1)), 5),
            "precision": interval(int((stopped & crime).sum()), int((stopped & (crime | good)).sum())),
            "recall_all": interval(int((stopped & crime).sum()), int((judged & crime).sum())),
            "fraud_loss_minor": lost, "cashout_share": round(lost / max(paid, 1), 5),
            "cashout_interval": self._by_ring(rng, granted), "recall": self._recall(judged, stopped),
        }  # fmt: skip

    def _by_ring(self, rng: np.random.Generator, granted: Flags) -> list[float]:
        """Interval of the share of approved money that crimes got: rings drawn anew."""
        crime = self.is_crime & granted
        rings, place = np.unique(self.ring[crime], return_inverse=True)
        paid = int(self.granted_minor[granted].sum())
        loss = np.bincount(place, self.granted_minor[crime], len(rings))
        if not len(rings) or not paid:
            return [0.0, 0.0, 1.0]
        again = loss[rng.integers(0, len(rings), (400, len(rings)))].sum(axis=1)
        honest = paid - loss.sum()
        low, high = np.quantile(again / (honest + again), [0.025, 0.975])
        return [round(float(low), 5), round(float(loss.sum() / paid), 5), round(float(high), 5)]

    def _recall(self, judged: Flags, stopped: Flags) -> dict[str, list[float]]:
        found = {}
        number = self.crime // CRIME_STEP - 1
        for place, name in enumerate(ALL_TYPOLOGIES):
            mine = self.is_crime & judged & (number == place)
            if mine.any():
                found[name] = interval(int((mine & stopped).sum()), int(mine.sum()))
        return found


def judged_of(columns: Mapping[str, Ints]) -> Judged:
    """From the columns of a diary."""
    return Judged(*(columns[name] for name in ("heard", "wanted_minor", "granted_minor", "crime", "ring")))


__all__ = ["BINS", "Clockings", "Judged", "interval", "judged_of"]
