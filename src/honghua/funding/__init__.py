"""Funding: loans that several lenders give together, who owns which cent of them, and what partners are owed, paid and told.

Words: a *partner* is another lender; a *channel* is the agreement under which loans are shared, with shares of principal and of
*revenue*; an *allocation* is the sharing of one loan; a *movement* is what one event did to one lender's part; *exposure* is what we
have out together with a partner and its affiliates; a *transfer* is a sale of all parts of one lender to another; a *settlement* is the
one order a business day by which a lender is paid what it is due, or pays it. Invariants: parts add up to the whole at every event, to
the cent; nobody's part falls below zero; our share and the concentrations keep the rules in force on the day; a partner that leaves
stops no decision of ours; nobody lends to a customer whose signed contract does not name it; who has sold has nothing left and gets
nothing more; money between lenders moves once, and only a bank's statement says that it did.
"""
