"""What must hold for money that came by the payment gateway, recomputed from its notices and from what the books remember."""

from __future__ import annotations

from typing import Any, Final

import psycopg

from honghua.base.checks import Check, check_of
from honghua.store.commands import find_commands
from honghua.web.payments.book import DONE

AT_ONCE: Final = 1_000
PAYMENTS: Final = """
SELECT p.payment_id::text, p.state, p.attempt, EXISTS (
  SELECT 1 FROM web_payment_notice AS n WHERE n.payment_id = p.payment_id::text AND n.status = 'paid' AND n.problem = ''
    AND n.amount_minor = p.amount_minor AND n.currency = p.currency)
FROM web_payment AS p WHERE p.payment_id::text > %s ORDER BY p.payment_id::text LIMIT %s
"""


def check_web(conn: psycopg.Connection) -> tuple[Check, ...]:
    """Nothing counts as paid that the gateway did not say was paid, to the cent; what is booked was booked once, the rest never."""
    unpaid, booked_wrong, checked = [], [], 0
    last = ""
    while rows := conn.execute(PAYMENTS, [last, AT_ONCE]).fetchall():
        last, checked = rows[-1][0], checked + len(rows)
        unpaid += [
            f"payment {number}" for number, state, _, is_told in rows if state in ("paid", "booked") and not is_told
        ]
        booked_wrong += _find_wrong(conn, rows)
    return (
        check_of("web.payments_were_paid", checked, unpaid),
        check_of("web.payments_booked_once", checked, booked_wrong),
    )


def _find_wrong(conn: psycopg.Connection, rows: list[tuple[Any, ...]]) -> list[str]:
    """Payments with other than one booking where they are booked, or with any where they are not; what is disputed is a person's."""
    keys = {(number, n): f"payment:{number}:{n}" for number, _, attempt, _ in rows for n in range(attempt + 1)}
    known = find_commands(conn, list(keys.values()))
    wrong = []
    for number, state, attempt, _ in rows:
        answers = [known[keys[number, n]].answer for n in range(attempt + 1) if keys[number, n] in known]
        done = sum(answer["outcome"] in DONE for answer in answers)
        # A booking may stand in the books a moment before its payment says so.
        allowed = {"booked": {1}, "paid": {0, 1}, "disputed": {0, 1}}.get(state, {0})
        if done not in allowed:
            wrong.append(f"payment {number}")
    return wrong


__all__ = ["check_web"]
