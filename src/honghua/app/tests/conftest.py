"""The command line as tests speak it: `honghua("account", "open", "李雷")`, on a lasting database of the test's own."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from honghua.app.cli import build_parser
from honghua.app.settings import Settings


@pytest.fixture
def columns():
    """How wide the terminal is."""
    return 200


@pytest.fixture
def settings(store_settings):
    return Settings(store=replace(store_settings, database_name=f"verbs_{secrets.token_hex(4)}"))


@pytest.fixture
def honghua(settings, columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))

    def command(*words, status=0):
        args = build_parser().parse_args([str(word) for word in words])
        assert args.run(args, settings) == status
        return capsys.readouterr().out

    return command
