"""The registry of scenes: the file that comes with the program, and files that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from honghua.sim.core.citizens.tastes import tastes_of
from honghua.sim.core.scenes import COLUMNS, Channel, Milestone, SceneProblems, parse_scenes
from honghua.sim.scene_file import SCENES_FILE, standard_scenes

LINE = "tea,茶,Tea,grocery,online,1,60,0.5,0.01,1,0,0,0.7,0,1.6,day,flat,none,0,3000,0"


def test_more_than_two_hundred_scenes():
    book = standard_scenes()
    assert len(book) >= 200
    assert len(set(book.code)) == len(book)
    assert all(book.zh)
    assert all(book.en)
    for one in Channel:
        assert (book.channel == one).any()
    for event in Milestone:
        assert (book.milestone == event).any()
    assert (book.free_months <= book.months).all()
    assert book.resale.any()
    assert book.virtual.any()


def test_columns_are_consistent():
    book = standard_scenes()
    assert np.allclose(book.hours.sum(axis=1), 1)
    assert np.allclose(book.season.mean(axis=1), 1)
    assert (book.online == (book.channel != Channel.OFFLINE)).all()


def test_read_by_hand():
    book = parse_scenes(f"{','.join(COLUMNS)}\n{LINE}\n")
    assert (book.code, book.zh, book.median_yuan[0], book.fee_ppm[0]) == (("tea",), ("茶",), 60.0, 3_000)
    assert book.basket[0]
    assert not book.resale[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("grocery", "groceries"), "groceries"),
        (("online", "telepathy"), "telepathy"),
        (("60,0.5", "0,0.5"), "above 0"),
        ((",0,3000,0", ",0,3000,12"), "free_months"),
        (("1,0,0,0.7", "yes,0,0,0.7"), "yes"),
        (("0,3000,0", "7,3000,0"), "risk"),
    ],
)
def test_wrong_lines_are_named(change, problem):
    with pytest.raises(SceneProblems, match=rf"line 3: .*{problem}"):
        parse_scenes("\n".join([",".join(COLUMNS), LINE, LINE.replace("tea", "tea2", 1).replace(*change)]))


def test_doubled_codes_and_headers():
    with pytest.raises(SceneProblems, match="stands twice"):
        parse_scenes("\n".join([",".join(COLUMNS), LINE, LINE]))
    with pytest.raises(SceneProblems, match="header"):
        parse_scenes("code,zh\ntea,茶")


def test_file_is_the_package_s():
    assert SCENES_FILE.is_file()


def test_tastes_follow_people():
    """Groups are rhythm × sex × band of age × child: women buy cosmetics, parents toys, the young games."""
    book = standard_scenes()
    tastes = tastes_of(book)
    assert np.allclose(tastes.share.sum(axis=1), 1)
    assert np.allclose(tastes.hours[:, :, -1], 1)
    share = tastes.share.reshape(-1, 2, 4, 2, len(book))
    at = {code: place for place, code in enumerate(book.code)}
    assert (share[:, 1, :, :, at["make-up"]] > 3 * share[:, 0, :, :, at["make-up"]]).all()
    assert (share[:, :, :, 1, at["kids-clothing"]] > 5 * share[:, :, :, 0, at["kids-clothing"]]).all()
    assert (share[:, :, 0, :, at["mobile-game"]] > 3 * share[:, :, 3, :, at["mobile-game"]]).all()
