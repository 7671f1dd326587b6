"""The event table's columns and the keys of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from honghua.features.core import EventKind, Schema, key_of_text, keys_of_texts


def test_columns_come_in_order():
    schema = Schema(("merchant", "customer"), ("hour",))
    assert schema.columns == ("at_us", "kind", "amount_minor", "origin_at_us", "merchant", "customer", "hour")
    assert (schema.width, schema.place("customer"), schema.place("hour")) == (7, 5, 6)
    with pytest.raises(ValueError, match="no column 'device'"):
        schema.place("device")


@pytest.mark.parametrize(
    ("entities", "numbers", "said"),
    [
        (("shop",), (), "no such entity: shop"),
        ((), (), "at least one entity"),
        (("customer", "customer"), (), "named twice: customer"),
        (("customer",), ("kind",), "named twice: kind"),
        (("customer",), ("a b",), "not a name for a number: a b"),
        (("customer",), ("device",), "not a name for a number: device"),
    ],
)
def test_odd_schemas_are_refused(entities, numbers, said):
    with pytest.raises(ValueError, match=said):
        Schema(entities, numbers)


def test_a_matrix_of_another_shape_is_refused():
    schema = Schema(("customer",))
    schema.check(np.zeros((3, 5), np.int64))
    odd: list[Any] = [np.zeros((3, 6), np.int64), np.zeros((3, 5), np.int32), np.zeros(5, np.int64)]
    for events in odd:
        with pytest.raises(ValueError, match=r"wanted int64\[n, 5\]"):
            schema.check(events)
    with pytest.raises(ValueError, match="C-contiguous"):
        schema.check(np.zeros((5, 3), np.int64).T)


def test_keys_of_texts_are_stable_and_never_absent():
    keys = keys_of_texts(["a", "", "b", "a"])
    assert keys.dtype == np.int64
    assert keys.tolist() == [key_of_text("a"), 0, key_of_text("b"), key_of_text("a")]
    assert key_of_text("a") == 3405396810240292928, "stored states name this number"
    many = keys_of_texts(str(k) for k in range(5_000))
    assert len(set(many.tolist())) == 5_000
    assert many.min() > 0
    assert keys_of_texts([]).shape == (0,)


def test_kinds_keep_their_numbers():
    assert [(kind.name, kind.value) for kind in EventKind] == [
        ("PURCHASE", 1), ("REFUND", 2), ("TRANSFER", 3), ("REPAYMENT", 4), ("LIMIT_RAISED", 5), ("FRAUD_REPORTED", 6),
        ("CLEARED", 7), ("REFUSED", 8),
    ]  # fmt: skip
