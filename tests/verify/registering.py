"""Models in the book: filed, examined, one beaten by its child, rolled back to, watched for a night; and what an owner could do to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import psycopg

from honghua.base.errors import Refusal
from honghua.models import api as models
from honghua.models.core.intervals import Interval
from honghua.models.examining import api as examining
from honghua.models.registry import api as registry
from tests.verify.plants import plant

NAMES = ("income", "debt")
SLOPES = np.array([-1.0, 0.8])
ROWS = 600


def predict(x: np.ndarray) -> np.ndarray:
    """A line that reads what is missing as the mean."""
    shown = np.clip(np.nan_to_num(np.asarray(x, np.float64), nan=0.0, posinf=9.0, neginf=-9.0), -9.0, 9.0)
    chance: np.ndarray = 1.0 / (1.0 + np.exp(1.2 - SLOPES[0] * shown[:, 0] - SLOPES[1] * shown[:, 1]))
    return chance


def keep_models(conn: psycopg.Connection, *, now: dt.datetime) -> None:
    """Two versions of one seat, and a day of scores with their outcomes."""
    rng = np.random.default_rng(7)
    old, later = (rng.normal(size=(ROWS, 2)).astype(np.float32) for _ in range(2))
    y = (rng.random(ROWS) < predict(later)).astype(np.float64)
    today = now.date()
    window = examining.Window(
        today - dt.timedelta(days=90), today - dt.timedelta(days=60), today - dt.timedelta(days=1)
    )
    towns = examining.Groups("town", np.arange(ROWS) % 2, ("north", "south"))
    reference = models.pack_reference(models.measure_reference(old, predict(old), names=NAMES))

    def file(number: int, parent: int | None) -> tuple[registry.VersionRow, registry.Trial]:
        digest = bytes([number]) * 32
        subject = models.Subject(NAMES, digest, predict, lambda: (digest, predict), lambda evidence: (), "line")
        rows = examining.ExaminedRows(old, later, y, groups=(towns,), window=window)
        found = examining.examine_candidate(subject, rows, seed=1)
        assert found.passed, found.problems
        filing = registry.Filing(
            "everybody", "pd-12", "line", digest, NAMES, {registry.DRIFT_FILE: reference}, {"auc": found.auc.mid}, b"d" * 32,
            f"run {number}", window.fitted_until, "agent:modeller", found, parent,
        )  # fmt: skip
        return registry.file_version(conn, filing, now=now), registry.trial_of(found)

    with conn.transaction():
        one, trial = file(1, None)
        word = ("li", "out of time")
        assert not isinstance(registry.promote(conn, one.version_id, trial, word=word, now=now), Refusal)
        two, trial = file(2, one.version_id)
        won = replace(trial, rival=one.digest, difference=Interval(0.001, 0.01, 0.02))
        assert not isinstance(registry.promote(conn, two.version_id, won, word=word, now=now), Refusal)
        registry.roll_back(conn, "everybody", "pd-12", person="wang", why="losses", now=now)
        keys = np.arange(ROWS)
        batch = registry.ScoredBatch(keys, later, predict(later))
        registry.note_scores(conn, one.version_id, batch, on_day=today, now=now)
        registry.note_outcomes(conn, one.version_id, registry.Outcomes(keys, y == 1), as_of=today, now=now)
    assert registry.watch_all(conn, now=now).days == 1


ONE = "SELECT 'model ' || min(version_id), min(version_id) FROM models_version WHERE purpose = 'pd-12'"
REGISTERED = (
    plant("a model is champion by hand", "models.standing_is_fold", ONE,
        "UPDATE models_standing SET status = 'retired' WHERE version_id = {1}"),
    plant("a model's history loses a page", "models.standing_is_fold", ONE,
        "DELETE FROM models_act WHERE version_id = {1} AND after = 'retired'"),
    plant("two champions of one seat", "models.one_champion", "SELECT 'seat everybody / pd-12'",
        "DROP INDEX models_standing_champion", "UPDATE models_standing SET status = 'champion'"),
    plant("a champion that never won", "models.champions_won", "SELECT 'model ' || max(version_id), max(version_id) FROM models_version",
        "UPDATE models_act SET evidence = jsonb_set(evidence, '{{difference,0}}', '-0.01') WHERE version_id = {1} AND after = 'champion'"),
    plant("a champion that nobody knows to be fair", "models.champions_won", ONE,
        "UPDATE models_act SET evidence = jsonb_set(evidence, '{{fairness}}', '{{}}') WHERE version_id = {1} AND evidence ? 'fairness'"),
    plant("a model's file is changed", "models.files_as_filed", ONE,
        "UPDATE models_file SET content = content || '\\x00' WHERE version_id = {1}"),
    plant("a model's child is its elder", "models.lineage_known",
        "SELECT 'model ' || max(version_id), max(version_id) FROM models_version",
        "UPDATE models_version SET parent = version_id WHERE version_id = {1}"),
    plant("a night counted more than there was", "models.nights_count",
        "SELECT 'model ' || version_id || ' ' || on_day, version_id FROM models_watch",
        "UPDATE models_watch SET rows = rows + 1 WHERE version_id = {1}"),
)  # fmt: skip
