"""A seat whose people change: months of rows with planted truth, and a first champion filed on them."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass

import numpy as np

from honghua.base.errors import Refusal
from honghua.lab.monitoring import api as monitoring
from honghua.models import api as models
from honghua.models.examining import api as examining
from honghua.models.registry import api as registry

NAMES = ("income", "debt", "times", "age")
BEFORE, AFTER = np.array([-1.1, 0.9, 0.4, 0.0]), np.array([0.1, 0.9, -0.9, 1.0])
DRIFT = 4  # the cycle from which on people behave otherwise
MONTHS = [dt.date(2026, 1 + k, 1) for k in range(9)]


@dataclass
class World:
    """People of a month; after the drift other things make them default, and more of them come with debt."""

    seed: int
    rows: int

    def month(self, number):
        rng = np.random.default_rng([self.seed, number])
        late = number >= DRIFT
        x = rng.normal(size=(self.rows, 4)).astype(np.float32)
        x[:, 1] += 0.5 * late
        chance = 1.0 / (1.0 + np.exp(1.6 - x.astype(np.float64) @ (AFTER if late else BEFORE)))
        keys = np.arange(self.rows) + 100_000 * number
        return keys, x, chance, rng.random(self.rows) < chance

    def groups(self, keys):
        return (examining.Groups("town", keys % 2, ("north", "south")),)


def night_of(month):
    return dt.datetime(month.year, month.month, calendar.monthrange(month.year, month.month)[1], 23, 0, tzinfo=dt.UTC)


def note(conn, version, number, told, scores):
    """A month's scores, by day, and all its outcomes at its end."""
    keys, x, _, ones = told
    now = night_of(MONTHS[number])
    with conn.transaction():
        for day, rows in enumerate(np.array_split(np.arange(len(keys)), 10)):
            batch = registry.ScoredBatch(keys[rows], x[rows], scores[rows])
            registry.note_scores(conn, version, batch, on_day=MONTHS[number].replace(day=1 + 2 * day), now=now)
        registry.note_outcomes(conn, version, registry.Outcomes(keys, ones), as_of=now.date(), now=now)


def first_champion(conn, world):
    """Fitted on the first month, examined on the second, approved by a person."""
    (_, x, _, ones), (keys, later, _, then) = world.month(0), world.month(1)
    trained = models.train_forest(
        x,
        ones.astype(float),
        names=NAMES,
        seed=1,
        params={"num_leaves": 7, "learning_rate": 0.08},
        rounds=45,
        num_threads=1,
    )
    model = models.build_model(trained.forest)
    window = examining.Window(night_of(MONTHS[0]).date(), MONTHS[1], night_of(MONTHS[1]).date())
    rows = examining.ExaminedRows(x, later, then.astype(float), groups=world.groups(keys), window=window)
    found = examining.examine_candidate(models.forest_subject(model), rows, seed=1)
    reference = models.measure_reference(x, model.predict(x), names=NAMES)
    now = night_of(MONTHS[1])
    filing = registry.Filing(
        "young", "pd-12", "forest", model.digest, NAMES,
        {**monitoring.pack_forest(model), registry.DRIFT_FILE: models.pack_reference(reference)},
        {"auc": found.auc.as_list()}, b"d" * 32, "by hand", window.fitted_until, "zhang", found,
    )  # fmt: skip
    with conn.transaction():
        row = registry.file_version(conn, filing, now=now)
        answer = registry.promote(conn, row.version_id, registry.trial_of(found), word=("li", "first"), now=now)
    assert not isinstance(answer, Refusal), (answer, found.problems)
    note(conn, row.version_id, 1, world.month(1), model.predict(later))
    return model
