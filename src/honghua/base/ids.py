"""Names of things. Each is an int (or, for what the outside world names, a str) that cannot be mistaken for another."""

from __future__ import annotations

from typing import NewType

AccountId = NewType("AccountId", int)
"""A credit account: the ledger owner that leads every key."""

OwnerId = NewType("OwnerId", int)
"""Whoever owns ledger balances: a credit account, a merchant, the house."""

MerchantId = NewType("MerchantId", int)
PurchaseId = NewType("PurchaseId", int)
HoldId = NewType("HoldId", int)
PlanId = NewType("PlanId", int)
StatementId = NewType("StatementId", int)
FactId = NewType("FactId", int)
EntryId = NewType("EntryId", int)
CommandId = NewType("CommandId", int)
WishId = NewType("WishId", int)

CustomerRef = NewType("CustomerRef", str)
"""What the outside world calls a customer."""

MerchantRef = NewType("MerchantRef", str)
PurchaseRef = NewType("PurchaseRef", str)
CommandKey = NewType("CommandKey", str)
"""The idempotency key, made by whoever first wished for the effect."""
