"""The fold of a credit account, compiled: pure functions on the int64 state that `layout` describes.

`measures` reads a state, `allocation` spreads money over debts, `days` lets days pass, `events` applies facts, `fold` drives
one account or a shard of them. Time and facts are the only inputs: no clock, no randomness, no floats.
Every kernel is total: whatever order of true facts arrives (also after reversals), it books something that adds up.
"""
