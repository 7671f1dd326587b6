"""The register in a real database: filing, the gate, history, nights and the audit."""

from __future__ import annotations

import datetime as dt
import functools
import json
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.base.errors import BadInput, IntegrityBroken, NotFound, Refusal
from honghua.models import api as models
from honghua.models.core.intervals import Interval
from honghua.models.examining import api as examining
from honghua.models.examining.tests.planted import NAMES, book
from honghua.models.invariants import check_models
from honghua.models.registry import api as registry
from honghua.models.registry.packing import pack_outcomes, pack_scored, unpack_outcomes, unpack_scored

NOW = dt.datetime(2026, 7, 1, 2, 0, tzinfo=dt.UTC)
FITTED = dt.date(2026, 3, 31)
TOLD = ("li", "better out of time")


def chance(x):
    return 1.0 / (1.0 + np.exp(-(-1.5 - 0.9 * x[:, 0] + 0.8 * x[:, 1] + 0.4 * x[:, 2]).astype(np.float64)))


def filing(number=1, **more) -> registry.Filing:
    x = book(1).x
    reference = models.pack_reference(models.measure_reference(x, chance(x), names=NAMES))
    given: dict[str, Any] = {
        "segment": "young", "purpose": "pd-12", "kind": "line", "digest": bytes([number]) * 32, "columns": NAMES,
        "files": {registry.DRIFT_FILE: reference, "line.json": b"[%d]" % number}, "figures": {"auc": [0.7, 0.76, 0.8]},
        "data_digest": b"d" * 32, "run_id": f"run-{number}", "fitted_until": FITTED, "made_by": "agent:modeller",
    }  # fmt: skip
    return registry.Filing(**(given | more))


def file(conn, number=1, **more):
    """A version whose examination passed: the flag is what an examination would have said."""
    row = registry.file_version(conn, filing(number, **more), now=NOW)
    return replace(row, passed=True)


def trial(row, rival=None, **more) -> registry.Trial:
    given: dict[str, Any] = {
        "digest": row.digest, "rival": None if rival is None else rival.digest, "rows": 900, "ones": 90,
        "auc": Interval(0.7, 0.75, 0.8), "difference": None if rival is None else Interval(0.004, 0.02, 0.036),
        "first_on": dt.date(2026, 4, 1), "last_on": dt.date(2026, 6, 30), "passed": True, "fairness": {"town": True},
    }  # fmt: skip
    return registry.Trial(**(given | more))


def judge(row, champion, told, person="li"):
    wrong = registry.judge_promotion(row, champion, told, person=person, bounds=registry.PromotionBounds())
    return None if wrong is None else wrong.code


def test_the_gate_refuses_each_lack_with_its_own_code(conn):
    with conn.transaction():
        row, other = file(conn, 1), file(conn, 2)
    champion = replace(other, status=registry.Status.CHAMPION)
    good = trial(row, champion)
    assert judge(row, champion, good) is None
    assert judge(row, None, trial(row)) is None
    cases = {
        "MODEL_NO_WIN": replace(good, difference=Interval(-0.001, 0.02, 0.041)),
        "MODEL_UNFAIR": replace(good, fairness={"town": True, "sex": False}),
        "MODEL_FAIRNESS_UNKNOWN": replace(good, fairness={}),
        "MODEL_NOT_OUT_OF_TIME": replace(good, first_on=FITTED),
        "MODEL_TRIAL_STALE": replace(good, rival=b"x" * 32),
        "MODEL_TRIAL_OTHER": replace(good, digest=b"x" * 32),
        "MODEL_TRIAL_THIN": replace(good, ones=29),
        "MODEL_NOT_EXAMINED": replace(good, passed=False, problems=("calibration error: 0.2",)),
    }
    assert {code: judge(row, champion, told) for code, told in cases.items()} == {code: code for code in cases}
    assert judge(row, None, trial(row, auc=Interval(0.48, 0.55, 0.6))) == "MODEL_NO_BETTER_THAN_CHANCE"
    assert judge(replace(row, passed=False), champion, good) == "MODEL_NOT_EXAMINED"
    assert judge(replace(row, status=registry.Status.RETIRED), champion, good) == "MODEL_RETIRED"
    assert judge(replace(row, status=registry.Status.CHAMPION), champion, good) == "MODEL_IS_CHAMPION"
    assert judge(row, champion, good, person="agent:modeller") == "MODEL_SAME_PERSON"
    # The row as it really stands was filed without an examination: the database refuses what the flag above allowed.
    with conn.transaction():
        assert refused(registry.promote(conn, row.version_id, trial(row), word=TOLD, now=NOW)) == "MODEL_NOT_EXAMINED"


