"""Rows that belong together stay on one side: months of one person, copies of one row; and the report where time says little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.lab.fitting.api import draw_folds, find_groups, screen, split_report
from honghua.lab.fitting.folds import draw_one_each
from honghua.lab.tables.api import build_table

PERSONS, MONTHS = 300, 6
SEEDS = range(3)


def make(*, persons=PERSONS, months=MONTHS, ids=True, seed=3):
    """A person's income is the same every month and tells nothing; who is late once is late often."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(persons), months)
    late = (rng.normal(size=persons)[who] * 1.5 + rng.logistic(size=len(who)) > 1.0).astype(np.uint8)
    columns = {
        "income": np.round(np.exp(rng.normal(8.0, 0.5, persons)), 2)[who],
        "spent": rng.gamma(2.0, 100.0, len(who)),
    }
    return build_table(columns, target=late, ids=[f"C{k}" for k in who] if ids else None), who


def groups_of(table):
    found = find_groups(table)
    assert found is not None
    return found


def sides(groups, one, other):
    return set(groups[one]) & set(groups[other])


def test_a_person_is_on_one_side_of_every_split():
    table, who = make()
    groups = groups_of(table)
    assert len(np.unique(groups)) == PERSONS
    found = split_report(table, share=0.25, seed=1)
    assert not sides(who, found.development, found.report)
    assert "belong together" in found.told
    assert len(found.report) == pytest.approx(table.rows / 4, rel=0.02)
    assert table.labels[found.report].mean() == pytest.approx(table.labels.mean(), abs=0.02)
    folds = draw_folds(table.labels, count=5, seed=2, name="t", groups=groups)
    assert all(len(set(folds[who == one])) == 1 for one in range(PERSONS))
    assert find_groups(make(ids=False)[0]) is None


def test_copies_stand_together_whoever_they_are_called():
    table, _ = make(persons=200, months=1)
    again = table.take(np.concatenate([np.arange(200), np.arange(50)]))
    assert len(np.unique(groups_of(replace(again, ids=None)))) == 200
    # Chains of either kind join: a copy of a row of a person belongs to the person.
    renamed = replace(again, ids=(*again.ids[:200], *("Z",) * 10, *again.ids[210:]))
    groups = groups_of(renamed)
    assert len(set(groups[200:210])) == 1
    assert groups[200] == groups[0]
    # A few copies are chance, and a value that many rows share names nobody.
    assert find_groups(replace(table.take(np.array([*range(200), 0])), ids=None)) is None
    assert find_groups(replace(table, ids=("branch 1", "branch 2") * 100)) is None


def test_missing_values_are_alike_and_unlike_numbers():
    values = np.arange(100.0)
    values[:4] = [np.nan, np.nan, -1.0, -1.0]
    groups = groups_of(build_table({"x": values}, target=np.arange(100) % 2))
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert groups[0] != groups[2]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=4, max_size=60),
    st.integers(2, 5),
    st.integers(0, 99),
)
def test_every_row_has_a_fold_and_no_group_two(rows, count, seed):
    groups, y = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], np.uint8)
    folds = draw_folds(y, count=count, seed=seed, name="any", groups=groups)
    assert ((folds >= 0) & (folds < count)).all()
    assert all(len(set(folds[groups == one])) == 1 for one in groups)
    one_each = draw_one_each(groups, seed=seed, name="any")
    assert sorted(groups[one_each]) == sorted(set(groups.tolist()))


def test_what_months_repeat_is_no_evidence():
    """Six rows of one income are one: counted six times, chance would look like proof."""
    told = []
    for seed in SEEDS:
        table, _ = make(persons=220, seed=seed)
        told.append([screen(one, seed=1, threads=1).singles["income"].p for one in (table, replace(table, ids=None))])
    by_person, by_row = np.array(told).T
    assert (by_person > 0.01).all()
    assert (by_row < 0.001).any()


def test_the_report_begins_earlier_where_the_newest_have_not_turned_out_yet():
    table, _ = make(persons=1_000, months=1, ids=False)
    months = np.arange(1_000) // 50
    late = np.where(months >= 14, 0, table.labels).astype(np.uint8)
    found = split_report(replace(table, target=late, time=months, time_name="month"), share=0.25, seed=1)
    assert months[found.report].min() == 13
    assert "begun earlier" in found.told
    # Where half of the rows hold too few, time decides nothing; where there are too few at all, nobody does.
    early = np.where(months >= 4, 0, table.labels).astype(np.uint8)
    found = split_report(replace(table, target=early, time=months, time_name="month"), share=0.25, seed=1)
    assert "no cut in month" in found.told
    assert months[found.report].min() == 0
    one_day = split_report(replace(table, time=np.zeros(1_000, np.int64), time_name="day"), share=0.25, seed=1)
    assert "no cut in day" in one_day.told
    with pytest.raises(BadInput, match="too few rows"):
        split_report(replace(table, target=(np.arange(1_000) < 9).astype(np.uint8)), share=0.25, seed=1)
