"""Protected traits of those who are scored, kept apart: for telling whether groups fare alike, never for fitting (an import contract).

Words: a *trait* is a column such as sex or origin, a *word* one of its values. Invariant: what is handed out are codes in the order of the
rows that were asked for; a row whose trait nobody told is −1, which no measure judges.
"""
