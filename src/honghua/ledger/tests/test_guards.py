"""What the database itself refuses, whoever asks and however."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from honghua.ledger.core.chart import COLUMNS, KEY_MASK, TITLES
from honghua.ledger.tests.book import C, open_accounts, small_book
from honghua.store.database import connect

INSERT = (
    "INSERT INTO ledger_entry (owner_id, entry_id, kind, value_on, booked_on, currency, accounts, amounts_minor)"
    " VALUES (1, {entry_id}, 1, '2026-01-01', '2026-01-01', 'CNY', {accounts}, {amounts})"
)


def insert(conn: psycopg.Connection, accounts: str, amounts: str, entry_id: int = 10**9) -> None:
    conn.execute(INSERT.format(accounts=accounts, amounts=amounts, entry_id=entry_id).encode())


@pytest.fixture(scope="module")
def roles(module_database) -> Iterator[dict[str, psycopg.Connection]]:
    """Both roles on one small book: the one at work and the one that owns the tables. Refusals leave it as it is."""
    with connect(module_database) as conn, connect(module_database, owner=True) as owner_conn:
        small_book(conn)
        owner_conn.execute("INSERT INTO ledger_seal SELECT 1, 0, 1, 1, 2, sha256('previous'), sha256('digest'), now()")
        yield {"honghua_app": conn, "honghua_owner": owner_conn}


@pytest.fixture(params=["honghua_app", "honghua_owner"])
def anybody(request, roles):
    return roles[request.param]


@pytest.mark.parametrize(
    ("accounts", "amounts", "constraint"),
    [
        ("'{256,257}'", "'{5,-4}'", "sums_to_zero"),
        ("'{256,257,258}'", "'{5,-4,-2}'", "sums_to_zero"),
        (f"'{{{','.join(['256'] * 12)}}}'", f"'{{{','.join(['1'] * 12)}}}'", "sums_to_zero"),
        (f"'{{{','.join(['256'] * 64)}}}'", f"'{{{','.join(['1'] * 63)},-62}}'", "sums_to_zero"),
        ("'{256,257}'", "'{5,NULL}'", "amounts_sound"),
        ("'{256,NULL}'", "'{5,-5}'", "accounts_sound"),
        ("'{256,257}'", "'{0,0}'", "amounts_sound"),
        ("'{256,257}'", "'{1000000000000001,-1000000000000001}'", "amounts_sound"),
        ("'{256}'", "'{5}'", "lines_pair"),
        ("'{}'", "'{}'", "accounts_sound"),
        ("'{256,257,258}'", "'{5,-5}'", "lines_pair"),
        ("'{{256,257},{258,259}}'", "'{{1,1},{-1,-1}}'", "accounts_sound"),
        ("array_fill(256::bigint, '{2,6}')", "'{{1,1,1,1,1,1},{-1,-1,-1,-1,-1,-1}}'", "lines_pair"),
        ("'[0:1]={256,257}'", "'[0:1]={1,-1}'", "accounts_sound"),
        ("array_fill(256::bigint, '{10}', '{0}')", "'[0:9]={1,1,1,1,1,-1,-1,-1,-1,-1}'", "lines_pair"),
        ("'{256,280}'", "'{5,-5}'", "accounts_sound"),
        ("'{256,257,258,259,260,261,262,263,264,280}'", "'{1,1,1,1,1,-1,-1,-1,-1,-1}'", "accounts_sound"),
        ("'{3,257}'", "'{5,-5}'", "accounts_sound"),
        ("'{-256,257}'", "'{5,-5}'", "accounts_sound"),
    ],
)
def test_an_unsound_entry_is_refused(anybody, accounts, amounts, constraint):
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        insert(anybody, accounts, amounts)
    assert refused.value.diag.constraint_name == f"ledger_entry_{constraint}"


@pytest.mark.parametrize("lines", [*range(2, 11), 64])
def test_every_length_is_summed(roles, lines):
    owner_conn = roles["honghua_owner"]
    accounts = f"'{{{','.join(str(256 + place % 24) for place in range(lines))}}}'"
    insert(owner_conn, accounts, f"'{{{','.join(['7'] * (lines - 1))},{-7 * (lines - 1)}}}'", lines)
    for wrong in range(lines):
        amounts = [7] * (lines - 1) + [-7 * (lines - 1)]
        amounts[wrong] += 1
        with pytest.raises(psycopg.errors.CheckViolation):
            insert(owner_conn, accounts, f"'{{{','.join(map(str, amounts))}}}'")


@pytest.mark.parametrize("path", ["evil, pg_catalog", "evil"])
def test_a_search_path_cannot_turn_the_check(owner_conn, path):
    owner_conn.execute("CREATE SCHEMA evil")
    owner_conn.execute("CREATE FUNCTION evil.cardinality(bigint[]) RETURNS int LANGUAGE sql IMMUTABLE RETURN 0")
    owner_conn.execute(
        "CREATE FUNCTION evil.ledger_sums_to_zero(bigint[]) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true"
    )
    owner_conn.execute(f"SET search_path = {path}, public".encode())
    for accounts, amounts in (("'{256,257}'", "'{5,-4}'"), (f"'{{{','.join(['256'] * 9)}}}'", "'{1,1,1,1,1,1,1,1,1}'")):
        with pytest.raises(psycopg.errors.CheckViolation):
            insert(owner_conn, accounts, amounts)


TABLES = ("ledger_entry", "ledger_seal", "ledger_owner", "ledger_component")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_history_is_refused_to_change(anybody, table, change):
    column = {"ledger_component": "name", "ledger_entry": "kind", "ledger_seal": "lines", "ledger_owner": "ref"}[table]
    with pytest.raises(psycopg.Error) as refused:
        anybody.execute(change.format(table, column, column).encode())
    allowed = {"HH001"} if anybody.info.user == "honghua_owner" else {"HH001", "42501"}
    assert refused.value.sqlstate in allowed


@pytest.mark.parametrize("column", ["txid", "recorded_at"])
def test_the_writer_does_not_say_when_it_wrote(roles, column):
    value = {"txid": "1", "recorded_at": "now()"}[column]
    statement = INSERT.replace("amounts_minor)", f"amounts_minor, {column})").replace(
        "{amounts})", f"{{amounts}}, {value})"
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        roles["honghua_app"].execute(statement.format(accounts="'{256,257}'", amounts="'{5,-5}'", entry_id=5).encode())


@pytest.mark.parametrize(
    "statement", ["DELETE FROM ledger_balance", "TRUNCATE ledger_balance", "DROP TABLE ledger_seal"]
)
def test_the_runtime_role_owns_nothing(roles, statement):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        roles["honghua_app"].execute(statement.encode())


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("principal_billed = -1", "debt"), ("interest = -1", "debt"), ("overpayment = 1", "debt"),
        ("limit_available = limit_available - 1", "limit"), ("limit_held = -1, limit_over = 1", "limit"),
        ("charge_off_memo = 1", "charge_off"), ("charge_off_memo = -1, charge_off_contra = 1", "charge_off"),
    ],
)  # fmt: skip
def test_a_balance_stays_on_its_side(anybody, change, constraint):
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        anybody.execute(f"UPDATE ledger_balance SET {change}".encode())
    assert refused.value.diag.constraint_name == f"ledger_balance_{constraint}"


def test_the_chart_in_the_database_is_the_chart_in_the_code(conn):
    rows = conn.execute(
        'SELECT component, name, "group", side, title_zh, title_en, beancount FROM ledger_component ORDER BY component'
    ).fetchall()
    assert rows == [
        (int(t.component), t.column, t.group.name.lower(), t.side, t.zh, t.en, t.beancount) for t in TITLES
    ]  # fmt: skip
    columns = conn.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'ledger_balance'"
        " ORDER BY ordinal_position"
    ).fetchall()
    assert [name for (name,) in columns] == ["owner_id", "currency", *COLUMNS]


def test_the_view_takes_lines_apart(conn):
    customers, shop, ids = small_book(conn)
    rows = conn.execute(
        "SELECT owner_id, component, amount_minor, entry_owner_id, account & %s FROM ledger_line WHERE entry_id = %s"
        " ORDER BY line_no",
        [KEY_MASK, ids[2]],
    ).fetchall()
    anna = customers[0]
    assert rows[:2] == [
        (anna, C.PRINCIPAL_UNBILLED, 12_345, anna, C.PRINCIPAL_UNBILLED),
        (shop, C.MERCHANT_PAYABLE, -12_345, anna, C.MERCHANT_PAYABLE),
    ]
    assert open_accounts(conn, ["anna"]) == [anna]
