"""Roles and databases, made ready by an administrator: the embedded server's superuser, or the operator's URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from honghua.base.errors import BadInput
from honghua.store.failures import translate_errors
from honghua.store.migrate import apply_migrations, compute_digest, find_pending, list_migrations
from honghua.store.server.connecting import connect_patiently

OWNER_ROLE = "honghua_owner"  # owns every table; used by migrations only
APP_ROLE = "honghua_app"  # the program at work: least rights, owns nothing
ROLES = (OWNER_ROLE, APP_ROLE)
SERVER_VERSION_MIN = 150000
PROVISION_LOCK = 0x70726F76
SCRATCH_PREFIX = "honghua_scratch_"
SWEEP_MAX = 4  # orphaned scratch databases dropped on the way, so that one unlucky test does not pay for all

ADVICE = f"""ask its administrator to run
  CREATE ROLE {OWNER_ROLE} NOLOGIN; CREATE ROLE {APP_ROLE} NOLOGIN;
  GRANT {OWNER_ROLE}, {APP_ROLE} TO "<role of your URL>";
  GRANT CREATE, CONNECT, TEMPORARY ON DATABASE "<database>" TO {OWNER_ROLE};
  GRANT CREATE, USAGE ON SCHEMA public TO {OWNER_ROLE}; GRANT USAGE ON SCHEMA public TO {APP_ROLE};"""


@contextmanager
def connect_admin(dsn: str) -> Iterator[psycopg.Connection]:
    """A short-lived autocommit connection for provisioning."""
    with translate_errors():
        conn = connect_patiently(dsn, "honghua-admin")
        try:
            yield conn
        finally:
            conn.close()


def make_role_dsn(admin_dsn: str, role: str, dbname: str) -> str:
    """Log in as `admin_dsn` does but act as `role` from the first statement on (the operator's roles need no
    password of ours)."""
    before = str(conninfo_to_dict(admin_dsn).get("options") or "")
    return make_conninfo(admin_dsn, dbname=dbname, options=f"{before} -c role={role}".strip())


def ensure_roles(conn: psycopg.Connection, *, login: bool) -> None:
    """Create both roles where absent and make sure that we may act as them; raises BadInput with the SQL to run when
    we may not.

    `login` is for the embedded server, where our programs log in as the roles themselves.
    """
    if conn.info.server_version < SERVER_VERSION_MIN:
        raise BadInput(f"PostgreSQL {conn.info.server_version // 10000} is too old: 15 or newer is needed")
    rows = conn.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)]).fetchall()
    present = {name for (name,) in rows}
    try:
        for role in ROLES:
            name = sql.Identifier(role)
            if role not in present:
                conn.execute(sql.SQL("CREATE ROLE {} {}").format(name, sql.SQL("LOGIN" if login else "NOLOGIN")))
            if not login and not _may_act_as(conn, role):
                conn.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        ensure_roles(conn, login=login)  # another process was faster by a moment; now both exist
    except psycopg.errors.InsufficientPrivilege as error:
        raise BadInput(f"the role of HONGHUA_DATABASE_URL may not create our roles: {ADVICE}") from error


def _may_act_as(conn: psycopg.Connection, role: str) -> bool:
    """Whether SET ROLE works, tried out: the catalogue answers differently before and after PostgreSQL 16."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def ensure_database(admin_dsn: str, dbname: str) -> None:
    """Create the database, owned by the owner role, when the server has none of that name."""
    with connect_admin(admin_dsn) as conn:
        if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [dbname]).fetchone():
            return
        _create_database(conn, dbname)


def _create_database(conn: psycopg.Connection, dbname: str, *, template: str | None = None) -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(dbname), sql.Identifier(OWNER_ROLE))
    if template is not None:
        # Copying files beats copying through the log 2 … 5 times for a database of a few megabytes.
        statement += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
    try:
        conn.execute(statement)
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return  # another process was faster
    except psycopg.errors.InsufficientPrivilege as error:
        raise BadInput(
            f"the role of HONGHUA_DATABASE_URL may not create database {dbname}: create it, then {ADVICE}"
        ) from error


def ensure_schema_rights(dsn: str) -> None:
    """On the operator's database: the owner role must be able to create tables in schema public."""
    with connect_admin(dsn) as conn:
        row = conn.execute(
            "SELECT has_schema_privilege(%s, 'public', 'CREATE') AND has_schema_privilege(%s, 'public', 'USAGE')",
            [OWNER_ROLE, APP_ROLE],
        ).fetchone()
        if row is not None and row[0]:
            return
        try:
            # As a mere member PostgreSQL only warns that nothing was granted: ask again afterwards.
            conn.execute(
                f"GRANT CREATE, USAGE ON SCHEMA public TO {OWNER_ROLE}; GRANT USAGE ON SCHEMA public TO {APP_ROLE}"
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise BadInput(f"{OWNER_ROLE} may not create tables in schema public: {ADVICE}") from error
        row = conn.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [OWNER_ROLE]).fetchone()
        if row is None or not row[0]:
            raise BadInput(f"{OWNER_ROLE} may not create tables in schema public: {ADVICE}")


def migrate_database(owner_dsn: str) -> list[str]:
    """Apply pending migrations as the owner role; returns their names."""
    with connect_admin(owner_dsn) as conn:
        return [m.name for m in apply_migrations(conn)]


def check_migrated(owner_dsn: str) -> None:
    """Raises BadInput when migrations are pending: for those who open a database without migrating it."""
    with connect_admin(owner_dsn) as conn:
        pending = find_pending(conn, list_migrations())
    if pending:
        raise BadInput(
            f"the database lacks {len(pending)} migrations, first {pending[0].name}: run `honghua db migrate`"
        )


def ensure_template(admin: psycopg.Connection, admin_dsn: str, *, login: bool) -> str:
    """The name of a migrated, untouched database of this program's schema, made once per digest of the migrations."""
    name = f"honghua_template_{compute_digest(list_migrations())[:16]}"
    admin.execute("SELECT pg_advisory_lock(%s)", [PROVISION_LOCK])
    try:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
        unfinished = name + "_new"
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(unfinished)))
        _create_database(admin, unfinished)
        owner_dsn = (
            make_conninfo(admin_dsn, dbname=unfinished, user=OWNER_ROLE)
            if login
            else make_role_dsn(admin_dsn, OWNER_ROLE, unfinished)
        )
        migrate_database(owner_dsn)
        admin.execute(sql.SQL("ALTER DATABASE {} WITH IS_TEMPLATE true").format(sql.Identifier(unfinished)))
        admin.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
        )
    finally:
        admin.execute("SELECT pg_advisory_unlock(%s)", [PROVISION_LOCK])
    return name


def create_scratch(admin: psycopg.Connection, template: str, name: str) -> None:
    """A copy of the template under a session lock that says "in use"; sweeps a few copies whose user died."""
    admin.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
    _create_database(admin, name, template=template)
    rows = admin.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname <> %s ORDER BY oid LIMIT %s",
        [SCRATCH_PREFIX, name, SWEEP_MAX],
    ).fetchall()
    for (other,) in rows:
        free = admin.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [other]).fetchone()
        if free is not None and free[0]:
            drop_database(admin, other)
            admin.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [other])


def drop_database(admin: psycopg.Connection, name: str) -> None:
    """Drop it with everybody still connected; nothing happens when it is not there."""
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
