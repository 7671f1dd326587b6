"""What the embedded server stands on: its programs and their user, its configuration, file locks, the process table.

Used by `store/embedded.py` and `store/keeper.py`; nobody else needs it, except who wants the path of `psql` or
`pgbench`.
"""
