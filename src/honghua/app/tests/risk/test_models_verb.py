"""`honghua models …`: what an operator sees of the register, and a person's word with its refusals."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import numpy as np

from honghua.models import api as models
from honghua.models.examining import api as examining
from honghua.models.registry import api as registry
from honghua.store.database import connect, open_database

NAMES = ("income",)
NOW = dt.datetime(2026, 7, 1, 2, 0, tzinfo=dt.UTC)


def predict(x):
    shown = np.nan_to_num(np.asarray(x, np.float64)[:, 0], nan=0.0, posinf=9.0, neginf=-9.0)
    return 1.0 / (1.0 + np.exp(1.5 + shown.clip(-9, 9)))


def make_subject(digest):
    return models.Subject(NAMES, digest, predict, lambda: (digest, predict), lambda evidence: (), "line")


def file_some(settings):
    """Two versions of one seat, examined on the same rows."""
    rng = np.random.default_rng(1)
    old, later = (rng.normal(size=(800, 1)).astype(np.float32) for _ in range(2))
    y = (rng.random(800) < predict(later)).astype(float)
    rows = examining.ExaminedRows(
        old, later, y, groups=(examining.Groups("town", np.arange(800) % 2, ("north", "south")),),
        window=examining.Window(dt.date(2026, 4, 30), dt.date(2026, 5, 1), dt.date(2026, 5, 31)),
    )  # fmt: skip
    reference = models.pack_reference(models.measure_reference(old, predict(old), names=NAMES))
    with open_database(settings.store) as database, connect(database) as conn, conn.transaction():
        for number in (1, 2):
            digest = bytes([number]) * 32
            subject = make_subject(digest)
            found = examining.examine_candidate(subject, rows, seed=1)
            filing = registry.Filing(
                "young", "pd-12", "line", digest, NAMES, {registry.DRIFT_FILE: reference}, {"auc": found.auc.as_list()}, b"d" * 32,
                f"run {number}", dt.date(2026, 4, 30), "zhang", found,
            )  # fmt: skip
            registry.file_version(conn, filing, now=NOW)


def beat(settings):
    """Version 2 wins a trial against version 1."""
    with open_database(settings.store) as database, connect(database) as conn, conn.transaction():
        told = registry.load_examination(conn, 2)
        assert told is not None
        trial = registry.trial_of(registry.KeptExamination(told))
        won = replace(trial, rival=bytes([1]) * 32, difference=models.Interval(0.01, 0.1, 0.19))
        assert isinstance(registry.promote(conn, 2, won, word=("li", "won"), now=NOW), registry.VersionRow)


def test_models_are_listed_shown_and_moved_by_a_person(settings, honghua):
    assert "No model is filed here" in honghua("models", "list")
    file_some(settings)
    assert (
        honghua("models", "list")
        .splitlines()[0]
        .startswith("1  young / pd-12 version 1: candidate, line 010101010101, AUC 0.7")
    )
    word = ("--by", "li", "--why", "out of time")
    assert "MODEL_SAME_PERSON" in honghua("models", "promote", 1, "--by", "zhang", "--why", "mine", status=1)
    assert "version 1: champion" in honghua("models", "promote", 1, *word)
    refused = json.loads(honghua("models", "promote", 2, *word, "--json", status=1))
    assert refused["refused"] == "MODEL_TRIAL_STALE"
    shown = json.loads(honghua("models", "show", 1, "--json"))
    assert shown["examination"]["passed"]
    beat(settings)
    assert "version 1: champion" in honghua("models", "rollback", "young", "pd-12", *word)
    story = honghua("models", "show", 1)
    assert "champion → retired by li: version 2 took its place" in story
    assert "retired → champion by li: out of time" in story
    assert [one["id"] for one in json.loads(honghua("models", "list", "--status", "champion", "--json"))["models"]] == [
        1
    ]
