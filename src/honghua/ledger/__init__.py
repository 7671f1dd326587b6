"""The double-entry journal. Nothing here knows what a purchase or a bill is.

Words: an *owner* is whoever balances are kept for (a credit account, a merchant); a *component* is one ledger account
of an owner (principal unbilled, interest, a limit's held part …); an *entry* is one dated booking of two or more
*lines*; a line puts an amount on one component of one owner, debit positive and credit negative; a *seal* closes a run
of entries with a hash that includes the hash before it.

Invariants: the lines of an entry sum to zero in one currency; no entry and no seal ever changes or goes away; a balance
is the sum of its lines; the parts of a limit sum to what was granted. The database refuses what would break the first,
second and fourth; `invariants.py` recomputes all of them from the rows.
"""
