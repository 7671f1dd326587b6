"""An account, its statements and its history for eyes: rich renderables of what `credit.api` returns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from honghua.app.ledger_view import money
from honghua.credit.api import AccountView, HistoryItem, StatementDetail, StatementView

BAR_WIDTH = 40
WARM_SHARE = 0.8  # above it the bar warms (rules.md §1: 账单助手)


def account_page(view: AccountView, statements: Sequence[StatementView]) -> Group:
    """The whole page, most wanted first: the limit, what to pay until when, then what it is made of."""
    return Group(*account_parts(view, statements))


def account_parts(view: AccountView, statements: Sequence[StatementView]) -> Iterator[RenderableType]:
    """Parts of the page; those with nothing to say are absent."""
    yield Panel(Group(*header_lines(view)), title=f"[bold]{view.customer}[/]", title_align="left", box=box.ROUNDED)
    yield Panel(Group(*bill_lines(view)), title="本期应还 To pay", title_align="left", box=box.ROUNDED)
    if view.open_statements:
        yield open_table(view)
    if view.plans:
        yield plans_table(view)
    if view.holds:
        yield holds_table(view)
    if statements:
        yield statements_table(view.currency, statements)
    yield Group(*closing_lines(view))


def header_lines(view: AccountView) -> Iterator[Text]:
    """Who, in what order, and how much of the limit is left."""
    limit, currency = view.limit, view.currency
    state = Text(f"{view.status[0]} {view.status[1]}", style="green" if view.status[1] == "active" else "bold red")
    day = f" · business date {view.business_on} · account {view.account_id} · since {view.opened_on}"
    yield Text.assemble(state, Text(day, style="dim"))
    if view.quarantined:
        yield Text("人工核对中 set aside until a person has looked: `honghua eod quarantine`", style="bold red")
    if view.charged_off_minor:
        yield Text(
            f"已核销 written off, still claimed: {money(view.charged_off_minor, currency)} {currency}", style="bold red"
        )
    granted = limit.fixed_minor + limit.temporary_minor
    yield Text(
        f"额度 Limit {money(granted, currency)} {currency}   可用 available {money(limit.available_minor, currency)}",
        style="bold",
    )
    yield limit_bar(limit.used_minor, limit.held_minor, granted)
    parts = [f"已用 used {money(limit.used_minor, currency)}", f"冻结 held {money(limit.held_minor, currency)}"]
    if limit.temporary_minor:
        parts.append(f"临时 of it temporary {money(limit.temporary_minor, currency)} until {limit.temporary_until}")
    if limit.over_minor:
        parts.append(f"超额 over the limit {money(-limit.over_minor, currency)}")
    yield Text(" · ".join(parts), style="dim")


def limit_bar(used_minor: int, held_minor: int, granted_minor: int) -> Text:
    """Used in colour, held shaded, available dotted."""
    whole = max(granted_minor, 1)
    used = min(BAR_WIDTH, round(BAR_WIDTH * used_minor / whole))
    held = min(BAR_WIDTH - used, round(BAR_WIDTH * held_minor / whole))
    warm = used_minor + held_minor > WARM_SHARE * whole
    free = BAR_WIDTH - used - held
    share = f" {100 * (used_minor + held_minor) / whole:.0f}%" if granted_minor else ""
    return Text.assemble(("█" * used, "yellow" if warm else "blue"), ("▒" * held, "cyan"), ("·" * free, "dim"), share)


def bill_lines(view: AccountView) -> Iterator[Text]:
    """What is to be paid, the least of it, and until when."""
    due, currency = view.due, view.currency
    if due.due_on is None:
        yield Text("没有待还账单 Nothing to pay.", style="green")
    else:
        yield Text(f"{money(due.unpaid_minor, currency)} {currency}", style="bold")
        yield Text(f"最低还款 at least {money(due.minimum_minor, currency)}")
        yield due_line(view)
    if view.overpaid_minor:
        yield Text(f"溢缴款 your own money here: {money(view.overpaid_minor, currency)}", style="green")
    next_due = f"issued {view.next_statement_on}, due {view.next_statement_due_on}"
    so_far = money(view.next_statement_minor, currency)
    yield Text(f"下期 next statement so far {so_far} ({next_due})", style="dim")


def due_line(view: AccountView) -> Text:
    """Until when, or since when it is late."""
    assert view.due.due_on is not None
    if view.overdue_since is not None:
        words = f"{view.risk_class_words[0]} {view.risk_class_words[1]}"
        return Text(
            f"已逾期 OVERDUE for {view.days_past_due} days, since {view.overdue_since}; risk class {words}",
            style="bold red",
        )
    days = (view.due.due_on - view.business_on).days
    if days < 0:
        return Text(
            f"最低已还 the minimum was paid by {view.due.due_on}; the rest bears interest and moves to the next bill"
        )
    when = "today" if days == 0 else f"in {days} day{'s' if days > 1 else ''}"
    return Text(f"还款日 due {view.due.due_on}, {when}", style="bold yellow" if days <= 3 else "")


def lean_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int) -> Table:
    """A table whose columns all say something: the first `texts` are words, the rest amounts; none is empty."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", padding=0)
    kept = [k for k in range(len(heads)) if any(row[k] for row in rows)]
    for k in kept:
        table.add_column(heads[k], justify="left" if k < texts else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(row[k] for k in kept))
    return table


