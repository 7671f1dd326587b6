"""Masks: enough to recognise oneself, nothing for a stranger."""

from __future__ import annotations

import pytest

from honghua.customers.core import Field, mask, mask_text, normalise

ROWS = [
    (Field.PHONE, "+8613800001234", "138****1234"),
    (Field.PHONE, "+447700900123", "+44********23"),
    (Field.NAME, "李雷", "李*"),
    (Field.NAME, "司马相如", "司马**"),
    (Field.NAME, "欧阳", "欧*"),
    (Field.NAME, "Jane Doe", "J***"),
    (Field.EMAIL, "a@b.cn", "a***@b.cn"),
    (Field.ADDRESS, "上海", "上***"),
]


@pytest.mark.parametrize(("field", "value", "shown"), ROWS)
def test_masks(field, value, shown):
    assert mask(field, normalise(field, value)) == shown


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("code for 13800001234 sent", "code for 1380****34 sent"),
        ("+8613800001234", "+8613****34"),
        ("id 11010519491231002X!", "id 1101****2X!"),
        ("card 6222020200012345678", "card 6222****78"),
        ("mail li.lei@example.com", "mail l***@example.com"),
        ("amount 1234567 minor, 12 ms, account 4711", "amount 1234567 minor, 12 ms, account 4711"),
        ("key 3f2504e04f8941d39a0c0305e82c3301", "key 3f2504e04f8941d39a0c0305e82c3301"),
    ],
)
def test_sentences_for_logs(said, logged):
    assert mask_text(said) == logged
