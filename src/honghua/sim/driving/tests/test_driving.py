"""The pure parts of driving: names that tell nothing, screens, the diary's last word, manners, and the planned market as an actor."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from honghua.features.core import EventKind
from honghua.sim.core.draft import NONE, US_PER_DAY, US_PER_HOUR, draft
from honghua.sim.core.market import MarketPlan
from honghua.sim.core.outcomes import Heard, Outcomes
from honghua.sim.driving.diary import WORDS, Diary, read_diary
from honghua.sim.driving.link import hear
from honghua.sim.driving.manners import passes_step_up
from honghua.sim.driving.names import Names, find_person, name_column, name_person
from honghua.sim.driving.screens import NEVER_DUE, Screens
from honghua.sim.driving.tests.market_actor import MarketActor

NAMES = Names(7, dt.date(2026, 3, 1), ("food", "phones"), ("巷口咖啡",))


def test_local_time_becomes_an_instant():
    assert NAMES.at(0) == dt.datetime(2026, 2, 28, 16, tzinfo=dt.UTC)
    assert NAMES.at(3 * US_PER_DAY + 20 * US_PER_HOUR) == dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
    assert NAMES.day_end(0) == dt.datetime(2026, 3, 1, 15, 59, 59, 999_999, tzinfo=dt.UTC)
    assert NAMES.date(31) == dt.date(2026, 4, 1)


def test_keys_are_the_same_for_ever_and_without_order():
    acts = np.arange(1_000)
    keys = NAMES.keys(acts)
    assert len(set(keys)) == 1_000
    assert keys == NAMES.keys(acts)
    assert keys != Names(8, NAMES.first_day, NAMES.categories).keys(acts)
    assert sorted(keys) != keys
    assert all(key.startswith(NAMES.prefix) for key in keys)


@pytest.mark.parametrize("who", [0, 17, 1_234_567])
def test_people_are_found_by_name(who):
    assert find_person(name_person(who)) == who


def test_strangers_and_absent_ids_have_no_place():
    assert find_person("C0001") is None
    assert find_person("Paul") is None
    assert name_column("device", np.array([3, NONE])) == ["device 3", ""]
    assert (NAMES.shop(0), NAMES.shop(5)) == ("巷口咖啡", "shop 00005")


def test_screens_add_bills_up_and_forget_them():
    screens = Screens(np.array([100, 200]))
    screens.add_bill(1, unpaid_minor=50, minimum_minor=5, due_day=40)
    screens.add_bill(1, unpaid_minor=30, minimum_minor=30, due_day=9)
    screens.add_bill(0, unpaid_minor=0, minimum_minor=0, due_day=9)
    assert (screens.due_minor.tolist(), screens.minimum_minor.tolist()) == ([0, 80], [0, 35])
    assert screens.due_day.tolist() == [NEVER_DUE, 9]
    screens.forget_bills()
    assert screens.due_minor.sum() == screens.minimum_minor.sum() == 0
    assert screens.free_minor.tolist() == [100, 200]


def test_the_diary_keeps_the_last_word_on_each_act_in_order_of_time(tmp_path):
    diary = Diary()
    rows = draft(at_us=[5, 3], act=[1, 2], customer=[7, 8], crime=[0, 3], ring=[0, 4])
    said = {
        "wanted_minor": np.array([10, 20]),
        "word": np.array([1, 4]),
        "short": np.zeros(2),
        "decision_id": np.array([1, 2]),
    }
    diary.note(rows, granted_minor=np.array([10, 0]), heard=np.array([1, 6]), **said)
    again = {name: values[1:] for name, values in said.items()}
    diary.note(rows.take(np.array([1])), granted_minor=np.array([20]), heard=np.array([3]), **again)
    found = diary.columns()
    assert found["act"].tolist() == [2, 1]
    assert found["granted_minor"].tolist() == [20, 10]
    assert found["heard"].tolist() == [3, 1]
    diary.save(tmp_path)
    assert {name: values.tolist() for name, values in read_diary(tmp_path).items()} == {
        name: values.tolist() for name, values in found.items()
    }


@pytest.mark.parametrize(
    ("answer", "first", "expected"),
    [
        ({"outcome": "approved", "amount_minor": 100}, "approved", Heard.APPROVED),
        ({"outcome": "approved", "held_minor": 60}, "approved", Heard.APPROVED_LESS),
        ({"outcome": "approved", "amount_minor": 100}, "step_up", Heard.PASSED_STEP_UP),
        ({"outcome": "refused", "code": "LIMIT_SHORT"}, "refused", Heard.REFUSED_LIMIT),
        ({"outcome": "refused", "code": "OVERDUE"}, "refused", Heard.REFUSED_LIMIT),
        ({"outcome": "refused", "code": "RISK_REFUSED"}, "refused", Heard.REFUSED_RISK),
        ({"outcome": "step_up"}, "step_up", Heard.REFUSED_RISK),
        ({"outcome": "review"}, "review", Heard.DELAYED),
        ({"outcome": "none"}, "none", Heard.NOT_TRIED),
    ],
)
def test_answers_are_heard(answer, first, expected):
    assert hear(answer, 100, first=first) == expected
    assert first in WORDS


def test_who_is_not_the_holder_rarely_proves_to_be():
    acts = np.arange(4_000)
    honest = passes_step_up(draft(at_us=acts, act=acts), seed=1)
    takeover = passes_step_up(draft(at_us=acts, act=acts, crime=2 * 7 + 1), seed=1)
    assert honest.mean() == pytest.approx(0.97, abs=0.01)
    assert takeover.mean() == pytest.approx(0.05, abs=0.015)
    assert (honest == passes_step_up(draft(at_us=acts, act=acts), seed=1)).all()


def test_a_market_actor_refunds_what_was_granted_and_nothing_else():
    actor = MarketActor(MarketPlan(200, 12, 3, rings=1), np.array([], np.int64))
    back = 0
    for day in range(12):
        rows = actor.wants(day)
        assert (np.diff(rows["at_us"]) >= 0).all()
        assert (rows["at_us"] // US_PER_DAY == day).all()
        assert len(np.unique(rows["act"])) == len(rows)
        refunds = rows["kind"] == EventKind.REFUND
        assert (rows["about"][refunds] % 2 == 0).all()
        assert (rows["amount_minor"][refunds] <= 1_000).all()
        back += int(refunds.sum())
        granted = np.where(rows["act"] % 2 == 0, 1_000, 0)  # every other act comes about, with ten yuan
        code = np.where(granted > 0, Heard.APPROVED, Heard.REFUSED_LIMIT).astype(np.int8)
        actor.hear(day, rows, Outcomes(code, granted))
    assert back > 0
