"""The nightly job of the models: what breaks is told once and opens one run, however often the night comes."""

from __future__ import annotations

import datetime as dt

import numpy as np

from honghua.agents import api as agents
from honghua.app.clockwork.jobs import Ports, make_jobs, run_jobs
from honghua.base.clock import FixedClock
from honghua.base.errors import Refusal
from honghua.decision import api as decision
from honghua.models import api as models
from honghua.models.examining import api as examining
from honghua.models.registry import api as registry
from honghua.web.keyring import Secrets

NIGHT = dt.datetime(2026, 7, 1, 2, 0, tzinfo=dt.UTC)
NAMES = ("income",)


def predict(x):
    return 1.0 / (
        1.0 + np.exp(1.5 + np.nan_to_num(np.asarray(x, np.float64)[:, 0], nan=0.0, posinf=9, neginf=-9).clip(-9, 9))
    )


def seat_champion(conn):
    """A line that was good in May."""
    rng = np.random.default_rng(1)
    old, later = (rng.normal(size=(800, 1)).astype(np.float32) for _ in range(2))
    y = (rng.random(800) < predict(later)).astype(float)
    digest = b"c" * 32
    subject = models.Subject(NAMES, digest, predict, lambda: (digest, predict), lambda evidence: (), "line")
    groups = (examining.Groups("town", np.arange(800) % 2, ("north", "south")),)
    window = examining.Window(dt.date(2026, 4, 30), dt.date(2026, 5, 1), dt.date(2026, 5, 31))
    found = examining.examine_candidate(
        subject, examining.ExaminedRows(old, later, y, groups=groups, window=window), seed=1
    )
    reference = models.pack_reference(models.measure_reference(old, predict(old), names=NAMES))
    filing = registry.Filing(
        "young", "pd-12", "line", digest, NAMES, {registry.DRIFT_FILE: reference}, {"auc": found.auc.mid}, b"d" * 32, "run",
        window.fitted_until, "agent:modeller", found,
    )  # fmt: skip
    row = registry.file_version(conn, filing, now=NIGHT)
    answer = registry.promote(conn, row.version_id, registry.trial_of(found), word=("li", "first"), now=NIGHT)
    assert not isinstance(answer, Refusal), (answer, found.problems)
    return row.version_id


def night(conn, now):
    (ran,) = run_jobs(conn, make_jobs(Ports()), clock=FixedClock(now), names=["models"])
    assert ran.error is None
    run_jobs(conn, make_jobs(Ports()), clock=FixedClock(now), names=["alerts"])
    return ran.told


def test_a_broken_bound_is_told_once_and_opens_one_run(conn):
    with conn.transaction():
        version = seat_champion(conn)
        x = np.random.default_rng(2).normal(2.0, 1.0, size=(500, 1)).astype(np.float32)
        batch = registry.ScoredBatch(np.arange(500), x, predict(x))
        registry.note_scores(conn, version, batch, on_day=dt.date(2026, 6, 30), now=NIGHT)
    assert night(conn, NIGHT) == "1 days, 500 rows, 0 vintages counted; 1 bounds broken, 1 runs open"
    assert (
        night(conn, NIGHT + dt.timedelta(days=1)) == "0 days, 0 rows, 0 vintages counted; 0 bounds broken, 1 runs open"
    )
    (alert,) = [one for one in decision.list_alerts(conn) if one.kind == "model"]
    assert alert.subject == "model young / pd-12 version 1"
    assert "scores are spread otherwise than at the fitting" in alert.sentence
    (run,) = agents.list_runs(conn, limit=9)
    assert run.subject.startswith("monitor:young:pd-12:63636363")


def test_the_labs_workers_take_an_open_run_up_where_there_is_a_key(conn):
    with conn.transaction():
        version = seat_champion(conn)
        x = np.random.default_rng(2).normal(2.0, 1.0, size=(500, 1)).astype(np.float32)
        batch = registry.ScoredBatch(np.arange(500), x, predict(x))
        registry.note_scores(conn, version, batch, on_day=dt.date(2026, 6, 30), now=NIGHT)

    def take_up(ports, minutes):
        clock = FixedClock(NIGHT + dt.timedelta(minutes=minutes))
        (ran,) = run_jobs(conn, make_jobs(ports), clock=clock, names=["lab-runs"])
        assert ran.error is None
        return ran.told

    ports = Ports(secrets=Secrets(session_key=b"s" * 32, index_key=b"i" * 32, field_keys={1: b"f" * 32}))
    assert take_up(ports, 0) == "no run is open"
    night(conn, NIGHT)
    assert "could not be signed" in take_up(Ports(), 2)
    assert "only a scorecard or a forest is fitted again" in take_up(ports, 4)
    assert take_up(ports, 6) == "no run is open"
