"""The policies that Honghua ships with, in its own language, over the words of `engine_inputs.engine_vocabulary`.

They are where one begins, not where one ends: thresholds are to be set by backtest on one's own history.
"""

from __future__ import annotations

from typing import Final

ACCOUNT_RULES: Final = '''"""What every purchase on credit must keep, whatever the risk: the first policy's rules, and no excluded shop.

Status 1 is an active account. The list `exclusion` is filled by hand, and by prudence
where too much of the new business is one shop's.
"""

with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)

with exclusions:
    stopped_shop = refuse("MERCHANT_BLOCKED", when=on_list("exclusion"))

with amount:
    short = refuse("LIMIT_SHORT", when=amount_minor > available_minor)
'''

PURCHASE_RISK: Final = '''"""A purchase on credit: the account's rules, the scores of the three detectors and their fusion, the amount.

The list `exclusion` is filled by hand and by prudence.
Scores are chances of fraud or cash-out, 0 to 1. Without a model they are missing and only the account's rules decide.
Where the limit falls short, a sound customer gets a limit for this order instead of a refusal; others get what is left.
"""

missing_minor = amount_minor - available_minor
is_short = amount_minor > available_minor
is_known = statements >= 3 and risk_class <= 1

with hard_deny:
    purpose = refuse("PURPOSE_REFUSED", when=is_consumption == 0)
    not_active = refuse("ACCOUNT_NOT_ACTIVE", when=status != 1)
    overdue = refuse("OVERDUE", when=days_past_due > 0)
    too_much = refuse("AMOUNT_INVALID", when=amount_minor > amount_minor_max)

with exclusions:
    stopped_shop = refuse("MERCHANT_BLOCKED", when=on_list("exclusion"))

with score:
    certain = refuse("RISK_REFUSED", when=fused >= 0.95, missing=skip)
    shop = review("MERCHANT_RISK", queue="merchant", when=merchant >= 0.95, missing=skip)
    crowded = review("CROWD_RISK", queue="rings", when=crowd >= 0.95, missing=skip)
    unlike_self = step_up("RHYTHM_RISK", kind="face", when=rhythm >= 0.97, missing=skip)

with matrix:
    by_risk = table(fused, amount_minor, missing=skip, rows={
        cell[:0.3, :]: approve(),
        cell[0.3:0.6, :yuan(1000)]: approve(),
        cell[0.3:0.6, yuan(1000):]: step_up("RISK_STEP_UP", kind="sms"),
        cell[0.6:0.8, :yuan(3000)]: step_up("RISK_STEP_UP", kind="face"),
        cell[0.6:0.8, yuan(3000):]: review("RISK_REVIEW", queue="fraud"),
        cell[0.8:, :]: review("RISK_REVIEW", queue="fraud"),
    })

with amount:
    for_this_order = temporary_limit("ORDER_LIMIT", amount=missing_minor,
        when=is_short and is_known and fused < 0.1 and missing_minor <= limit_minor * percent(20), missing=skip)
    partly = approve_less("LIMIT_PARTLY", amount=floor_to(available_minor, yuan(1)),
        when=is_short and available_minor >= amount_minor * percent(50))
    short = refuse("LIMIT_SHORT", when=is_short)
'''

POLICIES: Final = {"account-rules": ACCOUNT_RULES, "purchase-risk": PURCHASE_RISK}
