"""One recorded judgement as people read it: the figures, every rule that had something to say, lists, arms, models, shadows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from honghua.base.clock import from_micros
from honghua.decision import store_control, store_judged
from honghua.decision.core.compile import explain
from honghua.decision.core.experiment import HOLDOUT, HOLDOUT_WORD
from honghua.decision.core.freezing import thaw
from honghua.decision.core.outcomes import Outcome
from honghua.decision.core.reasons import REASONS
from honghua.decision.core.records import read_bits
from honghua.decision.core.vocabulary import ARM_PREFIX, LIST_PREFIX
from honghua.decision.releases import get_release
from honghua.decision.replaying import FindScorer, Replayed, Replayer
from honghua.decision.store_judged import JudgedPage

Figures = dict[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Trace:
    """A judgement told again, from its record alone. Missing figures are None; `differs` names what a replay finds otherwise."""

    account_id: int
    decision_id: int
    happened_at: str
    policy: str
    release: int
    digest: str
    outcome: str
    reason: str
    sentence: str
    agent: str
    amount_minor: int
    extra_minor: int
    story: tuple[str, ...]
    rules: tuple[dict[str, Any], ...]
    inputs: Figures
    lists: dict[str, bool]
    arms: dict[str, str]
    muted: tuple[str, ...]
    shadows: dict[str, str]
    models: tuple[str, ...]
    signals: Figures
    event: dict[str, int]
    differs: tuple[str, ...]


def find_trace(
    conn: psycopg.Connection, decision_id: int, *, find_scorer: FindScorer | None, every: bool = False
) -> Trace | None:
    """The story of one whole judgement by its id, or None. every: rules that did not hold too."""
    page = store_judged.read_page(conn, "WHERE decision_id = %s", [decision_id])
    if not len(page):
        return None
    replayer = Replayer(conn, find_scorer=find_scorer)
    regime, layout = replayer.regime(int(page.regime_id[0]))
    release = get_release(conn, int(page.bundle_id[0]))
    seat = replayer.seat(release.release_id, regime.layout_id)
    inputs, signals = thaw(
        page.frozen_of(np.zeros(1, np.int64)), inputs=len(layout.inputs), signals=len(layout.signals)
    )
    off = seat.bundle.no_rules_off()
    muted = read_bits(page.muted[0])
    off[list(muted)] = 1
    judged_by = release.model_digest or regime.model_digest
    told = explain(seat.bundle, seat.vectors(inputs)[0], off=off)
    again = Replayed()
    replayer.replay(page, again)
    code = page.reason[0] or ""
    own = dict(zip(layout.inputs, inputs[0].tolist()))
    return Trace(
        account_id=int(page.account_id[0]), decision_id=decision_id, happened_at=from_micros(int(page.at_us[0])).isoformat(),
        policy=release.name, release=release.release_id, digest=release.digest.hex(),
        outcome=Outcome(int(page.outcome[0])).name.lower(), reason=code, sentence=REASONS[code].en if code in REASONS else "",
        agent=REASONS[code].agent_en if code in REASONS else "", amount_minor=int(page.amount_minor[0]),
        extra_minor=int(page.extra_minor[0]), story=tuple(told.lines(every=every)),
        rules=tuple(_plain_rule(rule) for rule in told.rules if every or rule.state != "not held"),
        inputs={n: _plain(v) for n, v in own.items() if not n.startswith((LIST_PREFIX, ARM_PREFIX))},
        lists={n.removeprefix(LIST_PREFIX): v == 1 for n, v in own.items() if n.startswith(LIST_PREFIX)},
        arms=_name_arms(conn, page, regime.experiments), muted=tuple(seat.rules[rule] for rule in muted),
        shadows=_name_shadows(replayer, page, regime.lineup_id),
        models=(*replayer.tell(judged_by, signals), *replayer.tell_slots(seat, layout, (inputs, signals))),
        signals={n: _plain(v) for n, v in zip(layout.signals, signals[0].tolist())},
        event=dict(zip(layout.events, page.event[0].tolist())),
        differs=again.different[0].faults if again.different else (),
    )  # fmt: skip


def _plain(value: float) -> float | int | None:
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _plain_rule(rule: Any) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in ("name", "lane", "state", "spoke", "silent", "condition", "says")}


def _name_arms(conn: psycopg.Connection, page: JudgedPage, running: tuple[int, ...]) -> dict[str, str]:
    known = store_control.name_experiments(conn)
    arms: dict[str, str] = {}
    for number, arm in zip(running, page.arms[0]):
        name, words = known[number]
        arms[name] = HOLDOUT_WORD if arm == HOLDOUT else words[arm - 1]
    return arms


def _name_shadows(replayer: Replayer, page: JudgedPage, lineup_id: int) -> dict[str, str]:
    said = page.shadows[0]
    shadows = replayer.shadows(lineup_id)
    return {f"release {shadow}": Outcome(word).name.lower() for shadow, word in zip(shadows, said)}
