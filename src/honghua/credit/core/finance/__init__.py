"""Finance mathematics, exact and free of any account: time, rates, schedules and what a plan costs.

Words: a *rate* is a fraction of one; a *factor* is what one unit earns in a period; a *level* is an equal instalment;
the *residue* is what rounding leaves for the last one.
Invariants: parts sum to their totals; a schedule repays exactly what was lent.
"""
