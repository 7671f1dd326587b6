from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from honghua.ledger.core.chart import (
    CHARGE_OFF_COMPONENTS,
    COLUMNS,
    COMPONENTS,
    LIMIT_COMPONENTS,
    OWNER_ID_MAX,
    TITLES,
    Component,
    Group,
    account_key,
    account_keys,
    component_of,
    owner_of,
    title_of,
)


def test_numbers_are_stored_and_never_change():
    names = (
        "PRINCIPAL_UNBILLED PRINCIPAL_BILLED PRINCIPAL_INSTALMENT INTEREST FEE PENALTY OVERPAYMENT DEFERRED_SUBSIDY "
        "MERCHANT_PAYABLE BANK_CLEARING INTEREST_INCOME FEE_INCOME PENALTY_INCOME RECOVERY_INCOME SUBSIDY_EXPENSE "
        "CREDIT_LOSS WAIVER_EXPENSE LIMIT_GRANTED LIMIT_AVAILABLE LIMIT_HELD LIMIT_USED LIMIT_OVER CHARGE_OFF_MEMO "
        "CHARGE_OFF_CONTRA"
    )
    assert " ".join(component.name for component in Component) == names
    assert [int(component) for component in Component] == list(range(COMPONENTS))
    assert [title.component for title in TITLES] == list(Component)
    assert COLUMNS[Component.LIMIT_HELD] == "limit_held"


def test_names_are_distinct():
    for names in ([t.zh for t in TITLES], [t.en for t in TITLES], [t.beancount for t in TITLES]):
        assert len(set(names)) == COMPONENTS
    assert all(title_of(component).component is component for component in Component)


def test_memo_components_are_exactly_the_mirrored_ones():
    memo = {title.component for title in TITLES if title.group is Group.MEMO}
    assert memo == {*LIMIT_COMPONENTS, *CHARGE_OFF_COMPONENTS}


@given(owner_id=st.integers(1, OWNER_ID_MAX), component=st.sampled_from(Component))
@example(owner_id=OWNER_ID_MAX, component=Component.CHARGE_OFF_CONTRA)
@example(owner_id=1, component=Component.PRINCIPAL_UNBILLED)
def test_keys_come_apart_again(owner_id, component):
    key = account_key(owner_id, component)
    assert (owner_of(key), component_of(key)) == (owner_id, component)
    assert 0 < key < 2**63
    assert account_keys(np.array([owner_id]), component).tolist() == [key]


def test_unknown_component():
    with pytest.raises(ValueError, match="24"):
        component_of(account_key(1, 24))
