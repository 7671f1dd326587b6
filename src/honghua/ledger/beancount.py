"""The journal as a beancount file: another program's view of the same book, which `bean-check` accepts or refuses.

Each owner's component is an account of its own (`Assets:Credit:PrincipalBilled:O17`); memo components stand under
Equity:Memo. After the entries follow balance assertions from `ledger_balance`, so bean-check also proves that balances
are sums of lines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, TextIO

import psycopg

from honghua.base.errors import NotFound
from honghua.base.money import format_minor
from honghua.ledger import store
from honghua.ledger.core.chart import KEY_MASK, OwnerKind, account_key, owner_of, title_of

NO_NAMES: Final[Mapping[int, str]] = {}


def write_beancount(
    conn: psycopg.Connection, out: TextIO, *, owner_id: int | None = None, kind_names: Mapping[int, str] = NO_NAMES
) -> int:
    """Write the whole book, or every entry that touches one owner, and return how many entries that were.

    Inside the caller's transaction; REPEATABLE READ while others post, or the assertions may be of a later moment.
    `kind_names` gives the narration of an entry kind; a kind without a name is shown by number. Raises NotFound for an
    unknown owner.
    """
    own = True
    if owner_id is not None:
        kind = store.find_owner_kind(conn, owner_id)
        if kind is None:
            raise NotFound(f"no owner {owner_id}", code="OWNER_UNKNOWN")
        own = kind == OwnerKind.CREDIT_ACCOUNT
    used = store.list_used_accounts(conn, owner_id, own=own)
    _write_head(out, sorted({currency for _, currency, *_ in used}))
    for account, currency, first_on, _, ref in used:
        out.write(f"{first_on} open {_path(account)} {currency}\n  ref: {_quote(ref)}\n")
    count = 0
    for row in store.iter_entry_rows(conn, owner_id, own=own):
        _write_entry(out, row, kind_names)
        count += 1
    if used:
        _write_assertions(conn, out, used, owner_id)
    return count


def _write_head(out: TextIO, currencies: list[str]) -> None:
    out.write(';; -*- mode: beancount -*-\noption "title" "Honghua"\n')
    out.write('option "tolerance_multiplier" "0.1"\n')  # a tenth of the last digit: nothing may be off
    for currency in currencies:
        out.write(f'option "operating_currency" "{currency}"\n')
    out.write("\n")


def _write_entry(out: TextIO, row: tuple[Any, ...], kind_names: Mapping[int, str]) -> None:
    _, entry_id, kind, value_on, booked_on, fact_id, currency, accounts, amounts = row
    out.write(f'\n{value_on} * {_quote(kind_names.get(kind, f"kind {kind}"))}\n  entry: "{entry_id}"\n')
    if booked_on != value_on:
        out.write(f"  booked: {booked_on}\n")
    if fact_id is not None:
        out.write(f'  fact: "{fact_id}"\n')
    for account, amount in zip(accounts, amounts, strict=True):
        out.write(f"  {_path(account):<48} {format_minor(amount, currency):>16} {currency}\n")


def _write_assertions(
    conn: psycopg.Connection, out: TextIO, used: list[tuple[int, str, dt.date, dt.date, str]], owner_id: int | None
) -> None:
    """What `ledger_balance` holds, asserted on the day after the last entry, for those whose entries are all here."""
    last_on = max(last_on for *_, last_on, _ in used)
    asserted_on = last_on + dt.timedelta(days=1) if last_on < dt.date.max else last_on
    currency_of = {account: currency for account, currency, *_ in used}
    out.write("\n")
    for owner, balances in store.list_balance_rows(conn, owner_id):
        for component, amount in enumerate(balances):
            currency = currency_of.get(account_key(owner, component))
            if currency is not None:
                path = _path(account_key(owner, component))
                out.write(f"{asserted_on} balance {path} {format_minor(amount, currency)} {currency}\n")


def _path(account: int) -> str:
    return f"{title_of(account & KEY_MASK).beancount}:O{owner_of(account)}"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
