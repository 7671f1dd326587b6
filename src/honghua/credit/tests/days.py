"""A small town that lives through days: the same commands on the same days, whatever moves the days on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg

from honghua.credit import core as c
from honghua.credit.api import execute, open_registry, start_book
from honghua.credit.invariants import check_credit
from honghua.credit.registry import Registry
from honghua.credit.store import ACCOUNT_NAMES, STATEMENT_NAMES
from honghua.ledger.invariants import check_ledger
from honghua.store.database import Database, connect

NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
FIRST = dt.date(2026, 1, 5)
ONE_DAY = dt.timedelta(days=1)
STATE_NAMES = [name for name in ACCOUNT_NAMES if name != "account_id"]


@dataclass
class Town:
    """A started book with some accounts."""

    database: Database
    conn: psycopg.Connection
    registry: Registry
    names: list[str]
    orders: dict[str, list[int]] = field(default_factory=dict)

    def do(self, *commands: c.Command) -> list[dict[str, Any]]:
        return execute(self.conn, self.registry, commands, now=NOW)

    def buy(self, key: str, customer: str, amount: int = 10_000, **more: Any) -> dict[str, Any]:
        command = c.BuyNow(
            key=key, customer=customer, amount_minor=amount, merchant="M", order=key, category="food", **more
        )
        return self.do(command)[0]

    def touch(self) -> None:
        """Let the days pass for every account: a refused command books nothing, but closes what is not closed."""
        tag = self.one("SELECT count(*) FROM store_command")
        answers = self.do(*(c.Repay(key=f"touch{tag}{n}", customer=n, amount_minor=0) for n in self.names))
        assert {answer["code"] for answer in answers} == {"AMOUNT_INVALID"}

    def one(self, query: Any, *values: Any) -> Any:
        row = self.conn.execute(query, values).fetchone()
        assert row is not None
        return row[0]

    def rows(self, query: Any, *values: Any) -> list[tuple[Any, ...]]:
        return self.conn.execute(query, values).fetchall()

    def account_id(self, customer: str) -> int:
        return int(self.one("SELECT account_id FROM credit_account WHERE customer_ref = %s", customer))

    def plant(self, query: Any, *values: Any) -> None:
        """Change something as nobody of us may: as owner, past the checks."""
        with connect(self.database, owner=True) as conn:
            conn.execute(query, values or None)

    def picture(self) -> dict[str, Any]:
        """States, balances and statements by customer: everything that does not depend on how days were closed."""
        order = "ORDER BY customer_ref"
        columns = ", ".join(f"s.{name}" for name in STATEMENT_NAMES if name not in ("account_id", "booked_on"))
        return {
            "states": self.rows(f"SELECT {', '.join(STATE_NAMES)} FROM credit_account {order}"),
            "balances": self.rows(
                "SELECT o.kind, o.ref, to_jsonb(b) - 'owner_id' - 'updated_at' FROM ledger_balance b JOIN ledger_owner o USING (owner_id)"
                " ORDER BY o.kind, o.ref"
            ),
            "statements": self.rows(
                f"SELECT customer_ref, {columns} FROM credit_statement s JOIN credit_account USING (account_id)"
                " ORDER BY customer_ref, seq"
            ),
            "closings": self.rows(
                "SELECT customer_ref, value_on, amounts_minor FROM ledger_entry e JOIN credit_account ON account_id = owner_id"
                " WHERE kind = 100 ORDER BY customer_ref, value_on"
            ),
        }

    def broken(self) -> list[Any]:
        """Everything that `honghua verify` would complain about in ledger and credit."""
        with connect(self.database) as conn, conn.transaction():
            return [check for check in (*check_ledger(conn), *check_credit(conn)) if not check.ok]


def settle(
    database: Database, conn: psycopg.Connection, customers: int, *, first: dt.date = FIRST, limit: int = 500_000
) -> Town:
    """A town of so many customers with accounts opened on the first day."""
    start_book(conn, day=first)
    town = Town(database, conn, open_registry(conn), [f"C{k:02d}" for k in range(customers)])
    town.do(*(c.OpenAccount(key=f"open{n}", customer=n, limit_minor=limit) for n in town.names))
    return town


def live(town: Town, until: dt.date, *, seed: int, close: Callable[[dt.date], None], every: int = 3) -> None:
    """Draw commands from the seed on some days and let `close` move the business date to the day given, until `until`."""
    rng = np.random.default_rng(seed)
    day = FIRST
    while day < until:
        for k in rng.choice(len(town.names), 4, replace=False).tolist():
            draw(town, rng, day, town.names[k])
        day += dt.timedelta(days=int(rng.integers(1, every + 1)))
        close(min(day, until))


def draw(town: Town, rng: np.random.Generator, day: dt.date, name: str) -> None:
    """One command of some kind."""
    key, amount = f"{day}{name}", int(rng.integers(100, 60_000))
    kind = rng.integers(0, 10)
    orders = town.orders.setdefault(name, [])
    common: dict[str, Any] = {"key": key, "customer": name}
    if kind <= 3:
        orders.append(town.buy(key, name, amount).get("purchase_id", 1))
    elif kind == 4:
        town.buy(key, name, amount, instalments=c.Instalments(periods=3 + 3 * (amount % 2)))
    elif kind == 5:
        town.do(c.Repay(**common, amount_minor=amount))
    elif kind == 6 and orders:
        town.do(c.RefundPurchase(**common, purchase_id=orders[-1], amount_minor=min(amount, 5_000)))
    elif kind == 7:
        town.do(c.AuthorisePurchase(**common, amount_minor=amount, merchant="M", order=key, category="food"))
    elif kind == 8:
        town.do(c.GrantTemporaryLimit(**common, amount_minor=amount, until=day + dt.timedelta(days=12)))
    else:
        town.do(c.ChangePair(**common, cut_day=5, due_day=15))
