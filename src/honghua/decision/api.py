"""Decide, record, replay; release policies and steer them. Acts of people are in `releases`, `lists`, `experiments`, `brakes`,
re-exported here; every function that writes does so in the caller's transaction, but for `Watch.judge`, which wants none open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray

from honghua.decision import store, store_judged
from honghua.decision.backtesting import SEGMENTS_MAX, Segments, read_recorded_parts, run_backtest
from honghua.decision.brakes import (
    Silenced,
    find_protected,
    lift,
    list_brakes,
    list_suppressions,
    record_changes,
    reopen,
    suppress,
)
from honghua.decision.core import FEATURES, WITHIN_LIMIT, DecisionRow, evaluate
from honghua.decision.core.brake import BrakeChange, BrakePlan
from honghua.decision.core.docket import Docket, record_batch
from honghua.decision.core.judging import Judge, Prepared
from honghua.decision.core.policy import BUNDLES
from honghua.decision.core.records import JudgedColumns
from honghua.decision.engine import DecisionEngine, EngineSettings, Sensed
from honghua.decision.experiments import (
    find_holdout,
    list_experiments,
    set_holdout,
    start_experiment,
    stop_experiment,
)
from honghua.decision.kept_models import (
    PLAN_FILE,
    check_examined,
    digest_files,
    find_problems,
    keep_beside,
    keep_model,
    load_model,
    read_model_files,
    save_model,
    unpack_model,
    write_files,
)
from honghua.decision.lists import (
    Listed,
    ListName,
    ShownEntry,
    Standing,
    add_entries,
    find_key,
    list_entries,
    read_csv,
    read_instant,
    read_standing,
    remove_entries,
)
from honghua.decision.monitoring.alerts import Alert, Told, deliver_alerts, list_alerts, mark_seen, raise_alert
from honghua.decision.monitoring.challenging import (
    ChallengerBounds,
    ChallengerView,
    stop_challenger,
    view_challenger,
)
from honghua.decision.monitoring.drifting import DriftDay, count_drift, list_drift, sentence_of
from honghua.decision.monitoring.evidence import Edge, Evidence, find_evidence
from honghua.decision.monitoring.store import list_newest
from honghua.decision.proposing import Draft, compile_draft, find_champion, name_role, prepare_proposal
from honghua.decision.releases import (
    PURPOSE,
    Act,
    Proposal,
    Role,
    activate,
    ensure_first_release,
    find_lineup,
    find_readers,
    find_unguarded,
    find_waiver,
    get_release,
    list_changes,
    list_releases,
    propose,
    recompile,
    restore_previous,
    review,
)
from honghua.decision.replaying import Difference, FindScorer, Replayed, Scorer, read_frozen, replay
from honghua.decision.scoring import find_scorer
from honghua.decision.shadow import ShadowView, find_warming, list_shadows
from honghua.decision.showing import Trace, find_trace
from honghua.decision.slots.kept import (
    SlotModel,
    SlotWord,
    find_slot_model,
    find_ungiven,
    get_slot_model,
    keep_slot_model,
)
from honghua.decision.slots.learning import JudgedRows, iterate_rows, list_columns
from honghua.decision.snapshots import load_newest, save_snapshot
from honghua.decision.store_control import BrakeRow, Suppression
from honghua.decision.store_judged import read_events
from honghua.decision.store_policy import Change, LineupRow, ReleaseRow
from honghua.decision.viewing.counting import Delays, OutcomeCount, count_judged, count_outcomes, measure_delays
from honghua.decision.viewing.feed import FeedFilter, FeedPage, Judged, list_judged
from honghua.decision.viewing.neighbourhood import Contact, Neighbourhood, find_around, find_neighbourhood
from honghua.decision.viewing.rings import Ring, RingSearch, SharedThing, find_rings
from honghua.decision.watching import EngineTerms, Watch, ensure_first, find_vocabulary

BundleIds = dict[bytes, int]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision of the account rules alone, for people: features under their names."""

    account_id: int
    decision_id: int
    bundle: str
    digest: str
    outcome: int
    reason: str
    features: dict[str, int]
    recorded_at: str


def ensure_bundles(conn: psycopg.Connection) -> BundleIds:
    """Register every known bundle; returns ids by digest."""
    return store.ensure_bundles(conn, {bundle.digest: bundle.name for bundle in BUNDLES.values()})


def record_decisions(conn: psycopg.Connection, bundle_ids: BundleIds, rows: Sequence[DecisionRow]) -> None:
    """Append decisions of the account rules, in the caller's transaction."""
    store.insert_decisions(conn, bundle_ids[WITHIN_LIMIT.digest], rows)


def record_judged(
    conn: psycopg.Connection, judge: Judge, columns: JudgedColumns, changes: Iterable[tuple[int, BrakeChange]], *,
    now: dt.datetime,
) -> None:  # fmt: skip
    """Append what `Docket.close` or `record_batch` gave: records, what the shadows said, what the brake found."""
    store_judged.insert_judged(conn, judge.force.regime_id, columns)
    bundles = {seat.bundle_id: seat.bundle for seat in judge.force.seats}
    record_changes(conn, [(bundles[number], number, change) for number, change in changes], now=now)


