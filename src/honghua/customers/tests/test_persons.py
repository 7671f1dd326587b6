"""Persons: registered by phone, sealed field by field, masked in lists, read in the clear only with a purpose that is written down."""

from __future__ import annotations

import datetime as dt
import json
import threading

import psycopg
import pytest

from honghua.base.errors import BadInput, Conflict, IntegrityBroken, NotFound
from honghua.customers import jobs
from honghua.customers.api import (
    Access,
    Origin,
    Purpose,
    RightKind,
    Vault,
    close_request,
    erase_person,
    export_person,
    find_by_national_id,
    find_by_phone,
    get_person,
    list_access,
    list_requests,
    list_versions,
    make_request,
    read_key_number,
    register,
    reveal,
    show_masked,
    write_fields,
)
from honghua.customers.core import Field
from honghua.customers.store import find_keys
from honghua.store.database import connect, run_unit

NOW = dt.datetime(2026, 1, 1, 4, tzinfo=dt.UTC)
VAULT = Vault({1: b"a" * 32}, b"i" * 32)
PHONE = "13800001234"
ID = "11010519491231002X"
ALL = {
    Field.NAME: "欧阳明珠",
    Field.NATIONAL_ID: ID,
    Field.EMAIL: "Mingzhu@Example.com",
    Field.ADDRESS: "北京市朝阳区某街道88号",
}
BY_CARE = Access("care-1", Purpose.CARE)


@pytest.fixture
def conn(module_database):
    """What a test does is rolled back at its end."""
    with connect(module_database) as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def own_conn(database):
    """A connection to a database of this test's own, for what commits by itself."""
    with connect(database) as connection:
        yield connection


def join(conn):
    """A customer of whom all is known."""
    made = register(conn, VAULT, PHONE, now=NOW)
    write_fields(conn, VAULT, made, ALL, Origin(made, "application"), now=NOW)
    return made


@pytest.fixture
def customer(conn):
    return join(conn)


@pytest.fixture
def own_customer(own_conn):
    return join(own_conn)


def scan(database, needles):
    """Every row of every table that shows one of the texts, as PostgreSQL would print or dump it."""
    found = []
    with connect(database, owner=True) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for (row,) in owner.execute(f'SELECT t::text FROM "{table}" t'):
                for needle in needles:
                    if needle in row or needle.encode().hex() in row:
                        found.append((table, needle))
    return found


def test_one_phone_is_one_customer_however_it_is_written(conn, customer):
    for way in ("13800001234", "+86 138 0000 1234", "138-0000-1234", "138 0000 1234"):
        assert find_by_phone(conn, VAULT, way) == customer
        assert register(conn, VAULT, way, now=NOW) == customer
    assert find_by_national_id(conn, VAULT, ID.lower()) == customer
    assert find_by_phone(conn, VAULT, "13900001234") is None
    assert "138" not in customer


def test_a_reference_that_the_books_know_is_linked_once(conn, customer):
    assert register(conn, VAULT, "13911112222", now=NOW, customer="city-7") == "city-7"
    assert register(conn, VAULT, "13911112222", now=NOW, customer="city-7") == "city-7"
    with pytest.raises(Conflict):
        register(conn, VAULT, "13911112222", now=NOW, customer="city-8")
    with pytest.raises(Conflict):
        register(conn, VAULT, "13911113333", now=NOW, customer="city-7")


def test_nothing_personal_stands_in_any_table(database, own_customer):
    needles = [PHONE, "0000123", ID, "欧阳", "朝阳", "mingzhu", "Mingzhu"]
    assert scan(database, needles) == []


def test_lists_show_masks_and_write_nothing_down(conn, customer):
    assert show_masked(conn, VAULT, customer) == {
        Field.PHONE: "138****1234",
        Field.NAME: "欧阳**",
        Field.NATIONAL_ID: "110***********002X",
        Field.EMAIL: "m***@example.com",
        Field.ADDRESS: "北京市朝阳区***",
    }
    assert list_access(conn, customer) == []
    assert show_masked(conn, VAULT, "nobody") == {}


def test_reading_in_the_clear_is_written_down(conn, customer):
    found = reveal(conn, VAULT, customer, [Field.PHONE, Field.NAME], BY_CARE, now=NOW)
    assert found == {Field.PHONE: "+86" + PHONE, Field.NAME: "欧阳明珠"}
    (look,) = list_access(conn, customer)
    assert (look.fields, look.viewer, look.purpose) == (["phone", "name"], "care-1", "care")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
        conn.execute("DELETE FROM customers_access")
    with pytest.raises(BadInput):
        Access(" ", Purpose.CARE)
    with pytest.raises(BadInput):
        reveal(conn, VAULT, customer, [], BY_CARE, now=NOW)
    with pytest.raises(NotFound):
        reveal(conn, VAULT, "nobody", [Field.NAME], BY_CARE, now=NOW)


def test_a_reading_that_cannot_be_written_down_is_not_done(database, own_customer):
    with connect(database) as conn:
        conn.execute("SET default_transaction_read_only = on")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reveal(conn, VAULT, own_customer, [Field.PHONE], BY_CARE, now=NOW)


