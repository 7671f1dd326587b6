"""Risk in a replay: labels arrive late, the model is fitted anew every week on those that have arrived, and a daily queue is judged.

Who releases here are two robots, and their acts say so: a replay has no people. They go through the same maker–checker as people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.app.replay_map import TableMap
from honghua.app.replay_table import PurchaseTable
from honghua.app.robots.refitting import POLICY, Incomplete, Known, Refit, Robots, draw_one_in
from honghua.base.clock import DAY_US, from_micros
from honghua.base.errors import Conflict
from honghua.credit import api as credit
from honghua.credit import core as c
from honghua.credit.api import RiskDesk, RiskSetup, attach, zone_offset_us
from honghua.decision import api as decision
from honghua.decision.api import EngineSettings
from honghua.features.core import Schema
from honghua.fraud.api import SensorSize
from honghua.fraud.core import RiskPlan
from honghua.store.commands import list_answers

Ints = NDArray[np.int64]
DELAY_DAYS: Final = 7.0  # of labels, where the map names none
REFIT_DAYS: Final = 7
FIRST_REFIT_DAYS: Final = 14  # from the first row on: a week of labels that are a week late
HISTORY_DAYS: Final = 60  # of rows that a fit looks at
NEGATIVES_ONE_IN: Final = 24
QUEUE: Final = 100  # customers that the reviewers can look at on a day
OUT_DAYS: Final = 14  # out of the queue for so long is who was found or told: the card is stopped and replaced
MAKER = decision.Act("replay robot 1 (maker; no person)", "weekly refit of a replay")
CHECKER = decision.Act("replay robot 2 (checker; no person)", "the refit passed its checks")


@dataclass(slots=True)
class RiskReplay:
    """The engine's side of one replay. decision_ids int64[n]: 0 = not judged so far; scores float64[n]: NaN = no model then."""

    table: PurchaseTable
    prefix: str
    delay_us: int
    seed: int
    desk: RiskDesk
    decision_ids: Ints
    scores: NDArray[np.float64]
    weeks: list[Refit] = field(default_factory=list)
    sensed: dict[int, float] = field(default_factory=dict)  # scores of the batch that is being judged, by decision
    incomplete: Incomplete | None = field(default=None)  # what the map says of labels that never come

    def observe(self, ids: Ints, sensed: Any) -> None:
        """Keep the scores of orders as they are sensed."""
        self.sensed.update(zip(ids.tolist(), sensed.scores[:, 0].tolist(), strict=True))

    def learn_answers(self, rows: range, answers: Sequence[Mapping[str, Any]]) -> None:
        """Which decision each row of the table led to."""
        for row, answer in zip(rows, answers, strict=False):
            number = credit.find_decision_id(answer)
            self.decision_ids[row] = number
            self.scores[row] = self.sensed.get(number, self.scores[row])
        self.sensed.clear()

    def resume(self, conn: psycopg.Connection) -> None:
        """Take up what an earlier run decided: ids from the stored answers, scores from the records."""
        places = {f"{self.prefix}:tx:{name}": i for i, name in enumerate(self.table.ids)}
        for key, answer in list_answers(conn, f"{self.prefix}:tx:"):
            row = places.get(key)
            if row is not None:
                self.decision_ids[row] = credit.find_decision_id(answer)
        known = np.flatnonzero(self.decision_ids)
        for start in range(0, len(known), 50_000):
            rows = known[start : start + 50_000]
            order = rows[np.argsort(self.decision_ids[rows])]
            ids, _, fused = decision.read_frozen(
                conn, self.decision_ids[order].tolist(), signals=self.desk.engine.sensor.names
            )
            self.scores[order[np.searchsorted(self.decision_ids[order], ids)]] = fused

    def reports(self, start_us: int, end_us: int) -> Iterable[c.Command]:
        """Labels of fraud that arrive in this time. What is not reported is cleared by silence, in the engine itself."""
        labels = self.table.labels
        assert labels is not None, "a table with labels"
        low, high = np.searchsorted(self.table.at_us, [start_us - self.delay_us, end_us - self.delay_us])
        for row in (low + np.flatnonzero(labels[low:high] == 1)).tolist():
            if self.decision_ids[row]:
                yield c.ReportFraud(
                    key=f"{self.prefix}:fraud:{self.table.ids[row]}", customer=self.table.customers[row],
                    purchase_id=int(self.decision_ids[row]), source=c.LABEL_FILE,
                    happened_at=from_micros(int(self.table.at_us[row]) + self.delay_us),
                )  # fmt: skip

    def refit(self, conn: psycopg.Connection, day: int, now_us: int) -> None:
        """Fit on the labels that have arrived, and release the model into the running engine; idempotent by its day."""
        first = int(self.table.day[0])
        since = day - first
        if since < FIRST_REFIT_DAYS or (since - FIRST_REFIT_DAYS) % REFIT_DAYS:
            return
        name = f"{POLICY} {self.prefix} day {since}"
        rows, weight = self.choose_rows(now_us)
        labels = self.table.labels
        assert labels is not None, "a table with labels"
        order = np.argsort(self.decision_ids[rows])
        rows, weight = rows[order], weight[order]
        known = Known(self.decision_ids[rows], labels[rows], weight, self.table.at_us[rows])
        found = self.robots.refit(conn, self.desk, known, name=name, day=day)
        if found is not None:
            self.weeks.append(found)

    def choose_rows(self, now_us: int) -> tuple[Ints, NDArray[np.float64]]:
        """Rows whose labels have arrived, in order of time: every fraud, one clear purchase in so many, with how many it stands for."""
        labels = self.table.labels
        assert labels is not None, "a table with labels"
        known_us = now_us - self.delay_us
        low, high = np.searchsorted(self.table.at_us, [known_us - HISTORY_DAYS * DAY_US, known_us])
        part = np.arange(low, high)
        draw = draw_one_in(part, NEGATIVES_ONE_IN)
        chosen = (self.decision_ids[low:high] != 0) & ((labels[low:high] == 1) | ((labels[low:high] == 0) & draw))
        rows = part[chosen]
        return rows, np.where(labels[rows] == 1, 1.0, float(NEGATIVES_ONE_IN))

    @property
    def robots(self) -> Robots:
        """Who fits and releases here."""
        return Robots(MAKER, CHECKER, self.seed, incomplete=self.incomplete)

    def figures(self) -> dict[str, Any]:
        """How good the daily queue was, now that all labels are in, and what the refits took."""
        labels = self.table.labels
        assert labels is not None, "a table with labels"
        days = judge_queue(self.table, labels, self.scores, delay_us=self.delay_us)
        weeks: dict[int, list[float]] = {}
        for day, precision in days.items():
            weeks.setdefault((day - int(self.table.day[0])) // 7, []).append(precision)
        return {
            "review_precision": round(float(np.mean(list(days.values()))), 4) if days else None,
            "review_days": len(days),
            "review_by_week": {str(week): round(float(np.mean(found)), 4) for week, found in sorted(weeks.items())},
            "refits": sum(week.released for week in self.weeks),
            "refits_failed": {str(week.day): list(week.problems) for week in self.weeks if not week.released},
            "refit_seconds": round(sum(week.seconds for week in self.weeks), 1),
            "refit_rows": [week.rows for week in self.weeks],
        }  # fmt: skip


def judge_queue(
    table: PurchaseTable, labels: NDArray[np.int8], scores: NDArray[np.float64], *, delay_us: int
) -> dict[int, float]:
    """Day number → precision of that day's queue: the customers with the highest score, as far as reviewers could know.

    Left out for `OUT_DAYS`: who became known by a label that had arrived before the day began, and who an earlier queue found.
    """
    names = {name: k for k, name in enumerate(dict.fromkeys(table.customers))}
    who = np.array([names[name] for name in table.customers], np.int64)
    fraud = np.flatnonzero(labels == 1)
    fraud = fraud[np.argsort(table.at_us[fraud], kind="stable")]
    arrivals_us = table.at_us[fraud] + delay_us
    told = 0
    out_until_us = np.full(len(names), np.iinfo(np.int64).min)
    days: dict[int, float] = {}
    starts = np.flatnonzero(np.diff(table.day, prepend=table.day[0] - 1))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(table)], strict=True):
        now_us = int(table.at_us[start])
        newly = int(np.searchsorted(arrivals_us, now_us, side="right"))
        np.maximum.at(out_until_us, who[fraud[told:newly]], arrivals_us[told:newly] + OUT_DAYS * DAY_US)
        told = newly
        rows = np.arange(start, end)
        rows = rows[~np.isnan(scores[rows]) & (out_until_us[who[rows]] <= now_us)]
        if len(rows) == 0:
            continue
        best = np.full(len(names), -1.0)
        np.maximum.at(best, who[rows], scores[rows])
        queue = np.argsort(-best, kind="stable")[:QUEUE]
        queue = queue[best[queue] >= 0]
        hit = np.zeros(len(names), np.bool_)
        hit[who[rows[labels[rows] == 1]]] = True
        days[int(table.day[start])] = float(hit[queue].mean())
        out_until_us[queue[hit[queue]]] = now_us + OUT_DAYS * DAY_US
    return days


