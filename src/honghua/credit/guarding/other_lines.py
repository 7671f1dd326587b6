"""The other lines of holders, read from the books: by units of work as they are asked for, and by whoever judges or tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import psycopg

from honghua.credit.core import commands as c
from honghua.credit.core.layout import TERMS
from honghua.credit.core.lines.purposes import Purpose, purpose_of
from honghua.credit.core.persons.others import find_other, taken_of
from honghua.credit.plain.opening import read_accounts

RAISING: Final = (c.OpenAccount, c.ChangeLimit, c.GrantTemporaryLimit, c.ReverseFact)
NO_IDS: Final = np.zeros(0, np.int64)
NO_TERMS: Final = np.zeros((0, TERMS), np.int64)
# Who raises a business line does so alone; everybody else may raise lines for consumption side by side. Held to the end of the unit, so
# that nobody judges by a line that is just being raised.
LOCKS: Final = {
    False: "SELECT pg_advisory_xact_lock_shared(hashtext('credit_person_cap'))",
    True: "SELECT pg_advisory_xact_lock(hashtext('credit_person_cap'))",
}


@dataclass(frozen=True, slots=True)
class StoredLines:
    """Lines as their rows stand."""

    conn: psycopg.Connection

    def find(self, lines: Iterable[str]) -> Mapping[str, int]:
        """See `core.persons.others.Lines.find`."""
        rows = read_accounts(self.conn, NO_IDS, list(lines))
        accounts = [rows.account(i, NO_TERMS) for i in range(len(rows))]  # what is taken follows from the state alone
        return {one.customer_ref: taken_of(one) for one in accounts}


def read_others(conn: psycopg.Connection, lines: Collection[str]) -> dict[str, int]:
    """What the other line of each of these lines' holders takes of the cap they share; holders without one are absent. Reads only."""
    if not lines:
        return {}
    found = StoredLines(conn).find([find_other(line) for line in lines])
    return {line: found[find_other(line)] for line in lines if find_other(line) in found}


def lock_raises(conn: psycopg.Connection, commands: Collection[c.Command], beyond: Collection[str]) -> list[str]:
    """The lines that commands may raise, each once, after waiting until nobody raises another line of the same holders.

    beyond: lines whose orders may go beyond their limit by a grant.
    """
    raised = sorted({*beyond, *(command.customer for command in commands if isinstance(command, RAISING))})
    if raised:
        conn.execute(LOCKS[any(purpose_of(line) is Purpose.BUSINESS for line in raised)])
    return raised


__all__ = ["StoredLines", "lock_raises", "read_others"]
