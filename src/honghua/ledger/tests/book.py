"""Small books for the journal's tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg

from honghua.ledger.api import open_owners, post_entries
from honghua.ledger.core import Component, EntryBatch, OwnerKind, account_key, entry_batch

C = Component
DAY = 20_600  # 2026-05-27


def entry(owner_id: int, lines: dict[Any, int], *, day: int = DAY, **more: Any) -> dict[str, Any]:
    """An entry whose lines are {component or (owner, component): amount}."""
    placed = [key if isinstance(key, tuple) else (owner_id, key) for key in lines]
    return {
        "owner_id": owner_id, "kind": 5, "value_on": day, "booked_on": day, "fact_id": 7,
        "lines": [(account_key(*place), amount) for place, amount in zip(placed, lines.values(), strict=True)],
    } | more  # fmt: skip


def batch_of(*entries: dict[str, Any], currency: str = "CNY") -> EntryBatch:
    return entry_batch(list(entries), currency=currency)


def changed(batch: EntryBatch, **columns: Any) -> EntryBatch:
    return replace(batch, **columns)


def open_accounts(conn: psycopg.Connection, refs: Sequence[str] = ("anna",), *, currency: str = "CNY") -> list[int]:
    return [int(one) for one in open_owners(conn, kind=OwnerKind.CREDIT_ACCOUNT, refs=refs, currency=currency)]


def open_shop(conn: psycopg.Connection, ref: str = "shop") -> int:
    return int(open_owners(conn, kind=OwnerKind.MERCHANT, refs=[ref], currency="CNY")[0])


def grant(owner_id: int, minor: int) -> dict[str, Any]:
    return entry(owner_id, {C.LIMIT_GRANTED: -minor, C.LIMIT_AVAILABLE: minor}, kind=2)


def purchase(owner_id: int, shop_id: int, minor: int, **more: Any) -> dict[str, Any]:
    lines = {
        C.PRINCIPAL_UNBILLED: minor, (shop_id, C.MERCHANT_PAYABLE): -minor,
        C.LIMIT_AVAILABLE: -minor, C.LIMIT_USED: minor,
    }  # fmt: skip
    return entry(owner_id, lines, **more)


def repayment(owner_id: int, minor: int, **more: Any) -> dict[str, Any]:
    lines = {
        C.BANK_CLEARING: minor, C.PRINCIPAL_UNBILLED: -minor, C.LIMIT_USED: -minor, C.LIMIT_AVAILABLE: minor,
    }  # fmt: skip
    return entry(owner_id, lines, kind=8, **more)


def post(conn: psycopg.Connection, *entries: dict[str, Any]) -> list[int]:
    with conn.transaction():
        return [int(one) for one in post_entries(conn, batch_of(*entries))]


def small_book(conn: psycopg.Connection) -> tuple[list[int], int, list[int]]:
    """Two customers, one shop, six entries in three transactions; returns (customers, shop, entry ids)."""
    customers, shop = open_accounts(conn, ["anna", "bo"]), open_shop(conn)
    ids = post(conn, *(grant(one, 500_000) for one in customers))
    ids += post(conn, purchase(customers[0], shop, 12_345), purchase(customers[1], shop, 99))
    ids += post(conn, repayment(customers[0], 2_345, day=DAY + 3), purchase(customers[0], shop, 5, day=DAY + 4))
    return customers, shop, ids


def balance(conn: psycopg.Connection, owner_id: int, component: Component) -> int:
    row = conn.execute("SELECT * FROM ledger_balance WHERE owner_id = %s", [owner_id]).fetchone()
    assert row is not None
    return int(row[2 + component])


def int64(*values: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)
