"""Examining a candidate: its battery, and what a lender asks beside it: is it fair, stable, better than the one before, and when do people
default.

Words: *later rows* are rows that the fitting never saw, best of all from a later time; a *rival* is the model that a candidate would
replace; a *group* is what a protected column says of a person; *told apart* means that a model can tell the fitting's rows from later ones.
"""
