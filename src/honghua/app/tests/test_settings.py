"""One frozen record from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from honghua.app.settings import ROOT_STATE_DIR, find_state_dir, load_settings
from honghua.base.errors import BadInput


@pytest.mark.parametrize(
    ("environment", "is_root", "expected"),
    [
        ({}, True, ROOT_STATE_DIR),
        ({"XDG_STATE_HOME": "/x"}, True, ROOT_STATE_DIR),
        ({"XDG_STATE_HOME": "/x"}, False, Path("/x/honghua")),
        ({"XDG_STATE_HOME": "relative"}, False, Path.home() / ".local/state/honghua"),
        ({}, False, Path.home() / ".local/state/honghua"),
        ({"HONGHUA_STATE_DIR": "/y"}, True, Path("/y")),
        ({"HONGHUA_STATE_DIR": "here"}, False, Path.cwd() / "here"),
    ],
)
def test_where_the_data_lives(environment, is_root, expected):
    assert find_state_dir(environment, is_root=is_root) == expected


def test_whose_server():
    assert load_settings(environment={}).store.database_url is None
    assert load_settings(environment={"HONGHUA_DATABASE_URL": ""}).store.database_url is None
    assert (
        load_settings(environment={"HONGHUA_DATABASE_URL": "postgresql://x/y"}).store.database_url == "postgresql://x/y"
    )
    with pytest.raises(BadInput):
        load_settings(environment={"HONGHUA_DATABASE_URL": "mysql://x"})
    assert load_settings(environment={}).store.durable