@dataclass(frozen=True, slots=True)
class Name:
    """Which replay it is: what its keys begin with, and its seed."""

    prefix: str
    seed: int


def begin_risk(
    conn: psycopg.Connection,
    registry: credit.Registry,
    table: PurchaseTable,
    table_map: TableMap,
    name: Name,
    *,
    folder: Path | None,
) -> RiskReplay:
    """Attach the engine to the book, with the policy in force without a model until the first one is released. folder: for snapshots."""
    offset_us = zone_offset_us(ZoneInfo(table_map.timezone), from_micros(int(table.at_us[0])))
    delay_us = int(float(table_map.labels.get("delay_days", DELAY_DAYS)) * DAY_US)
    setup = replace(make_setup(table, delay_us=delay_us, offset_us=offset_us), folder=folder)
    if decision.find_lineup(conn) is None:
        Robots(MAKER, CHECKER, name.seed).start_policy(conn, setup, name=f"{POLICY} {name.prefix} without a model")
    else:
        (champion,) = [row for row in decision.list_releases(conn) if row.release_id == decision_champion(conn)]
        if champion.features_digest != setup.plan.digest:
            raise Conflict(
                "this book is judged by another engine than the file needs: use --fresh", code="OTHER_ENGINE"
            )
    desk = attach(conn, registry, setup)
    n = len(table)
    replay = RiskReplay(table, name.prefix, delay_us, name.seed, desk, np.zeros(n, np.int64), np.full(n, np.nan))
    unreported = float(table_map.labels.get("unreported", 0))
    replay.incomplete = Incomplete(unreported, "the file's map says so") if unreported else None
    desk.observer = replay.observe
    return replay


