"""Small tables of purchases that replays live through, and what is compared of the books that they leave."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from honghua.app.replay import replay_table
from honghua.app.replay_table import PurchaseTable, TableMap, read_table
from honghua.credit.invariants import check_credit
from honghua.credit.store import ACCOUNT_NAMES
from honghua.ledger.invariants import check_ledger
from honghua.store.database import Database, connect

SEED = 5
SHORT = (dt.date(2026, 1, 29), 15)  # a cut on 1 February, due on the 10th
LONG = (dt.date(2026, 1, 20), 92)
HURRIED = TableMap(repayment={"full": 0.4, "minimum": 0.3, "late": 0.3})
ONLY_OF_A_RUN = {"purchases_per_s", "machine", "commit", "seconds", "seed"}


def make_file(folder: Path, first: dt.date, days: int, *, customers: int = 8, a_day: int = 3, seed: int = 1) -> Path:
    """A table of purchases that somebody could have made."""
    rng = np.random.default_rng(seed)
    n = days * a_day
    at = sorted(int(x) for x in rng.integers(0, days * 86_400, n))
    start = dt.datetime.combine(first, dt.time())
    table = pa.table({
        "id": [f"{k:05d}" for k in range(n)], "at": [start + dt.timedelta(seconds=x) for x in at],
        "customer": [f"0{k}" for k in rng.integers(0, customers, n).tolist()], "merchant": [f"m{k % 7}" for k in range(n)],
        "amount": [round(float(x), 2) for x in rng.gamma(2.0, 60.0, n)],
    })  # fmt: skip
    path = folder / f"{first}-{days}-{customers}-{seed}.parquet"
    pq.write_table(table, path)
    return path


def load(path: Path, table_map: TableMap = HURRIED, **more: Any) -> PurchaseTable:
    table, problems = read_table(path, table_map, **more)
    assert table is not None, problems
    return table


def live(
    database: Database, table: PurchaseTable, table_map: TableMap = HURRIED, *, seed: int = SEED
) -> dict[str, Any]:
    return replay_table(database, table, table_map, source="test", seed=seed)


def lasting(figures: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in figures.items() if key not in ONLY_OF_A_RUN}


def picture(database: Database) -> dict[str, Any]:
    """Everything in the book that does not hang on ids, which an interrupted run leaves gaps in."""
    states = ", ".join(f"a.{name}" for name in ACCOUNT_NAMES if name not in ("account_id", "last_fact_id"))
    queries = {
        "accounts": f"SELECT {states} FROM credit_account a ORDER BY customer_ref",
        "statements": "SELECT customer_ref, seq, cut_on, total_minor, minimum_minor, s.booked_on, snapshot FROM credit_statement s"
        " JOIN credit_account USING (account_id) ORDER BY 1, 2",
        "facts": "SELECT customer_ref, kind, value_on, effective_on, amount_minor, happened_at FROM store_fact"
        " JOIN credit_account USING (account_id) ORDER BY 1, fact_id",
        "entries": "SELECT customer_ref, kind, value_on, booked_on, amounts_minor FROM ledger_entry"
        " JOIN credit_account ON account_id = owner_id ORDER BY 1, entry_id",
        "answers": "SELECT key, answer - 'fact_id' - 'purchase_id' - 'account_id' - 'decision_id' FROM store_command ORDER BY 1",
        "days": "SELECT day, state FROM credit_day ORDER BY 1",
        "replay": "SELECT digest, day, finished_at IS NOT NULL FROM credit_replay",
    }
    with connect(database) as conn:
        return {name: conn.execute(query).fetchall() for name, query in queries.items()}


def count_rows(database: Database) -> dict[str, int]:
    """Rows of every table of ours."""
    with connect(database, owner=True) as conn:
        names = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        return {name: conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in names}  # type: ignore[index]


def broken(database: Database) -> list[Any]:
    with connect(database) as conn, conn.transaction():
        return [check for check in (*check_ledger(conn), *check_credit(conn)) if not check.ok]
