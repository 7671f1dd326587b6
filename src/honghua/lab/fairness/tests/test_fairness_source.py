"""Protected traits are kept apart, compared by night, and erased; the champion that treats groups unlike is told by the night itself."""

from __future__ import annotations

import datetime as dt

import numpy as np
import psycopg
import pytest

from honghua.base.clock import FixedClock
from honghua.base.errors import BadInput
from honghua.lab.api import DatabaseRuns
from honghua.lab.fairness.api import TableProtected, forget_traits, list_kept, note_traits
from honghua.lab.monitoring.api import watch_seats
from honghua.lab.monitoring.tests.drifting import MONTHS, World, first_champion, night_of

NOW = dt.datetime(2026, 7, 1, 2, 0, tzinfo=dt.UTC)
KEYS = np.array([5, 3, 9, 7], np.int64)


def test_traits_come_in_the_order_of_the_rows_and_go_when_erased(conn: psycopg.Connection):
    assert TableProtected(conn).groups(KEYS) == ()
    with conn.transaction():
        note_traits(conn, "sex", np.array([3, 5, 7]), ["f", "m", "f"], source="census file", now=NOW)
        note_traits(conn, "town", np.array([1]), ["north"], source="census file", now=NOW)
        note_traits(conn, "sex", np.array([7]), ["m"], source="corrected", now=NOW)
    (sex,) = TableProtected(conn).groups(KEYS)
    assert (sex.name, sex.words, sex.codes.tolist()) == ("sex", ("f", "m"), [1, 0, -1, 1])
    assert [(one.trait, one.rows, one.source) for one in list_kept(conn)] == [
        ("sex", 2, "census file"), ("sex", 1, "corrected"), ("town", 1, "census file"),
    ]  # fmt: skip
    with conn.transaction():
        assert forget_traits(conn, np.array([5, 7])) == 2
    (sex,) = TableProtected(conn).groups(KEYS)
    assert (sex.words, sex.codes.tolist()) == (("f",), [-1, 0, -1, -1])
    for keys, words, why in (
        ([1, 1], ["a", "b"], "twice"),
        ([1], [""], "empty"),
        (range(200), map(str, range(200)), "different"),
    ):
        with pytest.raises(BadInput, match=why):
            note_traits(conn, "x", np.array(list(keys)), list(words), source="s", now=NOW)


def test_the_night_tells_a_champion_that_treats_groups_unlike(conn: psycopg.Connection):
    world = World(3, 1_500)
    first_champion(conn, world)
    keys, x, _, _ = world.month(1)
    runs = DatabaseRuns(conn, FixedClock(night_of(MONTHS[1])))
    now = night_of(MONTHS[1])
    for words, told in ((np.where(keys % 2, "south", "north"), False), (np.where(x[:, 0] > 0, "rich", "poor"), True)):
        with conn.transaction():
            note_traits(conn, "group", keys, words.tolist(), source="a test", now=now)
        night = watch_seats(conn, runs=runs, now=now, protected=TableProtected(conn))
        sentences = [one for reason, _ in night.opened for one in reason.sentences]
        assert any(one.startswith("unfair: ") and "poor" in one for one in sentences) is told, sentences
