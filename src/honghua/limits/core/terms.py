"""Limit terms: every amount, share and cap by which limits are given, as one frozen object with a digest. Grades are those of rules.md.

A cap of law is a dated row: the newest that is in force on a day and is about the kind of lender counts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

from honghua.base.errors import BadInput, NotFound
from honghua.limits.core.segments import Segment, find_segment_problems

PPM: Final = 1_000_000
LENDERS: Final = ("consumer_finance", "bank", "small_loan")
CONSUMPTION: Final = "consumption"
BUSINESS: Final = "business"
PRODUCTS: Final = (CONSUMPTION, BUSINESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something is done: the business date that rules go by, and the aware UTC instant that is recorded."""

    on: dt.date
    now: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedCap:
    """A cap of law on a kind of lender from a day on. minor: of one person's balance; ppm: of a loan's yearly all-in price.

    days_max: only loans of at most so many days; 0 = all. Of two that hold on a day the one with the later day counts, then the narrower.
    """

    lender: str
    from_on: dt.date
    cap: int
    source: str
    grade: str
    days_max: int = 0


PERSON_CAPS: Final = (
    DatedCap(lender="consumer_finance", from_on=dt.date(2013, 1, 1), cap=20_000_000,
             source="rules.md §3: loan balance per person ≤ 200,000 (2013 rule; kept in 2024: U)", grade="B"),
    DatedCap(lender="bank", from_on=dt.date(2020, 7, 17), cap=20_000_000,
             source="rules.md §4: 互联网贷款管理暂行办法, personal consumer line ≤ 200,000", grade="A"),
    DatedCap(lender="bank", from_on=dt.date(2025, 3, 14), cap=30_000_000,
             source="rules.md §4: 发展消费金融通知, internet consumer loan 200k → 300k, temporary", grade="B"),
    DatedCap(lender="small_loan", from_on=dt.date(2025, 1, 1), cap=20_000_000,
             source="rules.md §3: small-loan companies, online consumer ≤ 200,000", grade="B"),
)  # fmt: skip
PRICE_CAPS: Final = (
    DatedCap(lender="consumer_finance", from_on=dt.date(2025, 10, 1), cap=240_000,
             source="rules.md §4: 24%, market and supervisors read 符合有关规定 as ≤ 24% per loan", grade="B"),
    DatedCap(lender="bank", from_on=dt.date(2025, 10, 1), cap=240_000,
             source="rules.md §4: 24%, market and supervisors read 符合有关规定 as ≤ 24% per loan", grade="B"),
    DatedCap(lender="small_loan", from_on=dt.date(2025, 12, 1), cap=240_000,
             source="rules.md §3: small-loan companies: no new loan > 24%", grade="B"),
    DatedCap(lender="small_loan", from_on=dt.date(2027, 12, 31), cap=120_000,
             source="rules.md §3: small-loan companies: ≤ 4 × 1Y LPR (LPR 3.0% → 12%) by end-2027", grade="B"),
    DatedCap(lender="small_loan", from_on=dt.date(2027, 12, 31), cap=240_000, days_max=31,
             source="rules.md §3: small-loan companies: ≤ 1-month loans ≤ 24%", grade="B"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTerms:
    """One version of how limits are given. Amounts are minor units, shares and prices ppm (prices a year); days are calendar days.

    What nobody published is grade U and said so; it is to be set from one's own history.
    """

    name: str = "limits"
    version: int = 1
    lender: str = "consumer_finance"
    product: str = CONSUMPTION  # what these terms give limits for; each product has a rulebook of its own in force
    person_caps: tuple[DatedCap, ...] = PERSON_CAPS
    price_caps: tuple[DatedCap, ...] = PRICE_CAPS
    # start and ceiling (R-032, R-034: low start; amounts U)
    limit_step_minor: int = 10_000
    start_minor: int = 100_000
    start_high_minor: int = 300_000
    start_high_from_ppm: int = 930_000  # of willingness
    thin_ceiling_minor: int = 1_000_000
    income_months: int = 3  # of what is affordable, as first limit
    ceiling_months: int = 8
    # affordability (R-044; rules.md §6 asks for income and debts; the share is U)
    service_share_ppm: int = 500_000
    # growth and cuts (R-032, R-030; U)
    growth_statements: int = 3
    growth_days: int = 90
    growth_used_ppm: int = 200_000
    growth_step_ppm: int = 500_000
    growth_step_high_ppm: int = 250_000
    growth_high_from_minor: int = 500_000
    cut_late_days: int = 8
    idle_days: int = 360
    # approval and what comes after it
    approval_days: int = 30
    scan_lenders_more: int = 2
    scan_debt_share_ppm: int = 300_000
    scan_inquiries: int = 6
    scan_fraud_ppm: int = 500_000
    # price by risk (R-091; parts U): funding + loss + operations + margin − subsidy, by grade of risk
    funding_ppm: int = 30_000
    operations_ppm: int = 25_000
    margin_ppm: int = 15_000
    loss_given_default_ppm: int = 700_000
    default_of_late_ppm: int = (
        330_000  # of those who fall 30 days behind, as measured on the city (`honghua approval measure`)
    )
    grade_bounds_ppm: tuple[int, ...] = (5_000, 10_000, 20_000, 40_000, 70_000, 110_000, 160_000, 1_000_000)
    price_step_ppm: int = 100
    # temporary limits in batches: 30 days as rules.md §1 (C); the rest U
    temporary_days: int = 30
    temporary_share_ppm: int = 300_000
    temporary_loss_ratio_ppm: int = 600_000
    # accounts with rules of their own, the first that holds counts (R-035; U)
    segments: tuple[Segment, ...] = ()

    def __post_init__(self) -> None:
        problems = list(_find_problems(self))
        if problems:
            raise BadInput(f"limit terms {self.name} v{self.version}: " + "; ".join(problems), code="BAD_TERMS")

    def body(self) -> dict[str, Any]:
        """Plain values for storage; `terms_from_body` is its inverse. What says nothing new is left out, as it was before."""
        body = asdict(self)
        body["segments"] = [one.body() for one in self.segments]
        if not self.segments:
            del body["segments"]
        if self.product == CONSUMPTION:
            del body["product"]
        for name in ("person_caps", "price_caps"):
            body[name] = [{**one, "from_on": one["from_on"].isoformat()} for one in body[name]]
        return body

    def digest(self) -> bytes:
        """SHA-256 of the canonical body."""
        return hashlib.sha256(msgspec.json.encode(self.body(), order="deterministic")).digest()

    @property
    def first_late_days(self) -> int:
        """Days past due from which some account's limit is cut."""
        return min([self.cut_late_days, *(one.cut_late_days for one in self.segments)])

    @property
    def first_idle_days(self) -> int:
        """Days without use from which some account's limit is cut."""
        return min([self.idle_days, *(one.idle_days for one in self.segments)])

    def person_cap(self, on: dt.date) -> DatedCap:
        """The statutory cap of one person's balance on a day; NotFound where the terms have none."""
        return _find_cap(self.person_caps, self.lender, on, days=0)

    def price_cap(self, on: dt.date, *, days: int = 365) -> DatedCap:
        """The cap of a loan's yearly price by the day of its contract and its days; NotFound where the terms have none."""
        return _find_cap(self.price_caps, self.lender, on, days=days)


def terms_from_body(body: Mapping[str, Any]) -> LimitTerms:
    """Rebuild terms from `LimitTerms.body()`, whatever JSON did to its tuples."""
    values = dict(body)
    for name in ("person_caps", "price_caps"):
        values[name] = tuple(
            DatedCap(**{**one, "from_on": dt.date.fromisoformat(one["from_on"])}) for one in values[name]
        )
    values["grade_bounds_ppm"] = tuple(values["grade_bounds_ppm"])
    values["segments"] = tuple(Segment(**one) for one in values.get("segments", ()))
    return LimitTerms(**values)


def _find_cap(caps: tuple[DatedCap, ...], lender: str, on: dt.date, *, days: int) -> DatedCap:
    fitting = [
        one for one in caps if one.lender == lender and one.from_on <= on and (one.days_max == 0 or 0 < days <= one.days_max)
    ]  # fmt: skip
    if not fitting:
        raise NotFound(f"no cap for {lender} on {on}", code="CAP_UNKNOWN")
    return max(fitting, key=lambda one: (one.from_on, one.days_max > 0, -one.days_max))


def _find_problems(terms: LimitTerms) -> list[str]:
    problems = []
    if terms.product not in PRODUCTS:
        problems.append(f"product {terms.product!r}: {', '.join(PRODUCTS)}")
    if terms.lender not in LENDERS:
        problems.append(f"lender {terms.lender!r}: {', '.join(LENDERS)}")
    if list(terms.grade_bounds_ppm) != sorted(set(terms.grade_bounds_ppm)) or terms.grade_bounds_ppm[-1] != PPM:
        problems.append("bounds of grades must rise and end at 1,000,000")
    shares = (name for name in LimitTerms.__slots__ if name.endswith("_ppm") and name != "grade_bounds_ppm")
    problems += [f"{name} must be 0 … 1,000,000 ppm" for name in shares if not 0 <= getattr(terms, name) <= PPM]
    if terms.limit_step_minor <= 0 or not 0 < terms.start_minor <= terms.start_high_minor <= terms.thin_ceiling_minor:
        problems.append("0 < start ≤ high start ≤ ceiling of thin data, and a step above 0")
    return [*problems, *find_segment_problems(terms.segments)]


__all__ = [
    "BUSINESS", "CONSUMPTION", "LENDERS", "PERSON_CAPS", "PPM", "PRICE_CAPS", "PRODUCTS", "DatedCap", "LimitTerms", "Moment",
    "terms_from_body",
]  # fmt: skip
