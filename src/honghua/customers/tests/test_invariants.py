"""The checks are silent on a sound table and find each planted sin."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.customers.api import Origin, Vault, erase_person, register, write_fields
from honghua.customers.core import Field
from honghua.customers.invariants import CHECKS, check_customers

NOW = dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC)
VAULT = Vault({1: b"a" * 32}, b"i" * 32)


@pytest.fixture
def people(conn):
    for n, left in enumerate([False, True, True]):
        who = register(conn, VAULT, f"1380000000{n}", now=NOW, customer=f"C{n}")
        write_fields(conn, VAULT, who, {Field.NAME: "李雷"}, Origin(who, "said"), now=NOW)
        if left:
            erase_person(conn, who, last_dealt_on=dt.date(2025, 1, 1) if n == 1 else None, now=NOW)
    return conn


def broken(conn):
    return [check.name for check in check_customers(conn) if not check.ok]


def test_what_is_sound_is_said_to_be(people):
    assert broken(people) == []


SINS = {
    "customers.erased_have_no_keys": "UPDATE customers_person SET state = 'erased' WHERE customer = 'C0'",
    "customers.left_are_not_found": "UPDATE customers_person SET state = 'erased' WHERE customer = 'C0'",
    "customers.active_can_be_read": "DELETE FROM customers_key WHERE part = 'contact'",
    "customers.phones_are_found": "DELETE FROM customers_index",
    "customers.versions_have_no_gap": "UPDATE customers_field SET version = 7 WHERE field = 'phone'",
}


@pytest.mark.parametrize(("name", "sin"), SINS.items(), ids=SINS.keys())
def test_each_sin_is_found(people, owner_conn, name, sin):
    owner_conn.execute(sin)
    assert name in broken(people)


def test_every_check_has_its_sin():
    assert set(SINS) == set(CHECKS)
