"""A shopping day compressed into minutes: who orders what and when, which messages get lost, late or twice, and how it went.

Words: a *shape* is the density of arrivals over the day; a *message* is one arrival of a command at the platform, of which an order may
have several (sent twice, sent again for want of an answer); the *tally* counts what came of it, beside what is true.
"""