def test_a_correction_keeps_what_was(conn, customer):
    origin = Origin("care-1", "married")
    assert write_fields(conn, VAULT, customer, {Field.NAME: "李明珠"}, origin, now=NOW) == 1
    assert write_fields(conn, VAULT, customer, {Field.NAME: "李明珠"}, origin, now=NOW) == 0, "said before"
    names = [one for one in list_versions(conn, VAULT, customer) if one.field is Field.NAME]
    assert [(one.version, one.masked, one.said_by, one.why) for one in names] == [
        (1, "欧阳**", customer, "application"),
        (2, "李**", "care-1", "married"),
    ]
    assert show_masked(conn, VAULT, customer)[Field.NAME] == "李**"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
        conn.execute("UPDATE customers_field SET said_by = 'somebody else'")


def test_a_new_phone_takes_the_old_ones_place(conn, customer):
    write_fields(conn, VAULT, customer, {Field.PHONE: "13700005678"}, Origin(customer, "new phone"), now=NOW)
    assert find_by_phone(conn, VAULT, PHONE) is None
    assert find_by_phone(conn, VAULT, "13700005678") == customer
    other = register(conn, VAULT, PHONE, now=NOW)
    assert other != customer
    with pytest.raises(Conflict), conn.transaction():
        write_fields(conn, VAULT, other, {Field.PHONE: "13700005678"}, Origin(other, "mine"), now=NOW)
    assert find_by_phone(conn, VAULT, "13700005678") == customer
    assert find_by_phone(conn, VAULT, PHONE) == other, "what failed changed nothing"


def test_two_who_register_one_phone_at_once_are_one_customer(database):
    got = []

    def run():
        with connect(database) as conn:
            try:
                got.append(run_unit(conn, lambda c: register(c, VAULT, "13612345678", now=NOW)))
            except Conflict:
                got.append(run_unit(conn, lambda c: register(c, VAULT, "13612345678", now=NOW)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert len(set(got)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field.PHONE, "12800001234"),
        (Field.PHONE, "1380000123"),
        (Field.PHONE, "+8612345"),
        (Field.NATIONAL_ID, "110105194912310021"),
        (Field.NATIONAL_ID, "110105194913310025"),
        (Field.EMAIL, "no-mail"),
        (Field.NAME, ""),
        (Field.NAME, "a\0b"),
        (Field.ADDRESS, "x" * 201),
    ],
)
def test_what_cannot_be_is_refused(conn, customer, field, value):
    with pytest.raises(BadInput):
        write_fields(conn, VAULT, customer, {field: value}, Origin("t", "t"), now=NOW)


def test_a_value_opens_only_where_it_was_put(own_conn, owner_conn, own_customer):
    other = register(own_conn, VAULT, "13911112222", now=NOW)
    ours, theirs = get_person(own_conn, own_customer).person_id, get_person(own_conn, other).person_id
    owner_conn.execute(
        "UPDATE customers_field SET sealed = (SELECT sealed FROM customers_field WHERE person_id = %s AND field = 'phone')"
        " WHERE person_id = %s AND field = 'phone'",
        [ours, theirs],
    )
    with pytest.raises(IntegrityBroken):
        reveal(own_conn, VAULT, other, [Field.PHONE], BY_CARE, now=NOW)
    owner_conn.execute(
        "UPDATE customers_field SET sealed = (SELECT sealed FROM customers_field WHERE person_id = %s AND field = 'email')"
        " WHERE person_id = %s AND field = 'address'",
        [ours, ours],
    )
    with pytest.raises(IntegrityBroken):
        reveal(own_conn, VAULT, own_customer, [Field.ADDRESS], BY_CARE, now=NOW)
    owner_conn.execute("UPDATE customers_field SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)")
    with pytest.raises(IntegrityBroken):
        reveal(own_conn, VAULT, own_customer, [Field.NAME], BY_CARE, now=NOW)


def test_after_rotation_the_old_key_opens_nothing_and_is_not_needed(own_conn, own_customer):
    register(own_conn, VAULT, "13911112222", now=NOW)
    before = own_conn.execute("SELECT field, sealed FROM customers_field ORDER BY 1").fetchall()
    both = Vault({1: b"a" * 32, 2: b"b" * 32}, b"i" * 32)
    assert show_masked(own_conn, both, own_customer)[Field.PHONE] == "138****1234", "the old key still opens"
    assert jobs.rotate_keys(own_conn, both, limit=1) == 1
    assert jobs.rotate_keys(own_conn, both) == 1
    assert jobs.rotate_keys(own_conn, both) == 0
    only_new = Vault({2: b"b" * 32}, b"i" * 32)
    assert reveal(own_conn, only_new, own_customer, [Field.NAME], BY_CARE, now=NOW)[Field.NAME] == "欧阳明珠"
    assert find_by_phone(own_conn, only_new, PHONE) == own_customer
    person = get_person(own_conn, own_customer)
    assert {read_key_number(key) for key in find_keys(own_conn, person.person_id).values()} == {2}
    after = own_conn.execute("SELECT field, sealed FROM customers_field ORDER BY 1").fetchall()
    assert not set(before) & set(after), "every ciphertext is new"
    with pytest.raises(IntegrityBroken, match="field key 2"):
        reveal(own_conn, VAULT, own_customer, [Field.NAME], BY_CARE, now=NOW)


