"""Allocation: who gets which level of something when budgets are shared. It knows no domain: rows, levels, budgets.

Words: a *row* is whoever gets exactly one *level*; a level has a utility and costs something of each *budget*; the *price* of a budget is
what one more unit of it would bring (its Lagrange multiplier); the *bound* is what no choice can exceed; the *gap* is how far a choice
stays below it; a *pass* reads all rows once. Invariants: no budget is ever exceeded; the bound is a bound whatever the prices; the same
input gives the same bytes on any number of threads.
"""
