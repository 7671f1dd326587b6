"""What people are shown agrees with the books: limits add up, statements add up, quotes are what is booked."""

from __future__ import annotations

import datetime as dt

import pytest

from honghua.base.errors import BadInput, NotFound
from honghua.credit.api import execute, open_registry, start_book
from honghua.credit.core import commands as c
from honghua.credit.core.foresight import longest_grace
from honghua.credit.core.terms import ProductTerms
from honghua.credit.eod import close_until
from honghua.credit.viewing.statements import get_statement, list_history, list_statements, place_before
from honghua.credit.viewing.views import find_account_view, find_settlement_quote, list_instalment_quotes

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Life:
    """One customer, commands by day."""

    def __init__(self, database, conn):
        self.database, self.conn = database, conn
        start_book(conn, day=dt.date(2026, 1, 1))
        self.registry = open_registry(conn)
        self.made = 0
        self.do(c.OpenAccount, limit_minor=10_000_00)

    def do(self, command, **values):
        self.made += 1
        (answer,) = execute(self.conn, self.registry, [command(key=f"k{self.made}", customer="Li", **values)], now=NOW)
        assert answer["outcome"] in ("done", "approved"), answer
        return answer

    def buy(self, minor, order, **values):
        return self.do(c.BuyNow, amount_minor=minor, merchant="书店", order=order, category="books", **values)

    def on(self, day):
        close_until(self.database, dt.date.fromisoformat(day))
        return self

    def view(self):
        view = find_account_view(self.conn, self.registry, "Li")
        assert view is not None
        limit = view.limit
        assert limit.fixed_minor + limit.temporary_minor == (
            limit.used_minor + limit.held_minor + limit.available_minor + limit.over_minor
        )
        return view


@pytest.fixture
def life(database, conn) -> Life:
    return Life(database, conn)


def test_a_new_account_shows_its_limit_and_days(life):
    view = life.view()
    assert (view.limit.available_minor, view.owed_minor, view.open_statements) == (10_000_00, 0, ())
    assert (view.next_statement_on, view.next_statement_due_on) == (dt.date(2026, 2, 1), dt.date(2026, 2, 10))
    assert view.due.due_on is None
    assert "up to 40 days" in view.grace[1]
    assert "difference between purchase day and due day" in view.grace[1]
    assert view.status == ("正常", "active")
    assert (view.minimum_cost.months, view.minimum_cost.cost_minor) == (0, 0)


def test_the_longest_grace_of_every_pair():
    assert {pair: longest_grace(*pair) for pair in ProductTerms().pairs} == {
        (1, 10): 40,
        (1, 9): 39,
        (1, 8): 38,
        (5, 15): 41,
        (10, 20): 41,
    }


def test_nobody_has_no_view(life):
    assert find_account_view(life.conn, life.registry, "Nobody") is None
    assert list_statements(life.conn, life.registry, "Nobody") == []
    assert list_history(life.conn, life.registry, "Nobody") == []
    assert list_instalment_quotes(life.conn, life.registry, "Nobody", amount_minor=100_00) == []
    with pytest.raises(NotFound):
        get_statement(life.conn, life.registry, "Li", 0)


