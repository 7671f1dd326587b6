"""One account's entries among its purchases: what is out of all of them moves exactly as the account's principal did."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.facts.kinds import FactKind
from honghua.funding.core.attributing import BookEntry, Item, attribute
from honghua.funding.core.splitting import MovementKind

KINDS = (
    FactKind.PURCHASE_CAPTURED, FactKind.PURCHASE_REFUNDED, FactKind.REPAYMENT_RECEIVED, FactKind.FACT_REVERSED, FactKind.WRITTEN_OFF,
    FactKind.RECOVERY_RECEIVED, FactKind.DAY_CLOSED,
)  # fmt: skip
SIGNS = {
    MovementKind.PRINCIPAL: -1, MovementKind.REFUND: -1, MovementKind.WRITE_OFF: -1, MovementKind.PRINCIPAL_BACK: 1,
}  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(1, 4), st.integers(1, 999), st.integers(0, 99)), max_size=25
)


@given(steps=STEPS)
@settings(max_examples=200)
def test_what_is_out_moves_as_the_principal_did(steps):
    items: list[Item] = []
    told_of: dict[int, int] = {}
    owed = 0
    for number, (kind, purchase, amount, charge) in enumerate(steps, start=1):
        if kind == FactKind.PURCHASE_CAPTURED:
            change = amount
            purchase = number + 10 if charge % 2 else purchase + 10  # a new one, or a further part of one
            told_of[number] = amount
        elif kind == FactKind.FACT_REVERSED:
            change = amount
        elif kind in (FactKind.RECOVERY_RECEIVED, FactKind.DAY_CLOSED):
            change = 0
        else:
            change = -owed if kind == FactKind.WRITTEN_OFF else -min(amount, owed)
            purchase += 10
        entry = BookEntry(
            kind=kind, fact_id=number, purchase_id=purchase, amount_minor=amount, principal_minor=change, interest_minor=charge
        )  # fmt: skip
        for one in attribute(items, entry):
            assert one.amount_minor > 0
            if one.fact_id in told_of:
                told_of[one.fact_id] += SIGNS.get(one.kind, 0) * one.amount_minor
        owed += change
        assert sum(item.outstanding_minor for item in items) == owed
        assert all(item.outstanding_minor >= 0 <= item.written_off_minor for item in items)
        assert {i.fact_id: i.outstanding_minor for i in items if i.purchase_id} == told_of
