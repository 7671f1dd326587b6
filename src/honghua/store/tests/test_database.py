"""Doors: least rights, scratch databases, and what run_unit does when the world pushes back."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from honghua.base.errors import BadInput, Conflict, IntegrityBroken, TimedOut, WorldFailed
from honghua.store import provision
from honghua.store.commands import find_commands, save_commands
from honghua.store.database import Database, connect, open_database, run_unit, scratch_database
from honghua.store.failures import find_meaning, translate_errors
from honghua.store.migrate import list_migrations
from honghua.store.settings import StoreSettings

HASH = bytes(32)
APPEND_ONLY = ("store_fact", "store_command")


def connect_superuser(database, *, dbname=None):
    dsn = make_conninfo(database.dsn, user="postgres", dbname=dbname or database.name)
    return psycopg.connect(dsn, autocommit=True)


def put_rows(conn):
    conn.execute("INSERT INTO store_command VALUES ('k', 1, %s, '{}')", [HASH])
    conn.execute(
        "INSERT INTO store_fact (fact_id, kind, account_id, value_on, effective_on, happened_at, amount_minor)"
        " VALUES (1, 1, 1, '2026-01-01', '2026-01-01', now(), 1)"
    )


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET command_id = 5", "DELETE FROM {}", "TRUNCATE {}"])
def test_append_only_for_the_program_and_for_the_owner(conn, owner_conn, table, change):
    put_rows(conn)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(change.format(table))
    with pytest.raises(IntegrityBroken, match="append-only"), translate_errors():
        owner_conn.execute(change.format(table))
    assert owner_conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)


def test_append_only_even_in_replica_mode(store_settings, database):
    """The superuser of the embedded server gets past it only by dropping the trigger, which is a change of schema."""
    with connect_superuser(database) as admin:
        put_rows(admin)
        admin.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.Error, match="append-only"):
            admin.execute("DELETE FROM store_fact")


def test_the_program_owns_nothing_and_may_not_change_the_schema(conn):
    owned = conn.execute("SELECT count(*) FROM pg_class WHERE relowner = 'honghua_app'::regrole").fetchone()
    assert owned == (0,)
    for statement in (
        "CREATE TABLE mine (x int)", "DROP TABLE store_fact", "ALTER TABLE store_fact DISABLE TRIGGER ALL",
        "CALL store_make_append_only('store_wish')", "DELETE FROM store_migration", "SET ROLE honghua_owner",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement)


def test_scratch_databases_are_separate_and_dropped(store_settings):
    with scratch_database(store_settings) as first:
        with scratch_database(store_settings) as second:
            with connect(first) as conn:
                put_rows(conn)
            with connect(second) as conn:
                assert conn.execute("SELECT count(*) FROM store_command").fetchone() == (0,)
                assert conn.execute("SELECT count(*) FROM store_migration").fetchone() == (len(list_migrations()),)
        with pytest.raises(WorldFailed, match=second.name):
            connect(second)


def test_scratch_database_of_a_dead_user_is_swept(store_settings):
    orphan = f"{provision.SCRATCH_PREFIX}0_orphan"
    with scratch_database(store_settings) as alive, connect_superuser(alive) as admin:
        admin.execute(f"CREATE DATABASE {orphan}")
        with scratch_database(store_settings):
            rows = admin.execute("SELECT datname FROM pg_database WHERE datname IN (%s, %s)", [orphan, alive.name])
            assert rows.fetchall() == [(alive.name,)]


def test_open_database_twice_and_without_migrating(store_settings):
    settings = StoreSettings(store_settings.state_dir, database_name="lasting", durable=False)
    with pytest.raises(BadInput, match="honghua db migrate"), open_database(settings, migrate=False):
        pass
    with open_database(settings) as first, open_database(settings, migrate=False) as second:
        assert first == second
    with connect_superuser(first, dbname="postgres") as admin:
        provision.drop_database(admin, "lasting")


def count_tries(conn, failing, *, tries=5):
    waits: list[float] = []
    calls: list[int] = []

    def work(c):
        calls.append(1)
        return failing(c, len(calls))

    try:
        return run_unit(conn, work, tries=tries, sleep=waits.append, draw=lambda: 1.0), len(calls), waits
    except Exception as error:
        return error, len(calls), waits


def fail_with(state):
    def failing(conn, _):
        conn.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")

    return failing


@pytest.mark.parametrize(
    ("state", "expected", "calls"),
    [
        ("40001", WorldFailed, 5), ("40P01", WorldFailed, 5), ("23505", Conflict, 1), ("23514", IntegrityBroken, 1),
        ("HH001", IntegrityBroken, 1), ("22003", BadInput, 1), ("57014", WorldFailed, 1), ("53100", WorldFailed, 1),
        ("42P01", psycopg.Error, 1),
    ],
)  # fmt: skip
def test_only_what_another_try_can_cure_is_tried_again(conn, state, expected, calls):
    error, tried, waits = count_tries(conn, fail_with(state))
    assert isinstance(error, expected)
    assert tried == calls
    assert len(waits) == calls - 1
    assert waits == sorted(waits)
    assert sum(waits) < 1
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_cured_unit_returns_and_is_committed(conn):
    def failing(c, call):
        c.execute("INSERT INTO store_command VALUES (%s, 1, %s, '{}')", [f"try {call}", HASH])
        return fail_with("40001")(c, call) if call < 3 else "done"

    assert count_tries(conn, failing)[:2] == ("done", 3)
    assert conn.execute("SELECT key FROM store_command").fetchall() == [("try 3",)]


def test_what_the_caller_raises_rolls_back_and_passes(conn):
    def work(c):
        c.execute("INSERT INTO store_command VALUES ('k', 1, %s, '{}')", [HASH])
        raise KeyError("mine")

    with pytest.raises(KeyError):
        run_unit(conn, work)
    assert find_commands(conn, ["k"]) == {}


def test_two_writers_race_for_one_key(database):
    """The loser waits for the winner, fails on the key, tries again, and finds the winner's answer."""
    both_looked = threading.Barrier(2)
    answers = []

    def submit(name):
        looked: list[int] = []

        def work(conn):
            found = find_commands(conn, ["same"])
            if not looked:
                looked.append(1)
                both_looked.wait(10)
            if "same" in found:
                return found["same"].answer
            save_commands(conn, ["same"], [HASH], [f'"{name}"'], [1])
            return name

        with connect(database) as conn:
            answers.append(run_unit(conn, work))

    threads = [threading.Thread(target=submit, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(answers) == 2
    assert len(set(answers)) == 1


def test_a_deadlock_is_tried_again(database):
    with connect(database) as conn:
        conn.execute(
            "INSERT INTO store_wish (wish_id, kind, key, body, due_at)"
            " VALUES (1,'x','a','{}',now()), (2,'x','b','{}',now())"
        )
    both_hold = threading.Barrier(2)
    done = []

    def swap(first, second):
        calls: list[int] = []

        def work(conn):
            calls.append(1)
            conn.execute("UPDATE store_wish SET tries = tries + 1 WHERE wish_id = %s", [first])
            if len(calls) == 1:
                both_hold.wait(10)
            conn.execute("UPDATE store_wish SET tries = tries + 1 WHERE wish_id = %s", [second])

        with connect(database) as conn:
            run_unit(conn, work)
            done.append(len(calls))

    threads = [threading.Thread(target=swap, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(done) == [1, 2]
    with connect(database) as conn:
        assert conn.execute("SELECT sum(tries) FROM store_wish").fetchone() == (4,)


def test_a_lost_connection_is_the_world_failing(conn, owner_conn):
    def work(c):
        (pid,) = c.execute("SELECT pg_backend_pid()").fetchone()
        kill_backend(owner_conn, pid)
        c.execute("SELECT 1")

    with pytest.raises(WorldFailed) as caught:
        run_unit(conn, work)
    assert caught.value.retryable
    assert not isinstance(caught.value, TimedOut)


def test_a_connection_lost_during_commit_leaves_the_outcome_open(conn, owner_conn):
    def work(c):
        (pid,) = c.execute("SELECT pg_backend_pid()").fetchone()
        kill_backend(owner_conn, pid)

    with pytest.raises(TimedOut):
        run_unit(conn, work)


def kill_backend(owner_conn, pid):
    """As the superuser of the server that `owner_conn` is on."""
    dsn = owner_conn.info.dsn.replace(provision.OWNER_ROLE, "postgres")
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_nobody_there():
    nowhere = Database("host=/nonexistent user=x dbname=x", "host=/nonexistent user=x dbname=x", "x")
    with pytest.raises(WorldFailed):
        connect(nowhere)


def test_a_bug_keeps_its_own_name():
    assert find_meaning(psycopg.ProgrammingError("boom")) is None
    assert isinstance(find_meaning(psycopg.OperationalError("gone")), WorldFailed)
