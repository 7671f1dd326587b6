"""Dated cases about what may be lent and at what price: caps of price by lender and day, and what somebody can carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from honghua.app.case_kinds.law.reading import major, read_choice, read_inputs, read_local_day
from honghua.app.case_kinds.reading import Answers, Case, Fields, Unsupported
from honghua.base.errors import BadInput, NotFound
from honghua.credit.core import PAYER_CONSUMER, PAYER_MERCHANT, PLAN_PURCHASE, ProductTerms, price_terms, quote
from honghua.limits.core import PPM, LimitTerms, assemble, suggest

LENDERS: Final = {
    "consumer_finance": "consumer_finance", "consumer_finance_company": "consumer_finance", "bank": "bank",
    "small_loan": "small_loan", "small_loan_company": "small_loan",
}  # fmt: skip
PRICE_WORDS: Final = ("lender", "on", "date", "contract_on", "days", "term_days", "funding_percent", "loss_percent",
                      "operations_percent", "margin_percent", "subsidy_percent", "amount", "periods", "payer")  # fmt: skip
PAYERS: Final = {"consumer": PAYER_CONSUMER, "merchant": PAYER_MERCHANT}
CARRY_WORDS: Final = (
    "income",
    "monthly_income",
    "debt_service",
    "monthly_debt_service",
    "limit",
    "share_percent",
    "start_limit",
)


def price_cap(case: Case) -> Mapping[str, Any]:
    """The cap of a loan's yearly all-in price, the price that its parts come to under it, and what a plan of the contract costs at it."""
    fields = read_inputs(case, *PRICE_WORDS)
    lender = read_choice(fields, "lender", known=LENDERS)
    on = read_local_day(fields, "on", "date", "contract_on")
    days = fields.whole("days", "term_days", default=365)
    if days < 1:
        raise BadInput("inputs.days: a loan runs for a day at least")

    def ppm(name: str) -> int:
        if name not in fields:
            return 0
        exact = fields.percent(name) * PPM
        if exact.denominator != 1 or not 0 <= exact <= PPM:
            raise BadInput(f"inputs.{name}: 0 … 100 per cent, to 0.0001")
        return int(exact)

    terms = LimitTerms(
        lender=lender, funding_ppm=ppm("funding_percent"), operations_ppm=ppm("operations_percent"), margin_ppm=ppm("margin_percent")
    )  # fmt: skip
    try:
        price = assemble(
            terms, Fraction(ppm("loss_percent")), grade=1, on=on, days=days, subsidy_ppm=ppm("subsidy_percent")
        )
    except NotFound as error:
        raise Unsupported(str(error)) from None
    return Answers(
        cap_percent=lambda: Fraction(price.cap_ppm * 100, PPM),
        price_percent=lambda: Fraction(price.price_ppm * 100, PPM),
        is_capped=lambda: price.is_capped,
        **_plan_answers(fields, price.price_ppm),
    )


def _plan_answers(fields: Fields, price_ppm: int) -> dict[str, Callable[[], Any]]:
    """Fee and yearly cost of a plan under a contract of this price; a shop that pays, pays the product's fee. Nothing without an amount."""
    if "amount" not in fields:
        return {}
    amount, periods = fields.money("amount"), fields.whole("periods", default=12)
    payer = read_choice(fields, "payer", known=PAYERS, default=PAYER_CONSUMER)
    terms = price_terms(ProductTerms(), price_ppm)
    fee = terms.fee_minor(PLAN_PURCHASE, periods, amount, payer=payer)
    if fee is None:
        raise BadInput(f"inputs.periods: {', '.join(map(str, sorted(terms.purchase_fee_ppm)))}")
    plan = quote.quote_plan(principal_minor=amount, n=periods, fee_total_minor=fee)
    return {
        "fee": lambda: major(fee),
        "yearly_percent": lambda: Fraction(plan.effective_percent),
        "interest_ppm_day": lambda: terms.interest_ppm_day,
    }


def affordability(case: Case) -> Mapping[str, Any]:
    """What is affordable a month: the share of income less what is served elsewhere, never above the limit."""
    fields = read_inputs(case, *CARRY_WORDS)
    terms = LimitTerms()
    share = terms.service_share_ppm
    if "share_percent" in fields:
        exact = fields.percent("share_percent") * PPM
        if exact.denominator != 1 or not 0 <= exact <= PPM:
            raise BadInput("inputs.share_percent: 0 … 100 per cent")
        share = int(exact)
    start = fields.money("start_limit", default=terms.start_minor)
    terms = LimitTerms(service_share_ppm=share, start_minor=start, start_high_minor=max(start, terms.start_high_minor))
    income = fields.money("income", "monthly_income") if fields.get("income", "monthly_income") is not None else None
    service = fields.money("debt_service", "monthly_debt_service", default=0)
    limit = fields.money("limit")
    if min(income or 0, service, limit) < 0:
        raise BadInput("inputs: income, debt_service and limit can't be below zero")
    found = suggest(terms, income_minor=income, debt_service_minor=service, limit_minor=limit)
    return Answers(
        suggested=lambda: major(found.suggested_minor),
        room=lambda: major(found.room_minor),
        debt_service_percent=lambda: None if found.service_ppm is None else Fraction(found.service_ppm * 100, PPM),
        rests_on_income=lambda: found.is_known,
    )


__all__ = ["affordability", "price_cap"]
