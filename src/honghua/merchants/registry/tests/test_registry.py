"""Admission of merchants: every state, reasons, appeals by somebody else; scenes by file; what a registered merchant may sell."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pytest

from honghua.base.errors import BadInput, Conflict, Refusal
from honghua.base.rng import derive_rng
from honghua.merchants.core import (
    MerchantAct,
    MerchantSigns,
    MerchantState,
    SceneOrder,
    assess,
    check_order,
    follow,
    parse_scenes,
)
from honghua.merchants.core.scenes import COLUMNS
from honghua.merchants.registry.deciding import (
    act_on_merchant,
    apply_merchant,
    check_acceptance,
    check_merchant,
    get_merchant,
    list_merchant_steps,
    list_merchants,
    load_scenes,
)
from honghua.merchants.registry.store import RegisteredMerchant

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
GOOD = MerchantSigns(
    price_ratio_ppm=1_000_000, night_ppm=50_000, refund_ppm=30_000, top_buyers_ppm=100_000, round_amounts_ppm=100_000,
    repeats_ppm=20_000, new_accounts_ppm=100_000, months=36,
)  # fmt: skip
BAD = MerchantSigns(
    price_ratio_ppm=6_000_000, night_ppm=500_000, refund_ppm=300_000, top_buyers_ppm=900_000, round_amounts_ppm=900_000,
    repeats_ppm=500_000, new_accounts_ppm=800_000, months=1,
)  # fmt: skip


def code_of(found: object) -> str:
    assert isinstance(found, Refusal), found
    return found.code


def test_the_file_has_scenes_enough_and_every_rule_of_each():
    book = load_scenes()
    assert len(book) >= 200
    for code in ("second-hand-furniture", "hpv-vaccine", "appliance-trade-in", "ice-snow-tour"):
        scene = book.find(code)
        assert scene is not None
        assert scene.periods
        assert (
            check_order(book, SceneOrder(scene=code, category=scene.categories[0], amount_minor=100_000, periods=3))
            is None
        )
    matrix = book.matrix()
    assert len(matrix) == len(book) * len({category for _, category in matrix})
    for (code, category), sold in matrix.items():
        order = SceneOrder(scene=code, category=category, amount_minor=100)
        assert (check_order(book, order) is None) is sold


LINE = "ice-lake,冰湖,Ice lake,travel,offline,2,5000,3|6,1,travel,0,0,5000,2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("3|6", "1"), "periods"),
        ((",2,5000,", ",9,5000,"), "risk"),
        ((",1,travel", ",2,travel"), "interest_free"),
        (("ice-lake", "Ice Lake"), "code"),
        ((",5000,2", ",-1,2"), "most_yuan"),
        ((",5000,2", ",5000"), "columns"),
        (("offline", "moon"), "channel"),
    ],
)
def test_a_wrong_line_is_named(change, said):
    text = [",".join(COLUMNS), LINE.replace(*change)]
    with pytest.raises(BadInput, match=rf"line 2.*{said}"):
        parse_scenes(text, source="scenes")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"scene": "moon"}, "SCENE_UNKNOWN"),
        ({"category": "phones"}, "CATEGORY_NOT_IN_SCENE"),
        ({"amount_minor": 500_001}, "SCENE_AMOUNT"),
        ({"periods": 12}, "SCENE_PERIODS"),
        ({"periods": 3, "payer": 2}, None),
    ],
)
def test_scene_rules(change, code):
    book = parse_scenes([",".join(COLUMNS), LINE], source="scenes")
    order = SceneOrder(**{"scene": "ice-lake", "category": "travel", "amount_minor": 500_000, **change})
    found = check_order(book, order)
    assert (found and found.code) == code


def test_states_have_no_way_back_from_the_end():
    for state, act in itertools.product(MerchantState, MerchantAct):
        after = follow(state, act)
        if state is MerchantState.ENDED:
            assert isinstance(after, Refusal)
        if act is MerchantAct.ADMIT and not isinstance(after, Refusal):
            assert state in (MerchantState.CHECKED, MerchantState.LIMITED)


def test_planted_bad_merchants_are_found_at_one_false_alarm_in_a_hundred():
    """R-078, on merchants drawn here (not on data of any real shop): what the table of signs is worth on its own premises."""
    scene = load_scenes().find("skin-care")
    assert scene is not None
    rng = derive_rng(7, "merchants")

    def draw(n: int, *, bad: bool) -> np.ndarray:
        def share(low: float, high: float) -> np.ndarray:
            return (rng.beta(*((4, 4) if bad else (2, 12)), n) * (high - low) + low) * 1e6

        ratio = rng.lognormal(0.9 if bad else 0.0, 0.5, n) * 1e6
        columns = [ratio, *(share(0, 1) for _ in range(6)), rng.integers(1, 20 if bad else 80, n)]
        signs = [MerchantSigns(**dict(zip(NAMES, map(int, row), strict=True))) for row in zip(*columns, strict=True)]
        found = [assess(one, [scene]) for one in signs]
        return np.array([one.score for one in found if not isinstance(one, Refusal)])

    good, bad = draw(2_000, bad=False), draw(400, bad=True)
    line = np.quantile(good, 0.99)
    assert (bad > line).mean() > 0.8


NAMES = (
    "price_ratio_ppm", "night_ppm", "refund_ppm", "top_buyers_ppm", "round_amounts_ppm", "repeats_ppm", "new_accounts_ppm", "months",
)  # fmt: skip


class Desk:
    def __init__(self, conn):
        self.conn = conn

    def apply(self, merchant, *scenes):
        with self.conn.transaction():
            return apply_merchant(self.conn, merchant, name=f"{merchant} Ltd", scenes=scenes, now=NOW)

    def check(self, merchant, signs):
        with self.conn.transaction():
            return check_merchant(self.conn, merchant, signs, person="ann", currency="CNY", now=NOW)

    def act(self, merchant, act, *, person="ann", reasons=("looked at it",)):
        with self.conn.transaction():
            return act_on_merchant(self.conn, merchant, act, person=person, reasons=reasons, now=NOW)

    def sells(self, merchant, *, scene="skin-care", amount=100_000):
        return check_acceptance(self.conn, merchant, SceneOrder(scene=scene, category="cosmetics", amount_minor=amount))


def test_the_life_of_merchants(conn):
    desk = Desk(conn)
    assert code_of(desk.apply("M", "moon")) == "SCENES_UNKNOWN"
    assert code_of(desk.sells("M")) == "MERCHANT_UNKNOWN"
    for merchant in ("M", "bad"):
        desk.apply(merchant, "skin-care", "hair-care")
    with pytest.raises(Conflict):
        desk.apply("M", "skin-care")
    assert code_of(desk.act("M", MerchantAct.ADMIT)) == "MERCHANT_MOVE"  # nobody is admitted unchecked
    good, bad = desk.check("M", GOOD), desk.check("bad", BAD)
    assert isinstance(good, RegisteredMerchant)
    assert isinstance(bad, RegisteredMerchant)
    assert (good.proposed, bad.proposed) == ("admit", "refuse")
    assert code_of(desk.sells("M")) == "MERCHANT_NOT_OPEN"
    with pytest.raises(BadInput):
        desk.act("M", MerchantAct.ADMIT, reasons=())
    desk.act("M", MerchantAct.ADMIT)
    assert desk.sells("M") is None
    assert code_of(desk.sells("M", scene="camera")) == "MERCHANT_SCENE"
    assert code_of(desk.sells("M", amount=99_999_999)) == "MERCHANT_ORDER_MAX"
    assert code_of(desk.act("bad", MerchantAct.ADMIT)) == "MERCHANT_TOO_RISKY"
    desk.act("bad", MerchantAct.REFUSE, reasons=("a few buyers make most of its sales",))
    desk.act("bad", MerchantAct.APPEAL, person="the merchant", reasons=("they are our staff",))
    assert code_of(desk.act("bad", MerchantAct.LIMIT)) == "APPEAL_SAME_PERSON"
    limited = desk.act("bad", MerchantAct.LIMIT, person="ben", reasons=("proved", "small orders only"))
    assert isinstance(limited, RegisteredMerchant)
    assert (limited.settle_days, limited.order_max_minor) == (7, 300_000)
    desk.act("M", MerchantAct.SUSPEND, reasons=("complaints",))
    assert code_of(desk.sells("M")) == "MERCHANT_SUSPENDED"
    desk.act("M", MerchantAct.RESUME, person="ben")
    assert get_merchant(conn, "M").state == "limited"
    desk.act("M", MerchantAct.END, reasons=("it asked to leave",))
    assert code_of(desk.act("M", MerchantAct.RESUME)) == "MERCHANT_MOVE"
    assert [one.merchant for one in list_merchants(conn, state=MerchantState.LIMITED)] == ["bad"]
    steps = list_merchant_steps(conn, "M")
    assert [one.act for one in steps] == ["apply", "check", "admit", "suspend", "resume", "end"]
    assert all(one.reasons and one.person for one in steps)
