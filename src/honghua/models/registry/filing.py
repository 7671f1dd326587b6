"""Use cases of the register: file a version, move it, roll back, find it again. All inside the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import psycopg

from honghua.base.errors import BadInput, IntegrityBroken, NotFound, Refusal
from honghua.models.core.intervals import Interval
from honghua.models.files import unpack_reference
from honghua.models.registry import store
from honghua.models.registry.packing import (
    Labelled,
    Outcomes,
    ScoredBatch,
    digest_files,
    pack_outcomes,
    pack_scored,
    unpack_outcomes,
    unpack_scored,
)
from honghua.models.registry.records import (
    ActRow,
    Filing,
    PromotionBounds,
    Status,
    Trial,
    VersionRow,
    judge_promotion,
)
from honghua.models.registry.watching import WatchedDay, WatchedVintage, last_words

DRIFT_FILE: Final = "drift.npz"
LISTED_MAX: Final = 10_000
LOOKBACK: Final = dt.timedelta(
    days=62
)  # days of scoring older than this are history, and the night does not open them again
BYTES_MAX: Final = 64 * 2**20


def file_version(conn: psycopg.Connection, filing: Filing, *, now: dt.datetime) -> VersionRow:
    """File a model as a candidate. Safe to repeat: the same run filing the same model of a segment and purpose finds its version."""
    _check_filing(conn, filing)
    store.lock_seat(conn, filing.segment, filing.purpose)
    filed = store.find_filed(conn, filing)
    if filed is None:
        filed = store.insert_version(conn, filing, digest_files(filing.files), now=now)
        why = "" if filing.examination is None else "; ".join(filing.examination.problems)
        told = {
            "person": filing.made_by,
            "why": f"filed by run {filing.run_id}",
            "evidence": {"problems": why},
            "at": now,
        }
        store.insert_act(conn, filed, ("", Status.CANDIDATE.value), told)
    return get_version(conn, filed)


def _check_filing(conn: psycopg.Connection, filing: Filing) -> None:
    size = sum(len(content) for content in filing.files.values())
    if not filing.files or size > BYTES_MAX:
        raise BadInput(f"a version has files, of at most {BYTES_MAX:,} bytes together", code="BAD_FILING")
    if len(filing.digest) != 32 or len(filing.data_digest) != 32:
        raise BadInput("a digest has 32 bytes", code="BAD_FILING")
    if filing.examination is not None and filing.examination.digest != filing.digest:
        raise BadInput("the examination is of another model", code="BAD_FILING")
    if DRIFT_FILE in filing.files and unpack_reference(filing.files[DRIFT_FILE]).names != filing.columns:
        raise BadInput(f"{DRIFT_FILE} was made of other columns", code="BAD_FILING")
    if filing.parent is not None:
        parent = get_version(conn, filing.parent)
        if (parent.segment, parent.purpose) != (filing.segment, filing.purpose):
            raise BadInput("a parent is of the same segment and purpose", code="BAD_FILING")


def challenge(
    conn: psycopg.Connection, version_id: int, *, person: str, why: str, now: dt.datetime
) -> VersionRow | Refusal:
    """Let a candidate that passed its examination run beside the champion."""
    row = _lock(conn, version_id)
    if row.status is not Status.CANDIDATE:
        return Refusal("MODEL_NOT_CANDIDATE", f"it is {row.status.value}; only a candidate becomes a challenger")
    if not row.passed:
        return Refusal("MODEL_FAILED_EXAMINATION", "it did not pass its examination, or nobody examined it")
    return _move(conn, row, Status.CHALLENGER, _word(person, why, {}, now))


def promote(
    conn: psycopg.Connection,
    version_id: int,
    trial: Trial,
    *,
    word: tuple[str, str],
    now: dt.datetime,
    bounds: PromotionBounds | None = None,
) -> VersionRow | Refusal:
    """Make a version champion on a trial; whoever was champion is retired in the same transaction. word: person and why.

    Refused with a reason: not examined or failed, not out of time, too few rows, no sure win over today's champion, not shown to be fair,
    or approved by its maker.
    """
    row = _lock(conn, version_id)
    champion = store.find_champion(conn, row.segment, row.purpose)
    limits = bounds or PromotionBounds()
    wrong = judge_promotion(row, champion, trial, person=word[0], bounds=limits)
    if wrong is not None:
        return wrong
    if champion is not None:
        _move(conn, champion, Status.RETIRED, _word(word[0], f"version {row.number} took its place", {}, now))
    evidence = {**trial.as_json(), "fitted_until": row.fitted_until.isoformat()}
    return _move(conn, row, Status.CHAMPION, _word(*word, evidence, now))


def roll_back(
    conn: psycopg.Connection, segment: str, purpose: str, *, person: str, why: str, now: dt.datetime
) -> VersionRow | Refusal:
    """The champion goes, the one before it comes back: no trial, since it won one before. For the day on which something is wrong."""
    store.lock_seat(conn, segment, purpose)
    champion = store.find_champion(conn, segment, purpose)
    if champion is None:
        return Refusal("MODEL_NO_CHAMPION", "nobody is champion of this segment and purpose")
    before = store.find_champion_before(conn, champion)
    if before is None:
        return Refusal("MODEL_NONE_BEFORE", "there was no champion before this one")
    _move(conn, champion, Status.RETIRED, _word(person, why, {}, now))
    evidence = {"rolled_back_from": champion.digest.hex()}
    return _move(conn, get_version(conn, before), Status.CHAMPION, _word(person, why, evidence, now))


def retire(
    conn: psycopg.Connection, version_id: int, *, person: str, why: str, now: dt.datetime
) -> VersionRow | Refusal:
    """Take a version out. A champion goes only for another one: `promote` or `roll_back`."""
    row = _lock(conn, version_id)
    if row.status is Status.CHAMPION:
        return Refusal("MODEL_SEAT_EMPTY", "a champion goes when another comes: promote one, or roll back")
    if row.status is Status.RETIRED:
        return Refusal("MODEL_RETIRED_ALREADY", "it is retired already")
    return _move(conn, row, Status.RETIRED, _word(person, why, {}, now))


def get_version(conn: psycopg.Connection, version_id: int) -> VersionRow:
    """One version as it stands; NotFound for none."""
    row = store.find_version(conn, version_id)
    if row is None:
        raise NotFound(f"no model version {version_id}", code="MODEL_VERSION_UNKNOWN")
    return row


def find_champion(conn: psycopg.Connection, segment: str, purpose: str) -> VersionRow | None:
    """Whoever holds the seat of a segment and purpose."""
    return store.find_champion(conn, segment, purpose)


def list_versions(
    conn: psycopg.Connection,
    *,
    segment: str | None = None,
    purpose: str | None = None,
    status: Status | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> list[VersionRow]:
    """Versions by id, a page at a time: `after` is the last id of the page before."""
    if not 1 <= limit <= LISTED_MAX:
        raise BadInput(f"versions are listed 1 … {LISTED_MAX:,} at a time")
    told = None if status is None else status.value
    return store.list_versions(conn, segment=segment, purpose=purpose, status=told, after=after, limit=limit)


def list_acts(conn: psycopg.Connection, version_id: int) -> list[ActRow]:
    """All that was done with a version, in order."""
    return store.list_acts(conn, version_id)


def load_files(conn: psycopg.Connection, version_id: int) -> dict[str, bytes]:
    """A version's files, path → bytes; IntegrityBroken when they are not those that were filed."""
    filed = store.find_files_digest(conn, version_id)
    if filed is None:
        raise NotFound(f"no model version {version_id}", code="MODEL_VERSION_UNKNOWN")
    files = store.load_files(conn, version_id)
    if digest_files(files) != filed:
        raise IntegrityBroken(f"the files of model version {version_id} are not those that were filed")
    return files


