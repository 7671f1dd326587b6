"""Who a customer is: name, phone, identity and address, what they agreed to, and their rights over all of it.

Words: a *person* is somebody with a customer reference; a *personal field* is one thing known about them, sealed under a key of their own;
a *vault* seals and opens; a *blind index* finds a phone number without keeping it; to *reveal* is to read in the clear, which is written
down with who and why. Invariants: books and facts know the reference only; nothing personal stands in a table in the clear; a consent is
given by an act, never by default; what was erased cannot be read again by anybody, from no copy.
"""
