"""`honghua staff`: made, listed, locked, given roles, reset."""

from __future__ import annotations

import json

import pytest

from honghua.base.errors import BadInput, Conflict, NotFound


def test_a_user_from_the_command_line(honghua):
    assert "nobody yet" in honghua("staff", "list")
    made = json.loads(
        honghua("staff", "add", "lin", "--role", "reviewer", "--role", "care", "--display", "林", "--json")
    )
    assert made["name"] == "lin"
    assert len(made["password"]) >= 16
    with pytest.raises(Conflict):
        honghua("staff", "add", "LIN", "--role", "care")
    with pytest.raises(BadInput):
        honghua("staff", "add", "mei", "--role", "customer")
    with pytest.raises(BadInput):
        honghua("staff", "add", "mei", "--role", "emperor")
    honghua("staff", "add", "shop-1", "--role", "merchant_owner", "--merchant", "书店")
    honghua("staff", "roles", "lin", "--role", "auditor")
    honghua("staff", "lock", "lin", "--why", "left us")
    users = {one["name"]: one for one in json.loads(honghua("staff", "list", "--json"))["users"]}
    assert users["lin"]["roles"] == ["auditor"]
    assert users["lin"]["locked"] == "left us"
    assert users["shop-1"]["realm"] == "merchant"
    assert made["password"] not in honghua("staff", "list")
    honghua("staff", "unlock", "lin")
    again = json.loads(honghua("staff", "reset", "lin", "--json"))
    assert again["password"] != made["password"]
    honghua("staff", "link", "lin", "--issuer", "https://id.example", "--subject", "sub-1")
    assert "not enrolled yet" in honghua("staff", "list")
    with pytest.raises(NotFound):
        honghua("staff", "lock", "nobody", "--why", "x")
