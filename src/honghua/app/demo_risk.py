"""A seeded market with rings in it, lived through under the risk engine: what `honghua demo` shows of real-time decisions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray
from rich.console import Console

from honghua.app.replay import Beside, replay_table
from honghua.app.replay_map import TableMap
from honghua.app.replay_risk import FIRST_REFIT_DAYS, find_decision_id
from honghua.app.replay_table import PurchaseTable
from honghua.base.clock import DAY_US
from honghua.decision import api as decision
from honghua.facts.kinds import SCENE
from honghua.features.core import EventKind
from honghua.sim.core import MARKET_SCHEMA, MarketPlan, make_market
from honghua.store.commands import list_answers
from honghua.store.database import Database, connect

PEOPLE, DAYS, RINGS = 400, 42, 3
TYPOLOGIES: Final = ("colluding_shop", "device_farm", "goods_resale", "account_takeover")
DELAY_DAYS: Final = 3
OFFSET_US: Final = 8 * 3_600_000_000
SHORT: Final = ("LIMIT_SHORT", "LIMIT_PARTLY", "LESS_OFFERED")
WORDS: Final = {"customer": "P", "merchant": "shop ", "device": "device ", "address": "address ", "payee": "payee "}


@dataclass(frozen=True, slots=True)
class RiskTown:
    """The market's purchases as a table, and which ring each row belongs to (0 = none)."""

    table: PurchaseTable
    ring: NDArray[np.int64]
    table_map: TableMap


def make_risk_town(seed: int) -> RiskTown:
    """The same seed gives the same market. The truth becomes labels that arrive late; the engine sees nothing else of it."""
    market, truth = make_market(MarketPlan(people=PEOPLE, days=DAYS, seed=seed, rings=RINGS, typologies=TYPOLOGIES))
    rows = np.flatnonzero(
        (market.events[:, 1] == EventKind.PURCHASE) & (market.events[:, MARKET_SCHEMA.place("credit")] == 1)
    )
    events, n = market.events[rows], len(rows)
    texts = {name: _name(events[:, MARKET_SCHEMA.place(name)], word) for name, word in WORDS.items()}
    at_us = events[:, 0]
    table = PurchaseTable(
        ids=[f"R{k:06d}" for k in range(1, n + 1)], customers=texts["customer"], merchants=texts["merchant"],
        categories=[f"goods {k}" for k in events[:, MARKET_SCHEMA.place("category")].tolist()], at_us=at_us,
        day=(at_us + OFFSET_US) // DAY_US, amount_minor=events[:, 2],
        digest=hashlib.sha256(b"honghua demo, risk" + events.tobytes()).digest(),
        scenes={name: texts[name] for name in SCENE if name in texts}, labels=truth.fraud[rows].astype(np.int8),
    )  # fmt: skip
    return RiskTown(table, truth.ring[rows], TableMap(labels={"delay_days": DELAY_DAYS}, limit_minor=5_000_000))


def _name(keys: NDArray[np.int64], word: str) -> list[str]:
    """Short names for keys, in the order in which they turn up; nothing for an absent one."""
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(1, len(first) + 1)
    return [f"{word}{rank[k]}" if key else "" for k, key in zip(which.tolist(), keys.tolist(), strict=True)]


def live_risk(database: Database, seed: int, beside: Beside) -> dict[str, Any]:
    """Live through it, or what is left of it; the figures, and a purchase of a ring that was stopped."""
    town = make_risk_town(seed)
    told = replay_table(database, town.table, town.table_map, source="honghua demo, risk", seed=seed, beside=beside)
    with connect(database) as conn:
        return {**told, **_judge_rings(conn, town)}


def _judge_rings(conn: psycopg.Connection, town: RiskTown) -> dict[str, Any]:
    """What became of crimes and of honest purchases once a model could judge, and a crime that was stopped."""
    table, prefix = town.table, f"replay:{town.table.digest.hex()[:16]}:tx:"
    assert table.labels is not None, "a market with labels"
    places = {name: k for k, name in enumerate(table.ids)}
    since = int(table.day[0]) + FIRST_REFIT_DAYS
    counts: dict[str, dict[str, int]] = {"crime": {}, "honest": {}}
    stopped: list[tuple[bool, int]] = []
    for key, answer in list_answers(conn, prefix):
        row = places[key.removeprefix(prefix)]
        if table.day[row] < since:
            continue
        crime = bool(table.labels[row] == 1)
        short = answer.get("code") in SHORT
        word = str(answer["outcome"]).replace("_", " ") + (" for lack of limit" if short else "")
        counts["crime" if crime else "honest"][word] = counts["crime" if crime else "honest"].get(word, 0) + 1
        if crime and not short and answer["outcome"] != "approved":
            stopped.append((answer["outcome"] != "refused", find_decision_id(answer)))
    return {"with_model": counts, "stopped": min(stopped)[1] if stopped else None}


def show_risk(console: Console, conn: psycopg.Connection, told: dict[str, Any], *, program: str) -> None:
    """The market in figures, one stopped crime told rule by rule, and how to look further."""
    say = partial(console.print, highlight=False, markup=False, soft_wrap=True)
    say(
        f"\nReal-time risk, in a market with {RINGS} rings of each of {len(TYPOLOGIES)} kinds: {told['purchases']:,} purchases, "
        f"{told['approved']:,} approved, {told['stepped_up']:,} stepped up, {told['reviewed']:,} reviewed, {told['refused']:,} refused."
    )
    for kind, found in told["with_model"].items():
        words = ", ".join(f"{word} {count:,}" for word, count in sorted(found.items()))
        say(f"  {kind:6} purchases since a model judges: {words or 'none'}")
    stopped = told["stopped"]
    if stopped is not None:
        say("")
        for line in tell_purchase(conn, stopped):
            say(f"  {line}")
        say("\nLook on")
        for words in (f"decision show {stopped}", "release status", "review list", "decision replay"):
            say(f"  {program} {words}")


def tell_purchase(conn: psycopg.Connection, decision_id: int) -> list[str]:
    """Why it was stopped: rules, detectors and reasons, as `honghua decision show` tells them."""
    trace = decision.find_trace(conn, decision_id, find_scorer=decision.find_scorer)
    assert trace is not None, "it was judged"
    head = f"purchase {decision_id}: {trace.outcome} {trace.reason} ({trace.agent or trace.sentence})"
    return [head, *trace.story, *trace.models]


__all__ = ["RiskTown", "live_risk", "make_risk_town", "show_risk", "tell_purchase"]
