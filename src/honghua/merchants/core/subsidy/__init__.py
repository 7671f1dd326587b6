"""State interest subsidy 个人消费贷款财政贴息: dated policies, what one interest part earns under them, and what goes back."""

from honghua.merchants.core.subsidy.accounts import (
    HeldItem,
    SubsidyChange,
    claw_back,
    hold,
    refund_item,
    settle_interest,
)
from honghua.merchants.core.subsidy.computing import (
    CapsUsed,
    InterestPart,
    SubsidyAnswer,
    SubsidyItem,
    check_item,
    compute_reversal,
    compute_subsidy,
)
from honghua.merchants.core.subsidy.policies import (
    FIELD_WORDS,
    FIELDS_V1,
    POLICIES,
    DayBasis,
    ProductKind,
    SubsidyPolicy,
    choose_policy,
    count_year_part,
)

__all__ = [
    "FIELDS_V1",
    "FIELD_WORDS",
    "POLICIES",
    "CapsUsed",
    "DayBasis",
    "HeldItem",
    "InterestPart",
    "ProductKind",
    "SubsidyAnswer",
    "SubsidyChange",
    "SubsidyItem",
    "SubsidyPolicy",
    "check_item",
    "choose_policy",
    "claw_back",
    "compute_reversal",
    "compute_subsidy",
    "count_year_part",
    "hold",
    "refund_item",
    "settle_interest",
]
