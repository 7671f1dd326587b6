"""The journal for eyes and for other programs: rich tables and JSON objects of what `ledger.api` returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from honghua.base.money import format_minor
from honghua.ledger.api import EntryView, OwnerView
from honghua.ledger.core import Component, Group, OwnerKind, title_of

OWED = (
    Component.PRINCIPAL_UNBILLED, Component.PRINCIPAL_BILLED, Component.PRINCIPAL_INSTALMENT, Component.INTEREST,
    Component.FEE, Component.PENALTY,
)  # fmt: skip


def money(minor: int, currency: str) -> str:
    """An amount with thousands apart: 1,234.50."""
    whole, point, cents = format_minor(minor, currency).partition(".")
    return f"{int(whole):,}{point}{cents}" if whole not in ("-0", "0") else f"{whole}{point}{cents}"


def component_name(component: Component) -> str:
    """A component in both languages."""
    title = title_of(component)
    return f"{title.zh} {title.en}"


def trial_object(currency: str, book: Mapping[Component, int]) -> dict[str, Any]:
    """A trial balance for other programs."""
    balances = {component.name.lower(): minor for component, minor in book.items()}
    return {"currency": currency, "balances_minor": balances, "trial_balance_minor": sum(book.values())}


def trial_table(currency: str, book: Mapping[Component, int]) -> Table:
    """A trial balance by group, debits and credits apart, with both totals."""
    table = Table(title=f"Trial balance, {currency}", box=box.SIMPLE_HEAD, show_footer=True)
    debit = sum(minor for minor in book.values() if minor > 0)
    credit = sum(minor for minor in book.values() if minor < 0)
    verdict = "balanced" if debit + credit == 0 else f"OFF BY {money(debit + credit, currency)}"
    table.add_column("component", footer=f"total: {verdict}")
    table.add_column("debit", justify="right", footer=money(debit, currency))
    table.add_column("credit", justify="right", footer=money(-credit, currency))
    for group in Group:
        rows = [(component, minor) for component, minor in book.items() if title_of(component).group is group]
        table.add_row(Text(group.name.lower(), style="bold"))
        for component, minor in rows:
            amounts = (money(minor, currency), "") if minor > 0 else ("", money(-minor, currency) if minor else "")
            table.add_row(f"  {component_name(component)}", *amounts)
    return table


def owner_object(owner: OwnerView) -> dict[str, Any]:
    """One owner for other programs; components with a zero balance are left out."""
    return {
        "owner_id": owner.owner_id, "kind": owner.kind.name.lower(), "ref": owner.ref, "currency": owner.currency,
        "opened_at": owner.opened_at.isoformat(),
        "balances_minor": {component.name.lower(): minor for component, minor in owner.balances_minor.items() if minor},
    }  # fmt: skip


def owner_table(owner: OwnerView) -> Table:
    """One owner's balances that are not zero, each on its side."""
    opened = f"opened {owner.opened_at:%Y-%m-%d}"
    title = f"{owner.ref} · {kind_name(owner.kind)} {owner.owner_id} · {owner.currency} · {opened}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("component")
    table.add_column("balance", justify="right")
    table.add_column("side")
    for component, minor in owner.balances_minor.items():
        if minor:
            side = "debit" if minor > 0 else "credit"
            table.add_row(component_name(component), money(abs(minor), owner.currency), side)
    return table


def owners_table(owners: list[OwnerView]) -> Table:
    """Who has balances: what is owed, what is left of the limit, what a merchant is due."""
    table = Table(title="Owners", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("ref")
    table.add_column("kind")
    for name in ("owes", "overpaid", "limit left", "held", "is due"):
        table.add_column(name, justify="right")
    table.add_column("currency")
    for owner in owners:
        kept = owner.balances_minor
        figures = (
            sum(kept[component] for component in OWED), -kept[Component.OVERPAYMENT], kept[Component.LIMIT_AVAILABLE],
            kept[Component.LIMIT_HELD], -kept[Component.MERCHANT_PAYABLE] if owner.kind is OwnerKind.MERCHANT else 0,
        )  # fmt: skip
        shown = [money(minor, owner.currency) if minor else "" for minor in figures]
        table.add_row(owner.ref, kind_name(owner.kind), *shown, owner.currency)
    return table


def entry_object(entry: EntryView) -> dict[str, Any]:
    """One entry for other programs."""
    return {
        "entry_id": entry.entry_id, "owner_id": entry.owner_id, "kind": entry.kind, "value_on": str(entry.value_on),
        "booked_on": str(entry.booked_on), "fact_id": entry.fact_id, "currency": entry.currency,
        "recorded_at": entry.recorded_at.isoformat(),
        "lines": [
            {
                "owner_id": line.owner_id, "ref": line.ref, "component": line.component.name.lower(),
                "amount_minor": line.amount_minor, "balance_minor": line.balance_minor,
            }
            for line in entry.lines
        ],
    }  # fmt: skip


def entries_table(owner: OwnerView, entries: list[EntryView], kind_names: Mapping[int, str]) -> Table:
    """Entries from old to new, a row per line, with the owner's balance of that component after each."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("entry", justify="right")
    table.add_column("date")
    table.add_column("what")
    table.add_column("component")
    for name in ("debit", "credit", "balance"):
        table.add_column(name, justify="right")
    for entry in entries:
        late = f" (booked {entry.booked_on})" if entry.booked_on != entry.value_on else ""
        what = kind_names.get(entry.kind, f"kind {entry.kind}") + late
        head = (str(entry.entry_id), str(entry.value_on), what)
        for line in entry.lines:
            name = component_name(line.component)
            if line.owner_id != owner.owner_id:
                name += f" ({line.ref})"
            debit = money(line.amount_minor, entry.currency) if line.amount_minor > 0 else ""
            credit = money(-line.amount_minor, entry.currency) if line.amount_minor < 0 else ""
            after = "" if line.balance_minor is None else money(line.balance_minor, entry.currency)
            table.add_row(*head, name, debit, credit, after)
            head = ("", "", "")
        table.add_section()
    return table


def kind_name(kind: OwnerKind) -> str:
    """An owner kind in words."""
    return kind.name.lower().replace("_", " ")
