"""Derived variables by the hundred thousand: a data dictionary and a grammar name them, a kernel computes those that are asked for.

Words: a *dictionary* says which tables, columns and words there are and what they mean; a *measure* is one aggregate of a table's events
of one key over a window, under filters; a *quotient* divides two measures; a *stream* is all tables' events in the order in which they
became known; *rows* are what is asked: keys and a time.

Invariants: a name says its definition and a definition has one name; a value depends only on what was known at its row's time; the same
name has the same bits here, in the live store of `features` and by its SQL; variables are ranked on training rows and nothing else.
"""