def load_examination(conn: psycopg.Connection, version_id: int) -> Mapping[str, Any] | None:
    """`Examination.as_json` as it was filed; None when nobody examined the version."""
    return store.load_examination(conn, version_id)


def note_scores(
    conn: psycopg.Connection, version_id: int, batch: ScoredBatch, *, on_day: dt.date, now: dt.datetime
) -> None:
    """Keep what a version scored on a day, so that the night can look at it. BadInput for a day that the night would not open."""
    row = get_version(conn, version_id)
    if batch.x.ndim != 2 or batch.x.shape[1] != len(row.columns):
        raise BadInput(f"version {version_id} reads {len(row.columns)} columns", code="BAD_SHAPE")
    if not now.date() - LOOKBACK < on_day <= now.date():
        raise BadInput(f"{on_day} is not a day that the night would count", code="BAD_DAY")
    store.insert_batch(conn, "scored", (version_id, on_day, len(batch.keys), pack_scored(batch)), now=now)


def note_outcomes(
    conn: psycopg.Connection, version_id: int, outcomes: Outcomes, *, as_of: dt.date, now: dt.datetime
) -> None:
    """Keep what became of rows that a version scored; keys that it never scored are harmless."""
    get_version(conn, version_id)
    if as_of > now.date():
        raise BadInput(f"nobody knows outcomes of {as_of} yet", code="BAD_DAY")
    store.insert_batch(conn, "outcome", (version_id, as_of, len(outcomes.keys), pack_outcomes(outcomes)), now=now)


