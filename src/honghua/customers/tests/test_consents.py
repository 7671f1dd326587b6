"""Consents: none by default, each with its version and the time its text was before the reader, withdrawn as easily as given."""

from __future__ import annotations

import datetime as dt
import hashlib

import psycopg
import pytest

from honghua.base.errors import BadInput
from honghua.customers.api import (
    Said,
    Vault,
    find_missing,
    is_consented,
    list_standings,
    publish_texts,
    register,
    say,
)
from honghua.customers.core import TEXTS, AgreementText, ConsentKind
from honghua.store.database import connect

NOW = dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC)
VAULT = Vault({1: b"a" * 32}, b"i" * 32)


@pytest.fixture
def conn(module_database):
    """What a test does is rolled back at its end."""
    with connect(module_database) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def customer(conn):
    publish_texts(conn, now=NOW)
    return register(conn, VAULT, "13800001234", now=NOW)


def yes(text, **values):
    return Said(kind=text.kind, version=text.version, is_given=True, read_ms=text.read_seconds * 1_000, **values)


def test_nothing_is_agreed_by_default(conn, customer):
    assert [one.is_given for one in list_standings(conn, customer)] == [False] * len(TEXTS)
    needed = {text.kind for text in TEXTS if text.is_needed}
    assert set(find_missing(conn, customer)) == needed
    assert ConsentKind.CREDIT_BUREAU in needed
    assert ConsentKind.MARKETING not in needed


def test_each_yes_is_kept_with_version_and_reading_time(conn, customer):
    say(conn, customer, [yes(text) for text in TEXTS if text.is_needed], channel="app", now=NOW)
    assert find_missing(conn, customer) == []
    assert not is_consented(conn, customer, ConsentKind.MARKETING)
    standing = next(one for one in list_standings(conn, customer) if one.text.kind is ConsentKind.RISK_WARNING)
    assert standing.said is not None
    assert (standing.said.version, standing.said.read_ms, standing.said.channel) == (1, 8_000, "app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
        conn.execute("UPDATE customers_consent SET is_given = true")


def test_a_warning_that_was_not_read_is_not_agreed(conn, customer):
    warning = Said(kind=ConsentKind.RISK_WARNING, version=1, is_given=True, read_ms=7_999)
    with pytest.raises(BadInput, match="8 seconds"):
        say(conn, customer, [warning], channel="app", now=NOW)
    assert ConsentKind.RISK_WARNING in find_missing(conn, customer)


def test_withdrawing_needs_no_reading(conn, customer):
    say(conn, customer, [yes(next(t for t in TEXTS if t.kind is ConsentKind.MARKETING))], channel="app", now=NOW)
    assert is_consented(conn, customer, ConsentKind.MARKETING)
    say(conn, customer, [Said(kind=ConsentKind.MARKETING, version=1, is_given=False)], channel="app", now=NOW)
    assert not is_consented(conn, customer, ConsentKind.MARKETING)


def test_a_new_version_must_be_agreed_anew(conn, customer):
    say(conn, customer, [yes(text) for text in TEXTS if text.is_needed], channel="app", now=NOW)
    newer = AgreementText(
        kind=ConsentKind.PERSONAL_DATA, version=2, chinese="新的文本", english="New words", is_needed=True
    )
    publish_texts(conn, now=NOW, texts=[newer])
    assert find_missing(conn, customer) == [ConsentKind.PERSONAL_DATA]
    with pytest.raises(BadInput, match="version 2"):
        say(conn, customer, [yes(next(t for t in TEXTS if t.kind is newer.kind))], channel="app", now=NOW)
    say(conn, customer, [yes(newer)], channel="app", now=NOW)
    assert find_missing(conn, customer) == []


def test_a_published_version_does_not_change(conn, customer):
    changed = AgreementText(kind=ConsentKind.MARKETING, version=1, chinese="别的话", english="Other words")
    with pytest.raises(AssertionError, match="other words"):
        publish_texts(conn, now=NOW, texts=[changed])


def test_the_texts_are_those_that_were_published():
    said = "".join(f"{t.kind}{t.version}{t.chinese}{t.english}{t.read_seconds}{t.is_needed}" for t in TEXTS)
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    assert digest == "d78568c58961f678", "a text changed: give it a new version instead, and write the new digest here"
