"""Days: income, costs, shocks, needs, repayment and what answers do to people."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from honghua.base.rng import derive_rng
from honghua.sim.core.citizens import (
    NEVER_DAY,
    Bills,
    Heard,
    LifeEvent,
    Lift,
    PayRhythm,
    Setting,
    Stage,
    first_standing,
    hear,
    income_on,
    needs_of,
    pass_day,
    repays,
    settle_citizens,
)
from honghua.sim.core.citizens.history import OUT_OF_WORK_PAY
from honghua.sim.core.citizens.standing import share_purse
from honghua.sim.core.outcomes import Heard as Word
from honghua.sim.core.plan import CityPlan
from honghua.sim.scene_file import standard_scenes

BOOK = standard_scenes()
PLAN = CityPlan(BOOK, people=3_000, days=120, seed=31)
EVERYBODY = np.arange(PLAN.people)
CALM = np.ones(len(BOOK))
RICH = 10**9


@pytest.fixture(scope="module")
def citizens():
    return settle_citizens(PLAN)


@pytest.fixture
def standing(citizens):
    return first_standing(citizens, EVERYBODY, derive_rng(1, "start"))


def rng(*labels):
    return derive_rng(1, "test", *labels)


def lines(citizens, minor: int = 10_000_00):
    return np.where(citizens.line_day < 0, minor, -1)


def a_month_of_needs(citizens, standing, setting: Setting, days: int = 10):
    found = [needs_of(citizens, standing, BOOK, setting._replace(day=day), rng("needs", day)) for day in range(days)]
    return type(found[0])(*(np.concatenate(column) for column in zip(*found)))


def test_income_of_a_month_is_the_base(citizens, standing):
    standing.back_day[:] = -1
    february = range(27, 55)
    month = np.sum([income_on(citizens, standing, day, rng("income", day)) for day in february], axis=0)
    for pay in PayRhythm:
        mine = citizens.rhythm_of_pay == pay
        ratio = month[mine].sum() / citizens.base_minor[mine].sum()
        assert ratio == pytest.approx(1.0 if pay == PayRhythm.MONTHLY else 28 / 30.4, abs=0.1), pay
    monthly = citizens.rhythm_of_pay == PayRhythm.MONTHLY
    assert (month[monthly] > 0).all()


def test_who_is_out_of_work_earns_little(citizens, standing):
    standing.back_day[:] = -1
    usual = income_on(citizens, standing, 36, rng("pay"))
    standing.back_day[:] = 100
    without = income_on(citizens, standing, 36, rng("pay"))
    paid = usual > 10_000
    assert without[paid] / usual[paid] == pytest.approx(OUT_OF_WORK_PAY, rel=0.01)


def test_costs_leave_once_a_month(citizens, standing):
    rent = np.zeros(len(standing), np.int64)
    costs = np.zeros(len(standing), np.int64)
    for day in range(27, 55):
        today = pass_day(citizens, standing, day, rng("day", day))
        rent, costs = rent + today.rent_minor, costs + today.costs_minor
        assert (standing.wallet_minor >= 0).all()
    assert np.array_equal(rent, citizens.rent_minor)
    assert np.array_equal(rent + costs, citizens.costs_minor)


def test_money_that_runs_out_is_remembered_and_borrowed(citizens, standing):
    standing.wallet_minor[:] = 0
    before = standing.debt_minor.copy()
    pays_rent = citizens.rent_day[EVERYBODY] == 5
    today = pass_day(citizens, standing, 0, rng("poor"))  # 5 January
    much = citizens.costs_minor > 0.06 * citizens.base_minor  # less is no shortage
    alone = citizens.stage[EVERYBODY] == Stage.SINGLE  # others' families may have been paid on this day
    assert today.short[pays_rent & (today.income_minor == 0) & much & alone].all()
    assert (standing.short_day[today.short] == 0).all()
    more = standing.debt_minor > before
    assert more.any()
    assert citizens.borrows[more].all()  # who does not go to other lenders is helped


def test_families_have_one_budget(citizens, standing):
    rng = np.random.default_rng(3)
    standing.wallet_minor[:] = rng.integers(-5_000_00, 9_000_00, len(standing))
    before = standing.wallet_minor.copy()
    share_purse(citizens, standing)
    after, home = standing.wallet_minor, citizens.people.household[standing.who]
    alone = citizens.stage[standing.who] == Stage.SINGLE
    assert (after[alone] == before[alone]).all(), "flatmates pay for themselves"
    sums = np.zeros((2, home.max() + 1), np.int64)
    np.add.at(sums[0], home, before)
    np.add.at(sums[1], home, after)
    assert (sums[0] == sums[1]).all(), "nothing is lost in the family"
    family = ~alone & (sums[0][home] >= 0)
    assert (after[family] >= 0).all(), "nobody lacks what the others have"
    assert ((after >= before) == (before <= 0))[~alone & (after != before)].all()
    poor = ~alone & (sums[0][home] < 0)
    assert (after[poor] <= 0).all(), "who has something gives all of it first"


def test_shocks_come_at_their_rate_and_pass(citizens, standing):
    losses = 0
    for day in range(60):
        before = standing.back_day > day
        pass_day(citizens, standing, day, rng("shock", day))
        losses += ((standing.back_day > day) & ~before).sum()
    rate = losses / len(standing) * 365 / 60
    assert 0.05 < rate < 0.16
    assert (standing.well_day > 0).any()
    assert standing.works(5_000).all()


def test_a_wedding_makes_a_couple(citizens, standing):
    weds = np.flatnonzero((citizens.event == LifeEvent.WEDDING) & (citizens.event_day < 120))
    assert len(weds)
    day = int(citizens.event_day[weds[0]])
    assert standing.stage[weds[0]] == Stage.SINGLE
    pass_day(citizens, standing, day, rng("wedding"))
    assert standing.stage[weds[0]] == Stage.COUPLE


def test_spending_follows_means(citizens, standing):
    """With money at hand, thirty days of own and credit purchases come to what people spend, on average and by income."""
    standing.wallet_minor[:] = RICH
    needs = a_month_of_needs(citizens, standing, Setting(0, CALM, np.full(len(standing), -1)), days=30)
    assert (needs.credit == 0).all()
    spent = np.bincount(needs.who, needs.wish_minor, len(citizens))
    assert spent.sum() / citizens.spend_minor.sum() == pytest.approx(1.0, abs=0.12)
    rich = citizens.base_minor > np.median(citizens.base_minor)
    assert spent[rich].mean() > 1.5 * spent[~rich].mean()


def test_needs_are_well_formed(citizens, standing):
    needs = a_month_of_needs(citizens, standing, Setting(0, CALM, lines(citizens)))
    assert (np.diff(needs.row[needs.row.argsort(kind="stable")]) >= 0).all()
    assert np.array_equal(standing.who[needs.row], needs.who)
    assert needs.wish_minor.min() >= 100
    assert (needs.hour >= 0).all()
    assert (needs.hour < 24).all()
    assert set(needs.credit.tolist()) == {0, 1, 2}
    assert (citizens.line_day[needs.who[needs.credit > 0]] < 0).all()
    own = needs.credit < 2
    assert (
        needs.wish_minor[own] <= standing.wallet_minor[needs.row[own]] * 1.5
    ).all()  # `credit` < 2 means that it can be paid
    assert (needs.months[needs.credit == 0] == 0).all()
    assert (needs.months <= BOOK.months[needs.scene]).all()
    assert (needs.months > 0).any()


def test_who_is_short_puts_off_what_can_wait(citizens, standing):
    setting = Setting(0, CALM, np.full(len(standing), 10_000_00))
    standing.wallet_minor[:] = RICH
    usual = a_month_of_needs(citizens, standing, setting)
    standing.wallet_minor[:] = 0
    tight = a_month_of_needs(citizens, standing, setting)
    wants = [(needs.must == 0).sum() for needs in (tight, usual)]
    assert len(tight.row) < 0.75 * len(usual.row)
    assert wants[0] / len(tight.row) < wants[1] / len(usual.row)
    assert (tight.credit == 2).all()  # nothing at hand: on credit or not at all
    assert (usual.credit < 2).all()


def test_who_was_refused_comes_back_less(citizens, standing):
    standing.wallet_minor[:] = RICH
    setting = Setting(0, CALM, lines(citizens))
    usual = a_month_of_needs(citizens, standing, setting)
    standing.trust[:] = 0.3
    hurt = a_month_of_needs(citizens, standing, setting)
    assert 0.8 < len(hurt.row) / len(usual.row) < 0.95
    assert (hurt.credit > 0).sum() < 0.6 * (usual.credit > 0).sum()


def test_sales_and_seasons_lift_their_scenes(citizens, standing):
    standing.wallet_minor[:] = RICH
    setting = Setting(0, CALM, lines(citizens))
    usual = a_month_of_needs(citizens, standing, setting)
    sale = a_month_of_needs(citizens, standing, setting._replace(lift=BOOK.promo))
    dear = np.isin(BOOK.code, ("laptop", "refrigerator", "skin-care", "womens-fashion"))
    assert dear[sale.scene].sum() > 2.5 * dear[usual.scene].sum()
    assert len(sale.row) > 1.3 * len(usual.row)


def test_free_months_move_each_by_their_answer(citizens, standing):
    standing.wallet_minor[:] = RICH
    offers = BOOK.free_months > 0
    setting = Setting(0, CALM, lines(citizens))
    counts = []
    for free in (False, True):
        needs = a_month_of_needs(citizens, standing, setting._replace(free_months=free), days=40)
        counts.append(np.bincount(needs.who[offers[needs.scene]], minlength=len(citizens)))
    lift = counts[1].sum() / counts[0].sum()
    assert lift == pytest.approx(1.36, abs=0.12)  # conversion +30 to 40 %
    keen = citizens.lifts[:, Lift.FREE_MONTHS] > np.median(citizens.lifts[:, Lift.FREE_MONTHS])
    assert counts[1][keen].sum() / counts[0][keen].sum() > 1.12 * counts[1][~keen].sum() / counts[0][~keen].sum()


def test_a_higher_limit_is_spent_in_part(citizens, standing):
    """Of what is available more, each spends the share within a year that is the answer to limits: about 0.12 on average."""
    standing.wallet_minor[:] = RICH  # what no credit is asked for is bought all the same
    lifts = citizens.lifts.copy()
    lifts[:, Lift.BASKET] = 0.0
    plain = dataclasses.replace(citizens, lifts=lifts)
    users = citizens.line_day < 0
    spent = []
    for available in (4_000_00, 404_000_00):
        needs = a_month_of_needs(plain, standing, Setting(0, CALM, np.where(users, available, -1)), days=60)
        spent.append(np.bincount(needs.who, needs.wish_minor, len(citizens)))
    more = (spent[1] - spent[0]) * 365 / 60 / 400_000_00
    answer = citizens.lifts[:, Lift.LIMIT]
    assert answer[users].mean() == pytest.approx(0.12, abs=0.02)
    assert more[users].mean() == pytest.approx(answer[users].mean(), rel=0.15)
    assert abs(more[~users].mean()) < 0.02
    keen, calm = users & (answer > 0.15), users & (answer < 0.05)
    assert more[keen].mean() > 2 * more[calm].mean()


def test_coupons_move_who_likes_them(citizens, standing):
    standing.wallet_minor[:] = RICH
    setting = Setting(0, CALM, lines(citizens))
    half = EVERYBODY % 2 == 0
    base = a_month_of_needs(citizens, standing, setting, days=40)
    sent = a_month_of_needs(citizens, standing, setting._replace(coupon=half), days=40)
    count = [np.bincount(needs.who, minlength=len(citizens)) for needs in (base, sent)]
    lift = citizens.lifts[:, Lift.CAMPAIGN]
    for group in (half & (lift > 0.2), half & (lift < 0.0)):
        expected = np.exp(lift[group]).mean()
        assert count[1][group].sum() / count[0][group].sum() == pytest.approx(expected, abs=0.08)
    assert count[1][~half].sum() / count[0][~half].sum() == pytest.approx(1.0, abs=0.04)


def test_events_ask_for_their_scenes(citizens, standing):
    weds = np.flatnonzero((citizens.event == LifeEvent.WEDDING) & (citizens.event_day < 60))
    standing.wallet_minor[:] = RICH
    needs = a_month_of_needs(citizens, standing, Setting(0, CALM, lines(citizens)), days=60)
    wedding = BOOK.milestone[needs.scene] == LifeEvent.WEDDING
    near = np.isin(needs.who[wedding], weds).mean()
    assert near > 30 * len(weds) / len(citizens)


def test_people_go_back_to_the_same_scenes(citizens, standing):
    standing.wallet_minor[:] = RICH
    needs = a_month_of_needs(citizens, standing, Setting(0, CALM, lines(citizens)), days=60)
    seen = needs.who * len(BOOK) + needs.scene
    _, first = np.unique(seen, return_index=True)
    again = 1 - len(first) / len(seen)
    other = np.random.default_rng(2).permutation(needs.scene)  # the same scenes, of anybody
    _, first = np.unique(needs.who * len(BOOK) + other, return_index=True)
    assert again > 1 - len(first) / len(seen) + 0.15


def bills(standing, *, unpaid: int = 200_000, due: int = 10, reminded: bool = False):
    k = len(standing)
    return Bills(np.full(k, unpaid), np.full(k, unpaid // 10), np.full(k, due, np.int32), np.full(k, reminded))


def pay_until(citizens, standing, asked: Bills, days: range) -> np.ndarray:
    left = np.array(asked.unpaid_minor)
    minimum = np.array(asked.minimum_minor)
    for day in days:
        paid = repays(
            citizens, standing, asked._replace(unpaid_minor=left, minimum_minor=minimum), day, rng("pay", day)
        )
        assert (paid <= left).all()
        assert (paid >= 0).all()
        left, minimum = left - paid, np.maximum(minimum - paid, 0)
    return left


def test_most_pay_in_time_and_debits_do_it_themselves(citizens, standing):
    standing.wallet_minor[:] = RICH
    left = pay_until(citizens, standing, bills(standing), range(11))
    willing = standing.means_to_pay
    assert (left[willing & citizens.autopay & (standing.manner == 1.0)] == 0).all()
    assert (left[~willing] == 200_000).all()  # nothing before the due day
    assert 0.7 < (left < 200_000).mean() < 0.98  # the rest forgot
    assert willing.mean() == pytest.approx(citizens.will.mean(), abs=0.01)


def test_large_bills_are_meant_to_be_paid_less_often(citizens, standing):
    meant = []
    for months in (0.2, 3.0):
        asked = bills(standing)._replace(unpaid_minor=(months * citizens.base_minor).astype(np.int64))
        standing.bill_day[:] = -1
        pay_until(citizens, standing, asked, range(5, 6))
        meant.append(standing.means_to_pay.mean())
    assert meant[0] > 0.985
    assert meant[1] < meant[0] - 0.03


def test_who_pays_the_minimum_pays_the_minimum(citizens, standing):
    standing.wallet_minor[:] = RICH
    standing.manner[:] = 0.0
    left = pay_until(citizens, standing, bills(standing), range(11))
    debited = standing.means_to_pay & citizens.autopay
    assert (left[debited] <= 180_000).all()
    assert (left[debited] > 100_000).all()


def test_nobody_pays_from_an_empty_wallet(citizens, standing):
    standing.wallet_minor[:] = 5_000
    pay_until(citizens, standing, bills(standing), range(30))
    assert (standing.wallet_minor >= 0).all()


def test_reminders_bring_money_in(citizens, standing):
    left = []
    for reminded in (False, True):
        standing.wallet_minor[:] = RICH
        standing.bill_day[:] = -1
        left.append(pay_until(citizens, standing, bills(standing, reminded=reminded), range(3, 9)) > 0)
    assert left[1].mean() < left[0].mean() - 0.05


def test_answers_hurt_or_heal(citizens, standing):
    row = np.arange(4)
    wish = np.full(4, 10_000)
    code = np.array([Word.APPROVED, Word.REFUSED_LIMIT, Word.REFUSED_RISK, Word.NOT_TRIED], np.int8)
    before = standing.wallet_minor[:4].copy()
    plain = dataclasses.replace(citizens, has_card=np.zeros(len(citizens), np.bool_))
    hear(plain, standing, Heard(row, wish, np.where(row == 0, wish, 0), code, row == 3))
    assert standing.trust[:4].tolist() == pytest.approx([1.0, 0.94, 0.80, 1.0])
    assert (before - standing.wallet_minor[:4]).tolist() == [0, 0, 0, 10_000]
    hear(
        citizens,
        standing,
        Heard(
            np.zeros(50, np.int64),
            np.zeros(50, np.int64),
            np.zeros(50, np.int64),
            np.full(50, 5, np.int8),
            np.zeros(50, np.bool_),
        ),
    )
    assert standing.trust[0] == pytest.approx(0.2)
    for day in range(100):
        pass_day(citizens, standing, day, rng("heal", day))
    assert standing.trust[0] > 0.85


def test_days_repeat(citizens):
    twice = []
    for _ in range(2):
        standing = first_standing(citizens, EVERYBODY[:500], rng("again"))
        for day in range(5):
            pass_day(citizens, standing, day, rng("again", day))
        setting = Setting(5, CALM, lines(citizens)[:500])
        needs = needs_of(citizens, standing, BOOK, setting, rng("again", "needs"))
        twice.append((standing.wallet_minor.tobytes(), needs.wish_minor.tobytes(), needs.scene.tobytes()))
    assert twice[0] == twice[1]
    assert PLAN.days < NEVER_DAY
