"""Fitting: from a table to two candidates, a scorecard (champion) and a forest (challenger), with figures that were earned on other rows.

Words: *screening* says which columns are used and why the others are not; a *leak* is a column that knows the outcome; a *recipe* is a way
to fit a forest; *out of fold* = said by a model that has not seen the row; the *report* rows are seen by nothing that is fitted, tuned or
chosen; the *examined* models are those whose figures are reported.
Invariants: nothing of the report rows reaches the examined models; the same table and seed give the same bytes.
"""
