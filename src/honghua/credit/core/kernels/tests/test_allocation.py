"""R-056, R-014: how money is spread over debts, beside a naive twin that knows only the order (民法典561)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from honghua.credit.core.kernels.allocation import pay, pay_overdue
from honghua.credit.core.kernels.measures import classify
from honghua.credit.core.layout import (
    D_BASE,
    D_DUE,
    D_FEE,
    D_INSTALMENT,
    D_INTEREST,
    D_MINIMUM,
    D_PENALTY,
    D_REVOLVING,
    D_SEQ,
    DUE,
    H_AS_OF,
    H_DUES,
    H_FEE_CARRIED,
    H_INTEREST_ACCRUED,
    H_OVERPAID,
    H_PENALTY_ACCRUED,
    H_UNBILLED,
    HEAD,
)
from honghua.credit.core.terms import ProductTerms

TODAY = 20_000
TERMS = ProductTerms().vector()
FIELDS = {
    "fee": D_FEE,
    "penalty": D_PENALTY,
    "interest": D_INTEREST,
    "instalment": D_INSTALMENT,
    "revolving": D_REVOLVING,
}
OPEN = {
    "open penalty": H_PENALTY_ACCRUED,
    "open interest": H_INTEREST_ACCRUED,
    "open fee": H_FEE_CARRIED,
    "unbilled": H_UNBILLED,
}


def draw_debts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """A head, up to five open bills in order, and an amount that is short, exact or too much."""
    bills = int(rng.integers(0, 6))
    head, dues = np.zeros(HEAD, np.int64), np.zeros((6, DUE), np.int64)
    head[H_AS_OF], head[H_DUES] = TODAY, bills
    for place in OPEN.values():
        head[place] = rng.integers(0, 300) * rng.integers(0, 2)
    oldest = int(rng.choice([0, 1, 20, 89, 90, 91, 92, 150]))
    for i in range(bills):
        row = dues[i]
        row[D_SEQ], row[D_DUE] = i, TODAY - oldest + 31 * i
        for place in FIELDS.values():
            row[place] = rng.integers(0, 1000) * rng.integers(0, 2)
        row[D_REVOLVING] += 1  # an open bill has something open
        row[D_BASE] = rng.integers(0, row[D_REVOLVING] + 1)
        row[D_MINIMUM] = rng.integers(0, row[D_REVOLVING : D_PENALTY + 1].sum() + 1) * rng.integers(0, 2)
    classify(head, dues, TERMS)
    owed = int(dues[:, D_REVOLVING : D_PENALTY + 1].sum() + sum(head[place] for place in OPEN.values()))
    return head, dues, int(rng.choice(np.array([0, 1, owed, owed + 77, int(rng.integers(0, owed + 2))])))


def twin(head: np.ndarray, dues: np.ndarray, amount: int) -> tuple[dict[object, int], int]:
    """What should be paid of each debt, {(bill, field) or open field: paid}, and the rest."""
    bills = range(int(head[H_DUES]))
    late = [TODAY - int(dues[i, D_DUE]) for i in bills if dues[i, D_MINIMUM] > 0 and dues[i, D_DUE] < TODAY]
    due = [i for i in bills if dues[i, D_DUE] <= TODAY]
    waiting = [i for i in bills if dues[i, D_DUE] > TODAY]
    principal: list[object] = [(i, name) for i in due for name in ("instalment", "revolving")]
    order: list[object] = principal[:] if max(late, default=0) >= 91 else []
    order += [*((i, "fee") for i in due), *((i, "penalty") for i in due), "open penalty"]
    order += [*((i, "interest") for i in due), *principal]
    order += [(i, name) for name in ("fee", "penalty", "interest") for i in waiting]
    order += [(i, name) for i in waiting for name in ("instalment", "revolving")]
    order += ["open interest", "open fee", "unbilled"]
    owed: dict[object, int] = {name: int(head[place]) for name, place in OPEN.items()}
    owed |= {(i, name): int(dues[i, place]) for i in bills for name, place in FIELDS.items()}
    paid: dict[object, int] = {}
    for debt in order:
        part = min(amount, owed[debt] - paid.get(debt, 0))
        paid[debt] = paid.get(debt, 0) + part
        amount -= part
    return paid, amount


def check_case(rng: np.random.Generator) -> None:
    head, dues, amount = draw_debts(rng)
    paid, rest = twin(head, dues, amount)
    before, rows = head.copy(), {int(row[D_SEQ]): row.copy() for row in dues[: head[H_DUES]]}
    pay(head, dues, TERMS, amount)
    assert head[H_OVERPAID] == rest
    assert {name: int(before[place] - head[place]) for name, place in OPEN.items()} == {
        name: paid[name] for name in OPEN
    }
    left = {int(row[D_SEQ]): row for row in dues[: head[H_DUES]]}
    for i, row in rows.items():
        now = left.get(i, np.zeros(DUE, np.int64))
        assert {name: int(row[place] - now[place]) for name, place in FIELDS.items()} == {
            name: paid[i, name] for name in FIELDS
        }
        if i in left:
            got = sum(paid[i, name] for name in FIELDS)
            assert now[D_MINIMUM] == max(0, row[D_MINIMUM] - got)
            assert now[D_BASE] == min(row[D_BASE], now[D_REVOLVING])
        else:
            assert row[D_REVOLVING : D_PENALTY + 1].sum() == sum(paid[i, name] for name in FIELDS), (
                "only what is paid is dropped"
            )


def test_r056_allocation_beside_its_twin():
    rng = np.random.default_rng(56)
    for _ in range(1_000):
        check_case(rng)


@pytest.mark.slow
def test_r056_a_hundred_thousand_allocations():
    rng = np.random.default_rng(57)
    for _ in range(100_000):
        check_case(rng)


@pytest.mark.parametrize("dpd", [90, 91])
def test_r014_principal_first_from_91_days(dpd):
    head, dues = np.zeros(HEAD, np.int64), np.zeros((2, DUE), np.int64)
    head[H_AS_OF], head[H_DUES] = TODAY, 1
    dues[0, [D_DUE, D_REVOLVING, D_FEE, D_INTEREST, D_MINIMUM]] = TODAY - dpd, 500, 30, 20, 550
    classify(head, dues, TERMS)
    pay(head, dues, TERMS, 100)
    left = [int(dues[0, place]) for place in (D_FEE, D_INTEREST, D_REVOLVING)]
    assert left == ([0, 0, 450] if dpd == 90 else [30, 20, 400])


def test_r014_more_money_never_pays_less_of_anything():
    """Paying in two parts on one day is paying once, as long as no bill stops being long overdue in between."""
    rng = np.random.default_rng(14)
    for _ in range(300):
        head, dues, _ = draw_debts(rng)
        totals = []
        for amount in (0, 50, 400, 5_000):
            other_head, other_dues = head.copy(), dues.copy()
            pay(other_head, other_dues, TERMS, amount)
            totals.append(
                int(
                    other_dues[:, D_REVOLVING : D_PENALTY + 1].sum() + sum(other_head[place] for place in OPEN.values())
                )
            )
            assert totals[0] - totals[-1] == amount - int(other_head[H_OVERPAID])
        assert all(more <= less for less, more in pairwise(totals))


def test_a_refund_pays_what_is_overdue_and_nothing_else():
    rng = np.random.default_rng(141)
    for _ in range(1_000):
        head, dues, amount = draw_debts(rng)
        late = {int(row[D_SEQ]) for row in dues[: head[H_DUES]] if row[D_DUE] < TODAY and row[D_MINIMUM] > 0}
        rows = {int(row[D_SEQ]): row.copy() for row in dues[: head[H_DUES]]}
        owed = sum(int(rows[i][D_REVOLVING : D_PENALTY + 1].sum()) for i in late) + (
            int(head[H_PENALTY_ACCRUED]) if late else 0
        )
        rest = pay_overdue(head, dues, amount)
        left = {int(row[D_SEQ]): row for row in dues[: head[H_DUES]]}
        assert rest == max(0, amount - owed)
        for i in rows.keys() - late:
            assert left[i].tolist() == rows[i].tolist()
