"""The journal for people: the trial balance, how far it is sealed, and every owner as T-accounts with each entry and its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import psycopg
from fastapi import APIRouter, Query, Request, Response

from honghua.base.errors import HonghuaError, NotFound
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component, Group, OwnerKind, Title, title_of
from honghua.store.facts import FactColumns, read_facts
from honghua.web.address_parts import Id, read_number
from honghua.web.desk.acts import record_act
from honghua.web.desk.drawing import WHY_CHARS_MAX, draw, refused, told
from honghua.web.desk.tasks import Tell, find_task, list_tasks, tasks_of
from honghua.web.ground import site_of
from honghua.web.ui.forms import read_form
from honghua.web.ui.pages import redirect
from honghua.web.viewer import viewer_of

router = APIRouter(prefix="/desk/books")
ENTRIES: Final = 25
OWNERS: Final = 40


@dataclass(frozen=True, slots=True)
class GroupRows:
    """A part of the books: its components with what they add up to, debit +."""

    group: Group
    rows: tuple[tuple[Title, int], ...]


@dataclass(frozen=True, slots=True)
class TAccount:
    """One component of an owner: lines of the entries shown, the newest first: (entry, value day, amount debit +, balance after)."""

    title: Title
    balance_minor: int
    lines: tuple[tuple[int, Any, int, int], ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """The fact behind an entry. decision_id: of the purchase that it is about, 0 for none."""

    fact_id: int
    kind: FactKind
    reference: str
    decision_id: int


@router.get("", name="desk.books")
async def overview(request: Request, *, q: str = Query("", max_length=200)) -> Response:
    """The trial balance, the seals, and owners to look at."""
    wanted = q.strip()

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        currencies = ledger.list_currencies(conn)
        books = {currency: group_book(ledger.trial_balance(conn, currency=currency)) for currency in currencies}
        checks = list_tasks(conn, kind="check_books", limit=1)
        return {
            "books": books, "seal": ledger.read_seal_state(conn), "counts": ledger.count_entries(conn),
            "owners": ledger.list_owners(conn, ref=wanted or None, limit=OWNERS), "owners_in_all": ledger.count_owners(conn),
            "check": find_task(conn, checks[0].task_id) if checks else None,
        }  # fmt: skip

    return await draw(request, "desk/books.html", **await site_of(request).read(read), q=wanted)


@router.get("/owners/{owner_id}", name="desk.owner")
async def owner(request: Request, owner_id: Id, *, before: str = Query("", max_length=20)) -> Response:
    """One owner: balances, T-accounts, and entries with their causes."""
    cursor = read_number(before)

    def read(conn: psycopg.Connection) -> dict[str, Any]:
        ref = ledger.find_refs(conn, owner_ids=[owner_id]).get(owner_id)
        found = [one for one in ledger.list_owners(conn, ref=ref) if one.owner_id == owner_id] if ref else []
        if not found:
            raise NotFound(f"no owner {owner_id}", code="OWNER_UNKNOWN")
        entries = ledger.list_entries(conn, owner_id, limit=ENTRIES, before=cursor)
        return {
            "owner": found[0], "entries": entries, "causes": find_causes(conn, entries), "accounts": list_t_accounts(found[0], entries),
            "older": entries[-1].entry_id if len(entries) == ENTRIES else None, "before": cursor,
        }  # fmt: skip

    return await draw(
        request, "desk/owner.html", **await site_of(request).read(read), title_of=title_of, credit_account=OwnerKind.CREDIT_ACCOUNT,
    )  # fmt: skip


@router.post("/check", name="desk.check_books")
async def check(request: Request) -> Response:
    """Recompute what must hold in the journal, in a thread; on to its progress."""
    form = await read_form(request)
    why = form.text("why", chars_max=WHY_CHARS_MAX)
    if not form.is_good:
        return told(request, "desk.books", "desk.why_needed", tone="bad")
    site, person = site_of(request), viewer_of(request).subject
    try:
        task_id = tasks_of(request.app.state, site).start("check_books", "ledger", person, {}, check_books)
    except HonghuaError as error:
        return refused(request, "desk.books", error)
    await site.write(
        lambda conn: record_act(
            conn, action="check books", subject="ledger", person=person, why=why, now=site.clock.now()
        )
    )
    return redirect(request, "desk.task", task_id=task_id)


def check_books(conn: psycopg.Connection, tell: Tell) -> dict[str, Any]:
    """Every invariant of the journal, in one moment of the database."""
    tell(0, 1, "")
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        checks = ledger.check_ledger(conn)
    return {
        "ok": all(one.ok for one in checks),
        "checks": [{"name": one.name, "checked": one.checked, "broken": list(map(str, one.broken))} for one in checks],
    }


def group_book(book: dict[Component, int]) -> tuple[GroupRows, ...]:
    """A trial balance by the parts of the books."""
    rows = {
        group: tuple((title_of(c), minor) for c, minor in book.items() if title_of(c).group is group) for group in Group
    }
    return tuple(GroupRows(group, found) for group, found in rows.items() if found)


def list_t_accounts(owner: ledger.OwnerView, entries: list[ledger.EntryView]) -> tuple[TAccount, ...]:
    """The owner's components that hold something or moved in these entries."""
    lines: dict[Component, list[tuple[int, Any, int, int]]] = {}
    for entry in entries:
        for line in reversed(entry.lines):
            if line.owner_id == owner.owner_id:
                assert line.balance_minor is not None, "the owner's own line"
                lines.setdefault(line.component, []).append(
                    (entry.entry_id, entry.value_on, line.amount_minor, line.balance_minor)
                )
    return tuple(
        TAccount(title_of(component), balance, tuple(lines.get(component, ())))
        for component, balance in owner.balances_minor.items()
        if balance or component in lines
    )


def find_causes(conn: psycopg.Connection, entries: list[ledger.EntryView]) -> dict[int, Cause]:
    """The facts behind entries of credit accounts, by entry."""
    accounts = sorted({entry.owner_id for entry in entries if entry.fact_id})
    if not accounts or len(accounts) > ENTRIES:
        return {}
    facts = read_facts(conn, np.array(accounts, np.int64))
    place = {int(fact_id): row for row, fact_id in enumerate(facts.fact_id.tolist())}
    return {entry.entry_id: _cause(facts, place[entry.fact_id]) for entry in entries if entry.fact_id in place}


def _cause(facts: FactColumns, row: int) -> Cause:
    return Cause(
        int(facts.fact_id[row]), FactKind(int(facts.kind[row])), facts.reference[row] or "", int(facts.purchase_id[row])
    )


__all__ = ["router"]
