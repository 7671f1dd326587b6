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
    "customers.left_are_not_linked": "INSERT INTO customers_link SELECT 'card', sha256('c'), person_id, now() FROM customers_person",
    "customers.offers_consented": "INSERT INTO customers_offer (person_id, name, channel, is_made, reasons, key, at)"
    " SELECT person_id, 'spring', 'message', true, '{}', customer, now() FROM customers_person",
    "customers.proofs_follow_answers": "WITH made AS (INSERT INTO customers_proof (person_id, key, begun_at)"
    " SELECT min(person_id), 'k', now() FROM customers_person RETURNING proof_id) INSERT INTO customers_proof_verdict"
    " SELECT proof_id, 1, 'proven', '{}', 'system', now() FROM made",
    "customers.devices_are_proven": "WITH made AS (INSERT INTO customers_proof (person_id, key, begun_at)"
    " SELECT min(person_id), 'k', now() FROM customers_person RETURNING person_id, proof_id)"
    " INSERT INTO customers_device (person_id, public_key, proof_id, bound_at) SELECT person_id, sha256('k'), proof_id, now() FROM made",
    "customers.contracts_were_read": "WITH made AS (INSERT INTO customers_document (person_id, key, title, shown_digest, shown_at,"
    " read_seconds, plain_sha256, sealed_plain) SELECT min(person_id), 'k', 't', sha256('a'), now(), 10, sha256('b'), 'x'"
    " FROM customers_person RETURNING document_id) INSERT INTO customers_signature"
    " SELECT document_id, 9999, now() + interval '1 day', sha256('c'), sha256('d'), 'x' FROM made",
    "customers.materials_follow_words": "INSERT INTO customers_material (person_id, kind, way, purposes, text_version, text_digest,"
    " provider, is_fake, key, given_at, sealed, issued_on, valid_until) SELECT min(person_id), 'payroll', 'source', '{limit}', 1,"
    " sha256('t'), 'p', true, 'k', now(), 'x', '2026-01-01', '2026-06-01' FROM customers_person",
    "customers.providers_asked_lawfully": "INSERT INTO customers_provider_call (person_id, provider, is_fake, kind, purpose, basis,"
    " version, asked_at) SELECT min(person_id), 'p', true, 'register', 'business line', 'none', 1, now() FROM customers_person",
}


@pytest.mark.parametrize(("name", "sin"), SINS.items(), ids=SINS.keys())
def test_each_sin_is_found(people, owner_conn, name, sin):
    owner_conn.execute(sin)
    assert name in broken(people)


def test_every_check_has_its_sin():
    assert set(SINS) == set(CHECKS)
