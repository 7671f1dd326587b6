"""Which rule answers which category of case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from honghua.app.case_kinds import loans, rates, running, us_rates, values
from honghua.app.case_kinds.law import (
    accounts,
    bureau,
    bureau_display,
    identity,
    joint_loans,
    limits,
    prudence,
    restructuring,
    stacks,
    subsidies,
)
from honghua.app.case_kinds.reading import Case

KINDS: dict[str, Callable[[Case], Any]] = {
    "apr_us_appendix_j": us_rates.us_actuarial,
    "apr_us_actuarial_edge": us_rates.us_actuarial,
    "revolving_adb": us_rates.revolving,
    "apr_eu": rates.eu_apr,
    "apr_uk": rates.eu_apr,
    "day_count_eu_2008_48": rates.eu_intervals,
    "day_count_rate_factor": rates.rate_factors,
    "level_payment_and_rates": rates.level_payment,
    "tvm": values.spreadsheet,
    "schedule": loans.schedule,
    "early_payoff": running.payoff,
    "interest_recalculation_overdue": running.recalculation,
    "refund_interest": running.refund_interest,
    "delinquency": running.delinquency_states,
    "charge_off_accounting": running.charge_off,
    "credit_repair": bureau.credit_repair,
    "bureau_strip": bureau.bureau_strip,
    "bureau_retention": bureau.bureau_retention,
    "bureau_display": bureau_display.bureau_display,
    "five_classes": prudence.five_classes,
    "ecl_stage": prudence.ecl_stage,
    "restructuring": restructuring.restructuring,
    "write_off_evidence": prudence.write_off_evidence,
    "subsidy": subsidies.subsidy,
    "stacking": stacks.stacking,
    "joint_split": joint_loans.joint_split,
    "id_number": identity.id_number,
    "temporary_limit": accounts.temporary_limit,
    "due_day_change": accounts.due_day_change,
    "repayment_order": accounts.repayment_order,
    "price_cap": limits.price_cap,
    "affordability": limits.affordability,
}
