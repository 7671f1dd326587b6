from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.base.errors import BadInput
from honghua.ledger.core.chart import OWNER_ID_MAX, Component, account_key, component_of, owner_of
from honghua.ledger.core.entries import (
    AMOUNT_MAX,
    DAY_MAX,
    LINES_MAX,
    check_batch,
    compute_balance_change,
    require_sound,
)
from honghua.ledger.tests.book import C, batch_of, changed, entry, int64

GOOD = batch_of(
    entry(1, {C.PRINCIPAL_UNBILLED: 10, (9, C.MERCHANT_PAYABLE): -10}),
    entry(2, {C.INTEREST: 3, C.FEE: 4, C.INTEREST_INCOME: -7}),
)


def test_a_sound_batch():
    assert check_batch(GOOD) == ()
    assert check_batch(batch_of()) == ()
    require_sound(GOOD)


@pytest.mark.parametrize(
    ("columns", "code", "row"),
    [
        ({"owner_id": np.array([1, 2], dtype=np.int32)}, "COLUMN_TYPE", 0),
        ({"kind": int64(1, 2)}, "COLUMN_TYPE", 0),
        ({"line_amounts": np.array([10.0, -10.0, 3.0, 4.0, -7.0])}, "COLUMN_TYPE", 0),
        ({"line_amounts": [10, -10, 3, 4, -7]}, "COLUMN_TYPE", 0),
        ({"owner_id": np.ones((2, 1), dtype=np.int64)}, "COLUMN_TYPE", 0),
        ({"fact_id": int64(1)}, "COLUMN_LENGTH", 0),
        ({"line_amounts": int64(10, -10, 3, 4, -7, 1)}, "COLUMN_LENGTH", 0),
        ({"line_offsets": int64(0, 2, 4)}, "LINE_OFFSETS", 0),
        ({"line_offsets": int64(0, 5)}, "LINE_OFFSETS", 0),
        ({"line_offsets": int64(1, 2, 5)}, "LINE_OFFSETS", 0),
        ({"line_offsets": int64(0, 4, 5)}, "ENTRY_SHORT", 2),
        ({"line_offsets": int64(0, 7, 5)}, "ENTRY_SHORT", 2),
        ({"currency": "cny"}, "UNKNOWN_CURRENCY", 0),
        ({"currency": "XXX"}, "UNKNOWN_CURRENCY", 0),
        ({"line_amounts": int64(10, -10, 3, 4, -8)}, "ENTRY_UNBALANCED", 2),
        ({"line_amounts": int64(10, -9, 3, 4, -8)}, "ENTRY_UNBALANCED", 1),
        ({"line_amounts": int64(10, -10, 3, 0, -3)}, "AMOUNT_ZERO", 2),
        ({"line_amounts": int64(AMOUNT_MAX + 1, -AMOUNT_MAX - 1, 3, 4, -7)}, "AMOUNT_HUGE", 1),
        ({"line_amounts": int64(10, -10, 2**62, 2**62, -(2**63))}, "AMOUNT_HUGE", 2),
        ({"line_accounts": int64(256, 264, 512 + 24, 513, 514)}, "ACCOUNT_UNKNOWN", 2),
        ({"line_accounts": int64(3, 264, 512, 513, 514)}, "ACCOUNT_UNKNOWN", 1),
        ({"line_accounts": int64(-256, 264, 512, 513, 514)}, "ACCOUNT_UNKNOWN", 1),
        ({"owner_id": int64(1, 0)}, "OWNER_UNKNOWN", 2),
        ({"owner_id": int64(OWNER_ID_MAX + 1, 1)}, "OWNER_UNKNOWN", 1),
        ({"kind": np.array([1, -1], dtype=np.int16)}, "KIND_NEGATIVE", 2),
        ({"value_on": int64(0, 1)}, "DATE_INVALID", 1),
        ({"booked_on": int64(1, DAY_MAX + 1)}, "DATE_INVALID", 2),
        ({"fact_id": int64(0, -1)}, "FACT_NEGATIVE", 2),
    ],
)
def test_each_planner_check_refuses(columns, code, row):
    bad = changed(GOOD, **columns)
    problem = check_batch(bad)[0]
    assert (problem.code, problem.row) == (code, row)
    with pytest.raises(BadInput) as refused:
        require_sound(bad)
    assert refused.value.code == code


def test_both_sides_of_each_bound():
    edge = entry(OWNER_ID_MAX, {C.FEE: AMOUNT_MAX, C.FEE_INCOME: -AMOUNT_MAX}, day=DAY_MAX)
    assert check_batch(batch_of(edge)) == ()
    long = entry(1, {(owner, C.FEE): 1 if owner % 2 else -1 for owner in range(1, LINES_MAX + 1)})
    assert check_batch(batch_of(long)) == ()
    longer = entry(1, {(owner, C.FEE): 1 if owner % 2 else -1 for owner in range(1, LINES_MAX + 3)})
    assert check_batch(batch_of(longer))[0].code == "ENTRY_LONG"


def test_headroom_of_a_batch():
    many = [entry(1, {C.FEE: AMOUNT_MAX, C.FEE_INCOME: -AMOUNT_MAX})] * 4_500
    assert check_batch(batch_of(*many)) == ()
    assert check_batch(batch_of(*many, *many[:1]))[0].code == "BATCH_HUGE"


LINE = st.tuples(st.integers(1, 6), st.sampled_from(Component), st.integers(-(10**15), 10**15).filter(bool))


@given(st.lists(st.lists(LINE, min_size=1, max_size=4), max_size=8))
@example([])
@example([[(1, C.FEE, 10**15), (1, C.FEE, -(10**15))]])
def test_balance_change_is_the_sum_of_lines(given_entries):
    entries = []
    naive: Counter[tuple[int, int]] = Counter()
    for lines in given_entries:
        placed = [(account_key(owner, component), amount) for owner, component, amount in lines]
        entries.append(entry(1, {}) | {"lines": placed})
        for account, amount in placed:
            naive[owner_of(account), component_of(account)] += amount
    change = compute_balance_change(batch_of(*entries))
    assert change.owner_ids.tolist() == sorted({owner for owner, _ in naive})
    assert change.components.tolist() == sorted({component for _, component in naive})
    for row, component in zip(change.delta_minor.tolist(), change.components.tolist(), strict=True):
        assert row == [naive[owner, component] for owner in change.owner_ids.tolist()]