def replay_decisions(
    conn: psycopg.Connection, *, ids: Sequence[int] | None = None, sample: int | None = None
) -> tuple[int, list[int]]:
    """Judge recorded vectors again with their own bundle, old records and new: (how many, ids of those that differ)."""
    found = replay_all(conn, ids=ids, sample=sample, find_scorer=None)
    return found.count, [difference.decision_id for difference in found.different]


def replay_all(
    conn: psycopg.Connection, *, ids: Sequence[int] | None, sample: int | None, find_scorer: FindScorer | None
) -> Replayed:
    """The same with models, whose scores must come out bit for bit, and with what differs in each record.

    A sample is spread over both kinds of record, half of it each where both have enough.
    """
    judged = replay(conn, ids=ids, sample=sample, find_scorer=find_scorer)
    rest = sample if sample is None else sample - judged.count
    if rest == 0:
        return judged
    digests = {bundle_id: digest for digest, bundle_id in ensure_bundles(conn).items()}
    for decision_id, bundle_id, outcome, reason, vector in store.iterate_decisions(conn, ids=ids, sample=rest):
        verdict = evaluate(digests[bundle_id], vector)
        judged.count += 1
        if (int(verdict.outcome), verdict.code) != (outcome, reason):
            judged.different.append(Difference(decision_id, ("outcome",)))
    return judged


def read_outcomes(conn: psycopg.Connection, account_ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """(account id, decision id, outcome) of every decision on these accounts, in parallel int64 columns."""
    old, new = store.read_outcomes(conn, account_ids), store_judged.read_outcomes(conn, account_ids)
    return tuple(np.concatenate(pair) for pair in zip(old, new))


def find_decision(conn: psycopg.Connection, decision_id: int) -> DecisionView | None:
    """One decision of the account rules alone by id, or None; `find_trace` for the others."""
    row = store.find_decision(conn, decision_id)
    if row is None:
        return None
    account_id, name, digest, outcome, reason, vector, recorded_at = row
    return DecisionView(
        account_id, decision_id, name, bytes(digest).hex(), outcome, reason or "", dict(zip(FEATURES, vector, strict=True)),
        recorded_at.isoformat(),
    )  # fmt: skip


__all__ = [
    "PLAN_FILE",
    "PURPOSE",
    "SEGMENTS_MAX",
    "Act",
    "Alert",
    "BrakeChange",
    "BrakePlan",
    "BrakeRow",
    "BundleIds",
    "ChallengerBounds",
    "ChallengerView",
    "Change",
    "Contact",
    "DecisionEngine",
    "DecisionRow",
    "DecisionView",
    "Delays",
    "Difference",
    "Docket",
    "Draft",
    "DriftDay",
    "Edge",
    "EngineSettings",
    "EngineTerms",
    "Evidence",
    "FeedFilter",
    "FeedPage",
    "FindScorer",
    "Judge",
    "Judged",
    "JudgedColumns",
    "JudgedRows",
    "LineupRow",
    "ListName",
    "Listed",
    "Neighbourhood",
    "OutcomeCount",
    "Prepared",
    "Proposal",
    "ReleaseRow",
    "Replayed",
    "Ring",
    "RingSearch",
    "Role",
    "Scorer",
    "Segments",
    "Sensed",
    "ShadowView",
    "SharedThing",
    "ShownEntry",
    "Silenced",
    "SlotModel",
    "SlotWord",
    "Standing",
    "Suppression",
    "Told",
    "Trace",
    "Watch",
    "activate",
    "add_entries",
    "check_examined",
    "compile_draft",
    "count_drift",
    "count_judged",
    "count_outcomes",
    "deliver_alerts",
    "digest_files",
    "ensure_bundles",
    "ensure_first",
    "ensure_first_release",
    "find_around",
    "find_champion",
    "find_decision",
    "find_evidence",
    "find_holdout",
    "find_key",
    "find_lineup",
    "find_neighbourhood",
    "find_problems",
    "find_protected",
    "find_readers",
    "find_rings",
    "find_scorer",
    "find_slot_model",
    "find_trace",
    "find_ungiven",
    "find_unguarded",
    "find_vocabulary",
    "find_waiver",
    "find_warming",
    "get_release",
    "get_slot_model",
    "iterate_rows",
    "keep_beside",
    "keep_model",
    "keep_slot_model",
    "lift",
    "list_alerts",
    "list_brakes",
    "list_changes",
    "list_columns",
    "list_drift",
    "list_entries",
    "list_experiments",
    "list_judged",
    "list_newest",
    "list_releases",
    "list_shadows",
    "list_suppressions",
    "load_model",
    "load_newest",
    "mark_seen",
    "measure_delays",
    "name_role",
    "prepare_proposal",
    "propose",
    "raise_alert",
    "read_csv",
    "read_events",
    "read_frozen",
    "read_instant",
    "read_model_files",
    "read_outcomes",
    "read_recorded_parts",
    "read_standing",
    "recompile",
    "record_batch",
    "record_decisions",
    "record_judged",
    "remove_entries",
    "reopen",
    "replay_all",
    "replay_decisions",
    "restore_previous",
    "review",
    "run_backtest",
    "save_model",
    "save_snapshot",
    "sentence_of",
    "set_holdout",
    "start_experiment",
    "stop_challenger",
    "stop_experiment",
    "suppress",
    "unpack_model",
    "view_challenger",
    "write_files",
]  # fmt: skip