def decision_champion(conn: psycopg.Connection) -> int:
    """The release in force."""
    lineup = decision.find_lineup(conn)
    assert lineup is not None, "somebody judges"
    return lineup.champion


def make_setup(table: PurchaseTable, *, delay_us: int, offset_us: int) -> RiskSetup:
    """An engine for what the file tells: its entities, and memory for as many as it has."""
    entities = ["customer", "merchant"]
    if len(set(table.categories[:100_000])) > 1:
        entities.append("category")
    entities += [name for name, texts in table.scenes.items() if any(texts)]
    order = [
        name
        for name in ("customer", "merchant", "device", "address", "payee", "category", "region")
        if name in entities
    ]
    plan = RiskPlan(Schema(tuple(order), ("available_minor", "limit_minor", "hour", "weekday")))
    people, shops = len(set(table.customers)), len(set(table.merchants))
    others = sum(len(set(texts)) for texts in table.scenes.values())
    size = SensorSize(
        entities=2 * (people + shops + others) + 1_000, nodes=2 * (people + shops + others) + 1_000,
        edges=max(100_000, len(table)), keys=min(len(table), 4_000_000) + 1_000,
    )  # fmt: skip
    return RiskSetup(plan, EngineSettings(size, math.ceil(delay_us / DAY_US) + 1), offset_us)


__all__ = ["Name", "RiskReplay", "begin_risk", "judge_queue"]
