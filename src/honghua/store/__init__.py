"""PostgreSQL for every room: sessions, unit of work, facts, commands, wishes, ids, bulk copy, migrations.

Words: a *database* is where one Honghua lives; a *unit* is one transaction, the only place where anything commits; a
*fact* is a row of the event log; a *command* is the remembered answer to an idempotency key; a *wish* is a call to
the outside world that leaves after commit.
Invariants: facts and commands only grow (the database refuses everything else, from everybody); nothing is
acknowledged before its transaction is on disk; the runtime role owns nothing and may not change what is append-only.
"""
