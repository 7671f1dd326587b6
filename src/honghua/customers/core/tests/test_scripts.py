"""Reading a script: one way of writing, order and length of a text do not matter, and the shipped detector is what the bench makes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honghua.customers.conduct.scripts import load_script_model
from honghua.customers.core import ScriptModel, find_grams, read_script

MODEL = ScriptModel("m", -1.0, 0.5, {"删除": 4.0, "谢谢": -3.0, "0 元": 1.0})


@pytest.mark.parametrize(
    ("text", "logit", "signs"),
    [
        ("", -1.0, ()),
        ("删除", 3.0, ("删除",)),
        ("删除删除删除", 3.0, ("删除",)),
        ("删除,谢谢", -1.0 + 1.0 / math.sqrt(2), ("删除",)),
        ("退 1,234.50 元", 0.0, ("0 元",)),
        ("退 ９ 元", 0.0, ("0 元",)),
    ],
)
def test_how_pieces_add_up(text, logit, signs):
    found = read_script(MODEL, text)
    assert found.chance == pytest.approx(1 / (1 + math.exp(-logit)))
    assert (found.signs, found.is_scripted) == (signs, logit >= 0)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read(text):
    assert 0 <= read_script(load_script_model(), text).chance <= 1
    assert all(2 <= len(one) <= 4 for one in find_grams(text))
