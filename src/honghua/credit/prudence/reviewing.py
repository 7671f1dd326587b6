"""One look of the prudent lender: expected loss, ratios, guardrails moved; and the stress of the same book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import psycopg

from honghua.credit.core.prudence.ratios import Figures, Reading, Rule, read_ratios
from honghua.credit.core.prudence.stress import StressBook, StressPlan, StressResult, run_stress
from honghua.credit.core.terms import ProductTerms
from honghua.credit.prudence.figures import WINDOW_DAYS, gather_figures
from honghua.credit.prudence.guardrails import Moves, follow_ratios
from honghua.credit.prudence.losses import LossRules, LossRun, keep_run, reckon_losses
from honghua.credit.prudence.positions import read_positions
from honghua.credit.prudence.telling import list_told
from honghua.credit.store import find_business_day
from honghua.facts.kinds import FactKind
from honghua.ledger import api as ledger
from honghua.ledger.core import Component
from honghua.store.facts import sum_facts

MONTH_DAYS: Final = 30
INCOME: Final = (Component.INTEREST_INCOME, Component.FEE_INCOME, Component.PENALTY_INCOME)


@dataclass(frozen=True, slots=True)
class Review:
    """What one look found. moves: guardrails raised and lifted, none when it was only a look."""

    run: LossRun
    readings: tuple[Reading, ...]
    moves: Moves = field(default_factory=lambda: Moves((), ()))


def reckon(conn: psycopg.Connection, terms: Mapping[int, ProductTerms], rules: LossRules) -> LossRun:
    """Expected loss of the book now; read only."""
    return reckon_losses(conn, read_positions(conn, terms), rules)


def look(
    conn: psycopg.Connection,
    terms: Mapping[int, ProductTerms],
    rules: Sequence[Rule],
    *,
    losses: LossRules,
    beside: Figures,
) -> Review:
    """Expected loss and ratios of the book now; read only. beside: figures of other rooms (what partners hold)."""
    positions = read_positions(conn, terms)
    run = reckon_losses(conn, positions, losses)
    told = {one.name: one.value_minor for one in list_told(conn)}
    figures = gather_figures(conn, positions, told=told, beside=beside, expected_loss_minor=run.loss_minor)
    return Review(run, read_ratios(rules, figures, on=run.on))


def review(
    conn: psycopg.Connection,
    terms: Mapping[int, ProductTerms],
    rules: Sequence[Rule],
    *,
    beside: Figures,
    now: dt.datetime,
) -> Review:
    """Look, keep the expected loss, raise and lift guardrails. The caller's transaction: what follows from a stop belongs into it."""
    found = look(conn, terms, rules, losses=LossRules(), beside=beside)
    keep_run(conn, found.run, now=now)
    return Review(found.run, found.readings, follow_ratios(conn, found.readings, now=now))


def is_review_due(conn: psycopg.Connection) -> bool:
    """Whether the business date has no expected loss yet."""
    row = conn.execute(
        "SELECT NOT EXISTS (SELECT FROM credit_loss_run AS run JOIN credit_book AS book USING (business_on))"
    ).fetchone()
    return row == (True,) and find_business_day(conn) is not None


def stress(
    conn: psycopg.Connection, terms: Mapping[int, ProductTerms], rules: Sequence[Rule], *, seed: int, paths: int
) -> tuple[StressResult, ...]:
    """The three scenarios on the book as it stands, in bands of stage and days past due; the bounds are those of the rules."""
    least = {rule.name: rule.least_ppm or 0 for rule in rules}
    plan = StressPlan(
        seed=seed, paths=paths, capital_least_ppm=least.get("capital", 0), liquidity_least_ppm=least.get("liquidity", 0)
    )
    run = reckon(conn, terms, LossRules())
    told = {one.name: one.value_minor for one in list_told(conn)}
    bands = run.lines
    sums = _read_flows(conn, run.on, terms[max(terms)].currency)
    book = StressBook(
        claims_minor=tuple(line.claim_minor for line in bands),
        undrawn_minor=tuple(0 if line.stage == 3 else line.undrawn_minor for line in bands),
        pd_ppm=tuple(1_000_000 if line.stage == 3 else run.parameters.pd_year_ppm[line.bucket] for line in bands),
        lgd_ppm=run.parameters.lgd_ppm, conversion_ppm=run.parameters.conversion_ppm,
        income_year_minor=sums[0] * 365 // WINDOW_DAYS, repaid_month_minor=sums[1] * MONTH_DAYS // WINDOW_DAYS,
        net_capital_minor=told.get("net_capital_minor"), risk_weighted_minor=told.get("risk_weighted_minor"),
        liquid_assets_minor=told.get("liquid_assets_minor"), liquid_liabilities_minor=told.get("liquid_liabilities_minor"),
    )  # fmt: skip
    return run_stress(book, plan)


def _read_flows(conn: psycopg.Connection, on: dt.date, currency: str) -> tuple[int, int]:
    """(income, repayments) booked in the window, minor units."""
    since = on - dt.timedelta(days=WINDOW_DAYS)
    days = ledger.list_days_of_books(conn, since=since, until=on, currency=currency)
    income = -sum(day.gained_minor.get(component, 0) for day in days for component in INCOME)
    paid = sum_facts(conn, [FactKind.REPAYMENT_RECEIVED], since=since, until=on)
    return income, sum(one.amount_minor for one in paid)


__all__ = ["Review", "is_review_due", "look", "reckon", "review", "stress"]