def test_a_statement_adds_up_and_lists_what_was_known_at_its_cut(life):
    life.on("2026-01-05").buy(300_00, "novel")
    plan = life.buy(120_01, "atlas", instalments=c.Instalments(periods=3))
    gone = life.buy(50_00, "gone")
    life.do(c.RefundPurchase, purchase_id=gone["purchase_id"], amount_minor=20_00)
    life.do(c.ReverseFact, fact_id=life.buy(77_00, "typo")["fact_id"], reason="typed twice")
    life.on("2026-02-03")
    (statement,) = list_statements(life.conn, life.registry, "Li")
    assert (statement.cut_on, statement.due_on) == (dt.date(2026, 2, 1), dt.date(2026, 2, 10))
    check_adds_up(statement)
    assert statement.total_minor == 330_00 + 40_01 + (2_76 // 3)
    detail = get_statement(life.conn, life.registry, "Li", statement.number)
    assert [(item.text.split(" · ")[1], item.amount_minor) for item in detail.items if item.text] == [
        ("novel", 300_00),
        ("atlas", 120_01),
        ("gone", 50_00),
        ("gone", -20_00),
    ]
    (part,) = detail.parts
    assert (part.plan_id, part.number, part.periods, part.principal_minor, part.fee_minor) == (
        plan["purchase_id"],
        1,
        3,
        40_01,
        92,
    )
    assert detail.statement.unpaid_minor == statement.total_minor


def check_adds_up(statement):
    new = statement.revolving_minor + statement.instalment_minor + statement.fee_minor
    new += statement.interest_minor + statement.penalty_minor
    assert statement.total_minor == statement.carried_minor + new - statement.overpayment_used_minor


def test_what_arrives_late_stands_on_the_next_statement_and_the_closed_one_stays(life):
    life.on("2026-01-20").buy(100_00, "first")
    life.on("2026-02-03")
    before = get_statement(life.conn, life.registry, "Li", 0)
    life.do(c.Repay, amount_minor=40_00, on=dt.date(2026, 1, 25))
    life.do(c.ReverseFact, fact_id=before.items[0].fact_id, reason="never delivered")
    life.on("2026-03-02")
    after = get_statement(life.conn, life.registry, "Li", 0)
    assert after.statement.total_minor == before.statement.total_minor == 100_00
    assert [item.undone for item in after.items] == [True]
    late = (
        get_statement(life.conn, life.registry, "Li", 1).items
        if len(list_statements(life.conn, life.registry, "Li")) > 1
        else ()
    )
    assert all(item.late for item in late)
    assert life.view().overpaid_minor == 40_00


def test_overdue_is_told_with_days_class_and_money(life):
    life.on("2026-01-20").buy(100_00, "first")
    life.on("2026-02-15")
    view = life.view()
    assert (view.days_past_due, view.overdue_since) == (5, dt.date(2026, 2, 10))
    assert view.risk_class_words == ("关注", "attention")
    assert view.due.due_on == dt.date(2026, 2, 10)
    assert view.open_statements[0].is_overdue
    assert view.accrued_minor == 25
    assert view.next_statement_minor == 25


def test_the_cost_of_paying_only_the_minimum_is_that_of_living_it(life):
    life.on("2026-01-20").buy(1_000_00, "sofa")
    life.on("2026-02-03")
    cost = life.view().minimum_cost
    assert cost.months is not None
    assert cost.months > 12
    assert cost.paid_minor == 1_000_00 + cost.cost_minor
    paid = 0
    for month in range(3):  # live the first three months of it for real: what remains must cost the rest
        view = life.on(f"2026-0{2 + month}-10").view()
        paid += view.due.minimum_minor
        life.do(c.Repay, amount_minor=view.due.minimum_minor)
    again = life.view().minimum_cost
    assert again.months == cost.months - 3
    assert paid + again.paid_minor == cost.paid_minor


def test_quotes_are_what_is_booked(life):
    life.on("2026-01-20")
    quotes = list_instalment_quotes(life.conn, life.registry, "Li", amount_minor=1_200_00)
    assert [quote.periods for quote in quotes] == [3, 6, 9, 12, 24]
    chosen = quotes[3]
    assert chosen.plan.periods[0].due_on == dt.date(2026, 2, 10)
    assert str(chosen.plan.nominal_percent) == "13.57"
    assert any("年化" in line for line in chosen.plan.lines())
    answer = life.buy(1_200_00, "bed", instalments=c.Instalments(periods=12, fee_minor=chosen.fee_minor))
    life.on("2026-02-03")
    (plan,) = life.view().plans
    assert (plan.billed, plan.left_minor, plan.next_principal_minor) == (1, 1_100_00, 100_00)
    assert life.view().open_statements[0].unpaid_minor == chosen.plan.periods[0].total_minor
    quote = find_settlement_quote(life.conn, life.registry, "Li", answer["purchase_id"])
    assert quote is not None
    assert quote.amount_minor == plan.settle_minor == quote.principal_minor + quote.fee_minor
    life.do(c.SettlePlan, plan_id=quote.plan_id, amount_minor=quote.amount_minor)
    assert life.view().plans == ()
    assert find_settlement_quote(life.conn, life.registry, "Li", quote.plan_id) is None
    with pytest.raises(BadInput):
        list_instalment_quotes(life.conn, life.registry, "Li", amount_minor=1_200_00, payer=9)
    of_bill = list_instalment_quotes(life.conn, life.registry, "Li", amount_minor=1_000_00, of_bill=True)
    assert of_bill[0].fee_minor == 25_00


def test_history_tells_facts_entries_and_refusals_in_order(life):
    life.on("2026-01-05").buy(300_00, "novel")
    execute(
        life.conn,
        life.registry,
        [
            c.BuyNow(
                key="too much", customer="Li", amount_minor=99_000_00, merchant="书店", order="yacht", category="boats"
            )
        ],
        now=NOW,
    )
    life.on("2026-02-03").do(c.Repay, amount_minor=100_00)
    history = list_history(life.conn, life.registry, "Li")
    assert [item.kind[1] for item in history] == [
        "account opened",
        "purchase",
        "purchase refused",
        "day closed",
        "repayment",
    ]
    assert history[1].text == "书店 · novel"
    assert all(sum(amount for _, amount in item.lines) == 0 for item in history)
    assert history[2].lines == ()
    assert list_history(life.conn, life.registry, "Li", limit=2) == history[-2:]
    for size in (1, 2, 3, len(history)):
        pages, before = [], None
        while page := list_history(life.conn, life.registry, "Li", limit=size, before=before):
            pages.append(page)
            before = place_before(page, before=before)
        assert [item for page in reversed(pages) for item in page] == history, size


def test_a_hold_is_seen_and_swept_when_its_day_is_over(life):
    held = life.on("2026-01-05").do(
        c.AuthorisePurchase, amount_minor=80_00, merchant="书店", order="later", category="books"
    )
    view = life.view()
    assert view.limit.held_minor == 80_00
    assert [(hold.purchase_id, hold.held_minor, hold.expires_on) for hold in view.holds] == [
        (held["purchase_id"], 80_00, dt.date(2026, 2, 4))
    ]