def shown(minor: int, currency: str) -> str:
    """An amount, nothing for zero."""
    return money(minor, currency) if minor else ""


def open_table(view: AccountView) -> Table:
    """Open bills by what they are made of."""
    rows = [
        [
            str(one.number),
            f"{one.due_on}{' !' if one.is_overdue else ''}",
            *(
                shown(minor, view.currency)
                for minor in (
                    one.purchases_minor,
                    one.instalments_minor,
                    one.fee_minor,
                    one.interest_minor,
                    one.penalty_minor,
                    one.unpaid_minor,
                    one.minimum_minor,
                )
            ),
        ]
        for one in view.open_statements
    ]
    heads = ("no", "due", "purchases", "plans", "fee", "interest", "penalty", "unpaid", "at least")
    return lean_table("未结账单 Open bills", heads, rows, texts=2)


def plans_table(view: AccountView) -> Table:
    """Running instalment plans."""
    rows = [
        [
            str(plan.plan_id),
            plan.kind[1],
            plan.payer[1],
            f"{plan.billed}/{plan.periods}",
            *(
                shown(minor, view.currency)
                for minor in (
                    plan.left_minor,
                    plan.fee_left_minor,
                    plan.next_principal_minor + plan.next_fee_minor,
                    plan.settle_minor,
                )
            ),
        ]
        for plan in view.plans
    ]
    heads = ("plan", "kind", "fee by", "billed", "left", "fee left", "next part", "ends today")
    return lean_table("分期 Instalment plans", heads, rows, texts=3)


def holds_table(view: AccountView) -> Table:
    """Orders not yet received."""
    table = Table(
        "purchase", "held", "until", title="预授权 Held for orders to come", box=box.SIMPLE_HEAD, title_justify="left"
    )
    for hold in view.holds:
        table.add_row(str(hold.purchase_id), money(hold.held_minor, view.currency), str(hold.expires_on))
    return table


def statements_table(currency: str, statements: Sequence[StatementView]) -> Table:
    """Closed statements, newest first; they never change."""
    rows = [
        [
            str(one.number),
            str(one.cut_on),
            str(one.due_on),
            *(
                shown(minor, currency)
                for minor in (
                    one.carried_minor,
                    one.purchases_minor,
                    one.refunds_minor,
                    one.repaid_minor,
                    one.total_minor,
                    one.minimum_minor,
                    one.unpaid_minor,
                )
            ),
        ]
        for one in statements
    ]
    heads = ("no", "cut", "due", "carried", "bought", "refunds", "repaid", "total", "at least", "open")
    return lean_table("历史账单 Statements", heads, rows, texts=3)


