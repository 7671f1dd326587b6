"""The credit bureau: what we file of each customer once a month, what we ask before we lend, what people may hold against both.

Words: a *position* is how an account stood at the end of a month, handed in by `app`; a *record* is the position in the bureau's codes,
one version of one account and month; a *strip* is the row of monthly statuses; an *adverse item* is a run of arrears in the records,
with its notice and its five-year clock; a *repair* takes an item out of what is displayed, never out of what is kept; an *inquiry* is a
question about a person, with purpose, consent and reason. Invariants: records are append-only and say what the ledger says; a product
that does not report emits nothing; no inquiry without reason code; repair writes nothing outside this room.
"""
