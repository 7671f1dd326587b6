"""One frozen record from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from honghua.app.settings import ROOT_STATE_DIR, find_state_dir, load_settings, with_database
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


def test_a_payment_gateway_has_a_safe_address_and_a_long_secret():
    secret = "s" * 32
    for url in ("https://pay.example", "http://127.0.0.1:8090"):
        found = load_settings(environment={"HONGHUA_PAYMENT_URL": url, "HONGHUA_PAYMENT_SECRET": secret}).payments
        assert (found.url, found.secret) == (url, secret)
    assert not load_settings(environment={}).payments.url
    for given in (
        ("http://pay.example", secret),
        ("https://pay.example", "short"),
        ("ftp://pay.example", secret),
        ("http://localhost.evil.example", secret),
        ("http://127.0.0.1@evil.example", secret),
    ):
        with pytest.raises(BadInput):
            load_settings(environment=dict(zip(("HONGHUA_PAYMENT_URL", "HONGHUA_PAYMENT_SECRET"), given, strict=True)))


def test_whose_server():
    assert load_settings(environment={}).store.database_url is None
    assert load_settings(environment={"HONGHUA_DATABASE_URL": ""}).store.database_url is None
    assert (
        load_settings(environment={"HONGHUA_DATABASE_URL": "postgresql://x/y"}).store.database_url == "postgresql://x/y"
    )
    with pytest.raises(BadInput):
        load_settings(environment={"HONGHUA_DATABASE_URL": "mysql://x"})
    assert load_settings(environment={}).store.durable


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, None),
        ("postgresql://u:p@h:5432/y?sslmode=require", "postgresql://u:p@h:5432/?sslmode=require"),
        ("postgresql:///y?host=/run/pg", "postgresql:///?host=%2Frun%2Fpg"),
        ("postgres://h?dbname=y", "postgres://h/"),
    ],
)
def test_another_database_of_the_same_server(url, expected):
    settings = with_database(load_settings(environment={"HONGHUA_DATABASE_URL": url or ""}), "demo_2")
    assert (settings.store.database_url, settings.store.database_name) == (expected, "demo_2")
    with pytest.raises(BadInput):
        with_database(settings, "a;b")


def test_a_language_model_is_named_by_address_and_name_and_there_is_none_by_default():
    assert load_settings(environment={}).language.url == ""
    given = {
        "HONGHUA_LANGUAGE_URL": "https://models.example/v1",
        "HONGHUA_LANGUAGE_MODEL": "any",
        "HONGHUA_LANGUAGE_PRICES": "5, 20",
    }
    found = load_settings(environment=given).language
    assert (found.model, found.price_in_micro, found.price_out_micro) == ("any", 5, 20)
    for wrong in (
        {"HONGHUA_LANGUAGE_URL": "http://elsewhere/v1", "HONGHUA_LANGUAGE_MODEL": "any"},
        {"HONGHUA_LANGUAGE_URL": "https://models.example/v1"},
        given | {"HONGHUA_LANGUAGE_PRICES": "5"},
    ):
        with pytest.raises(BadInput, match="HONGHUA_LANGUAGE"):
            load_settings(environment=wrong)
