"""The life of a credit contract in twelve steps: each taken in its turn, looked at by a risk hook, kept as one row for ever.

Words: a *step* is one of facts.steps.Step; a *move* one row; a *hook* looks at a step before and after it is done and says pass, refer
or refuse; a *deed* is what does it: a command of the books, or another room's function. Rows are written here and nowhere else.
"""