def read_labelled(conn: psycopg.Connection, version_id: int, *, since: dt.date) -> Labelled:
    """Rows that a version scored after a day and whose outcome is known; the last word about a key counts, and its last scoring."""
    width = len(get_version(conn, version_id).columns)
    scored = [(day, unpack_scored(content)) for day, content in store.read_scored(conn, version_id, since=since)]
    if not scored:
        empty = np.zeros(0)
        return Labelled(
            np.zeros(0, "datetime64[D]"), empty.astype(np.int64), np.zeros((0, width), np.float32), empty, empty > 0
        )
    known, ones = last_words([unpack_outcomes(content) for content in store.read_outcomes(conn, version_id)])
    days = np.repeat(np.array([day for day, _ in scored], "datetime64[D]"), [len(batch.keys) for _, batch in scored])
    keys = np.concatenate([batch.keys for _, batch in scored])
    _, last = np.unique(keys[::-1], return_index=True)
    rows = np.sort(len(keys) - 1 - last)
    rows = rows[np.isin(keys[rows], known)]
    rows = rows[np.lexsort((keys[rows], days[rows]))]
    x = np.concatenate([batch.x for _, batch in scored])[rows]
    scores = np.concatenate([batch.scores for _, batch in scored])[rows]
    return Labelled(days[rows], keys[rows], x, scores, ones[np.searchsorted(known, keys[rows])])


def list_broken(conn: psycopg.Connection, *, since: dt.date) -> dict[int, tuple[str, ...]]:
    """Live versions → what the nights wrote down against them after a day: vintages before days, of each kind of alarm the newest."""
    found: dict[int, dict[str, str]] = {}
    for version, when, alarms in store.list_broken(conn, since=since):
        mine = found.setdefault(version, {})
        for alarm in alarms:
            mine.setdefault(alarm.partition(":")[0], f"{when}: {alarm}")
    return {version: tuple(told.values()) for version, told in found.items()}


def list_labelled(conn: psycopg.Connection, *, since: dt.date) -> frozenset[int]:
    """Live versions that have outcomes known since a day."""
    return frozenset(store.list_labelled(conn, since=since))


def list_days(conn: psycopg.Connection, version_id: int, *, limit: int = 31) -> list[WatchedDay]:
    """What the nights found, the newest day first."""
    return store.list_days(conn, version_id, limit=limit)


def list_vintages(conn: psycopg.Connection, version_id: int) -> list[WatchedVintage]:
    """How each month of scoring does, as far as outcomes are known."""
    return [
        WatchedVintage(
            row[0], row[1], row[2], row[3], row[4], None if row[5] is None else Interval(*_numbers(row[6], row[5], row[7])),
            tuple(row[8]),
        ) for row in store.list_vintages(conn, version_id)
    ]  # fmt: skip


def _numbers(low: float | None, mid: float, high: float | None) -> tuple[float, float, float]:
    return (float("nan") if low is None else low, mid, float("nan") if high is None else high)


def _lock(conn: psycopg.Connection, version_id: int) -> VersionRow:
    row = get_version(conn, version_id)
    store.lock_seat(conn, row.segment, row.purpose)
    return get_version(conn, version_id)  # again: it may have moved between our look and our lock


def _word(person: str, why: str, evidence: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    if not person.strip() or not why.strip():
        raise BadInput("who moves a model has a name and a reason", code="PERSON_OR_REASON_MISSING")
    return {"person": person, "why": why, "evidence": dict(evidence), "at": now}


def _move(conn: psycopg.Connection, row: VersionRow, status: Status, word: Mapping[str, Any]) -> VersionRow:
    store.set_status(conn, row.version_id, status, now=word["at"])
    store.insert_act(conn, row.version_id, (row.status.value, status.value), word)
    return get_version(conn, row.version_id)
