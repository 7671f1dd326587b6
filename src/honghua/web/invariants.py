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
  OR EXISTS (SELECT 1 FROM web_payment_word AS w WHERE w.payment_id = p.payment_id AND w.outcome = 'confirmed'
    AND (w.word = 'stands' OR (w.word = 'arrived' AND w.amount_minor = p.amount_minor)))
FROM web_payment AS p WHERE p.payment_id::text > %s ORDER BY p.payment_id::text LIMIT %s
"""

WORDS: Final = (
    "SELECT payment_id::text, word_id, word FROM web_payment_word WHERE payment_id::text = ANY(%s) AND word <> 'stands'"
)


def check_web(conn: psycopg.Connection) -> tuple[Check, ...]:
    """Nothing counts as paid that the gateway did not say was paid, to the cent, or two people; what is booked was booked once, and once
    more only after it was reversed; the rest never."""
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
    signs = {number: {f"payment:{number}:{n}": 1 for n in range(attempt + 1)} for number, _, attempt, _ in rows}
    for number, word_id, word in conn.execute(WORDS, [list(signs)]):
        signs[number][f"payment:{number}:word:{word_id}"] = 1 if word == "arrived" else -1
    known = find_commands(conn, [key for keys in signs.values() for key in keys])
    wrong = []
    for number, state, _, _ in rows:
        done = sum(sign for key, sign in signs[number].items() if key in known and known[key].answer["outcome"] in DONE)
        # A booking may stand in the books a moment before its payment says so.
        allowed = {"booked": {1}, "paid": {0, 1}, "disputed": {0, 1}}.get(state, {0})
        if done not in allowed:
            wrong.append(f"payment {number}")
    return wrong


__all__ = ["check_web"]