def moved(answer):
    assert isinstance(answer, registry.VersionRow), answer
    return answer


def refused(answer):
    assert isinstance(answer, Refusal)
    return answer.code


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(0, 5), st.integers(0, 99))
def test_batches_come_back_as_they_were_and_torn_ones_are_refused(rows, width, seed):
    rng = np.random.default_rng(seed)
    batch = registry.ScoredBatch(
        rng.integers(-9, 9, rows), rng.normal(size=(rows, width)).astype(np.float32), rng.random(rows)
    )
    again = unpack_scored(pack_scored(batch))
    assert all(np.array_equal(getattr(again, name), getattr(batch, name)) for name in ("keys", "x", "scores"))
    outcomes = registry.Outcomes(batch.keys, batch.scores < 0.5)
    back = unpack_outcomes(pack_outcomes(outcomes))
    assert np.array_equal(back.ones, outcomes.ones)
    for torn in (pack_scored(batch)[:-1], pack_outcomes(outcomes), b"HSC"):
        with pytest.raises(IntegrityBroken):
            unpack_scored(torn)
    with pytest.raises(IntegrityBroken):
        unpack_outcomes(pack_scored(batch))


def test_a_life_in_the_register(conn, examined):
    """Filed, challenged, promoted, beaten, rolled back; watched by night; and the audit agrees with all of it."""
    with conn.transaction():
        one = registry.file_version(conn, filing(1, examination=examined(1)), now=NOW)
        again = registry.file_version(conn, filing(1, examination=examined(1)), now=NOW + dt.timedelta(hours=1))
        assert again == one
        kept = registry.KeptExamination(json.loads(json.dumps(examined(2).as_json())))
        assert registry.trial_of(kept) == registry.trial_of(examined(2))
        two = registry.file_version(conn, filing(2, examination=kept, parent=one.version_id), now=NOW)
        assert (one.number, two.number, two.parent) == (1, 2, one.version_id)
        assert refused(registry.roll_back(conn, "young", "pd-12", person="li", why="?", now=NOW)) == "MODEL_NO_CHAMPION"
        assert (
            moved(registry.promote(conn, one.version_id, registry.trial_of(examined(1)), word=TOLD, now=NOW)).status
            == "champion"
        )
        assert (
            moved(registry.challenge(conn, two.version_id, person="li", why="beside it", now=NOW)).status
            == "challenger"
        )
        assert (
            refused(registry.challenge(conn, two.version_id, person="li", why="again", now=NOW))
            == "MODEL_NOT_CANDIDATE"
        )
        stale = registry.promote(conn, two.version_id, registry.trial_of(examined(2)), word=TOLD, now=NOW)
        assert refused(stale) == "MODEL_TRIAL_STALE"
        assert moved(registry.promote(conn, two.version_id, trial(two, one), word=TOLD, now=NOW)).status == "champion"
        assert registry.get_version(conn, one.version_id).status == "retired"
        assert refused(registry.retire(conn, two.version_id, person="li", why="tired", now=NOW)) == "MODEL_SEAT_EMPTY"
        back = moved(registry.roll_back(conn, "young", "pd-12", person="wang", why="losses", now=NOW))
        assert (back.version_id, back.status) == (one.version_id, "champion")
        three = registry.file_version(conn, filing(3), now=NOW)
        assert (
            refused(registry.challenge(conn, three.version_id, person="li", why="?", now=NOW))
            == "MODEL_FAILED_EXAMINATION"
        )
        assert (
            moved(registry.retire(conn, three.version_id, person="li", why="never examined", now=NOW)).status
            == "retired"
        )
    story = [(act.before, act.after, act.person) for act in registry.list_acts(conn, one.version_id)]
    assert story == [
        ("", "candidate", "agent:modeller"), ("candidate", "champion", "li"), ("champion", "retired", "li"),
        ("retired", "champion", "wang"),
    ]  # fmt: skip
    assert [row.version_id for row in registry.list_versions(conn, status=registry.Status.CHAMPION)] == [one.version_id]
    assert registry.load_files(conn, one.version_id)["line.json"] == b"[1]"
    assert (registry.load_examination(conn, one.version_id) or {})["passed"] is True
    with conn.transaction():
        watch_some(conn, one)
    live(conn, one)
    assert all(check.ok for check in check_models(conn))
    assert {check.name: check.checked for check in check_models(conn)}["models.champions_won"] == 3


