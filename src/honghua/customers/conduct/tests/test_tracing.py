"""Nothing of an erased person is found in any table or file; what is planted is."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from honghua.base.errors import Conflict
from honghua.customers import api as customers
from honghua.customers.conduct.tracing import PIECE
from honghua.customers.contracts.tests.test_documents import TEXT
from honghua.customers.core import Field, Profile, find_check_digit
from honghua.store.database import run_unit

NOW = dt.datetime(2026, 3, 1, 2, tzinfo=dt.UTC)
VAULT = customers.Vault({1: b"f" * 32}, b"i" * 32)
FRONT = "11010519900307451"
VALUES = {
    Field.NAME: "慕容示例", Field.PHONE: "+8613812345678", Field.NATIONAL_ID: FRONT + find_check_digit(FRONT),
    Field.EMAIL: "mu.rong@example.cn", Field.ADDRESS: "北京市朝阳区建国路一百号",
}  # fmt: skip
COMMAND = (
    "INSERT INTO store_command (key, command_id, body_hash, answer) VALUES ('x', 1, sha256(''),"
    " jsonb_build_object('to', '+86' || '13812345678'))"
)
CARD = "6222021234567890123"


@pytest.fixture
def known(conn: psycopg.Connection) -> str:
    """Somebody of whom every part of this room knows something."""
    evidence = customers.Evidence(
        name=VALUES[Field.NAME], national_id=VALUES[Field.NATIONAL_ID], phone="13812345678", card=CARD, clip="clip",
        device="my phone", address=VALUES[Field.ADDRESS],
    )  # fmt: skip

    def meet(c: psycopg.Connection) -> str:
        customers.publish_texts(c, now=NOW)
        who = customers.register(c, VAULT, VALUES[Field.PHONE], now=NOW, customer="mu")
        customers.write_profile(c, VAULT, who, Profile(is_student=False), said_by=who, now=NOW)
        customers.show_contract(c, VAULT, replace(TEXT, customer=who, name=VALUES[Field.NAME]), key="c", now=NOW)
        said = customers.Complained(
            channel="phone", about="privacy", words=f"who gave you {VALUES[Field.PHONE]}?", key="k"
        )
        customers.receive_complaint(c, VAULT, who, said, on=NOW.date(), now=NOW)
        return who

    who = run_unit(conn, meet)
    check = customers.IdentityCheck(vault=VAULT, provider=customers.FakeIdentityProvider(1))
    assert customers.prove_identity(conn, check, who, evidence, key="p", now=NOW).verdict == "proven"
    wrote = {field: VALUES[field] for field in (Field.EMAIL, Field.ADDRESS)}
    run_unit(conn, lambda c: customers.write_fields(c, VAULT, who, wrote, customers.Origin(who, "said"), now=NOW))
    return who


def find(conn: psycopg.Connection) -> list[customers.Trace]:
    return customers.trace_in_tables(conn, VALUES)


def test_nobody_is_found_in_the_clear_even_before_and_after_erasure_nothing_opens(conn, known):
    assert find(conn) == []
    run_unit(conn, lambda c: customers.erase_person(c, known, last_dealt_on=None, now=NOW))
    assert find(conn) == []
    assert conn.execute("SELECT count(*) FROM customers_key").fetchone() == (0,)
    assert conn.execute("SELECT count(*) FROM customers_index").fetchone() == (0,)
    assert conn.execute("SELECT count(*) FROM customers_link").fetchone() == (0,)
    with pytest.raises(Conflict):
        customers.read_complaint(conn, VAULT, 1, customers.Access("bo", customers.Purpose.DISPUTE), now=NOW)


PLANTS = (
    (COMMAND, "store_command.answer", "clear"),
    ("UPDATE customers_key SET wrapped = convert_to('慕容示例', 'UTF8')", "customers_key.wrapped", "clear"),
    ("UPDATE customers_link SET digest = sha256('{id}') WHERE kind = 'card'", "customers_link.digest", "sha256"),
    ("UPDATE customers_offer SET reasons = ARRAY['mu.rong@example.cn']", "customers_offer.reasons", "clear"),
    ("UPDATE customers_offer SET name = '{b64}'", "customers_offer.name", "base64"),
    ("UPDATE customers_offer SET channel = encode('慕容示例'::bytea, 'hex')", "customers_offer.channel", "hex"),
)


def test_what_somebody_left_in_a_table_is_found(conn, owner_conn, known):
    offer = customers.Offer(name="n", channel="c", key="o")
    run_unit(conn, lambda c: customers.make_offer(c, VAULT, known, offer, now=NOW))
    owner_conn.execute("ALTER TABLE customers_offer DISABLE TRIGGER USER")
    number = VALUES[Field.NATIONAL_ID]
    b64 = base64.b64encode(number.encode()).decode().rstrip("=")
    for plant, _, _ in PLANTS:
        owner_conn.execute(plant.replace("{id}", number).replace("{b64}", b64).encode())
    assert {(one.place, one.disguise) for one in find(conn)} == {(place, how) for _, place, how in PLANTS}


def test_files_are_read_across_the_edges_of_their_pieces(tmp_path: Path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(b"x" * (PIECE - 5) + b"13812345678" + b"y" * 10)
    (tmp_path / "clean").write_bytes(b"x" * (PIECE + 10))
    (tmp_path / "digest").write_text(hashlib.sha256(VALUES[Field.NATIONAL_ID].encode()).hexdigest())
    found = customers.trace_in_files(tmp_path, VALUES)
    assert [(Path(one.place).name, one.field, one.disguise) for one in found] == [
        ("log", "phone without its country", "clear"),
        ("digest", "national_id", "sha256 in hex"),
    ]
