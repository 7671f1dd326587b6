"""HONGHUA_DATABASE_URL: the operator's own server (Debian's PostgreSQL 15 here), with more and with fewer rights
for us."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from honghua.base.errors import BadInput, IntegrityBroken
from honghua.store import control
from honghua.store.commands import save_commands
from honghua.store.database import connect, open_database, run_unit, scratch_database
from honghua.store.failures import translate_errors
from honghua.store.migrate import list_migrations
from honghua.store.server.binaries import find_server_user
from honghua.store.settings import StoreSettings

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("1[5-9]/bin/initdb"))
pytestmark = pytest.mark.skipif(
    not DEBIAN, reason="no PostgreSQL of the operating system here (apt install postgresql)"
)


@pytest.fixture(scope="module")
def operator():
    """URL (without database) of a server that is not ours, as its superuser."""
    bin_dir, user = DEBIAN[-1].parent, find_server_user()
    folder = Path(tempfile.mkdtemp(prefix="honghua-operator-", dir="/tmp"))
    os.chown(folder, user.uid, user.gid)
    folder.chmod(0o755)
    made = user.run(
        [
            str(bin_dir / "initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            "boss",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
    )
    assert made.returncode == 0, made.stdout
    server = user.spawn(
        [str(bin_dir / "postgres"), "-D", str(folder / "data"), "-k", str(folder), "-c", "listen_addresses=",
         "-c", "fsync=off"],
        cwd=folder, log=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(500):
        if (folder / ".s.PGSQL.5432").exists() and user.run(
            [str(bin_dir / "pg_isready"), "-h", str(folder)]
        ).returncode == 0:
            break
        time.sleep(0.02)
    yield f"postgresql://boss@/?host={folder}"
    server.terminate()
    server.wait(20)
    shutil.rmtree(folder)


def as_boss(operator, *statements, dbname="postgres"):
    with psycopg.connect(operator.replace("/?", f"/{dbname}?"), autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement)


@pytest.fixture
def guest(operator):
    """A login without any right, and its database; whatever it leaves is removed."""
    name = "guest_" + secrets.token_hex(3)
    as_boss(operator, f"CREATE ROLE {name} LOGIN", f"CREATE DATABASE {name}")
    yield name
    rows = f"SELECT datname FROM pg_database WHERE datname LIKE 'honghua%' OR datname = '{name}'"
    with psycopg.connect(operator.replace("/?", "/postgres?"), autocommit=True) as conn:
        for (database,) in conn.execute(rows).fetchall():
            conn.execute(f'ALTER DATABASE "{database}" IS_TEMPLATE false')
            conn.execute(f'DROP DATABASE "{database}" WITH (FORCE)')
        for role in (name, "honghua_app", "honghua_owner"):
            if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                conn.execute(f"DROP OWNED BY {role}")
                conn.execute(f"DROP ROLE {role}")


def make_settings(operator, *, user="boss", dbname=""):
    return StoreSettings(Path("/nonexistent"), database_url=operator.replace("boss@/?", f"{user}@/{dbname}?"))


def check_works(database):
    with connect(database) as conn, connect(database, owner=True) as owner:
        assert conn.execute("SELECT current_user").fetchone() == ("honghua_app",)
        run_unit(conn, lambda c: save_commands(c, ["k"], [bytes(32)], ["{}"], [1]))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("DELETE FROM store_command")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("CREATE TABLE x (y int)")
        with pytest.raises(IntegrityBroken), translate_errors():
            owner.execute("DELETE FROM store_command")


def test_as_superuser_with_no_database_named(operator, guest):
    settings = make_settings(operator)
    with open_database(settings) as database:
        assert database.name == "honghua"
        check_works(database)
        assert control.get_status(settings).migrations_applied == len(list_migrations())
    with scratch_database(settings) as scratch:
        check_works(scratch)
    with control.reset_database(settings) as database, connect(database) as conn:
        assert conn.execute("SELECT count(*) FROM store_command").fetchone() == (0,)


def test_as_one_who_may_create_roles_and_databases(operator, guest):
    as_boss(operator, f"ALTER ROLE {guest} CREATEROLE CREATEDB")
    settings = make_settings(operator, user=guest)
    with open_database(settings) as database:
        check_works(database)
    with scratch_database(settings) as scratch:
        check_works(scratch)


def test_with_nothing_it_says_what_to_run_and_that_is_enough(operator, guest):
    settings = make_settings(operator, user=guest, dbname=guest)
    with pytest.raises(BadInput, match="CREATE ROLE honghua_owner") as caught, open_database(settings):
        pass
    advice = str(caught.value).split("to run\n", 1)[1].replace("<role of your URL>", guest).replace("<database>", guest)
    as_boss(operator, advice, dbname=guest)
    with open_database(settings) as database:
        check_works(database)


def test_roles_exist_but_the_schema_is_closed(operator, guest):
    as_boss(
        operator, "CREATE ROLE honghua_owner", "CREATE ROLE honghua_app", f"GRANT honghua_owner, honghua_app TO {guest}"
    )
    with (
        pytest.raises(BadInput, match="GRANT CREATE, USAGE ON SCHEMA public"),
        open_database(make_settings(operator, user=guest, dbname=guest)),
    ):
        pass