def closing_lines(view: AccountView) -> Iterator[Text]:
    """What minimum repayment costs, where money is taken from, and the days of the account."""
    cost, currency = view.minimum_cost, view.currency
    if view.owed_minor and view.status[1] in ("active", "frozen"):
        length = f"{cost.months} months" if cost.months is not None else "more than 30 years"
        price = money(cost.cost_minor, currency)
        yield Text(f"只还最低 Paying only the minimum from now on: {length}, {price} {currency} in interest and fees.")
    if view.sources:
        asked = [f"{one.kind.value.replace('_', ' ')} {one.reference} ({one.pays.value})" for one in view.sources]
        yield Text("自动扣款 Auto-debit from: " + " → ".join(asked), style="dim")
    pair = f"statement on day {view.cut_day}, due on day {view.due_day}"
    change = f"; from the next cycle {view.next_pair[0]}/{view.next_pair[1]}" if view.next_pair else ""
    yield Text(f"免息期 {pair}{change}; {view.grace[1]}.", style="dim")


def statement_page(customer: str, detail: StatementDetail) -> Group:
    """One closed statement with its items and how its total comes about."""
    one, currency = detail.statement, detail.currency
    title = f"账单 Statement {one.number} of {customer}: {one.from_on} … {one.cut_on}, due {one.due_on}"
    parts: list[RenderableType] = [Text(title, style="bold"), sum_table(one, currency)]
    if detail.items:
        table = Table("day", "what", "", box=box.SIMPLE_HEAD)
        table.add_column("amount", justify="right")
        for item in detail.items:
            notes = [
                item.text,
                *(["迟到 late"] if item.late else []),
                *(["后已冲正 reversed since"] if item.undone else []),
            ]
            table.add_row(
                str(item.on), " ".join(item.kind), " · ".join(n for n in notes if n), money(item.amount_minor, currency)
            )
        parts.append(table)
    if detail.parts:
        table = Table(
            "plan", "kind", "part", box=box.SIMPLE_HEAD, title="分期 Instalments billed", title_justify="left"
        )
        for name in ("principal", "fee"):
            table.add_column(name, justify="right")
        for part in detail.parts:
            amounts = (money(part.principal_minor, currency), money(part.fee_minor, currency))
            table.add_row(str(part.plan_id), " ".join(part.kind), f"{part.number}/{part.periods}", *amounts)
        parts.append(table)
    return Group(*parts)


def sum_table(one: StatementView, currency: str) -> Table:
    """The total, line by line."""
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = (
        ("上期未还 carried over", one.carried_minor),
        ("消费 purchases", one.revolving_minor),
        ("分期本金 instalments", one.instalment_minor),
        ("费用 fees", one.fee_minor),
        ("利息 interest", one.interest_minor),
        ("罚息 penalty", one.penalty_minor),
        ("溢缴款抵扣 own money used", -one.overpayment_used_minor),
    )
    for name, minor in rows:
        if minor:
            table.add_row(name, money(minor, currency))
    table.add_row(
        Text("合计 total", style="bold"), Text(f"{money(one.total_minor, currency)} {currency}", style="bold")
    )
    table.add_row("最低还款 at least", money(one.minimum_minor, currency))
    table.add_row(Text("今日未还 open today", style="dim"), Text(money(one.unpaid_minor, currency), style="dim"))
    return table


def history_table(currency: str, items: Sequence[HistoryItem]) -> Table:
    """Facts and entries in the order in which they were recorded; under each, how the books moved."""
    table = Table("fact", "day", "what", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("amount", justify="right", no_wrap=True)
    for item in items:
        lines = ", ".join(
            f"{name} {money(minor, currency)}" for name, minor in item.lines if not name.startswith("limit_")
        )
        words = " · ".join(
            part for part in (" ".join(item.kind), item.text, "已冲正 reversed" if item.undone else "") if part
        )
        text = Text.assemble(words, ("\n" + lines if lines else "", "dim"))
        table.add_row(str(item.fact_id or ""), str(item.value_on), text, shown(item.amount_minor or 0, currency))
    return table
