"""The credit account and its whole life: purchases, statements, instalments, repayments, end of day. The one orchestrator below the agents.

Words: a *fact* happened; the *fold* of an account's facts by value date is its state; *components* of the state are its balances; an
*entry* is a difference of components; a *statement* is closed when cut and never changes; the *business date* is data.
Invariants: entries sum to zero; balances = sum of lines = components of the state; state = fold of the facts; what is available is never
negative (what a reversal or an expiry pushes beyond the limit is named `limit_over`).
"""
