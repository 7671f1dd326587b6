"""One application for credit against those of the last days, by a scorer that was fitted elsewhere and is kept as plain numbers.

Words: a *session* is what a door saw of an application until the customer pressed "apply"; a *kept scorer* answers the same bits for the
same values for ever; a *push* is by how much one family of values moves the log-odds. Invariants: nothing that comes after the
application is read; what was not told counts as what is usual, and is named.
"""
