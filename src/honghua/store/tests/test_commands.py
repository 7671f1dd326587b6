"""Idempotency keys: what is remembered, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honghua.base.errors import BadInput, Conflict
from honghua.store.commands import KEY_LENGTH_MAX, body_hash, check_keys, find_commands, save_commands
from honghua.store.database import run_unit

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), JSON, max_size=5), st.randoms())
def test_order_of_keys_does_not_count(body, random):
    items = list(body.items())
    random.shuffle(items)
    assert body_hash(dict(items)) == body_hash(body)
    assert body_hash({**body, "one more key": 1}) != body_hash(body)


def test_one_known_hash():
    """sha256 of {"a":[1,"é"],"b":null} in UTF-8, from `printf … | sha256sum`."""
    known = "1e02bc81a26af2f027329541e97eef36f3290bedc6dfe043dbe66b057ecb13ba"
    assert body_hash({"b": None, "a": [1, "é"]}).hex() == known


def test_what_is_no_json():
    with pytest.raises(BadInput):
        body_hash({"x": object()})


def test_saved_answers_are_found(conn):
    one, two = body_hash({"n": 1}), body_hash({"n": 2})
    run_unit(conn, lambda c: save_commands(c, ["a", "b"], [one, two], ['{"ok": true}', b'{"ok": 2}'], [10, 11]))
    found = find_commands(conn, ["a", "b", "c"])
    assert set(found) == {"a", "b"}
    assert found["a"].answer == {"ok": True}
    assert (found["b"].command_id, found["b"].body_hash) == (11, two)
    assert found["a"].check_same(one) is found["a"]
    with pytest.raises(Conflict) as caught:
        found["a"].check_same(two)
    assert caught.value.code == "KEY_REUSED"
    assert find_commands(conn, []) == {}


def test_a_key_is_saved_once(conn):
    one = body_hash({})
    run_unit(conn, lambda c: save_commands(c, ["a"], [one], ["{}"], [1]))
    with pytest.raises(Conflict):
        run_unit(conn, lambda c: save_commands(c, ["a"], [one], ["{}"], [2]), sleep=lambda _: None)
    assert find_commands(conn, ["a"])["a"].command_id == 1


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([""], "KEY_MISSING"),
        (["a", ""], "KEY_MISSING"),
        (["a" * (KEY_LENGTH_MAX + 1)], "KEY_INVALID"),
        (["a\0"], "KEY_INVALID"),
        (["a", "a"], "KEY_TWICE"),
    ],
)
def test_bad_keys(keys, code):
    with pytest.raises(BadInput) as caught:
        check_keys(keys)
    assert caught.value.code == code


def test_longest_key(conn):
    key = "é" * KEY_LENGTH_MAX
    save_commands(conn, [key], [bytes(32)], ["{}"], [1])
    assert key in find_commands(conn, [key])


def test_dates_have_one_form():
    assert body_hash({"on": dt.date(2026, 1, 2)}) == body_hash({"on": "2026-01-02"})
