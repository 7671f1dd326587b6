"""How each customer wishes to be reminded of a due day: said by themselves, the newest word counts. In the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import psycopg

from honghua.customers.core.reminding import ReminderChannel, ReminderChoice
from honghua.customers.persons import get_person

NEWEST = """
SELECT DISTINCT ON (p.person_id) p.customer, c.channel, c.if_debited
FROM customers_person p JOIN customers_reminder_choice c USING (person_id)
WHERE p.customer = ANY(%s::text[]) ORDER BY p.person_id, c.choice_id DESC
"""


def choose_reminders(conn: psycopg.Connection, customer: str, choice: ReminderChoice, *, now: dt.datetime) -> None:
    """Write a wish down; from now on it counts. NotFound for nobody."""
    person = get_person(conn, customer)
    conn.execute(
        "INSERT INTO customers_reminder_choice (person_id, channel, if_debited, said_at) VALUES (%s, %s, %s, %s)",
        [person.person_id, choice.channel.value, choice.if_debited, now],
    )


def find_reminder_choices(conn: psycopg.Connection, customers: Sequence[str]) -> dict[str, ReminderChoice]:
    """The newest wish by customer; who never said one is absent."""
    return {
        customer: ReminderChoice(channel=ReminderChannel(channel), if_debited=if_debited)
        for customer, channel, if_debited in conn.execute(NEWEST, [list(customers)])
    }


__all__ = ["choose_reminders", "find_reminder_choices"]
