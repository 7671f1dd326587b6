"""Which routes partners may call, with which scope, and what anyone may read."""

from __future__ import annotations

from typing import Final

from honghua.web.roles import PARTNERS, PUBLIC, Rights

SCOPE_OF: Final[dict[str, str]] = {
    "v1.accounts.open": "accounts:open",
    "v1.accounts.read": "accounts",
    "v1.accounts.history": "accounts",
    "v1.accounts.statements": "accounts",
    "v1.accounts.statement": "accounts",
    "v1.accounts.plans": "accounts",
    "v1.accounts.quotes": "accounts",
    "v1.accounts.settlement": "accounts",
    "v1.accounts.limit": "limits",
    "v1.accounts.temporary_limit": "limits",
    "v1.accounts.pair": "limits",
    "v1.accounts.cap": "accounts",
    "v1.accounts.set_cap": "limits",
    "v1.accounts.status": "limits",
    "v1.accounts.settle": "repayments",
    "v1.accounts.bill_instalments": "repayments",
    "v1.accounts.repay": "repayments",
    "v1.accounts.overpayment_return": "repayments",
    "v1.accounts.pay_code": "checkouts",
    "v1.purchases.make": "purchases",
    "v1.purchases.batch": "purchases",
    "v1.purchases.read": "purchases",
    "v1.purchases.capture": "purchases",
    "v1.purchases.void": "purchases",
    "v1.purchases.refund": "purchases",
    "v1.purchases.report": "purchases",
    "v1.purchases.clear": "purchases",
    "v1.purchases.logistics": "logistics",
    "v1.decisions.read": "decisions",
    "v1.checkouts.open": "checkouts",
    "v1.checkouts.read": "checkouts",
    "v1.checkouts.scan": "checkouts",
    "v1.checkouts.face": "checkouts",
    "v1.checkouts.refund": "purchases",
    "v1.events.list": "events",
    "v1.events.stream": "events",
    "v1.webhooks.add": "webhooks",
    "v1.webhooks.list": "webhooks",
    "v1.webhooks.end": "webhooks",
    "v1.webhooks.deliveries": "webhooks",
    "v1.webhooks.replay": "webhooks",
    "v1.business_day": "accounts",
}
RIGHTS: Final[Rights] = {
    **dict.fromkeys(SCOPE_OF, PARTNERS),
    "v1.openapi": PUBLIC,
    "v1.docs": PUBLIC,
    "v1.problems": PUBLIC,
}