def watch_some(conn, row):
    """May as at the fitting, June drifted; May's outcomes as said, June's twice as bad."""
    for month, shift in ((5, 0.0), (6, -1.5)):
        for day in (3, 4):
            x = book(10 * month + day, 400, shift=shift).x
            x[:, 3] = np.where(np.arange(400) % (2 if month == 6 else 400) == 0, np.nan, x[:, 3])
            keys = np.arange(400) + 1_000 * day + 100_000 * month
            batch = registry.ScoredBatch(keys, x, chance(x))
            registry.note_scores(conn, row.version_id, batch, on_day=dt.date(2026, month, day), now=NOW)
            ones = np.random.default_rng(100 * month + day).random(400) < np.minimum(
                chance(x) * (1 if month == 5 else 0.4), 1.0
            )
            registry.note_outcomes(conn, row.version_id, registry.Outcomes(keys, ones), as_of=NOW.date(), now=NOW)


def live(conn, row):
    told = []
    found = registry.watch_all(conn, now=NOW, tell=lambda c, one: told.append(one))
    assert (found.days, found.rows, found.vintages, found.unwatched) == (4, 1_600, 2, ())
    assert list(found.broken) == told
    days = registry.list_days(conn, row.version_id)
    assert [day.on_day.month for day in days] == [6, 6, 5, 5]
    assert days[-1].alarms == ()
    said = " ".join(days[0].alarms)
    assert all(
        words in said
        for words in (
            "scores are spread otherwise",
            "scores moved: by +",
            "income is spread",
            "age is missing more or less often: by 50%",
        )
    )
    assert days[0].worst_column == "age"
    may, june = registry.list_vintages(conn, row.version_id)
    assert may.alarms == ()
    assert may.auc is not None
    assert (may.labelled, june.labelled) == (800, 800)
    assert any("defaulted" in alarm for alarm in june.alarms)
    nothing = registry.watch_all(conn, now=NOW)
    assert (nothing.days, nothing.vintages, nothing.broken) == (0, 0, ())
    with conn.transaction():
        x = book(99, 50).x
        registry.note_scores(
            conn, row.version_id, registry.ScoredBatch(np.arange(50), x, chance(x)), on_day=dt.date(2026, 6, 4), now=NOW
        )
    assert registry.watch_all(conn, now=NOW).rows == 450  # the whole day is counted again


@pytest.fixture(scope="module")
def examined():
    """A real examination of a line that answers as `chance` does, with the digest asked for."""
    old, later = book(1), book(2)
    towns = examining.Groups("town", np.arange(len(later.y)) % 2, ("north", "south"))
    window = examining.Window(FITTED, dt.date(2026, 4, 1), dt.date(2026, 6, 30))
    rows = examining.ExaminedRows(old.x, later.x, later.y, groups=(towns,), window=window)

    def make(number):
        digest = bytes([number]) * 32
        subject = models.Subject(NAMES, digest, line, lambda: (digest, line), lambda evidence: (), "line")
        return examining.examine_candidate(subject, rows, seed=1)

    return functools.cache(make)


def line(x):
    return chance(np.clip(np.nan_to_num(np.asarray(x), nan=0.0, posinf=9.0, neginf=-9.0), -9.0, 9.0))


def test_what_cannot_be_filed_or_noted(conn):
    with conn.transaction():
        row = file(conn)
    x = book(3, 5).x
    batch = registry.ScoredBatch(np.arange(5), x, chance(x))
    outcomes = registry.Outcomes(np.arange(5), np.ones(5, bool))
    day = NOW.date()
    for work in (
        lambda: registry.file_version(conn, filing(2, digest=b"short"), now=NOW),
        lambda: registry.file_version(conn, filing(2, files={}), now=NOW),
        lambda: registry.file_version(conn, filing(2, columns=NAMES[:3]), now=NOW),
        lambda: registry.file_version(conn, filing(2, segment="old", parent=row.version_id), now=NOW),
        lambda: registry.note_scores(conn, row.version_id, replace(batch, x=x[:, :2]), on_day=day, now=NOW),
        lambda: registry.note_scores(
            conn, row.version_id, replace(batch, scores=chance(x) * np.nan), on_day=day, now=NOW
        ),
        lambda: registry.note_scores(conn, row.version_id, batch, on_day=day + dt.timedelta(days=1), now=NOW),
        lambda: registry.note_outcomes(conn, row.version_id, outcomes, as_of=day + dt.timedelta(days=1), now=NOW),
        lambda: registry.retire(conn, row.version_id, person=" ", why="?", now=NOW),
        lambda: registry.list_versions(conn, limit=0),
    ):
        with pytest.raises(BadInput), conn.transaction():
            work()
    with pytest.raises(BadInput):
        registry.KeptExamination({"digest": "00"})
    with pytest.raises(NotFound):
        registry.get_version(conn, 10**9)
    with pytest.raises(psycopg.Error), conn.transaction():
        conn.execute("UPDATE models_version SET passed = true")
