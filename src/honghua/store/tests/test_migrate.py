"""Migrations: collected from all rooms, applied once, in order, and never rewritten."""

from __future__ import annotations

import threading

import psycopg
import pytest

from honghua.base.errors import IntegrityBroken
from honghua.store import provision
from honghua.store.database import connect
from honghua.store.migrate import apply_migrations, collect_migrations, compute_digest, find_pending, list_migrations


def put(root, room, name, text):
    folder = root / room / "migrations"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.fixture
def rooms(tmp_path):
    put(tmp_path, "store", "0001_first.sql", "CREATE TABLE t1 (x int)")
    put(tmp_path, "ledger", "0100_second.sql", "CREATE TABLE t2 (x int); CREATE TABLE t3 (x int)")
    return tmp_path


@pytest.fixture
def blank(store_settings, database):
    """A connection to an empty database, as its owner."""
    admin_dsn = database.dsn.replace(f"user={provision.APP_ROLE}", "user=postgres")
    name = "blank_" + database.name  # another beginning: a scratch database without a user is swept
    with provision.connect_admin(admin_dsn) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER {provision.OWNER_ROLE}")
        with psycopg.connect(database.owner_dsn.replace(database.name, name), autocommit=True) as conn:
            yield conn
        provision.drop_database(admin, name)


def test_ours_have_unique_numbers_and_are_applied(owner_conn):
    ours = list_migrations()
    assert [m.number for m in ours] == sorted({m.number for m in ours})
    assert ours[0].name == "0001_ground"
    assert find_pending(owner_conn, ours) == []


def test_each_once_in_order(blank, rooms):
    migrations = collect_migrations(rooms)
    assert [(m.number, m.room) for m in migrations] == [(1, "store"), (100, "ledger")]
    assert [m.name for m in apply_migrations(blank, migrations=migrations)] == ["0001_first", "0100_second"]
    assert apply_migrations(blank, migrations=migrations) == []
    put(rooms, "store", "0002_more.sql", "CREATE TABLE t4 (x int)")
    assert [m.name for m in apply_migrations(blank, migrations=collect_migrations(rooms))] == ["0002_more"]


def test_a_failing_one_leaves_nothing_and_can_be_mended(blank, rooms):
    put(rooms, "credit", "0200_bad.sql", "CREATE TABLE t5 (x int); SELECT 1/0")
    with pytest.raises(Exception, match="division by zero"):
        apply_migrations(blank, migrations=collect_migrations(rooms))
    assert blank.execute("SELECT to_regclass('t5'), to_regclass('t3')").fetchone() == (None, "t3")
    put(rooms, "credit", "0200_bad.sql", "CREATE TABLE t5 (x int)")
    assert [m.name for m in apply_migrations(blank, migrations=collect_migrations(rooms))] == ["0200_bad"]


def test_a_rewritten_one_is_refused(blank, rooms):
    apply_migrations(blank, migrations=collect_migrations(rooms))
    put(rooms, "store", "0001_first.sql", "CREATE TABLE t1 (y int)")
    with pytest.raises(IntegrityBroken, match="changed after it was applied"):
        apply_migrations(blank, migrations=collect_migrations(rooms))


def test_a_newer_database_is_refused(blank, rooms):
    apply_migrations(blank, migrations=collect_migrations(rooms))
    (rooms / "ledger" / "migrations" / "0100_second.sql").unlink()
    with pytest.raises(IntegrityBroken, match="older than the database"):
        apply_migrations(blank, migrations=collect_migrations(rooms))


def test_bad_names_and_numbers(rooms):
    put(rooms, "credit", "0100_again.sql", "")
    with pytest.raises(IntegrityBroken, match="0100 is used by"):
        collect_migrations(rooms)
    put(rooms, "credit", "12-x.sql", "")
    with pytest.raises(IntegrityBroken, match="NNNN_words"):
        collect_migrations(rooms)


def test_two_at_once(blank, rooms):
    put(rooms, "store", "0003_slow.sql", "SELECT pg_sleep(0.2)")
    migrations = collect_migrations(rooms)
    applied = []

    def work():
        with psycopg.connect(blank.info.dsn, autocommit=True) as conn:
            applied.extend(apply_migrations(conn, migrations=migrations))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(m.number for m in applied) == [1, 3, 100]


def test_the_digest_moves_with_every_change(rooms):
    before = compute_digest(collect_migrations(rooms))
    assert before == compute_digest(collect_migrations(rooms))
    put(rooms, "ledger", "0100_second.sql", "CREATE TABLE t2 (x int) ")
    assert compute_digest(collect_migrations(rooms)) != before


def test_the_register_is_readable_by_the_program(database):
    with connect(database) as conn:
        assert conn.execute("SELECT count(*) FROM store_migration").fetchone() == (len(list_migrations()),)