def test_the_erased_cannot_be_read_by_anybody_from_no_copy(database, own_conn, own_customer):
    copy = own_conn.execute("SELECT field, sealed FROM customers_field").fetchall()
    assert run_unit(own_conn, lambda c: erase_person(c, own_customer, last_dealt_on=None, now=NOW)) is None
    assert find_by_phone(own_conn, VAULT, PHONE) is None
    assert find_by_national_id(own_conn, VAULT, ID) is None
    for purpose in Purpose:
        with pytest.raises(Conflict):
            reveal(own_conn, VAULT, own_customer, [Field.NAME], Access("x", purpose), now=NOW)
    assert show_masked(own_conn, VAULT, own_customer) == {}
    assert list_versions(own_conn, VAULT, own_customer) == []
    assert own_conn.execute("SELECT count(*) FROM customers_key").fetchone() == (0,)
    assert own_conn.execute("SELECT field, sealed FROM customers_field").fetchall() == copy, (
        "ciphertext without its key"
    )
    assert scan(database, [VAULT.index("phone", "+86" + PHONE).hex(), VAULT.index("national_id", ID).hex()]) == []
    assert get_person(own_conn, own_customer).customer == own_customer, "books and facts still know the reference"
    with pytest.raises(Conflict):
        write_fields(own_conn, VAULT, own_customer, {Field.NAME: "李"}, Origin("x", "x"), now=NOW)
    with pytest.raises(Conflict):
        erase_person(own_conn, own_customer, last_dealt_on=None, now=NOW)


def test_who_had_an_account_keeps_an_identity_that_only_the_law_may_read(own_conn, own_customer):
    until = erase_person(own_conn, own_customer, last_dealt_on=dt.date(2024, 2, 29), now=NOW)
    assert until == dt.date(2034, 3, 1)
    assert find_by_phone(own_conn, VAULT, PHONE) is None
    with pytest.raises(Conflict):
        reveal(own_conn, VAULT, own_customer, [Field.NAME], BY_CARE, now=NOW)
    law = Access("auditor-1", Purpose.LEGAL_DUTY)
    assert reveal(own_conn, VAULT, own_customer, list(Field), law, now=NOW) == {
        Field.NAME: "欧阳明珠",
        Field.NATIONAL_ID: ID,
    }, "contact data is gone"
    assert jobs.erase_due(own_conn, on=dt.date(2034, 2, 28), now=NOW) == 0
    assert jobs.erase_due(own_conn, on=dt.date(2034, 3, 1), now=NOW) == 1
    assert get_person(own_conn, own_customer).state == "erased"
    with pytest.raises(Conflict):
        reveal(own_conn, VAULT, own_customer, [Field.NAME], law, now=NOW)


def test_rotation_leaves_the_erased_alone(own_conn, own_customer):
    erase_person(own_conn, own_customer, last_dealt_on=dt.date(2025, 1, 1), now=NOW)
    both = Vault({1: b"a" * 32, 2: b"b" * 32}, b"i" * 32)
    assert jobs.rotate_keys(own_conn, both) == 1
    law = Access("auditor-1", Purpose.LEGAL_DUTY)
    assert (
        reveal(own_conn, Vault({2: b"b" * 32}, b"i" * 32), own_customer, list(Field), law, now=NOW)[Field.NAME]
        == "欧阳明珠"
    )


def test_an_export_holds_everything_and_is_written_down(conn, customer):
    make_request(conn, customer, RightKind.COPY, now=NOW)
    told = json.loads(json.dumps(export_person(conn, VAULT, customer, now=NOW)))
    assert told["personal"] == {
        "name": "欧阳明珠",
        "phone": "+86" + PHONE,
        "national_id": ID,
        "email": "mingzhu@example.com",
        "address": ALL[Field.ADDRESS],
    }
    assert told["looked_at"][0]["purpose"] == "own_request"
    assert [one["kind"] for one in told["requests"]] == ["copy"]
    assert len(told["history"]) == 5


def test_a_right_has_its_clock(conn, customer):
    number = make_request(conn, customer, RightKind.HUMAN_DECISION, now=NOW)
    (open_one,) = list_requests(conn)
    assert (open_one.customer, open_one.due_at - open_one.made_at) == (customer, dt.timedelta(days=15))
    close_request(conn, number, by="care-1", outcome="called back", now=NOW)
    assert list_requests(conn) == []
    assert [one.outcome for one in list_requests(conn, customer=customer)] == ["called back"]
    with pytest.raises(NotFound):
        close_request(conn, number, by="care-1", outcome="again", now=NOW)


def test_a_vault_says_nothing_of_its_keys():
    assert "aaaa" not in repr(VAULT)
    for keys in ({}, {0: b"a" * 32}, {1: b"a" * 31}, {1 << 15: b"a" * 32}):
        with pytest.raises(BadInput):
            Vault(keys, b"i" * 32)
