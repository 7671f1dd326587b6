"""Tables: a flat file in memory, whatever it looked like on disk.

Words: a *table* is columns, a target, perhaps a time and an id; a *kind* says how a column is read (number, whole, category, flag,
date); *words* are the values of a category, a *code* is a word's place; a *schema* is what a model remembers of the columns.
Invariants: rows keep the file's order; rows without a target are left out and `places` says which rows are left; a value is missing
(NaN, code −1) or it is what the file said; nothing here looks at the target except to turn it into 0 and 1.
"""
