"""`honghua verify` finds nothing in a sound book and names each planted corruption with its offender."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from honghua.app import verifying as verify
from honghua.app.cli import main
from honghua.app.settings import Settings
from honghua.lab.invariants import check_lab
from honghua.limits.response.auditing import check_temporary
from honghua.store import provision
from honghua.store.database import Database, connect, scratch_database
from honghua.store.embedded import ensure_server
from honghua.store.settings import StoreSettings
from tests.verify.book import CUSTOMERS, build, open_book
from tests.verify.evidencing import EVIDENCE
from tests.verify.laboratory import AGENTS
from tests.verify.learning import LEARNING
from tests.verify.payments import PAYMENTS
from tests.verify.plants import PLANTS, Plant
from tests.verify.registering import REGISTERED

APPEND_ONLY = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'refuse_change'"


@pytest.fixture(scope="module")
def lived(store_settings: StoreSettings) -> Iterator[Database]:
    """A book that lived through everything; tests leave it as it was."""
    with scratch_database(store_settings) as database:
        build(database)
        yield database


def test_a_sound_book_passes(lived: Database) -> None:
    checks = verify.verify(lived)
    assert [check for check in checks if not check.ok] == []
    found = verify.sum_up(checks)
    assert found["ok"]
    assert len(found["checked"]) == len(checks), "two checks share a name"
    idle = [name for name, count in found["checked"].items() if count == 0 and name != "credit.quarantine_told"]
    assert idle == [], "the book gives some checks nothing to look at"
    assert {plant.check for plant in LEARNING} <= found["checked"].keys()
    assert (
        found["checked"]["credit.state_is_fold"] == len(CUSTOMERS) + 2
    )  # and kim, whose two accounts contracts opened
    assert found["checked"]["credit.accounts_without_contract"] == len(CUSTOMERS)


@pytest.mark.parametrize(
    "plant", [*PLANTS, *PAYMENTS, *AGENTS, *REGISTERED, *EVIDENCE], ids=lambda plant: plant.name.replace(" ", "-")
)
def test_a_planted_corruption_is_named(lived: Database, plant: Plant) -> None:
    """Planted by the owner, with the triggers off, in a transaction that is rolled back."""
    with connect(lived, owner=True) as conn, conn.transaction(force_rollback=True):
        offender = corrupt(conn, plant)
        found = verify.sum_up(verify.check_all(conn))
    assert not found["ok"]
    ids = {one["name"]: one["ids"] for one in found["broken"]}
    assert plant.check in ids, ids
    assert offender in ids[plant.check], ids


def test_what_is_learnt_of_people_is_named_too(lived: Database) -> None:
    """As above by the two rooms' own checks alone, which a sound book has seen among all."""
    for plant in LEARNING:
        with connect(lived, owner=True) as conn, conn.transaction(force_rollback=True):
            offender = corrupt(conn, plant)
            found = {check.name: check.broken for check in (*check_temporary(conn), *check_lab(conn))}
        assert offender in found[plant.check], (plant.name, found)


def corrupt(conn: psycopg.Connection, plant: Plant) -> str:
    """Plant it; returns the id that must be named."""
    row = conn.execute(plant.offender.encode()).fetchone()
    assert row is not None
    for (table,) in conn.execute(APPEND_ONLY).fetchall():
        conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
    for statement in plant.sql:
        done = conn.execute(statement.format(*row).encode())
        assert done.rowcount != 0, f"{statement} touched nothing"
    return str(row[0])


def test_planted_ones_differ() -> None:
    assert len({plant.name for plant in PLANTS}) == len(PLANTS) >= 14


@pytest.fixture
def copied(lived: Database, store_settings: StoreSettings) -> Iterator[StoreSettings]:
    """Settings whose lasting database is a copy of the book."""
    name = f"{provision.SCRATCH_PREFIX}{os.getpid()}_{secrets.token_hex(4)}"
    server = ensure_server(store_settings.state_dir, durable=False)
    try:
        with provision.connect_admin(server.admin_dsn) as admin:
            provision.create_scratch(admin, lived.name, name)
            try:
                yield replace(store_settings, database_name=name)
            finally:
                provision.drop_database(admin, name)
    finally:
        server.close()


def test_the_verb_exits_0_on_a_sound_book_and_1_with_the_ids_on_a_broken_one(
    copied: StoreSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("honghua.app.cli.load_settings", lambda: Settings(store=copied))
    assert main(["verify", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is True
    assert said["broken"] == []
    assert {"machine", "commit", "seed", "seconds"} <= said.keys()

    server = ensure_server(copied.state_dir, durable=False)
    dsn = server.make_dsn(user=provision.OWNER_ROLE, dbname=copied.database_name)
    with psycopg.connect(dsn, autocommit=True) as conn:
        offender = corrupt(conn, next(plant for plant in PLANTS if plant.check == "credit.limit_available"))
    server.close()
    assert main(["verify", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert {"name": "credit.limit_available", "ids": [offender]} in said["broken"]
    assert main(["verify"]) == 1
    assert offender in capsys.readouterr().out


def test_an_empty_and_a_fresh_book_pass(database: Database, conn: psycopg.Connection) -> None:
    assert verify.sum_up(verify.verify(database))["broken"] == []
    open_book(database, conn)
    assert verify.sum_up(verify.verify(database))["broken"] == []


def test_verify_looks_at_one_moment_and_blocks_nobody(database: Database, conn: psycopg.Connection) -> None:
    """A purchase booked while the audit runs is neither seen by half nor kept waiting."""
    book = open_book(database, conn)
    booked: list[int] = []

    def meanwhile(done: int, total: int) -> None:
        booked.append(int(book.buy("bo", 100)["fact_id"]))

    checks = verify.verify(database, accounts_done=meanwhile)
    assert booked
    assert [check for check in checks if not check.ok] == []
    assert {check.name: check.checked for check in checks}["store.facts_commanded"] == len(CUSTOMERS)
